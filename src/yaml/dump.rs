//! Values to YAML, as PyYAML's safe dumper with libyaml's emitter writes them.

use super::resolve::{self, Tag};
use crate::error::{Error, Result};
use crate::value::{Dict, Moment, Value};
use base64::Engine;
use libyaml_safer::{Break, Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// How to write: the arguments of `yaml.dump`.
#[derive(Clone, Debug)]
pub struct DumpOptions {
    /// `[a, b]` for all containers, for none, or (`None`) for those that hold plain scalars only.
    pub default_flow_style: Option<bool>,
    /// A quote or `|` or `>` for all scalars.
    pub default_style: Option<char>,
    /// Spaces a level; outside 2 to 9 counts as 2.
    pub indent: Option<i32>,
    /// Where lines are folded; negative for never.
    pub width: Option<i32>,
    /// Sorts keys where they have an order.
    pub sort_keys: bool,
    /// Writes what is beyond ASCII as it is.
    pub allow_unicode: bool,
    /// Starts with `---`.
    pub explicit_start: bool,
    /// Ends with `...`.
    pub explicit_end: bool,
    /// Tags everywhere, no shorthand.
    pub canonical: bool,
}

impl Default for DumpOptions {
    /// What `to_yaml` does.
    fn default() -> DumpOptions {
        DumpOptions {
            default_flow_style: None,
            default_style: None,
            indent: None,
            width: None,
            sort_keys: true,
            allow_unicode: true,
            explicit_start: false,
            explicit_end: false,
            canonical: false,
        }
    }
}

impl DumpOptions {
    /// What `to_nice_yaml` does.
    pub fn nice() -> DumpOptions {
        DumpOptions { default_flow_style: Some(false), indent: Some(4), ..DumpOptions::default() }
    }
}

/// Writes one document. Undefined values and those that YAML has no form for are errors.
pub fn to_yaml(value: &Value, options: &DumpOptions) -> Result<String> {
    let mut graph = Graph { options, nodes: Vec::new(), known: HashMap::new(), depth: 0 };
    let root = graph.represent(value)?;
    let write = || write(&graph.nodes, root, options);
    std::panic::catch_unwind(AssertUnwindSafe(write))
        .unwrap_or_else(|_| Err(Error::general("the YAML emitter gave up on this value")))
}

/// A node to write.
enum Node {
    Scalar {
        tag: &'static str,
        text: String,
        style: ScalarStyle,
        /// Whether a reader gives an untagged plain or quoted scalar this tag.
        implicit: (bool, bool),
    },
    Seq {
        flow: bool,
        items: Vec<usize>,
    },
    Map {
        set: bool,
        flow: bool,
        entries: Vec<(usize, usize)>,
    },
}

/// Deeper nesting than any real value has, and far from the end of the stack.
const MAX_DEPTH: usize = 512;

struct Graph<'a> {
    options: &'a DumpOptions,
    nodes: Vec<Node>,
    /// Nodes of shared containers: a second mention becomes an alias.
    known: HashMap<usize, usize>,
    depth: usize,
}

impl Graph<'_> {
    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn scalar(&mut self, tag: Tag, text: String, style: Option<char>) -> usize {
        let style = match style.or(self.options.default_style) {
            Some('\'') => ScalarStyle::SingleQuoted,
            Some('"') => ScalarStyle::DoubleQuoted,
            Some('|') => ScalarStyle::Literal,
            // the emitter loses line breaks when it folds, so texts with some are written literally
            Some('>') if !text.contains('\n') => ScalarStyle::Folded,
            Some('>') => ScalarStyle::Literal,
            _ => ScalarStyle::Any,
        };
        let implicit = (resolve::plain(&text) == tag, tag == Tag::Str);
        let tag = match tag {
            Tag::Null => libyaml_safer::NULL_TAG,
            Tag::Bool => libyaml_safer::BOOL_TAG,
            Tag::Int => libyaml_safer::INT_TAG,
            Tag::Float => libyaml_safer::FLOAT_TAG,
            Tag::Timestamp => libyaml_safer::TIMESTAMP_TAG,
            Tag::Binary => "tag:yaml.org,2002:binary",
            Tag::Vault => "!vault",
            _ => libyaml_safer::STR_TAG,
        };
        self.add(Node::Scalar { tag, text, style, implicit })
    }

    fn represent(&mut self, value: &Value) -> Result<usize> {
        Ok(match value {
            Value::None => self.scalar(Tag::Null, "null".into(), None),
            Value::Bool(flag) => self.scalar(Tag::Bool, flag.to_string(), None),
            Value::Int(number) => self.scalar(Tag::Int, number.to_string(), None),
            Value::BigInt(number) => self.scalar(Tag::Int, number.to_string(), None),
            Value::Float(number) => self.scalar(Tag::Float, float(*number), None),
            Value::Str(text) => self.scalar(Tag::Str, text.to_string(), None),
            Value::Bytes(bytes) => self.scalar(Tag::Binary, base64_lines(bytes), Some('|')),
            Value::Vault(vaulted) => self.once(Arc::as_ptr(vaulted).addr(), |graph| {
                Ok(graph.scalar(Tag::Vault, vaulted.ciphertext.clone(), Some('|')))
            })?,
            Value::Undefined(undefined) => return Err(undefined.error()),
            Value::Moment(moment) => {
                if !matches!(**moment, Moment::Date(_) | Moment::DateTime(..)) {
                    return Err(unrepresentable(value));
                }
                self.scalar(Tag::Timestamp, moment.to_string(), None)
            }
            Value::Tuple(items) if items.is_empty() => self.sequence(items)?,
            Value::List(items) | Value::Tuple(items) => {
                self.once(Arc::as_ptr(items).addr(), |graph| graph.sequence(items))?
            }
            Value::Dict(dict) => self.once(Arc::as_ptr(dict).addr(), |graph| graph.mapping(dict, false))?,
            Value::Set(set) => self.once(Arc::as_ptr(set).addr(), |graph| {
                let dict: Dict = set.iter().map(|member| (member.clone(), Value::None)).collect();
                graph.mapping(&dict, true)
            })?,
            Value::Object(object) => match (object.keys(), object.iterate()) {
                (Some(keys), _) => {
                    let mut dict = Dict::new();
                    for key in keys {
                        if let Some(value) = object.get(&key)? {
                            dict.insert_value(key, value);
                        }
                    }
                    self.mapping(&dict, false)?
                }
                _ => return Err(unrepresentable(value)),
            },
        })
    }

    /// A node for something shared; known ones are not made again.
    fn once(&mut self, address: usize, make: impl FnOnce(&mut Self) -> Result<usize>) -> Result<usize> {
        if let Some(known) = self.known.get(&address) {
            return Ok(*known);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::general("maximum recursion depth exceeded"));
        }
        let node = make(self)?;
        self.depth -= 1;
        self.known.insert(address, node);
        Ok(node)
    }

    /// Scalars in no special style: containers of nothing else may be written on one line.
    fn is_simple(&self, node: usize) -> bool {
        matches!(&self.nodes[node], Node::Scalar { style: ScalarStyle::Any, .. })
    }

    fn sequence(&mut self, items: &[Value]) -> Result<usize> {
        let items = items.iter().map(|item| self.represent(item)).collect::<Result<Vec<_>>>()?;
        let flow = self.options.default_flow_style.unwrap_or_else(|| items.iter().all(|item| self.is_simple(*item)));
        Ok(self.add(Node::Seq { flow, items }))
    }

    fn mapping(&mut self, dict: &Dict, set: bool) -> Result<usize> {
        let mut entries: Vec<(&Value, &Value)> = dict.iter().collect();
        if self.options.sort_keys {
            sort(&mut entries);
        }
        let mut nodes = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            nodes.push((self.represent(key)?, self.represent(value)?));
        }
        let simple = |(key, value): &(usize, usize)| self.is_simple(*key) && self.is_simple(*value);
        let flow = self.options.default_flow_style.unwrap_or_else(|| nodes.iter().all(simple));
        Ok(self.add(Node::Map { set, flow, entries: nodes }))
    }
}

/// Python's `sorted`: keys that have no order among each other leave all as it is.
fn sort(entries: &mut Vec<(&Value, &Value)>) {
    let mut comparable = true;
    let mut sorted = entries.clone();
    sorted.sort_by(|a, b| {
        a.0.python_cmp(b.0).unwrap_or_else(|| {
            comparable = false;
            Ordering::Equal
        })
    });
    if comparable {
        *entries = sorted;
    }
}

fn unrepresentable(value: &Value) -> Error {
    Error::general(format!("('cannot represent an object', {})", value.repr()))
}

/// A float that YAML 1.1 reads as one.
fn float(number: f64) -> String {
    if number.is_nan() {
        return ".nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let text = Value::Float(number).repr();
    if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
}

/// Base64 in lines of 76 characters.
fn base64_lines(bytes: &[u8]) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / 76 + 1);
    for (at, c) in encoded.chars().enumerate() {
        if at > 0 && at % 76 == 0 {
            lines.push('\n');
        }
        lines.push(c);
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

fn write(nodes: &[Node], root: usize, options: &DumpOptions) -> Result<String> {
    let mut out = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output_string(&mut out);
    emitter.set_canonical(options.canonical);
    emitter.set_unicode(options.allow_unicode);
    emitter.set_break(Break::Ln);
    if let Some(indent) = options.indent {
        emitter.set_indent(indent);
    }
    if let Some(width) = options.width {
        emitter.set_width(width);
    }
    let mut writer = Writer { nodes, emitter, anchors: anchors(nodes, root), written: vec![false; nodes.len()] };
    writer.emit(Event::stream_start(Encoding::Utf8))?;
    writer.emit(Event::document_start(None, &[], !options.explicit_start))?;
    writer.node(root)?;
    writer.emit(Event::document_end(!options.explicit_end))?;
    writer.emit(Event::stream_end())?;
    writer.emitter.flush().map_err(|error| Error::general(error.to_string()))?;
    drop(writer);
    let out = String::from_utf8(out).map_err(|error| Error::general(error.to_string()))?;
    Ok(if out.contains(is_astral) { escape_astral(&out) } else { out })
}

/// Characters that libyaml takes for unprintable and the emitter here does not: texts with them are quoted, and the characters
/// escaped afterwards.
fn is_astral(c: char) -> bool {
    c as u32 > 0xffff
}

fn escape_astral(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_astral(c) {
            let _ = write!(out, "\\U{:08X}", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}

/// Names for the nodes that are mentioned more than once, in the order of their second mention.
fn anchors(nodes: &[Node], root: usize) -> HashMap<usize, String> {
    let mut seen = vec![false; nodes.len()];
    let mut anchors = HashMap::new();
    let mut pending = vec![root];
    while let Some(at) = pending.pop() {
        if seen[at] {
            let next = anchors.len() + 1;
            anchors.entry(at).or_insert_with(|| format!("id{next:03}"));
            continue;
        }
        seen[at] = true;
        match &nodes[at] {
            Node::Scalar { .. } => {}
            Node::Seq { items, .. } => pending.extend(items.iter().rev()),
            Node::Map { entries, .. } => pending.extend(entries.iter().rev().flat_map(|(key, value)| [*value, *key])),
        }
    }
    anchors
}

struct Writer<'a> {
    nodes: &'a [Node],
    emitter: Emitter<'a>,
    anchors: HashMap<usize, String>,
    written: Vec<bool>,
}

impl Writer<'_> {
    fn emit(&mut self, event: Event) -> Result<()> {
        self.emitter.emit(event).map_err(|error| Error::general(error.to_string()))
    }

    fn node(&mut self, at: usize) -> Result<()> {
        let anchor = self.anchors.get(&at).cloned();
        if let (true, Some(anchor)) = (self.written[at], &anchor) {
            return self.emit(Event::alias(anchor));
        }
        self.written[at] = true;
        let anchor = anchor.as_deref();
        match &self.nodes[at] {
            Node::Scalar { tag, text, style, implicit } => {
                let style = if text.contains(is_astral) { ScalarStyle::DoubleQuoted } else { *style };
                self.emit(Event::scalar(anchor, Some(tag), text, implicit.0, implicit.1, style))
            }
            Node::Seq { flow, items } => {
                let style = if *flow { SequenceStyle::Flow } else { SequenceStyle::Block };
                self.emit(Event::sequence_start(anchor, Some(libyaml_safer::SEQ_TAG), true, style))?;
                items.iter().try_for_each(|item| self.node(*item))?;
                self.emit(Event::sequence_end())
            }
            Node::Map { set, flow, entries } => {
                let style = if *flow { MappingStyle::Flow } else { MappingStyle::Block };
                let tag = if *set { "tag:yaml.org,2002:set" } else { libyaml_safer::MAP_TAG };
                self.emit(Event::mapping_start(anchor, Some(tag), !set, style))?;
                for (key, value) in entries {
                    self.node(*key)?;
                    self.node(*value)?;
                }
                self.emit(Event::mapping_end())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Vaulted;

    #[test]
    fn a_container_mentioned_twice_becomes_an_alias() {
        let shared = Value::list([Value::Int(1), Value::dict(Dict::from_iter([("c", Value::Int(2))]))]);
        let value = Value::list([shared.clone(), shared]);
        assert_eq!(to_yaml(&value, &DumpOptions::default()).unwrap(), "- &id001\n  - 1\n  - {c: 2}\n- *id001\n");
    }

    #[test]
    fn encrypted_texts_keep_their_tag() {
        let vaulted = Vaulted { ciphertext: "$ANSIBLE_VAULT;1.1;AES256\n3132\n".into(), origin: None };
        let value = Value::dict(Dict::from_iter([("a", Value::Vault(Arc::new(vaulted)))]));
        let written = to_yaml(&value, &DumpOptions::nice()).unwrap();
        assert_eq!(written, "a: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3132\n");
    }

    #[test]
    fn what_yaml_has_no_form_for_is_an_error() {
        let error = to_yaml(&Value::list([Value::undefined_name("x")]), &DumpOptions::default()).unwrap_err();
        assert_eq!(error.message(), "'x' is undefined");
    }
}
