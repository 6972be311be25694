//! `bool`, `ternary`, `mandatory`, `type_debug`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter};
use crate::value::Value;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("bool", to_bool),
    Filter::new("ternary", ternary).lazy().undefined(),
    Filter::new("mandatory", mandatory).lazy().undefined(),
    Filter::new("type_debug", type_debug).lazy().undefined(),
];

fn to_bool(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("to_bool")?;
    let word = match &input {
        Value::Str(text) => text.to_lowercase(),
        Value::Bool(_) | Value::Int(_) => input.to_text().to_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "yes" | "on" | "true" | "1" => return Ok(Value::Bool(true)),
        "no" | "off" | "false" | "0" => return Ok(Value::Bool(false)),
        _ => {}
    }
    let result = matches!(input, Value::Float(number) if number == 1.0);
    if let Some(warn) = &ctx.environment().warn {
        let shown = Value::Bool(result).repr();
        let message = format!(
            "The `bool` filter coerced invalid value {} ({}) to {shown}. This feature will be removed from ansible-core \
             version 2.23.",
            input.repr(),
            input.type_name(),
        );
        warn(message, true);
    }
    Ok(Value::Bool(result))
}

fn ternary(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let yes = args.require("ternary", "true_val")?;
    let no = args.require("ternary", "false_val")?;
    let none = arg::given(args.take("none_val"));
    args.finish("ternary")?;
    match (input, none) {
        (input @ Value::Undefined(_), _) => Ok(input),
        (Value::None, Some(none)) => Ok(none),
        (input, _) => Ok(if input.truthy() { yes } else { no }),
    }
}

fn mandatory(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let message = arg::given(args.take("msg"));
    args.finish("mandatory")?;
    let Value::Undefined(undefined) = &input else { return Ok(input) };
    if let Some(message) = message {
        return Err(Error::template(arg::text(&message)));
    }
    let name = undefined_name(&undefined.message).map(|name| format!("{name} ")).unwrap_or_default();
    Err(Error::template(format!("Mandatory variable {name}not defined.")))
}

/// The quoted name in Jinja2's words for what is undefined.
fn undefined_name(message: &str) -> Option<&str> {
    let rest = match message.strip_suffix(" is undefined") {
        Some(name) => name,
        None => message.split_once(" has no attribute ")?.1,
    };
    (rest.len() > 2 && rest.starts_with(['\'', '"'])).then_some(rest)
}

fn type_debug(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("type_debug")?;
    Ok(match &input {
        Value::Undefined(_) => "UndefinedMarker".into(),
        other => Value::str(other.type_name()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_what_is_undefined_is_found() {
        assert_eq!(undefined_name("'x' is undefined"), Some("'x'"));
        assert_eq!(undefined_name("object of type 'dict' has no attribute 'y'"), Some("'y'"));
        assert_eq!(undefined_name("a hint"), None);
    }
}
