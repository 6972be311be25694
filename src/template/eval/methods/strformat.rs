//! `str.format`: fields with attributes, items, conversions and nested specifications.

use super::super::{Interp, format_spec, strings};
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::Value;

/// Where fields take their values.
struct Fields<'a> {
    positional: &'a [Value],
    named: Named<'a>,
    /// Next automatic number; none once explicit numbers were used.
    next: Option<usize>,
    explicit: bool,
}

enum Named<'a> {
    Args(&'a Args),
    Mapping(&'a Value),
}

/// `text.format(*positional, **named)`
pub fn format(interp: &mut Interp, text: &str, positional: &[Value], named: &Args) -> Result<Value> {
    let mut fields = Fields { positional, named: Named::Args(named), next: Some(0), explicit: false };
    expand(interp, text, &mut fields, 2).map(Value::from)
}

/// `text.format_map(mapping)`
pub fn format_map(interp: &mut Interp, text: &str, mapping: &Value) -> Result<Value> {
    let mut fields = Fields { positional: &[], named: Named::Mapping(mapping), next: Some(0), explicit: false };
    expand(interp, text, &mut fields, 2).map(Value::from)
}

fn expand(interp: &mut Interp, text: &str, fields: &mut Fields<'_>, depth: usize) -> Result<String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    if depth == 0 {
        return Err(Error::template("Max string recursion exceeded"));
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        if brace == "}" {
            return Err(Error::template("Single '}' encountered in format string"));
        }
        let end = field_end(rest)?;
        out.push_str(&field(interp, &rest[..end], fields, depth)?);
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the brace that closes a field stands.
fn field_end(text: &str) -> Result<usize> {
    if text.is_empty() {
        return Err(Error::template("Single '{' encountered in format string"));
    }
    let mut depth = 1;
    let mut bracket = false;
    for (at, c) in text.char_indices() {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            '{' if !bracket => depth += 1,
            '}' if !bracket => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => {}
        }
    }
    Err(Error::template("expected '}' before end of string"))
}

fn field(interp: &mut Interp, body: &str, fields: &mut Fields<'_>, depth: usize) -> Result<String> {
    let mut bracket = false;
    let split = body.find(|c| {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            _ => {}
        }
        !bracket && matches!(c, ':' | '!')
    });
    let (name, tail) = split.map_or((body, ""), |at| body.split_at(at));
    let (conversion, spec) = match tail.strip_prefix('!') {
        Some(tail) => {
            let mut chars = tail.chars();
            let conversion =
                chars.next().ok_or_else(|| Error::template("end of string while looking for conversion specifier"))?;
            match chars.as_str() {
                "" => (Some(conversion), ""),
                rest => match rest.strip_prefix(':') {
                    Some(spec) => (Some(conversion), spec),
                    None => return Err(Error::template("expected ':' after conversion specifier")),
                },
            }
        }
        None => (None, tail.strip_prefix(':').unwrap_or(tail)),
    };
    let value = lookup(interp, name, fields)?;
    let value = match conversion {
        None => value,
        Some('s') => Value::str(&*value.to_text()),
        Some('r') => Value::from(value.repr()),
        Some('a') => Value::from(strings::ascii(&value)),
        Some(other) => return Err(Error::template(format!("Unknown conversion specifier {other}"))),
    };
    let spec = expand(interp, spec, fields, depth - 1)?;
    format_spec::format_value(&value, &spec)
}

fn lookup(interp: &mut Interp, name: &str, fields: &mut Fields<'_>) -> Result<Value> {
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (first, mut path) = name.split_at(end);
    let mut value = first_value(interp, first, fields)?;
    while !path.is_empty() {
        if let Some(tail) = path.strip_prefix('.') {
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            if end == 0 {
                return Err(Error::template("Empty attribute in format string"));
            }
            value = interp.plain_attribute(&value, &tail[..end])?;
            path = &tail[end..];
        } else if let Some(tail) = path.strip_prefix('[') {
            let end = tail.find(']').ok_or_else(|| Error::template("Missing ']' in format string"))?;
            let key = &tail[..end];
            if key.is_empty() {
                return Err(Error::template("Empty attribute in format string"));
            }
            let key = key.parse::<i64>().map_or_else(|_| Value::str(key), Value::Int);
            value = interp.plain_item(&value, &key)?;
            path = &tail[end + 1..];
        } else {
            return Err(Error::template("Only '.' or '[' may follow ']' in format field specifier"));
        }
    }
    interp.resolved(&value)
}

fn first_value(interp: &mut Interp, name: &str, fields: &mut Fields<'_>) -> Result<Value> {
    let index = if name.is_empty() {
        if fields.explicit {
            return Err(Error::template("cannot switch from manual field specification to automatic field numbering"));
        }
        let index = fields.next.unwrap_or(0);
        fields.next = Some(index + 1);
        Some(index)
    } else if name.bytes().all(|b| b.is_ascii_digit()) {
        if fields.next.is_some_and(|next| next > 0) {
            return Err(Error::template("cannot switch from automatic field numbering to manual field specification"));
        }
        fields.explicit = true;
        Some(name.parse().map_err(|_| Error::template("Too many decimal digits in format string"))?)
    } else {
        None
    };
    if let Some(index) = index {
        return match (fields.positional.get(index), &fields.named) {
            (Some(value), _) => Ok(value.clone()),
            (None, Named::Args(_)) => {
                Err(Error::template(format!("Replacement index {index} out of range for positional args tuple")))
            }
            (None, Named::Mapping(_)) => Err(Error::template("Format string contains positional fields")),
        };
    }
    let missing = || Error::template(Value::str(name).repr());
    match &fields.named {
        Named::Args(args) => {
            args.named.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.clone()).ok_or_else(missing)
        }
        Named::Mapping(mapping) => {
            let found = interp.get_item(mapping, &Value::str(name))?;
            if found.is_undefined() { Err(missing()) } else { Ok(found) }
        }
    }
}
