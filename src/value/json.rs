//! JSON as Python's `json` module reads and writes it: big integers, NaN and Infinity, escapes, separators, key order.

use super::{Dict, Value, repr};
use crate::error::{Error, Result};
use num_bigint::BigInt;
use std::borrow::Cow;
use std::fmt::Write as _;

/// How to write.
#[derive(Clone, Debug)]
pub struct Style {
    /// What each level adds before a line; `None` writes one line.
    pub indent: Option<Cow<'static, str>>,
    /// Sorts keys by their text.
    pub sort_keys: bool,
    /// Writes everything beyond ASCII as `\uXXXX`.
    pub ensure_ascii: bool,
    /// Between items; `", "` on one line and `","` when indented, as Python.
    pub item_separator: Cow<'static, str>,
    /// Between key and value.
    pub key_separator: Cow<'static, str>,
}

impl Style {
    /// `json.dumps(x)`.
    pub const PYTHON: Style = Style {
        indent: None,
        sort_keys: false,
        ensure_ascii: true,
        item_separator: Cow::Borrowed(", "),
        key_separator: Cow::Borrowed(": "),
    };
    /// No blanks, UTF-8: for the wire.
    pub const COMPACT: Style = Style {
        indent: None,
        sort_keys: false,
        ensure_ascii: false,
        item_separator: Cow::Borrowed(","),
        key_separator: Cow::Borrowed(":"),
    };
    /// `json.dumps(x, indent=4, sort_keys=True)` with UTF-8, as results are printed.
    pub const PRETTY: Style = Style {
        indent: Some(Cow::Borrowed("    ")),
        sort_keys: true,
        ensure_ascii: false,
        item_separator: Cow::Borrowed(","),
        key_separator: Cow::Borrowed(": "),
    };
}

/// Writes a value as JSON. Texts that are still encrypted, dates, sets and bytes become what Ansible makes of them.
pub fn to_string(value: &Value, style: &Style) -> String {
    let mut out = String::new();
    write_value(value, style, 0, &mut out);
    out
}

fn write_value(value: &Value, style: &Style, depth: usize, out: &mut String) {
    match value {
        Value::None | Value::Undefined(_) => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::BigInt(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&match number {
            n if n.is_nan() => "NaN".to_string(),
            n if n.is_infinite() => if *n > 0.0 { "Infinity" } else { "-Infinity" }.to_string(),
            n => repr::float(*n),
        }),
        Value::Str(text) => write_string(text, style.ensure_ascii, out),
        Value::Bytes(bytes) => write_string(&String::from_utf8_lossy(bytes), style.ensure_ascii, out),
        Value::Vault(vaulted) => write_string(&vaulted.ciphertext, style.ensure_ascii, out),
        Value::Moment(moment) => write_string(&moment.iso(), style.ensure_ascii, out),
        Value::List(items) | Value::Tuple(items) => write_items(items.iter(), items.len(), style, depth, out),
        Value::Set(set) => write_items(set.iter(), set.len(), style, depth, out),
        Value::Dict(dict) => write_dict(dict, style, depth, out),
        Value::Object(object) => match (object.keys(), object.iterate()) {
            (Some(keys), _) => {
                let entry = |key: Value| object.get(&key).ok().flatten().map(|value| (key, value));
                write_dict(&keys.into_iter().filter_map(entry).collect(), style, depth, out);
            }
            (None, Some(items)) => write_items(items.iter(), items.len(), style, depth, out),
            (None, None) => write_string(&object.repr(), style.ensure_ascii, out),
        },
    }
}

fn newline(style: &Style, depth: usize, out: &mut String) {
    if let Some(indent) = &style.indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(&**indent, depth));
    }
}

fn write_items<'a>(items: impl Iterator<Item = &'a Value>, len: usize, style: &Style, depth: usize, out: &mut String) {
    if len == 0 {
        return out.push_str("[]");
    }
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push_str(&style.item_separator);
        }
        newline(style, depth + 1, out);
        write_value(item, style, depth + 1, out);
    }
    newline(style, depth, out);
    out.push(']');
}

fn write_dict(dict: &Dict, style: &Style, depth: usize, out: &mut String) {
    if dict.is_empty() {
        return out.push_str("{}");
    }
    let mut entries: Vec<(String, &Value)> = dict.iter().map(|(key, value)| (key_text(key), value)).collect();
    if style.sort_keys {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
    }
    out.push('{');
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push_str(&style.item_separator);
        }
        newline(style, depth + 1, out);
        write_string(&key, style.ensure_ascii, out);
        out.push_str(&style.key_separator);
        write_value(value, style, depth + 1, out);
    }
    newline(style, depth, out);
    out.push('}');
}

/// A key as JSON spells it: Python writes `true`, `null` and numbers as texts.
fn key_text(key: &Value) -> String {
    match key {
        Value::Bool(flag) => if *flag { "true" } else { "false" }.to_string(),
        Value::None => "null".to_string(),
        Value::Moment(moment) => moment.iso(),
        other => other.to_text().into_owned(),
    }
}

fn write_string(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || (ascii && !c.is_ascii()) => {
                let mut units = [0u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads one JSON document; texts come without trust. The error names what was expected and the line and column.
pub fn parse(text: &str) -> Result<Value> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.blanks();
    let value = reader.value()?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.fail("Extra data"));
    }
    Ok(value)
}

/// Reads the JSON document that `text` begins with; gives it and the number of bytes read.
pub fn parse_prefix(text: &str) -> Result<(Value, usize)> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.blanks();
    let value = reader.value()?;
    Ok((value, reader.at))
}

/// Deeper nesting than any real document has, and far from the end of the stack.
const MAX_DEPTH: usize = 512;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// An error with Python's wording of the position.
    fn fail(&self, what: &str) -> Error {
        let before = &self.text[..self.text.floor_char_boundary(self.at)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let chars = before.chars().count();
        Error::parser(format!("{what}: line {line} column {column} (char {chars})"))
    }

    fn value(&mut self) -> Result<Value> {
        let rest = &self.text[self.at..];
        match self.peek() {
            Some(b'"') => self.string().map(Value::from),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') if !rest.starts_with("-I") => self.number(),
            _ => {
                let words = [
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("null", Value::None),
                    ("NaN", Value::Float(f64::NAN)),
                    ("Infinity", Value::Float(f64::INFINITY)),
                    ("-Infinity", Value::Float(f64::NEG_INFINITY)),
                ];
                for (word, value) in words {
                    if rest.starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.fail("Expecting value"))
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value>) -> Result<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fail("Too deeply nested"));
        }
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value> {
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            self.blanks();
            items.push(self.value()?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items));
                }
                _ => return Err(self.fail("Expecting ',' delimiter")),
            }
        }
    }

    fn object(&mut self) -> Result<Value> {
        let mut dict = Dict::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::dict(dict));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.fail("Expecting property name enclosed in double quotes"));
            }
            let key = self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.fail("Expecting ':' delimiter"));
            }
            self.at += 1;
            self.blanks();
            let value = self.value()?;
            dict.insert(key, value);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::dict(dict));
                }
                _ => return Err(self.fail("Expecting ',' delimiter")),
            }
        }
    }

    fn number(&mut self) -> Result<Value> {
        let start = self.at;
        let digits = |reader: &mut Self| {
            while let Some(b'0'..=b'9') = reader.peek() {
                reader.at += 1;
            }
        };
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        digits(self);
        if self.at == first || (self.text.as_bytes()[first] == b'0' && self.at > first + 1) {
            self.at = start;
            return Err(self.fail("Expecting value"));
        }
        let mut float = false;
        if self.peek() == Some(b'.') && matches!(self.text.as_bytes().get(self.at + 1), Some(b'0'..=b'9')) {
            float = true;
            self.at += 1;
            digits(self);
        }
        if let Some(b'e' | b'E') = self.peek() {
            let mark = self.at;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            let first = self.at;
            digits(self);
            if self.at == first { self.at = mark } else { float = true }
        }
        let text = &self.text[start..self.at];
        if float {
            return text.parse().map(Value::Float).map_err(|_| self.fail("Expecting value"));
        }
        match text.parse::<i64>() {
            Ok(small) => Ok(Value::Int(small)),
            Err(_) => text.parse::<BigInt>().map(Value::int).map_err(|_| self.fail("Expecting value")),
        }
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20) else {
                return Err(self.fail("Unterminated string starting"));
            };
            out.push_str(&rest[..end]);
            self.at += end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                // Ansible reads with strict=False: control characters stand for themselves
                Some(control) => {
                    out.push(control as char);
                    self.at += 1;
                }
                None => return Err(self.fail("Unterminated string starting")),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<()> {
        let c = self.peek().ok_or_else(|| self.fail("Unterminated string starting"))?;
        self.at += 1;
        out.push(match c {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(out),
            _ => {
                self.at -= 1;
                return Err(self.fail("Invalid \\escape"));
            }
        });
        Ok(())
    }

    fn unicode(&mut self, out: &mut String) -> Result<()> {
        let high = self.hex4()?;
        let mut units = vec![high];
        if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let mark = self.at;
            self.at += 2;
            match self.hex4()? {
                low if (0xdc00..0xe000).contains(&low) => units.push(low),
                _ => self.at = mark,
            }
        }
        // a lone surrogate cannot be kept in a text
        out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        Ok(())
    }

    fn hex4(&mut self) -> Result<u16> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|d| u16::from_str_radix(d, 16).ok());
        let unit = unit.ok_or_else(|| self.fail("Invalid \\uXXXX escape"))?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_a_round_trip() {
        let text = r#"{"a": [1, -2.5, 123456789012345678901234567890, true, null, "\u00e9\ud83d\ude00\n"], "b": {}}"#;
        let value = parse(text).unwrap();
        assert_eq!(to_string(&value, &Style::PYTHON), text);
    }

    #[test]
    fn errors_are_worded_as_pythons() {
        let message = |text| parse(text).unwrap_err().message().to_string();
        assert_eq!(message(""), "Expecting value: line 1 column 1 (char 0)");
        assert_eq!(message("[1,\n 2"), "Expecting ',' delimiter: line 2 column 3 (char 6)");
        assert_eq!(message("{} x"), "Extra data: line 1 column 4 (char 3)");
        assert_eq!(message("{a"), "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)");
    }

    #[test]
    fn deep_nesting_is_an_error() {
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn pretty_print_sorts_and_indents() {
        let value = parse(r#"{"b": [], "a": [1]}"#).unwrap();
        assert_eq!(to_string(&value, &Style::PRETTY), "{\n    \"a\": [\n        1\n    ],\n    \"b\": []\n}");
    }
}
