//! Jinja2's filters of texts.

use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::eval::{percent, strings};
use crate::template::registry::Filter;
use crate::value::{Dict, Value};

pub const FILTERS: &[Filter] = &[
    Filter::new("capitalize", capitalize),
    Filter::new("center", center),
    Filter::new("format", format),
    Filter::new("indent", indent),
    Filter::new("lower", lower),
    Filter::new("replace", replace),
    Filter::new("string", string),
    Filter::new("title", title),
    Filter::new("trim", trim),
    Filter::new("truncate", truncate),
    Filter::new("upper", upper),
    Filter::new("wordcount", wordcount),
];

fn text(value: &Value) -> String {
    value.to_text().into_owned()
}

fn int(value: &Value) -> Result<i64> {
    value
        .as_i64()
        .ok_or_else(|| Error::template(format!("'{}' object cannot be interpreted as an integer", value.type_name())))
}

fn capitalize(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_capitalize")?;
    Ok(Value::from(strings::capitalize(&text(&input))))
}

fn lower(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_lower")?;
    Ok(Value::from(text(&input).to_lowercase()))
}

fn upper(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_upper")?;
    Ok(Value::from(text(&input).to_uppercase()))
}

fn string(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("soft_str")?;
    Ok(match input {
        Value::Str(_) => input,
        other => Value::from(text(&other)),
    })
}

fn center(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let width = args.take("width").map_or(Ok(80), |width| int(&width))?;
    args.finish("do_center")?;
    if width > 1 << 28 {
        return Err(Error::template("Result too large"));
    }
    Ok(Value::from(strings::center(&text(&input), width.max(0) as usize, ' ')))
}

fn title(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_title")?;
    let mut out = String::new();
    let mut at_start = true;
    for c in text(&input).chars() {
        let starts = matches!(c, '-' | '(' | '{' | '[' | '<') || strings::is_space(c);
        if starts {
            out.push(c);
        } else if at_start {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        at_start = starts;
    }
    Ok(Value::from(out))
}

fn trim(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let chars = args.take("chars").filter(|chars| !chars.is_none());
    args.finish("do_trim")?;
    let whole = text(&input);
    let trimmed = match &chars {
        None => whole.trim_matches(strings::is_space),
        Some(Value::Str(chars)) => whole.trim_matches(|c| chars.contains(c)),
        Some(_) => return Err(Error::template("strip arg must be None or str")),
    };
    Ok(Value::str(trimmed))
}

fn replace(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let old = args.require("do_replace", "old")?;
    let new = args.require("do_replace", "new")?;
    let count = args.take("count").filter(|count| !count.is_none());
    args.finish("do_replace")?;
    let count = count.map(|count| int(&count)).transpose()?.and_then(|count| usize::try_from(count).ok());
    Ok(Value::from(strings::replace(&text(&input), &text(&old), &text(&new), count)))
}

fn format(_: &mut dyn Context, input: Value, args: Args) -> Result<Value> {
    if !args.positional.is_empty() && !args.named.is_empty() {
        return Err(Error::template("can't handle positional and keyword arguments at the same time"));
    }
    let values = if args.named.is_empty() {
        Value::tuple(args.positional)
    } else {
        Value::dict(args.named.into_iter().map(|(name, value)| (Value::str(name), value)).collect::<Dict>())
    };
    percent::format(&text(&input), &values)
}

fn indent(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let width = args.take("width").unwrap_or(Value::Int(4));
    let first = args.take("first").is_some_and(|first| first.truthy());
    let blank = args.take("blank").is_some_and(|blank| blank.truthy());
    args.finish("do_indent")?;
    let Value::Str(whole) = &input else {
        let kind = input.type_name();
        return Err(Error::template(match &input {
            Value::List(_) => return Err(Error::template("'list' object has no attribute 'splitlines'")),
            _ => format!("unsupported operand type(s) for +=: '{kind}' and 'str'"),
        }));
    };
    let indention = match &width {
        Value::Str(text) => text.to_string(),
        other => match int(other) {
            Ok(width) if width <= 1 << 20 => " ".repeat(width.max(0) as usize),
            Ok(_) => return Err(Error::template("Result too large")),
            Err(_) => {
                let kind = other.type_name();
                return Err(Error::template(format!("can't multiply sequence by non-int of type '{kind}'")));
            }
        },
    };
    let lines = strings::splitlines(&format!("{whole}\n"), false);
    let mut out = if first { indention.clone() } else { String::new() };
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push('\n');
            if blank || !line.is_empty() {
                out.push_str(&indention);
            }
        }
        out.push_str(line);
    }
    Ok(Value::from(out))
}

fn truncate(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let length = args.take("length").map_or(Ok(255), |length| int(&length))?;
    let killwords = args.take("killwords").is_some_and(|kill| kill.truthy());
    let end = args.take("end").map_or_else(|| "...".to_string(), |end| text(&end));
    let leeway = args.take("leeway").filter(|leeway| !leeway.is_none()).map_or(Ok(5), |leeway| int(&leeway))?;
    args.finish("do_truncate")?;
    let end_length = end.chars().count() as i64;
    if length < end_length {
        return Err(Error::template(format!("expected length >= {end_length}, got {length}")));
    }
    if leeway < 0 {
        return Err(Error::template(format!("expected leeway >= 0, got {leeway}")));
    }
    let Value::Str(whole) = &input else {
        return Err(Error::template(format!("object of type '{}' has no len()", input.type_name())));
    };
    if whole.chars().count() as i64 <= length.saturating_add(leeway) {
        return Ok(input);
    }
    let kept = strings::head(whole, (length - end_length) as usize);
    let kept = if killwords { kept } else { kept.rsplit_once(' ').map_or(kept, |(kept, _)| kept) };
    Ok(Value::from(format!("{kept}{end}")))
}

fn wordcount(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_wordcount")?;
    let whole = text(&input);
    let words = whole.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    Ok(Value::from(words.count()))
}
