//! `file`: makes files, directories and links be there, or not, with owner, mode and times.

mod links;
mod times;
mod tree;

use super::attributes::{Diff, FileArgs, group_id, real_path, user_id};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, oserror};
use crate::value::{Dict, Value};
use nix::unistd::{Gid, Group, Uid, User};
use rustix::io::Errno;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use times::Times;

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("state", Kind::Str).choices(&["absent", "directory", "file", "hard", "link", "touch"]),
        Arg::new("path", Kind::Path).required().aliases(&["dest", "name"]),
        Arg::new("_original_basename", Kind::Str),
        Arg::new("recurse", Kind::Bool).default("no"),
        Arg::new("force", Kind::Bool).default("no"),
        Arg::new("follow", Kind::Bool).default("yes"),
        Arg::new("_diff_peek", Kind::Bool),
        Arg::new("src", Kind::Path),
        Arg::new("modification_time", Kind::Str),
        Arg::new("modification_time_format", Kind::Str).default("%Y%m%d%H%M.%S"),
        Arg::new("access_time", Kind::Str),
        Arg::new("access_time_format", Kind::Str).default("%Y%m%d%H%M.%S"),
    ],
    file_arguments: true,
    ..Spec::new("file")
};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Absent,
    Directory,
    File,
    Hard,
    Link,
    Touch,
}

impl State {
    pub(super) fn of(path: &Path) -> State {
        match std::fs::symlink_metadata(path) {
            Err(_) => State::Absent,
            Ok(meta) if meta.file_type().is_symlink() => State::Link,
            Ok(meta) if meta.is_dir() => State::Directory,
            Ok(meta) if meta.nlink() > 1 => State::Hard,
            Ok(_) => State::File,
        }
    }

    fn parse(text: &str) -> Option<State> {
        let all = [State::Absent, State::Directory, State::File, State::Hard, State::Link, State::Touch];
        all.into_iter().find(|state| state.name() == text)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::Directory => "directory",
            State::File => "file",
            State::Hard => "hard",
            State::Link => "link",
            State::Touch => "touch",
        }
    }
}

/// One call: its parameters, settled.
struct Job<'a> {
    params: &'a Params,
    path: PathBuf,
    state: State,
    src: Option<&'a str>,
    follow: bool,
    force: bool,
    times: Times,
}

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let job = settle(run, params)?;
    if !params.value("_diff_peek").is_none() {
        return Ok(Outcome::new(false).with("path", text(&job.path)).with("appears_binary", appears_binary(&job.path)));
    }
    let (mut outcome, diff) = match job.state {
        State::File => job.file(run)?,
        State::Directory => job.directory(run)?,
        State::Link => job.link(run)?,
        State::Hard => job.hard_link(run)?,
        State::Touch => job.touch(run)?,
        State::Absent => job.absent(run)?,
    };
    if run.diff
        && let Some(diff) = diff
    {
        outcome.set("diff", diff.into_value());
    }
    Ok(outcome)
}

type Done = Result<(Outcome, Option<Diff>), Failure>;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn settle<'a>(run: &mut Run, params: &'a Params) -> Result<Job<'a>, Failure> {
    let mut path = PathBuf::from(params.str("path").unwrap_or_default());
    let wanted = params.str("state").and_then(State::parse);
    let src = params.str("src");
    if !matches!(wanted, Some(State::Link | State::Absent)) && path.is_dir() {
        let original = params.str("_original_basename").filter(|name| !name.is_empty());
        let inside = original.or_else(|| src.map(|src| src.rsplit('/').next().unwrap_or_default()));
        if let Some(name) = inside.filter(|name| !name.is_empty()) {
            path.push(name);
        }
    }
    let state = wanted.unwrap_or_else(|| match State::of(&path) {
        State::Absent if params.bool("recurse") => State::Directory,
        State::Absent => State::File,
        current => current,
    });
    if params.bool("recurse") && state != State::Directory {
        return Err(Failure::new("recurse option requires state to be 'directory'").with("path", text(&path)));
    }
    if src.is_some_and(|src| !src.is_empty()) && !matches!(state, State::Link | State::Hard) {
        return Err(Failure::new("src option requires state to be 'link' or 'hard'").with("path", text(&path)));
    }
    if run.check && state != State::Absent {
        warn_of_strangers(run, params);
    }
    let times = Times::new(params, state)?;
    Ok(Job { params, path, state, src, follow: params.bool("follow"), force: params.bool("force"), times })
}

/// In check mode an owner that is not there may be one that the play makes.
fn warn_of_strangers(run: &mut Run, params: &Params) {
    for (kind, parameter, number_word) in [("user", "owner", "uid"), ("group", "group", "gid")] {
        let Some(name) = params.str(parameter).filter(|name| !name.is_empty()) else { continue };
        let number = name.trim().parse::<u32>();
        let id = if kind == "user" { user_id(name) } else { group_id(name) };
        let known = match (&number, kind) {
            (Err(_), _) => id.is_some(),
            (Ok(uid), "user") => matches!(User::from_uid(Uid::from_raw(*uid)), Ok(Some(_))),
            (Ok(gid), _) => matches!(Group::from_gid(Gid::from_raw(*gid)), Ok(Some(_))),
        };
        if !known {
            let with = if number.is_ok() { format!("with {number_word} ") } else { String::new() };
            run.warn(format!("failed to look up {kind} {with}{name}. Create {kind} up to this point in real play"));
        }
    }
}

/// Whether a file holds a NUL near its start.
pub(super) fn appears_binary(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(8192).read_to_end(&mut head));
    read.is_ok() && head.contains(&0)
}

fn initial_diff(path: &Path, state: State, previous: State) -> Diff {
    let mut diff = Diff::default();
    diff.note("path", text(path), text(path));
    if previous != state {
        diff.note("state", previous.name(), state.name());
        if state == State::Absent && previous == State::Directory {
            diff.before.insert("path_content", tree::content(path));
        }
    }
    diff
}

impl Job<'_> {
    fn args(&self) -> FileArgs {
        FileArgs::new(self.params, &self.path)
    }

    /// A failure that names the path.
    fn fail(&self, message: impl Into<String>, path: &Path) -> Failure {
        Failure::new(message).with("path", text(path))
    }

    /// Attributes, then times.
    fn apply(&self, args: &FileArgs, run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
        let changed = args.apply(run, Some(diff))?;
        Ok(self.times.apply(&args.path, run, Some(diff))? || changed)
    }

    fn absent(&self, run: &Run) -> Done {
        let path = &self.path;
        let previous = State::of(path);
        let outcome = |changed| Outcome::new(changed).with("path", text(path)).with("state", "absent");
        if previous == State::Absent {
            return Ok((outcome(false), None));
        }
        let diff = initial_diff(path, State::Absent, previous);
        if !run.check {
            if previous == State::Directory {
                std::fs::remove_dir_all(path)
                    .map_err(|error| Failure::new(format!("rmtree failed: {}", oserror::bytes(&error, path))))?;
            } else {
                match std::fs::remove_file(path) {
                    Err(error) if oserror::errno(&error) != Some(Errno::NOENT) => {
                        return Err(self.fail("Unlinking failed.", path).because(oserror::bytes(&error, path)));
                    }
                    _ => {}
                }
            }
        }
        Ok((outcome(true), Some(diff)))
    }

    fn touch(&self, run: &Run) -> Done {
        let path = &self.path;
        let previous = State::of(path);
        let mut changed = false;
        if previous == State::Absent {
            if run.check {
                return Ok((Outcome::new(true).with("dest", text(path)), None));
            }
            std::fs::File::create(path).map_err(|error| {
                self.fail("Error, could not touch target.", path).because(oserror::bytes(&error, path))
            })?;
            changed = true;
        }
        let mut diff = initial_diff(path, State::Touch, previous);
        match self.apply(&self.args(), run, &mut diff) {
            Ok(more) => changed |= more,
            Err(failure) => {
                // what could not be made as asked for is not left behind
                if previous == State::Absent {
                    let _ = std::fs::remove_file(path);
                }
                return Err(failure);
            }
        }
        Ok((Outcome::new(changed).with("dest", text(path)), Some(diff)))
    }

    fn file(&self, run: &Run) -> Done {
        let mut args = self.args();
        let mut path = self.path.clone();
        let mut previous = State::of(&path);
        if self.follow && previous == State::Link {
            path = real_path(&path);
            previous = State::of(&path);
            args.path.clone_from(&path);
        }
        if !matches!(previous, State::File | State::Hard) {
            let message = format!("file ({}) is {}, cannot continue", text(&path), previous.name());
            return Err(self.fail(message, &path).with("state", previous.name()));
        }
        let mut diff = initial_diff(&path, State::File, previous);
        let changed = self.apply(&args, run, &mut diff)?;
        Ok((Outcome::new(changed).with("path", text(&path)), Some(diff)))
    }

    fn directory(&self, run: &Run) -> Done {
        let mut args = self.args();
        let mut path = self.path.clone();
        let mut previous = State::of(&path);
        if self.follow && previous == State::Link {
            path = real_path(&path);
            previous = State::of(&path);
            args.path.clone_from(&path);
        }
        let mut diff = initial_diff(&path, State::Directory, previous);
        let mut changed = false;
        match previous {
            State::Absent if run.check => changed = true,
            State::Absent => changed |= self.make_directories(&path, &args, run, &mut diff)?,
            State::Directory => {
                changed |= self.apply(&args, run, &mut diff)?;
                if self.params.bool("recurse") {
                    changed |= tree::apply(&path, &args, &self.times, self.follow, run)?;
                }
            }
            other => {
                let message = format!("{} already exists as a {}", text(&path), other.name());
                return Err(self.fail(message, &path));
            }
        }
        Ok((Outcome::new(changed).with("path", text(&path)), Some(diff)))
    }

    /// `mkdir -p`, every new directory with the attributes asked for.
    fn make_directories(&self, path: &Path, args: &FileArgs, run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
        let mut current = if path.is_absolute() { PathBuf::from("/") } else { PathBuf::new() };
        let mut changed = false;
        for name in text(path).trim_matches('/').split('/').filter(|name| !name.is_empty()) {
            current.push(name);
            if current.exists() {
                continue;
            }
            match std::fs::create_dir(&current) {
                Ok(()) => changed = true,
                // somebody else was quicker
                Err(error) if oserror::errno(&error) == Some(Errno::EXIST) && current.is_dir() => {}
                Err(error) => {
                    let why = oserror::bytes(&error, &current);
                    let message = format!("There was an issue creating {} as requested: {why}", text(&current));
                    return Err(self.fail(message, path));
                }
            }
            changed |= args.at(&current).apply(run, Some(diff))?;
        }
        Ok(self.times.apply(&args.path, run, Some(diff))? || changed)
    }
}

/// The names of what was walked through, for `path_content`.
fn names(paths: Vec<String>) -> Value {
    Value::list(paths.into_iter().map(Value::from))
}

fn path_content(directories: Vec<String>, files: Vec<String>) -> Value {
    let mut content = Dict::new();
    content.insert("directories", names(directories));
    content.insert("files", names(files));
    Value::dict(content)
}

#[cfg(test)]
mod tests;
