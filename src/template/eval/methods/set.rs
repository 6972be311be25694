//! Methods of `set`.

use super::super::Interp;
use super::arg;
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::{Set, Value};
use std::sync::Arc;

#[rustfmt::skip]
pub const NAMES: &[&str] = &[
    "add", "clear", "copy", "difference", "discard", "intersection", "isdisjoint", "issubset", "issuperset", "pop", "remove",
    "symmetric_difference", "union", "update",
];

pub fn call(interp: &mut Interp, receiver: Value, name: &str, args: Args) -> Result<Value> {
    let Value::Set(set) = &receiver else {
        return Ok(Value::None);
    };
    let set = set.clone();
    let args = interp.resolve_args(args)?;
    match name {
        "add" | "discard" | "remove" => {
            let mut given = arg::positional(args, &format!("set.{name}"), 1, 1)?;
            let item = interp.key(given.pop().unwrap_or_default())?;
            if name == "remove" && !set.contains(&item) {
                return Err(Error::template(item.repr()));
            }
            drop(set);
            interp.mutate_set(receiver, |set| {
                if name == "add" {
                    set.insert(item);
                } else {
                    set.shift_remove(&item);
                }
            })?;
            return Ok(Value::None);
        }
        "clear" => {
            drop(set);
            interp.mutate_set(receiver, Set::clear)?;
            return Ok(Value::None);
        }
        "pop" => {
            drop(set);
            let popped = interp.mutate_set(receiver, |set| set.shift_remove_index(0))?;
            return popped.ok_or_else(|| Error::template("'pop from an empty set'"));
        }
        _ => {}
    }
    let mut others = Vec::new();
    for other in args.positional {
        let items = interp.iterate(&other)?;
        others.push(items.into_iter().collect::<Set>());
    }
    let first = others.first().cloned().unwrap_or_default();
    let made: Set = match name {
        "isdisjoint" => return Ok(Value::Bool(set.iter().all(|item| !first.contains(item)))),
        "issubset" => return Ok(Value::Bool(set.iter().all(|item| first.contains(item)))),
        "issuperset" => return Ok(Value::Bool(first.iter().all(|item| set.contains(item)))),
        "union" | "update" => set.iter().chain(others.iter().flatten()).cloned().collect(),
        "intersection" => set.iter().filter(|item| others.iter().all(|other| other.contains(*item))).cloned().collect(),
        "difference" => set.iter().filter(|item| !others.iter().any(|other| other.contains(*item))).cloned().collect(),
        "symmetric_difference" => {
            let left = set.iter().filter(|item| !first.contains(*item));
            left.chain(first.iter().filter(|item| !set.contains(*item))).cloned().collect()
        }
        _ => (*set).clone(),
    };
    if name == "update" {
        drop(set);
        interp.mutate_set(receiver, |set| *set = made)?;
        return Ok(Value::None);
    }
    Ok(Value::Set(Arc::new(made)))
}
