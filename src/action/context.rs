//! What an action sees of its task, and how it reaches the target.

use crate::connection::Fleet;
use crate::connection::Target;
use crate::connection::fleet::{Job, Payload, Reply};
use crate::error::{Error, Result};
use crate::event;
use crate::playbook::{Loader, Task};
use crate::template::Variables;
use crate::template::templar::Templar;
use crate::value::{Dict, Value};
use crate::vars::View;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The work of an action.
pub type Future<'a> = Pin<Box<dyn std::future::Future<Output = Result<Dict>> + Send + 'a>>;

/// An action: gives the task's result, `failed: true` in it when it failed, or an error.
pub type Action = for<'a> fn(&'a mut Context) -> Future<'a>;

/// One execution of a task (or of one item of its loop) on one host.
pub struct Context {
    /// The task.
    pub task: Arc<Task>,
    /// The inventory's name of the host whose variables count.
    pub host: Arc<str>,
    /// The arguments, rendered.
    pub arguments: Dict,
    /// Renders more (documents, conditions) with the task's variables.
    pub templar: Templar,
    /// The task's variables.
    pub view: Arc<View>,
    /// Where it runs and as whom.
    pub target: Target,
    /// The open connections.
    pub fleet: Arc<Fleet>,
    /// Reads files of the playbook.
    pub loader: Arc<Loader>,
    /// Where events go.
    pub events: event::Sender,
    /// Check mode.
    pub check: bool,
    /// Diff mode.
    pub diff: bool,
    /// `-v` count.
    pub verbosity: u8,
    /// `no_log`.
    pub no_log: bool,
    /// `environment:`, merged.
    pub environment: Vec<(String, String)>,
    /// `timeout:`.
    pub timeout: Option<Duration>,
    /// Set when a failure came from a module at the target, not from the action itself.
    pub module_failed: bool,
}

impl Context {
    /// Runs a native module at the target; one round trip.
    pub async fn module(&mut self, name: &str, arguments: Dict) -> Result<Dict> {
        Ok(self.module_with(name, arguments, Vec::new()).await?.result)
    }

    /// Runs a native module at the target with content that goes along.
    pub async fn module_with(&mut self, name: &str, arguments: Dict, payloads: Vec<Payload>) -> Result<Reply> {
        let job = Job {
            name: self.module_name(name),
            module: name.to_string(),
            arguments,
            check: self.check,
            diff: self.diff,
            verbosity: self.verbosity,
            environment: self.environment.clone(),
            payloads,
            no_log: self.no_log,
            timeout: self.timeout,
        };
        let mut reply = self.fleet.run(&self.target, job).await?;
        if reply.result.get("failed").is_some_and(Value::truthy) {
            self.module_failed = true;
        }
        add_lines(&mut reply.result);
        Ok(reply)
    }

    /// The module's name as its messages give it.
    fn module_name(&self, name: &str) -> String {
        match self.task.resolved.short() == name {
            true => self.task.action.clone(),
            false => format!("ansible.legacy.{name}"),
        }
    }

    /// A variable of the task, rendered.
    pub fn variable(&self, name: &str) -> Result<Option<Value>> {
        self.view.raw(name).map(|raw| self.templar.template(&raw)).transpose()
    }

    /// An argument as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.arguments.get(name).filter(|value| !value.is_none()).map(|value| value.to_text().into_owned())
    }

    /// An argument as boolean, with a default; a value that is none is an error.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.arguments.get(name) {
            None | Some(Value::None) => Ok(default),
            Some(value) => value.to_bool().ok_or_else(|| {
                Error::action(format!(
                    "argument '{name}' is of type {} and we were unable to convert to bool: The value {} is not a valid boolean.",
                    value.type_name(),
                    value.repr()
                ))
            }),
        }
    }

    /// A file of the controller for this task: absolute, or searched in the role's and the playbook's `kind` folder
    /// (`files`, `templates`, `vars`) and then beside them.
    pub fn find_file(&self, kind: &str, name: &str) -> Result<PathBuf> {
        let name = expand_home(name);
        let path = Path::new(&name);
        if path.is_absolute() {
            return if path.exists() { Ok(path.to_path_buf()) } else { Err(missing(&name, &[])) };
        }
        let places = self.search_places(kind);
        let found = places.iter().map(|place| place.join(path)).find(|candidate| candidate.exists());
        found.ok_or_else(|| missing(&name, &places))
    }

    /// The directories searched by [`Context::find_file`], in order.
    pub fn search_places(&self, kind: &str) -> Vec<PathBuf> {
        let raw = self.view.raw("ansible_search_path");
        let bases: Vec<PathBuf> = raw
            .as_ref()
            .and_then(Value::as_slice)
            .unwrap_or_default()
            .iter()
            .filter_map(|base| base.as_str().map(PathBuf::from))
            .collect();
        bases.iter().flat_map(|base| [base.join(kind), base.clone()]).collect()
    }
}

fn expand_home(name: &str) -> String {
    match (name.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => name.to_string(),
    }
}

/// The error for a file that is nowhere, in Ansible's words.
fn missing(name: &str, places: &[PathBuf]) -> Error {
    let mut message = format!("Could not find or access '{name}'");
    if !places.is_empty() {
        message.push_str("\nSearched in:");
        for place in places {
            message.push_str(&format!("\n\t{}", place.join(name).display()));
        }
        message.push_str(" on the Ansible Controller.");
    } else {
        message.push_str(" on the Ansible Controller.");
    }
    message
        .push_str("\nIf you are using a module and expect the file to exist on the remote, see the remote_src option");
    Error::action(message)
}

/// Adds `stdout_lines` and `stderr_lines` where a module gave the texts.
pub fn add_lines(result: &mut Dict) {
    for (name, lines) in [("stdout", "stdout_lines"), ("stderr", "stderr_lines")] {
        if result.contains(lines) {
            continue;
        }
        if let Some(text) = result.get(name).and_then(Value::as_str) {
            let split = Value::list(split_lines(text).into_iter().map(Value::str));
            result.insert(lines, split);
        }
    }
}

/// Python's `str.splitlines`: at every kind of line break, without a last empty line.
pub fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_break = |c: char| {
            matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
        };
        let Some((at, c)) = rest.char_indices().find(|(_, c)| is_break(*c)) else {
            lines.push(rest);
            break;
        };
        lines.push(&rest[..at]);
        let width = if rest[at..].starts_with("\r\n") { 2 } else { c.len_utf8() };
        rest = &rest[at + width..];
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_as_pythons() {
        assert_eq!(split_lines("a\nb\r\nc"), ["a", "b", "c"]);
        assert_eq!(split_lines("a\n"), ["a"]);
        assert_eq!(split_lines("\n\n"), ["", ""]);
        assert!(split_lines("").is_empty());
    }
}
