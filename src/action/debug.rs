//! `debug`: shows a message or the value of an expression.

use super::{Context, Future, only};
use crate::error::{Error, Result, Warning};
use crate::event::Event;
use crate::value::{Dict, Text, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move { debug(context) })
}

fn debug(context: &Context) -> Result<Dict> {
    only(context, &["msg", "var", "verbosity"])?;
    if context.arguments.contains("msg") && context.arguments.contains("var") {
        return Err(Error::general("parameters are mutually exclusive: msg|var"));
    }
    let verbosity = match context.arguments.get("verbosity") {
        None | Some(Value::None) => 0,
        Some(Value::Str(text)) => text.trim().parse().map_err(|_| not_int(text))?,
        Some(value) => value.as_i64().ok_or_else(|| not_int(&value.to_text()))?,
    };
    let mut result = Dict::new();
    if verbosity > i64::from(context.verbosity) {
        result.insert("skipped_reason", "Verbosity threshold not met.");
        result.insert("skipped", true);
        return Ok(result);
    }
    match (context.arguments.get("msg"), context.arguments.get("var")) {
        (Some(message), _) => {
            result.insert("msg", message.clone());
        }
        (None, Some(Value::Str(expression))) => {
            let (name, value) = evaluate(context, expression)?;
            result.insert(name, value);
        }
        (None, Some(value)) => {
            let shown = context.templar.template(value)?;
            result.insert(format!("<class '{}'>", value.type_name()), shown);
        }
        (None, None) => {
            result.insert("msg", "Hello world!");
        }
    }
    result.insert("_ansible_verbose_always", true);
    result.insert("changed", false);
    Ok(result)
}

fn not_int(text: &str) -> Error {
    Error::action(format!(
        "argument 'verbosity' is of type str and we were unable to convert to int: invalid literal '{text}'"
    ))
}

/// The value of `var`: an expression, whose own text names the result's key.
fn evaluate(context: &Context, expression: &Text) -> Result<(String, Value)> {
    let rendered = if expression.is_template() {
        context.templar.template(&Value::Str(expression.clone()))?
    } else {
        Value::Str(expression.clone())
    };
    let text = match rendered {
        Value::Str(text) => text,
        other => return Ok((expression.to_string(), other)),
    };
    let trusted = Text::trusted(text.shared(), expression.origin().cloned());
    let (shown, errors) = context.templar.evaluate_for_display(&trusted)?;
    // one warning for each place, numbered through
    let mut numbered = errors.iter().enumerate().peekable();
    while let Some((at, error)) = numbered.next() {
        let mut lines = vec![format!("error {} - {}", at + 1, error.one_line())];
        while let Some((at, next)) = numbered.next_if(|(_, next)| next.origin() == error.origin()) {
            lines.push(format!("error {} - {}", at + 1, next.one_line()));
        }
        let plural = if lines.len() == 1 { "" } else { "s" };
        let told = format!("Encountered {} template error{plural}.\n{}", lines.len(), lines.join("\n"));
        let origin = error.origin().or(expression.origin());
        context.events.send(Event::Warning(Warning::about(Error::general(told).at(origin))));
    }
    Ok((text.to_string(), shown))
}
