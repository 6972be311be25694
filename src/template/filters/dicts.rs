//! Mappings: `combine`, `dict2items`, `items2dict`, `subelements`, `rekey_on_member`, `extract`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter};
use crate::value::{Dict, Value};

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("combine", combine).lazy(),
    Filter::new("dict2items", dict2items),
    Filter::new("items2dict", items2dict),
    Filter::new("subelements", subelements),
    Filter::new("rekey_on_member", rekey_on_member),
    Filter::new("extract", extract).lazy(),
];

fn combine(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let recursive = arg::flag(args.take_named("recursive"), false);
    let list_merge = args.take_named("list_merge").map_or_else(|| "replace".to_string(), |value| arg::text(&value));
    if !args.named.is_empty() {
        return Err(Error::template("'recursive' and 'list_merge' are the only valid keyword arguments"));
    }
    let mut terms = Vec::new();
    for term in std::iter::once(input).chain(args.rest()) {
        let term = ctx.touch(&term)?;
        if arg::is_sequence(&term) {
            for item in arg::items(&term)? {
                terms.push(ctx.touch(&item)?);
            }
        } else {
            terms.push(term);
        }
    }
    terms.retain(|term| !is_null(term));
    let Some(mut result) = terms.pop() else { return Ok(Dict::new().into()) };
    while let Some(below) = terms.pop() {
        result = merge(ctx, &below, &result, recursive, ListMerge::parse(&list_merge)?)?;
    }
    Ok(result)
}

/// What `flatten` skips as nothing.
fn is_null(value: &Value) -> bool {
    value.is_none() || matches!(value.as_str(), Some("None" | "null"))
}

/// What becomes of two lists under one key.
#[derive(Clone, Copy, PartialEq)]
pub enum ListMerge {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendRemovePresent,
    PrependRemovePresent,
}

impl ListMerge {
    fn parse(name: &str) -> Result<ListMerge> {
        Ok(match name {
            "replace" => ListMerge::Replace,
            "keep" => ListMerge::Keep,
            "append" => ListMerge::Append,
            "prepend" => ListMerge::Prepend,
            "append_rp" => ListMerge::AppendRemovePresent,
            "prepend_rp" => ListMerge::PrependRemovePresent,
            _ => {
                return Err(Error::template(
                    "merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', 'prepend', \
                     'append_rp' or 'prepend_rp'",
                ));
            }
        })
    }
}

/// `high` over `low`; members are rendered only where their type decides.
fn merge(ctx: &mut dyn Context, low: &Value, high: &Value, recursive: bool, lists: ListMerge) -> Result<Value> {
    let (Value::Dict(below), Value::Dict(above)) = (low, high) else {
        return Err(Error::template(format!(
            "failed to combine variables, expected dicts but got a '{}' and a '{}'.",
            low.type_name(),
            high.type_name()
        )));
    };
    if below.is_empty() || below == above {
        return Ok(high.clone());
    }
    if above.is_empty() {
        return Ok(low.clone());
    }
    let mut merged = Dict::clone(below);
    for (key, value) in above.iter() {
        let member = match merged.get_value(key) {
            Some(old) if recursive || lists != ListMerge::Replace => {
                let old = old.clone();
                merge_member(ctx, &old, value, recursive, lists)?
            }
            _ => value.clone(),
        };
        merged.insert_value(key.clone(), member);
    }
    Ok(merged.into())
}

fn merge_member(ctx: &mut dyn Context, old: &Value, new: &Value, recursive: bool, lists: ListMerge) -> Result<Value> {
    let (old, new) = (ctx.touch(old)?, ctx.touch(new)?);
    match (&old, &new) {
        (Value::Dict(_), Value::Dict(_)) if recursive => merge(ctx, &old, &new, recursive, lists),
        (Value::List(low), Value::List(high)) => {
            let join = |a: &[Value], b: &[Value]| Value::list(a.iter().chain(b).cloned());
            Ok(match lists {
                ListMerge::Replace => new,
                ListMerge::Keep => old,
                ListMerge::Append => join(low, high),
                ListMerge::Prepend => join(high, low),
                ListMerge::AppendRemovePresent | ListMerge::PrependRemovePresent => {
                    let (low, high) = (ctx.resolve(&old)?, ctx.resolve(&new)?);
                    let high = arg::items(&high)?;
                    let left: Vec<Value> = arg::items(&low)?.into_iter().filter(|item| !high.contains(item)).collect();
                    if lists == ListMerge::AppendRemovePresent { join(&left, &high) } else { join(&high, &left) }
                }
            })
        }
        _ => Ok(new),
    }
}

fn names(args: &mut Args) -> (Value, Value) {
    let key = args.take("key_name").unwrap_or_else(|| Value::str("key"));
    let value = args.take("value_name").unwrap_or_else(|| Value::str("value"));
    (key, value)
}

fn dict2items(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let (key_name, value_name) = names(&mut args);
    args.finish("dict_to_list_of_dict_key_value_elements")?;
    let Some(dict) = arg::mapping(&input) else {
        let class = arg::class_of(&input);
        return Err(Error::template(format!("dict2items requires a dictionary, got {class} instead.")));
    };
    arg::hashable(&key_name)?;
    arg::hashable(&value_name)?;
    let item = |(key, value): (&Value, &Value)| {
        let pair = [(key_name.clone(), key.clone()), (value_name.clone(), value.clone())];
        Value::dict(pair.into_iter().collect())
    };
    Ok(Value::list(dict.iter().map(item)))
}

fn items2dict(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let (key_name, value_name) = names(&mut args);
    args.finish("list_of_dict_key_value_elements_to_dict")?;
    if !arg::is_sequence(&input) {
        let class = arg::class_of(&input);
        return Err(Error::template(format!("items2dict requires a list, got {class} instead.")));
    }
    let wrong_items =
        || Error::template(format!("items2dict requires a list of dictionaries, got {} instead.", input.repr()));
    let missing = || {
        Error::template(format!(
            "items2dict requires each dictionary in the list to contain the keys '{}' and '{}', got {} instead.",
            key_name.to_text(),
            value_name.to_text(),
            input.repr()
        ))
    };
    let mut dict = Dict::new();
    for item in arg::items(&input)? {
        // whatever can be indexed will do: a pair has members 0 and 1
        let pair = item.as_slice();
        let mapping = arg::mapping(&item);
        let member = |name: &Value| match (&mapping, pair) {
            (Some(mapping), _) => mapping.get_value(name).cloned().ok_or_else(missing),
            (None, Some(pair)) => {
                let at = name.as_i64().ok_or_else(wrong_items)?;
                let at = usize::try_from(at).ok();
                at.and_then(|at| pair.get(at)).cloned().ok_or_else(|| Error::template("tuple index out of range"))
            }
            (None, None) => Err(wrong_items()),
        };
        let key = member(&key_name)?;
        arg::hashable(&key).map_err(|_| wrong_items())?;
        dict.insert_value(key, member(&value_name)?);
    }
    Ok(dict.into())
}

fn subelements(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let path = args.require("subelements", "subelements")?;
    let skip_missing = arg::flag(args.take("skip_missing"), false);
    args.finish("subelements")?;
    let elements: Vec<Value> = match &input {
        Value::Dict(dict) => dict.values().cloned().collect(),
        Value::List(items) => items.to_vec(),
        _ => return Err(Error::template("obj must be a list of dicts or a nested dict")),
    };
    let path: Vec<Value> = match &path {
        Value::List(parts) => parts.to_vec(),
        Value::Str(text) => text.split('.').map(Value::str).collect(),
        _ => return Err(Error::template("subelements must be a list or a string")),
    };
    let mut pairs = Vec::new();
    for element in &elements {
        for item in members(element, &path, skip_missing)? {
            pairs.push(Value::tuple([element.clone(), item]));
        }
    }
    Ok(pairs.into())
}

fn members(element: &Value, path: &[Value], skip_missing: bool) -> Result<Vec<Value>> {
    let mut here = element.clone();
    let mut last = Value::None;
    for key in path {
        let next = match &here {
            Value::Dict(dict) => dict.get_value(key).cloned(),
            other => {
                let why = not_a_mapping(other);
                let message =
                    format!("the key {} should point to a dictionary, got '{}'", key.to_text(), other.to_text());
                return Err(Error::template(message).because(Error::template(why)));
            }
        };
        match next {
            Some(value) => here = value,
            None if skip_missing => return Ok(Vec::new()),
            None => {
                let message = format!("could not find {} key in iterated item {}", key.repr(), here.repr());
                return Err(Error::template(message));
            }
        }
        last = key.clone();
    }
    match &here {
        Value::List(items) => Ok(items.to_vec()),
        other => Err(Error::template(format!("the key {} should point to a list, got {}", last.repr(), other.repr()))),
    }
}

fn not_a_mapping(value: &Value) -> String {
    match value {
        Value::List(_) => "list indices must be integers or slices, not str".into(),
        Value::Tuple(_) => "tuple indices must be integers or slices, not str".into(),
        Value::Str(_) => "string indices must be integers, not 'str'".into(),
        other => format!("'{}' object is not subscriptable", other.type_name()),
    }
}

fn rekey_on_member(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let key = args.require("rekey_on_member", "key")?;
    let duplicates = args.take("duplicates").unwrap_or_else(|| Value::str("error"));
    args.finish("rekey_on_member")?;
    let overwrite = match duplicates.as_str() {
        Some("error") => false,
        Some("overwrite") => true,
        _ => {
            let shown = duplicates.repr();
            return Err(Error::template(format!("duplicates parameter to rekey_on_member has unknown value {shown}")));
        }
    };
    let items = match arg::mapping(&input) {
        Some(dict) => dict.values().cloned().collect(),
        None if input.as_str().is_some() => Err(Error::template("Type is not a valid list, set, or dict"))?,
        None => arg::items(&input).map_err(|_| Error::template("Type is not a valid list, set, or dict"))?,
    };
    let mut rekeyed = Dict::new();
    for item in items {
        let members = arg::mapping(&item).ok_or_else(|| Error::template("List item is not a valid dict"))?;
        let name = members.get_value(&key).cloned();
        let name =
            name.ok_or_else(|| Error::template(format!("Key {} was not found.", key.repr())).at(item.origin()))?;
        arg::hashable(&name)?;
        if !overwrite && rekeyed.get_value(&name).is_some_and(Value::truthy) {
            let shown = name.repr();
            return Err(Error::template(format!("Key {shown} is not unique, cannot convert to dict.")));
        }
        rekeyed.insert_value(name, item);
    }
    Ok(rekeyed.into())
}

fn extract(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let container = args.require("extract", "container")?;
    let more = args.take("morekeys").unwrap_or(Value::None);
    args.finish("extract")?;
    let mut keys = vec![ctx.resolve(&input)?];
    match ctx.resolve(&more)? {
        Value::None => {}
        Value::List(more) => keys.extend(more.iter().cloned()),
        one => keys.push(one),
    }
    let mut value = container;
    for key in &keys {
        value = item(ctx, &value, key)?;
    }
    Ok(value)
}

/// `container[key]` as Jinja reads it: the item, then the attribute.
pub fn item(ctx: &mut dyn Context, container: &Value, key: &Value) -> Result<Value> {
    let container = ctx.touch(container)?;
    let found = match (&container, key) {
        (Value::Dict(dict), key) => dict.get_value(key).cloned(),
        (Value::List(items) | Value::Tuple(items), Value::Int(_) | Value::Bool(_)) => {
            let at = key.as_i64().unwrap_or_default();
            let at = if at < 0 { at + items.len() as i64 } else { at };
            usize::try_from(at).ok().and_then(|at| items.get(at)).cloned()
        }
        (Value::Object(object), key) => object.get(key)?,
        _ => None,
    };
    match found {
        Some(value) => ctx.touch(&value),
        None => ctx.attribute(&container, key),
    }
}
