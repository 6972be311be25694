//! `raw`: a command line for the target's shell, with nothing of ours at the target.

use super::context::add_lines;
use super::{Context, Future, failed};
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move {
        let Some(command) = context.text("_raw_params") else {
            return Ok(failed("no command given"));
        };
        if context.check {
            return Ok(Dict::from_iter([("changed", Value::Bool(true)), ("skipped", Value::Bool(true))]));
        }
        let command = with_environment(&context.environment, &command);
        let command = match context.text("executable") {
            Some(shell) => format!("{shell} -c {}", shell_words::quote(&command)),
            None => command,
        };
        let output = context.fleet.raw(&context.target, &command, b"").await?;
        let mut result = Dict::new();
        result.insert("rc", output.rc);
        result.insert("stdout", String::from_utf8_lossy(&output.stdout).into_owned());
        result.insert("stderr", String::from_utf8_lossy(&output.stderr).into_owned());
        result.insert("changed", true);
        if output.rc != 0 {
            result.insert("msg", "non-zero return code");
            result.insert("failed", true);
        }
        add_lines(&mut result);
        Ok(result)
    })
}

fn with_environment(environment: &[(String, String)], command: &str) -> String {
    let assignments: Vec<String> =
        environment.iter().map(|(name, value)| format!("{name}={}", shell_words::quote(value))).collect();
    if assignments.is_empty() { command.to_string() } else { format!("{} {command}", assignments.join(" ")) }
}
