//! Jinja2's filters of any value: defaults, attributes, pretty printing.

use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::registry::Filter;
use crate::value::{Undefined, Value};
use std::sync::Arc;

pub const FILTERS: &[Filter] = &[
    Filter::new("default", default).lazy().undefined(),
    Filter::new("d", default).lazy().undefined(),
    Filter::new("attr", attr).lazy(),
    Filter::new("pprint", pprint),
];

fn default(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let default = args.take("default_value").unwrap_or_else(|| Value::str(""));
    let boolean = args.take("boolean").unwrap_or(Value::Bool(false));
    args.finish("ansible_default")?;
    let boolean = match boolean {
        Value::Bool(flag) => flag,
        Value::Undefined(undefined) => {
            let error = Error::template("The 'boolean' argument must be of type 'bool'.");
            return Err(error.because(undefined.error()));
        }
        other => {
            return Err(Error::template(format!(
                "The 'boolean' argument must be of type 'bool', not '{}'.",
                other.type_name()
            )));
        }
    };
    match &input {
        Value::Undefined(undefined) if !undefined.lenient => Ok(default),
        value if boolean && !value.truthy() => Ok(default),
        _ => Ok(input),
    }
}

fn attr(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let name = args.require("do_attr", "name")?;
    args.finish("do_attr")?;
    let name = ctx.resolve(&name)?;
    // attributes only: what stands in a mapping is no attribute
    let is_item = match &input {
        Value::Dict(dict) => {
            dict.get(&name.to_text()).is_some() && crate::template::eval::find_method(&input, &name.to_text()).is_none()
        }
        _ => false,
    };
    if is_item {
        let message = format!("object of type '{}' has no attribute {}", input.type_name(), name.repr());
        return Ok(Value::Undefined(Arc::new(Undefined::new(message))));
    }
    ctx.attribute(&input, &name)
}

fn pprint(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_pprint")?;
    let mut out = String::new();
    write_pretty(&input, 0, 0, &mut out);
    Ok(Value::from(out))
}

/// As wide as a line of pretty printing gets.
const WIDTH: usize = 80;

/// Writes a value that starts at column `indent` and is followed by `allowance` characters, as Python's `pprint`.
fn write_pretty(value: &Value, indent: usize, allowance: usize, out: &mut String) {
    let short = value.repr();
    if short.chars().count() <= WIDTH.saturating_sub(indent + allowance) {
        out.push_str(&short);
        return;
    }
    // lists and mappings print on one line, however long: what ansible-core hands to pprint is not quite a list
    match value {
        Value::Tuple(items) if items.len() == 1 => write_items("(", items, ",)", indent, allowance, out),
        Value::Tuple(items) if !items.is_empty() => write_items("(", items, ")", indent, allowance, out),
        Value::Str(text) => write_text(text, indent, allowance, out),
        _ => out.push_str(&short),
    }
}

fn write_items(open: &str, items: &[Value], close: &str, indent: usize, allowance: usize, out: &mut String) {
    out.push_str(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(",\n");
            out.extend(std::iter::repeat_n(' ', indent + 1));
        }
        let allowance = if at + 1 == items.len() { allowance + close.len() } else { 1 };
        write_pretty(item, indent + 1, allowance, out);
    }
    out.push_str(close);
}

/// A long text is cut between words into literals that stand below each other.
fn write_text(text: &str, indent: usize, allowance: usize, out: &mut String) {
    let outer = indent == 0;
    let (indent, allowance) = if outer { (1, allowance + 1) } else { (indent, allowance) };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut chunks: Vec<String> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let shown = Value::str(*line).repr();
        let mut room = WIDTH.saturating_sub(indent);
        if at + 1 == lines.len() {
            room = room.saturating_sub(allowance);
        }
        if shown.chars().count() <= room {
            chunks.push(shown);
            continue;
        }
        let words = words(line);
        let mut current = String::new();
        let full = WIDTH.saturating_sub(indent);
        for (number, word) in words.iter().enumerate() {
            let candidate = format!("{current}{word}");
            let mut most = full;
            if number + 1 == words.len() && at + 1 == lines.len() {
                most = most.saturating_sub(allowance);
            }
            if Value::str(candidate.as_str()).repr().chars().count() > most {
                if !current.is_empty() {
                    chunks.push(Value::str(current.as_str()).repr());
                }
                current = (*word).to_string();
            } else {
                current = candidate;
            }
        }
        if !current.is_empty() {
            chunks.push(Value::str(current.as_str()).repr());
        }
    }
    if let [only] = chunks.as_slice() {
        out.push_str(only);
        return;
    }
    if outer {
        out.push('(');
    }
    for (at, chunk) in chunks.iter().enumerate() {
        if at > 0 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str(chunk);
    }
    if outer {
        out.push(')');
    }
}

/// Words with the blanks behind them.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let end = rest[word..].find(|c: char| !c.is_whitespace()).map_or(rest.len(), |blanks| word + blanks);
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}
