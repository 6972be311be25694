//! Keywords of a task, rendered for one host and converted to their types.

use crate::error::{Error, Result};
use crate::playbook::{Scope, Task};
use crate::template::templar::{Templar, is_omit};
use crate::value::{Dict, Value};
use std::time::Duration;

/// Renders keywords with one host's variables.
pub struct Reader<'a> {
    /// The task's scope.
    pub scope: &'a Scope,
    /// The host's variables.
    pub templar: &'a Templar,
}

impl<'a> Reader<'a> {
    /// Reads the keywords of a task.
    pub fn new(task: &'a Task, templar: &'a Templar) -> Reader<'a> {
        Reader { scope: &task.scope, templar }
    }

    /// The innermost value, rendered; `None` when nothing says it (or it is null or omitted).
    pub fn value(&self, name: &str) -> Result<Option<Value>> {
        let Some(raw) = self.scope.inherited(name) else { return Ok(None) };
        let value = self.templar.template(raw).map_err(|error| self.wrap(name, error))?;
        Ok(Some(value).filter(|value| !value.is_none() && !is_omit(value)))
    }

    /// An error about a keyword, with the keyword's place.
    fn wrap(&self, name: &str, error: Error) -> Error {
        let origin = self.scope.inherited_origin(name);
        error.at(origin).context(format!("Error processing keyword '{name}'.")).at(origin)
    }

    fn refuse(&self, name: &str, value: &Value, kind: &str) -> Error {
        let shown = value.repr();
        self.wrap(name, Error::action(format!("The value {shown} could not be converted to '{kind}'.")))
    }

    /// A boolean keyword.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        value.to_bool().map(Some).ok_or_else(|| self.refuse(name, &value, "bool"))
    }

    /// A text keyword.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.value(name)?.map(|value| value.to_text().into_owned()))
    }

    /// An integer keyword.
    pub fn int(&self, name: &str) -> Result<Option<i64>> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        let number = match &value {
            Value::Str(text) => text.trim().parse().ok(),
            Value::Float(float) => Some(*float as i64),
            other => other.as_i64(),
        };
        number.map(Some).ok_or_else(|| self.refuse(name, &value, "int"))
    }

    /// A number of seconds, with fractions.
    pub fn seconds(&self, name: &str) -> Result<Option<Duration>> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        let number = match &value {
            Value::Str(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        let number = number.filter(|number: &f64| number.is_finite() && *number >= 0.0);
        number.map(|n| Some(Duration::from_secs_f64(n))).ok_or_else(|| self.refuse(name, &value, "float"))
    }

    /// `environment:` of all scopes, the innermost last: mappings, or lists of them.
    pub fn environment(&self) -> Result<Vec<(String, String)>> {
        let mut merged = Dict::new();
        for raw in self.scope.extended("environment") {
            let value = self.templar.template(raw).map_err(|error| self.wrap("environment", error))?;
            let items = match &value {
                Value::List(items) => items.to_vec(),
                other => vec![other.clone()],
            };
            for item in items {
                match item {
                    Value::Dict(dict) => merged.extend((*dict).clone()),
                    Value::None => {}
                    other if is_omit(&other) => {}
                    other => {
                        let message = format!(
                            "environment must be a dictionary, received {} ({})",
                            other.repr(),
                            other.type_name()
                        );
                        return Err(self.wrap("environment", Error::action(message)));
                    }
                }
            }
        }
        Ok(merged.iter().map(|(key, value)| (key.to_text().into_owned(), value.to_text().into_owned())).collect())
    }

    /// `module_defaults:` of all scopes for one action, the innermost last, rendered.
    pub fn module_defaults(&self, task: &Task) -> Result<Dict> {
        let mut merged = Dict::new();
        let short = task.resolved.short();
        let full = task.resolved.full_name();
        for raw in self.scope.extended("module_defaults") {
            let maps = match raw {
                Value::List(items) => items.to_vec(),
                other => vec![other.clone()],
            };
            for (key, defaults) in maps.iter().filter_map(Value::as_dict).flat_map(Dict::iter) {
                let key = key.as_str().unwrap_or_default();
                let names_it = key == full
                    || key == task.action
                    || (!short.is_empty() && crate::playbook::task::short_name(key) == short);
                if names_it && let Some(dict) = self.templar.template(defaults)?.as_dict() {
                    merged.extend(dict.clone());
                }
            }
        }
        Ok(merged)
    }

    /// All tags, outermost first, rendered and split.
    pub fn tags(&self) -> Result<Vec<String>> {
        let mut tags: Vec<String> = Vec::new();
        for raw in self.scope.extended("tags") {
            let value = self.templar.template(raw)?;
            for tag in crate::playbook::keyword::texts(&value, true)? {
                for part in tag.to_text().split(',').map(str::trim).filter(|part| !part.is_empty()) {
                    if !tags.iter().any(|known| known == part) {
                        tags.push(part.to_string());
                    }
                }
            }
        }
        Ok(tags)
    }

    /// The conditions of all scopes, outermost first.
    pub fn conditions(&self) -> Vec<Value> {
        self.scope.extended("when").into_iter().flat_map(conditions_of).collect()
    }
}

/// A condition or a list of them.
pub fn conditions_of(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        other => vec![other.clone()],
    }
}

/// Evaluates conditions in order; gives the first that is false.
pub fn first_false(conditions: &[Value], templar: &Templar) -> Result<Option<Value>> {
    for condition in conditions {
        if !templar.conditional(condition)? {
            return Ok(Some(condition.clone()));
        }
    }
    Ok(None)
}
