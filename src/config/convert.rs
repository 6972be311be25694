//! Values of settings from what files and variables say.

use super::catalog::Kind;
use super::resolve_path;
use crate::value::Value;

/// The value as its type wants it; the problem comes as a sentence. `base` is where relative paths start.
pub fn to_kind(value: &Value, kind: Kind, base: Option<&str>) -> Result<Value, String> {
    if value.is_none() {
        return Ok(Value::None);
    }
    let converted = match kind {
        Kind::Any => Some(value.clone()),
        Kind::Bool => Some(Value::Bool(value.to_bool().unwrap_or(false))),
        Kind::Int => int(value),
        Kind::Float => float(value),
        Kind::List => list(value),
        Kind::Dict => Some(value.clone()).filter(|value| value.as_dict().is_some()),
        Kind::Text => text(value),
        Kind::Path => value.as_str().map(|path| Value::str(resolve_path(path, base))),
        Kind::PathSpec => paths(value, ':', base),
        Kind::PathList => paths(value, ',', base),
    };
    converted.ok_or_else(|| format!("Invalid value provided for '{}': {}", kind.name(), value.repr()))
}

fn int(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(flag) => Some(Value::Int(i64::from(*flag))),
        Value::Int(_) | Value::BigInt(_) => Some(value.clone()),
        Value::Float(number) => whole(*number),
        Value::Str(text) => match text.trim().parse::<i64>() {
            Ok(number) => Some(Value::Int(number)),
            Err(_) => text.trim().parse().ok().and_then(whole),
        },
        _ => None,
    }
}

fn whole(number: f64) -> Option<Value> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(Value::Int(number as i64))
}

fn float(value: &Value) -> Option<Value> {
    match value {
        Value::Str(text) => text.trim().parse().ok().map(Value::Float),
        other => other.as_f64().map(Value::Float),
    }
}

fn text(value: &Value) -> Option<Value> {
    match value {
        Value::Str(_) => Some(value.clone()),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => Some(Value::str(value.to_text())),
        _ => None,
    }
}

fn list(value: &Value) -> Option<Value> {
    match value {
        Value::List(_) => Some(value.clone()),
        Value::Tuple(items) => Some(Value::List(items.clone())),
        Value::Str(text) => Some(Value::list(text.split(',').map(|item| Value::str(unquote(item.trim()))))),
        _ => None,
    }
}

fn paths(value: &Value, separator: char, base: Option<&str>) -> Option<Value> {
    let resolve = |path: &str| Value::str(resolve_path(path, base));
    match value {
        Value::Str(text) if separator == ',' => {
            Some(Value::list(text.split(separator).map(|path| resolve(path.trim()))))
        }
        Value::Str(text) => Some(Value::list(text.split(separator).map(resolve))),
        Value::List(items) => {
            let paths: Option<Vec<Value>> = items.iter().map(|item| item.as_str().map(resolve)).collect();
            paths.map(Value::list)
        }
        _ => None,
    }
}

/// A text without the pair of quotes around it.
pub fn unquote(text: &str) -> &str {
    let quoted = |quote: char| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.ends_with('\\')).then_some(inner)
    };
    if text.len() < 2 { text } else { quoted('"').or_else(|| quoted('\'')).unwrap_or(text) }
}
