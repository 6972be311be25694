//! `key=value` words inside a lookup's term, as old playbooks write them.

use super::options::unquote;
use crate::error::{Error, Result};

/// The words of a term: options by name, and what is no option, joined.
#[derive(Debug, Default, PartialEq)]
pub struct Words {
    /// In order.
    pub options: Vec<(String, String)>,
    /// What stands without `=`.
    pub raw: Option<String>,
}

/// Splits a term into its words.
pub fn parse(term: &str) -> Result<Words> {
    let mut words = Words::default();
    for word in split(term)? {
        let plain = decode_escapes(&word);
        match equals(&plain) {
            Some(at) => {
                let (key, value) = (plain[..at].trim().to_string(), unquote(plain[at + 1..].trim()).to_string());
                match words.options.iter_mut().find(|(known, _)| *known == key) {
                    Some(option) => option.1 = value,
                    None => words.options.push((key, value)),
                }
            }
            None => {
                let word = if plain.contains('=') { plain.replace("\\=", "=") } else { word };
                match &mut words.raw {
                    Some(raw) if raw.is_empty() || raw.ends_with('\n') => raw.push_str(&word),
                    Some(raw) => raw.push_str(&format!(" {word}")),
                    None => words.raw = Some(word),
                }
            }
        }
    }
    Ok(words)
}

/// The first `=` that is neither at the start nor escaped.
fn equals(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (1..bytes.len()).find(|at| bytes[*at] == b'=' && bytes[at - 1] != b'\\')
}

/// Splits at blanks outside quotes and template delimiters, keeping both.
fn split(term: &str) -> Result<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut depth = 0usize;
    let mut previous = '\0';
    let mut chars = term.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && quote.is_none() && word.is_empty() && chars.peek() == Some(&'\n') {
            // a backslash at the end of a line joins lines
            chars.next();
            continue;
        }
        match (c, chars.peek()) {
            ('{', Some('{' | '%' | '#')) => depth += 1,
            ('}', Some('}')) if depth > 0 => depth -= 1,
            ('%' | '#', Some('}')) if depth > 0 => depth -= 1,
            _ => {}
        }
        if matches!(c, '"' | '\'') && previous != '\\' {
            match quote {
                Some(open) if open == c => quote = None,
                None => quote = Some(c),
                _ => {}
            }
        }
        previous = c;
        if quote.is_none() && depth == 0 && matches!(c, ' ' | '\n') {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
                if c == '\n'
                    && let Some(last) = words.last_mut()
                {
                    last.push('\n');
                }
            } else if let Some(last) = words.last_mut() {
                last.push(c);
            }
            continue;
        }
        word.push(c);
    }
    if quote.is_some() || depth > 0 {
        return Err(Error::parser(format!(
            "failed at splitting arguments, either an unbalanced jinja2 block or quotes: {term}"
        )));
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

/// `\n`, `\t`, `\xhh` and their like.
fn decode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let letter = after.chars().next();
        let simple = match letter {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some('a') => Some('\u{7}'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('v') => Some('\u{b}'),
            Some(c @ ('\\' | '\'' | '"')) => Some(c),
            _ => None,
        };
        let digits = match letter {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => 0,
        };
        let coded = after.get(1..1 + digits).filter(|_| digits > 0);
        let coded = coded.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        match (simple, coded) {
            (Some(c), _) => {
                out.push(c);
                rest = &after[1..];
            }
            (None, Some(c)) => {
                out.push(c);
                rest = &after[1 + digits..];
            }
            (None, None) => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &Words) -> Vec<(&str, &str)> {
        words.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }

    #[test]
    fn options_and_plain_words_part() {
        let words = parse("two words file='a b.csv' text=a\\tb col=2").unwrap();
        assert_eq!(words.raw.as_deref(), Some("two words"));
        assert_eq!(options(&words), [("file", "a b.csv"), ("text", "a\tb"), ("col", "2")]);
    }

    #[test]
    fn an_escaped_equals_sign_is_plain() {
        let words = parse("a\\=b c=d=e").unwrap();
        assert_eq!(words.raw.as_deref(), Some("a=b"));
        assert_eq!(options(&words), [("c", "d=e")]);
    }

    #[test]
    fn open_quotes_are_an_error() {
        assert!(parse("a='b").is_err());
    }
}
