//! One job as it travels, and its run. The agent runs it at the target, the `local` connection right here.

use crate::error::{Error, Result};
use crate::module::lifeline::Lifeline;
use crate::module::{Blob, Run, invoke, registry};
use crate::value::{Dict, Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A module run without its blobs: what the head of a job says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// The native module's short name.
    pub module: String,
    /// Its name as messages give it; empty for the short name.
    pub name: String,
    /// Its arguments.
    pub arguments: Dict,
    /// Check mode.
    pub check: bool,
    /// Diff mode.
    pub diff: bool,
    /// `-v` count.
    pub verbosity: u8,
    /// `environment:`.
    pub environment: Vec<(String, String)>,
}

impl Task {
    /// As JSON, for the wire.
    pub fn to_json(&self) -> String {
        let mut head = Dict::new();
        head.insert("module", self.module.as_str());
        head.insert("name", self.name.as_str());
        head.insert("arguments", self.arguments.clone());
        head.insert("check", self.check);
        head.insert("diff", self.diff);
        head.insert("verbosity", self.verbosity);
        let pair = |(name, value): &(String, String)| Value::list([Value::str(name.as_str()), value.as_str().into()]);
        head.insert("environment", Value::list(self.environment.iter().map(pair)));
        json::to_string(&Value::dict(head), &json::Style::COMPACT)
    }

    /// From JSON.
    pub fn from_json(text: &str) -> Result<Task> {
        let head = json::parse(text)?;
        let missing = |name: &str| Error::general(format!("a job without `{name}`"));
        let pair = |pair: &Value| match pair.as_slice() {
            Some([Value::Str(name), Value::Str(value)]) => Some((name.to_string(), value.to_string())),
            _ => None,
        };
        Ok(Task {
            module: head.get("module").and_then(Value::as_str).ok_or_else(|| missing("module"))?.to_string(),
            name: head.get("name").and_then(Value::as_str).unwrap_or_default().to_string(),
            arguments: head.get("arguments").and_then(Value::as_dict).ok_or_else(|| missing("arguments"))?.clone(),
            check: head.get("check").is_some_and(Value::truthy),
            diff: head.get("diff").is_some_and(Value::truthy),
            verbosity: head.get("verbosity").and_then(Value::as_i64).and_then(|v| u8::try_from(v).ok()).unwrap_or(0),
            environment: head
                .get("environment")
                .and_then(Value::as_slice)
                .map(|pairs| pairs.iter().filter_map(pair).collect())
                .unwrap_or_default(),
        })
    }

    /// Runs it, blocking. A module that panics fails its task and nothing else.
    pub fn run(self, blobs: Vec<Blob>, tmpdir: &Path, lifeline: Lifeline) -> (Dict, Vec<Blob>) {
        let Some(module) = registry::find(&self.module) else {
            return (failed(&format!("The module {} has no native form.", self.module)), Vec::new());
        };
        let mut run = Run {
            name: self.name,
            check: self.check,
            diff: self.diff,
            verbosity: self.verbosity,
            environment: self.environment,
            tmpdir: tmpdir.to_owned(),
            blobs,
            lifeline,
            ..Run::default()
        };
        let result = catch_unwind(AssertUnwindSafe(|| invoke::invoke(module, &self.arguments, &mut run)));
        let result = result.unwrap_or_else(|panic| {
            let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            failed(&format!("The module {} crashed: {}", self.module, why.unwrap_or("no reason known")))
        });
        (result, std::mem::take(&mut run.reply_blobs))
    }
}

/// A result that says why nothing was done.
pub fn failed(message: &str) -> Dict {
    let mut result = Dict::new();
    result.insert("failed", true);
    result.insert("msg", message);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_survives_the_journey() {
        let mut arguments = Dict::new();
        arguments.insert("path", "/tmp/ü\n\"x\"");
        arguments.insert("n", Value::list([Value::Int(1), Value::None, Value::Float(0.5)]));
        let task = Task {
            module: "copy".into(),
            name: "ansible.legacy.copy".into(),
            arguments,
            check: true,
            diff: false,
            verbosity: 3,
            environment: vec![("A".into(), "b c".into())],
        };
        assert_eq!(Task::from_json(&task.to_json()).expect("a task"), task);
    }

    #[test]
    fn an_unknown_module_fails_by_name() {
        let task = Task { module: "nope".into(), ..Task::default() };
        let (result, _) = task.run(Vec::new(), Path::new("/tmp"), Lifeline::default());
        assert_eq!(result.get("msg").and_then(Value::as_str), Some("The module nope has no native form."));
    }
}
