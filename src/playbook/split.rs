//! `key=value` arguments: how a task's free text falls into words, and words into arguments.
//!
//! Words end at blanks outside quotes and outside `{{ }}`, `{% %}`, `{# #}`. For commands the words that are no known
//! argument stay one text, with the blanks and line breaks between them as they were written.

use crate::error::{Error, Result};

/// Arguments taken out of the free text of `command`, `shell`, `script` and `raw`; all other words are the command.
const RAW_ARGUMENTS: &[&str] = &[
    "creates",
    "removes",
    "chdir",
    "executable",
    "warn",
    "stdin",
    "stdin_add_newline",
    "strip_empty_ends",
    "cmd",
    "argv",
    "expand_argument_vars",
];

/// What a free text gave.
#[derive(Debug, Default, PartialEq)]
pub struct Arguments {
    /// `key=value` pairs in order; quotes around values removed, escapes decoded.
    pub pairs: Vec<(String, String)>,
    /// What is not a pair.
    pub raw: Option<String>,
}

/// A word and the blanks before it.
#[derive(Debug, PartialEq)]
struct Word<'a> {
    gap: &'a str,
    text: &'a str,
}

/// Splits a free text. With `command`, only [`RAW_ARGUMENTS`] are taken out.
///
/// # Errors
/// An unbalanced quote or template, in Ansible's words.
pub fn parse(text: &str, command: bool) -> Result<Arguments> {
    let mut parsed = Arguments::default();
    let mut raw = String::new();
    for word in words(text)? {
        match split_pair(word.text) {
            Some((key, value)) if !command || RAW_ARGUMENTS.contains(&key) => {
                parsed.pairs.push((key.to_string(), unquote(&decode_escapes(value.trim())).to_string()));
            }
            _ => {
                if !raw.is_empty() {
                    raw.push_str(word.gap);
                }
                raw.push_str(&if command { word.text.to_string() } else { unescape_equals(word.text) });
            }
        }
    }
    parsed.raw = (!raw.is_empty()).then_some(raw);
    Ok(parsed)
}

/// The words of a text with their quotes, as `split_args` of Ansible gives them.
pub fn split(text: &str) -> Result<Vec<String>> {
    Ok(words(text)?.into_iter().map(|word| word.text.to_string()).collect())
}

fn words(text: &str) -> Result<Vec<Word<'_>>> {
    let mut words = Vec::new();
    let (mut gap_start, mut start) = (0, None);
    let mut quote = None;
    let mut open: Vec<&str> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        let pair = text.get(at..at + 2).unwrap_or("");
        match (quote, c) {
            (None, b' ' | b'\n' | b'\t' | b'\r') if open.is_empty() => {
                if let Some(begin) = start.take() {
                    words.push(Word { gap: &text[gap_start..begin], text: &text[begin..at] });
                    gap_start = at;
                }
                at += 1;
                continue;
            }
            _ => {}
        }
        start.get_or_insert(at);
        match (quote, c) {
            (_, b'\\') if open.is_empty() && at + 1 < bytes.len() && matches!(bytes[at + 1], b'\'' | b'"' | b'\\') => {
                at += 1
            }
            (Some(q), _) if q == c => quote = None,
            (None, b'\'' | b'"') => quote = Some(c),
            _ if matches!(pair, "{{" | "{%" | "{#") => {
                open.push(pair);
                at += 1;
            }
            _ if matches!(pair, "}}" | "%}" | "#}") && !open.is_empty() => {
                open.pop();
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    if quote.is_some() || !open.is_empty() {
        return Err(Error::parser(format!(
            "failed at splitting arguments, either an unbalanced jinja2 block or quotes: {text}"
        )));
    }
    if let Some(begin) = start {
        words.push(Word { gap: &text[gap_start..begin], text: &text[begin..] });
    }
    Ok(words)
}

/// `key=value` at the first `=` that is not escaped and stands behind a plausible key.
fn split_pair(word: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = word[from..].find('=').map(|at| at + from) {
        if at > 0 && word.as_bytes()[at - 1] == b'\\' {
            from = at + 1;
            continue;
        }
        let key = word[..at].trim();
        return (!key.is_empty() && !key.starts_with(['\'', '"', '{'])).then(|| (key, &word[at + 1..]));
    }
    None
}

fn unescape_equals(word: &str) -> String {
    word.replace("\\=", "=")
}

/// Takes one pair of quotes off.
pub fn unquote(text: &str) -> &str {
    let bytes = text.as_bytes();
    let quoted = bytes.len() > 1 && matches!(bytes[0], b'\'' | b'"') && bytes[0] == bytes[bytes.len() - 1];
    if quoted && bytes[bytes.len() - 2] != b'\\' { &text[1..text.len() - 1] } else { text }
}

/// Decodes the escapes that Ansible decodes in `key=value` arguments: `\n`, `\t`, `\xHH`, `\uHHHH` and their kin.
fn decode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let mut chars = tail.chars();
        let (decoded, used) = match chars.next() {
            Some('n') => (Some('\n'), 1),
            Some('t') => (Some('\t'), 1),
            Some('r') => (Some('\r'), 1),
            Some('a') => (Some('\u{7}'), 1),
            Some('b') => (Some('\u{8}'), 1),
            Some('f') => (Some('\u{c}'), 1),
            Some('v') => (Some('\u{b}'), 1),
            Some(c @ ('\\' | '\'' | '"')) => (Some(c), 1),
            Some('x') => (hex(tail, 2), 3),
            Some('u') => (hex(tail, 4), 5),
            Some('U') => (hex(tail, 8), 9),
            _ => (None, 0),
        };
        match decoded {
            Some(c) => {
                out.push(c);
                rest = &tail[used..];
            }
            None => {
                out.push('\\');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

fn hex(tail: &str, digits: usize) -> Option<char> {
    let digits = tail.get(1..=digits)?;
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text, false).unwrap().pairs
    }

    #[test]
    fn quotes_and_templates_hold_blanks_together() {
        let expected = [("a", "x y"), ("b", "{{ c | default('d e') }}")];
        assert_eq!(pairs(r#"a="x y" b={{ c | default('d e') }}"#), expected.map(|(k, v)| (k.into(), v.into())));
    }

    #[test]
    fn a_command_keeps_its_blanks_and_line_breaks() {
        let parsed = parse("echo  a=1 \\\n  b creates=/tmp/x", true).unwrap();
        assert_eq!(parsed.raw.as_deref(), Some("echo  a=1 \\\n  b"));
        assert_eq!(parsed.pairs, [("creates".to_string(), "/tmp/x".to_string())]);
    }

    #[test]
    fn escapes_are_decoded_in_values() {
        assert_eq!(pairs(r#"msg="a\nb\u00e9""#)[0].1, "a\nbé");
    }

    #[test]
    fn an_open_quote_is_an_error() {
        let message = parse("msg=\"a", false).unwrap_err().message().to_string();
        assert_eq!(message, "failed at splitting arguments, either an unbalanced jinja2 block or quotes: msg=\"a");
    }
}
