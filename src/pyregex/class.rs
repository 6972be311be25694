//! Character sets and the escapes that stand for characters.

use super::Flags;
use super::cursor::Cursor;
use crate::error::Result;
use std::fmt::Write as _;

/// What an escape stands for.
pub(super) enum Escape {
    Char(char),
    /// The inside of a set, for use between brackets.
    Set(String),
}

/// A character of a pattern so that no engine reads more into it.
pub(super) fn push_literal(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() || c == ' ' {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{:02x}", c as u32);
    }
}

/// `\d`, `\w`, `\s` and their opposites, as Python defines them.
pub(super) fn category(letter: char, flags: Flags) -> Option<String> {
    let inside = match (letter.to_ascii_lowercase(), flags.ascii) {
        ('d', true) => "0-9",
        ('d', false) => r"\d",
        ('w', true) => "0-9A-Za-z_",
        ('w', false) => r"\p{L}\p{N}_",
        ('s', true) => r"\x20\t-\r",
        ('s', false) => r"\s\x1c-\x1f",
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { format!("[^{inside}]") } else { inside.to_string() })
}

/// Reads what follows a backslash (at `start`) where both sets and patterns agree; `None` for what they do not share.
pub(super) fn escape(cursor: &mut Cursor, c: char, start: usize, flags: Flags) -> Result<Option<Escape>> {
    if let Some(set) = category(c, flags) {
        return Ok(Some(Escape::Set(set)));
    }
    let plain = match c {
        'a' => '\u{7}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => return hex(cursor, 2, c, start).map(Some),
        'u' => return hex(cursor, 4, c, start).map(Some),
        'U' => return hex(cursor, 8, c, start).map(Some),
        c if c.is_ascii_alphanumeric() => return Ok(None),
        c => c,
    };
    Ok(Some(Escape::Char(plain)))
}

fn hex(cursor: &mut Cursor, digits: usize, letter: char, start: usize) -> Result<Escape> {
    let text = cursor.take_while(digits, |c| c.is_ascii_hexdigit());
    let code = if text.len() == digits { u32::from_str_radix(&text, 16).ok().and_then(char::from_u32) } else { None };
    let code = code.ok_or_else(|| cursor.error(&format!("incomplete escape \\{letter}{text}"), start))?;
    Ok(Escape::Char(code))
}

/// Reads an octal escape whose first digit is `first`.
pub(super) fn octal(cursor: &mut Cursor, first: char, most: usize, start: usize) -> Result<char> {
    let digits = format!("{first}{}", cursor.take_while(most, |c| ('0'..='7').contains(&c)));
    let code = u32::from_str_radix(&digits, 8).ok().filter(|code| *code <= 0o377);
    let code = code.and_then(char::from_u32);
    code.ok_or_else(|| cursor.error(&format!("octal escape value \\{digits} outside of range 0-0o377"), start))
}

/// Reads a set, the `[` being read already.
pub(super) fn set(cursor: &mut Cursor, flags: Flags) -> Result<String> {
    let open = cursor.at - 1;
    let mut out = String::from("[");
    if cursor.eat('^') {
        out.push('^');
    }
    let first = cursor.at;
    loop {
        let here = cursor.at;
        let unterminated = |cursor: &Cursor| cursor.error("unterminated character set", open);
        let c = cursor.next().ok_or_else(|| unterminated(cursor))?;
        if c == ']' && here > first {
            out.push(']');
            return Ok(out);
        }
        let low = member(cursor, c, here, flags)?;
        let ranged = cursor.peek() == Some('-') && cursor.peek_at(1) != Some(']');
        if !ranged {
            push_member(&low, &mut out);
            continue;
        }
        cursor.at += 1;
        let at = cursor.at;
        let c = cursor.next().ok_or_else(|| unterminated(cursor))?;
        let high = member(cursor, c, at, flags)?;
        match (low, high) {
            (Escape::Char(low), Escape::Char(high)) if low <= high => {
                push_literal(low, &mut out);
                out.push('-');
                push_literal(high, &mut out);
            }
            _ => {
                let end = cursor.at;
                cursor.at = here;
                let range = cursor.take_while(end - here, |_| true);
                return Err(cursor.error(&format!("bad character range {range}"), here));
            }
        }
    }
}

fn push_member(member: &Escape, out: &mut String) {
    match member {
        Escape::Char(c) => push_literal(*c, out),
        Escape::Set(set) => out.push_str(set),
    }
}

fn member(cursor: &mut Cursor, c: char, start: usize, flags: Flags) -> Result<Escape> {
    if c != '\\' {
        return Ok(Escape::Char(c));
    }
    let c = cursor.next().ok_or_else(|| cursor.error("bad escape (end of pattern)", start))?;
    match c {
        'b' => Ok(Escape::Char('\u{8}')),
        '0'..='7' => octal(cursor, c, 2, start).map(Escape::Char),
        c => {
            let read = escape(cursor, c, start, flags)?;
            read.ok_or_else(|| cursor.error(&format!("bad escape \\{c}"), start))
        }
    }
}
