//! Python's `str()` and `repr()` of values.

use super::Value;
use std::fmt::Write as _;

/// `str()` of anything but a text.
pub fn display(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Undefined(_) => String::new(),
        Value::Moment(moment) => moment.to_string(),
        other => repr(other),
    }
}

/// `repr()`.
pub fn repr(value: &Value) -> String {
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

fn write_repr(value: &Value, out: &mut String) {
    match value {
        Value::Undefined(_) => out.push_str("Undefined"),
        Value::None => out.push_str("None"),
        Value::Bool(flag) => out.push_str(if *flag { "True" } else { "False" }),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::BigInt(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Str(text) => quote(text, out),
        Value::Vault(_) => out.push_str("EncryptedString(ciphertext=...)"),
        Value::Bytes(bytes) => quote_bytes(bytes, out),
        Value::List(items) => sequence("[", items.iter(), "]", out),
        Value::Tuple(items) if items.len() == 1 => {
            out.push('(');
            write_repr(&items[0], out);
            out.push_str(",)");
        }
        Value::Tuple(items) => sequence("(", items.iter(), ")", out),
        Value::Set(set) if set.is_empty() => out.push_str("set()"),
        Value::Set(set) => sequence("{", set.iter(), "}", out),
        Value::Dict(dict) => mapping(dict, out),
        Value::Moment(moment) => out.push_str(&moment.repr()),
        Value::Object(object) => out.push_str(&object.repr()),
    }
}

fn sequence<'a>(open: &str, items: impl Iterator<Item = &'a Value>, close: &str, out: &mut String) {
    out.push_str(open);
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(item, out);
    }
    out.push_str(close);
}

fn mapping(dict: &super::Dict, out: &mut String) {
    out.push('{');
    for (at, (key, value)) in dict.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(key, out);
        out.push_str(": ");
        write_repr(value, out);
    }
    out.push('}');
}

/// Python's shortest float text: exponent form below 1e-4 and from 1e16 on.
pub fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.into();
    }
    if number == 0.0 {
        return if number.is_sign_negative() { "-0.0" } else { "0.0" }.into();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        if plain.contains('.') { plain } else { plain + ".0" }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}

/// Python's quoting: single quotes, unless the text holds those and no double ones.
fn quote(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if !is_printable(c) => escape(c, out),
            c => out.push(c),
        }
    }
    out.push(quote);
}

fn escape(c: char, out: &mut String) {
    let code = c as u32;
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Python's `str.isprintable` for one character, nearly: controls, format characters and odd blanks are not.
fn is_printable(c: char) -> bool {
    !(c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'))
}

fn quote_bytes(bytes: &[u8], out: &mut String) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x20..=0x7e => {
                if byte as char == quote {
                    out.push('\\');
                }
                out.push(byte as char);
            }
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_pythons() {
        for (number, text) in [
            (1.0, "1.0"),
            (1e20, "1e+20"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1e-7, "1e-07"),
            (0.0001, "0.0001"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(float(number), text);
        }
    }

    #[test]
    fn texts_are_quoted_as_pythons() {
        assert_eq!(Value::str("a'b").repr(), "\"a'b\"");
        assert_eq!(Value::str("a'b\"").repr(), "'a\\'b\"'");
        assert_eq!(Value::str("é\n\u{1}").repr(), "'é\\n\\x01'");
        assert_eq!(Value::tuple([Value::Int(1)]).repr(), "(1,)");
    }
}
