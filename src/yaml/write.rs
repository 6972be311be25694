//! Values to YAML, as PyYAML writes them through libyaml.
//!
//! First a value becomes a tree of nodes with tags and styles, then anchors are given to what appears twice, then the
//! emitter writes it.

use super::resolve::{self, Tag};
use crate::error::{Error, Result};
use crate::value::{Dict, Moment, Value, repr_float};
use base64::Engine as _;
use libyaml_safer::{Break, Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// How to write: the arguments of `yaml.dump`.
#[derive(Clone, Debug)]
pub struct Style {
    /// Collections in braces and brackets; `None` does so with those that hold plain scalars only.
    pub flow: Option<bool>,
    /// The style of every scalar: one of `'`, `"`, `|`, `>`.
    pub scalar: Option<char>,
    /// Blanks a level; libyaml takes anything outside 2 to 9 for 2.
    pub indent: i32,
    /// Where lines are folded; negative never.
    pub width: i32,
    /// Everything with its tag.
    pub canonical: bool,
    /// Writes `---`.
    pub explicit_start: bool,
    /// Writes `...`.
    pub explicit_end: bool,
    /// Writes a `%YAML` line.
    pub version: Option<(i32, i32)>,
    /// Writes `%TAG` lines.
    pub tags: Vec<(String, String)>,
    /// `\n`, `\r` or `\r\n`.
    pub line_break: &'static str,
    /// Sorts keys, where they can be compared.
    pub sort_keys: bool,
    /// Writes what is beyond ASCII as it is.
    pub unicode: bool,
    /// Texts of several lines as literal blocks, where YAML can.
    pub blocks: bool,
}

impl Default for Style {
    /// `yaml.dump(value)` with Unicode.
    fn default() -> Style {
        Style {
            flow: None,
            scalar: None,
            indent: 2,
            width: 80,
            canonical: false,
            explicit_start: false,
            explicit_end: false,
            version: None,
            tags: Vec::new(),
            line_break: "\n",
            sort_keys: true,
            unicode: true,
            blocks: false,
        }
    }
}

impl Style {
    /// As `to_nice_yaml` writes.
    pub fn nice() -> Style {
        Style { flow: Some(false), indent: 4, ..Style::default() }
    }
}

/// Characters that YAML takes for the end of a line.
pub const BREAKS: [char; 4] = ['\n', '\u{85}', '\u{2028}', '\u{2029}'];

/// Writes one document.
pub fn to_string(value: &Value, style: &Style) -> Result<String> {
    let mut builder = Builder { style, nodes: Vec::new(), known: HashMap::new(), depth: 0 };
    let root = builder.node(value)?;
    let mut anchors = vec![Anchor::Unseen; builder.nodes.len()];
    anchor(&builder.nodes, root, &mut anchors, &mut 0);
    let mut out = Vec::new();
    // the emitter's own directives cannot be built from outside
    let version = style.version.map(|(major, minor)| format!("%YAML {major}.{minor}{}", style.line_break));
    let tags = style.tags.iter().map(|(handle, prefix)| format!("%TAG {handle} {prefix}{}", style.line_break));
    let directives: String = version.into_iter().chain(tags).collect();
    // the emitter is a translation from C; what it takes for impossible must not end the run
    let written =
        std::panic::catch_unwind(AssertUnwindSafe(|| emit(&builder.nodes, root, &mut anchors, style, &mut out)));
    match written {
        Ok(Ok(())) => Ok(directives + &escape_astral(&String::from_utf8_lossy(&out))),
        Ok(Err(why)) => Err(Error::template(why.to_string())),
        Err(_) => Err(Error::template("the YAML writer gave up on this value")),
    }
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

enum Node {
    Scalar { tag: &'static str, text: String, style: Option<char> },
    Sequence { items: Vec<usize>, flow: bool },
    Mapping { tag: &'static str, entries: Vec<(usize, usize)>, flow: bool },
}

const NULL: &str = "tag:yaml.org,2002:null";
const BOOL: &str = "tag:yaml.org,2002:bool";
const INT: &str = "tag:yaml.org,2002:int";
const FLOAT: &str = "tag:yaml.org,2002:float";
const STR: &str = "tag:yaml.org,2002:str";
const BINARY: &str = "tag:yaml.org,2002:binary";
const TIMESTAMP: &str = "tag:yaml.org,2002:timestamp";
const SEQ: &str = "tag:yaml.org,2002:seq";
const MAP: &str = "tag:yaml.org,2002:map";
const SET: &str = "tag:yaml.org,2002:set";
const VAULT: &str = "!vault";

struct Builder<'a> {
    style: &'a Style,
    nodes: Vec<Node>,
    /// Containers met before, by where they are kept.
    known: HashMap<usize, usize>,
    depth: usize,
}

/// Deeper nesting than any real value has, and far from the end of the stack.
const MAX_DEPTH: usize = 512;

impl Builder<'_> {
    fn node(&mut self, value: &Value) -> Result<usize> {
        let identity = match value {
            Value::List(items) => Some(Arc::as_ptr(items).addr()),
            Value::Tuple(items) if !items.is_empty() => Some(Arc::as_ptr(items).addr()),
            Value::Dict(dict) => Some(Arc::as_ptr(dict).addr()),
            Value::Set(set) => Some(Arc::as_ptr(set).addr()),
            Value::Vault(vaulted) => Some(Arc::as_ptr(vaulted).addr()),
            _ => None,
        };
        if let Some(node) = identity.and_then(|identity| self.known.get(&identity)) {
            return Ok(*node);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::template("maximum recursion depth exceeded"));
        }
        let node = self.build(value)?;
        self.depth -= 1;
        self.nodes.push(node);
        let number = self.nodes.len() - 1;
        self.known.extend(identity.map(|identity| (identity, number)));
        Ok(number)
    }

    fn build(&mut self, value: &Value) -> Result<Node> {
        let style = self.style.scalar;
        let scalar = |tag, text: String| Ok(Node::Scalar { tag, text, style });
        match value {
            Value::None => scalar(NULL, "null".into()),
            Value::Bool(flag) => scalar(BOOL, flag.to_string()),
            Value::Int(_) | Value::BigInt(_) => scalar(INT, value.repr()),
            Value::Float(number) => scalar(FLOAT, float(*number)),
            Value::Str(text) if self.style.blocks && text.contains(BREAKS) => {
                Ok(Node::Scalar { tag: STR, text: text.to_string(), style: Some('|') })
            }
            Value::Str(text) => scalar(STR, text.to_string()),
            Value::Moment(moment) => match &**moment {
                Moment::Date(_) | Moment::DateTime(..) => scalar(TIMESTAMP, moment.to_string()),
                Moment::Time(_) | Moment::Delta(_) => Err(unknown(value)),
            },
            Value::Bytes(bytes) => {
                let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
                let lines: Vec<&[u8]> = encoded.as_bytes().chunks(76).collect();
                let text = lines.iter().map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
                Ok(Node::Scalar { tag: BINARY, text, style: Some('|') })
            }
            Value::Vault(vaulted) => {
                Ok(Node::Scalar { tag: VAULT, text: vaulted.ciphertext.clone(), style: Some('|') })
            }
            Value::List(items) | Value::Tuple(items) => self.sequence(items),
            Value::Dict(dict) => self.mapping(MAP, dict),
            Value::Set(set) => {
                let members = set.iter().map(|member| (member.clone(), Value::None)).collect();
                self.mapping(SET, &members)
            }
            Value::Object(object) => match (object.keys(), object.iterate()) {
                (Some(keys), _) => {
                    let mut dict = Dict::new();
                    for key in keys {
                        if let Some(member) = object.get(&key)? {
                            dict.insert_value(key, member);
                        }
                    }
                    self.mapping(MAP, &dict)
                }
                (None, Some(items)) => self.sequence(&items),
                (None, None) => Err(unknown(value)),
            },
            Value::Undefined(undefined) => Err(undefined.error()),
        }
    }

    fn is_plain(&self, node: usize) -> bool {
        matches!(&self.nodes[node], Node::Scalar { style: None, .. })
    }

    fn sequence(&mut self, items: &[Value]) -> Result<Node> {
        let items = items.iter().map(|item| self.node(item)).collect::<Result<Vec<_>>>()?;
        let plain = items.iter().all(|item| self.is_plain(*item));
        Ok(Node::Sequence { items, flow: self.style.flow.unwrap_or(plain) })
    }

    fn mapping(&mut self, tag: &'static str, dict: &Dict) -> Result<Node> {
        let mut pairs: Vec<(&Value, &Value)> = dict.iter().collect();
        if self.style.sort_keys {
            let mut comparable = true;
            let mut sorted = pairs.clone();
            sorted.sort_by(|(a, _), (b, _)| {
                a.python_cmp(b).unwrap_or_else(|| {
                    comparable = false;
                    std::cmp::Ordering::Equal
                })
            });
            if comparable {
                pairs = sorted;
            }
        }
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            entries.push((self.node(key)?, self.node(value)?));
        }
        let plain = entries.iter().all(|(key, value)| self.is_plain(*key) && self.is_plain(*value));
        Ok(Node::Mapping { tag, entries, flow: self.style.flow.unwrap_or(plain) })
    }
}

fn unknown(value: &Value) -> Error {
    Error::template(format!("('cannot represent an object', {})", value.repr()))
}

/// YAML 1.1 wants a point in a number with an exponent.
fn float(number: f64) -> String {
    if number.is_nan() {
        return ".nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let text = repr_float(number);
    if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
}

#[derive(Clone, Copy, PartialEq)]
enum Anchor {
    Unseen,
    Once,
    Named(usize),
    /// Named, and written once: from here on an alias stands for it.
    Written(usize),
}

/// Names what is met twice, in the order in which it is met again.
fn anchor(nodes: &[Node], node: usize, anchors: &mut [Anchor], last: &mut usize) {
    match anchors[node] {
        Anchor::Unseen => anchors[node] = Anchor::Once,
        Anchor::Once => {
            *last += 1;
            anchors[node] = Anchor::Named(*last);
            return;
        }
        _ => return,
    }
    match &nodes[node] {
        Node::Scalar { .. } => {}
        Node::Sequence { items, .. } => items.iter().for_each(|item| anchor(nodes, *item, anchors, last)),
        Node::Mapping { entries, .. } => entries.iter().for_each(|(key, value)| {
            anchor(nodes, *key, anchors, last);
            anchor(nodes, *value, anchors, last);
        }),
    }
}

type Emitted = libyaml_safer::Result<()>;

fn emit(nodes: &[Node], root: usize, anchors: &mut [Anchor], style: &Style, out: &mut Vec<u8>) -> Emitted {
    let mut emitter = Emitter::new();
    emitter.set_output_string(out);
    emitter.set_canonical(style.canonical);
    emitter.set_indent(style.indent);
    emitter.set_width(style.width);
    emitter.set_unicode(style.unicode);
    emitter.set_break(match style.line_break {
        "\r" => Break::Cr,
        "\r\n" => Break::CrLn,
        _ => Break::Ln,
    });
    emitter.emit(Event::stream_start(Encoding::Utf8))?;
    let directives = style.version.is_some() || !style.tags.is_empty();
    emitter.emit(Event::document_start(None, &[], !(style.explicit_start || directives)))?;
    emit_node(&mut emitter, nodes, root, anchors)?;
    emitter.emit(Event::document_end(!style.explicit_end))?;
    emitter.emit(Event::stream_end())?;
    emitter.flush()
}

fn emit_node(emitter: &mut Emitter, nodes: &[Node], node: usize, anchors: &mut [Anchor]) -> Emitted {
    let name = match anchors[node] {
        Anchor::Written(number) => return emitter.emit(Event::alias(&format!("id{number:03}"))),
        Anchor::Named(number) => {
            anchors[node] = Anchor::Written(number);
            Some(format!("id{number:03}"))
        }
        _ => None,
    };
    let name = name.as_deref();
    match &nodes[node] {
        Node::Scalar { tag, text, style } => {
            let style = match style {
                _ if text.contains(is_astral) => ScalarStyle::DoubleQuoted,
                Some('\'') => ScalarStyle::SingleQuoted,
                Some('"') => ScalarStyle::DoubleQuoted,
                Some('|') => ScalarStyle::Literal,
                // the emitter loses line breaks when it folds, so texts with some are written literally
                Some('>') if text.contains('\n') => ScalarStyle::Literal,
                Some('>') => ScalarStyle::Folded,
                _ => ScalarStyle::Any,
            };
            let plain = resolve::plain(text) == Tag::named((*tag).into());
            emitter.emit(Event::scalar(name, Some(tag), text, plain, *tag == STR, style))
        }
        Node::Sequence { items, flow } => {
            let kind = if *flow { SequenceStyle::Flow } else { SequenceStyle::Block };
            emitter.emit(Event::sequence_start(name, Some(SEQ), true, kind))?;
            items.iter().try_for_each(|item| emit_node(emitter, nodes, *item, anchors))?;
            emitter.emit(Event::sequence_end())
        }
        Node::Mapping { tag, entries, flow } => {
            let kind = if *flow { MappingStyle::Flow } else { MappingStyle::Block };
            emitter.emit(Event::mapping_start(name, Some(tag), *tag == MAP, kind))?;
            for (key, value) in entries {
                emit_node(emitter, nodes, *key, anchors)?;
                emit_node(emitter, nodes, *value, anchors)?;
            }
            emitter.emit(Event::mapping_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::json;

    fn nice(text: &str) -> String {
        to_string(&json::parse(text).unwrap(), &Style::nice()).unwrap()
    }

    fn terse(text: &str) -> String {
        to_string(&json::parse(text).unwrap(), &Style::default()).unwrap()
    }

    #[test]
    fn collections_of_scalars_flow_unless_nice() {
        assert_eq!(
            terse(r#"{"a":[{"b":[1]},[]], "c": {"d": 1, "e": [1, 2]}}"#),
            "a:\n- b: [1]\n- []\nc:\n  d: 1\n  e: [1, 2]\n"
        );
        assert_eq!(nice(r#"[1, [2, 3], {"a": []}]"#), "- 1\n-   - 2\n    - 3\n-   a: []\n");
        assert_eq!(nice(r#"{"b": [1], "a": {}}"#), "a: {}\nb:\n- 1\n");
    }

    #[test]
    fn texts_that_would_mean_something_else_are_quoted() {
        for (text, line) in [
            ("yes", "'yes'"),
            ("1", "'1'"),
            ("1e3", "1e3"),
            ("", "''"),
            ("a: b", "'a: b'"),
            ("- a", "'- a'"),
            ("it's", "it's"),
            ("2020-01-01", "'2020-01-01'"),
            ("tab\there", "\"tab\\there\""),
            ("a\\b", "a\\b"),
            (":x", ":x"),
            ("=", "'='"),
            ("word ", "'word '"),
            ("é\u{2028}\u{1}", "\"é\\L\\x01\""),
            ("multi\nline\n", "'multi\n\n    line\n\n    '"),
        ] {
            assert_eq!(to_string(&Value::str(text), &Style::nice()).unwrap(), format!("{line}\n"), "{text:?}");
        }
    }

    #[test]
    fn numbers_and_nothing_are_plain() {
        assert_eq!(
            terse("[1.5, 1e20, 1e-7, null, true, NaN, -Infinity]"),
            "[1.5, 1.0e+20, 1.0e-07, null, true, .nan, -.inf]\n"
        );
    }

    #[test]
    fn long_texts_are_folded() {
        let text =
            "a very long line of text that should be folded at eighty columns because of the default width of it";
        assert_eq!(
            to_string(&Value::str(text), &Style::nice()).unwrap(),
            "a very long line of text that should be folded at eighty columns because of the default\n    width of it\n"
        );
    }

    #[test]
    fn what_appears_twice_is_named() {
        let list = Value::list([Value::Int(1)]);
        let both = Value::list([list.clone(), list.clone(), Value::list([Value::Int(1)])]);
        assert_eq!(to_string(&both, &Style::default()).unwrap(), "- &id001 [1]\n- *id001\n- [1]\n");
    }

    #[test]
    fn directives_and_marks_are_written() {
        let style = Style { explicit_start: true, explicit_end: true, version: Some((1, 1)), ..Style::nice() };
        assert_eq!(to_string(&Value::list([]), &style).unwrap(), "%YAML 1.1\n--- []\n...\n");
    }
}
