//! Changes that a template makes to its lists, dicts and sets.
//!
//! Values are shared and never changed in place, but `list.append()` must be seen through every name that holds the list, as in
//! Python. A container's address is its identity: a change leaves the shared original alone and notes here which container
//! took its place. Whoever takes a container out of a variable or another container asks for its latest form. The notes live
//! as long as one evaluation; without changes they cost a test for emptiness.

use crate::error::{Error, Result};
use crate::value::{Dict, Set, Value};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Default)]
pub struct Changes {
    /// By address of the replaced container, which is kept alive so that its address means nothing else.
    replaced: HashMap<usize, Replaced, foldhash::fast::RandomState>,
    /// By address of a container that took another's place: the address of that other.
    origin_of: HashMap<usize, usize, foldhash::fast::RandomState>,
}

struct Replaced {
    _original: Value,
    current: Value,
}

/// The address of a container; none for other values.
pub fn identity(value: &Value) -> Option<usize> {
    match value {
        Value::List(items) => Some(Arc::as_ptr(items).addr()),
        Value::Dict(dict) => Some(Arc::as_ptr(dict).addr()),
        Value::Set(set) => Some(Arc::as_ptr(set).addr()),
        _ => None,
    }
}

impl Changes {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.replaced.is_empty()
    }

    /// What took the value's place; none when it was never changed.
    pub fn latest(&self, value: &Value) -> Option<Value> {
        let mut found = self.replaced.get(&identity(value)?)?;
        while let Some(next) = identity(&found.current).and_then(|id| self.replaced.get(&id)) {
            found = next;
        }
        Some(found.current.clone())
    }

    /// Changes the container that `receiver` stands for.
    pub fn change<R>(&mut self, receiver: Value, change: impl FnOnce(&mut Value) -> R) -> Result<R> {
        let receiver = self.latest(&receiver).unwrap_or(receiver);
        let Some(id) = identity(&receiver) else {
            return Err(Error::template(format!("'{}' object cannot be changed", receiver.type_name())));
        };
        if let Some(original) = self.origin_of.get(&id).copied()
            && let Some(entry) = self.replaced.get_mut(&original)
        {
            // when only the note holds the container nobody else can see it change: no copy is needed
            drop(receiver);
            if unshared(&mut entry.current) {
                return Ok(change(&mut entry.current));
            }
            let original = entry.current.clone();
            return Ok(self.replace(id, original, change));
        }
        Ok(self.replace(id, receiver, change))
    }

    fn replace<R>(&mut self, id: usize, original: Value, change: impl FnOnce(&mut Value) -> R) -> R {
        let mut current = copy(&original);
        let result = change(&mut current);
        if let Some(new) = identity(&current) {
            self.origin_of.insert(new, id);
        }
        self.replaced.insert(id, Replaced { _original: original, current });
        result
    }
}

fn unshared(value: &mut Value) -> bool {
    match value {
        Value::List(items) => Arc::get_mut(items).is_some(),
        Value::Dict(dict) => Arc::get_mut(dict).is_some(),
        Value::Set(set) => Arc::get_mut(set).is_some(),
        _ => false,
    }
}

fn copy(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(Arc::new((**items).clone())),
        Value::Dict(dict) => Value::Dict(Arc::new((**dict).clone())),
        Value::Set(set) => Value::Set(Arc::new((**set).clone())),
        other => other.clone(),
    }
}

/// The list inside, to change.
pub fn list_mut(value: &mut Value) -> Option<&mut Vec<Value>> {
    if let Value::List(items) = value { Some(Arc::make_mut(items)) } else { None }
}

/// The dict inside, to change.
pub fn dict_mut(value: &mut Value) -> Option<&mut Dict> {
    if let Value::Dict(dict) = value { Some(Arc::make_mut(dict)) } else { None }
}

/// The set inside, to change.
pub fn set_mut(value: &mut Value) -> Option<&mut Set> {
    if let Value::Set(set) = value { Some(Arc::make_mut(set)) } else { None }
}

/// A loop may wrap a list into a list without end; deeper than this, no value may be kept under a name.
const DEEPEST: usize = 500;
/// Values nested less deeply are measured anew each time.
const SHALLOW: usize = 24;

/// How deeply values are nested, by address, for those that are nested deeply. They are kept alive.
#[derive(Default)]
pub struct Depths(HashMap<usize, (Value, usize), foldhash::fast::RandomState>);

impl Depths {
    /// Measures a value that is about to be kept; refuses one that is nested too deeply.
    pub fn check(&mut self, value: &Value) -> Result<()> {
        let depth = self.depth(value, 0);
        if depth > DEEPEST {
            return Err(Error::template("the value is nested too deeply"));
        }
        if depth > SHALLOW
            && let Some(id) = identity(value)
        {
            self.0.insert(id, (value.clone(), depth));
        }
        Ok(())
    }

    fn depth(&self, value: &Value, above: usize) -> usize {
        if let Some((_, depth)) = identity(value).and_then(|id| self.0.get(&id)) {
            return *depth;
        }
        if above > DEEPEST {
            return 1;
        }
        let below =
            |items: &mut dyn Iterator<Item = &Value>| items.map(|item| self.depth(item, above + 1)).max().unwrap_or(0);
        match value {
            Value::List(items) | Value::Tuple(items) => 1 + below(&mut items.iter().take(MEASURED)),
            Value::Dict(dict) => 1 + below(&mut dict.values().take(MEASURED)),
            _ => 0,
        }
    }
}

/// So many members of each container are measured; what is built level by level has few.
const MEASURED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn push(changes: &mut Changes, list: &Value, item: i64) {
        changes.change(list.clone(), |list| list_mut(list).unwrap().push(Value::Int(item))).unwrap();
    }

    #[test]
    fn every_holder_sees_a_change_and_the_original_stays() {
        let mut changes = Changes::default();
        let list = Value::list([Value::Int(1)]);
        push(&mut changes, &list, 2);
        let held = changes.latest(&list).unwrap();
        push(&mut changes, &list, 3);
        push(&mut changes, &held, 4);
        assert_eq!(changes.latest(&list).unwrap().repr(), "[1, 2, 3, 4]");
        assert_eq!(changes.latest(&held).unwrap().repr(), "[1, 2, 3, 4]");
        assert_eq!(list.repr(), "[1]");
    }
}
