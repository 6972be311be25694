//! `gather_facts`: the facts of a host, from the modules that the configuration names (`setup` as a rule).

use super::{Context, Future};
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move {
        let mut arguments = context.arguments.clone();
        arguments.remove("parallel");
        let mut result = context.module("setup", arguments).await?;
        if result.get("failed").is_some_and(Value::truthy) {
            return Ok(result);
        }
        result.insert("changed", false);
        let warnings = result.remove("warnings");
        let mut facts = result.remove("ansible_facts").unwrap_or_else(|| Value::dict(Dict::new()));
        if let Value::Dict(dict) = &mut facts {
            std::sync::Arc::make_mut(dict).insert("_ansible_facts_gathered", true);
        }
        let mut clean = Dict::from_iter([("ansible_facts", facts), ("changed", Value::Bool(false))]);
        if let Some(warnings) = warnings {
            clean.insert("warnings", warnings);
        }
        if context.verbosity >= 3
            && let Some(invocation) = result.remove("invocation")
        {
            clean.insert("invocation", invocation);
        }
        Ok(clean)
    })
}
