//! What options and configuration mean for the floors below: the inventory, the engine, connections, magic variables.

use super::options::Options;
use super::secrets::Passwords;
use super::version;
use crate::config::Config;
use crate::engine::{self, ConnectionDefaults, Gathering};
use crate::error::{Error, Result};
use crate::inventory::{GroupNames, Mismatch, Settings, Step};
use crate::template::Environment;
use crate::value::{Dict, Value};
use crate::yaml;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the configuration says about inventories.
pub fn inventory(
    config: &Config,
    extra: &Arc<Dict>,
    decrypt: &yaml::Decrypt,
    templates: Arc<Environment>,
) -> Result<Settings> {
    let precedence = config.list("VARIABLE_PRECEDENCE");
    let steps = precedence.iter().map(|name| {
        Step::named(name).ok_or_else(|| Error::general(format!("'{name}' is no step of VARIABLE_PRECEDENCE")))
    });
    Ok(Settings {
        enabled: config.list("INVENTORY_ENABLED"),
        ignore_extensions: config.list("INVENTORY_IGNORE_EXTS"),
        ignore_patterns: config.list("INVENTORY_IGNORE_PATTERNS"),
        group_names: match config.text("TRANSFORM_INVALID_GROUP_CHARS").as_deref() {
            Some("always") => GroupNames::Always,
            Some("silently") => GroupNames::Silently,
            Some("ignore") => GroupNames::Ignore,
            _ => GroupNames::Never,
        },
        unparsed_is_failed: config.flag("INVENTORY_UNPARSED_IS_FAILED"),
        unparsed_warning: config.flag("INVENTORY_UNPARSED_WARNING"),
        any_unparsed_is_failed: config.flag("INVENTORY_ANY_UNPARSED_IS_FAILED"),
        pattern_mismatch: match config.text("HOST_PATTERN_MISMATCH").as_deref() {
            Some("error") => Mismatch::Error,
            Some("ignore") => Mismatch::Ignore,
            _ => Mismatch::Warning,
        },
        localhost_warning: config.flag("LOCALHOST_WARNING"),
        yaml_extensions: config.list("YAML_FILENAME_EXTENSIONS"),
        yaml_inventory_extensions: strings(&config.plugin("inventory", "yaml", "yaml_extensions")?),
        precedence: steps.collect::<Result<Vec<_>>>()?,
        merge_hashes: config.text("DEFAULT_HASH_BEHAVIOUR").as_deref() == Some("merge"),
        script_stderr: config.plugin("inventory", "script", "always_show_stderr")?.truthy(),
        yaml: yaml::Options {
            duplicates: duplicates(config),
            decrypt: Some(decrypt.clone()),
            ..yaml::Options::default()
        },
        extra_vars: extra.clone(),
        use_extra_vars: config.plugin("inventory", "constructed", "use_extra_vars")?.truthy(),
        templates,
    })
}

fn duplicates(config: &Config) -> yaml::Duplicates {
    match config.text("DUPLICATE_YAML_DICT_KEY").as_deref() {
        Some("error") => yaml::Duplicates::Error,
        Some("ignore") => yaml::Duplicates::Ignore,
        _ => yaml::Duplicates::Warn,
    }
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_slice().unwrap_or_default();
    items.iter().map(|item| item.to_text().into_owned()).collect()
}

/// Variables that come from the command line and the configuration.
pub fn magic(config: &Config, options: &Options) -> Dict {
    let mut magic = Dict::new();
    magic.insert("ansible_version", version::variable());
    let names = [
        ("check", "check_mode"),
        ("diff", "diff_mode"),
        ("forks", "forks"),
        ("inventory", "inventory_sources"),
        ("skip_tags", "skip_tags"),
        ("subset", "limit"),
        ("tags", "run_tags"),
        ("verbosity", "verbosity"),
    ];
    for (dest, alias) in names {
        if let Some(value) = options.values.get(dest) {
            magic.insert(format!("ansible_{alias}"), value.clone());
        }
    }
    magic.insert("ansible_config_file", config.get("CONFIG_FILE").unwrap_or_default());
    magic.insert("ansible_playbook_python", python());
    magic
}

/// The Python of this machine, for `ansible_playbook_python`.
fn python() -> Value {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join("python3")).find(|path| path.is_file());
    Value::str(found.map_or_else(|| "/usr/bin/python3".into(), |path| path.display().to_string()))
}

/// How the run is to go.
pub fn run(config: &Config, options: &Options, passwords: &Passwords) -> Result<engine::Options> {
    Ok(engine::Options {
        forks: options.int("forks").and_then(|forks| usize::try_from(forks).ok()).unwrap_or(5),
        check: options.flag("check"),
        diff: options.flag("diff"),
        verbosity: options.verbosity(),
        force_handlers: options.flag("force_handlers"),
        tags: options.selection(),
        start_at_task: options.text("start_at_task"),
        step: options.flag("step"),
        limit: options.text("subset"),
        gathering: match config.text("DEFAULT_GATHERING").as_deref() {
            Some("explicit") => Gathering::Explicit,
            Some("smart") => Gathering::Smart,
            _ => Gathering::Implicit,
        },
        strategy: config.text("DEFAULT_STRATEGY").unwrap_or_else(|| "linear".into()),
        error_on_missing_handler: config.flag("ERROR_ON_MISSING_HANDLER"),
        any_errors_fatal: config.flag("ANY_ERRORS_FATAL"),
        connection: connection(config, options, passwords)?,
        debugger: config.flag("ENABLE_TASK_DEBUGGER"),
        interactive: std::io::stdin().is_terminal(),
    })
}

fn connection(config: &Config, options: &Options, passwords: &Passwords) -> Result<ConnectionDefaults> {
    let ssh = |option: &str| config.plugin("connection", "ssh", option);
    let text = |value: Value| if value.is_none() { None } else { Some(value.to_text().into_owned()) };
    let given_or = |dest: &str, value: Value| options.text(dest).or_else(|| text(value));
    let seconds = match options.int("timeout") {
        Some(seconds) => seconds,
        None => ssh("timeout")?.as_i64().unwrap_or(10),
    };
    let method = options.text("become_method").unwrap_or_else(|| "sudo".into());
    let escalation = |option: &str, setting: &str| -> Result<Option<String>> {
        let short = method.rsplit('.').next().unwrap_or(&method);
        match config.plugin_set("become", short, option)? {
            Some(value) => Ok(text(value)),
            None if config.is_set(setting) => Ok(config.text(setting)),
            None => Ok(None),
        }
    };
    let become_password = match &passwords.becoming {
        Some(password) => Some(password.clone()),
        None => escalation("become_pass", "")?.map(crate::connection::Secret::new),
    };
    Ok(ConnectionDefaults {
        transport: options.text("connection").unwrap_or_else(|| "ssh".into()),
        user: options.text("remote_user"),
        port: config
            .get("DEFAULT_REMOTE_PORT")
            .and_then(|port| port.as_i64())
            .and_then(|port| u16::try_from(port).ok()),
        password: passwords.connection.clone(),
        private_key: options.text("private_key_file").map(PathBuf::from),
        timeout: Duration::from_secs(u64::try_from(seconds).unwrap_or(10)),
        ssh_args: text(ssh("ssh_args")?).unwrap_or_default(),
        ssh_common_args: given_or("ssh_common_args", ssh("ssh_common_args")?).unwrap_or_default(),
        ssh_extra_args: given_or("ssh_extra_args", ssh("ssh_extra_args")?).unwrap_or_default(),
        ssh_executable: text(ssh("ssh_executable")?).unwrap_or_else(|| "ssh".into()),
        host_key_checking: ssh("host_key_checking")?.truthy(),
        retries: ssh("reconnection_retries")?.as_i64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        remote_tmp: text(config.plugin("shell", "sh", "remote_tmp")?).unwrap_or_else(|| "~/.ansible/tmp".into()),
        executable: config.text("DEFAULT_EXECUTABLE").unwrap_or_else(|| "/bin/sh".into()),
        becoming: options.flag("become"),
        become_user: match options.text("become_user") {
            Some(user) => user,
            None => escalation("become_user", "DEFAULT_BECOME_USER")?.unwrap_or_else(|| "root".into()),
        },
        become_exe: escalation("become_exe", "DEFAULT_BECOME_EXE")?,
        become_flags: escalation("become_flags", "DEFAULT_BECOME_FLAGS")?,
        become_password,
        become_method: method,
    })
}
