//! Cuts a template into tokens, with Jinja2's rules for blanks, numbers, strings, raw blocks and balanced brackets.

use super::literal::unescape;
use super::overrides::SyntaxOverrides;
use super::token::{Kind, Token};
use num_bigint::BigInt;
use std::sync::Arc;

/// A syntax error: Jinja2's message and the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// 1-based line in the template.
    pub line: u32,
}

/// What is read at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Text with delimiters in it.
    Document,
    /// An expression without delimiters.
    Expression,
}

const OPERATORS: &[&str] = &[
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".",
    ":", "|", ",", ";",
];

/// Which end a tag waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Variable,
    Block,
    Line,
    Expression,
}

#[derive(Clone, Copy)]
enum Opening {
    Raw,
    Comment,
    Block,
    Variable,
    LineStatement,
    LineComment,
}

struct Lexer<'a> {
    source: &'a str,
    pos: usize,
    line: u32,
    syntax: &'a SyntaxOverrides,
    escape_backslashes: bool,
    line_starting: bool,
    tokens: Vec<Token>,
}

/// Cuts `text` into tokens; the last one is [`Kind::Eof`], or [`Kind::Error`] where no token could be found. With
/// `escape_backslashes`, backslashes in strings between `{{ }}` stand for themselves: the YAML around them had its turn already.
pub fn tokenize(text: &str, mode: Mode, syntax: &SyntaxOverrides, escape_backslashes: bool) -> Vec<Token> {
    let mut source =
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_string() };
    if !syntax.keep_trailing_newline && source.ends_with('\n') {
        source.pop();
    }
    let mut lexer =
        Lexer { source: &source, pos: 0, line: 1, syntax, escape_backslashes, line_starting: true, tokens: Vec::new() };
    let start = if mode == Mode::Expression { lexer.tag(Tag::Expression) } else { Ok(()) };
    let end = match start.and_then(|()| lexer.root()) {
        Ok(()) => Token { kind: Kind::Eof, line: lexer.line },
        Err(error) => Token { kind: Kind::Error(Arc::from(error.message)), line: error.line },
    };
    lexer.tokens.push(end);
    lexer.tokens
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn blank_prefix(text: &str) -> usize {
    text.find(|c| !is_blank(c)).unwrap_or(text.len())
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.pos..]
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError { message: message.into(), line: self.line })
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, line: self.line });
    }

    /// Goes on by `bytes`, counting lines.
    fn skip(&mut self, bytes: usize) {
        let skipped = &self.source[self.pos..self.pos + bytes];
        self.line += skipped.bytes().filter(|b| *b == b'\n').count() as u32;
        self.pos += bytes;
        self.line_starting = skipped.ends_with('\n');
    }

    fn data(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let text: Arc<str> = match &*self.syntax.newline_sequence {
            "\n" => Arc::from(text),
            sequence => Arc::from(text.replace('\n', sequence)),
        };
        self.push(Kind::Data(text));
    }

    /// The nearest opening at or after the position: where, what, and how long with its sign.
    fn find_opening(&self) -> Option<(usize, Opening, usize)> {
        let mut marks: Vec<(&str, Opening)> = vec![
            (&self.syntax.variable_start, Opening::Variable),
            (&self.syntax.comment_start, Opening::Comment),
            (&self.syntax.block_start, Opening::Block),
        ];
        // the longest mark wins where several start at one place
        marks.sort_by_key(|(mark, _)| std::cmp::Reverse(mark.len()));
        let rest = self.rest();
        let nearest = marks.iter().filter_map(|(mark, _)| rest.find(mark)).min();
        let line = self.find_line_mark();
        if let Some((at, opening, len)) = line
            && nearest.is_none_or(|nearest| at <= nearest)
        {
            return Some((self.pos + at, opening, len));
        }
        let at = nearest?;
        let (mark, opening) = marks.iter().find(|(mark, _)| rest[at..].starts_with(mark))?;
        let after = &rest[at + mark.len()..];
        let sign = usize::from(after.starts_with(['-', '+']));
        if matches!(opening, Opening::Block) && self.raw_length(&rest[at..]).is_some() {
            return Some((self.pos + at, Opening::Raw, mark.len() + sign));
        }
        Some((self.pos + at, *opening, mark.len() + sign))
    }

    fn find_line_mark(&self) -> Option<(usize, Opening, usize)> {
        let (statement, comment) = (&self.syntax.line_statement_prefix, &self.syntax.line_comment_prefix);
        if statement.is_none() && comment.is_none() {
            return None;
        }
        let rest = self.rest();
        let mut start = 0;
        for line in rest.split_inclusive('\n') {
            let at_line_start = start > 0 || self.pos == 0 || self.source[..self.pos].ends_with('\n');
            let indent = line.find(|c| !matches!(c, ' ' | '\t' | '\u{b}')).unwrap_or(line.len());
            let mut found: Vec<(usize, Opening, usize)> = Vec::new();
            if let Some(prefix) = statement
                && at_line_start
                && line[indent..].starts_with(&**prefix)
            {
                let sign = usize::from(line[indent + prefix.len()..].starts_with(['-', '+']));
                found.push((0, Opening::LineStatement, indent + prefix.len() + sign));
            }
            if let Some(prefix) = comment
                && let Some(at) = line.find(&**prefix)
            {
                let before = line[..at].trim_end_matches(|c: char| is_blank(c) && c != '\n' && c != '\r').len();
                if before > 0 || at_line_start {
                    found.push((before, Opening::LineComment, at - before + prefix.len()));
                }
            }
            // of two at one place the longer prefix wins
            if let Some((at, opening, len)) =
                found.into_iter().min_by_key(|(at, _, len)| (*at, std::cmp::Reverse(*len)))
            {
                return Some((start + at, opening, len));
            }
            start += line.len();
        }
        None
    }

    /// How long `{% raw %}` is at the start of `text`, if it is there.
    fn raw_length(&self, text: &str) -> Option<usize> {
        let mut at = self.syntax.block_start.len();
        at += usize::from(text[at..].starts_with(['-', '+']));
        at += blank_prefix(&text[at..]);
        if !text[at..].starts_with("raw") {
            return None;
        }
        at += 3;
        at += blank_prefix(&text[at..]);
        if let Some(after) = text[at..].strip_prefix('-').and_then(|after| after.strip_prefix(&*self.syntax.block_end))
        {
            return Some(text.len() - after.len() + blank_prefix(after));
        }
        text[at..].starts_with(&*self.syntax.block_end).then(|| at + self.syntax.block_end.len())
    }

    fn root(&mut self) -> Result<(), SyntaxError> {
        while self.pos < self.source.len() {
            let Some((at, opening, len)) = self.find_opening() else {
                let rest = self.rest();
                self.data(rest);
                self.skip(rest.len());
                return Ok(());
            };
            let mark = &self.source[at..at + len];
            let text = &self.source[self.pos..at];
            let kept = self.strip_before(text, mark, !matches!(opening, Opening::Variable));
            self.data(&text[..kept]);
            self.skip(text.len());
            match opening {
                Opening::Raw => self.raw()?,
                Opening::Comment => {
                    self.skip(len);
                    self.comment()?;
                }
                Opening::Block => {
                    self.push(Kind::BlockBegin);
                    self.skip(len);
                    self.tag(Tag::Block)?;
                }
                Opening::LineStatement => {
                    self.push(Kind::BlockBegin);
                    self.skip(len);
                    self.tag(Tag::Line)?;
                }
                Opening::Variable => {
                    self.push(Kind::VariableBegin);
                    self.skip(len);
                    self.tag(Tag::Variable)?;
                }
                Opening::LineComment => {
                    self.skip(len);
                    let end = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.skip(end);
                }
            }
        }
        Ok(())
    }

    /// How much of the text before a tag stays, after the tag's sign and `lstrip_blocks` had their say.
    fn strip_before(&self, text: &str, mark: &str, may_lstrip: bool) -> usize {
        if mark.ends_with('-') {
            return text.trim_end_matches(is_blank).len();
        }
        if !mark.ends_with('+') && self.syntax.lstrip_blocks && may_lstrip {
            let line = text.rfind('\n').map_or(0, |at| at + 1);
            if (line > 0 || self.line_starting) && line < text.len() && text[line..].chars().all(is_blank) {
                return line;
            }
        }
        text.len()
    }

    /// How long the end of a tag is at the position: `+%}`, `-%}` with the blanks after it, or `%}` with its line break.
    fn end_length(&self, end: &str, plus_and_trim: bool) -> Option<usize> {
        let rest = self.rest();
        if plus_and_trim && rest.strip_prefix('+').is_some_and(|rest| rest.starts_with(end)) {
            return Some(1 + end.len());
        }
        if let Some(after) = rest.strip_prefix('-').and_then(|rest| rest.strip_prefix(end)) {
            return Some(1 + end.len() + blank_prefix(after));
        }
        let after = rest.strip_prefix(end)?;
        Some(end.len() + usize::from(plus_and_trim && self.syntax.trim_blocks && after.starts_with('\n')))
    }

    fn comment(&mut self) -> Result<(), SyntaxError> {
        let end = &self.syntax.comment_end;
        let from = self.pos;
        let Some(at) = self.rest().find(&**end) else {
            if self.rest().is_empty() {
                return Ok(());
            }
            return self.fail("Missing end of comment tag");
        };
        let signed = self.source[from..from + at].ends_with(['-', '+']);
        self.skip(at - usize::from(signed));
        let len = self.end_length(end, true).unwrap_or(end.len());
        self.skip(len);
        Ok(())
    }

    fn raw(&mut self) -> Result<(), SyntaxError> {
        let len = self.raw_length(self.rest()).unwrap_or_default();
        self.skip(len);
        let rest = self.rest();
        let mut from = 0;
        while let Some(found) = rest[from..].find(&*self.syntax.block_start) {
            let at = from + found;
            let mut cursor = at + self.syntax.block_start.len();
            let sign = usize::from(rest[cursor..].starts_with(['-', '+']));
            let mark = &rest[at..cursor + sign];
            cursor += sign;
            cursor += blank_prefix(&rest[cursor..]);
            if rest[cursor..].starts_with("endraw") {
                cursor += 6;
                cursor += blank_prefix(&rest[cursor..]);
                let mut tail = Lexer { source: self.source, pos: self.pos + cursor, tokens: Vec::new(), ..*self };
                if let Some(len) = tail.end_length(&self.syntax.block_end, true) {
                    tail.pos += len;
                    let kept = self.strip_before(&rest[..at], mark, true);
                    self.data(&rest[..kept]);
                    self.skip(tail.pos - self.pos);
                    return Ok(());
                }
            }
            from = at + self.syntax.block_start.len();
        }
        if rest.is_empty() { Ok(()) } else { self.fail("Missing end of raw directive") }
    }

    fn tag(&mut self, tag: Tag) -> Result<(), SyntaxError> {
        let mut open: Vec<char> = Vec::new();
        loop {
            if open.is_empty() && self.tag_end(tag) {
                return Ok(());
            }
            let rest = self.rest();
            if rest.is_empty() {
                return Ok(());
            }
            let blanks = blank_prefix(rest);
            if blanks > 0 {
                self.skip(blanks);
                continue;
            }
            if self.number() || self.name()? || self.string(tag)? {
                continue;
            }
            let Some(op) = OPERATORS.iter().find(|op| rest.starts_with(**op)) else {
                let c = rest.chars().next().unwrap_or_default();
                let at = self.source[..self.pos].chars().count();
                let shown = crate::value::Value::from(c.to_string()).repr();
                return self.fail(format!("unexpected char {shown} at {at}"));
            };
            self.balance(op, &mut open)?;
            self.push(Kind::Op(op));
            self.skip(op.len());
        }
    }

    fn tag_end(&mut self, tag: Tag) -> bool {
        let syntax = self.syntax;
        let (len, kind) = match tag {
            Tag::Variable | Tag::Expression => (self.end_length(&syntax.variable_end, false), Kind::VariableEnd),
            Tag::Block => (self.end_length(&syntax.block_end, true), Kind::BlockEnd),
            Tag::Line => {
                let rest = self.rest();
                let blanks = blank_prefix(rest);
                let len = match rest[..blanks].rfind('\n') {
                    Some(at) => Some(at + 1),
                    None if blanks == rest.len() => Some(blanks),
                    None => None,
                };
                (len, Kind::BlockEnd)
            }
        };
        match len {
            Some(len) => {
                self.push(kind);
                self.skip(len);
                true
            }
            None => false,
        }
    }

    fn balance(&self, op: &str, open: &mut Vec<char>) -> Result<(), SyntaxError> {
        match op {
            "{" => open.push('}'),
            "(" => open.push(')'),
            "[" => open.push(']'),
            "}" | ")" | "]" => match open.pop() {
                None => return self.fail(format!("unexpected '{op}'")),
                Some(expected) if !op.starts_with(expected) => {
                    return self.fail(format!("unexpected '{op}', expected '{expected}'"));
                }
                Some(_) => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn number(&mut self) -> bool {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        if !self.source[..self.pos].ends_with('.')
            && let Some(len) = float_length(rest)
        {
            let number = rest[..len].replace('_', "").parse().unwrap_or(f64::NAN);
            self.push(Kind::Float(number));
            self.skip(len);
            return true;
        }
        let (len, radix) = integer_length(rest);
        let digits = rest[if radix == 10 { 0 } else { 2 }..len].replace('_', "");
        let number = BigInt::parse_bytes(digits.as_bytes(), radix).unwrap_or_default();
        self.push(Kind::Integer(number));
        self.skip(len);
        true
    }

    fn name(&mut self) -> Result<bool, SyntaxError> {
        let rest = self.rest();
        let is_word = |c: char| c == '_' || c.is_alphanumeric() || is_mark(c);
        let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if len == 0 {
            return Ok(false);
        }
        if !rest.starts_with(|c: char| c == '_' || c.is_alphabetic()) {
            return self.fail("Invalid character in identifier");
        }
        self.push(Kind::Name(Arc::from(&rest[..len])));
        self.skip(len);
        Ok(true)
    }

    fn string(&mut self, tag: Tag) -> Result<bool, SyntaxError> {
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            return Ok(false);
        };
        let bytes = rest.as_bytes();
        let mut at = 1;
        let end = loop {
            match bytes.get(at) {
                None => return Ok(false),
                Some(b'\\') => at += 2,
                Some(b) if *b == quote as u8 => break at,
                Some(_) => at += 1,
            }
        };
        let body = rest[1..end].replace('\n', &self.syntax.newline_sequence);
        let text = if self.escape_backslashes && tag == Tag::Variable {
            body
        } else {
            unescape(&body).or_else(|message| self.fail(message))?
        };
        self.push(Kind::Str(Arc::from(text)));
        self.skip(end + 1);
        Ok(true)
    }
}

/// Marks and joiners that Python allows inside identifiers.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{b7}' | '\u{387}' | '\u{203f}' | '\u{2040}' | '\u{2054}') || ('\u{300}'..='\u{36f}').contains(&c)
}

/// Digits with single underscores between them.
fn digits_length(text: &str, is_digit: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at) {
            Some(b) if is_digit(*b) => at += 1,
            Some(b'_') if at > 0 && bytes.get(at + 1).is_some_and(|b| is_digit(*b)) => at += 1,
            _ => return at,
        }
    }
}

fn float_length(text: &str) -> Option<usize> {
    let digit = |b: u8| b.is_ascii_digit();
    let whole = digits_length(text, digit);
    let mut at = whole;
    let mut fraction = false;
    if text[at..].starts_with('.') {
        let digits = digits_length(&text[at + 1..], digit);
        if digits > 0 {
            at += 1 + digits;
            fraction = true;
        }
    }
    if text[at..].starts_with(['e', 'E']) {
        let sign = usize::from(text[at + 1..].starts_with(['+', '-']));
        let digits = digits_length(&text[at + 1 + sign..], digit);
        if digits > 0 {
            return Some(at + 1 + sign + digits);
        }
    }
    fraction.then_some(at)
}

fn integer_length(text: &str) -> (usize, u32) {
    for (prefix, radix) in [("0b", 2), ("0o", 8), ("0x", 16)] {
        if text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            // an underscore may stand right behind the prefix
            let body = text[2..].strip_prefix('_').unwrap_or(&text[2..]);
            let len = digits_length(body, |b| (b as char).is_digit(radix));
            if len > 0 {
                return (text.len() - body.len() + len, radix);
            }
        }
    }
    if text.starts_with('0') {
        return (digits_length(text, |b| b == b'0'), 10);
    }
    (digits_length(text, |b| b.is_ascii_digit()), 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let tokens = tokenize(text, Mode::Document, &SyntaxOverrides::DEFAULT, true);
        tokens.into_iter().map(|token| token.kind).collect()
    }

    fn data(text: &str) -> String {
        let data = |kind: Kind| if let Kind::Data(text) = kind { Some(text.to_string()) } else { None };
        kinds(text).into_iter().filter_map(data).collect()
    }

    #[test]
    fn signs_and_trim_blocks_take_blanks_away() {
        assert_eq!(data("a \n{%- if x -%}\n b {% endif %}\nc"), "ab c");
        assert_eq!(data("a{# x #}\nb {#- y +#}\nc"), "ab\nc");
        assert_eq!(data("a\n"), "a");
    }

    #[test]
    fn raw_blocks_are_data() {
        assert_eq!(data("{% raw %}{{ x }}{% endraw %}\nb"), "{{ x }}b");
        assert_eq!(data("{%- raw -%} {{ x }} {%- endraw -%} b"), "{{ x }}b");
    }

    #[test]
    fn a_closing_brace_inside_brackets_ends_nothing() {
        let kinds = kinds("{{ {'a': {}} }}");
        assert_eq!(kinds.iter().filter(|kind| **kind == Kind::VariableEnd).count(), 1);
    }

    #[test]
    fn numbers_are_read_as_jinja_reads_them() {
        let kinds = kinds("{{ 1_000 0x_ff 1.5e3 1e2 d.0.1 }}");
        assert!(kinds.contains(&Kind::Integer(1000.into())));
        assert!(kinds.contains(&Kind::Integer(255.into())));
        assert!(kinds.contains(&Kind::Float(1500.0)));
        assert!(kinds.contains(&Kind::Float(100.0)));
        assert!(!kinds.contains(&Kind::Float(0.1)));
    }

    #[test]
    fn an_unclosed_string_is_an_unexpected_char() {
        assert_eq!(kinds("é{{ 'x }}").last(), Some(&Kind::Error("unexpected char \"'\" at 4".into())));
    }

    #[test]
    fn line_statements_follow_their_prefix() {
        let syntax = SyntaxOverrides { line_statement_prefix: Some("%%".into()), ..SyntaxOverrides::DEFAULT };
        let tokens = tokenize("a\n %% if x\nb\n%% endif\n", Mode::Document, &syntax, true);
        assert_eq!(tokens.iter().filter(|token| token.kind == Kind::BlockEnd).count(), 2);
    }
}
