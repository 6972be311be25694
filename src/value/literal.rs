//! Python's literals: numbers, texts, tuples, lists, dicts, sets, `True`, `False`, `None`, as `ast.literal_eval` reads them.

use crate::value::{Dict, Set, Value};
use num_bigint::BigInt;
use std::sync::Arc;

/// How deep literals may nest; Python's parser has a limit too.
const MAX_DEPTH: usize = 90;

/// The value of a Python literal; `None` where it is none.
pub fn parse(text: &str) -> Option<Value> {
    let mut parser = Parser { rest: text.trim_start_matches([' ', '\t']), depth: 0 };
    let first = parser.value()?;
    if !parser.eat(",") {
        return parser.at_end().then_some(first);
    }
    // a tuple needs no parentheses
    let mut items = vec![first];
    while !parser.at_end() {
        items.push(parser.value()?);
        if !parser.eat(",") && !parser.at_end() {
            return None;
        }
    }
    Some(Value::tuple(items))
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    /// Whether only blanks and a comment are left.
    fn at_end(&mut self) -> bool {
        self.blanks();
        self.rest.is_empty() || (self.rest.starts_with('#') && !self.rest.contains(['\n', '\r']))
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Value> {
        self.blanks();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = match self.rest.chars().next()? {
            '(' => self.parenthesised(),
            '[' => {
                self.rest = &self.rest[1..];
                Some(Value::list(self.items("]")?.0))
            }
            '{' => self.braces(),
            '\'' | '"' => self.texts(),
            'b' | 'B' | 'u' | 'U' | 'r' | 'R' if self.starts_text() => self.texts(),
            '0'..='9' | '.' | '-' | '+' => self.number(),
            _ => self.word(),
        };
        self.depth -= 1;
        value
    }

    fn starts_text(&self) -> bool {
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        letters <= 2 && matches!(self.rest.as_bytes().get(letters), Some(b'\'' | b'"'))
    }

    fn word(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "True" => Some(Value::Bool(true)),
            "False" => Some(Value::Bool(false)),
            "None" => Some(Value::None),
            _ => None,
        }
    }

    /// Items up to the closing token, and whether a comma stood among them.
    fn items(&mut self, close: &str) -> Option<(Vec<Value>, bool)> {
        let mut items = Vec::new();
        let mut comma = false;
        while !self.eat(close) {
            if !items.is_empty() {
                if !self.eat(",") {
                    return None;
                }
                comma = true;
                if self.eat(close) {
                    break;
                }
            }
            items.push(self.value()?);
        }
        Some((items, comma))
    }

    fn parenthesised(&mut self) -> Option<Value> {
        self.rest = &self.rest[1..];
        let (mut items, comma) = self.items(")")?;
        if items.len() == 1 && !comma { items.pop() } else { Some(Value::tuple(items)) }
    }

    fn braces(&mut self) -> Option<Value> {
        self.rest = &self.rest[1..];
        if self.eat("}") {
            return Some(Value::dict(Dict::new()));
        }
        let first = self.value()?;
        if !self.eat(":") {
            let mut set: Set = std::iter::once(first).collect();
            if self.eat(",") {
                set.extend(self.items("}")?.0);
            } else if !self.eat("}") {
                return None;
            }
            return Some(Value::Set(Arc::new(set)));
        }
        let mut dict = Dict::new();
        let mut key = first;
        loop {
            dict.insert_value(key, self.value()?);
            let comma = self.eat(",");
            if self.eat("}") {
                return Some(Value::dict(dict));
            }
            if !comma {
                return None;
            }
            key = self.value()?;
            if !self.eat(":") {
                return None;
            }
        }
    }

    fn number(&mut self) -> Option<Value> {
        let negative = match self.rest.as_bytes()[0] {
            b'-' => true,
            b'+' => false,
            _ => return self.unsigned(),
        };
        self.rest = &self.rest[1..];
        self.blanks();
        match self.unsigned()? {
            number if !negative => Some(number),
            Value::Int(number) => Some(Value::int(-BigInt::from(number))),
            Value::BigInt(number) => Some(Value::int(-(*number).clone())),
            Value::Float(number) => Some(Value::Float(-number)),
            _ => None,
        }
    }

    fn unsigned(&mut self) -> Option<Value> {
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        while end < bytes.len() {
            let sign = end > 0
                && matches!(bytes[end], b'+' | b'-')
                && matches!(bytes[end - 1], b'e' | b'E')
                && !self.rest.starts_with("0x")
                && !self.rest.starts_with("0X");
            if !(bytes[end].is_ascii_alphanumeric() || matches!(bytes[end], b'.' | b'_') || sign) {
                break;
            }
            end += 1;
        }
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        if digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
            return None;
        }
        let digits = digits.replace('_', "").to_ascii_lowercase();
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
            if let Some(digits) = digits.strip_prefix(prefix) {
                return BigInt::parse_bytes(digits.as_bytes(), radix).map(Value::int);
            }
        }
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|byte| byte != b'0');
            return if leading_zero { None } else { digits.parse().ok().map(Value::int) };
        }
        let float = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'));
        if float { digits.parse().ok().map(Value::Float) } else { None }
    }

    /// One or more texts side by side, which Python joins.
    fn texts(&mut self) -> Option<Value> {
        let mut text = String::new();
        let mut bytes = None;
        while matches!(self.rest.chars().next(), Some('\'' | '"')) || self.starts_text() {
            let is_bytes = self.text(&mut text)?;
            if *bytes.get_or_insert(is_bytes) != is_bytes {
                return None;
            }
            self.blanks();
        }
        if bytes? {
            let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
            return bytes.map(|bytes| Value::Bytes(bytes.into()));
        }
        Some(Value::str(text))
    }

    /// One text, appended; tells whether it is bytes.
    fn text(&mut self, out: &mut String) -> Option<bool> {
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let prefix = self.rest[..letters].to_ascii_lowercase();
        let (bytes, raw) = match prefix.as_str() {
            "" | "u" => (false, false),
            "r" => (false, true),
            "b" => (true, false),
            "br" | "rb" => (true, true),
            _ => return None,
        };
        self.rest = &self.rest[letters..];
        let quote = self.rest.chars().next()?;
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let close = if self.rest.starts_with(&triple) { triple } else { quote.to_string() };
        self.rest = &self.rest[close.len()..];
        loop {
            if let Some(rest) = self.rest.strip_prefix(close.as_str()) {
                self.rest = rest;
                return Some(bytes);
            }
            let c = self.rest.chars().next()?;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '\n' if close.len() == 1 => return None,
                '\\' if raw => {
                    out.push('\\');
                    let next = self.rest.chars().next()?;
                    self.rest = &self.rest[next.len_utf8()..];
                    out.push(next);
                }
                '\\' => self.escape(bytes, out)?,
                c if bytes && !c.is_ascii() => return None,
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, bytes: bool, out: &mut String) -> Option<()> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        let width = match c {
            '\n' => return Some(()),
            '\\' | '\'' | '"' => 0,
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' => 0,
            'x' => 2,
            'u' if !bytes => 4,
            'U' if !bytes => 8,
            '0'..='7' => {
                let more = self.rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                let code = u32::from_str_radix(&format!("{c}{}", &self.rest[..more]), 8).ok()?;
                self.rest = &self.rest[more..];
                out.push(char::from_u32(code)?);
                return Some(());
            }
            c => {
                out.push('\\');
                out.push(c);
                return Some(());
            }
        };
        if width > 0 {
            let code = u32::from_str_radix(self.rest.get(..width)?, 16).ok()?;
            self.rest = &self.rest[width..];
            out.push(char::from_u32(code)?);
            return Some(());
        }
        out.push(match c {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            c => c,
        });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dict_of_everything() {
        let value = parse("{'a': [1, -2.5, 0x10], \"b\": (None, True), 3: 'x' 'y\\n', }").unwrap();
        assert_eq!(value.repr(), "{'a': [1, -2.5, 16], 'b': (None, True), 3: 'xy\\n'}");
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for text in ["{a: 1}", "[1, 2", "os.system('x')", "1 + 1", "'a", "{'a' 1}", "007", ""] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn comments_and_bare_tuples_are_python() {
        assert_eq!(parse("1, 'a' # c").unwrap().repr(), "(1, 'a')");
        assert_eq!(parse("1,").unwrap().repr(), "(1,)");
        assert_eq!(parse("8080 # the port").unwrap().repr(), "8080");
        assert!(parse("# nothing").is_none());
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(parse(&"[".repeat(100_000)).is_none());
    }
}
