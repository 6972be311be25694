//! What Python's `str` does, on Rust texts: characters are code points.

use crate::value::Value;

/// Python's `str.isspace` for one character.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The first `count` characters.
pub fn head(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(at, _)| &text[..at])
}

/// `ascii(value)`: `repr` with everything beyond ASCII escaped.
pub fn ascii(value: &Value) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for c in value.repr().chars() {
        let code = c as u32;
        let _ = match code {
            0..=0x7f => write!(out, "{c}"),
            0x80..=0xff => write!(out, "\\x{code:02x}"),
            0x100..=0xffff => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out
}

/// `split(sep, maxsplit)`; a missing separator means any blanks.
pub fn split(text: &str, separator: Option<&str>, most: Option<usize>) -> Vec<String> {
    let most = most.unwrap_or(usize::MAX);
    match separator {
        Some(separator) if most == usize::MAX => text.split(separator).map(str::to_string).collect(),
        Some(separator) => text.splitn(most + 1, separator).map(str::to_string).collect(),
        None => {
            let mut parts = Vec::new();
            let mut rest = text.trim_start_matches(is_space);
            while !rest.is_empty() {
                if parts.len() == most {
                    parts.push(rest.to_string());
                    break;
                }
                let end = rest.find(is_space).unwrap_or(rest.len());
                parts.push(rest[..end].to_string());
                rest = rest[end..].trim_start_matches(is_space);
            }
            parts
        }
    }
}

/// `rsplit(sep, maxsplit)`
pub fn rsplit(text: &str, separator: Option<&str>, most: Option<usize>) -> Vec<String> {
    let Some(most) = most else {
        return split(text, separator, None);
    };
    let mut parts: Vec<String> = match separator {
        Some(separator) => text.rsplitn(most + 1, separator).map(str::to_string).collect(),
        None => {
            let mut parts = Vec::new();
            let mut rest = text.trim_end_matches(is_space);
            while !rest.is_empty() {
                if parts.len() == most {
                    parts.push(rest.to_string());
                    break;
                }
                let start =
                    rest.rfind(is_space).map_or(0, |at| at + rest[at..].chars().next().map_or(1, char::len_utf8));
                parts.push(rest[start..].to_string());
                rest = rest[..start].trim_end_matches(is_space);
            }
            parts
        }
    };
    parts.reverse();
    parts
}

/// `splitlines(keepends)`
pub fn splitlines(text: &str, keep_ends: bool) -> Vec<String> {
    let is_break = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = rest.find(is_break) else {
            lines.push(rest.to_string());
            break;
        };
        let end = if rest[at..].starts_with("\r\n") { 2 } else { rest[at..].chars().next().map_or(1, char::len_utf8) };
        lines.push(rest[..if keep_ends { at + end } else { at }].to_string());
        rest = &rest[at + end..];
    }
    lines
}

/// `capitalize()`
pub fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => titlecase(first) + &chars.as_str().to_lowercase(),
        None => String::new(),
    }
}

/// The title form of a character: upper case, apart from a few digraphs.
pub fn titlecase(c: char) -> String {
    match c {
        'ß' => "Ss".into(),
        'ﬀ' => "Ff".into(),
        'ﬁ' => "Fi".into(),
        'ﬂ' => "Fl".into(),
        'Ǆ' | 'ǅ' | 'ǆ' => "ǅ".into(),
        'Ǉ' | 'ǈ' | 'ǉ' => "ǈ".into(),
        'Ǌ' | 'ǋ' | 'ǌ' => "ǋ".into(),
        'Ǳ' | 'ǲ' | 'ǳ' => "ǲ".into(),
        other => other.to_uppercase().collect(),
    }
}

/// `title()`
pub fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if is_cased(c) {
            if inside {
                out.extend(c.to_lowercase())
            } else {
                out.push_str(&titlecase(c))
            }
            inside = true;
        } else {
            out.push(c);
            inside = false;
        }
    }
    out
}

/// Whether a character has a case.
pub fn is_cased(c: char) -> bool {
    c.is_uppercase() || c.is_lowercase()
}

/// `swapcase()`
pub fn swapcase(text: &str) -> String {
    let swap = |c: char| -> String {
        if c.is_uppercase() {
            c.to_lowercase().collect()
        } else if c.is_lowercase() {
            c.to_uppercase().collect()
        } else {
            c.to_string()
        }
    };
    text.chars().map(swap).collect()
}

/// `istitle()`
pub fn is_title(text: &str) -> bool {
    let (mut any, mut inside) = (false, false);
    for c in text.chars() {
        if c.is_uppercase() {
            if inside {
                return false;
            }
            (any, inside) = (true, true);
        } else if c.is_lowercase() {
            if !inside {
                return false;
            }
            any = true;
        } else {
            inside = false;
        }
    }
    any
}

/// `islower()` and `isupper()`: some cased character, and none of the other case.
pub fn is_case(text: &str, upper: bool) -> bool {
    let (own, other): (fn(char) -> bool, fn(char) -> bool) =
        if upper { (char::is_uppercase, char::is_lowercase) } else { (char::is_lowercase, char::is_uppercase) };
    text.chars().any(own) && !text.chars().any(other)
}

/// `isidentifier()`
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// `center(width, fill)`, with Python's rounding.
pub fn center(text: &str, width: usize, fill: char) -> String {
    let len = text.chars().count();
    let missing = width.saturating_sub(len);
    let left = missing / 2 + (missing & width & 1);
    let pad = |n: usize| std::iter::repeat_n(fill, n);
    pad(left).chain(text.chars()).chain(pad(missing - left)).collect()
}

/// `zfill(width)`
pub fn zfill(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    format!("{sign}{}{digits}", "0".repeat(missing))
}

/// `expandtabs(size)`
pub fn expandtabs(text: &str, size: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let blanks = if size == 0 { 0 } else { size - column % size };
                out.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
            }
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            _ => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}

/// `replace(old, new, count)`
pub fn replace(text: &str, old: &str, new: &str, count: Option<usize>) -> String {
    match count {
        None => text.replace(old, new),
        Some(count) => text.replacen(old, new, count),
    }
}

/// Python's `int(text, base)`.
pub fn parse_int(text: &str, base: u32) -> Option<num_bigint::BigInt> {
    let text = text.trim_matches(is_space);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefixed = |prefix: &str| {
        digits.get(..2).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| {
            let body = &digits[2..];
            body.strip_prefix('_').unwrap_or(body)
        })
    };
    let (digits, radix) = match base {
        0 => match (prefixed("0x"), prefixed("0o"), prefixed("0b")) {
            (Some(body), ..) => (body, 16),
            (_, Some(body), _) => (body, 8),
            (.., Some(body)) => (body, 2),
            _ if digits.starts_with('0') && digits.bytes().any(|b| !matches!(b, b'0' | b'_')) => return None,
            _ => (digits, 10),
        },
        16 => (prefixed("0x").unwrap_or(digits), 16),
        8 => (prefixed("0o").unwrap_or(digits), 8),
        2 => (prefixed("0b").unwrap_or(digits), 2),
        3..=36 => (digits, base),
        _ => return None,
    };
    let valid = !digits.is_empty() && !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    let plain: String =
        digits.chars().filter(|c| *c != '_').map(|c| c.to_digit(10).map_or(c, |d| (b'0' + d as u8) as char)).collect();
    if !valid || plain.starts_with(['+', '-']) {
        return None;
    }
    let number = num_bigint::BigInt::parse_bytes(plain.as_bytes(), radix)?;
    Some(if negative { -number } else { number })
}

/// Python's `float(text)`.
pub fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_space);
    let lower = text.to_ascii_lowercase();
    let (sign, word) = match lower.strip_prefix(['+', '-']) {
        Some(word) => (if lower.starts_with('-') { -1.0 } else { 1.0 }, word),
        None => (1.0, lower.as_str()),
    };
    match word {
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let underscores = bytes.iter().enumerate().filter(|(_, b)| **b == b'_');
    for (at, _) in underscores {
        if !digit(at.checked_sub(1)) || !digit(Some(at + 1)) {
            return None;
        }
    }
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting_follows_python() {
        assert_eq!(split(" a  b c ", None, Some(1)), ["a", "b c "]);
        assert_eq!(rsplit(" a  b c ", None, Some(1)), [" a  b", "c"]);
        assert_eq!(rsplit("a.b.c", Some("."), Some(1)), ["a.b", "c"]);
        assert_eq!(splitlines("a\r\nb\n\nc", false), ["a", "b", "", "c"]);
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        assert_eq!(parse_int(" -0x1F ", 16), Some((-31).into()));
        assert_eq!(parse_int("010", 0), None);
        assert_eq!(parse_int("1__0", 10), None);
        assert_eq!(parse_float("1_0.5e1"), Some(105.0));
        assert_eq!(parse_float("e5"), None);
    }

    #[test]
    fn centering_rounds_as_python() {
        assert_eq!(center("ab", 5, '*'), "**ab*");
        assert_eq!(center("a", 4, '*'), "*a**");
    }
}
