//! Patterns over bytes, for files that need not be UTF-8.
//!
//! Every byte stands for the character of the same number, which makes a pattern over texts one over bytes.

use super::{Flags, Match, Regex, Replacement};
use crate::error::Result;
use std::borrow::Cow;
use std::sync::Arc;

/// A compiled pattern over bytes; `\w`, `\d`, `\s` match ASCII only.
#[derive(Clone)]
pub struct BytesRegex(Arc<Regex>);

/// Where a match lies.
#[derive(Clone, Debug)]
pub struct BytesMatch {
    found: Match,
    span: (usize, usize),
}

impl BytesMatch {
    /// Start and end of the whole, in bytes of the content.
    pub fn span(&self) -> (usize, usize) {
        self.span
    }
}

fn widen(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

fn narrow(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

impl BytesRegex {
    /// Compiles the UTF-8 bytes of a pattern.
    pub fn compile(pattern: &str, flags: Flags) -> Result<BytesRegex> {
        super::compile(&widen(pattern.as_bytes()), Flags { ascii: true, ..flags }).map(BytesRegex)
    }

    /// `re.search`.
    pub fn search(&self, content: &[u8]) -> Result<Option<BytesMatch>> {
        let text = widen(content);
        Ok(self.0.search(&text)?.map(|found| {
            let (start, end) = found.span();
            let count = |until: usize| if text.len() == content.len() { until } else { text[..until].chars().count() };
            BytesMatch { span: (count(start), count(end)), found }
        }))
    }

    /// Whether `re.M` is on, by the pattern itself too.
    pub fn is_multiline(&self) -> bool {
        self.0.is_multiline()
    }

    /// `match.expand`: the replacement text for a match in `content`.
    pub fn expand(&self, found: &BytesMatch, content: &[u8], replacement: &str) -> Result<Vec<u8>> {
        let replacement = Replacement::parse(&widen(replacement.as_bytes()), &self.0)?;
        let mut out = String::new();
        replacement.expand(&found.found, &widen(content), &mut out);
        Ok(narrow(&out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_matched_and_kept() {
        let regex = BytesRegex::compile(r"^(.+)=(é+)$", Flags::default()).unwrap();
        let line = b"\xff\xfe=\xc3\xa9";
        let found = regex.search(line).unwrap().unwrap();
        assert_eq!(regex.expand(&found, line, r"\1:\2ü").unwrap(), b"\xff\xfe:\xc3\xa9\xc3\xbc");
        assert!(regex.search(b"a=e").unwrap().is_none());
    }

    #[test]
    fn words_are_ascii() {
        let regex = BytesRegex::compile(r"^\w+$", Flags::default()).unwrap();
        assert!(regex.search("é".as_bytes()).unwrap().is_none());
        assert!(regex.search(b"abc").unwrap().is_some());
    }
}
