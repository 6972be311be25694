//! `set_fact`: sets variables of the host.

use super::{Context, Future};
use crate::error::{Error, Result};
use crate::playbook::task::is_variable_name;
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move { set_fact(context) })
}

fn set_fact(context: &Context) -> Result<Dict> {
    let cacheable = context.flag("cacheable", false)?;
    let mut facts = Dict::new();
    for (key, value) in &context.arguments {
        let name = key.to_text();
        if name == "cacheable" {
            continue;
        }
        if name == "_raw_params" {
            return Err(Error::action(
                "No key/value pairs provided, at least one is required for this action to succeed",
            ));
        }
        if !is_variable_name(&name) {
            let message = format!(
                "The variable name '{name}' is not valid. Variables must start with a letter or underscore character, and \
                 contain only letters, numbers and underscores."
            );
            return Err(Error::action(message).at(key.origin()));
        }
        facts.insert(&*name, value.clone());
    }
    if facts.is_empty() {
        return Err(Error::action("No key/value pairs provided, at least one is required for this action to succeed"));
    }
    Ok(Dict::from_iter([
        ("ansible_facts", Value::dict(facts)),
        ("_ansible_facts_cacheable", Value::Bool(cacheable)),
        ("changed", Value::Bool(false)),
    ]))
}
