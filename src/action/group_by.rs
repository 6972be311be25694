//! `group_by`: puts the host into a group named by a key.

use super::{Context, Future, failed};
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move {
        let Some(key) = context.text("key") else {
            return Ok(failed("the 'key' param is required when using group_by"));
        };
        let parents = match context.arguments.get("parents") {
            None | Some(Value::None) => vec![Value::str("all")],
            Some(Value::List(items)) => items.to_vec(),
            Some(one) => vec![one.clone()],
        };
        let clean = |name: &str| name.replace(' ', "-");
        Ok(Dict::from_iter([
            ("changed", Value::Bool(true)),
            ("add_group", Value::str(clean(&key))),
            ("parent_groups", Value::list(parents.iter().map(|name| Value::str(clean(&name.to_text()))))),
        ]))
    })
}
