//! One run of a module: what it may know and use, and what it gives back.

use super::lifeline::Lifeline;
use crate::value::{Dict, Value};
use std::path::PathBuf;

/// Content that travels beside the arguments: the source of a copy, a script.
#[derive(Clone, Debug)]
pub enum Blob {
    /// Small content.
    Memory(Vec<u8>),
    /// Large content, spooled by the agent into a file of mode 0600 that only this run owns and that is removed after it.
    File(PathBuf),
}

/// What a module runs in.
#[derive(Debug, Default)]
pub struct Run {
    /// The module's name as messages give it: as the task wrote it, or `ansible.legacy.NAME` when an action called it.
    pub name: String,
    /// Change nothing, say what would change.
    pub check: bool,
    /// Give `diff` back.
    pub diff: bool,
    /// Verbosity of the controller, 0 to 6.
    pub verbosity: u8,
    /// `environment:` of the task, for every process that is started and for `~`/`$VAR` expansion.
    pub environment: Vec<(String, String)>,
    /// Where temporary files go (exists, mode 0700, owned by the user the module runs as).
    pub tmpdir: PathBuf,
    /// Content that came along.
    pub blobs: Vec<Blob>,
    /// Content to send back (`fetch`).
    pub reply_blobs: Vec<Blob>,
    /// Warnings for the user; shown once each.
    pub warnings: Vec<String>,
    /// Deprecations for the user: (message, version).
    pub deprecations: Vec<(String, String)>,
    /// Secrets among the parameters (`no_log` arguments): masked in everything that is returned.
    pub secrets: Vec<String>,
    /// Its processes; whoever keeps a clone can end the run.
    pub lifeline: Lifeline,
}

impl Run {
    /// Adds a warning.
    pub fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(message.into());
    }
}

/// What a module did: the result, with `changed`.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The result's keys, in the order they are added.
    pub result: Dict,
}

impl Outcome {
    /// A result that says whether something changed (or would, in check mode).
    pub fn new(changed: bool) -> Outcome {
        let mut result = Dict::new();
        result.insert("changed", changed);
        Outcome { result }
    }

    /// Adds a key.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Outcome {
        self.result.insert(key, value);
        self
    }

    /// Adds a key.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.result.insert(key, value);
    }
}

/// Why a module could not do it: `failed`, `msg` and what else the module tells.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The message.
    pub message: String,
    /// What lies below it, in the words of whoever reported it (`[Errno 2] No such file...`): shown with the error as
    /// `message: cause`, but no part of the result.
    pub cause: Option<String>,
    /// Nothing the module foresaw: Ansible's module would have ended with a traceback. The result then is bare, and its
    /// `msg` has the whole chain.
    pub raised: bool,
    /// Further keys of the result (`rc`, `stdout`, `changed`...).
    pub result: Box<Dict>,
}

impl Failure {
    /// A failure with its message.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), cause: None, raised: false, result: Box::default() }
    }

    /// A failure that the module did not foresee; see [`Failure::raised`](Failure#structfield.raised).
    pub fn raised(message: impl Into<String>) -> Failure {
        Failure { raised: true, ..Failure::new(message) }
    }

    /// Says what lies below the message.
    pub fn because(mut self, cause: impl Into<String>) -> Failure {
        self.cause = Some(cause.into());
        self
    }

    /// Adds a key to the failed result.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Failure {
        self.result.insert(key, value);
        self
    }
}

impl From<crate::error::Error> for Failure {
    fn from(error: crate::error::Error) -> Failure {
        Failure::new(error.one_line())
    }
}
