//! Literals: what the escapes in a string mean, and Python literals in a `#jinja2:` header.

use crate::error::{Error, Result};
use crate::value::Value;

/// Undoes the backslash escapes of a string literal as Python's `unicode-escape` codec; unknown ones stay as they are.
pub fn unescape(raw: &str) -> Result<String, String> {
    if !raw.contains('\\') {
        return Ok(raw.to_string());
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            return Err("\\ at end of string".into());
        };
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(c),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            'x' => rest = hex(rest, 2, "truncated \\xXX escape", &mut out)?,
            'u' => rest = hex(rest, 4, "truncated \\uXXXX escape", &mut out)?,
            'U' => rest = hex(rest, 8, "truncated \\UXXXXXXXX escape", &mut out)?,
            '0'..='7' => {
                let more = rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                let digits = rest.as_bytes()[..more].iter().fold(c as u32 - 48, |n, b| n * 8 + u32::from(b - b'0'));
                out.push(char::from_u32(digits).unwrap_or('\u{fffd}'));
                rest = &rest[more..];
            }
            'N' => return Err("unknown Unicode character name".into()),
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn hex<'r>(rest: &'r str, width: usize, truncated: &str, out: &mut String) -> Result<&'r str, String> {
    let digits = rest.get(..width).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(truncated)?;
    // a lone surrogate has no place in our texts
    out.push(match char::from_u32(code) {
        Some(c) => c,
        None if code <= 0x10ffff => '\u{fffd}',
        None => return Err("illegal Unicode character".into()),
    });
    Ok(&rest[width..])
}

/// A string, boolean, None or integer as Python writes it.
pub fn python_literal(text: &str) -> Result<Value> {
    let malformed = || Error::template(format!("malformed node or string: {}", Value::str(text).repr()));
    match text {
        "True" => return Ok(Value::Bool(true)),
        "False" => return Ok(Value::Bool(false)),
        "None" => return Ok(Value::None),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Value::Int(number));
    }
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or_else(malformed)?;
    let body = text[1..].strip_suffix(quote).ok_or_else(malformed)?;
    unescape(body).map(Value::from).map_err(Error::template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_python_means() {
        assert_eq!(unescape(r"a\tb\x41\u00e9\101\d\'").unwrap(), "a\tbAéA\\d'");
        assert_eq!(unescape(r"\x4").unwrap_err(), "truncated \\xXX escape");
    }
}
