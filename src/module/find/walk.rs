//! Goes through directories, shallow ones first.

use super::super::oserror;
use super::super::spec::Params;
use super::Criteria;
use crate::value::{Dict, Value};
use rustix::io::Errno;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

pub(super) struct Walk<'a> {
    criteria: &'a Criteria<'a>,
    recurse: bool,
    hidden: bool,
    follow: bool,
    depth: Option<usize>,
    limit: Option<usize>,
    /// What fits.
    pub found: Vec<Value>,
    /// What could not be looked into, and why.
    pub skipped: Dict,
    pub warnings: Vec<String>,
    /// How many things were looked at.
    pub examined: usize,
    /// Whether something that should have been looked at was not.
    pub incomplete: bool,
    /// The directories we are in: a link to one of them leads in circles.
    above: Vec<(u64, u64)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(params: &Params, criteria: &'a Criteria<'a>) -> Walk<'a> {
        let number = |name: &str| params.int(name).and_then(|number| usize::try_from(number).ok());
        Walk {
            criteria,
            recurse: params.bool("recurse"),
            hidden: params.bool("hidden"),
            follow: params.bool("follow"),
            depth: number("depth").filter(|depth| *depth > 0),
            limit: number("limit"),
            found: Vec::new(),
            skipped: Dict::new(),
            warnings: Vec::new(),
            examined: 0,
            incomplete: false,
            above: Vec::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.found.len() >= limit)
    }

    pub(super) fn skip(&mut self, path: &str, why: &str) {
        self.skipped.insert(path, why);
    }

    /// Searches below one of the paths given.
    pub(super) fn path(&mut self, path: &str) -> Result<(), String> {
        if !Path::new(path).is_dir() {
            return Err(format!("'{path}' is not a directory"));
        }
        self.above.clear();
        self.directory(Path::new(path), 1)
    }

    fn directory(&mut self, directory: &Path, depth: usize) -> Result<(), String> {
        let identity = std::fs::metadata(directory).map_or((0, 0), |meta| (meta.dev(), meta.ino()));
        if self.is_full() || self.above.contains(&identity) {
            return Ok(());
        }
        self.above.push(identity);
        let searched = self.content(directory, depth);
        self.above.pop();
        searched
    }

    fn content(&mut self, directory: &Path, depth: usize) -> Result<(), String> {
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => {
                let why = oserror::text(&error, directory);
                return match oserror::errno(&error) {
                    Some(Errno::PERM | Errno::ACCESS | Errno::NOENT) => {
                        self.skip(&directory.to_string_lossy(), &why);
                        Ok(())
                    }
                    _ => Err(why),
                };
            }
        };
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        for entry in entries.flatten() {
            let list = if entry.path().is_dir() { &mut directories } else { &mut files };
            list.push(entry.file_name());
        }
        self.examined += files.len() + directories.len();
        if self.depth.is_some_and(|limit| depth > limit) {
            return Ok(());
        }
        for name in files.iter().chain(&directories) {
            self.entry(&normal(&directory.join(name)), &name.to_string_lossy())?;
            if self.is_full() {
                return Ok(());
            }
        }
        if !self.recurse || self.depth.is_some_and(|limit| depth > limit) {
            return Ok(());
        }
        for name in directories {
            let path = directory.join(name);
            if self.follow || !path.is_symlink() {
                self.directory(&path, depth + 1)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: &str) -> Result<(), String> {
        if name.starts_with('.') && !self.hidden {
            return Ok(());
        }
        let meta = match std::fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(error) => {
                let why = oserror::text(&error, path);
                let shown = oserror::text_repr(path);
                self.warnings.push(format!("Skipped entry {shown} due to access issue.: {why}"));
                self.skip(&path.to_string_lossy(), &why);
                self.incomplete = true;
                return Ok(());
            }
        };
        if let Some(told) = self.criteria.check(path, name, &meta)? {
            self.found.push(Value::dict(told));
        }
        Ok(())
    }
}

/// Python's `normpath`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir if out.has_root() => {}
            part => out.push(part),
        }
    }
    out
}
