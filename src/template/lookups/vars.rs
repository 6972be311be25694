//! `lookup('vars', ...)` and `lookup('varnames', ...)`: variables by name.

use super::options::Options;
use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::pyregex::{self, Flags};
use crate::template::{Context, Lookup};
use crate::value::{Dict, Undefined, Value};
use std::sync::Arc;

/// The values of variables.
pub const LOOKUP: Lookup = Lookup::new("vars", run);

/// The names that match patterns.
pub const NAMES: Lookup = Lookup::new("varnames", names);

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let options = Options::new("vars", options);
    let mut values = Vec::new();
    for term in &terms {
        let Some(name) = term.as_str() else {
            let kind = term.type_name();
            return Err(Error::template(format!("Variable name must be 'str' not '{kind}'.")).at(term.origin()));
        };
        values.push(match (ctx.variable(name)?, options.get("default")) {
            (Some(value), _) => value,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                let message = format!("No variable named {} was found.", term.repr());
                Value::Undefined(Arc::new(Undefined { message, origin: term.origin().cloned(), lenient: false }))
            }
        });
    }
    Ok(values)
}

fn names(ctx: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let names = ctx.variables().names();
    let mut found = Vec::new();
    for term in &terms {
        let Some(pattern) = term.as_str() else {
            return Err(Error::template(format!(
                "Invalid setting identifier, \"{}\" is not a string, it is a {}",
                term.to_text(),
                arg::class_of(term)
            )));
        };
        let regex = pyregex::compile(pattern, Flags::default()).map_err(|why| {
            Error::template(format!("Unable to use \"{pattern}\" as a search parameter: {}", why.message()))
        })?;
        for name in &names {
            if regex.search(name)?.is_some() {
                found.push(Value::str(name.clone()));
            }
        }
    }
    Ok(found)
}
