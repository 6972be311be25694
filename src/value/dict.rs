//! Mappings in insertion order, found by text without building a key.

use super::{Text, Value};
use indexmap::{Equivalent, IndexMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

type Map = IndexMap<Value, Value, foldhash::fast::RandomState>;

/// A mapping with Python's meaning of keys: `1`, `1.0` and `True` are one key.
#[derive(Clone, Default)]
pub struct Dict(Map);

/// A text as a key to look up, hashed as [`Value::Str`] is.
struct Name<'a>(&'a str);

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        super::compare::hash_text(self.0, state);
    }
}

impl Equivalent<Value> for Name<'_> {
    fn equivalent(&self, key: &Value) -> bool {
        matches!(key, Value::Str(text) if text.as_str() == self.0)
    }
}

impl Dict {
    /// An empty mapping.
    pub fn new() -> Dict {
        Dict::default()
    }

    /// An empty mapping with room.
    pub fn with_capacity(capacity: usize) -> Dict {
        Dict(Map::with_capacity_and_hasher(capacity, Default::default()))
    }

    /// The value of a text key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(&Name(key))
    }

    /// The value of a text key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.get_mut(&Name(key))
    }

    /// The value of any key.
    pub fn get_value(&self, key: &Value) -> Option<&Value> {
        self.0.get(key)
    }

    /// The key as it stands in the mapping (with its origin), and its value.
    pub fn get_entry(&self, key: &str) -> Option<(&Value, &Value)> {
        self.0.get_key_value(&Name(key))
    }

    /// Whether a text key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(&Name(key))
    }

    /// Sets a text key; gives back the value it had. A key that is there keeps its place.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(Value::Str(Text::plain(key)), value.into())
    }

    /// Sets any key.
    pub fn insert_value(&mut self, key: Value, value: Value) -> Option<Value> {
        self.0.insert(key, value)
    }

    /// Removes a text key, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(&Name(key))
    }

    /// Removes any key, keeping the order of the others.
    pub fn remove_value(&mut self, key: &Value) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> indexmap::map::Iter<'_, Value, Value> {
        self.0.iter()
    }

    /// The entries in order, values to change.
    pub fn iter_mut(&mut self) -> indexmap::map::IterMut<'_, Value, Value> {
        self.0.iter_mut()
    }

    /// The keys in order.
    pub fn keys(&self) -> indexmap::map::Keys<'_, Value, Value> {
        self.0.keys()
    }

    /// The values in order.
    pub fn values(&self) -> indexmap::map::Values<'_, Value, Value> {
        self.0.values()
    }

    /// Takes over all entries of another mapping; its values win.
    pub fn extend(&mut self, other: impl IntoIterator<Item = (Value, Value)>) {
        self.0.extend(other);
    }

    /// Keeps the entries for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&Value, &mut Value) -> bool) {
        self.0.retain(keep);
    }

    /// Sorts by key as Python sorts; keys that have no order keep theirs.
    pub fn sort_keys(&mut self) {
        self.0.sort_by(|a, _, b, _| a.python_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    }
}

impl FromIterator<(Value, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Dict {
        Dict(entries.into_iter().collect())
    }
}

impl<'a> FromIterator<(&'a str, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (&'a str, Value)>>(entries: I) -> Dict {
        Dict(entries.into_iter().map(|(key, value)| (Value::str(key), value)).collect())
    }
}

impl IntoIterator for Dict {
    type Item = (Value, Value);
    type IntoIter = indexmap::map::IntoIter<Value, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Dict {
    type Item = (&'a Value, &'a Value);
    type IntoIter = indexmap::map::Iter<'a, Value, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl PartialEq for Dict {
    fn eq(&self, other: &Dict) -> bool {
        self.0 == other.0
    }
}

impl std::fmt::Debug for Dict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_true_are_one_key() {
        let mut dict = Dict::new();
        dict.insert_value(Value::Int(1), Value::str("a"));
        dict.insert_value(Value::Bool(true), Value::str("b"));
        dict.insert_value(Value::Float(1.0), Value::str("c"));
        assert_eq!(dict.len(), 1);
    }

    #[test]
    fn a_text_key_is_found_by_its_characters() {
        let mut dict = Dict::new();
        dict.insert_value(Value::Str(Text::trusted("k", None)), Value::Int(1));
        assert_eq!(dict.get("k"), Some(&Value::Int(1)));
        assert_eq!(dict.get("x"), None);
    }
}
