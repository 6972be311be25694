//! Jinja2's filters of numbers.

use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::eval::{ops, strings};
use crate::template::registry::Filter;
use crate::template::syntax::ast::BinOp;
use crate::value::Value;
use num_bigint::BigInt;
use num_traits::{FromPrimitive, Signed};

pub const FILTERS: &[Filter] = &[
    Filter::new("abs", abs),
    Filter::new("int", int),
    Filter::new("float", float),
    Filter::new("round", round),
    Filter::new("filesizeformat", filesizeformat),
];

fn abs(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("abs")?;
    match &input {
        Value::Float(number) => Ok(Value::Float(number.abs())),
        Value::BigInt(number) => Ok(Value::int(number.abs())),
        Value::Moment(_) => match ops::negate(&input) {
            Ok(negated) if input.python_cmp(&negated) == Some(std::cmp::Ordering::Less) => Ok(negated),
            Ok(_) => Ok(input),
            Err(_) => Err(Error::template(format!("bad operand type for abs(): '{}'", input.type_name()))),
        },
        other => match other.as_i64() {
            Some(number) => Ok(Value::int(BigInt::from(number).abs())),
            None => Err(Error::template(format!("bad operand type for abs(): '{}'", other.type_name()))),
        },
    }
}

/// The integer part of a float; infinities and NaN have none.
pub fn truncate(number: f64) -> Result<Value> {
    if number.is_nan() {
        return Err(Error::template("cannot convert float NaN to integer"));
    }
    BigInt::from_f64(number.trunc())
        .map(Value::int)
        .ok_or_else(|| Error::template("cannot convert float infinity to integer"))
}

fn int(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let given = args.positional.len();
    let default = args.take("default").unwrap_or(Value::Int(0));
    let base = args.take("base").unwrap_or(Value::Int(10));
    if given > 2 {
        return Err(Error::template(format!(
            "do_int() takes from 1 to 3 positional arguments but {} were given",
            given + 1
        )));
    }
    args.finish("do_int")?;
    let parsed = match &input {
        Value::Str(text) => {
            let base = base.as_i64().and_then(|base| u32::try_from(base).ok());
            match base.and_then(|base| strings::parse_int(text, base)) {
                Some(number) => Some(Value::int(number)),
                None => strings::parse_float(text).and_then(|number| truncate(number).ok()),
            }
        }
        Value::Bytes(bytes) => {
            std::str::from_utf8(bytes).ok().and_then(|text| strings::parse_int(text, 10)).map(Value::int)
        }
        Value::Bool(flag) => Some(Value::Int(i64::from(*flag))),
        Value::Int(_) | Value::BigInt(_) => Some(input),
        Value::Float(number) if number.is_nan() => None,
        Value::Float(number) => Some(truncate(*number)?),
        _ => None,
    };
    Ok(parsed.unwrap_or(default))
}

fn float(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let default = args.take("default").unwrap_or(Value::Float(0.0));
    args.finish("do_float")?;
    let parsed = match &input {
        Value::Str(text) => strings::parse_float(text),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(strings::parse_float),
        Value::BigInt(_) => match input.as_f64() {
            Some(number) if number.is_finite() => Some(number),
            _ => return Err(Error::template("int too large to convert to float")),
        },
        other => other.as_f64(),
    };
    Ok(parsed.map_or(default, Value::Float))
}

fn round(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let precision = args.take("precision").unwrap_or(Value::Int(0));
    let method = args.take("method").map_or_else(|| "common".to_string(), |method| method.to_text().into_owned());
    args.finish("do_round")?;
    if !matches!(method.as_str(), "common" | "ceil" | "floor") {
        return Err(Error::template("method must be common, ceil or floor"));
    }
    if method == "common" {
        let places = precision.as_i64().ok_or_else(|| {
            Error::template(format!("'{}' object cannot be interpreted as an integer", precision.type_name()))
        })?;
        return round_half_even(&input, places);
    }
    let scale = ops::binary(BinOp::Pow, &Value::Int(10), &precision)?;
    let scaled = ops::binary(BinOp::Mul, &input, &scale)?;
    let number =
        scaled.as_f64().ok_or_else(|| Error::template(format!("must be real number, not {}", scaled.type_name())))?;
    let whole = match scaled {
        Value::Float(_) => truncate(if method == "ceil" { number.ceil() } else { number.floor() })?,
        other => other,
    };
    ops::binary(BinOp::Div, &whole, &scale)
}

/// Python's `round(value, places)`: to the nearest, halves to the even neighbour.
pub fn round_half_even(value: &Value, places: i64) -> Result<Value> {
    match value {
        Value::Float(number) if !number.is_finite() => Ok(value.clone()),
        Value::Float(number) if places >= 0 => {
            let places = usize::try_from(places).unwrap_or(400).min(400);
            // the exact decimal value of the float decides, as in Python
            Ok(Value::Float(format!("{number:.places$}").parse().unwrap_or(*number)))
        }
        Value::Float(number) => {
            let scale = 10f64.powi(i32::try_from(-places).unwrap_or(400).min(400));
            let scaled = number / scale;
            let rounded = if scaled.fract().abs() == 0.5 { 2.0 * (scaled / 2.0).round() } else { scaled.round() };
            Ok(Value::Float(if scale.is_infinite() { 0.0 } else { rounded * scale }))
        }
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) if places >= 0 => ops::positive(value),
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) => {
            let places = u32::try_from(-places).unwrap_or(u32::MAX);
            if places > 100_000 {
                return Ok(Value::Int(0));
            }
            let scale = Value::int(BigInt::from(10).pow(places));
            let rest = ops::binary(BinOp::Mod, value, &scale)?;
            let floor = ops::binary(BinOp::Sub, value, &rest)?;
            let above = ops::binary(BinOp::Add, &floor, &scale)?;
            let twice = ops::binary(BinOp::Mul, &rest, &Value::Int(2))?;
            let even = ops::binary(BinOp::Mod, &ops::binary(BinOp::FloorDiv, &floor, &scale)?, &Value::Int(2))?;
            Ok(match twice.python_cmp(&scale) {
                Some(std::cmp::Ordering::Less) => floor,
                Some(std::cmp::Ordering::Equal) if even == Value::Int(0) => floor,
                _ => above,
            })
        }
        other => Err(Error::template(format!("type {} doesn't define __round__ method", other.type_name()))),
    }
}

fn filesizeformat(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let binary = args.take("binary").is_some_and(|binary| binary.truthy());
    args.finish("do_filesizeformat")?;
    let bytes = match &input {
        Value::Str(text) => strings::parse_float(text)
            .ok_or_else(|| Error::template(format!("could not convert string to float: {}", input.repr())))?,
        other => other.as_f64().ok_or_else(|| {
            Error::template(format!("float() argument must be a string or a real number, not '{}'", other.type_name()))
        })?,
    };
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return Ok(Value::str("1 Byte"));
    }
    if bytes < base {
        return Ok(Value::from(format!("{} Bytes", truncate(bytes)?.to_text())));
    }
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut text = String::new();
    for (at, prefix) in prefixes.iter().enumerate() {
        let unit = base.powi(at as i32 + 2);
        let suffix = match (binary, *prefix) {
            (true, "k") => "KiB".to_string(),
            (true, prefix) => format!("{prefix}iB"),
            (false, prefix) => format!("{prefix}B"),
        };
        text = format!("{:.1} {suffix}", base * bytes / unit);
        if bytes < unit {
            break;
        }
    }
    Ok(Value::from(text))
}
