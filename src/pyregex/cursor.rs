//! A pattern being read: its characters, a position, and errors that name one.

use crate::error::{Error, Result};

/// The characters of a pattern or replacement and the next one to read.
pub(super) struct Cursor {
    chars: Vec<char>,
    pub at: usize,
}

impl Cursor {
    pub fn new(text: &str) -> Cursor {
        Cursor { chars: text.chars().collect(), at: 0 }
    }

    pub fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Reads `expected` if it comes next.
    pub fn eat(&mut self, expected: char) -> bool {
        let here = self.peek() == Some(expected);
        self.at += usize::from(here);
        here
    }

    /// Reads at most `most` characters that fit.
    pub fn take_while(&mut self, most: usize, fits: impl Fn(char) -> bool) -> String {
        let rest = &self.chars[self.at.min(self.chars.len())..];
        let taken: String = rest.iter().take(most).take_while(|c| fits(**c)).collect();
        self.at += taken.chars().count();
        taken
    }

    /// Reads a group name up to `end`.
    pub fn name(&mut self, end: char) -> Result<String> {
        let start = self.at;
        let name = self.take_while(usize::MAX, |c| c != end);
        if !self.eat(end) {
            return Err(if name.is_empty() {
                self.error("missing group name", start)
            } else {
                self.error(&format!("missing {end}, unterminated name"), start)
            });
        }
        if name.is_empty() {
            return Err(self.error("missing group name", start));
        }
        Ok(name)
    }

    /// Python's `re.error`, with the position it speaks of.
    pub fn error(&self, message: &str, at: usize) -> Error {
        let before = &self.chars[..at.min(self.chars.len())];
        let mut text = format!("{message} at position {at}");
        if self.chars.contains(&'\n') {
            let line = before.iter().filter(|c| **c == '\n').count() + 1;
            let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
            text.push_str(&format!(" (line {line}, column {column})"));
        }
        Error::template(text)
    }
}

/// Whether a text can name a group.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && chars.all(|c| c == '_' || c.is_alphanumeric())
}
