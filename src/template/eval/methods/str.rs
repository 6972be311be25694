//! Methods of `str`.

use super::super::{Interp, strings};
use super::{arg, strformat};
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::{Text, Value};
use std::sync::Arc;

#[rustfmt::skip]
pub const NAMES: &[&str] = &[
    "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map", "index",
    "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace",
    "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans", "partition", "removeprefix", "removesuffix",
    "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip",
    "swapcase", "title", "translate", "upper", "zfill",
];

pub fn call(interp: &mut Interp, text: &Text, name: &str, args: Args) -> Result<Value> {
    let full = format!("str.{name}");
    let s = text.as_str();
    Ok(match name {
        "format" => return strformat::format(interp, s, &args.positional, &Args::new(Vec::new(), args.named)),
        "format_map" => {
            let mut given = arg::positional(args, &full, 1, 1)?;
            let mapping = given.pop().unwrap_or_default();
            return strformat::format_map(interp, s, &mapping);
        }
        "split" | "rsplit" => return split(s, name, args),
        "splitlines" => {
            let mut args = args;
            let keep = args.take("keepends").is_some_and(|keep| keep.truthy());
            args.finish("splitlines")?;
            texts(strings::splitlines(s, keep))
        }
        "encode" => return encode(s, args),
        "expandtabs" => {
            let mut args = args;
            let size = args.take("tabsize").map_or(Ok(8), |size| arg::int(&size))?;
            Value::from(strings::expandtabs(s, check_width(size)?))
        }
        "capitalize" => Value::from(none(args, &full).map(|()| strings::capitalize(s))?),
        "casefold" => Value::from(none(args, &full).map(|()| s.to_lowercase().replace('ß', "ss"))?),
        "lower" => Value::from(none(args, &full).map(|()| s.to_lowercase())?),
        "upper" => Value::from(none(args, &full).map(|()| s.to_uppercase())?),
        "title" => Value::from(none(args, &full).map(|()| strings::title(s))?),
        "swapcase" => Value::from(none(args, &full).map(|()| strings::swapcase(s))?),
        "strip" | "lstrip" | "rstrip" => return strip(s, name, args),
        "center" | "ljust" | "rjust" | "zfill" => return pad(s, name, args),
        "startswith" | "endswith" => return starts_or_ends(s, name, args),
        "find" | "rfind" | "index" | "rindex" | "count" => return search(s, name, args),
        "partition" | "rpartition" => return partition(s, name, args),
        "removeprefix" | "removesuffix" => {
            let part = one_text(args, &full)?;
            let cut = if name == "removeprefix" { s.strip_prefix(&*part) } else { s.strip_suffix(&*part) };
            Value::str(cut.unwrap_or(s))
        }
        "replace" => {
            let given = arg::positional(args, "replace", 2, 3)?;
            let mut given = given.into_iter();
            let old = arg::text(given.next().unwrap_or_default(), "replace() argument 1")?;
            let new = arg::text(given.next().unwrap_or_default(), "replace() argument 2")?;
            let count = given.next().map(|count| arg::int(&count)).transpose()?.and_then(|n| usize::try_from(n).ok());
            Value::from(strings::replace(s, &old, &new, count))
        }
        "join" => {
            let mut given = arg::positional(args, &full, 1, 1)?;
            return join(interp, s, &given.pop().unwrap_or_default());
        }
        "maketrans" => return make_translation(args),
        "translate" => {
            let mut given = arg::positional(args, &full, 1, 1)?;
            return translate(s, &given.pop().unwrap_or_default());
        }
        _ => {
            none(args, &full)?;
            Value::Bool(is(s, name))
        }
    })
}

fn texts(parts: Vec<String>) -> Value {
    Value::list(parts.into_iter().map(Value::from))
}

fn none(args: Args, full: &str) -> Result<()> {
    arg::positional(args, full, 0, 0).map(|_| ())
}

fn one_text(args: Args, full: &str) -> Result<Text> {
    let mut given = arg::positional(args, full, 1, 1)?;
    let short = full.rsplit('.').next().unwrap_or(full);
    arg::text(given.pop().unwrap_or_default(), &format!("{short}() argument"))
}

/// `isdigit()` and the other questions without arguments.
fn is(s: &str, name: &str) -> bool {
    let all = |test: fn(char) -> bool| !s.is_empty() && s.chars().all(test);
    match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(|c| c.is_alphabetic() && !c.is_numeric()),
        "isascii" => s.is_ascii(),
        "isdecimal" => all(|c| c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric() && is_decimal(c))),
        "isdigit" => all(|c| c.is_ascii_digit() || "²³¹⁰⁴⁵⁶⁷⁸⁹".contains(c) || (!c.is_ascii() && is_decimal(c))),
        "isnumeric" => all(char::is_numeric),
        "isidentifier" => strings::is_identifier(s),
        "islower" => strings::is_case(s, false),
        "isupper" => strings::is_case(s, true),
        "isspace" => all(strings::is_space),
        "istitle" => strings::is_title(s),
        // what repr would not escape
        "isprintable" => {
            let shown = Value::str(s.replace(['\\', '\''], "")).repr();
            shown.chars().count() == s.replace(['\\', '\''], "").chars().count() + 2
        }
        _ => false,
    }
}

/// Decimal digits of other scripts come in runs of ten that start at a multiple the block fixes; these are the common ones.
fn is_decimal(c: char) -> bool {
    const ZEROS: &[u32] = &[
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
        0x1040, 0x17e0, 0x1810, 0xff10,
    ];
    ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&(c as u32)))
}

fn check_width(width: i64) -> Result<usize> {
    if width > 1 << 28 {
        return Err(Error::template("Result too large"));
    }
    Ok(width.max(0) as usize)
}

fn split(s: &str, name: &str, mut args: Args) -> Result<Value> {
    let separator = args.take("sep").unwrap_or_default();
    let most = args.take("maxsplit").map_or(Ok(-1), |most| arg::int(&most))?;
    if let Some((unknown, _)) = args.named.first() {
        return Err(Error::template(format!("'{unknown}' is an invalid keyword argument for {name}()")));
    }
    let rest = args.rest();
    if !rest.is_empty() {
        return Err(Error::template(format!("{name}() takes at most 2 arguments ({} given)", rest.len() + 2)));
    }
    let separator = match separator {
        Value::None => None,
        Value::Str(text) if text.is_empty() => return Err(Error::template("empty separator")),
        Value::Str(text) => Some(text),
        other => return Err(Error::template(format!("must be str or None, not {}", other.type_name()))),
    };
    let most = usize::try_from(most).ok();
    let separator = separator.as_ref().map(Text::as_str);
    Ok(texts(if name == "split" { strings::split(s, separator, most) } else { strings::rsplit(s, separator, most) }))
}

fn strip(s: &str, name: &str, args: Args) -> Result<Value> {
    let mut given = arg::positional(args, name, 0, 1)?;
    let chars: Option<Text> = match given.pop() {
        None | Some(Value::None) => None,
        Some(Value::Str(chars)) => Some(chars),
        Some(_) => return Err(Error::template(format!("{name} arg must be None or str"))),
    };
    let drop = |c: char| chars.as_ref().map_or_else(|| strings::is_space(c), |chars| chars.contains(c));
    Ok(Value::str(match name {
        "lstrip" => s.trim_start_matches(drop),
        "rstrip" => s.trim_end_matches(drop),
        _ => s.trim_matches(drop),
    }))
}

fn pad(s: &str, name: &str, args: Args) -> Result<Value> {
    let given =
        if name == "zfill" { arg::positional(args, "str.zfill", 1, 1)? } else { arg::positional(args, name, 1, 2)? };
    let width = check_width(arg::int(&given[0])?)?;
    let fill = match given.get(1) {
        None => ' ',
        Some(Value::Str(fill)) if fill.chars().count() == 1 => fill.chars().next().unwrap_or(' '),
        Some(Value::Str(_)) => return Err(Error::template("The fill character must be exactly one character long")),
        Some(other) => {
            return Err(Error::template(format!(
                "The fill character must be a unicode character, not {}",
                other.type_name()
            )));
        }
    };
    let blanks = || std::iter::repeat_n(fill, width.saturating_sub(s.chars().count()));
    Ok(Value::from(match name {
        "center" => strings::center(s, width, fill),
        "ljust" => s.chars().chain(blanks()).collect(),
        "rjust" => blanks().chain(s.chars()).collect(),
        _ => strings::zfill(s, width),
    }))
}

/// The part of a text between character positions, and where it starts.
fn window<'s>(s: &'s str, start: Option<&Value>, end: Option<&Value>) -> Result<Option<(&'s str, usize)>> {
    if start.is_none() && end.is_none() {
        return Ok(Some((s, 0)));
    }
    let len = s.chars().count();
    let unclamped = start.and_then(Value::as_i64).unwrap_or(0);
    let (from, to) = (arg::clamp(start, len, 0)?, arg::clamp(end, len, len)?);
    if from > to || unclamped > len as i64 {
        return Ok(None);
    }
    let byte = |at: usize| s.char_indices().nth(at).map_or(s.len(), |(byte, _)| byte);
    Ok(Some((&s[byte(from)..byte(to)], from)))
}

fn starts_or_ends(s: &str, name: &str, args: Args) -> Result<Value> {
    let given = arg::positional(args, name, 1, 3)?;
    let Some((part, _)) = window(s, given.get(1), given.get(2))? else {
        return Ok(Value::Bool(false));
    };
    let matches = |affix: &str| if name == "startswith" { part.starts_with(affix) } else { part.ends_with(affix) };
    match &given[0] {
        Value::Str(affix) => Ok(Value::Bool(matches(affix))),
        Value::Tuple(affixes) => {
            for affix in affixes.iter() {
                match affix {
                    Value::Str(affix) if matches(affix) => return Ok(Value::Bool(true)),
                    Value::Str(_) => {}
                    other => {
                        return Err(Error::template(format!(
                            "tuple for {name} must only contain str, not {}",
                            other.type_name()
                        )));
                    }
                }
            }
            Ok(Value::Bool(false))
        }
        other => {
            Err(Error::template(format!("{name} first arg must be str or a tuple of str, not {}", other.type_name())))
        }
    }
}

fn search(s: &str, name: &str, args: Args) -> Result<Value> {
    let given = arg::positional(args, name, 1, 3)?;
    let part = match &given[0] {
        Value::Str(part) => part,
        other => return Err(Error::template(format!("must be str, not {}", other.type_name()))),
    };
    let found = window(s, given.get(1), given.get(2))?;
    if name == "count" {
        let count = found.map_or(0, |(text, _)| {
            if part.is_empty() { text.chars().count() + 1 } else { text.matches(part.as_str()).count() }
        });
        return Ok(Value::from(count));
    }
    let at = found.and_then(|(text, start)| {
        let byte = if name.starts_with('r') { text.rfind(part.as_str()) } else { text.find(part.as_str()) };
        byte.map(|byte| start + text[..byte].chars().count())
    });
    match at {
        Some(at) => Ok(Value::from(at)),
        None if name.ends_with("find") => Ok(Value::Int(-1)),
        None => Err(Error::template("substring not found")),
    }
}

fn partition(s: &str, name: &str, args: Args) -> Result<Value> {
    let mut given = arg::positional(args, &format!("str.{name}"), 1, 1)?;
    let separator = match given.pop() {
        Some(Value::Str(separator)) => separator,
        other => {
            let other = other.unwrap_or_default();
            return Err(Error::template(format!("must be str, not {}", other.type_name())));
        }
    };
    if separator.is_empty() {
        return Err(Error::template("empty separator"));
    }
    let (parts, whole_first) = if name == "partition" {
        (s.split_once(separator.as_str()), true)
    } else {
        (s.rsplit_once(separator.as_str()), false)
    };
    Ok(match (parts, whole_first) {
        (Some((before, after)), _) => Value::tuple([Value::str(before), Value::Str(separator), Value::str(after)]),
        (None, true) => Value::tuple([Value::str(s), Value::str(""), Value::str("")]),
        (None, false) => Value::tuple([Value::str(""), Value::str(""), Value::str(s)]),
    })
}

fn encode(s: &str, mut args: Args) -> Result<Value> {
    let encoding = args.take("encoding").map_or_else(|| "utf-8".to_string(), |name| name.to_text().into_owned());
    let errors = args.take("errors").map_or_else(|| "strict".to_string(), |name| name.to_text().into_owned());
    args.finish("encode")?;
    let most = match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" | "u8" => return Ok(Value::Bytes(Arc::from(s.as_bytes()))),
        "utf-16" | "utf16" => {
            let units = std::iter::once(0xfeff).chain(s.encode_utf16());
            return Ok(Value::Bytes(units.flat_map(u16::to_le_bytes).collect()));
        }
        "utf-16-le" | "utf-16le" => return Ok(Value::Bytes(s.encode_utf16().flat_map(u16::to_le_bytes).collect())),
        "utf-16-be" | "utf-16be" => return Ok(Value::Bytes(s.encode_utf16().flat_map(u16::to_be_bytes).collect())),
        "ascii" | "us-ascii" => 0x7f,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => 0xff,
        _ => return Err(Error::template(format!("unknown encoding: {encoding}"))),
    };
    let mut out = Vec::with_capacity(s.len());
    for (at, c) in s.chars().enumerate() {
        let code = c as u32;
        match (code <= most, errors.as_str()) {
            (true, _) => out.push(code as u8),
            (false, "ignore") => {}
            (false, "replace") => out.push(b'?'),
            (false, "xmlcharrefreplace") => out.extend(format!("&#{code};").bytes()),
            (false, "backslashreplace") => {
                out.extend(strings::ascii(&Value::from(c.to_string())).trim_matches('\'').bytes())
            }
            _ => {
                let escaped = strings::ascii(&Value::from(c.to_string()));
                let codec = if most == 0x7f { "ascii" } else { "latin-1" };
                return Err(Error::template(format!(
                    "'{codec}' codec can't encode character {escaped} in position {at}: ordinal not in range({})",
                    most + 1
                )));
            }
        }
    }
    Ok(Value::Bytes(out.into()))
}

fn join(interp: &mut Interp, s: &str, items: &Value) -> Result<Value> {
    let items = interp.iterate(items).map_err(|_| Error::template("can only join an iterable"))?;
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(s);
        }
        match interp.touch_value(item)? {
            Value::Str(text) => out.push_str(&text),
            other => {
                return Err(Error::template(format!(
                    "sequence item {at}: expected str instance, {} found",
                    other.type_name()
                )));
            }
        }
    }
    Ok(Value::from(out))
}

fn make_translation(args: Args) -> Result<Value> {
    let given = arg::positional(args, "maketrans", 1, 3)?;
    let mut table = crate::value::Dict::new();
    let code = |c: char| Value::Int(i64::from(u32::from(c)));
    match given.as_slice() {
        [Value::Dict(mapping)] => {
            for (key, value) in mapping.iter() {
                let key = match key {
                    Value::Str(text) if text.chars().count() == 1 => code(text.chars().next().unwrap_or_default()),
                    Value::Int(_) => key.clone(),
                    _ => return Err(Error::template("string keys in translate table must be of length 1")),
                };
                table.insert_value(key, value.clone());
            }
        }
        [Value::Str(from), Value::Str(to), drop @ ..] => {
            if from.chars().count() != to.chars().count() {
                return Err(Error::template("the first two maketrans arguments must have equal length"));
            }
            for (a, b) in from.chars().zip(to.chars()) {
                table.insert_value(code(a), code(b));
            }
            for c in drop.iter().filter_map(Value::as_str).flat_map(str::chars) {
                table.insert_value(code(c), Value::None);
            }
        }
        _ => return Err(Error::template("if you give only one argument to maketrans it must be a dict")),
    }
    Ok(Value::dict(table))
}

fn translate(s: &str, table: &Value) -> Result<Value> {
    let Value::Dict(table) = table else {
        return Err(Error::template(format!("'{}' object is not subscriptable", table.type_name())));
    };
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match table.get_value(&Value::Int(i64::from(u32::from(c)))) {
            None => out.push(c),
            Some(Value::None) => {}
            Some(Value::Str(text)) => out.push_str(text),
            Some(Value::Int(code)) => out.extend(u32::try_from(*code).ok().and_then(char::from_u32)),
            Some(_) => return Err(Error::template("character mapping must return integer, None or str")),
        }
    }
    Ok(Value::from(out))
}
