//! The settings: what `ansible.cfg`, the environment and the defaults say, one value each.

mod catalog;
mod convert;
mod file;
#[cfg(test)]
mod tests;

pub use catalog::{Kind, Setting};

use crate::error::{Error, Result, Warning};
use crate::template::pyini::Ini;
use crate::template::pypath;
use crate::value::Value;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody says anything.
    Default,
    /// An environment variable.
    Environment(String),
    /// The configuration file.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::Environment(name) => write!(f, "env: {name}"),
            Source::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The settings of a run, all read and checked.
pub struct Config {
    file: Option<PathBuf>,
    ini: Option<Ini>,
    environment: HashMap<String, String>,
    home: String,
    values: IndexMap<&'static str, (Value, Source)>,
    warnings: Vec<Warning>,
}

impl Config {
    /// Reads the settings of this process: its environment and the first configuration file there is.
    ///
    /// # Errors
    /// A file that cannot be read, or a value that does not fit its setting.
    pub fn load() -> Result<Config> {
        let environment: HashMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut warnings = Vec::new();
        let file = file::find(&environment, &mut warnings);
        let mut config = Config::from(environment, file)?;
        config.warnings.splice(0..0, warnings);
        Ok(config)
    }

    /// Reads the settings from this environment and this file.
    pub fn from(environment: HashMap<String, String>, file: Option<PathBuf>) -> Result<Config> {
        let ini = file.as_deref().map(file::read).transpose()?;
        let (values, warnings) = Default::default();
        let mut config = Config { file, ini, environment, home: String::new(), values, warnings };
        let settings = catalog::base();
        if let Some(home) = settings.iter().find(|setting| setting.name == "ANSIBLE_HOME") {
            config.home = config.evaluate(home, None)?.0.to_text().into_owned();
        }
        for setting in settings {
            let (value, source) = config.evaluate(setting, None)?;
            if let Some(removed_in) = setting.removed_in.filter(|_| source != Source::Default) {
                let message = format!("{} option. Reason: ansible-core takes no notice of it any more.", setting.name);
                config.warnings.push(Warning::deprecated(message, removed_in));
            }
            config.values.insert(setting.name, (value, source));
        }
        Ok(config)
    }

    /// The configuration file.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What the user should know about the configuration.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The names of all settings, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.values.keys().copied()
    }

    /// A setting's value by name; `None` for an unknown one.
    pub fn get(&self, name: &str) -> Option<Value> {
        if name == "CONFIG_FILE" {
            return Some(self.file.as_ref().map_or(Value::None, |file| Value::str(file.display().to_string())));
        }
        self.values.get(name).map(|(value, _)| value.clone())
    }

    /// Where a setting's value comes from.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.values.get(name).map(|(_, source)| source)
    }

    /// A setting of a plugin: `plugin("connection", "ssh", "ssh_args")`.
    pub fn plugin(&self, kind: &str, plugin: &str, option: &str) -> Result<Value> {
        let label = || format!("'{option}' for '{plugin}' {kind} plugin");
        let found = catalog::plugin(kind, plugin).and_then(|settings| settings.iter().find(|s| s.name == option));
        let setting = found.ok_or_else(|| Error::general(format!("No config definition exists for {}.", label())))?;
        Ok(self.evaluate(setting, Some(&label()))?.0)
    }

    /// A setting of a plugin, if something says it.
    pub fn plugin_set(&self, kind: &str, plugin: &str, option: &str) -> Result<Option<Value>> {
        let found = catalog::plugin(kind, plugin).and_then(|settings| settings.iter().find(|s| s.name == option));
        let Some(setting) = found else { return Ok(None) };
        let (value, source) = self.evaluate(setting, None)?;
        Ok(Some(value).filter(|_| source != Source::Default))
    }

    /// Whether something says a setting.
    pub fn is_set(&self, name: &str) -> bool {
        self.source(name).is_some_and(|source| *source != Source::Default)
    }

    /// A boolean setting.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.truthy())
    }

    /// A number setting; 0 when unset.
    pub fn int(&self, name: &str) -> i64 {
        self.get(name).and_then(|value| value.as_i64()).unwrap_or(0)
    }

    /// A text setting; `None` when unset.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_none()).map(|value| value.to_text().into_owned())
    }

    /// A list setting, also of paths.
    pub fn list(&self, name: &str) -> Vec<String> {
        let value = self.get(name).unwrap_or_default();
        let text = |item: &Value| item.to_text().into_owned();
        value.as_slice().map(|items| items.iter().map(text).collect()).unwrap_or_default()
    }

    /// A path setting.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    fn evaluate(&self, setting: &Setting, label: Option<&str>) -> Result<(Value, Source)> {
        let (raw, source) = match self.raw(setting)? {
            Some(found) => found,
            None => (self.default_of(setting), Source::Default),
        };
        let label = label.map_or_else(|| format!("'{}'", setting.name), str::to_string);
        let base = match &source {
            Source::File(path) => path.parent().map(|dir| dir.display().to_string()),
            _ => None,
        };
        let wrong = |why: String| {
            Error::general(format!("Config {label} from '{source}' has an invalid value.")).because(Error::general(why))
        };
        let value = match convert::to_kind(&raw, setting.kind, base.as_deref()) {
            Ok(value) => value,
            // an empty variable means the default
            Err(_) if matches!(source, Source::Environment(_)) && raw.as_str() == Some("") => {
                let value = convert::to_kind(&self.default_of(setting), setting.kind, None).map_err(wrong)?;
                return Ok((value, Source::Default));
            }
            Err(why) => return Err(wrong(why)),
        };
        let value = match (&value, &source) {
            (Value::Str(text), Source::File(_)) => Value::str(convert::unquote(text)),
            _ => value,
        };
        self.check_choice(setting, &value, &label)?;
        Ok((value, source))
    }

    fn raw(&self, setting: &Setting) -> Result<Option<(Value, Source)>> {
        for name in setting.environment.iter().rev() {
            if let Some(value) = self.environment.get(*name) {
                return Ok(Some((Value::str(value.as_str()), Source::Environment((*name).to_string()))));
            }
        }
        let (Some(ini), Some(file)) = (&self.ini, &self.file) else { return Ok(None) };
        for (section, key) in setting.ini.iter().rev() {
            if ini.has_section(section)
                && let Some(Some(value)) = ini.get(section, key)?
            {
                return Ok(Some((Value::str(value), Source::File(file.clone()))));
            }
        }
        Ok(None)
    }

    fn default_of(&self, setting: &Setting) -> Value {
        match &setting.default {
            Value::Str(text) if text.contains("{{HOME}}") => Value::str(text.replace("{{HOME}}", &self.home)),
            other => other.clone(),
        }
    }

    fn check_choice(&self, setting: &Setting, value: &Value, label: &str) -> Result<()> {
        if setting.choices.is_empty() || value.is_none() {
            return Ok(());
        }
        let known = |value: &Value| setting.choices.contains(&&*value.to_text());
        let fits = match value.as_slice() {
            Some(items) => items.iter().all(known),
            None => known(value),
        };
        if fits {
            return Ok(());
        }
        let message = format!("Invalid value {} for config {label}.", value.repr());
        Err(Error::general(message).help(format!("Valid values are: {}", setting.choices.join(", "))))
    }
}

/// A path as the configuration means it: `~`, variables and `{{CWD}}` resolved, relative to `base`.
pub fn resolve_path(path: &str, base: Option<&str>) -> String {
    let cwd = pypath::cwd();
    let path = path.replace("{{CWD}}", &cwd);
    let path = pypath::expanduser(&pypath::expandvars(&path));
    pypath::normpath(&pypath::join([base.unwrap_or(&cwd), &path]))
}
