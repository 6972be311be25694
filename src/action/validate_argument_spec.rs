//! `validate_argument_spec`: holds variables to a specification, as roles with `meta/argument_specs.yml` have one.

use super::{Context, Future};
use crate::error::{Error, Result};
use crate::template::Variables;
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move { validate(context) })
}

fn validate(context: &Context) -> Result<Dict> {
    let spec = match context.arguments.get("argument_spec") {
        Some(raw) => context.templar.template(raw)?,
        None => return Err(Error::action("\"argument_spec\" arg is required in args: {}")),
    };
    let Value::Dict(spec) = &spec else {
        return Err(Error::action(format!(
            "Incorrect type for argument_spec, expected dict and got {}",
            spec.type_name()
        )));
    };
    let provided = context.arguments.get("provided_arguments").and_then(Value::as_dict).cloned().unwrap_or_default();
    let mut values = Dict::new();
    for key in spec.keys() {
        let name = key.to_text();
        match provided.get(&name) {
            Some(value) => {
                values.insert(&*name, value.clone());
            }
            None if context.view.raw(&name).is_some() => {
                if let Some(value) = context.variable(&name)? {
                    values.insert(&*name, value);
                }
            }
            None => {}
        }
    }
    let errors = check(spec, &values, &[]);
    let described = context.arguments.get("validate_args_context").cloned().unwrap_or_else(|| Value::dict(Dict::new()));
    let mut result = Dict::from_iter([("changed", Value::Bool(false)), ("validate_args_context", described)]);
    if errors.is_empty() {
        result.insert("msg", "The arg spec validation passed");
        return Ok(result);
    }
    result.insert("failed", true);
    result.insert("msg", format!("Validation of arguments failed:\n{}", errors.join("\n")));
    result.insert("argument_errors", Value::list(errors.into_iter().map(Value::from)));
    result.insert("argument_spec_data", Value::Dict(spec.clone()));
    Ok(result)
}

/// What is wrong with `values`, in Ansible's words.
fn check(spec: &Dict, values: &Dict, path: &[String]) -> Vec<String> {
    let mut errors = Vec::new();
    let found = if path.is_empty() { String::new() } else { format!(" found in {}", path.join(" -> ")) };
    let mut missing: Vec<String> = Vec::new();
    for (key, rule) in spec {
        let required = rule.get("required").is_some_and(Value::truthy);
        if required && values.get(&key.to_text()).is_none_or(Value::is_none) {
            missing.push(key.to_text().into_owned());
        }
    }
    if !missing.is_empty() {
        missing.sort();
        errors.push(format!("missing required arguments: {}{found}", missing.join(", ")));
    }
    for (key, rule) in spec {
        let name = key.to_text().into_owned();
        let Some(value) = values.get(&name).filter(|value| !value.is_none()) else { continue };
        let kind = rule.get("type").map_or("str".into(), |kind| kind.to_text().into_owned());
        if let Some(problem) = mismatch(value, &kind) {
            errors.push(format!(
                "argument '{name}' is of type {} and we were unable to convert to {kind}: {problem}{found}",
                value.type_name()
            ));
            continue;
        }
        errors.extend(check_choices(&name, value, rule, &found));
        errors.extend(check_elements(&name, value, rule, &found));
        if let Some(options) = rule.get("options").and_then(Value::as_dict) {
            let mut inner = path.to_vec();
            inner.push(name);
            let items: Vec<&Value> = match value {
                Value::List(items) => items.iter().collect(),
                one => vec![one],
            };
            for item in items.iter().filter_map(|item| item.as_dict()) {
                let known: Vec<String> = options.keys().map(|key| key.to_text().into_owned()).collect();
                let unknown: Vec<String> =
                    item.keys().map(|key| key.to_text().into_owned()).filter(|key| !known.contains(key)).collect();
                if !unknown.is_empty() {
                    errors.push(format!("{}. Supported parameters include: {}.", unknown.join(", "), known.join(", ")));
                }
                errors.extend(check(options, item, &inner));
            }
        }
    }
    errors
}

fn check_choices(name: &str, value: &Value, rule: &Value, found: &str) -> Option<String> {
    let choices = rule.get("choices").and_then(Value::as_slice)?;
    let given: Vec<&Value> = match value {
        Value::List(items) => items.iter().collect(),
        one => vec![one],
    };
    let fits = |value: &&Value| choices.iter().any(|choice| choice == *value || choice.to_text() == value.to_text());
    if given.iter().all(fits) {
        return None;
    }
    let words: Vec<String> = choices.iter().map(|choice| choice.to_text().into_owned()).collect();
    let many = if matches!(value, Value::List(_)) { "one or more of" } else { "one of" };
    Some(format!("value of {name} must be {many}: {}, got: {}{found}", words.join(", "), value.to_text()))
}

fn check_elements(name: &str, value: &Value, rule: &Value, found: &str) -> Vec<String> {
    let (Some(kind), Some(items)) = (rule.get("elements").and_then(Value::as_str), value.as_slice()) else {
        return Vec::new();
    };
    let problem = |item: &Value| {
        let problem = mismatch(item, kind)?;
        Some(format!(
            "Elements value for option '{name}' is of type {} and we were unable to convert to {kind}: {problem}{found}",
            item.type_name()
        ))
    };
    items.iter().filter_map(problem).collect()
}

/// Why a value cannot be of a type; `None` when it can.
fn mismatch(value: &Value, kind: &str) -> Option<String> {
    let fits = match kind {
        "str" | "path" | "raw" | "jsonarg" | "json" | "bytes" | "bits" => {
            return match (kind, value) {
                ("str" | "path", Value::List(_) | Value::Dict(_)) => {
                    Some(format!("'{}' is not a string and conversion is not allowed", value.repr()))
                        .filter(|_| kind == "path")
                }
                _ => None,
            };
        }
        "bool" => value.to_bool().is_some(),
        "int" => value.as_i64().is_some() || value.as_str().is_some_and(|text| text.trim().parse::<i64>().is_ok()),
        "float" => value.as_f64().is_some() || value.as_str().is_some_and(|text| text.trim().parse::<f64>().is_ok()),
        "list" => matches!(value, Value::List(_) | Value::Str(_) | Value::Int(_) | Value::Float(_)),
        "dict" => {
            matches!(value, Value::Dict(_))
                || value.as_str().is_some_and(|text| text.starts_with('{') || text.contains('='))
        }
        _ => true,
    };
    if fits {
        return None;
    }
    Some(match kind {
        "bool" => format!("The value {} is not a valid boolean.", value.repr()),
        "int" => format!("{} cannot be converted to an int", python_class(value)),
        "float" => format!("{} cannot be converted to a float", python_class(value)),
        "list" => format!("{} cannot be converted to a list", python_class(value)),
        _ => format!("{} cannot be converted to a dict", python_class(value)),
    })
}

fn python_class(value: &Value) -> String {
    format!("<class '{}'>", value.type_name())
}
