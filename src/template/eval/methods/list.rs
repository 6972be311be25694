//! Methods of `list` and `tuple`.

use super::super::{Interp, ops};
use super::arg;
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::Value;
use std::cmp::Ordering;
use std::sync::Arc;

pub const NAMES: &[&str] =
    &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
pub const TUPLE_NAMES: &[&str] = &["count", "index"];

pub fn call(interp: &mut Interp, receiver: Value, name: &str, args: Args) -> Result<Value> {
    let full = format!("list.{name}");
    match name {
        "append" => {
            let mut given = arg::positional(args, &full, 1, 1)?;
            let item = given.pop().unwrap_or_default();
            interp.mutate_list(receiver, |items| items.push(item))?;
        }
        "extend" => {
            let mut given = arg::positional(args, &full, 1, 1)?;
            let more = interp.iterate(&given.pop().unwrap_or_default())?;
            interp.mutate_list(receiver, |items| items.extend(more))?;
        }
        "insert" => {
            let mut given = arg::positional(args, "insert", 2, 2)?;
            let item = given.pop().unwrap_or_default();
            let at = arg::int(&given[0])?;
            interp.mutate_list(receiver, |items| {
                let len = items.len();
                let at = if at < 0 { (len as i64).saturating_add(at).max(0) as usize } else { (at as usize).min(len) };
                items.insert(at, item);
            })?;
        }
        "clear" => {
            arg::positional(args, &full, 0, 0)?;
            interp.mutate_list(receiver, Vec::clear)?;
        }
        "reverse" => {
            arg::positional(args, &full, 0, 0)?;
            interp.mutate_list(receiver, |items| items.reverse())?;
        }
        "pop" => {
            let given = arg::positional(args, "pop", 0, 1)?;
            let at = given.first().map_or(Ok(-1), arg::int)?;
            let popped = interp.mutate_list(receiver, |items| {
                if items.is_empty() {
                    return Err(Error::template("pop from empty list"));
                }
                let index = if at < 0 { at + items.len() as i64 } else { at };
                match usize::try_from(index) {
                    Ok(index) if index < items.len() => Ok(items.remove(index)),
                    _ => Err(Error::template("pop index out of range")),
                }
            })??;
            return interp.touch_value(&popped);
        }
        "copy" => {
            arg::positional(args, &full, 0, 0)?;
            return Ok(Value::list(receiver.as_slice().unwrap_or_default().iter().cloned()));
        }
        "count" | "index" => {
            let receiver = interp.resolved(&receiver)?;
            let args = interp.resolve_args(args)?;
            return search(receiver.as_slice().unwrap_or_default(), "list", name, args);
        }
        "remove" => {
            let mut given = arg::positional(args, &full, 1, 1)?;
            let wanted = interp.resolved(&given.pop().unwrap_or_default())?;
            let resolved = interp.resolved(&receiver)?;
            let at = resolved.as_slice().unwrap_or_default().iter().position(|item| *item == wanted);
            let at = at.ok_or_else(|| Error::template("list.remove(x): x not in list"))?;
            drop(resolved);
            interp.mutate_list(receiver, |items| drop(items.remove(at)))?;
        }
        _ => {
            let mut args = args;
            let key = args.take_named("key").filter(|key| !key.is_none());
            let reverse = args.take_named("reverse").is_some_and(|reverse| reverse.truthy());
            if !args.positional.is_empty() {
                return Err(Error::template("sort() takes no positional arguments"));
            }
            args.finish("sort")?;
            let resolved = interp.resolved(&receiver)?;
            let sorted = sorted(interp, resolved.as_slice().unwrap_or_default(), key, reverse)?;
            drop(resolved);
            interp.mutate_list(receiver, |items| *items = sorted)?;
        }
    }
    Ok(Value::None)
}

fn sorted(interp: &mut Interp, items: &[Value], key: Option<Value>, reverse: bool) -> Result<Vec<Value>> {
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let key = match &key {
            Some(key) => {
                let found = interp.call_value(key, Args::new(vec![item.clone()], Vec::new()))?;
                interp.resolved(&found)?
            }
            None => item.clone(),
        };
        keyed.push((key, item.clone()));
    }
    sort_by_key(&mut keyed, reverse)?;
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}

/// Sorts stably by the first of each pair, as `sorted()`; keys without an order are an error.
pub fn sort_by_key(keyed: &mut [(Value, Value)], reverse: bool) -> Result<()> {
    let mut failed = None;
    // Python compares the later item with the earlier one, which its message shows
    let mut compare = |a: &Value, b: &Value| match ops::order("<", a, b) {
        Ok(ordering) => ordering.unwrap_or(Ordering::Equal),
        Err(error) => {
            failed.get_or_insert(error);
            Ordering::Equal
        }
    };
    if reverse {
        keyed.reverse();
    }
    if let [first, second, ..] = &*keyed {
        compare(&second.0, &first.0);
    }
    keyed.sort_by(|a, b| compare(&a.0, &b.0));
    if reverse {
        keyed.reverse();
    }
    failed.map_or(Ok(()), Err)
}

/// `index` and `count`, on rendered items.
pub fn search(items: &[Value], kind: &str, name: &str, args: Args) -> Result<Value> {
    if name == "count" {
        let given = arg::positional(args, &format!("{kind}.count"), 1, 1)?;
        return Ok(Value::from(items.iter().filter(|item| **item == given[0]).count()));
    }
    let given = arg::positional(args, "index", 1, 3)?;
    let start = arg::clamp(given.get(1), items.len(), 0)?;
    let stop = arg::clamp(given.get(2), items.len(), items.len())?.max(start);
    match items[start..stop].iter().position(|item| *item == given[0]) {
        Some(at) => Ok(Value::from(start + at)),
        None if kind == "tuple" => Err(Error::template("tuple.index(x): x not in tuple")),
        None => Err(Error::template(format!("{} is not in list", given[0].repr()))),
    }
}

/// `sequence[start:stop:step]` as positions.
pub fn slice_positions(len: usize, start: &Value, stop: &Value, step: &Value) -> Result<Vec<usize>> {
    let bad = || Error::template("slice indices must be integers or None or have an __index__ method");
    let read = |value: &Value| match value {
        Value::None => Ok(None),
        Value::BigInt(number) => Ok(Some(if **number < num_bigint::BigInt::ZERO { i64::MIN } else { i64::MAX })),
        other => other.as_i64().map(Some).ok_or_else(bad),
    };
    let step = read(step)?.unwrap_or(1);
    if step == 0 {
        return Err(Error::template("slice step cannot be zero"));
    }
    let len = len as i64;
    let (lowest, highest) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |value: Option<i64>, default: i64| match value {
        None => default,
        Some(at) if at < 0 => at.saturating_add(len).max(lowest),
        Some(at) => at.min(highest),
    };
    let (first, last) = if step > 0 { (0, len) } else { (len - 1, -1) };
    let (start, stop) = (bound(read(start)?, first), bound(read(stop)?, last));
    let mut positions = Vec::new();
    let mut at = start;
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        positions.push(at as usize);
        at = match at.checked_add(step) {
            Some(next) => next,
            None => break,
        };
    }
    Ok(positions)
}

/// `value[start:stop:step]` of a sequence; none for other types.
pub fn slice(value: &Value, start: &Value, stop: &Value, step: &Value) -> Option<Result<Value>> {
    let pick = |items: &[Value]| {
        let positions = slice_positions(items.len(), start, stop, step)?;
        Ok(Arc::new(positions.into_iter().map(|at| items[at].clone()).collect::<Vec<_>>()))
    };
    Some(match value {
        Value::List(items) => pick(items).map(Value::List),
        Value::Tuple(items) => pick(items).map(Value::Tuple),
        Value::Str(text) => {
            let chars: Vec<char> = text.chars().collect();
            slice_positions(chars.len(), start, stop, step)
                .map(|positions| Value::from(positions.into_iter().map(|at| chars[at]).collect::<String>()))
        }
        Value::Bytes(bytes) => slice_positions(bytes.len(), start, stop, step)
            .map(|positions| Value::Bytes(positions.into_iter().map(|at| bytes[at]).collect())),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_count_as_python() {
        let none = Value::None;
        let text = Value::str("hello");
        let cut = |a: &Value, b: &Value, c: &Value| slice(&text, a, b, c).unwrap().unwrap().to_text().into_owned();
        assert_eq!(cut(&none, &none, &Value::Int(-1)), "olleh");
        assert_eq!(cut(&Value::Int(-3), &none, &none), "llo");
        assert_eq!(cut(&Value::Int(10), &Value::Int(-10), &Value::Int(-2)), "olh");
    }
}
