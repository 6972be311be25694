//! `copy`: puts content in its place, with owner and mode.
//!
//! With `remote_src` all is done here ([`local`]). Otherwise the controller's half sends the task's arguments (without
//! `src`, `content` and `decrypt`, with `mode: preserve` replaced by the source's mode) and these of its own:
//!
//! | argument | meaning |
//! |---|---|
//! | `_checksum` | SHA-1 of the content; marks a job of the controller's half |
//! | `_original_basename` | name of the source, for a `dest` that is a directory |
//! | `_probe` | the content did not come along: do what needs none, else answer `{"_needed": true}` |
//! | `_content` | it was given as `content:` |
//! | `_diff_header` | the source's name for `after_header`; without it, `dest` |
//! | `_diff_max_size` | files above it are not shown in a diff; 0 is no limit |
//!
//! and the content as blob 0. The result is the task's, complete, but for:
//! * `{"_kept": true, "dest": ..., "changed": false}`: `force: false` and the file is there; the controller adds `src`;
//! * a diff of a probe in check mode has no `after`: the controller has the content;
//! * a failure of the argument check has no `checksum` and `diff`.

mod local;
mod sent;

use super::attributes::FileArgs;
use super::replace_file::{Source, backup};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, validation};
use crate::value::Value;
use std::path::{Path, PathBuf};

pub(super) use sent::Sent;

/// The arguments of the controller's half.
pub(super) const INTERNAL: [Arg; 5] = [
    Arg::new("_checksum", Kind::Str).hidden(),
    Arg::new("_probe", Kind::Bool).hidden(),
    Arg::new("_content", Kind::Bool).hidden(),
    Arg::new("_diff_header", Kind::Str).hidden(),
    Arg::new("_diff_max_size", Kind::Int).hidden(),
];

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("src", Kind::Path),
        Arg::new("_original_basename", Kind::Str),
        Arg::new("content", Kind::Str).no_log(),
        Arg::new("dest", Kind::Path).required(),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("force", Kind::Bool).default("yes"),
        Arg::new("validate", Kind::Str),
        Arg::new("directory_mode", Kind::Raw),
        Arg::new("remote_src", Kind::Bool).default("no"),
        Arg::new("local_follow", Kind::Bool),
        Arg::new("checksum", Kind::Str),
        Arg::new("follow", Kind::Bool).default("no"),
        INTERNAL[0],
        INTERNAL[1],
        INTERNAL[2],
        INTERNAL[3],
        INTERNAL[4],
    ],
    file_arguments: true,
    ..Spec::new("copy")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    if !params.is_set("_checksum") {
        return local::run(run, params);
    }
    let blob = run.blobs.first().cloned();
    Sent::new(params, blob.as_ref()).place(run)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `dest` with a directory part, as the rest expects it.
fn destination(params: &Params) -> String {
    let dest = params.str("dest").unwrap_or_default();
    if dest.contains('/') { dest.to_string() } else { format!("./{dest}") }
}

fn directory_of(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => path[..at].trim_end_matches('/'),
        None => "",
    }
}

/// Makes the missing directories above `dest`, with the attributes asked for and `directory_mode`.
fn make_directories(directory: &str, params: &Params, run: &Run) -> Result<(), Failure> {
    let mut missing: Vec<&Path> =
        Path::new(directory).ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    missing.reverse();
    std::fs::create_dir_all(directory).map_err(|error| {
        let first = missing.first().copied().unwrap_or(Path::new(directory));
        Failure::raised(super::oserror::bytes(&error, first))
    })?;
    let args = FileArgs::new(params, Path::new(directory)).with_mode(params.value("directory_mode").clone());
    for path in missing {
        args.at(path).apply(run, None)?;
    }
    Ok(())
}

/// Whether `dest` can be written to at all, before anything is touched.
fn check_directory(dest: &str, params: &Params) -> Result<(), Failure> {
    let directory = directory_of(dest);
    if !Path::new(dest).exists() && !Path::new(directory).exists() {
        let denied = std::fs::metadata(directory).is_err_and(|why| why.kind() == std::io::ErrorKind::PermissionDenied);
        let what = if denied { "is not accessible" } else { "does not exist" };
        return Err(Failure::new(format!("Destination directory {directory} {what}")));
    }
    if rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_err() && !params.bool("unsafe_writes") {
        return Err(Failure::new(format!("Destination {directory} not writable")));
    }
    Ok(())
}

/// Runs `validate` on a file that has the content, and the mode and owner that the destination is to have.
fn validate(content: Source, dest: &str, params: &Params, run: &Run) -> Result<Option<tempfile::TempPath>, Failure> {
    let Some(command) = params.str("validate").filter(|command| !command.is_empty()) else { return Ok(None) };
    let staged = validation::stage(content, &suffix_of(dest), run)?;
    let mut args = FileArgs::new(params, &staged);
    (args.secontext, args.attributes) = (Default::default(), None);
    args.apply(&Run { check: false, ..Run::default() }, None)?;
    let output = validation::run(command, &staged, run)?;
    if output.ok() {
        return Ok(Some(staged));
    }
    Err(Failure::new("failed to validate")
        .with("exit_status", output.rc)
        .with("stdout", output.out())
        .with("stderr", output.err()))
}

/// `.conf` of `/etc/x.conf`.
fn suffix_of(path: &str) -> String {
    Path::new(path).extension().map(|suffix| format!(".{}", suffix.to_string_lossy())).unwrap_or_default()
}

/// Keeps the old file under a dated name if asked to; its name.
fn make_backup(dest: &Path, params: &Params, run: &Run) -> Result<Option<String>, Failure> {
    if params.bool("backup") { backup(dest, run) } else { Ok(None) }
}

/// The parameters with some of them set.
pub(super) fn with(params: &Params, set: impl IntoIterator<Item = (&'static str, Value)>) -> Params {
    let mut params = params.clone();
    for (name, value) in set {
        params.0.insert(name, value);
    }
    params
}

/// Joins as a shell user would: no doubled slash.
fn join(directory: &str, name: &str) -> PathBuf {
    Path::new(directory).join(name)
}

#[cfg(test)]
mod tests;
