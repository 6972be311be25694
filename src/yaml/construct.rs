//! The graph of nodes to a tree with places: tags, merge keys, duplicate keys.

use super::compose::{Content, Graph, Id};
use super::node::{Node, NodeKind};
use super::problem::Problem;
use super::resolve::{self, Tag};
use super::{Duplicates, Options, scalar};
use crate::error::{Origin, Warning};
use crate::value::{Set, Tag as Mark, Text, Trust, Value, Vaulted};
use std::collections::HashMap;
use std::sync::Arc;

/// Builds the documents of a graph.
pub(super) struct Constructor<'a> {
    graph: Graph,
    source: Arc<str>,
    options: &'a Options,
    states: Vec<State>,
    depth: usize,
    unsafe_depth: usize,
    warnings: Vec<(usize, Warning)>,
}

enum State {
    New,
    Busy,
    Done(Node),
}

impl<'a> Constructor<'a> {
    pub fn new(graph: Graph, source: Arc<str>, options: &'a Options) -> Self {
        let states = graph.nodes.iter().map(|_| State::New).collect();
        Constructor { graph, source, options, states, depth: 0, unsafe_depth: 0, warnings: Vec::new() }
    }

    /// Builds all documents.
    pub fn documents(&mut self) -> Result<Vec<Node>, Problem> {
        (0..self.graph.roots.len()).map(|at| self.node(self.graph.roots[at].0)).collect()
    }

    /// The warnings, those of outer nodes before those of nodes inside them, as PyYAML comes across them.
    pub fn into_warnings(mut self) -> Vec<Warning> {
        self.warnings.sort_by_key(|(depth, _)| *depth);
        self.warnings.into_iter().map(|(_, warning)| warning).collect()
    }

    fn origin(&self, id: Id) -> Origin {
        let (line, column) = self.graph.nodes[id].mark;
        Origin { source: self.source.clone(), line: line + self.options.first_line.max(1), column: column + 1 }
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push((self.depth, warning));
    }

    /// A problem at a node.
    fn fail(&self, id: Id, context: &str, problem: impl AsRef<str>) -> Problem {
        Problem::marked(context, problem, self.graph.nodes[id].mark)
    }

    fn node(&mut self, id: Id) -> Result<Node, Problem> {
        match &self.states[id] {
            State::Done(node) => return Ok(node.clone()),
            State::Busy => return Err(self.fail(id, "", "found unconstructable recursive node")),
            State::New => {}
        }
        self.states[id] = State::Busy;
        let tag = std::mem::replace(&mut self.graph.nodes[id].tag, Tag::Null);
        let kind = self.kind(id, &tag);
        self.graph.nodes[id].tag = tag;
        let node = Node { kind: kind?, origin: self.origin(id) };
        // what is unsafe here may be named again from a place that is not
        self.states[id] = if self.unsafe_depth == 0 { State::Done(node.clone()) } else { State::New };
        Ok(node)
    }

    fn kind(&mut self, id: Id, tag: &Tag) -> Result<NodeKind, Problem> {
        let value = match tag {
            Tag::Str => return self.text(id),
            Tag::Map => return Ok(NodeKind::Map(Arc::new(self.mapping(id)?))),
            Tag::Seq => return self.sequence(id),
            Tag::Unsafe => return self.unsafe_value(id),
            Tag::Null => self.scalar(id).map(|_| Value::None)?,
            Tag::Bool => scalar::boolean(&self.scalar(id)?).map_err(Problem::unmarked)?,
            Tag::Int => scalar::integer(&self.scalar(id)?).map_err(Problem::unmarked)?,
            Tag::Float => scalar::float(&self.scalar(id)?).map_err(Problem::unmarked)?,
            Tag::Timestamp => Value::Moment(Arc::new(scalar::timestamp(&self.scalar(id)?).map_err(Problem::unmarked)?)),
            Tag::Binary => {
                let text = self.scalar(id)?;
                Value::Bytes(scalar::binary(&text).map_err(|why| self.fail(id, "", why))?.into())
            }
            Tag::Set => self.set(id)?,
            Tag::Omap => self.pairs(id, "an ordered map", "omap", ", as key order is always preserved")?,
            Tag::Pairs => self.pairs(id, "pairs", "pairs", "")?,
            Tag::Vault => self.vaulted(id, "!vault")?,
            Tag::VaultEncrypted => {
                let origin = self.origin(id);
                self.warn(
                    Warning::deprecated("Use of the YAML `!vault-encrypted` tag is deprecated.", "2.23")
                        .at(Some(&origin))
                        .help("Use the `!vault` tag instead."),
                );
                self.vaulted(id, "!vault-encrypted")?
            }
            Tag::Merge => return Err(self.unknown(id, "tag:yaml.org,2002:merge")),
            Tag::Default => return Err(self.unknown(id, "tag:yaml.org,2002:value")),
            Tag::Unknown(name) => return Err(self.unknown(id, name)),
        };
        Ok(NodeKind::Scalar(value))
    }

    fn unknown(&self, id: Id, name: &str) -> Problem {
        let name = Value::str(name).repr();
        self.fail(id, "", format!("could not determine a constructor for the tag {name}"))
    }

    /// The text of a scalar; of a mapping, the value of its `=` key.
    fn scalar(&self, id: Id) -> Result<String, Problem> {
        match &self.graph.nodes[id].content {
            Content::Scalar(text) => Ok(text.clone()),
            Content::Map(entries)
                if let Some((_, value)) =
                    entries.iter().find(|(key, _)| self.graph.nodes[*key].tag == Tag::Default) =>
            {
                match &self.graph.nodes[*value].content {
                    Content::Scalar(text) => Ok(text.clone()),
                    other => Err(self.fail(*value, "", format!("expected a scalar node, but found {}", other.name()))),
                }
            }
            other => Err(self.fail(id, "", format!("expected a scalar node, but found {}", other.name()))),
        }
    }

    fn text(&mut self, id: Id) -> Result<NodeKind, Problem> {
        let text = match &mut self.graph.nodes[id].content {
            // built once, so the characters may go; but a key that is merged elsewhere is read again
            Content::Scalar(text) => text.clone(),
            _ => self.scalar(id)?,
        };
        let trust = if self.options.trusted && self.unsafe_depth == 0 { Trust::Template } else { Trust::Data };
        let tag = Mark { origin: Some(self.origin(id)), trust };
        Ok(NodeKind::Scalar(Value::Str(Text::tagged(text, Some(Arc::new(tag))))))
    }

    fn sequence(&mut self, id: Id) -> Result<NodeKind, Problem> {
        let Content::Seq(items) = &mut self.graph.nodes[id].content else {
            let found = self.graph.nodes[id].content.name();
            return Err(self.fail(id, "", format!("expected a sequence node, but found {found}")));
        };
        let items = items.clone();
        self.depth += 1;
        let items = items.into_iter().map(|item| self.node(item)).collect::<Result<Vec<_>, _>>();
        self.depth -= 1;
        Ok(NodeKind::Seq(Arc::new(items?)))
    }

    /// The entries of a mapping: merge keys applied, each key once.
    fn mapping(&mut self, id: Id) -> Result<Vec<(Node, Node)>, Problem> {
        let found = self.graph.nodes[id].content.name();
        if found != "mapping" {
            return Err(self.fail(id, "", format!("expected a mapping node, but found {found}")));
        }
        let written = self.flatten(id, 0)?;
        self.depth += 1;
        let entries = self.entries(id, &written);
        self.depth -= 1;
        entries
    }

    fn entries(&mut self, id: Id, written: &[(Id, Id)]) -> Result<Vec<(Node, Node)>, Problem> {
        let mut entries: Vec<(Node, Node)> = Vec::with_capacity(written.len());
        let mut places: HashMap<Value, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut duplicates = Vec::new();
        for &(key, value) in written {
            let name = self.node(key)?;
            let NodeKind::Scalar(known) = &name.kind else {
                return Err(self.unhashable(id, key));
            };
            if matches!(known, Value::List(_) | Value::Dict(_) | Value::Set(_)) {
                return Err(self.unhashable(id, key));
            }
            let known = known.clone();
            let value = self.node(value)?;
            match places.entry(known) {
                std::collections::hash_map::Entry::Occupied(place) => {
                    duplicates.push((key, place.key().clone()));
                    entries[*place.get()].1 = value;
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(entries.len());
                    entries.push((name, value));
                }
            }
        }
        self.report_duplicates(duplicates)?;
        Ok(entries)
    }

    fn unhashable(&self, map: Id, key: Id) -> Problem {
        debug_assert!(map != key);
        self.fail(key, "while constructing a mapping", "found unhashable key")
    }

    fn report_duplicates(&mut self, duplicates: Vec<(Id, Value)>) -> Result<(), Problem> {
        for (id, key) in duplicates {
            let message = format!("Found duplicate mapping key {}.", key.repr());
            match self.options.duplicates {
                Duplicates::Ignore => {}
                Duplicates::Error => return Err(self.fail(id, "", message).certain()),
                Duplicates::Warn => {
                    let origin = self.origin(id);
                    self.depth -= 1;
                    self.warn(Warning::new(message).at(Some(&origin)).help("Using last defined value only."));
                    self.depth += 1;
                }
            }
        }
        Ok(())
    }

    /// The entries of a mapping with those of its merge keys before its own.
    fn flatten(&mut self, id: Id, depth: usize) -> Result<Vec<(Id, Id)>, Problem> {
        let Content::Map(written) = &self.graph.nodes[id].content else { return Ok(Vec::new()) };
        if written.iter().all(|(key, _)| !matches!(self.graph.nodes[*key].tag, Tag::Merge | Tag::Default)) {
            return Ok(written.clone());
        }
        let written = written.clone();
        if depth > written.len() + 100 {
            return Err(self.fail(id, "", "found unconstructable recursive node"));
        }
        let (mut merged, mut own) = (Vec::new(), Vec::new());
        for (key, value) in written {
            match self.graph.nodes[key].tag {
                Tag::Merge => self.merge(id, value, depth, &mut merged)?,
                Tag::Default => {
                    self.graph.nodes[key].tag = Tag::Str;
                    own.push((key, value));
                }
                _ => own.push((key, value)),
            }
        }
        merged.append(&mut own);
        // flattened once and for all: a mapping that many merge is not walked again
        self.graph.nodes[id].content = Content::Map(merged.clone());
        Ok(merged)
    }

    fn merge(&mut self, id: Id, value: Id, depth: usize, merged: &mut Vec<(Id, Id)>) -> Result<(), Problem> {
        const CONTEXT: &str = "while constructing a mapping";
        match &self.graph.nodes[value].content {
            Content::Map(_) => merged.append(&mut self.flatten(value, depth + 1)?),
            Content::Seq(items) => {
                // the first of the list wins, so it is written last
                for item in items.clone().into_iter().rev() {
                    let Content::Map(_) = self.graph.nodes[item].content else {
                        let found = self.graph.nodes[item].content.name();
                        let problem = format!("expected a mapping for merging, but found {found}");
                        return Err(self.fail(item, CONTEXT, problem));
                    };
                    merged.append(&mut self.flatten(item, depth + 1)?);
                }
            }
            Content::Scalar(_) => {
                debug_assert!(id != value);
                let problem = "expected a mapping or list of mappings for merging, but found scalar";
                return Err(self.fail(value, CONTEXT, problem));
            }
        }
        Ok(())
    }

    fn set(&mut self, id: Id) -> Result<Value, Problem> {
        let entries = self.mapping(id)?;
        let members: Set = entries.into_iter().map(|(key, _)| key.to_value()).collect();
        Ok(Value::Set(Arc::new(members)))
    }

    fn pairs(&mut self, id: Id, what: &str, tag: &str, why: &str) -> Result<Value, Problem> {
        let origin = self.origin(id);
        self.warn(
            Warning::deprecated(format!("Use of the YAML `!!{tag}` tag is deprecated."), "2.23")
                .at(Some(&origin))
                .help(format!("Use a standard mapping instead{why}.")),
        );
        let context = format!("while constructing {what}");
        let Content::Seq(items) = &self.graph.nodes[id].content else {
            let found = self.graph.nodes[id].content.name();
            return Err(self.fail(id, &context, format!("expected a sequence, but found {found}")));
        };
        let mut pairs = Vec::new();
        for item in items.clone() {
            let Content::Map(entries) = &self.graph.nodes[item].content else {
                let found = self.graph.nodes[item].content.name();
                return Err(self.fail(item, &context, format!("expected a mapping of length 1, but found {found}")));
            };
            let &[(key, value)] = entries.as_slice() else {
                let problem = format!("expected a single mapping item, but found {} items", entries.len());
                return Err(self.fail(item, &context, problem));
            };
            pairs.push(Value::tuple([self.node(key)?.to_value(), self.node(value)?.to_value()]));
        }
        Ok(Value::list(pairs))
    }

    /// The tag a node would have without one; a quoted scalar counts as plain here.
    fn resolved(&self, id: Id) -> Tag {
        match &self.graph.nodes[id].content {
            Content::Scalar(text) => resolve::plain(text),
            Content::Seq(_) => Tag::Seq,
            Content::Map(_) => Tag::Map,
        }
    }

    fn unsafe_value(&mut self, id: Id) -> Result<NodeKind, Problem> {
        self.unsafe_depth += 1;
        let tag = self.resolved(id);
        let kind = self.kind(id, &tag);
        self.unsafe_depth -= 1;
        kind
    }

    fn vaulted(&mut self, id: Id, tag: &str) -> Result<Value, Problem> {
        match (self.resolved(id), &self.graph.nodes[id].content) {
            (Tag::Str, Content::Scalar(text)) => {
                Ok(Value::Vault(Arc::new(Vaulted { ciphertext: text.clone(), origin: Some(self.origin(id)) })))
            }
            _ => Err(self.fail(id, "", format!("the '{tag}' tag requires a string value")).certain()),
        }
    }
}
