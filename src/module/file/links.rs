//! `state: link` and `state: hard`.

use super::super::attributes::{Diff, FileArgs};
use super::super::replace_file::random_name;
use super::super::{Failure, Outcome, Run, oserror};
use super::{Done, Job, State, initial_diff, text};
use rustix::io::Errno;
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

impl Job<'_> {
    pub(super) fn link(&self, run: &mut Run) -> Done {
        // a slash at the end would speak of what the link leads to
        let path = &self.path.components().collect::<PathBuf>();
        let previous = State::of(path);
        let src = self.link_target()?;
        self.check_link(previous, src.as_deref())?;
        let mut diff = initial_diff(path, State::Link, previous);
        let mut changed = previous != State::Link;
        if let (State::Link, Some(src)) = (previous, &src) {
            changed = note_target(path, src, &mut diff);
        }
        if let (true, false, Some(src)) = (changed, run.check, &src) {
            if previous == State::Absent {
                symlink(src, path).map_err(|error| self.fail_linking("linking", &error, Path::new(src)))?;
            } else {
                replace_with(path, |temp| {
                    if previous == State::Directory {
                        std::fs::remove_dir(path)?;
                    }
                    symlink(src, temp)
                })
                .map_err(|error| self.fail_linking("replacing", &error, Path::new(src)))?;
            }
        }
        let outcome = |changed| Outcome::new(changed).with("dest", text(path)).with("src", src.clone());
        if run.check && !path.exists() {
            return Ok((outcome(changed), Some(diff)));
        }
        // only now: what the link leads to may be new
        let args = self.args();
        if self.follow && path.is_symlink() && !args.path.exists() {
            run.warn(
                "Cannot set fs attributes on a non-existent symlink target. follow should be set to False to avoid this.",
            );
        } else {
            changed |= self.apply_to_link(&args, run, &mut diff)?;
        }
        Ok((outcome(changed), Some(diff)))
    }

    /// `src`, or what the link leads to now.
    fn link_target(&self) -> Result<Option<String>, Failure> {
        if self.src.is_some() || !self.follow || !self.path.exists() {
            return Ok(self.src.map(str::to_string));
        }
        match std::fs::read_link(&self.path) {
            Ok(target) => Ok(Some(text(&target))),
            Err(error) => Err(Failure::raised(oserror::bytes(&error, &self.path))),
        }
    }

    fn check_link(&self, previous: State, src: Option<&str>) -> Result<(), Failure> {
        let path = &self.path;
        if let Some(src) = src {
            let base = if previous == State::Directory { path.as_path() } else { path.parent().unwrap_or(path) };
            let target = base.join(src);
            if !self.force && !target.exists() {
                let message = format!(
                    "src file does not exist, use 'force=yes' if you really want to create the link: {}",
                    text(&target)
                );
                return Err(self.fail(message, path).with("src", src));
            }
        }
        let refuse =
            || self.fail(format!("refusing to convert from {} to symlink for {}", previous.name(), text(path)), path);
        match previous {
            State::Directory if !self.force => return Err(refuse()),
            State::Directory if std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) => {
                let message = format!("the directory {} is not empty, refusing to convert it", text(path));
                return Err(self.fail(message, path));
            }
            State::File | State::Hard if !self.force => return Err(refuse()),
            _ => {}
        }
        if previous != State::Link && src.is_none() {
            return Err(Failure::new("src is required for creating new symlinks"));
        }
        Ok(())
    }

    pub(super) fn hard_link(&self, run: &Run) -> Done {
        let path = &self.path;
        let previous = State::of(path);
        let args = self.args();
        if previous != State::Hard && self.src.is_none() {
            return Err(Failure::new("src is required for creating new hardlinks"));
        }
        let src = self.src.map(PathBuf::from);
        let fail = |message: String| Failure::new(message).with("dest", text(path)).with("src", self.src);
        if src.as_ref().is_some_and(|src| !src.exists()) {
            return Err(fail("src does not exist".into()));
        }
        let mut diff = initial_diff(path, State::Hard, previous);
        let same_inode = || {
            let inode = |path: &Path| std::fs::metadata(path).ok().map(|meta| meta.ino());
            src.as_ref().is_none_or(|src| inode(path) == inode(src))
        };
        let changed = match previous {
            State::Link => self.src.is_some_and(|src| note_target(path, src, &mut diff)),
            State::Hard if same_inode() => false,
            State::Hard if !self.force => {
                return Err(fail("Cannot link, different hard link exists at destination".into()));
            }
            State::File if !self.force => {
                return Err(fail(format!("Cannot link, {} exists at destination", previous.name())));
            }
            State::Directory if same_inode() => {
                return Ok((Outcome::new(false).with("path", text(path)), None));
            }
            State::Directory if !self.force => {
                return Err(fail("Cannot link: different hard link exists at destination".into()));
            }
            _ => true,
        };
        if let (true, false, Some(src)) = (changed, run.check, &src) {
            self.make_hard_link(src, previous)?;
        }
        let outcome = |changed| Outcome::new(changed).with("dest", text(path)).with("src", self.src);
        if run.check && !path.exists() {
            return Ok((outcome(changed), Some(diff)));
        }
        let more = self.apply_to_link(&args, run, &mut diff)?;
        Ok((outcome(changed || more), Some(diff)))
    }

    fn make_hard_link(&self, src: &Path, previous: State) -> Result<(), Failure> {
        let path = &self.path;
        if previous == State::Absent {
            let mut src = src.to_path_buf();
            if self.follow && src.is_symlink() {
                let target = std::fs::read_link(&src).unwrap_or_default();
                src = src.parent().unwrap_or(Path::new("")).join(target);
            }
            return std::fs::hard_link(&src, path).map_err(|error| self.fail_linking("linking", &error, &src));
        }
        replace_with(path, |temp| {
            if previous == State::Directory {
                std::fs::remove_file(path)?;
            }
            std::fs::hard_link(src, temp)
        })
        .map_err(|error| self.fail_linking("replacing", &error, src))
    }

    fn apply_to_link(&self, args: &FileArgs, run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
        let changed = args.apply(run, Some(diff))?;
        Ok(self.times.apply(&args.path, run, Some(diff))? || changed)
    }

    fn fail_linking(&self, doing: &str, error: &io::Error, src: &Path) -> Failure {
        let why = oserror::pair(error, src, &self.path);
        self.fail(format!("Error while {doing}: {why}"), &self.path)
    }
}

/// Notes where the link leads now, if not to `src`.
fn note_target(path: &Path, src: &str, diff: &mut Diff) -> bool {
    let current = std::fs::read_link(path).unwrap_or_default();
    if current.as_os_str() == src {
        return false;
    }
    diff.note("src", text(&current), src);
    true
}

/// Makes something beside `path`, then puts it in its place.
fn replace_with(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let temp = path.parent().unwrap_or(Path::new("")).join(format!(".ansible_tmp{}", random_name()));
    make(&temp)?;
    let renamed = std::fs::rename(&temp, path);
    // two names of one file: the system leaves both
    match std::fs::remove_file(&temp) {
        Err(error) if renamed.is_ok() && oserror::errno(&error) != Some(Errno::NOENT) => return Err(error),
        _ => {}
    }
    renamed
}
