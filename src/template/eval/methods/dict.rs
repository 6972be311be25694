//! Methods of `dict`, and of live mappings such as hostvars.

use super::super::{Interp, dict_entries, ops};
use super::arg;
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::{Dict, Value};

pub const NAMES: &[&str] =
    &["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];
pub const VIEW_NAMES: &[&str] = &["get", "items", "keys", "values"];

pub fn call(interp: &mut Interp, receiver: Value, name: &str, args: Args) -> Result<Value> {
    let full = format!("dict.{name}");
    let Value::Dict(dict) = &receiver else {
        return Err(Error::template(format!("'{}' object has no attribute '{name}'", receiver.type_name())));
    };
    match name {
        "keys" => {
            arg::positional(args, &full, 0, 0)?;
            Ok(Value::list(dict.keys().cloned()))
        }
        "values" => {
            arg::positional(args, &full, 0, 0)?;
            Ok(Value::list(dict.values().cloned()))
        }
        "items" => {
            arg::positional(args, &full, 0, 0)?;
            Ok(Value::list(dict.iter().map(|(key, value)| Value::tuple([key.clone(), value.clone()]))))
        }
        "copy" => {
            arg::positional(args, &full, 0, 0)?;
            Ok(Value::dict((**dict).clone()))
        }
        "get" => {
            let mut given = arg::positional(args, "get", 1, 2)?.into_iter();
            let key = interp.key(given.next().unwrap_or_default())?;
            match dict.get_value(&key) {
                Some(value) => interp.touch_value(value),
                None => Ok(given.next().unwrap_or_default()),
            }
        }
        "clear" => {
            arg::positional(args, &full, 0, 0)?;
            interp.mutate_dict(receiver, |dict| *dict = Dict::new())?;
            Ok(Value::None)
        }
        "setdefault" => {
            let mut given = arg::positional(args, "setdefault", 1, 2)?.into_iter();
            let key = interp.key(given.next().unwrap_or_default())?;
            if let Some(value) = dict.get_value(&key) {
                return interp.touch_value(value);
            }
            let value = given.next().unwrap_or_default();
            let kept = value.clone();
            interp.mutate_dict(receiver, |dict| dict.insert_value(key, kept))?;
            Ok(value)
        }
        "pop" => {
            let mut given = arg::positional(args, "pop", 1, 2)?.into_iter();
            let key = interp.key(given.next().unwrap_or_default())?;
            let default = given.next();
            let popped = interp.mutate_dict(receiver, |dict| dict.remove_value(&key))?;
            match (popped, default) {
                (Some(value), _) => interp.touch_value(&value),
                (None, Some(default)) => Ok(default),
                (None, None) => Err(Error::template(key.repr())),
            }
        }
        "popitem" => {
            arg::positional(args, &full, 0, 0)?;
            let popped = interp.mutate_dict(receiver, |dict| {
                let key = dict.keys().last().cloned()?;
                dict.remove_value(&key).map(|value| (key, value))
            })?;
            let (key, value) = popped.ok_or_else(|| Error::template("'popitem(): dictionary is empty'"))?;
            let value = interp.touch_value(&value)?;
            Ok(Value::tuple([key, value]))
        }
        "update" => {
            let named = args.named;
            let mut given = arg::positional(Args::new(args.positional, Vec::new()), "update", 0, 1)?;
            let more = given.pop().map(|source| dict_entries(interp, &source)).transpose()?;
            interp.mutate_dict(receiver, |dict| {
                for (key, value) in more.into_iter().flatten() {
                    dict.insert_value(key, value);
                }
                for (key, value) in named {
                    dict.insert(key, value);
                }
            })?;
            Ok(Value::None)
        }
        _ => {
            let mut given = arg::positional(args, "fromkeys", 1, 2)?.into_iter();
            let keys = interp.iterate(&given.next().unwrap_or_default())?;
            let value = given.next().unwrap_or_default();
            let mut made = Dict::with_capacity(keys.len());
            for key in keys {
                made.insert_value(interp.key(key)?, value.clone());
            }
            Ok(Value::dict(made))
        }
    }
}

/// Methods of a live mapping.
pub fn call_view(interp: &mut Interp, receiver: &Value, name: &str, args: Args) -> Result<Value> {
    let Value::Object(object) = receiver else {
        return Ok(Value::None);
    };
    if name == "get" {
        let mut given = arg::positional(args, "get", 1, 2)?.into_iter();
        let key = interp.key(given.next().unwrap_or_default())?;
        ops::check_hashable(&key)?;
        return match object.get(&key)? {
            Some(value) => interp.touch_value(&value),
            None => Ok(given.next().unwrap_or_default()),
        };
    }
    arg::positional(args, name, 0, 0)?;
    let keys = object.keys().unwrap_or_default();
    if name == "keys" {
        return Ok(Value::list(keys));
    }
    let entries = dict_entries(interp, receiver)?;
    Ok(match name {
        "values" => Value::list(entries.into_iter().map(|(_, value)| value)),
        _ => Value::list(entries.into_iter().map(|(key, value)| Value::tuple([key, value]))),
    })
}
