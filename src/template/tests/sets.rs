//! `is subset`, `is superset`, `is contains`, `is any`, `is all`, `is nan`.

use crate::error::{Error, Result};
use crate::template::filters::{arg, sets::as_set};
use crate::template::{Args, Context, Test};
use crate::value::Value;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    Test::new("subset", |_, input, args| subset("issubset", input, args, false)),
    Test::new("issubset", |_, input, args| subset("issubset", input, args, false)),
    Test::new("superset", |_, input, args| subset("issuperset", input, args, true)),
    Test::new("issuperset", |_, input, args| subset("issuperset", input, args, true)),
    Test::new("contains", contains),
    Test::new("any", |_, input, mut args| {
        args.finish("any")?;
        Ok(arg::items(&input)?.iter().any(Value::truthy))
    }),
    Test::new("all", |_, input, mut args| {
        args.finish("all")?;
        Ok(arg::items(&input)?.iter().all(Value::truthy))
    }),
    Test::new("nan", is_nan),
    Test::new("isnan", is_nan),
];

fn subset(function: &str, input: Value, mut args: Args, superset: bool) -> Result<bool> {
    let other = args.require(function, "b")?;
    args.finish(function)?;
    let (input, other) = (as_set(&input)?, as_set(&other)?);
    Ok(if superset { other.is_subset(&input) } else { input.is_subset(&other) })
}

fn contains(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    let value = args.require("contains", "value")?;
    args.finish("contains")?;
    match &input {
        Value::Str(text) => match &value {
            Value::Str(part) => Ok(text.contains(part.as_str())),
            other => {
                let name = other.type_name();
                Err(Error::template(format!("'in <string>' requires string as left operand, not {name}")))
            }
        },
        Value::Dict(dict) => {
            arg::hashable(&value)?;
            Ok(dict.get_value(&value).is_some())
        }
        Value::Object(object) if object.keys().is_some() => Ok(object.get(&value)?.is_some()),
        other => {
            let items = arg::items(other);
            let name = other.type_name();
            let items = items.map_err(|_| Error::template(format!("argument of type '{name}' is not iterable")))?;
            Ok(items.contains(&value))
        }
    }
}

fn is_nan(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    args.finish("isnotanumber")?;
    Ok(matches!(input, Value::Float(number) if number.is_nan()))
}
