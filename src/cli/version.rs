//! `--version`.

use crate::config::Config;

/// The ansible-core whose behaviour this is.
pub const CORE: &str = "2.19.14";

/// What `--version` shows, and `-vv` before anything else.
pub fn text(program: &str, config: &Config) -> String {
    let file = config.file().map_or_else(|| "None".into(), |file| file.display().to_string());
    let modules: Vec<String> = config.list("DEFAULT_MODULE_PATH").iter().map(|path| format!("'{path}'")).collect();
    let executable = std::env::current_exe().map_or_else(|_| "unknown".into(), |path| path.display().to_string());
    format!(
        "{program} [core {CORE}]\n  \
         config file = {file}\n  \
         configured module search path = [{}]\n  \
         ansible collection location = {}\n  \
         executable location = {executable}\n  \
         heliostat version = {} (no Python needed)",
        modules.join(", "),
        config.list("COLLECTIONS_PATHS").join(":"),
        env!("CARGO_PKG_VERSION"),
    )
}

/// The variable `ansible_version`.
pub fn variable() -> crate::value::Value {
    use crate::value::{Dict, Value};
    let numbers: Vec<i64> = CORE.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    let number = |at: usize| Value::Int(numbers.get(at).copied().unwrap_or(0));
    Value::dict(Dict::from_iter([
        ("string", Value::str(CORE)),
        ("full", Value::str(CORE)),
        ("major", number(0)),
        ("minor", number(1)),
        ("revision", number(2)),
    ]))
}
