//! Reading arguments as Python's functions take them: texts of anything, truth, iteration, and Python's words when they do not fit.

use crate::error::{Error, Result};
use crate::value::{Dict, Value};
use std::sync::Arc;

/// `<class 'x'>`, as `type(value)` prints.
pub fn class_of(value: &Value) -> String {
    format!("<class '{}'>", value.type_name())
}

/// Ansible's `to_text`: a text as it is, bytes decoded, anything else as `str()` prints it.
pub fn text(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.to_text().into_owned(),
    }
}

/// Ansible's `to_bytes`.
pub fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => other.to_text().into_owned().into_bytes(),
    }
}

/// A path for Python's `os.path`; only texts are paths.
pub fn path(value: &Value) -> Result<String> {
    match value {
        Value::Str(text) => Ok(text.to_string()),
        Value::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        other => Err(Error::template(format!("expected str, bytes or os.PathLike object, not {}", other.type_name()))),
    }
}

/// The truth of an argument that may be missing.
pub fn flag(value: Option<Value>, default: bool) -> bool {
    value.map_or(default, |value| value.truthy())
}

/// An argument that `None` leaves out.
pub fn given(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

/// `int(value)` for an argument that has to be an integer already.
pub fn index(value: &Value) -> Result<i64> {
    value
        .as_i64()
        .ok_or_else(|| Error::template(format!("'{}' object cannot be interpreted as an integer", value.type_name())))
}

/// What `for x in value` goes through.
pub fn items(value: &Value) -> Result<Vec<Value>> {
    match value {
        Value::List(items) | Value::Tuple(items) => Ok(items.to_vec()),
        Value::Set(set) => Ok(set.iter().cloned().collect()),
        Value::Dict(dict) => Ok(dict.keys().cloned().collect()),
        Value::Str(text) => Ok(text.chars().map(|c| Value::str(c.to_string())).collect()),
        Value::Bytes(bytes) => Ok(bytes.iter().map(|byte| Value::from(*byte)).collect()),
        Value::Object(object) => object.iterate().ok_or_else(|| not_iterable(value)),
        other => Err(not_iterable(other)),
    }
}

fn not_iterable(value: &Value) -> Error {
    Error::template(format!("'{}' object is not iterable", value.type_name()))
}

/// Ansible's `is_sequence`: lists, tuples and lists in disguise, but no text.
pub fn is_sequence(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Tuple(_) => true,
        Value::Object(object) => object.keys().is_none() && object.len().is_some(),
        _ => false,
    }
}

/// The mapping in a value: a plain one, or what a live one holds now.
pub fn mapping(value: &Value) -> Option<Arc<Dict>> {
    match value {
        Value::Dict(dict) => Some(dict.clone()),
        Value::Object(object) => {
            let keys = object.keys()?;
            let entry = |key: Value| object.get(&key).ok().flatten().map(|value| (key, value));
            Some(Arc::new(keys.into_iter().filter_map(entry).collect()))
        }
        _ => None,
    }
}

/// `hash(value)` must work for members of sets: an error in Python's words for lists and mappings.
pub fn hashable(value: &Value) -> Result<()> {
    match value {
        Value::List(_) | Value::Dict(_) | Value::Set(_) => {
            Err(Error::template(format!("unhashable type: '{}'", value.type_name())))
        }
        Value::Tuple(items) => items.iter().try_for_each(hashable),
        _ => Ok(()),
    }
}

/// Ansible's boolean words in the strict sense; `None` for anything else.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Str(text) => match text.trim().to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" => Some(true),
            "n" | "no" | "off" | "0" | "false" | "f" => Some(false),
            _ => None,
        },
        other => other.to_bool(),
    }
}
