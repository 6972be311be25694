//! The options of a lookup, converted as the plugin declares them.

use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::value::{Dict, Value};
use num_bigint::BigInt;

/// Options given by name, for the lookup called `plugin`.
pub struct Options {
    plugin: &'static str,
    values: Dict,
}

impl Options {
    /// The options as they were given.
    pub fn new(plugin: &'static str, values: Dict) -> Options {
        Options { plugin, values }
    }

    /// Sets or replaces one, as inline `key=value` terms do.
    pub fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name, value);
    }

    /// The value as it was given; `None` counts as not given.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_none())
    }

    /// A text for what has no declared type: anything as `str()` prints it.
    pub fn text(&self, name: &str, default: &str) -> String {
        self.get(name).map_or_else(|| default.to_string(), arg::text)
    }

    /// `string`: texts, numbers and booleans.
    pub fn string(&self, name: &str) -> Result<Option<String>> {
        match self.get(name) {
            None => Ok(None),
            Some(value @ (Value::Str(_) | Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_))) => {
                Ok(Some(arg::text(value)))
            }
            Some(other) => Err(self.invalid(name, "string", other)),
        }
    }

    /// `bool`: what is no word for true is false.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name).map_or(default, |value| arg::boolean(value).unwrap_or(false))
    }

    /// `int`, named `kind` in the error as the plugin declares it.
    pub fn int(&self, name: &str, kind: &str) -> Result<Option<i64>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::Float(number) if number.fract() == 0.0 => Some(*number as i64),
            Value::Str(text) => whole(text),
            other => other.as_i64(),
        };
        number.map(Some).ok_or_else(|| self.invalid(name, kind, value))
    }

    /// `float`.
    pub fn float(&self, name: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::Str(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        number.map(Some).ok_or_else(|| self.invalid(name, "float", value))
    }

    /// `list`: a text is split at commas.
    pub fn list(&self, name: &str) -> Result<Option<Vec<Value>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Str(text)) => Ok(Some(text.split(',').map(|part| unquote(part.trim()).into()).collect())),
            Some(value @ (Value::List(_) | Value::Tuple(_))) => arg::items(value).map(Some),
            Some(other) => Err(self.invalid(name, "list", other)),
        }
    }

    /// `dict`.
    pub fn dict(&self, name: &str) -> Result<Dict> {
        match self.get(name) {
            None => Ok(Dict::new()),
            Some(value) => {
                let dict = arg::mapping(value).ok_or_else(|| self.invalid(name, "dict", value))?;
                Ok(Dict::clone(&dict))
            }
        }
    }

    fn invalid(&self, name: &str, kind: &str, value: &Value) -> Error {
        let plugin = self.plugin;
        let cause = Error::template(format!("Invalid value provided for '{kind}': {}", value.repr()));
        cause.context(format!("Config '{name}' for '{plugin}' lookup plugin from 'Direct' has an invalid value."))
    }
}

/// A decimal number without a fraction, in any spelling: `5`, `5.0`, `5e2`.
fn whole(text: &str) -> Option<i64> {
    let text = text.trim().replace('_', "");
    if let Ok(number) = text.parse::<BigInt>() {
        return i64::try_from(number).ok();
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

/// A text without the quotes around it.
pub fn unquote(text: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner
            && !text.ends_with(&format!("\\{quote}"))
        {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(name: &str, value: Value) -> Options {
        Options::new("sequence", [(name, value)].into_iter().collect())
    }

    #[test]
    fn integers_are_read_from_any_spelling() {
        for (text, number) in [("5", 5), (" 010 ", 10), ("1e2", 100), ("4.0", 4), ("-3", -3)] {
            assert_eq!(options("start", text.into()).int("start", "integer").unwrap(), Some(number), "{text}");
        }
        let error = options("start", "0x3".into()).int("start", "integer").unwrap_err();
        assert_eq!(
            error.one_line(),
            "Config 'start' for 'sequence' lookup plugin from 'Direct' has an invalid value: Invalid value provided for \
             'integer': '0x3'"
        );
    }

    #[test]
    fn lists_are_split_and_unquoted() {
        let list = options("chars", "a, 'b' ,\"c\"".into()).list("chars").unwrap().unwrap();
        assert_eq!(list, ["a".into(), "b".into(), "c".into()]);
    }
}
