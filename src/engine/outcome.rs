//! What executing a task on a host gives to the dispatcher.

use crate::error::Error;
use crate::event::{Outcome, TaskInfo};
use crate::value::{Dict, Value};
use std::sync::Arc;

/// A file or role that a host's task asks to include.
#[derive(Clone, Debug)]
pub struct IncludeRequest {
    /// `include_tasks`: the file as rendered. `include_role`: the role's name.
    pub name: String,
    /// All arguments, rendered.
    pub arguments: Dict,
    /// Variables for what is included: the loop's item.
    pub variables: Dict,
    /// The item's label.
    pub label: Option<Value>,
}

/// The end of a task (or of one item of its loop) on a host.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The task, for listeners.
    pub info: Arc<TaskInfo>,
    /// How it went.
    pub outcome: Outcome,
    /// Its result, as registered.
    pub result: Dict,
    /// Why it failed.
    pub error: Option<Error>,
    /// Whether a failure (or, when unreachable, that) is ignored.
    pub ignored: bool,
    /// The host it was delegated to.
    pub delegated: Option<Arc<str>>,
    /// Where facts go: the host itself, or the delegated one (`delegate_facts`).
    pub facts_host: Arc<str>,
    /// Handlers to notify when something changed, rendered.
    pub notify: Vec<String>,
    /// Files or roles to include, one an item.
    pub includes: Vec<IncludeRequest>,
    /// Results of the items, in order; empty without a loop.
    pub items: Vec<Ended>,
    /// The item's label.
    pub label: Option<Value>,
    /// `no_log`.
    pub no_log: bool,
    /// `any_errors_fatal`.
    pub any_errors_fatal: bool,
    /// Wall time in seconds.
    pub seconds: f64,
}

impl Ended {
    /// Whether something changed.
    pub fn changed(&self) -> bool {
        self.result.get("changed").is_some_and(Value::truthy)
    }

    /// A failure before or outside the action.
    pub fn failed(info: Arc<TaskInfo>, host: &Arc<str>, error: Error) -> Ended {
        // what is wrong with the loop itself stands alone
        let error = match error.kind() {
            crate::error::Kind::General => error,
            _ => error.context("Task failed.").at(info.origin.as_ref()),
        };
        let unreachable = error.kind() == crate::error::Kind::Unreachable;
        let mut result = Dict::new();
        let outcome = if unreachable {
            result.insert("unreachable", true);
            result.insert("changed", false);
            Outcome::Unreachable
        } else {
            result.insert("failed", true);
            Outcome::Failed
        };
        result.insert("msg", error.one_line());
        Ended {
            no_log: info.no_log,
            info,
            outcome,
            result,
            error: Some(error),
            ignored: false,
            delegated: None,
            facts_host: host.clone(),
            notify: Vec::new(),
            includes: Vec::new(),
            items: Vec::new(),
            label: None,
            any_errors_fatal: false,
            seconds: 0.0,
        }
    }
}
