//! `lookup('env', 'NAME', default=...)`: variables of our own environment.

use crate::error::{Error, Origin, Result};
use crate::template::{Context, Lookup};
use crate::value::{Dict, Tag, Text, Trust, Value};
use std::sync::Arc;

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("env", run);

fn run(_: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    terms.iter().map(|term| variable(term, options.get("default"))).collect()
}

fn variable(term: &Value, default: Option<&Value>) -> Result<Value> {
    let text = term
        .as_str()
        .ok_or_else(|| Error::template(format!("'{}' object has no attribute 'split'", term.type_name())))?;
    let name = text.split_whitespace().next().ok_or_else(|| Error::template("list index out of range"))?;
    match (std::env::var_os(name), default) {
        (Some(value), _) => {
            let origin = Origin::described(format!("<environment variable {}>", Value::str(name).repr()));
            let tag = Tag { origin: Some(origin), trust: Trust::Data };
            Ok(Text::tagged(value.to_string_lossy().as_ref(), Some(Arc::new(tag))).into())
        }
        (None, Some(Value::Undefined(_))) => Ok(Value::Undefined(Arc::new(crate::value::Undefined::new(format!(
            "The environment variable {} is not set.",
            Value::str(name).repr()
        ))))),
        (None, Some(value)) if !value.is_none() => Ok(value.clone()),
        (None, _) => Ok(Value::str("")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_word_names_the_variable() {
        let home = std::env::var("PATH").unwrap();
        assert_eq!(variable(&Value::str("PATH and more"), None).unwrap().as_str(), Some(home.as_str()));
    }

    #[test]
    fn an_unset_variable_gives_the_default_or_nothing() {
        assert_eq!(variable(&Value::str("HELIOSTAT_NO_SUCH"), None).unwrap(), Value::str(""));
        assert_eq!(variable(&Value::str("HELIOSTAT_NO_SUCH"), Some(&Value::Int(1))).unwrap(), Value::Int(1));
    }
}
