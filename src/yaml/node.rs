//! A document with the place of every key and value.

use crate::error::Origin;
use crate::value::{Dict, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A value as it stands in a file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it starts: a scalar at its first character or quote, a block mapping at its first key.
    pub origin: Origin,
}

/// The shape of a [`Node`].
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Anything whose parts have no place of their own: null, booleans, numbers, texts, dates, `!vault`, sets, `!!omap`.
    Scalar(Value),
    /// A sequence.
    Seq(Arc<Vec<Node>>),
    /// A mapping in order, merge keys applied, each key once: a duplicate keeps the first place and has the last value.
    Map(Arc<Vec<(Node, Node)>>),
}

impl Node {
    /// The value, with trust and origin on its texts. What an alias names again is built again, as Ansible does on its way to a
    /// variable: `to_yaml` shows no anchor for it. Only in a document that grows beyond all measure that way is it shared.
    pub fn to_value(&self) -> Value {
        build(self, &mut Aliases::default())
    }

    /// The scalar value, if this is one.
    pub fn as_scalar(&self) -> Option<&Value> {
        match &self.kind {
            NodeKind::Scalar(value) => Some(value),
            _ => None,
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().and_then(Value::as_str)
    }

    /// The items, if this is a sequence.
    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if this is a mapping.
    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Value::is_none)
    }

    /// The value of a text key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.get_entry(key).map(|(_, value)| value)
    }

    /// The key as it stands there, and its value.
    pub fn get_entry(&self, key: &str) -> Option<&(Node, Node)> {
        self.as_map()?.iter().find(|(name, _)| name.as_str() == Some(key))
    }

    /// Python's name of the type.
    pub fn type_name(&self) -> &str {
        match &self.kind {
            NodeKind::Scalar(value) => value.type_name(),
            NodeKind::Seq(_) => "list",
            NodeKind::Map(_) => "dict",
        }
    }

    /// A node for a value that has no finer places: every part gets the same one.
    pub fn from_value(value: &Value, origin: &Origin) -> Node {
        let kind = match value {
            Value::List(items) | Value::Tuple(items) => {
                NodeKind::Seq(Arc::new(items.iter().map(|item| Node::from_value(item, origin)).collect()))
            }
            Value::Dict(dict) => NodeKind::Map(Arc::new(
                dict.iter()
                    .map(|(key, value)| (Node::from_value(key, origin), Node::from_value(value, origin)))
                    .collect(),
            )),
            scalar => NodeKind::Scalar(scalar.clone()),
        };
        Node { kind, origin: value.origin().unwrap_or(origin).clone() }
    }
}

/// Containers built for an alias before they are shared.
const MOST_COPIES: usize = 100_000;

#[derive(Default)]
struct Aliases {
    copies: usize,
    shared: HashMap<usize, Value>,
}

fn build(node: &Node, aliases: &mut Aliases) -> Value {
    match &node.kind {
        NodeKind::Scalar(value) => value.clone(),
        NodeKind::Seq(items) => {
            aliases.once(items, |aliases| Value::list(items.iter().map(|item| build(item, aliases))))
        }
        NodeKind::Map(entries) => aliases.once(entries, |aliases| {
            let mut dict = Dict::with_capacity(entries.len());
            for (key, value) in entries.iter() {
                dict.insert_value(build(key, aliases), build(value, aliases));
            }
            Value::dict(dict)
        }),
    }
}

impl Aliases {
    fn once<T>(&mut self, node: &Arc<T>, make: impl FnOnce(&mut Aliases) -> Value) -> Value {
        if Arc::strong_count(node) == 1 {
            return make(self);
        }
        let address = Arc::as_ptr(node).addr();
        if let Some(value) = self.shared.get(&address) {
            return value.clone();
        }
        self.copies += 1;
        let value = make(self);
        if self.copies > MOST_COPIES {
            self.shared.insert(address, value.clone());
        }
        value
    }
}
