//! Methods of Python's builtin types, by type.

mod bytes;
mod dict;
mod list;
pub mod moment;
mod number;
mod set;
mod str;
mod strformat;

use super::Interp;
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::Value;

/// Whether values of this type have a method of that name; gives the name with a static life.
pub fn find(value: &Value, name: &str) -> Option<&'static str> {
    let names: &[&str] = match value {
        Value::Str(_) => str::NAMES,
        Value::List(_) => list::NAMES,
        Value::Tuple(_) => list::TUPLE_NAMES,
        Value::Dict(_) => dict::NAMES,
        Value::Set(_) => set::NAMES,
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) => number::INT_NAMES,
        Value::Float(_) => number::FLOAT_NAMES,
        Value::Bytes(_) => bytes::NAMES,
        Value::Moment(moment) => moment::names(moment),
        Value::Object(object) if object.keys().is_some() => dict::VIEW_NAMES,
        _ => return None,
    };
    names.iter().find(|known| **known == name).copied()
}

/// A data attribute, such as `datetime.year`.
pub fn attribute(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) | Value::Float(_) => number::attribute(value, name),
        Value::Moment(moment) => moment::attribute(moment, name),
        _ => None,
    }
}

/// Calls a method that [`find`] knows.
pub fn call(interp: &mut Interp, receiver: Value, name: &'static str, args: Args) -> Result<Value> {
    match &receiver {
        Value::List(_) => list::call(interp, receiver, name, args),
        Value::Dict(_) => dict::call(interp, receiver, name, args),
        Value::Set(_) => set::call(interp, receiver, name, args),
        Value::Object(_) => dict::call_view(interp, &receiver, name, args),
        _ => {
            let args = interp.resolve_args(args)?;
            match &receiver {
                Value::Str(text) => str::call(interp, text, name, args),
                Value::Tuple(_) => {
                    let receiver = interp.resolved(&receiver)?;
                    list::search(receiver.as_slice().unwrap_or_default(), "tuple", name, args)
                }
                Value::Int(_) | Value::BigInt(_) | Value::Bool(_) | Value::Float(_) => {
                    number::call(&receiver, name, args)
                }
                Value::Bytes(bytes) => bytes::call(bytes, name, args),
                Value::Moment(moment) => moment::call(moment, name, args),
                _ => Err(Error::template(format!("'{}' object has no attribute '{name}'", receiver.type_name()))),
            }
        }
    }
}

/// Argument readers with Python's complaints.
pub(super) mod arg {
    use super::*;

    /// A text.
    pub fn text(value: Value, what: &str) -> Result<crate::value::Text> {
        match value {
            Value::Str(text) => Ok(text),
            other => Err(Error::template(format!("{what} must be str, not {}", other.type_name()))),
        }
    }

    /// An integer that fits 64 bits.
    pub fn int(value: &Value) -> Result<i64> {
        match value {
            Value::BigInt(_) => Err(Error::template("Python int too large to convert to C ssize_t")),
            other => other.as_i64().ok_or_else(|| {
                Error::template(format!("'{}' object cannot be interpreted as an integer", other.type_name()))
            }),
        }
    }

    /// Positional arguments only, between `least` and `most` of them; `name` as Python spells the method.
    pub fn positional(args: Args, name: &str, least: usize, most: usize) -> Result<Vec<Value>> {
        if !args.named.is_empty() {
            return Err(Error::template(format!("{name}() takes no keyword arguments")));
        }
        let given = args.positional.len();
        if (least..=most).contains(&given) {
            return Ok(args.positional);
        }
        let short = name.rsplit('.').next().unwrap_or(name);
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        Err(Error::template(if least == most {
            match most {
                0 => format!("{name}() takes no arguments ({given} given)"),
                1 => format!("{name}() takes exactly one argument ({given} given)"),
                n => format!("{short} expected {n} arguments, got {given}"),
            }
        } else if given < least {
            format!("{short} expected at least {least} argument{}, got {given}", plural(least))
        } else {
            format!("{short} expected at most {most} argument{}, got {given}", plural(most))
        }))
    }

    /// An index as slices take it, clamped into `0..=len`.
    pub fn clamp(value: Option<&Value>, len: usize, default: usize) -> Result<usize> {
        let Some(value) = value.filter(|value| !value.is_none()) else {
            return Ok(default);
        };
        let at = match value {
            Value::BigInt(number) => {
                if **number < num_bigint::BigInt::ZERO {
                    i64::MIN
                } else {
                    i64::MAX
                }
            }
            other => other
                .as_i64()
                .ok_or_else(|| Error::template("slice indices must be integers or None or have an __index__ method"))?,
        };
        Ok(if at < 0 { (len as i64).saturating_add(at).max(0) as usize } else { (at as usize).min(len) })
    }
}

pub use list::sort_by_key;
pub(super) use list::{slice, slice_positions};
