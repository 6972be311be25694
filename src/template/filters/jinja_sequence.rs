//! Jinja2's filters of sequences: length, ends, parts, order of items.

use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::registry::Filter;
use crate::value::{Undefined, Value};
use std::sync::Arc;

pub const FILTERS: &[Filter] = &[
    Filter::new("length", length).lazy(),
    Filter::new("count", length).lazy(),
    Filter::new("first", first).lazy(),
    Filter::new("last", last).lazy(),
    Filter::new("list", list).lazy(),
    Filter::new("items", items).lazy(),
    Filter::new("reverse", reverse).lazy(),
    Filter::new("batch", batch).lazy(),
    Filter::new("slice", slice).lazy(),
    Filter::new("join", join).lazy(),
];

/// The items, each rendered and defined.
pub fn defined(ctx: &mut dyn Context, value: &Value) -> Result<Vec<Value>> {
    let items = ctx.items(value)?;
    for item in &items {
        check(item)?;
    }
    Ok(items)
}

/// An undefined item is an error.
pub fn check(item: &Value) -> Result<()> {
    match item {
        Value::Undefined(undefined) if !undefined.lenient => Err(undefined.error()),
        _ => Ok(()),
    }
}

/// An undefined value with a message.
pub fn undefined(message: &str) -> Value {
    Value::Undefined(Arc::new(Undefined::new(message)))
}

fn length(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("len")?;
    let len = match &input {
        Value::Str(text) => Some(text.chars().count()),
        Value::Bytes(bytes) => Some(bytes.len()),
        Value::List(items) | Value::Tuple(items) => Some(items.len()),
        Value::Dict(dict) => Some(dict.len()),
        Value::Set(set) => Some(set.len()),
        Value::Object(object) => object.len(),
        Value::Undefined(_) => Some(0),
        _ => None,
    };
    len.map(Value::from).ok_or_else(|| Error::template(format!("object of type '{}' has no len()", input.type_name())))
}

fn first(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("sync_do_first")?;
    let item = match &input {
        Value::List(items) | Value::Tuple(items) => items.first().cloned(),
        Value::Str(text) => text.chars().next().map(|c| Value::from(c.to_string())),
        other => ctx.items(other)?.into_iter().next(),
    };
    match item {
        Some(item) => ctx.touch(&item),
        None => Ok(undefined("No first item, sequence was empty.")),
    }
}

fn last(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_last")?;
    let item = match &input {
        Value::List(items) | Value::Tuple(items) => items.last().cloned(),
        Value::Str(text) => text.chars().next_back().map(|c| Value::from(c.to_string())),
        Value::Dict(dict) => dict.keys().last().cloned(),
        Value::Set(_) | Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::None => {
            return Err(Error::template(format!("'{}' object is not reversible", input.type_name())));
        }
        other => ctx.items(other)?.pop(),
    };
    match item {
        Some(item) => ctx.touch(&item),
        None => Ok(undefined("No last item, sequence was empty.")),
    }
}

fn list(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("sync_do_list")?;
    defined(ctx, &input).map(Value::list)
}

fn items(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_items")?;
    let pair = |(key, value): (Value, Value)| Value::tuple([key, value]);
    match &input {
        Value::Dict(dict) => Ok(Value::list(dict.iter().map(|(key, value)| pair((key.clone(), value.clone()))))),
        Value::Object(object) if object.keys().is_some() => {
            let entries = crate::template::eval::dict_entries(ctx, &input)?;
            Ok(Value::list(entries.into_iter().map(pair)))
        }
        Value::Undefined(_) => Ok(Value::list([])),
        _ => Err(Error::template("Can only get item pairs from a mapping.")),
    }
}

fn reverse(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_reverse")?;
    if let Value::Str(text) = &input {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    let mut items = match ctx.items(&input) {
        Ok(items) => items,
        Err(error) if error.is_settled() => return Err(error),
        Err(error) => return Err(Error::template("argument must be iterable").because(error)),
    };
    items.reverse();
    Ok(Value::list(items))
}

fn count_argument(value: &Value) -> Result<i64> {
    value
        .as_i64()
        .ok_or_else(|| Error::template(format!("'{}' object cannot be interpreted as an integer", value.type_name())))
}

fn batch(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let size = args.require("do_batch", "linecount")?;
    let fill = args.take("fill_with").filter(|fill| !fill.is_none());
    args.finish("do_batch")?;
    let size = size.as_f64().ok_or_else(|| {
        Error::template(format!("'<' not supported between instances of 'int' and '{}'", size.type_name()))
    })?;
    let mut batches = Vec::new();
    let mut current = Vec::new();
    for item in defined(ctx, &input)? {
        if current.len() as f64 == size {
            batches.push(Value::list(std::mem::take(&mut current)));
        }
        current.push(item);
    }
    if !current.is_empty() {
        if let Some(fill) = fill
            && size < 1e7
        {
            while (current.len() as f64) < size {
                current.push(fill.clone());
            }
        }
        batches.push(Value::list(current));
    }
    Ok(Value::list(batches))
}

fn slice(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let slices = args.require("sync_do_slice", "slices")?;
    let fill = args.take("fill_with").filter(|fill| !fill.is_none());
    args.finish("sync_do_slice")?;
    let items = defined(ctx, &input)?;
    let slices = count_argument(&slices)?;
    if slices == 0 {
        return Err(Error::template("integer division or modulo by zero"));
    }
    let count = usize::try_from(slices).unwrap_or(0);
    if count > 10_000_000 {
        return Err(Error::template("Result too large"));
    }
    let mut made = Vec::with_capacity(count);
    let each = items.len().checked_div(count).unwrap_or(0);
    let extra = items.len().checked_rem(count).unwrap_or(0);
    let mut from = 0;
    for number in 0..count {
        let to = from + each + usize::from(number < extra);
        let mut part = items[from..to].to_vec();
        if number >= extra {
            part.extend(fill.clone());
        }
        made.push(Value::list(part));
        from = to;
    }
    Ok(Value::list(made))
}

fn join(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let separator = args.take("d").unwrap_or_else(|| Value::str(""));
    let attribute = args.take("attribute").filter(|attribute| !attribute.is_none());
    args.finish("sync_do_join")?;
    let separator = ctx.resolve(&separator)?.to_text().into_owned();
    let path = match attribute {
        Some(attribute) => Some(super::jinja_select::Path::new(&ctx.resolve(&attribute)?)),
        None => None,
    };
    let mut text = String::new();
    for (at, item) in defined(ctx, &input)?.into_iter().enumerate() {
        let item = match &path {
            Some(path) => path.defined(ctx, &item)?,
            None => item,
        };
        if at > 0 {
            text.push_str(&separator);
        }
        match &item {
            Value::Str(piece) => text.push_str(piece),
            _ => {
                let item = ctx.resolve(&item)?;
                check(&item)?;
                text.push_str(&item.to_text());
            }
        }
    }
    Ok(Value::from(text))
}
