//! Loops: the items of a task, the variables each item brings, and the result of all together.

use super::executor::Work;
use super::keywords::{conditions_of, first_false};
use super::outcome::{Ended, IncludeRequest};
use crate::error::{Error, Result};
use crate::event::Outcome;
use crate::playbook::Loop;
use crate::template::templar::Templar;
use crate::value::{Dict, Value};
use crate::vars::View;
use std::sync::Arc;
use std::time::Duration;

/// The items of a loop.
pub fn items(work: &Work, spec: &Loop, view: &Arc<View>) -> Result<Vec<Value>> {
    let templar = work.session.templar(view);
    match spec {
        Loop::Loop(raw) => {
            let value = templar.template(raw).map_err(|error| error.at(raw.origin()))?;
            match value {
                Value::List(items) | Value::Tuple(items) => Ok(items.to_vec()),
                Value::Set(items) => Ok(items.iter().cloned().collect()),
                Value::Undefined(undefined) => Err(undefined.error().at(raw.origin())),
                other => {
                    let origin = raw.origin().or(work.task.repeat_origin.as_ref()).or(work.task.origin());
                    let message = format!("The `loop` value must resolve to a 'list', not '{}'.", other.type_name());
                    let help = "Provide a list of items/templates, or a template resolving to a list.";
                    Err(Error::general(message).at(origin).help(help))
                }
            }
        }
        Loop::With(lookup, raw) => {
            let terms = match lookup.as_str() {
                // the lookup itself must see what is undefined in its candidates
                "first_found" => lenient_terms(&templar, raw)?,
                _ => templar.template(raw).map_err(|error| error.at(raw.origin()))?,
            };
            let terms = match terms {
                Value::List(items) => items.to_vec(),
                Value::Undefined(undefined) => return Err(undefined.error().at(raw.origin())),
                other => vec![other],
            };
            templar
                .lookup(lookup, terms, Dict::from_iter([("wantlist", Value::Bool(true))]))
                .map_err(|error| error.at(raw.origin()))
        }
    }
}

/// Terms of `first_found`: candidates that cannot be rendered are left out.
fn lenient_terms(templar: &Templar, raw: &Value) -> Result<Value> {
    match raw {
        Value::List(items) => Ok(Value::list(
            items.iter().filter_map(|item| templar.template(item).ok().filter(|value| !value.is_undefined())),
        )),
        other => templar.template(other),
    }
}

/// A loop with its `loop_control`.
pub struct Repeat {
    /// The items.
    pub items: Vec<Value>,
    /// `loop_var`.
    pub variable: String,
    /// `pause`.
    pub pause: Duration,
    index_variable: Option<String>,
    label: Option<Value>,
    extended: bool,
    extended_all: bool,
    break_when: Vec<Value>,
}

impl Repeat {
    /// Reads `loop_control`.
    pub fn read(work: &Work, templar: &Templar, items: Vec<Value>) -> Result<Repeat> {
        const KNOWN: &[&str] =
            &["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"];
        let raw = work.task.keyword("loop_control").cloned().unwrap_or_else(|| Value::dict(Dict::new()));
        let origin = raw.origin().cloned();
        let control = match &raw {
            Value::Dict(dict) => dict.clone(),
            other => {
                let message = "the `loop_control` value must be specified as a dictionary and cannot be a variable itself (though it can contain variables)";
                return Err(Error::parser(message).at(other.origin()));
            }
        };
        if let Some(key) = control.keys().find(|key| !key.as_str().is_some_and(|key| KNOWN.contains(&key))) {
            let message = format!("'{}' is not a valid attribute for a LoopControl", key.to_text());
            return Err(Error::parser(message).at(key.origin().or(origin.as_ref())));
        }
        let get = |name: &str| -> Result<Option<Value>> {
            control
                .get(name)
                .map(|value| templar.template(value))
                .transpose()
                .map(|value| value.filter(|v| !v.is_none()))
        };
        let text = |name: &str| -> Result<Option<String>> { Ok(get(name)?.map(|value| value.to_text().into_owned())) };
        let flag = |name: &str| -> Result<Option<bool>> { Ok(get(name)?.and_then(|value| value.to_bool())) };
        let pause = match get("pause")? {
            None => 0.0,
            Some(Value::Str(text)) => text.trim().parse().unwrap_or(0.0),
            Some(value) => value.as_f64().unwrap_or(0.0),
        };
        Ok(Repeat {
            items,
            variable: text("loop_var")?.unwrap_or_else(|| "item".into()),
            pause: Duration::try_from_secs_f64(pause).unwrap_or_default(),
            index_variable: text("index_var")?,
            label: control.get("label").cloned(),
            extended: flag("extended")?.unwrap_or(false),
            extended_all: flag("extended_allitems")?.unwrap_or(true),
            break_when: control.get("break_when").map(conditions_of).unwrap_or_default(),
        })
    }

    /// The variables of an item.
    pub fn variables(&self, at: usize) -> Dict {
        let mut variables = Dict::new();
        variables.insert(self.variable.as_str(), self.items[at].clone());
        variables.insert("ansible_loop_var", self.variable.as_str());
        if let Some(index) = &self.index_variable {
            variables.insert(index.as_str(), at);
            variables.insert("ansible_index_var", index.as_str());
        }
        if self.extended {
            variables.insert("ansible_loop", self.extended_info(at));
        }
        variables
    }

    fn extended_info(&self, at: usize) -> Value {
        let length = self.items.len();
        let mut info = Dict::new();
        if self.extended_all {
            info.insert("allitems", Value::list(self.items.iter().cloned()));
        }
        info.insert("index", at + 1);
        info.insert("index0", at);
        info.insert("first", at == 0);
        info.insert("last", at + 1 == length);
        info.insert("length", length);
        info.insert("revindex", length - at);
        info.insert("revindex0", length - at - 1);
        if let Some(next) = self.items.get(at + 1) {
            info.insert("nextitem", next.clone());
        }
        if at > 0 {
            info.insert("previtem", self.items[at - 1].clone());
        }
        Value::dict(info)
    }

    /// Writes the item's variables into its result.
    pub fn mark(&self, result: &mut Dict, at: usize) {
        for (key, value) in self.variables(at) {
            result.insert_value(key, value.untrusted());
        }
        if !result.contains("failed") && !result.contains("unreachable") && !result.contains("skipped") {
            result.insert("failed", false);
        }
    }

    /// The label of an item.
    pub fn label(&self, work: &Work, view: &Arc<View>, at: usize) -> Result<Value> {
        match &self.label {
            None => Ok(self.items[at].clone()),
            Some(label) => work.session.templar(view).template(label),
        }
    }

    /// Whether `break_when` ends the loop after this item.
    pub fn breaks(&self, work: &Work, view: &Arc<View>, end: &Ended) -> Result<bool> {
        if self.break_when.is_empty() {
            return Ok(false);
        }
        let mut overlay = Dict::new();
        if let Some(register) = work.task.keyword("register").and_then(Value::as_str) {
            overlay.insert(register, Value::dict(end.result.clone()));
        }
        let templar = work.session.templar(&Arc::new(view.with(overlay)));
        Ok(first_false(&self.break_when, &templar)?.is_none())
    }
}

/// The result of a loop from the results of its items.
pub fn gather(work: &Work, mut ends: Vec<Ended>) -> Ended {
    let any = |what: fn(&Ended) -> bool| ends.iter().any(what);
    let changed = any(Ended::changed);
    let failed = any(|end| end.outcome == Outcome::Failed);
    let unreachable = any(|end| end.outcome == Outcome::Unreachable);
    let skipped = ends.iter().all(|end| end.outcome == Outcome::Skipped);
    let mut result = Dict::new();
    result.insert("results", Value::list(ends.iter().map(|end| Value::dict(end.result.clone()))));
    result.insert("changed", changed);
    result.insert("skipped", skipped);
    let outcome = if unreachable {
        result.insert("unreachable", true);
        Outcome::Unreachable
    } else if failed {
        Outcome::Failed
    } else if skipped {
        Outcome::Skipped
    } else {
        Outcome::Ok
    };
    if failed {
        result.insert("failed", true);
        result.insert("msg", "One or more items failed");
    } else {
        result.insert("msg", if skipped { "All items skipped" } else { "All items completed" });
    }
    let mut all = work.ended(outcome, result);
    let bad: Vec<&Ended> =
        ends.iter().filter(|end| matches!(end.outcome, Outcome::Failed | Outcome::Unreachable)).collect();
    all.ignored = !bad.is_empty() && bad.iter().all(|end| end.ignored);
    all.any_errors_fatal = bad.iter().any(|end| end.any_errors_fatal);
    all.no_log = ends.iter().any(|end| end.no_log);
    all.error = bad.first().and_then(|end| end.error.clone());
    all.delegated = ends.last().and_then(|end| end.delegated.clone());
    for end in &mut ends {
        let label = end.label.clone();
        let labelled = std::mem::take(&mut end.includes)
            .into_iter()
            .map(|request| IncludeRequest { label: label.clone(), ..request });
        all.includes.extend(labelled);
    }
    for end in ends.iter().filter(|end| end.changed()) {
        for name in &end.notify {
            if !all.notify.contains(name) {
                all.notify.push(name.clone());
            }
        }
    }
    all.items = ends;
    all
}
