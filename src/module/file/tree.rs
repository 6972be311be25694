//! Walks trees for `recurse` and for what a removed directory held.

use super::super::attributes::FileArgs;
use super::super::{Failure, Run};
use super::times::Times;
use super::{path_content, text};
use crate::value::Value;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Gives everything below `root` the attributes and times; with `follow`, also what links in it lead to.
pub(super) fn apply(root: &Path, args: &FileArgs, times: &Times, follow: bool, run: &Run) -> Result<bool, Failure> {
    Walk { args, times, follow, run, above: Vec::new() }.directory(root)
}

struct Walk<'a> {
    args: &'a FileArgs,
    times: &'a Times,
    follow: bool,
    run: &'a Run,
    /// The directories we are in, by device and inode: a link to one of them leads in circles.
    above: Vec<(u64, u64)>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path) -> Result<bool, Failure> {
        let Ok(meta) = std::fs::metadata(directory) else { return Ok(false) };
        let identity = (meta.dev(), meta.ino());
        if self.above.contains(&identity) {
            return Ok(false);
        }
        self.above.push(identity);
        let mut changed = false;
        // what cannot be read is passed over
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            changed |= self.entry(&entry.path())?;
        }
        self.above.pop();
        Ok(changed)
    }

    fn entry(&mut self, path: &Path) -> Result<bool, Failure> {
        let mut changed = self.one(path)?;
        if !path.is_symlink() {
            if path.is_dir() {
                changed |= self.directory(path)?;
            }
        } else if self.follow && path.exists() {
            let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
            if target.is_dir() {
                changed |= self.directory(&target)?;
            }
            changed |= self.one(&target)?;
        }
        Ok(changed)
    }

    fn one(&self, path: &Path) -> Result<bool, Failure> {
        let changed = self.args.at(path).apply(self.run, None)?;
        // a link that leads nowhere has no times to set
        Ok((path.exists() && self.times.apply(path, self.run, None)?) || changed)
    }
}

/// The directories and files below a directory.
pub(super) fn content(root: &Path) -> Value {
    let (mut directories, mut files) = (Vec::new(), Vec::new());
    for entry in walkdir::WalkDir::new(root).min_depth(1).into_iter().flatten() {
        let list = if entry.path().is_dir() { &mut directories } else { &mut files };
        list.push(text(entry.path()));
    }
    path_content(directories, files)
}
