//! `set_stats`: numbers for the end of the run.

use super::{Context, Future, only};
use crate::error::{Error, Result};
use crate::playbook::task::is_variable_name;
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move { set_stats(context) })
}

fn set_stats(context: &Context) -> Result<Dict> {
    only(context, &["aggregate", "data", "per_host"])?;
    let data = match context.arguments.get("data") {
        None | Some(Value::None) => Dict::new(),
        Some(Value::Dict(dict)) => (**dict).clone(),
        Some(other) => {
            return Err(Error::action(format!(
                "The 'data' option needs to be a dictionary/hash, got {}",
                other.type_name()
            )));
        }
    };
    if let Some(key) = data.keys().find(|key| !key.as_str().is_some_and(is_variable_name)) {
        let message = format!(
            "The variable name '{}' is not valid. Variables must start with a letter or underscore character, and contain \
             only letters, numbers and underscores.",
            key.to_text()
        );
        return Err(Error::action(message));
    }
    let stats = Dict::from_iter([
        ("data", Value::dict(data)),
        ("per_host", Value::Bool(context.flag("per_host", false)?)),
        ("aggregate", Value::Bool(context.flag("aggregate", true)?)),
    ]);
    Ok(Dict::from_iter([("changed", Value::Bool(false)), ("ansible_stats", Value::dict(stats))]))
}
