//! `regex_search`, `regex_replace`, `regex_findall`, `regex_escape`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::pyregex::{self, Flags, Regex, Replacement};
use crate::template::{Args, Context, Filter};
use crate::value::Value;
use std::sync::Arc;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("regex_search", regex_search),
    Filter::new("regex_replace", regex_replace),
    Filter::new("regex_findall", regex_findall),
    Filter::new("regex_escape", regex_escape),
];

/// Compiles a pattern that is an argument.
pub fn pattern(value: &Value, ignore_case: bool, multiline: bool) -> Result<Arc<Regex>> {
    match value {
        Value::Str(text) => pyregex::compile(text, Flags { ignore_case, multiline, ..Flags::default() }),
        other => {
            arg::hashable(other)?;
            Err(Error::template("first argument must be string or compiled pattern"))
        }
    }
}

fn regex_search(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let regex = args.require("regex_search", "regex")?;
    let groups = args.rest().iter().map(reference).collect::<Result<Vec<_>>>()?;
    let ignore_case = arg::flag(args.take_named("ignorecase"), false);
    let multiline = arg::flag(args.take_named("multiline"), false);
    let regex = pattern(&regex, ignore_case, multiline)?;
    let text = arg::text(&input);
    let Some(found) = regex.search(&text)? else { return Ok(Value::None) };
    let group = |number| Value::from(found.group(&text, number).map(Value::str));
    if groups.is_empty() {
        return Ok(group(0));
    }
    let number = |group: &Group| {
        let number = match group {
            Group::Number(number) => Some(*number),
            Group::Name(name) => name.parse().ok().or_else(|| regex.group_number(name)),
        };
        number.filter(|number| *number <= regex.groups()).ok_or_else(|| Error::template("no such group"))
    };
    Ok(Value::list(groups.iter().map(number).collect::<Result<Vec<_>>>()?.into_iter().map(group)))
}

enum Group {
    Number(usize),
    Name(String),
}

/// Reads `\1` or `\g<name>`.
fn reference(value: &Value) -> Result<Group> {
    let no_attribute = |name: &str, what: &str| Error::template(format!("'{name}' object has no attribute '{what}'"));
    let text = value.as_str().ok_or_else(|| no_attribute(value.type_name(), "startswith"))?;
    if let Some(name) = text.strip_prefix("\\g") {
        let name = name.strip_prefix('<').and_then(|rest| rest.rfind('>').map(|end| &rest[..end]));
        let name = name.filter(|name| !name.is_empty() && !name.contains(char::is_whitespace));
        return name.map(|name| Group::Name(name.into())).ok_or_else(|| no_attribute("NoneType", "group"));
    }
    let Some(digits) = text.strip_prefix('\\') else {
        return Err(Error::template("Unknown argument"));
    };
    let end = digits.bytes().take_while(u8::is_ascii_digit).count();
    let number = digits[..end].parse();
    number.map(Group::Number).map_err(|_| no_attribute("NoneType", "group"))
}

fn regex_replace(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let regex = args.take("pattern").unwrap_or_else(|| Value::str(""));
    let replacement = args.take("replacement").unwrap_or_else(|| Value::str(""));
    let ignore_case = arg::flag(args.take("ignorecase"), false);
    let multiline = arg::flag(args.take("multiline"), false);
    let count = args.take("count").map_or(Ok(0), |count| arg::index(&count))?;
    let mandatory = args.take("mandatory_count").unwrap_or(Value::Int(0));
    args.finish("regex_replace")?;
    let compiled = pattern(&regex, ignore_case, multiline)?;
    let Some(replacement) = replacement.as_str() else {
        let name = replacement.type_name();
        return Err(Error::template(format!("decoding to str: need a bytes-like object, {name} found")));
    };
    let replacement = Replacement::parse(replacement, &compiled)?;
    let text = arg::text(&input);
    // Python takes a negative count for none at all
    let (out, changed) = match usize::try_from(count) {
        Ok(limit) => compiled.substitute(&text, &replacement, limit)?,
        Err(_) => (text.clone(), 0),
    };
    if mandatory.truthy() && mandatory != Value::from(changed) {
        return Err(Error::template(format!(
            "'{}' should match {} times, but matches {count} times in '{text}'",
            regex.to_text(),
            mandatory.to_text()
        )));
    }
    Ok(out.into())
}

fn regex_findall(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let regex = args.require("regex_findall", "regex")?;
    let multiline = arg::flag(args.take("multiline"), false);
    let ignore_case = arg::flag(args.take("ignorecase"), false);
    args.finish("regex_findall")?;
    let regex = pattern(&regex, ignore_case, multiline)?;
    let text = arg::text(&input);
    let found = regex.find_all(&text, 0)?;
    Ok(Value::list(found.iter().map(|found| {
        let group = |number| Value::str(found.group(&text, number).unwrap_or(""));
        match regex.groups() {
            0 => group(0),
            1 => group(1),
            most => Value::tuple((1..=most).map(group)),
        }
    })))
}

fn regex_escape(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let kind = args.take("re_type").unwrap_or_else(|| Value::str("python"));
    args.finish("regex_escape")?;
    let text = arg::text(&input);
    match kind.as_str() {
        Some("python") => Ok(pyregex::escape(&text).into()),
        Some("posix_basic") => {
            let escaped = text.chars().flat_map(|c| {
                let special = "].[^$*\\".contains(c);
                special.then_some('\\').into_iter().chain([c])
            });
            Ok(escaped.collect::<String>().into())
        }
        Some("posix_extended") => Err(Error::template("Regex type (posix_extended) not yet implemented")),
        _ => Err(Error::template(format!("Invalid regex type ({})", kind.to_text()))),
    }
}
