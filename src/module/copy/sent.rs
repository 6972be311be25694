//! A file that the controller's half sends.

use super::super::attributes::{FileArgs, real_path};
use super::super::digest::{self, Algorithm};
use super::super::replace_file::{Keep, Source, replace};
use super::super::spec::Params;
use super::super::{Blob, Failure, Outcome, Run, file};
use super::{check_directory, destination, directory_of, join, make_backup, make_directories, suffix_of, text, with};
use crate::value::{Dict, Value};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files above it are not shown in diffs, unless the controller says otherwise.
const DIFF_MAX_SIZE: u64 = 104_448;

/// One file of a job: its parameters, and the content if that came along.
pub(in super::super) struct Sent<'a> {
    params: &'a Params,
    blob: Option<&'a Blob>,
    checksum: &'a str,
    basename: &'a str,
}

/// What stands at the destination now.
struct Found {
    path: PathBuf,
    exists: bool,
    checksum: Option<String>,
}

impl<'a> Sent<'a> {
    pub(in super::super) fn new(params: &'a Params, blob: Option<&'a Blob>) -> Sent<'a> {
        Sent {
            params,
            blob,
            checksum: params.str("_checksum").unwrap_or_default(),
            basename: params.str("_original_basename").unwrap_or_default(),
        }
    }

    /// Puts it in its place, or sees that it is there. Failures have what the controller's half adds to them.
    pub(in super::super) fn place(&self, run: &mut Run) -> Result<Outcome, Failure> {
        let dest = destination(self.params);
        let found = self.find(&dest)?;
        if found.exists && !self.params.bool("force") {
            return Ok(Outcome::new(false).with("dest", dest).with("_kept", true));
        }
        let needed = found.checksum.as_deref() != Some(self.checksum);
        if needed && self.blob.is_none() && !run.check {
            return Ok(Outcome::new(false).with("_needed", true));
        }
        let diff = (needed && run.diff).then(|| self.diff(&found.path));
        let done = match needed {
            false => self.keep(&dest, &found, run),
            true if run.check => Ok(Outcome::new(true)),
            true => self.write(dest, run),
        };
        let mut outcome =
            done.map_err(|failure| failure.with("checksum", self.checksum).with("diff", Value::list(diff.clone())))?;
        let only_told = needed && run.check;
        if !only_told && !outcome.result.contains("checksum") {
            outcome.set("checksum", self.checksum);
        }
        if diff.is_some() {
            outcome.set("diff", Value::list(diff));
        }
        Ok(outcome)
    }

    /// Whether it is in its place already, or would be: what a tree's manifest is answered by.
    pub(in super::super) fn is_needed(&self) -> Result<bool, Failure> {
        let found = self.find(&destination(self.params))?;
        let kept = found.exists && !self.params.bool("force");
        Ok(!kept && found.checksum.as_deref() != Some(self.checksum))
    }

    fn find(&self, dest: &str) -> Result<Found, Failure> {
        let mut path = if dest.ends_with('/') { join(dest, self.basename) } else { PathBuf::from(dest) };
        let follow = self.params.bool("follow");
        let stat = |path: &Path| {
            if follow { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) }
        };
        let mut meta = stat(&path).ok();
        if meta.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            if self.params.bool("_content") {
                return Err(Failure::new("can not use content with a dir as dest"));
            }
            path = path.join(self.basename);
            meta = stat(&path).ok();
        }
        let checksum = match &meta {
            Some(meta) if meta.is_file() && self.params.bool("force") => digest::sha1(&path).ok(),
            _ => None,
        };
        Ok(Found { path, exists: meta.is_some(), checksum })
    }

    /// The content is there: only attributes may differ, and those are the file module's.
    fn keep(&self, dest: &str, found: &Found, run: &mut Run) -> Result<Outcome, Failure> {
        let follow = self.params.bool("follow") && found.path.is_symlink();
        let dest = if follow { text(&real_path(&found.path)) } else { dest.to_string() };
        let params = with(
            self.params,
            [
                ("path", dest.as_str().into()),
                ("state", "file".into()),
                ("src", Value::None),
                ("recurse", false.into()),
                ("follow", true.into()),
                ("_diff_peek", Value::None),
            ],
        );
        let mut outcome = file::run(run, &params)?;
        if let Some(path) = outcome.result.get("path").cloned() {
            outcome.set("dest", path);
        }
        Ok(outcome)
    }

    fn source(&self) -> Source<'_> {
        match self.blob {
            Some(Blob::Memory(bytes)) => Source::Bytes(bytes),
            Some(Blob::File(path)) => Source::File(path),
            None => Source::Bytes(&[]),
        }
    }

    fn sums(&self) -> Result<[String; 2], Failure> {
        let algorithms = [Algorithm::Sha1, Algorithm::Md5];
        match self.source() {
            Source::Bytes(bytes) => Ok(algorithms.map(|algorithm| digest::of_bytes(bytes, algorithm))),
            Source::File(path) => digest::of_file(path, algorithms)
                .map_err(|error| Failure::raised(super::super::oserror::text(&error, path))),
        }
    }

    fn write(&self, mut dest: String, run: &Run) -> Result<Outcome, Failure> {
        let [sha1, md5] = self.sums()?;
        let expected = self.params.str("checksum").filter(|sum| !sum.is_empty()).unwrap_or(self.checksum);
        if sha1 != expected {
            let message = "Copied file does not match the expected checksum. Transfer failed.";
            return Err(Failure::new(message).with("checksum", sha1).with("expected_checksum", expected));
        }
        if dest.ends_with('/') {
            dest = text(&join(&dest, self.basename));
            let directory = directory_of(&dest);
            if !Path::new(directory).exists() {
                make_directories(directory, self.params, run)?;
            }
        }
        if Path::new(&dest).is_dir() {
            dest = text(&join(&dest, self.basename));
        }
        if self.params.bool("follow") && Path::new(&dest).exists() && Path::new(&dest).is_symlink() {
            dest = text(&real_path(Path::new(&dest)));
        }
        check_directory(&dest, self.params)?;
        let path = Path::new(&dest);
        let backup_file = make_backup(path, self.params, run)?;
        let staged = super::validate(self.source(), &dest, self.params, run)?;
        let src = match &staged {
            Some(file) => text(file),
            None => text(&run.tmpdir.join(format!(".source{}", suffix_of(&dest)))),
        };
        let keep = if path.is_symlink() { Keep::Nothing } else { Keep::Dest };
        replace(path, self.source(), keep, self.params.bool("unsafe_writes"))?;
        FileArgs::new(self.params, path).apply(run, None)?;
        let mut outcome =
            Outcome::new(true).with("dest", dest.as_str()).with("src", src).with("md5sum", md5).with("checksum", sha1);
        if let Some(name) = backup_file {
            outcome.set("backup_file", name);
        }
        Ok(outcome)
    }

    /// What stands there and what is to, in the form that callbacks show.
    fn diff(&self, dest: &Path) -> Value {
        let limit = match self.params.int("_diff_max_size").and_then(|size| u64::try_from(size).ok()) {
            Some(0) => u64::MAX,
            Some(size) => size,
            None => DIFF_MAX_SIZE,
        };
        let mut diff = Dict::new();
        let name = text(dest);
        match std::fs::metadata(dest) {
            Err(_) => {
                diff.insert("before", "");
            }
            Ok(_) if file::appears_binary(dest) => {
                diff.insert("dst_binary", 1i64);
            }
            Ok(meta) if meta.len() > limit => {
                diff.insert("dst_larger", limit);
            }
            Ok(_) => {
                if let Ok(content) = std::fs::read(dest) {
                    diff.insert("before_header", name.as_str());
                    diff.insert("before", String::from_utf8_lossy(&content));
                }
            }
        }
        if self.blob.is_some() {
            self.add_after(&mut diff, &name, limit);
        }
        Value::dict(diff)
    }

    fn add_after(&self, diff: &mut Dict, dest: &str, limit: u64) {
        let mut content = Vec::new();
        let readable = match self.source() {
            Source::Bytes(bytes) if bytes.len() as u64 <= limit => {
                content.extend_from_slice(bytes);
                true
            }
            Source::Bytes(_) => false,
            Source::File(path) => std::fs::File::open(path)
                .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut content))
                .is_ok_and(|length| length as u64 <= limit),
        };
        if !readable {
            diff.insert("src_larger", limit);
        } else if content.contains(&0) {
            diff.insert("src_binary", 1i64);
        } else {
            diff.insert("after_header", self.params.str("_diff_header").unwrap_or(dest));
            diff.insert("after", String::from_utf8_lossy(&content));
        }
    }
}
