//! Takes secrets out of a result.

use crate::value::{Dict, Value};
use std::borrow::Cow;

const WHOLE: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";
const PART: &str = "********";

/// The result without the secrets: a text or number that is one is replaced by a notice, one that holds one by stars.
/// Booleans and null stay.
pub fn mask(result: &Dict, secrets: &[String]) -> Dict {
    let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).filter(|secret| !secret.is_empty()).collect();
    // the longest first: one secret may be a part of another
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    if secrets.is_empty() {
        return result.clone();
    }
    mask_dict(result, &secrets)
}

fn mask_dict(dict: &Dict, secrets: &[&str]) -> Dict {
    dict.iter().map(|(key, value)| (key.clone(), mask_value(value, secrets))).collect()
}

fn mask_value(value: &Value, secrets: &[&str]) -> Value {
    match value {
        Value::Str(text) => match mask_text(text, secrets) {
            Cow::Borrowed(_) => value.clone(),
            Cow::Owned(masked) => Value::str(masked),
        },
        Value::Bytes(bytes) => match mask_text(&String::from_utf8_lossy(bytes), secrets) {
            Cow::Owned(masked) if secrets.iter().any(|secret| contains(bytes, secret.as_bytes())) => Value::str(masked),
            _ => value.clone(),
        },
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            let text = value.to_text();
            if secrets.iter().any(|secret| text.contains(secret)) { Value::str(WHOLE) } else { value.clone() }
        }
        Value::List(items) => Value::list(items.iter().map(|item| mask_value(item, secrets))),
        Value::Tuple(items) => Value::tuple(items.iter().map(|item| mask_value(item, secrets))),
        Value::Dict(dict) => Value::dict(mask_dict(dict, secrets)),
        other => other.clone(),
    }
}

fn contains(bytes: &[u8], secret: &[u8]) -> bool {
    memchr::memmem::find(bytes, secret).is_some()
}

/// A text without the secrets.
pub fn mask_text<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    if secrets.contains(&text) {
        return Cow::Owned(WHOLE.into());
    }
    let mut masked = Cow::Borrowed(text);
    for secret in secrets {
        if masked.contains(secret) {
            masked = Cow::Owned(masked.replace(secret, PART));
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_everywhere() {
        let mut result = Dict::new();
        result.insert("a", "pw");
        result.insert("b", Value::list([Value::str("x pwd y pw z"), Value::Int(7012), Value::Bool(true)]));
        let masked = mask(&result, &["pw".into(), "pwd".into(), "701".into(), String::new()]);
        assert_eq!(
            Value::dict(masked).repr(),
            "{'a': 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER', \
             'b': ['x ******** y ******** z', 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER', True]}"
        );
    }
}
