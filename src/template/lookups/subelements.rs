//! `lookup('subelements', list, 'key.path')`: each record with each item of a list inside it.

use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("subelements", run);

fn run(_: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let wrong = |what: &str| Error::template(format!("subelements lookup expects a list of two or three items,{what}"));
    if !(2..=3).contains(&terms.len()) {
        return Err(wrong(""));
    }
    let path = match (&terms[0], &terms[1]) {
        (Value::List(_) | Value::Dict(_), Value::Str(path)) => path,
        _ => return Err(wrong(" first a dict or a list, second a string pointing to the subkey")),
    };
    let elements: Vec<Value> = match &terms[0] {
        Value::Dict(dict) if is_skipped(dict) => return Ok(Vec::new()),
        Value::Dict(dict) => dict.values().cloned().collect(),
        other => arg::items(other)?,
    };
    let flags = match terms.get(2) {
        None => None,
        Some(Value::Dict(flags)) => Some(flags),
        Some(_) => return Err(wrong(" the optional third item must be a dict with flags skip_missing")),
    };
    let skip = flags.and_then(|flags| flags.get("skip_missing")).and_then(arg::boolean).unwrap_or(false);
    let path: Vec<&str> = path.split('.').collect();
    let mut pairs = Vec::new();
    for element in &elements {
        let Value::Dict(dict) = element else {
            let shown = element.to_text();
            return Err(Error::template(format!("subelements lookup expects a dictionary, got '{shown}'")));
        };
        if is_skipped(dict) {
            continue;
        }
        if let Some((rest, items)) = take(dict, &path, skip)? {
            pairs.extend(items.iter().map(|item| Value::tuple([rest.clone(), item.clone()])));
        }
    }
    Ok(pairs)
}

/// What a skipped task registered.
fn is_skipped(dict: &Dict) -> bool {
    dict.get("skipped").is_some_and(|skipped| *skipped != Value::Bool(false))
}

/// The list at the end of the path, and the record without it.
fn take(dict: &Dict, path: &[&str], skip: bool) -> Result<Option<(Value, Vec<Value>)>> {
    let Some((key, deeper)) = path.split_first() else { return Ok(None) };
    let Some(member) = dict.get(key) else {
        if skip {
            return Ok(None);
        }
        let shown = Value::dict(dict.clone()).to_text().into_owned();
        return Err(Error::template(format!("could not find '{key}' key in iterated item '{shown}'")));
    };
    let mut rest = dict.clone();
    match member {
        Value::List(items) if deeper.is_empty() => {
            rest.remove(key);
            Ok(Some((rest.into(), items.to_vec())))
        }
        other if deeper.is_empty() => {
            Err(Error::template(format!("the key {key} should point to a list, got '{}'", other.to_text())))
        }
        Value::Dict(inner) => Ok(take(inner, deeper, skip)?.map(|(inner, items)| {
            rest.insert(*key, inner);
            (rest.into(), items)
        })),
        _ if skip => Ok(None),
        other => Err(Error::template(format!("the key {key} should point to a dictionary, got '{}'", other.to_text()))),
    }
}
