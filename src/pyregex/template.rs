//! The replacement texts of `re.sub`: `\1`, `\g<name>`, `\n`.

use super::class;
use super::cursor::{Cursor, is_identifier};
use super::{Match, Regex};
use crate::error::{Error, Result};
use crate::value::Value;

enum Part {
    Text(String),
    Group(usize),
}

/// A replacement, read.
pub struct Replacement(Vec<Part>);

impl Replacement {
    /// Reads a replacement for `regex`, whose groups it may name.
    pub fn parse(text: &str, regex: &Regex) -> Result<Replacement> {
        let mut cursor = Cursor::new(text);
        let mut parts = Vec::new();
        let mut literal = String::new();
        while let Some(c) = cursor.next() {
            if c != '\\' {
                literal.push(c);
                continue;
            }
            let start = cursor.at - 1;
            match escape(&mut cursor, start, regex)? {
                Part::Text(text) => literal.push_str(&text),
                group => {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                    parts.push(group);
                }
            }
        }
        parts.push(Part::Text(literal));
        Ok(Replacement(parts))
    }

    /// Writes the replacement of one match.
    pub fn expand(&self, found: &Match, text: &str, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(literal) => out.push_str(literal),
                Part::Group(number) => out.push_str(found.group(text, *number).unwrap_or("")),
            }
        }
    }
}

fn escape(cursor: &mut Cursor, start: usize, regex: &Regex) -> Result<Part> {
    let c = cursor.next().ok_or_else(|| cursor.error("bad escape (end of pattern)", start))?;
    let known = |c: char| Ok(Part::Text(c.to_string()));
    match c {
        'g' => named(cursor, regex),
        '0' => class::octal(cursor, c, 2, start).map(|c| Part::Text(c.to_string())),
        '1'..='9' => numbered(cursor, c, start, regex),
        'a' => known('\u{7}'),
        'b' => known('\u{8}'),
        'f' => known('\u{c}'),
        'n' => known('\n'),
        'r' => known('\r'),
        't' => known('\t'),
        'v' => known('\u{b}'),
        '\\' => known('\\'),
        c if c.is_ascii_alphabetic() => Err(cursor.error(&format!("bad escape \\{c}"), start)),
        c => Ok(Part::Text(format!("\\{c}"))),
    }
}

fn numbered(cursor: &mut Cursor, first: char, start: usize, regex: &Regex) -> Result<Part> {
    let octal = |c: char| ('0'..='7').contains(&c);
    let mut digits = first.to_string();
    if let Some(second) = cursor.peek().filter(char::is_ascii_digit) {
        if octal(first) && octal(second) && cursor.peek_at(1).is_some_and(octal) {
            return class::octal(cursor, first, 2, start).map(|c| Part::Text(c.to_string()));
        }
        cursor.at += 1;
        digits.push(second);
    }
    group(cursor, digits.parse().unwrap_or(usize::MAX), start + 1, regex)
}

fn named(cursor: &mut Cursor, regex: &Regex) -> Result<Part> {
    if !cursor.eat('<') {
        return Err(cursor.error("missing <", cursor.at));
    }
    let at = cursor.at;
    let name = cursor.name('>')?;
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return group(cursor, name.parse().unwrap_or(usize::MAX), at, regex);
    }
    let quoted = Value::str(name.as_str()).repr();
    if !is_identifier(&name) {
        return Err(cursor.error(&format!("bad character in group name {quoted}"), at));
    }
    let number = regex.group_number(&name);
    // Python raises IndexError here, whose text has no position
    number.map(Part::Group).ok_or_else(|| Error::template(format!("unknown group name {quoted}")))
}

fn group(cursor: &Cursor, number: usize, at: usize, regex: &Regex) -> Result<Part> {
    if number > regex.groups() {
        return Err(cursor.error(&format!("invalid group reference {number}"), at));
    }
    Ok(Part::Group(number))
}
