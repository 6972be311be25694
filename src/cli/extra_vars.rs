//! `--extra-vars`: `key=value` words, YAML or JSON, or a file of them.

use crate::error::{Error, Kind, Origin, Result, Warning};
use crate::playbook::loader::not_found;
use crate::playbook::split;
use crate::value::{Dict, Text, Value};
use crate::yaml;

/// The variables of all `-e`; the last one wins. With `merge`, mappings are merged.
pub fn read(given: &[String], merge: bool, decrypt: &yaml::Decrypt) -> Result<(Dict, Vec<Warning>)> {
    let mut variables = Dict::new();
    let mut warnings = Vec::new();
    for text in given.iter().filter(|text| !text.is_empty()) {
        let one = match text.strip_prefix('@') {
            Some(path) => file(path, decrypt, &mut warnings)?,
            None => inline(text, decrypt)?,
        };
        let Value::Dict(one) = one else {
            let message = format!("Invalid extra vars data supplied. '{text}' could not be made into a dictionary");
            return Err(Error::new(Kind::Usage, message));
        };
        if merge {
            combine(&mut variables, &one);
        } else {
            variables.extend((*one).clone());
        }
    }
    Ok((variables, warnings))
}

fn file(path: &str, decrypt: &yaml::Decrypt, warnings: &mut Vec<Warning>) -> Result<Value> {
    std::fs::metadata(path).map_err(|error| not_found(path, &error))?;
    let parsed = yaml::parse_file(std::path::Path::new(path), &how(decrypt))?;
    warnings.extend(parsed.warnings);
    Ok(parsed.content.to_value())
}

fn how(decrypt: &yaml::Decrypt) -> yaml::Options {
    yaml::Options { decrypt: Some(decrypt.clone()), ..yaml::Options::default() }
}

fn inline(text: &str, decrypt: &yaml::Decrypt) -> Result<Value> {
    let origin = Origin::described("<CLI option '-e'>");
    if text.starts_with(['/', '.']) {
        let message = format!("Please prepend extra_vars filename '{text}' with '@'");
        return Err(Error::new(Kind::Usage, message));
    }
    if text.starts_with(['[', '{']) {
        let parsed = yaml::parse(text, "<CLI option '-e'>", &how(decrypt))?;
        return Ok(parsed.content.map(|node| node.to_value()).unwrap_or_default());
    }
    let words = split::parse(text, false)?;
    let mut variables = Dict::new();
    for (key, value) in words.pairs {
        variables.insert(key, Value::Str(Text::trusted(value, Some(origin.clone()))));
    }
    if let Some(raw) = words.raw {
        variables.insert("_raw_params", raw);
    }
    Ok(Value::dict(variables))
}

/// Merges mappings at every depth, as `hash_behaviour = merge` wants it.
fn combine(below: &mut Dict, above: &Dict) {
    for (key, value) in above {
        let merged = match (below.get_value(key), value) {
            (Some(Value::Dict(old)), Value::Dict(new)) => {
                let mut both = (**old).clone();
                combine(&mut both, new);
                Value::dict(both)
            }
            _ => value.clone(),
        };
        below.insert_value(key.clone(), merged);
    }
}
