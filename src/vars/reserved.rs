//! Names that mean something to Ansible itself: a variable that has one is asking for trouble.

use crate::error::{Origin, Warning};

/// Keywords of plays, roles, blocks and tasks, and functions of templates.
const NAMES: &[&str] = &[
    "action",
    "always",
    "any_errors_fatal",
    "args",
    "async",
    "async_val",
    "become",
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "block",
    "changed_when",
    "check_mode",
    "collections",
    "connection",
    "cycler",
    "debugger",
    "delay",
    "delegate_facts",
    "delegate_to",
    "dict",
    "diff",
    "environment",
    "fact_path",
    "failed_when",
    "force_handlers",
    "gather_facts",
    "gather_timeout",
    "handlers",
    "hosts",
    "ignore_errors",
    "ignore_unreachable",
    "joiner",
    "lipsum",
    "local_action",
    "lookup",
    "loop",
    "loop_control",
    "loop_with",
    "max_fail_percentage",
    "module_defaults",
    "name",
    "namespace",
    "no_log",
    "notify",
    "now",
    "omit",
    "order",
    "poll",
    "port",
    "post_tasks",
    "pre_tasks",
    "q",
    "query",
    "range",
    "register",
    "remote_user",
    "rescue",
    "retries",
    "roles",
    "run_once",
    "serial",
    "strategy",
    "tags",
    "tasks",
    "throttle",
    "timeout",
    "undef",
    "until",
    "vars_files",
    "vars_prompt",
    "when",
    "with_",
];

/// Whether a variable should not have this name.
pub fn is_reserved(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The warning about a variable with a reserved name.
pub fn warning(name: &str, origin: Option<&Origin>) -> Warning {
    let warning = Warning::new(format!("Found variable using reserved name '{name}'.")).at(origin);
    match origin {
        Some(origin) if origin.is_file() => warning,
        // a source that cannot be shown again: the name itself is
        Some(_) => warning.help(name),
        None => warning,
    }
}
