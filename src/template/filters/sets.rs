//! Lists as sets: `unique`, `union`, `intersect`, `difference`, `symmetric_difference`.
//!
//! Python gives the results of sets in an arbitrary order; ours keep the order of the input.

use super::{arg, dicts};
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter};
use crate::value::{Set, Value};

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("unique", unique),
    Filter::new("union", |ctx, input, args| with(ctx, "union", input, args)),
    Filter::new("intersect", |ctx, input, args| with(ctx, "intersect", input, args)),
    Filter::new("difference", |ctx, input, args| with(ctx, "difference", input, args)),
    Filter::new("symmetric_difference", |ctx, input, args| with(ctx, "symmetric_difference", input, args)),
];

fn unique(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let case_sensitive = args.take("case_sensitive").unwrap_or(Value::None);
    let attribute = args.take("attribute").unwrap_or(Value::None);
    args.finish("unique")?;
    let items = arg::items(&input)?;
    let fold = !case_sensitive.truthy();
    let mut seen = Set::default();
    let mut kept = Vec::new();
    for item in &items {
        let mut key = attribute_of(ctx, item, &attribute)?;
        if let Err(why) = arg::hashable(&key) {
            // Jinja2's own filter cannot do it; Ansible's can, without these two
            if case_sensitive == Value::Bool(false) || attribute.truthy() {
                return Err(why.context(
                    "Jinja2's unique filter failed and we cannot fall back to Ansible's version as it does not support \
                     the parameters supplied.",
                ));
            }
            let all: Set = items.iter().cloned().collect();
            return Ok(Value::list(all));
        }
        if fold && let Value::Str(text) = &key {
            key = text.to_lowercase().into();
        }
        if seen.insert(key) {
            kept.push(item.clone());
        }
    }
    Ok(kept.into())
}

/// `item.a.b` for the attribute `a.b`, as Jinja2's filters read it.
fn attribute_of(ctx: &mut dyn Context, item: &Value, attribute: &Value) -> Result<Value> {
    let keys: Vec<Value> = match attribute {
        Value::None => return Ok(item.clone()),
        Value::Str(path) => {
            path.split('.').map(|part| part.parse::<i64>().map_or_else(|_| Value::str(part), Value::Int)).collect()
        }
        other => vec![other.clone()],
    };
    let mut value = item.clone();
    for key in &keys {
        value = dicts::item(ctx, &value, key)?;
    }
    match &value {
        Value::Undefined(undefined) => Err(undefined.error()),
        value => ctx.resolve(value),
    }
}

fn with(_: &mut dyn Context, name: &'static str, a: Value, mut args: Args) -> Result<Value> {
    let b = args.require(name, "b")?;
    args.finish(name)?;
    let sets = as_set(&a).and_then(|a| Ok((a, as_set(&b)?)));
    let (a, b) = match sets {
        Ok(sets) => sets,
        // members that Python cannot hash: lists are compared instead, and only lists can be added
        Err(_) if name == "union" || name == "symmetric_difference" => (listed(&a, &a, &b)?, listed(&b, &a, &b)?),
        Err(_) => (arg::items(&a)?.into_iter().collect(), arg::items(&b)?.into_iter().collect()),
    };
    Ok(match name {
        "union" => Value::list(a.union(&b).cloned()),
        "intersect" => Value::list(a.intersection(&b).cloned()),
        "difference" => Value::list(a.difference(&b).cloned()),
        _ => Value::list(a.symmetric_difference(&b).cloned()),
    })
}

/// Python's `set(value)`.
pub fn as_set(value: &Value) -> Result<Set> {
    let items = arg::items(value)?;
    items.iter().try_for_each(arg::hashable)?;
    Ok(items.into_iter().collect())
}

fn listed(value: &Value, a: &Value, b: &Value) -> Result<Set> {
    match (a, b) {
        (Value::List(_), Value::List(_)) | (Value::Tuple(_), Value::Tuple(_)) => {
            Ok(arg::items(value)?.into_iter().collect())
        }
        (Value::List(_), other) => {
            Err(Error::template(format!("can only concatenate list (not \"{}\") to list", other.type_name())))
        }
        (a, b) => Err(Error::template(format!(
            "unsupported operand type(s) for +: '{}' and '{}'",
            a.type_name(),
            b.type_name()
        ))),
    }
}
