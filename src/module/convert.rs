//! Converts the value of one argument to its type, with the messages of Ansible's type checks.

use super::Run;
use super::literal;
use super::spec::Kind;
use crate::value::{Dict, Value, json};
use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

/// Python's name of a kind in messages: `str`, `list`...
pub fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Str => "str",
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Float => "float",
        Kind::List(_) | Kind::OptionsList(_) => "list",
        Kind::Dict | Kind::Options(_) => "dict",
        Kind::Path => "path",
        Kind::Raw => "raw",
        Kind::Jsonarg => "jsonarg",
        Kind::Bytes => "bytes",
        Kind::Bits => "bits",
    }
}

/// The value as the kind wants it (a list's items are left to the caller), or why not.
pub fn convert(kind: &Kind, value: &Value, run: &Run) -> Result<Value, String> {
    match kind {
        Kind::Str => Ok(to_str(value)),
        Kind::Bool => to_bool(value),
        Kind::Int => to_int(value),
        Kind::Float => to_float(value),
        Kind::List(_) | Kind::OptionsList(_) => to_list(value),
        Kind::Dict | Kind::Options(_) => to_dict(value),
        Kind::Path => Ok(Value::str(run.expand(&to_str(value).to_text()))),
        Kind::Raw => Ok(value.clone()),
        Kind::Jsonarg => to_jsonarg(value),
        Kind::Bytes => human_to_bytes(&value.to_text(), false)
            .map_err(|_| format!("<class '{}'> cannot be converted to a Byte value", value.type_name())),
        Kind::Bits => human_to_bytes(&value.to_text(), true)
            .map_err(|_| format!("<class '{}'> cannot be converted to a Bit value", value.type_name())),
    }
}

fn to_str(value: &Value) -> Value {
    match value {
        Value::Str(_) => value.clone(),
        Value::None => Value::str(""),
        other => Value::str(&*other.to_text()),
    }
}

fn to_bool(value: &Value) -> Result<Value, String> {
    // spelled out, as Ansible's words for numbers differ from Python's truth
    match value {
        Value::Str(text) => match text.trim().to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" => return Ok(Value::Bool(true)),
            "n" | "no" | "off" | "0" | "false" | "f" => return Ok(Value::Bool(false)),
            _ => {}
        },
        Value::Bool(_) => return Ok(value.clone()),
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            if *value == Value::Int(1) {
                return Ok(Value::Bool(true));
            }
            if *value == Value::Int(0) {
                return Ok(Value::Bool(false));
            }
        }
        other => return Err(format!("<class '{}'> cannot be converted to a bool", other.type_name())),
    }
    Err(format!(
        "The value '{}' is not a valid boolean. Valid booleans include: 0, 1, 'on', 'true', 'yes', 't', 'y', '1', \
         'off', 'false', 'no', 'f', 'n', '0'",
        value.to_text()
    ))
}

fn to_int(value: &Value) -> Result<Value, String> {
    let whole = match value {
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) => return Ok(value.clone()),
        Value::Float(number) if number.fract() == 0.0 => BigInt::from_f64(*number).map(Value::int),
        Value::Str(text) => decimal(text.trim()).map(Value::int),
        _ => None,
    };
    whole.ok_or_else(|| format!("\"{}\" cannot be converted to an int", value.repr()))
}

/// A whole number in Python's decimal notation, `1e3` and `5.0` among it.
fn decimal(text: &str) -> Option<BigInt> {
    let text = text.replace('_', "");
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, whole.strip_prefix('+').unwrap_or(whole)),
    };
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let shift = i64::from(exponent) - fraction.len() as i64;
    let number: BigInt = digits.parse().ok()?;
    let shifted = if shift.unsigned_abs() > 4000 {
        return None;
    } else if shift >= 0 {
        number * BigInt::from(10).pow(shift as u32)
    } else {
        let divisor = BigInt::from(10).pow(shift.unsigned_abs() as u32);
        if &number % &divisor != BigInt::ZERO {
            return None;
        }
        number / divisor
    };
    Some(shifted * sign)
}

fn to_float(value: &Value) -> Result<Value, String> {
    let number = match value {
        Value::Str(text) => text.trim().replace('_', "").parse::<f64>().ok(),
        other => other.as_f64(),
    };
    number.map(Value::Float).ok_or_else(|| format!("<class '{}'> cannot be converted to a float", value.type_name()))
}

fn to_list(value: &Value) -> Result<Value, String> {
    match value {
        Value::List(_) => Ok(value.clone()),
        Value::Tuple(items) => Ok(Value::list(items.iter().cloned())),
        Value::Str(text) => Ok(Value::list(text.split(',').map(Value::str))),
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            Ok(Value::list([Value::str(&*value.to_text())]))
        }
        other => Err(format!("<class '{}'> cannot be converted to a list", other.type_name())),
    }
}

fn to_dict(value: &Value) -> Result<Value, String> {
    let Value::Str(text) = value else {
        return match value {
            Value::Dict(_) => Ok(value.clone()),
            other => Err(format!("<class '{}'> cannot be converted to a dict", other.type_name())),
        };
    };
    if text.starts_with('{') {
        let parsed = json::parse(text).ok().or_else(|| literal::parse(text));
        return match parsed {
            Some(Value::Dict(dict)) => Ok(Value::Dict(dict)),
            _ => Err("unable to evaluate string as dictionary".into()),
        };
    }
    if !text.contains('=') {
        return Err("dictionary requested, could not parse JSON or key=value".into());
    }
    let mut dict = Dict::new();
    for field in split_fields(text.trim()) {
        let Some((key, value)) = field.split_once('=') else {
            return Err("unable to evaluate string in the \"key=value\" format as dictionary".into());
        };
        dict.insert(key, value);
    }
    Ok(Value::dict(dict))
}

/// `k1=v1, k2="v 2"` at commas and blanks outside quotes; a backslash takes the next character as it is.
fn split_fields(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let field = fields.len() - 1;
        match c {
            '\\' => fields[field].extend(chars.next()),
            '\'' | '"' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            ',' | ' ' if quote.is_none() => fields.push(String::new()),
            c => fields[field].push(c),
        }
    }
    fields.retain(|field| !field.is_empty());
    fields
}

fn to_jsonarg(value: &Value) -> Result<Value, String> {
    match value {
        Value::Str(text) => Ok(Value::str(text.trim())),
        Value::List(_) | Value::Tuple(_) | Value::Dict(_) => {
            Ok(Value::str(json::to_string(value, &json::Style::PYTHON)))
        }
        other => Err(format!("<class '{}'> cannot be converted to a json string", other.type_name())),
    }
}

/// `10M`, `1.5 KB`, `512`: how many bytes (or bits).
pub fn human_to_bytes(text: &str, bits: bool) -> Result<Value, String> {
    let refuse = || format!("human_to_bytes() can't interpret following string: {text}");
    let trimmed = text.trim_end();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (digits, unit) = trimmed.split_at(end);
    let unit = unit.trim_start();
    if !digits.ends_with(|c: char| c.is_ascii_digit()) || !unit.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(refuse());
    }
    let number: f64 = digits.parse().map_err(|_| refuse())?;
    let Some(first) = unit.chars().next().map(|c| c.to_ascii_uppercase()) else {
        return whole(round_half_even(number)).ok_or_else(refuse);
    };
    let Some(power) = ['B', 'K', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'].iter().position(|prefix| *prefix == first) else {
        return Err(format!(
            "human_to_bytes() failed to convert {text} (unit = {unit}). The suffix must be one of Y, Z, E, P, T, G, M, K, B"
        ));
    };
    let names = ["", "kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta"];
    let (short, long) = if bits { ("b", "bit") } else { ("B", "byte") };
    if unit.len() > 1 {
        let exact = if power == 0 { short.to_string() } else { format!("{first}{short}") };
        if unit.to_lowercase() != format!("{}{long}", names[power]) && unit != exact {
            let expected = if power == 0 {
                format!("expect {short} or {long}")
            } else {
                format!("expect {first}{short} or {first}")
            };
            return Err(format!("human_to_bytes() failed to convert {text}. Value is not a valid string ({expected})"));
        }
    }
    whole(round_half_even(number * 1024f64.powi(power as i32))).ok_or_else(refuse)
}

fn round_half_even(number: f64) -> f64 {
    number.round_ties_even()
}

fn whole(number: f64) -> Option<Value> {
    match number.to_i64() {
        Some(small) => Some(Value::Int(small)),
        None => BigInt::from_f64(number).map(Value::int),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_from_any_whole_number() {
        let int = |value: Value| to_int(&value);
        assert_eq!(int(Value::str(" 1e2 ")), Ok(Value::Int(100)));
        assert_eq!(int(Value::str("-5.0")), Ok(Value::Int(-5)));
        assert_eq!(int(Value::Float(3.0)), Ok(Value::Int(3)));
        assert_eq!(int(Value::str("5.5")), Err("\"'5.5'\" cannot be converted to an int".into()));
        assert_eq!(int(Value::str("1e999999999")), Err("\"'1e999999999'\" cannot be converted to an int".into()));
    }

    #[test]
    fn dicts_come_from_json_python_and_pairs() {
        for text in ["{\"a\": \"1\", \"b\": \"x y\"}", "{'a': '1', 'b': 'x y'}", "a=1, b='x y'", "a=1 b=x\\ y"] {
            assert_eq!(to_dict(&Value::str(text)).unwrap().repr(), "{'a': '1', 'b': 'x y'}", "{text}");
        }
        assert_eq!(to_dict(&Value::str("{nope")), Err("unable to evaluate string as dictionary".into()));
    }

    #[test]
    fn sizes_have_units() {
        let size = |text: &str| human_to_bytes(text, false).ok().and_then(|value| value.as_i64());
        assert_eq!(size("1.5K"), Some(1536));
        assert_eq!(size("2 MB"), Some(2 << 20));
        assert_eq!(size("10"), Some(10));
        assert_eq!(size("1 gigabyte"), Some(1 << 30));
        assert_eq!(size("1Mb"), None);
        assert_eq!(size("1X"), None);
        assert_eq!(human_to_bytes("1Mb", true).unwrap().as_i64(), Some(1 << 20));
    }
}
