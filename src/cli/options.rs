//! The options in force: what the command line gives, and the configuration where it is silent.

use super::arguments::{Action, Command, Parsed};
use super::front;
use crate::config::{Config, resolve_path};
use crate::error::Warning;
use crate::playbook::tags::Selection;
use crate::template::pypath;
use crate::value::{Dict, Value};

/// The options of a command that runs tasks or shows an inventory.
pub struct Options {
    /// By name, in the order of the command's table; what is not set is missing.
    pub values: Dict,
    /// The arguments that are no options.
    pub positional: Vec<String>,
    /// Deprecated spellings that were used.
    pub warnings: Vec<Warning>,
}

/// The setting behind an option that is not given.
fn setting_of(dest: &str) -> Option<&'static str> {
    Some(match dest {
        "verbosity" => "DEFAULT_VERBOSITY",
        "private_key_file" => "DEFAULT_PRIVATE_KEY_FILE",
        "remote_user" => "DEFAULT_REMOTE_USER",
        "connection" => "DEFAULT_TRANSPORT",
        "ask_pass" => "DEFAULT_ASK_PASS",
        "connection_password_file" => "CONNECTION_PASSWORD_FILE",
        "force_handlers" => "DEFAULT_FORCE_HANDLERS",
        "become" => "DEFAULT_BECOME",
        "become_method" => "DEFAULT_BECOME_METHOD",
        "become_ask_pass" => "DEFAULT_BECOME_ASK_PASS",
        "become_password_file" => "BECOME_PASSWORD_FILE",
        "tags" => "TAGS_RUN",
        "skip_tags" => "TAGS_SKIP",
        "diff" => "DIFF_ALWAYS",
        "ask_vault_pass" => "DEFAULT_ASK_VAULT_PASS",
        "forks" => "DEFAULT_FORKS",
        "basedir" => "PLAYBOOK_DIR",
        "task_timeout" => "TASK_TIMEOUT",
        "poll_interval" => "DEFAULT_POLL_INTERVAL",
        "module_name" => "DEFAULT_MODULE_NAME",
        "module_args" => "DEFAULT_MODULE_ARGS",
        "export" => "INVENTORY_EXPORT",
        _ => return None,
    })
}

impl Options {
    /// The options in force. A value that cannot be is told, and gives the exit code.
    pub fn new(command: &Command, parsed: &Parsed, config: &Config) -> Result<Options, u8> {
        let mut values = Dict::new();
        for opt in &command.options {
            if let Some(value) = value_of(opt.dest, opt.action, parsed, config).filter(|value| !value.is_none()) {
                values.insert(opt.dest, value);
            }
        }
        let mut options = Options { values, positional: parsed.positional.clone(), warnings: Vec::new() };
        options.settle(command, parsed, config)?;
        Ok(options)
    }

    fn settle(&mut self, command: &Command, parsed: &Parsed, config: &Config) -> Result<(), u8> {
        if command.find("--tags").is_some_and(|opt| opt.dest == "tags") {
            let given = !self.list("tags").is_empty() || !self.list("skip_tags").is_empty();
            let mut tags = split_tags(&self.list("tags"));
            if tags.is_empty() {
                tags = vec!["all".into()];
            }
            if self.flag("listtags") && !given {
                tags = vec!["never".into(), "all".into()];
            }
            self.values.insert("tags", strings(&tags));
            let skip = split_tags(&self.list("skip_tags"));
            self.values.insert("skip_tags", strings(&skip));
        }
        if command.find("--inventory").is_some() {
            let mut sources = self.list("inventory");
            if sources.is_empty() {
                sources = config.list("DEFAULT_HOST_LIST");
            }
            let whole =
                |source: &String| if source.contains(',') { source.clone() } else { resolve_path(source, None) };
            self.values.insert("inventory", strings(&sources.iter().map(whole).collect::<Vec<_>>()));
        }
        if parsed.used.contains(&"--inventory-file") {
            let message = "The '--inventory-file' argument is deprecated.";
            self.warnings.push(Warning::deprecated(message, "2.23").help("Use -i or --inventory instead."));
        }
        if command.find("--forks").is_some() && self.int("forks").unwrap_or(0) < 1 {
            return Err(front::refused(command, "The number of processes (--forks) must be >= 1"));
        }
        Ok(())
    }

    /// Whether an option is on.
    pub fn flag(&self, dest: &str) -> bool {
        self.values.get(dest).is_some_and(Value::truthy)
    }

    /// A text.
    pub fn text(&self, dest: &str) -> Option<String> {
        self.values.get(dest).map(|value| value.to_text().into_owned())
    }

    /// A number.
    pub fn int(&self, dest: &str) -> Option<i64> {
        self.values.get(dest).and_then(Value::as_i64)
    }

    /// A list of texts.
    pub fn list(&self, dest: &str) -> Vec<String> {
        let items = self.values.get(dest).and_then(Value::as_slice).unwrap_or_default();
        items.iter().map(|item| item.to_text().into_owned()).collect()
    }

    /// `-v` count.
    pub fn verbosity(&self) -> u8 {
        self.int("verbosity").and_then(|count| u8::try_from(count).ok()).unwrap_or(0)
    }

    /// `--tags` and `--skip-tags`.
    pub fn selection(&self) -> Selection {
        Selection { only: self.list("tags"), skip: self.list("skip_tags") }
    }

    /// The options as `-vvvv` shows them.
    pub fn shown(&self) -> Vec<(String, String)> {
        let set = self.values.iter().filter(|(_, value)| value.truthy());
        let shown = |value: &Value| match value {
            Value::List(items) => Value::Tuple(items.clone()).repr(),
            other => other.to_text().into_owned(),
        };
        set.map(|(name, value)| (name.to_text().into_owned(), shown(value))).collect()
    }
}

fn value_of(dest: &'static str, action: Action, parsed: &Parsed, config: &Config) -> Option<Value> {
    let default = || setting_of(dest).and_then(|name| config.get(name));
    match action {
        Action::Help | Action::Version => None,
        Action::Flag => {
            Some(if parsed.flag(dest) { Value::Bool(true) } else { default().unwrap_or(Value::Bool(false)) })
        }
        Action::Count => {
            let base = default().and_then(|value| value.as_i64()).unwrap_or(0);
            Some(Value::Int(base + i64::try_from(parsed.count(dest)).unwrap_or(0)))
        }
        Action::Int => parsed.int(dest).map(Value::Int).or_else(default),
        Action::Store => match parsed.value(dest) {
            Some(value) if is_path(dest) => Some(Value::str(full_path(value))),
            Some(value) => Some(Value::str(value)),
            None => default(),
        },
        Action::Append => Some(appended(dest, parsed, default())),
    }
}

fn is_path(dest: &str) -> bool {
    matches!(dest, "private_key_file" | "connection_password_file" | "become_password_file" | "basedir")
}

/// A path of the command line: links followed; `-` stays.
fn full_path(path: &str) -> String {
    if path == "-" { path.to_string() } else { pypath::realpath(&resolve_path(path, None)) }
}

fn appended(dest: &'static str, parsed: &Parsed, default: Option<Value>) -> Value {
    let given = parsed.values(dest);
    let mut values: Vec<String> = match &default {
        Some(value) => value.as_slice().unwrap_or_default().iter().map(|item| item.to_text().into_owned()).collect(),
        None => Vec::new(),
    };
    match dest {
        // the last given comes first
        "module_path" => {
            let paths =
                |text: &String| text.split(':').filter(|path| !path.is_empty()).map(full_path).collect::<Vec<_>>();
            values = given.iter().rev().flat_map(paths).collect();
        }
        "extra_vars" => values.extend(given.iter().map(|text| match text.strip_prefix('@') {
            Some(path) => format!("@{}", full_path(path)),
            None => text.clone(),
        })),
        "vault_password_files" => values.extend(given.iter().map(|path| match path.as_str() {
            "-" => "-".to_string(),
            path => resolve_path(path, None),
        })),
        _ => values.extend(given.iter().cloned()),
    }
    strings(&values)
}

fn split_tags(given: &[String]) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in given.iter().flat_map(|tags| tags.split(',')).map(str::trim) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_string());
        }
    }
    tags
}

fn strings(values: &[String]) -> Value {
    Value::list(values.iter().map(|value| Value::str(value.as_str())))
}
