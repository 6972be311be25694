//! Which settings there are: names, types, defaults, and where their values are looked for.

use crate::value::{Value, json};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Taken as it comes.
    Any,
    /// yes or no; anything unknown is no.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Separated by commas.
    List,
    /// A mapping.
    Dict,
    /// A text.
    Text,
    /// A path, relative to the configuration file.
    Path,
    /// Paths, separated by colons.
    PathSpec,
    /// Paths, separated by commas.
    PathList,
}

impl Kind {
    /// The type as error messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Any => "any",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::List => "list",
            Kind::Dict => "dict",
            Kind::Text => "string",
            Kind::Path => "path",
            Kind::PathSpec => "pathspec",
            Kind::PathList => "pathlist",
        }
    }

    fn named(name: &str) -> Option<Kind> {
        Some(match name {
            "any" | "raw" => Kind::Any,
            "bool" => Kind::Bool,
            "int" | "integer" => Kind::Int,
            "float" => Kind::Float,
            "list" => Kind::List,
            "dict" => Kind::Dict,
            "string" => Kind::Text,
            "path" | "tmppath" => Kind::Path,
            "pathspec" => Kind::PathSpec,
            "pathlist" => Kind::PathList,
            _ => return None,
        })
    }
}

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Environment variables; the last that is set counts.
    pub environment: Vec<&'static str>,
    /// Sections and keys in the configuration file; the last that is there counts.
    pub ini: Vec<(&'static str, &'static str)>,
    /// What it is when nobody says anything.
    pub default: Value,
    /// The values it can have; none named, any.
    pub choices: Vec<&'static str>,
    /// The version of ansible-core that will know it no more.
    pub removed_in: Option<&'static str>,
}

const BASE: &str = include_str!("catalog.txt");
const PLUGINS: &str = include_str!("plugins.txt");

/// All settings that belong to no plugin, sorted by name.
pub fn base() -> &'static [Setting] {
    static SETTINGS: OnceLock<Vec<Setting>> = OnceLock::new();
    SETTINGS.get_or_init(|| BASE.lines().filter_map(parse).collect())
}

type Plugins = HashMap<(&'static str, &'static str), Vec<Setting>>;

/// The settings of a plugin.
pub fn plugin(kind: &str, name: &str) -> Option<&'static [Setting]> {
    static SETTINGS: OnceLock<Plugins> = OnceLock::new();
    let plugins = SETTINGS.get_or_init(|| {
        let mut plugins = Plugins::new();
        let mut section = None;
        for line in PLUGINS.lines() {
            if let Some(heading) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = heading.split_once(' ');
            } else if let (Some(section), Some(setting)) = (section, parse(line)) {
                plugins.entry(section).or_default().push(setting);
            }
        }
        plugins
    });
    let found = plugins.iter().find(|((known_kind, known_name), _)| *known_kind == kind && *known_name == name);
    found.map(|(_, settings)| settings.as_slice())
}

/// A line of a table; `None` for comments.
fn parse(line: &'static str) -> Option<Setting> {
    if line.starts_with('#') {
        return None;
    }
    let cells: Vec<&'static str> = line.split(" | ").collect();
    let &[name, kind, environment, ini, default, choices, removed_in] = cells.as_slice() else { return None };
    let words = |cell: &'static str| cell.split_whitespace().filter(|word| *word != "-").collect::<Vec<_>>();
    let default = match default {
        "-" => Value::None,
        text => json::parse(text).ok()?,
    };
    Some(Setting {
        name,
        kind: Kind::named(kind)?,
        environment: words(environment),
        ini: words(ini).into_iter().filter_map(|place| place.split_once('.')).collect(),
        default,
        choices: words(choices),
        removed_in: Some(removed_in).filter(|version| *version != "-"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_a_setting() {
        let settings = |text: &str| text.lines().filter(|line| !line.starts_with(['#', '['])).count();
        assert_eq!(base().len(), settings(BASE));
        assert!(base().len() > 200);
        let wrong = |line: &&'static str| !line.starts_with(['#', '[']) && parse(line).is_none();
        assert_eq!(PLUGINS.lines().find(wrong), None);
    }

    #[test]
    fn plugins_have_settings_of_their_own() {
        let ssh = plugin("connection", "ssh").unwrap();
        let retries = ssh.iter().find(|setting| setting.name == "reconnection_retries").unwrap();
        assert_eq!(retries.ini, [("connection", "retries"), ("ssh_connection", "retries")]);
        assert!(plugin("connection", "nope").is_none());
    }
}
