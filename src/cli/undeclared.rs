//! `--NAME=VALUE` where NAME is no option but a variable that the playbooks use: taken as `-e NAME=VALUE`, with a warning.
//!
//! Operators' manuals have such lines. A name that no playbook uses stays an error, with the nearest option or variable.

mod names;

use super::arguments::{Command, Parsed, Unknown};
use crate::error::Warning;
use crate::playbook::task::is_variable_name;
use names::Names;
use std::path::Path;

/// What became of unknown options.
#[derive(Debug, Default)]
pub struct Found {
    /// One for each option that was taken as a variable.
    pub warnings: Vec<Warning>,
    /// What the user may have meant by the others.
    pub hints: Vec<String>,
}

/// Takes unknown long options that name a variable as extra variables.
pub fn adopt(command: &Command, parsed: &mut Parsed) -> Found {
    let mut found = Found::default();
    if parsed.unknown.is_empty() || command.find("--extra-vars").is_none() {
        return found;
    }
    let mut names: Option<Names> = None;
    let (mut adopted, mut removed) = (0, 0);
    let mut left = Vec::new();
    for unknown in std::mem::take(&mut parsed.unknown) {
        let Some((name, value)) = split(&unknown) else {
            left.push(unknown);
            continue;
        };
        // a value that stands apart was taken for a playbook
        let place = unknown.before - removed;
        let apart = value.is_none() && unknown.followed && parsed.positional.len() > 1;
        let playbooks: Vec<&String> = parsed
            .positional
            .iter()
            .enumerate()
            .filter(|(at, _)| !(apart && *at == place))
            .map(|(_, path)| path)
            .collect();
        let names = names.get_or_insert_with(|| Names::of(playbooks.iter().map(|path| Path::new(path.as_str()))));
        let value = match value {
            Some(value) => Some(value.to_string()),
            None if apart && names.has(name) => {
                removed += 1;
                Some(parsed.positional.remove(place))
            }
            None => None,
        };
        match value {
            Some(value) if names.has(name) => {
                let assignment = assignment(name, &value);
                found.warnings.push(warning(command, &unknown, name, &assignment));
                parsed.insert("extra_vars", unknown.extras_before + adopted, assignment);
                adopted += 1;
            }
            _ => {
                found.hints.extend(hint(command, &unknown, name, names));
                left.push(unknown);
            }
        }
    }
    parsed.unknown = left;
    found
}

/// Name and value of `--NAME=VALUE`; none when it cannot be a variable.
fn split(unknown: &Unknown) -> Option<(&str, Option<&str>)> {
    let text = unknown.text.strip_prefix("--")?;
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    (!name.is_empty()).then_some((name, value))
}

/// The argument of `-e` that sets exactly this text.
fn assignment(name: &str, value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-+.,:/@%=".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return format!("{name}={value}");
    }
    let text = crate::value::json::to_string(&value.into(), &crate::value::json::Style::PYTHON);
    format!("{{\"{name}\": {text}}}")
}

fn warning(command: &Command, unknown: &Unknown, name: &str, assignment: &str) -> Warning {
    let written = unknown.text.split('=').next().unwrap_or(&unknown.text);
    let argument = crate::value::shlex::quote(assignment);
    Warning::new(format!(
        "{written} is no option of {}. It is taken as the extra variable '{name}', which the playbooks use.",
        command.name
    ))
    .help(format!("Write it as: -e {argument}"))
}

/// The option or variable that is most like an unknown one.
fn hint(command: &Command, unknown: &Unknown, name: &str, names: &Names) -> Option<String> {
    let written = unknown.text.split('=').next().unwrap_or(&unknown.text);
    if names.has(name) {
        return Some(format!("{written} is no option. To set the variable '{name}', give it a value: -e {name}=VALUE"));
    }
    let flags = command.options.iter().flat_map(|opt| opt.flags).filter_map(|flag| flag.strip_prefix("--"));
    let near = |known: &str| {
        let distance = strsim::damerau_levenshtein(known, name);
        (distance <= name.len().div_ceil(4).max(1)).then_some(distance)
    };
    let option = flags.filter_map(|flag| Some((near(flag)?, format!("--{flag}")))).min();
    let variable = names.iter().filter_map(|known| Some((near(known)?, known.to_string()))).min();
    match (option, variable) {
        (Some((near, option)), Some((nearer, _))) if near <= nearer => Some(format!("Did you mean {option}?")),
        (Some((_, option)), None) => Some(format!("Did you mean {option}?")),
        (_, Some((_, variable))) => {
            Some(format!("Did you mean the variable '{variable}'? It is set with -e {variable}=VALUE"))
        }
        (None, None) if is_variable_name(name) => {
            Some(format!("{written} is no option, and no playbook given uses a variable '{name}'."))
        }
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests;
