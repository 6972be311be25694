//! INI inventories: `[group]`, `[group:vars]`, `[group:children]`, hosts with variables beside them.

use super::{extension, is_readable};
use crate::error::{Error, Origin, Result};
use crate::inventory::address::expand;
use crate::inventory::entity::GroupId;
use crate::inventory::graph::{Inventory, UNGROUPED};
use crate::value::{Dict, Tag, Text, Trust, Value, literal, shlex};
use crate::yaml;
use indexmap::IndexMap;
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

pub(super) fn wants(_: &Inventory, source: &str) -> bool {
    is_readable(source) && extension(source) != ".toml"
}

pub(super) fn read(inventory: &mut Inventory, source: &str) -> Result<()> {
    let path: Arc<str> = source.into();
    let mut reader = Reader {
        origin: Origin::new(path, 0, 0),
        tag: None,
        group: UNGROUPED,
        group_name: "ungrouped".into(),
        section: Section::Hosts,
        pending: IndexMap::new(),
        inventory,
    };
    let outcome = reader.text(source).and_then(|text| reader.lines(&text));
    // the line's number, not its text: host lines hold passwords
    let origin = Origin::described(format!("{}:{}", reader.origin.source, reader.origin.line));
    outcome.map_err(|error| Error::parser("Failed to parse inventory.").at(Some(&origin)).because(error))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Hosts,
    Vars,
    Children,
}

/// A group that was named before it was declared.
enum Pending {
    /// By its variables.
    Vars { line: u32 },
    /// As a child of groups.
    Child { line: u32, parents: Vec<String> },
}

struct Reader<'a> {
    inventory: &'a mut Inventory,
    /// The line being read.
    origin: Origin,
    /// Trust and place for the texts of that line, shared.
    tag: Option<Arc<Tag>>,
    group: GroupId,
    group_name: String,
    section: Section,
    pending: IndexMap<String, Pending>,
}

impl Reader<'_> {
    /// The file's text. Bytes that are no UTF-8 are fine in comments.
    fn text(&self, source: &str) -> Result<String> {
        match std::fs::read(source) {
            Ok(bytes) if !bytes.starts_with(b"$ANSIBLE_VAULT;") => match String::from_utf8(bytes) {
                Ok(text) => Ok(text),
                Err(error) => without_odd_comments(error.as_bytes()),
            },
            _ => Ok(yaml::read_text(Path::new(source), &self.inventory.settings.yaml)?.0),
        }
    }

    fn lines(&mut self, text: &str) -> Result<()> {
        for line in python_lines(text) {
            self.origin.line += 1;
            self.tag = None;
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some((name, kind)) = section(line) {
                self.open(name, kind)?;
            } else if line.starts_with('[') && line.ends_with(']') {
                return Err(Error::general(format!(
                    "Invalid section entry: '{line}'. Please make sure that there are no spaces in the section entry, \
                     and that there are no other invalid characters"
                )));
            } else {
                match self.section {
                    Section::Hosts => self.hosts(line)?,
                    Section::Vars => self.variable(line)?,
                    Section::Children => self.child(line)?,
                }
            }
        }
        self.check_pending()
    }

    fn open(&mut self, name: &str, kind: Option<&str>) -> Result<()> {
        let name = self.inventory.safe_group_name(name).to_string();
        self.section = match kind {
            None | Some("hosts") => Section::Hosts,
            Some("vars") => Section::Vars,
            Some("children") => Section::Children,
            Some(other) => {
                return Err(Error::general(format!("Section [{name}:{other}] has unknown type: {other}")));
            }
        };
        if self.inventory.group(&name).is_none() {
            if self.section == Section::Vars && !self.pending.contains_key(&name) {
                self.pending.insert(name.clone(), Pending::Vars { line: self.origin.line });
            }
            self.inventory.add_group(&name)?;
        }
        if self.section != Section::Vars {
            self.resolve(&name)?;
        }
        self.group = self.inventory.add_group(&name)?;
        self.group_name = name;
        Ok(())
    }

    /// A group that others waited for is declared now.
    fn resolve(&mut self, name: &str) -> Result<()> {
        if let Some(Pending::Child { parents, .. }) = self.pending.shift_remove(name) {
            for parent in parents {
                let child = self.inventory.add_group(name)?;
                let group = self.inventory.add_group(&parent)?;
                self.inventory.put_group(group, child)?;
                if matches!(self.pending.get(&parent), Some(Pending::Child { .. })) {
                    self.resolve(&parent)?;
                }
            }
        }
        Ok(())
    }

    fn child(&mut self, line: &str) -> Result<()> {
        let name = group_name(line).ok_or_else(|| Error::general(format!("Expected group name, got: {line}")))?;
        if self.inventory.group(name).is_some() {
            let child = self.inventory.add_group(name)?;
            self.inventory.put_group(self.group, child)?;
            return Ok(());
        }
        let parent = self.group_name.clone();
        match self.pending.get_mut(name) {
            Some(Pending::Child { parents, .. }) => parents.push(parent),
            _ => {
                let pending = Pending::Child { line: self.origin.line, parents: vec![parent] };
                self.pending.insert(name.to_string(), pending);
            }
        }
        Ok(())
    }

    fn check_pending(&mut self) -> Result<()> {
        let Some((name, pending)) = self.pending.first() else { return Ok(()) };
        let quoted = Value::str(name.as_str()).repr();
        let message = match pending {
            Pending::Vars { line } => {
                self.origin.line = *line;
                format!("Section [{name}:vars] not valid for undefined group {quoted}.")
            }
            Pending::Child { line, parents } => {
                self.origin.line = *line;
                let parent = parents.last().map_or("", String::as_str);
                format!("Section [{parent}:children] includes undefined group {quoted}.")
            }
        };
        Err(Error::general(message))
    }

    fn variable(&mut self, line: &str) -> Result<()> {
        let (key, value) =
            line.split_once('=').ok_or_else(|| Error::general(format!("Expected key=value, got: {line}")))?;
        let (key, value) = (self.key(key.trim()), self.value(value.trim()));
        self.inventory.set_group_variable(self.group, &key, &value)
    }

    fn hosts(&mut self, line: &str) -> Result<()> {
        let words =
            words(line).map_err(|error| Error::general(format!("Error parsing host definition '{line}': {error}")))?;
        let Some((pattern, assignments)) = words.split_first() else { return Ok(()) };
        let (names, port) = expand(pattern)?;
        if pattern.trim().ends_with(':') && port.is_none() {
            return Err(Error::general(format!(
                "Invalid host pattern '{pattern}' supplied, ending in ':' is not allowed, \
                 this character is reserved to provide a port."
            )));
        }
        if names.iter().any(|name| name.trim() == "---") {
            return Err(Error::general(format!(
                "Invalid host pattern '{pattern}' supplied, '---' is normally a sign this is a YAML file."
            )));
        }
        let mut variables = Dict::with_capacity(assignments.len());
        for assignment in assignments {
            let (key, value) = assignment.split_once('=').ok_or_else(|| {
                Error::general(format!("Expected key=value host variable assignment, got: {assignment}"))
            })?;
            variables.insert_value(self.key(key), self.value(value));
        }
        self.inventory.add_hosts(&names, port, self.group, &variables)
    }

    /// The tag of this line's texts.
    fn tag(&mut self) -> Arc<Tag> {
        let origin = &self.origin;
        self.tag.get_or_insert_with(|| Arc::new(Tag { origin: Some(origin.clone()), trust: Trust::Template })).clone()
    }

    fn key(&mut self, name: &str) -> Value {
        Value::Str(Text::tagged(name, Some(self.tag())))
    }

    /// A Python literal, or else the text itself.
    fn value(&mut self, text: &str) -> Value {
        let value = if may_be_literal(text) { literal::parse(text) } else { None };
        match value {
            Some(value) => self.coerced(&value),
            None => Value::Str(Text::tagged(text, Some(self.tag()))),
        }
    }

    /// What Ansible makes of Python's types: tuples and sets become lists, bytes texts.
    fn coerced(&mut self, value: &Value) -> Value {
        match value {
            Value::Str(text) => Value::Str(Text::tagged(text.shared(), Some(self.tag()))),
            // bytes are decoded after trust was given, so they have none
            Value::Bytes(bytes) => Value::str(String::from_utf8_lossy(bytes)),
            Value::List(items) | Value::Tuple(items) => {
                Value::List(Arc::new(items.iter().map(|item| self.coerced(item)).collect()))
            }
            Value::Set(items) => Value::List(Arc::new(items.iter().map(|item| self.coerced(item)).collect())),
            Value::Dict(dict) => {
                let mut result = Dict::with_capacity(dict.len());
                for (key, value) in dict.iter() {
                    let key = match key {
                        Value::Str(text) => self.key(text),
                        other => other.clone(),
                    };
                    result.insert_value(key, self.coerced(value));
                }
                Value::dict(result)
            }
            other => other.clone(),
        }
    }
}

/// A cheap look before the real parser: most values are plain words.
fn may_be_literal(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\t']);
    match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'\'' | b'"' | b'[' | b'(' | b'{') => true,
        Some(b'T' | b'F' | b'N') => ["True", "False", "None"].iter().any(|word| text.starts_with(word)),
        Some(b'b' | b'B' | b'u' | b'U' | b'r' | b'R') => text.contains(['\'', '"']),
        _ => false,
    }
}

/// The words of a host line; a line without quotes and the like needs no real splitter.
fn words(line: &str) -> Result<Vec<Cow<'_, str>>, shlex::SplitError> {
    if line.contains(['\'', '"', '\\', '#']) {
        return Ok(shlex::split_with_comments(line)?.into_iter().map(Cow::Owned).collect());
    }
    Ok(line.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).map(Cow::Borrowed).collect())
}

/// `[name]` or `[name:kind]`, with nothing but a comment behind it.
fn section(line: &str) -> Option<(&str, Option<&str>)> {
    let (inside, rest) = line.strip_prefix('[')?.split_once(']')?;
    if !is_comment(rest) {
        return None;
    }
    let (name, kind) = match inside.split_once(':') {
        Some((name, kind)) => (name, Some(kind)),
        None => (inside, None),
    };
    let word = |kind: &str| !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || c == '_');
    (!name.is_empty() && !name.contains(char::is_whitespace) && kind.is_none_or(word)).then_some((name, kind))
}

fn group_name(line: &str) -> Option<&str> {
    let end = line.find(|c: char| matches!(c, ':' | ']') || c.is_whitespace()).unwrap_or(line.len());
    // a `#` may be part of the name when nothing separates it
    let (name, rest) = line.split_at(end);
    (!name.is_empty() && is_comment(rest)).then_some(name)
}

fn is_comment(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

/// Python's `str.splitlines()`.
fn python_lines(text: &str) -> impl Iterator<Item = &str> {
    let is_break =
        |c: char| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.filter(|text| !text.is_empty())?;
        let Some(end) = text.find(is_break) else {
            rest = None;
            return Some(text);
        };
        let width =
            if text[end..].starts_with("\r\n") { 2 } else { text[end..].chars().next().map_or(1, char::len_utf8) };
        rest = Some(&text[end + width..]);
        Some(&text[..end])
    })
}

/// The text with comment lines that are no UTF-8 left empty.
fn without_odd_comments(bytes: &[u8]) -> Result<String> {
    let mut lines = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        match std::str::from_utf8(line) {
            _ if matches!(line.first(), Some(b'#' | b';')) => lines.push(""),
            Ok(line) => lines.push(line),
            Err(error) => {
                return Err(Error::general(format!(
                    "'utf-8' codec can't decode byte 0x{:02x} in position {}: invalid start byte (line {})",
                    line.get(error.valid_up_to()).unwrap_or(&0),
                    error.valid_up_to(),
                    at + 1
                )));
            }
        }
    }
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_their_kinds() {
        assert_eq!(section("[web]"), Some(("web", None)));
        assert_eq!(section("[web:vars] # c"), Some(("web", Some("vars"))));
        assert_eq!(section("[web x]"), None);
        assert_eq!(section("[web] x"), None);
        assert_eq!(section("[a:b:c]"), None);
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        assert_eq!(python_lines("a\r\nb\rc\x0bd\n").collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    }
}
