//! What a run remembers of its hosts from play to play: the numbers of the recap, who failed, who cannot be reached.

use crate::event::{Outcome, Tally};
use crate::value::{Dict, Value};
use indexmap::IndexMap;
use std::collections::HashSet;
use std::sync::Arc;

/// The state of a run beyond its plays.
#[derive(Debug, Default)]
pub struct Tallies {
    /// Numbers by host, in the order hosts first did something.
    pub hosts: IndexMap<Arc<str>, Tally>,
    /// Hosts that have failed for good.
    pub failed: HashSet<Arc<str>>,
    /// Hosts that cannot be reached.
    pub unreachable: HashSet<Arc<str>>,
    /// `set_stats` values by host, and `_run` for those of the run.
    pub custom: Dict,
}

impl Tallies {
    /// The numbers of a host.
    pub fn of(&mut self, host: &Arc<str>) -> &mut Tally {
        self.hosts.entry(host.clone()).or_default()
    }

    /// Counts the end of a task on a host. `rescued` says that a `rescue` takes a failure up; ends of includes are counted
    /// when they are loaded.
    pub fn count(&mut self, host: &Arc<str>, outcome: Outcome, changed: bool, ignored: bool, rescued: bool) {
        let tally = self.of(host);
        match outcome {
            Outcome::Ok => {
                tally.ok += 1;
                tally.changed += u32::from(changed);
            }
            Outcome::Skipped => tally.skipped += 1,
            Outcome::Failed if ignored => {
                tally.ok += 1;
                tally.ignored += 1;
                tally.changed += u32::from(changed);
            }
            Outcome::Failed if rescued => tally.rescued += 1,
            Outcome::Failed => tally.failed += 1,
            Outcome::Unreachable if ignored => {
                tally.ok += 1;
                tally.ignored += 1;
            }
            Outcome::Unreachable => tally.unreachable += 1,
        }
    }

    /// The exit code that the hosts' ends give, as Ansible's: 4 for unreachable ones, 2 for failed ones.
    pub fn exit_code(&self) -> u8 {
        match (self.unreachable.is_empty(), self.failed.is_empty()) {
            (false, _) => 4,
            (true, false) => 2,
            (true, true) => 0,
        }
    }

    /// `set_stats`: sets or adds up a value, for a host or for the run.
    pub fn add_custom(&mut self, host: Option<&str>, key: &str, value: &Value, aggregate: bool) {
        let owner = host.unwrap_or("_run");
        let mut values = self.custom.get(owner).and_then(Value::as_dict).cloned().unwrap_or_default();
        let sum = match (values.get(key), aggregate) {
            (Some(old), true) => add(old, value),
            _ => None,
        };
        values.insert(key, sum.unwrap_or_else(|| value.clone()));
        self.custom.insert(owner, Value::dict(values));
    }
}

/// What `+` gives for numbers, texts and lists, and the union of mappings; `None` for different types.
fn add(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
        (Value::Str(a), Value::Str(b)) => Some(Value::str(format!("{a}{b}"))),
        (Value::List(a), Value::List(b)) => Some(Value::list(a.iter().chain(b.iter()).cloned())),
        (Value::Dict(a), Value::Dict(b)) => {
            let mut all = (**a).clone();
            all.extend((**b).clone());
            Some(Value::dict(all))
        }
        _ => Some(Value::Float(a.as_f64()? + b.as_f64()?)),
    }
}
