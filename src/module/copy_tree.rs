//! `_copy_tree`: the far end of a `copy` whose source is a directory at the controller. Internal; no task names it.
//!
//! Arguments: the task's own for `copy` (`dest` a directory), and
//!
//! | argument | meaning |
//! |---|---|
//! | `_files` | `{path, checksum, mode}` of each file; `path` below `dest`, `mode` only for `mode: preserve` |
//! | `_directories` | directories below `dest`, parents first |
//! | `_links` | `{path, target}` of links that are copied as links |
//! | `_sent` | which of `_files` came along as blobs: their positions, in the order of the blobs |
//! | `_probe` | nothing came along: if anything is needed, answer only `{"_needed": [positions]}` |
//!
//! A tree takes two jobs, or one if nothing is needed: a probe with everything, and the same again with `_sent`. A tree
//! too big for that is sent in pieces: jobs with a part of `_files` each, the last one with the directories and links.
//! The result is the task's but for `src`; with a single file it is that of what was done last, as in Ansible.

use super::copy::{INTERNAL, Sent};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, copy, file};
use crate::value::Value;
use std::path::Path;

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("dest", Kind::Path).required(),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("force", Kind::Bool).default("yes"),
        Arg::new("validate", Kind::Str),
        Arg::new("directory_mode", Kind::Raw),
        Arg::new("remote_src", Kind::Bool).default("no"),
        Arg::new("local_follow", Kind::Bool),
        Arg::new("checksum", Kind::Str),
        Arg::new("follow", Kind::Bool).default("no"),
        Arg::new(
            "_files",
            Kind::OptionsList(&[
                Arg::new("path", Kind::Str).required(),
                Arg::new("checksum", Kind::Str).required(),
                Arg::new("mode", Kind::Raw),
            ]),
        )
        .default(""),
        Arg::new("_directories", Kind::List(&Kind::Str)).default(""),
        Arg::new(
            "_links",
            Kind::OptionsList(&[Arg::new("path", Kind::Str).required(), Arg::new("target", Kind::Str).required()]),
        )
        .default(""),
        Arg::new("_sent", Kind::List(&Kind::Int)).default(""),
        INTERNAL[1],
        INTERNAL[3],
        INTERNAL[4],
    ],
    file_arguments: true,
    ..Spec::new("_copy_tree")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let dest = format!("{}/", params.str("dest").unwrap_or_default().trim_end_matches('/'));
    let files: Vec<Params> = params.list("_files").iter().map(|file| file_params(params, file, &dest)).collect();
    if params.bool("_probe") && !run.check {
        let mut needed = Vec::new();
        for (at, file) in files.iter().enumerate() {
            if Sent::new(file, None).is_needed()? {
                needed.push(Value::from(at));
            }
        }
        if !needed.is_empty() {
            return Ok(Outcome::new(false).with("_needed", Value::list(needed)));
        }
    }
    let blobs = std::mem::take(&mut run.blobs);
    let sent: Vec<usize> = params.list("_sent").iter().filter_map(|at| usize::try_from(at.as_i64()?).ok()).collect();
    let mut last = None;
    let mut changed = false;
    for (at, file) in files.iter().enumerate() {
        let blob = sent.iter().position(|number| *number == at).and_then(|number| blobs.get(number));
        let mut outcome = Sent::new(file, blob).place(run)?;
        if outcome.result.contains("_needed") {
            // it was there when it was asked for, and changed since
            let path = file.str("_original_basename").unwrap_or_default();
            return Err(Failure::new(format!("{path} changed at the destination while the tree was copied")));
        }
        if outcome.result.remove("_kept").is_none() {
            changed |= outcome.result.get("changed").is_some_and(Value::truthy);
            last = Some(outcome);
        }
    }
    for params in entries(params, &dest) {
        let outcome = file::run(run, &params)?;
        changed |= outcome.result.get("changed").is_some_and(Value::truthy);
        last = Some(outcome);
    }
    match last {
        Some(mut outcome) if files.len() == 1 => {
            if let (Some(path), false) = (outcome.result.get("path").cloned(), outcome.result.contains("dest")) {
                outcome.set("dest", path);
            }
            Ok(outcome)
        }
        _ => Ok(Outcome::new(changed).with("dest", dest)),
    }
}

fn file_params(params: &Params, file: &Value, dest: &str) -> Params {
    let part = |name: &str| file.get(name).cloned().unwrap_or_default();
    let mut set = vec![("dest", dest.into()), ("_original_basename", part("path")), ("_checksum", part("checksum"))];
    if !part("mode").is_none() {
        set.push(("mode", part("mode")));
    }
    copy::with(params, set)
}

/// Directories and links, as the file module makes them.
fn entries(params: &Params, dest: &str) -> Vec<Params> {
    let below = |path: &Value| Value::from(Path::new(dest).join(&*path.to_text()).to_string_lossy());
    let common = |path: &Value| {
        copy::with(
            params,
            [
                ("path", below(path)),
                ("recurse", false.into()),
                ("src", Value::None),
                ("_original_basename", Value::None),
                ("_diff_peek", Value::None),
                ("follow", true.into()),
            ],
        )
    };
    let directories = params.list("_directories");
    let mut entries = Vec::new();
    for path in directories {
        let mode = params.value("directory_mode").clone();
        entries.push(copy::with(&common(path), [("state", "directory".into()), ("mode", mode)]));
    }
    for link in params.list("_links") {
        let part = |name: &str| link.get(name).cloned().unwrap_or_default();
        let mut set = vec![("state", "link".into()), ("src", part("target")), ("force", true.into())];
        if !directories.is_empty() {
            set.push(("follow", false.into()));
        }
        if params.str("mode") == Some("preserve") {
            set.push(("mode", Value::None));
        }
        entries.push(copy::with(&common(&part("path")), set));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::super::invoke::invoke;
    use super::super::{Blob, digest, registry};
    use super::*;
    use crate::value::{Dict, json};

    fn call(dest: &Path, extra: &str, blobs: Vec<Blob>) -> Dict {
        let sum = |text: &str| digest::of_bytes(text.as_bytes(), digest::Algorithm::Sha1);
        let arguments = format!(
            r#"{{"dest": {:?}, "mode": "preserve", "directory_mode": "0750",
                "_files": [{{"path": "a", "checksum": "{}", "mode": "0640"}}, {{"path": "s/b", "checksum": "{}", "mode": "0600"}}],
                "_directories": ["s", "empty"], "_links": [{{"path": "l", "target": "a"}}]{extra}}}"#,
            dest.to_str().unwrap(),
            sum("A"),
            sum("B")
        );
        let mut run = Run { blobs, ..Run::default() };
        let arguments = json::parse(&arguments).unwrap();
        let mut result = invoke(registry::find("_copy_tree").unwrap(), arguments.as_dict().unwrap(), &mut run);
        result.remove("invocation");
        result
    }

    #[test]
    fn a_tree_is_asked_for_sent_and_then_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let dest = dir.path().join("new");
        std::fs::create_dir(&dest).unwrap();
        std::fs::write(dest.join("a"), "A").unwrap();
        let probe = r#", "_probe": true"#;
        assert_eq!(call(&dest, probe, Vec::new()).get("_needed").unwrap().repr(), "[1]");
        let sent = call(&dest, r#", "_sent": [1]"#, vec![Blob::Memory(b"B".to_vec())]);
        assert_eq!(sent.get("changed"), Some(&Value::Bool(true)), "{sent:?}");
        assert_eq!(std::fs::read(dest.join("s/b")).unwrap(), b"B");
        let mode = |name: &str| super::super::result::mode_text(rustix::fs::stat(dest.join(name)).unwrap().st_mode);
        assert_eq!([mode("a"), mode("s/b"), mode("s"), mode("empty")], ["0640", "0600", "0750", "0750"]);
        assert_eq!(std::fs::read_link(dest.join("l")).unwrap(), Path::new("a"));
        let again = call(&dest, probe, Vec::new());
        assert_eq!(again.get("changed"), Some(&Value::Bool(false)), "{again:?}");
    }
}
