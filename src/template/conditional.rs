//! Conditions: `when`, `failed_when`, `until`, `assert`.

use super::eval::{Interp, Mode};
use super::syntax::SyntaxOverrides;
use super::templar::is_omit;
use crate::error::{Error, Kind, Result};
use crate::value::{Text, Value};

const BROKEN_ALLOWED: &str = "Broken conditionals are currently allowed because the `ALLOW_BROKEN_CONDITIONALS` configuration option is enabled.";
const BROKEN_ALLOWABLE: &str =
    "Broken conditionals can be temporarily allowed with the `ALLOW_BROKEN_CONDITIONALS` configuration option.";
const AS_TEMPLATE: &str = "Conditionals should not be surrounded by templating delimiters such as {{ }} or {% %}.";

/// Whether a condition holds. Anything but a boolean result is an error, unless broken conditions are allowed.
pub fn holds(interp: &mut Interp, condition: &Value) -> Result<bool> {
    let condition = stripped(condition);
    let result = match evaluate(interp, &condition) {
        Err(error) if error.kind() == Kind::Undefined => {
            Err(error.context("Error while evaluating conditional.").at(condition.origin()))
        }
        other => other,
    }?;
    if let Value::Bool(holds) = result {
        return Ok(holds);
    }
    if is_omit(&result) {
        return Err(Error::template("A template was resolved to an Omit scalar.").at(condition.origin()));
    }
    let truth = result.truthy();
    // only texts know where they come from; for other values the condition's own place has to do
    let own = if matches!(result, Value::Str(_)) { result.origin() } else { None };
    let origin = match (&result, own.or(condition.origin())) {
        (Value::None, _) | (_, None) => "<unknown>".to_string(),
        (_, Some(origin)) => origin.to_string(),
    };
    let message = format!(
        "Conditional result ({}) was derived from value of type '{}' at '{origin}'. Conditionals must have a boolean result.",
        if truth { "True" } else { "False" },
        result.type_name(),
    );
    if interp.env.allow_broken_conditionals {
        interp.deprecate(&message, condition.origin(), Some(BROKEN_ALLOWED));
        return Ok(truth);
    }
    Err(Error::template(message).at(condition.origin()).help(BROKEN_ALLOWABLE))
}

/// Blanks around a condition mean nothing.
fn stripped(condition: &Value) -> Value {
    match condition {
        Value::Str(text) if text.trim().len() != text.len() => {
            Value::Str(Text::tagged(text.trim(), text.tag().cloned()))
        }
        other => other.clone(),
    }
}

fn is_empty(condition: &Value) -> bool {
    match condition {
        Value::None => true,
        Value::Str(text) => text.is_empty(),
        _ => false,
    }
}

/// An empty condition: true where broken ones are allowed.
fn empty(interp: &Interp, condition: &Value) -> Result<Value> {
    if interp.env.allow_broken_conditionals {
        let message = "Empty conditional expression was evaluated as True.";
        interp.deprecate(message, condition.origin(), Some(BROKEN_ALLOWED));
        return Ok(Value::Bool(true));
    }
    Err(Error::template("Empty conditional expressions are not allowed.").at(condition.origin()))
}

fn evaluate(interp: &mut Interp, condition: &Value) -> Result<Value> {
    if is_empty(condition) {
        return empty(interp, condition);
    }
    let text = match condition {
        Value::Bool(_) => return Ok(condition.clone()),
        Value::Str(text) => text,
        other if interp.env.allow_broken_conditionals => return interp.template_whole(other),
        other => return Err(Error::template("Conditional expressions must be strings.").at(other.origin())),
    };
    if !SyntaxOverrides::DEFAULT.is_all_template(text) {
        return interp.evaluate_whole(text, true);
    }
    // a condition that is nothing but a template gives the condition to evaluate
    let result = stripped(&interp.template_whole(condition)?);
    if is_empty(&result) {
        return empty(interp, &result);
    }
    match &result {
        Value::Str(expression) => interp.evaluate_whole(expression, true),
        _ => {
            interp.deprecate(AS_TEMPLATE, condition.origin(), None);
            interp.finalized(&result, Mode::Result)
        }
    }
}
