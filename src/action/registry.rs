//! The actions by name, and what is special about their arguments. A new action is one file and one line in [`find`].

use super::context::{Action, Context};
use super::*;
use crate::error::{Error, Result};
use crate::module;
use crate::playbook::Resolved;
use crate::value::Dict;

/// The action of this name; names without one run the module of the same name.
fn find(name: &str) -> Option<Action> {
    Some(match name {
        "add_host" => add_host::run,
        "assert" => assert::run,
        "command" => command::run,
        "copy" => copy::run,
        "debug" => debug::run,
        "fail" => fail::run,
        "fetch" => fetch::run,
        "gather_facts" => gather_facts::run,
        "group_by" => group_by::run,
        "include_vars" => include_vars::run,
        "pause" => pause::run,
        "raw" => raw::run,
        "script" => script::run,
        "set_fact" => set_fact::run,
        "set_stats" => set_stats::run,
        "shell" => command::run_shell,
        "template" => template::run,
        "validate_argument_spec" => validate_argument_spec::run,
        "wait_for_connection" => wait_for_connection::run,
        _ => return None,
    })
}

const ACTIONS: &[&str] = &[
    "add_host",
    "assert",
    "command",
    "copy",
    "debug",
    "fail",
    "fetch",
    "gather_facts",
    "group_by",
    "include_vars",
    "pause",
    "raw",
    "script",
    "set_fact",
    "set_stats",
    "shell",
    "template",
    "validate_argument_spec",
    "wait_for_connection",
];

/// What the engine itself does.
const STATEMENTS: &[&str] = &["meta", "include_tasks", "include_role", "import_tasks", "import_role"];

/// The interned name of a built-in action or module; `None` for an unknown one.
pub fn builtin(name: &str) -> Option<&'static str> {
    let own = ACTIONS.iter().chain(STATEMENTS).find(|known| **known == name).copied();
    own.or_else(|| module::registry::find(name).map(|module| module.spec.name).filter(|name| !name.starts_with('_')))
}

/// All built-in names, for hints.
pub fn names() -> impl Iterator<Item = &'static str> {
    let modules = module::registry::MODULES.iter().map(|module| module.spec.name).filter(|name| !name.starts_with('_'));
    ACTIONS.iter().chain(STATEMENTS).copied().chain(modules)
}

/// Runs the task's action.
pub async fn run(context: &mut Context) -> Result<Dict> {
    if let Resolved::External { name, path } = &context.task.resolved {
        let message =
            format!("{name} is a module that is not built in ({}): running those is not built yet.", path.display());
        return Err(Error::action(message));
    }
    let name = context.task.resolved.short();
    match find(name) {
        Some(action) => action(context).await,
        None => {
            let arguments = context.arguments.clone();
            context.module(name, arguments).await
        }
    }
}

/// Arguments that are not rendered before the action runs: it renders them itself, or they are conditions.
pub fn raw_arguments(name: &str) -> &'static [&'static str] {
    match name {
        "assert" => &["that"],
        "debug" => &["var"],
        "include_tasks" | "include_role" => &["apply"],
        "validate_argument_spec" => &["argument_spec"],
        _ => &[],
    }
}

/// Whether an action runs once for all hosts.
pub fn runs_once(name: &str) -> bool {
    matches!(name, "pause" | "add_host")
}
