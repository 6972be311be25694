//! `lookup('first_found', ...)`: the first of some files that exists.

use super::options::Options;
use super::search;
use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::{Context, Lookup, pypath};
use crate::value::{Dict, Value};

/// The lookup. It takes undefined terms: `with_first_found` passes over them.
pub const LOOKUP: Lookup = Lookup { accept_lazy: true, ..Lookup::new("first_found", run) };

/// The option by which `with_first_found` names its task's action; decides the folder that is searched.
pub const TASK_ACTION: &str = "_task_action";

fn run(ctx: &mut dyn Context, terms: Vec<Value>, mut options: Dict) -> Result<Vec<Value>> {
    let action = options.remove(TASK_ACTION).map(|action| action.to_text().into_owned());
    let with = action.is_some();
    let options = defined(ctx, &options.into(), false)?.unwrap_or_default();
    let subdir = action.map(|action| match action {
        action if action.contains("template") => "templates",
        action if action.contains("var") => "vars",
        _ => "files",
    });
    let mut settings = Options::new("first_found", options.as_dict().cloned().unwrap_or_default());
    let mut wanted = Vec::new();
    for term in &terms {
        wanted.extend(defined(ctx, term, with)?);
    }
    if wanted.is_empty() {
        wanted = settings.list("files")?.unwrap_or_default();
    }
    let mut places = Vec::new();
    for term in &wanted {
        names(ctx, term, &mut settings, &mut places)?;
    }
    for place in places {
        if let Some(path) = search::find(ctx, subdir, &place.into())? {
            return Ok(vec![pypath::unfrack(&path).into()]);
        }
    }
    if settings.flag("skip", false) {
        return Ok(Vec::new());
    }
    Err(Error::template("No file was found when using first_found."))
}

/// The value rendered; with `omit` undefined members are left out, else they are errors.
fn defined(ctx: &mut dyn Context, value: &Value, omit: bool) -> Result<Option<Value>> {
    let value = ctx.touch(value)?;
    Ok(match &value {
        Value::Undefined(_) if omit => None,
        Value::Undefined(undefined) => return Err(undefined.error()),
        Value::List(items) | Value::Tuple(items) => {
            let mut kept = Vec::with_capacity(items.len());
            for item in items.iter() {
                kept.extend(defined(ctx, item, omit)?);
            }
            Some(kept.into())
        }
        Value::Dict(dict) => {
            let mut kept = Dict::new();
            for (key, member) in dict.iter() {
                if let Some(member) = defined(ctx, member, omit)? {
                    kept.insert_value(key.clone(), member);
                }
            }
            Some(kept.into())
        }
        _ => Some(value),
    })
}

/// What a term asks for: a name, several, or a mapping with files, paths and its own options.
fn names(ctx: &mut dyn Context, term: &Value, settings: &mut Options, places: &mut Vec<String>) -> Result<()> {
    let (files, what) = match term {
        Value::Dict(options) => {
            // the last mapping's options stay in force, `skip` among them
            *settings = Options::new("first_found", Dict::clone(options));
            (settings.list("files")?.unwrap_or_default(), "the 'files' option")
        }
        Value::Str(_) => (vec![term.clone()], "files"),
        other if arg::is_sequence(other) => {
            return arg::items(other)?.iter().try_for_each(|term| names(ctx, term, settings, places));
        }
        other => {
            let name = other.type_name();
            return Err(Error::template(format!(
                "Invalid term supplied. A string, dict or list is required, not '{name}')."
            )));
        }
    };
    let paths = settings.list("paths")?.unwrap_or_default();
    let files = split(ctx, what, &files, ",;")?;
    let paths = split(ctx, "the \"paths\" option", &paths, ",:;")?;
    if paths.is_empty() {
        places.extend(files);
    } else {
        for path in &paths {
            places.extend(files.iter().map(|file| pypath::join([path.as_str(), file])));
        }
    }
    Ok(())
}

fn split(ctx: &dyn Context, what: &str, terms: &[Value], separators: &str) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    for term in terms {
        let text = term.as_str().ok_or_else(|| {
            Error::template(format!("'{}' object is not iterable", term.type_name())).at(term.origin())
        })?;
        if text.contains(|c| separators.contains(c))
            && let Some(warn) = &ctx.environment().warn
        {
            let message = format!(
                "Automatic splitting of {what} on '{separators}' is deprecated. This feature will be removed from lookup \
                 plugin 'first_found' in ansible-core version 2.23."
            );
            warn(message, true);
        }
        parts.extend(text.split(|c| separators.contains(c)).map(String::from));
    }
    Ok(parts)
}
