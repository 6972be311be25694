//! What `lineinfile`, `blockinfile` and `replace` have in common once they know the new content.

use super::attributes::{Diff, FileArgs, real_path};
use super::replace_file::{Keep, Source, replace};
use super::spec::Params;
use super::{Failure, Run, validation};
use crate::value::{Dict, Value};
use std::path::Path;

/// Validates the content, and puts it in the place of what the path leads to.
pub fn write(path: &Path, content: &[u8], params: &Params, run: &Run) -> Result<(), Failure> {
    if let Some(command) = params.str("validate").filter(|command| !command.is_empty()) {
        let staged = validation::stage(Source::Bytes(content), "", run)?;
        let output = validation::run(command, &staged, run)?;
        if !output.ok() {
            let message = format!("failed to validate: rc:{} error:{}", output.rc, output.err());
            return Err(Failure::new(message));
        }
    }
    replace(&real_path(path), Source::Bytes(content), Keep::Dest, params.bool("unsafe_writes"))
}

/// Owner, mode and the like; adds to the message when they change.
pub fn apply_attributes(
    path: &Path,
    params: &Params,
    run: &Run,
    message: &mut String,
    diff: &mut Diff,
) -> Result<bool, Failure> {
    if !FileArgs::new(params, path).apply(run, Some(diff))? {
        return Ok(false);
    }
    if !message.is_empty() {
        message.push_str(" and ");
    }
    message.push_str("ownership, perms or SE linux context changed");
    Ok(true)
}

/// The two parts of the diff: content, which is told only on demand, and attributes.
pub fn diffs(path: &str, before: &[u8], after: &[u8], attributes: Diff, run: &Run) -> Value {
    let mut parts = [Dict::new(), Dict::new()];
    let shown = |content: &[u8]| Value::from(if run.diff { String::from_utf8_lossy(content) } else { "".into() });
    parts[0].insert("before", shown(before));
    parts[0].insert("after", shown(after));
    if !attributes.after.is_empty() {
        parts[1].insert("before", attributes.before);
        parts[1].insert("after", attributes.after);
    }
    for (part, what) in parts.iter_mut().zip(["content", "file attributes"]) {
        part.insert("before_header", format!("{path} ({what})"));
        part.insert("after_header", format!("{path} ({what})"));
    }
    Value::list(parts.map(Value::dict))
}

/// Makes the directory of a file that is to be created.
pub fn make_directory(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::create_dir_all(parent),
        _ => Ok(()),
    }
}
