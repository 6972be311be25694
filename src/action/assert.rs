//! `assert`: fails unless all conditions hold.

use super::{Context, Future, only};
use crate::error::{Error, Result};
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move { assert(context) })
}

fn assert(context: &Context) -> Result<Dict> {
    only(context, &["fail_msg", "msg", "quiet", "success_msg", "that"])?;
    let message = |name: &str| context.arguments.get(name).filter(|value| !value.is_none()).cloned();
    let fail_message = message("fail_msg").or_else(|| message("msg")).unwrap_or_else(|| Value::str("Assertion failed"));
    let success = message("success_msg").unwrap_or_else(|| Value::str("All assertions passed"));
    let quiet = context.flag("quiet", false)?;
    let that = match context.arguments.get("that") {
        None => return Err(Error::action("conditional required in \"that\" string")),
        Some(Value::List(items)) => items.to_vec(),
        Some(Value::Str(text)) if text.is_template() => match context.templar.template(&Value::Str(text.clone()))? {
            Value::List(items) => items.to_vec(),
            _ => vec![Value::Str(text.clone())],
        },
        Some(one) => vec![one.clone()],
    };
    let mut result = Dict::new();
    if !quiet {
        result.insert("_ansible_verbose_always", true);
    }
    for condition in &that {
        if !context.templar.conditional(condition)? {
            result.insert("failed", true);
            result.insert("evaluated_to", false);
            result.insert("assertion", condition.untrusted());
            result.insert("msg", fail_message);
            result.insert("changed", false);
            return Ok(result);
        }
    }
    result.insert("changed", false);
    result.insert("msg", success);
    Ok(result)
}
