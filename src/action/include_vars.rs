//! `include_vars`: variables from a file or a directory of the controller.

use super::{Context, Future, only};
use crate::error::{Error, Result};
use crate::pyregex::{Flags, Regex, compile};
use crate::value::{Dict, Value};
use std::path::{Path, PathBuf};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move { include_vars(context) })
}

fn include_vars(context: &Context) -> Result<Dict> {
    only(
        context,
        &[
            "depth",
            "dir",
            "extensions",
            "file",
            "files_matching",
            "hash_behaviour",
            "ignore_files",
            "ignore_unknown_extensions",
            "name",
            "_raw_params",
        ],
    )?;
    let file = context.text("file").or_else(|| context.text("_raw_params"));
    let (mut variables, included) = match (context.text("dir"), file) {
        (Some(_), Some(_)) => {
            return Err(Error::action("You are mixing file only and dir only arguments, these are incompatible"));
        }
        (Some(dir), None) => directory(context, &dir)?,
        (None, Some(file)) => {
            let path = context.find_file("vars", &file)?;
            check_extension(context, &path)?;
            (read(context, &path)?, vec![path])
        }
        (None, None) => return Err(Error::action("No variable file or directory was given")),
    };
    if let Some(name) = context.text("name") {
        variables = Dict::from_iter([(name.as_str(), Value::dict(variables))]);
    }
    let files = included.iter().map(|path| Value::str(path.display().to_string()));
    Ok(Dict::from_iter([
        ("changed", Value::Bool(false)),
        ("ansible_included_var_files", Value::list(files)),
        ("ansible_facts", Value::dict(variables)),
        ("_ansible_no_log", Value::Bool(context.no_log)),
    ]))
}

fn extensions(context: &Context) -> Vec<String> {
    match context.arguments.get("extensions") {
        Some(Value::List(items)) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        Some(Value::Str(text)) => vec![text.to_string()],
        _ => ["yaml", "yml", "json"].map(str::to_string).to_vec(),
    }
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().into_owned()).unwrap_or_default()
}

fn check_extension(context: &Context, path: &Path) -> Result<()> {
    let known = extensions(context);
    let extension = extension(path);
    if extension.is_empty() || known.contains(&extension) {
        return Ok(());
    }
    Err(Error::action(format!("{} does not have a valid extension: {}", path.display(), known.join(", "))))
}

fn directory(context: &Context, dir: &str) -> Result<(Dict, Vec<PathBuf>)> {
    let root = context.find_file("vars", dir)?;
    if !root.is_dir() {
        return Err(Error::action(format!("{} is not a directory", root.display())));
    }
    let depth = context.arguments.get("depth").and_then(Value::as_i64).filter(|depth| *depth > 0);
    let matching = context.text("files_matching").map(|pattern| compile(&pattern, Flags::default())).transpose()?;
    let ignored: Vec<String> = match context.arguments.get("ignore_files") {
        Some(Value::List(items)) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        Some(Value::Str(text)) => text.split_whitespace().map(str::to_string).collect(),
        _ => Vec::new(),
    };
    let ignored = ignored.iter().map(|pattern| compile(pattern, Flags::default())).collect::<Result<Vec<_>>>()?;
    let ignore_unknown = context.flag("ignore_unknown_extensions", false)?;
    let known = extensions(context);
    let mut walk = walkdir::WalkDir::new(&root).min_depth(1).sort_by_file_name();
    if let Some(depth) = depth {
        walk = walk.max_depth(usize::try_from(depth).unwrap_or(usize::MAX));
    }
    let (mut variables, mut included) = (Dict::new(), Vec::new());
    for entry in walk {
        let entry = entry.map_err(|error| Error::action(error.to_string()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_file() || ignored.iter().any(|pattern| found(pattern, &name)) {
            continue;
        }
        if matching.as_ref().is_some_and(|pattern| !found(pattern, &name)) {
            continue;
        }
        // the role's own main file is loaded with the role
        let is_main = context.task.role().is_some_and(|role| entry.path().parent() == Some(&role.path.join("vars")))
            && name.starts_with("main.");
        if is_main {
            continue;
        }
        if !known.contains(&extension(entry.path())) {
            if ignore_unknown {
                continue;
            }
            check_extension(context, entry.path())?;
        }
        variables.extend(read(context, entry.path())?);
        included.push(entry.path().to_path_buf());
    }
    Ok((variables, included))
}

fn found(pattern: &Regex, name: &str) -> bool {
    pattern.search(name).is_ok_and(|found| found.is_some())
}

fn read(context: &Context, path: &Path) -> Result<Dict> {
    match context.loader.read_yaml(path)? {
        Value::None => Ok(Dict::new()),
        Value::Dict(dict) => Ok((*dict).clone()),
        _ => Err(Error::action(format!("{} must be stored as a dictionary/hash", path.display()))),
    }
}
