//! `command` and `shell`: the same module, told apart by a flag.

use super::{Context, Future};

/// Runs `command`.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move {
        let mut arguments = context.arguments.clone();
        arguments.remove("warn");
        context.module("command", arguments).await
    })
}

/// Runs `shell`.
pub fn run_shell(context: &mut Context) -> Future<'_> {
    Box::pin(async move {
        let mut arguments = context.arguments.clone();
        arguments.remove("warn");
        arguments.insert("_uses_shell", true);
        context.module("command", arguments).await
    })
}
