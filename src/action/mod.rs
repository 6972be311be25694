//! What a task does from here: actions that work on the controller, and those that prepare a module's work at the target.
//!
//! A new action is one file and one line in [`registry`]. An action that has no entry runs the module of the same name.

mod add_host;
mod assert;
mod command;
pub mod context;
mod copy;
mod debug;
mod fail;
mod fetch;
mod gather_facts;
mod group_by;
mod include_vars;
mod pause;
mod raw;
pub mod registry;
mod script;
mod set_fact;
mod set_stats;
mod source;
mod template;
mod validate_argument_spec;
mod wait_for_connection;

pub use context::{Action, Context, Future};

use crate::error::{Error, Result};
use crate::value::{Dict, Value};

/// A failed result with a message, for actions that fail as part of their work.
pub(crate) fn failed(message: impl Into<String>) -> Dict {
    Dict::from_iter([
        ("failed", Value::Bool(true)),
        ("msg", Value::str(message.into())),
        ("changed", Value::Bool(false)),
    ])
}

/// Refuses arguments that an action does not know, in Ansible's words.
pub(crate) fn only(context: &Context, known: &[&str]) -> Result<()> {
    let mut extra: Vec<&str> =
        context.arguments.keys().filter_map(Value::as_str).filter(|key| !known.contains(key)).collect();
    if extra.is_empty() {
        return Ok(());
    }
    extra.sort_unstable();
    let mut valid = known.to_vec();
    valid.retain(|key| *key != "_raw_params");
    valid.sort_unstable();
    Err(Error::action(format!("Invalid options for {}: {}", context.task.resolved.full_name(), extra.join(",")))
        .help(format!("Supported are: {}.", valid.join(", "))))
}
