//! `remote_src`: copies within the host.

use super::super::attributes::{Diff, FileArgs, real_path, set_group, set_owner};
use super::super::digest::{self, Algorithm};
use super::super::replace_file::{Keep, Source, random_name, replace};
use super::super::result::mode_text;
use super::super::spec::Params;
use super::super::{Failure, Outcome, Run, oserror};
use super::{check_directory, destination, directory_of, join, make_backup, make_directories, text, with};
use crate::value::Value;
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

pub(super) fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let src = params.str("src").ok_or_else(|| Failure::raised("src is required"))?;
    let path = Path::new(src);
    let Ok(meta) = std::fs::metadata(path) else { return Err(Failure::new(format!("Source {src} not found"))) };
    if rustix::fs::access(path, rustix::fs::Access::READ_OK).is_err() {
        return Err(Failure::new(format!("Source {src} not readable")));
    }
    if params.str("mode") == Some("preserve") {
        let params = with(params, [("mode", mode_text(meta.mode()).into())]);
        return Copy { params: &params, src, meta: &meta }.run(run);
    }
    Copy { params, src, meta: &meta }.run(run)
}

struct Copy<'a> {
    params: &'a Params,
    src: &'a str,
    meta: &'a Metadata,
}

impl Copy<'_> {
    fn run(&self, run: &Run) -> Result<Outcome, Failure> {
        let (params, src) = (self.params, Path::new(self.src));
        let sums = self.sums()?;
        let mut dest = destination(params);
        let basename = params.str("_original_basename").filter(|name| !name.is_empty());
        let mut changed = false;
        if dest.ends_with('/') {
            if let Some(name) = basename {
                dest = text(&join(&dest, name));
            }
            let directory = directory_of(&dest);
            if !Path::new(directory).exists() {
                if run.check {
                    let message = format!("dest directory {directory} would be created");
                    return Ok(Outcome::new(true).with("msg", message).with("src", self.src));
                }
                make_directories(directory, params, run)?;
                changed = true;
            }
        }
        if Path::new(&dest).is_dir() {
            let name = basename.unwrap_or_else(|| self.src.rsplit('/').next().unwrap_or_default());
            dest = text(&join(&dest, name));
        }
        if Path::new(&dest).exists() {
            if params.bool("follow") && Path::new(&dest).is_symlink() {
                dest = text(&real_path(Path::new(&dest)));
            }
            if !params.bool("force") {
                let outcome = Outcome::new(false).with("msg", "file already exists");
                return Ok(outcome.with("src", self.src).with("dest", dest));
            }
        }
        check_directory(&dest, params)?;
        let path = Path::new(&dest);
        let old = if path.is_file() { digest::sha1(path).ok() } else { None };
        let mut backup_file = None;
        if sums.as_ref().map(|[sha1, _]| sha1) != old.as_ref() || path.is_symlink() {
            if !run.check {
                backup_file = self.write(path, run)?;
            }
            changed = true;
        }
        if self.meta.is_dir() && old.is_none() && params.bool("remote_src") {
            changed |= self.tree(src, run)?;
        }
        changed |= FileArgs::new(params, path).apply(run, None)?;
        let [sha1, md5] = sums.map_or([Value::None, Value::None], |sums| sums.map(Value::from));
        let mut outcome = Outcome::new(changed)
            .with("dest", dest.as_str())
            .with("src", self.src)
            .with("md5sum", md5)
            .with("checksum", sha1);
        if let Some(name) = backup_file {
            outcome.set("backup_file", name);
        }
        Ok(outcome)
    }

    /// SHA-1 and MD5 of a regular source.
    fn sums(&self) -> Result<Option<[String; 2]>, Failure> {
        let mut sums = None;
        if self.meta.is_file() {
            let path = Path::new(self.src);
            let both = digest::of_file(path, [Algorithm::Sha1, Algorithm::Md5]);
            sums = Some(both.map_err(|error| Failure::raised(oserror::text(&error, path)))?);
        } else if self.params.bool("remote_src") && !self.meta.is_dir() {
            return Err(Failure::new(format!("Cannot copy invalid source '{}': not a file", self.src)));
        }
        let expected = self.params.str("checksum").filter(|sum| !sum.is_empty());
        let own = sums.as_ref().map(|[sha1, _]| sha1.as_str());
        if expected.is_some() && expected != own {
            let message = "Copied file does not match the expected checksum. Transfer failed.";
            return Err(Failure::new(message).with("checksum", own).with("expected_checksum", expected));
        }
        Ok(sums)
    }

    fn write(&self, dest: &Path, run: &Run) -> Result<Option<String>, Failure> {
        let source = Path::new(self.src);
        if self.meta.is_dir() {
            let (from, to) = (oserror::bytes_repr(source), oserror::text_repr(dest));
            let cause = oserror::pair(&rustix::io::Errno::NOTDIR.into(), source, dest);
            return Err(Failure::raised(format!("Could not replace {to} with {from}.")).because(cause));
        }
        let backup_file = make_backup(dest, self.params, run)?;
        super::validate(Source::File(source), &text(dest), self.params, run)?;
        replace(dest, Source::File(source), Keep::Source, self.params.bool("unsafe_writes"))?;
        Ok(backup_file)
    }

    /// Copies a directory: its content for a `src` with a trailing slash, itself into `dest` otherwise.
    fn tree(&self, src: &Path, run: &Run) -> Result<bool, Failure> {
        let dest = self.params.str("dest").unwrap_or_default();
        if Path::new(dest).exists() && !Path::new(dest).is_dir() {
            return Ok(false);
        }
        let name = self.src.rsplit('/').next().unwrap_or_default();
        let dest = if name.is_empty() { Path::new(dest).to_path_buf() } else { join(dest, name) };
        if real_path(&dest).starts_with(real_path(src)) && real_path(&dest) != real_path(src) {
            let (src, dest) = (oserror::text_repr(src), oserror::text_repr(&dest));
            return Err(Failure::new(format!("Cannot copy a directory {src} into itself {dest}")));
        }
        let tree = Tree { params: self.params, run, follow: self.params.bool("local_follow") };
        tree.directory(src, &dest).map_err(|error| match error {
            Trouble::Module(failure) => *failure,
            Trouble::System(error) => {
                Failure::raised(format!("Failed to copy {} to {}.", oserror::text_repr(src), oserror::text_repr(&dest)))
                    .because(oserror::plain(&error))
            }
        })
    }
}

enum Trouble {
    Module(Box<Failure>),
    System(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::System(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Module(Box::new(failure))
    }
}

struct Tree<'a> {
    params: &'a Params,
    run: &'a Run,
    follow: bool,
}

impl Tree<'_> {
    fn directory(&self, src: &Path, dest: &Path) -> Result<bool, Trouble> {
        let mut changed = false;
        let new = !dest.is_dir();
        if new {
            changed = true;
            if !self.run.check {
                std::fs::create_dir_all(dest)?;
                std::fs::set_permissions(dest, std::fs::metadata(src)?.permissions())?;
            }
        }
        let mut names: Vec<_> =
            std::fs::read_dir(src)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
        names.sort();
        for name in names {
            changed |= self.entry(&src.join(&name), &dest.join(&name), new)?;
        }
        changed |= self.own(dest)?;
        if new && !self.run.check {
            // last, as every file in it counts as a change of the directory
            keep_times(src, dest)?;
        }
        Ok(changed)
    }

    /// `new`: in a directory that is a copy as a whole, times and all.
    fn entry(&self, src: &Path, dest: &Path, new: bool) -> Result<bool, Trouble> {
        let is_link = src.is_symlink();
        if is_link && !self.follow {
            return self.link(src, dest);
        }
        if !src.exists() {
            // a link that leads nowhere cannot be followed: it is copied as it is
            return self.link(src, dest);
        }
        if src.is_dir() {
            return self.directory(src, dest);
        }
        self.file(src, dest, new)
    }

    fn link(&self, src: &Path, dest: &Path) -> Result<bool, Trouble> {
        let target = std::fs::read_link(src)?;
        if std::fs::read_link(dest).is_ok_and(|current| current == target) {
            return Ok(self.own(dest)?);
        }
        if !self.run.check {
            let temp = dest.with_file_name(format!(".ansible_tmp{}", random_name()));
            symlink(&target, &temp)?;
            if let Err(error) = std::fs::rename(&temp, dest) {
                let _ = std::fs::remove_file(&temp);
                return Err(error.into());
            }
            self.own(dest)?;
        }
        Ok(true)
    }

    fn file(&self, src: &Path, dest: &Path, new: bool) -> Result<bool, Trouble> {
        if same_content(src, dest)? {
            return Ok(self.own(dest)?);
        }
        if !self.run.check {
            let permissions = std::fs::metadata(src)?.permissions();
            let keep = if new { Keep::Source } else { Keep::Dest };
            replace(dest, Source::File(src), keep, self.params.bool("unsafe_writes"))?;
            std::fs::set_permissions(dest, permissions)?;
            self.own(dest)?;
        }
        Ok(true)
    }

    fn own(&self, path: &Path) -> Result<bool, Failure> {
        let mut diff = Diff::default();
        let changed = set_owner(path, self.params.str("owner"), self.run, &mut diff)?;
        Ok(set_group(path, self.params.str("group"), self.run, &mut diff)? || changed)
    }
}

fn keep_times(from: &Path, to: &Path) -> io::Result<()> {
    let meta = std::fs::metadata(from)?;
    let times = std::fs::FileTimes::new().set_accessed(meta.accessed()?).set_modified(meta.modified()?);
    std::fs::File::open(to)?.set_times(times)
}

/// Whether two files hold the same; equal size and time are taken for it, as by Ansible.
fn same_content(a: &Path, b: &Path) -> io::Result<bool> {
    let Ok(there) = std::fs::metadata(b) else { return Ok(false) };
    let here = std::fs::metadata(a)?;
    if !there.is_file() || here.len() != there.len() {
        return Ok(false);
    }
    if (here.mtime(), here.mtime_nsec()) == (there.mtime(), there.mtime_nsec()) {
        return Ok(true);
    }
    let (mut a, mut b) = (std::fs::File::open(a)?, std::fs::File::open(b)?);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        a.by_ref().take(64 * 1024).read_to_end(&mut left)?;
        b.by_ref().take(64 * 1024).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}
