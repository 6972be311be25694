//! Our own program as content: what is put on targets. Its hash is its name there.

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The program, its size and its SHA-256.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256, in hex.
    pub hash: String,
    cache: Option<PathBuf>,
}

impl Program {
    /// The program that runs right now.
    pub fn own() -> io::Result<Program> {
        Program::at(Path::new("/proc/self/exe"), cache_dir().as_deref())
    }

    /// Another program than the one that runs.
    pub fn other(path: &Path) -> io::Result<Program> {
        Program::at(path, cache_dir().as_deref())
    }

    /// The program in this file. What was computed once is kept in `cache`.
    pub fn at(path: &Path, cache: Option<&Path>) -> io::Result<Program> {
        let file = File::open(path)?;
        let data = file.metadata()?;
        let cache = cache.and_then(|dir| private_dir(dir).ok());
        let note = cache.as_ref().map(|dir| {
            let at = format!("{}.{:09}", data.mtime(), data.mtime_nsec());
            dir.join(format!("agent-{:x}-{:x}-{at}-{}", data.dev(), data.ino(), data.size()))
        });
        let known = note.as_ref().and_then(|note| fs::read_to_string(note).ok());
        let known = known.filter(|hash| hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit()));
        let hash = match known {
            Some(hash) => hash,
            None => {
                let hash = hash(file)?;
                if let Some(note) = &note {
                    let _ = write_beside(note, |file| file.write_all(hash.as_bytes()));
                }
                hash
            }
        };
        Ok(Program { path: path.to_owned(), size: data.size(), hash, cache })
    }

    /// For people: how it is known on targets.
    pub fn describe(&self) -> String {
        format!("heliostat-{}, {} bytes", &self.hash[..12.min(self.hash.len())], self.size)
    }

    /// Its content, compressed with gzip where that is asked for, in a file, with its length. Kept for the next run.
    pub fn packed(&self, gzip: bool) -> io::Result<(File, u64)> {
        if !gzip {
            return Ok((File::open(&self.path)?, self.size));
        }
        let kept = self.cache.as_ref().map(|dir| dir.join(format!("agent-{}.gz", self.hash)));
        if let Some(file) = kept.as_ref().and_then(|path| File::open(path).ok()) {
            let length = file.metadata()?.len();
            return Ok((file, length));
        }
        let packed = |file: &mut File| {
            let mut encoder = GzEncoder::new(file, Compression::new(if self.size > 64 << 20 { 1 } else { 6 }));
            io::copy(&mut File::open(&self.path)?, &mut encoder)?;
            encoder.finish().map(drop)
        };
        let file = match &kept {
            Some(path) => {
                write_beside(path, packed)?;
                self.forget_others(path);
                File::open(path)?
            }
            None => {
                let mut file = tempfile::tempfile()?;
                packed(&mut file)?;
                io::Seek::rewind(&mut file)?;
                file
            }
        };
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    /// Programs of old versions and notes on them are not needed for ever.
    fn forget_others(&self, keep: &Path) {
        let Some(entries) = self.cache.as_ref().and_then(|dir| fs::read_dir(dir).ok()) else { return };
        for entry in entries.flatten() {
            let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("agent-"));
            let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
            if ours && entry.path() != keep && age.is_some_and(|age| age.as_secs() > 7 * 24 * 3600) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// At a target: notes that the running program is in use, and removes those beside it that were not for a month.
pub fn sweep_targets() {
    const DAY: u64 = 24 * 3600;
    let age = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
    let old = |path: &Path, days: u64| age(path).is_some_and(|age| age.as_secs() > days * DAY);
    let Ok(own) = fs::read_link("/proc/self/exe") else { return };
    if !own.file_name().and_then(|name| name.to_str()).is_some_and(is_target_name) {
        return;
    }
    if old(&own, 1) {
        let _ = File::open(&own).and_then(|file| file.set_modified(std::time::SystemTime::now()));
    }
    let Some(entries) = own.parent().and_then(|dir| fs::read_dir(dir).ok()) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_str().is_some_and(is_target_name) && path != own && old(&path, 30) {
            let _ = fs::remove_file(path);
        }
    }
}

/// `heliostat-`, a SHA-256, and what stands behind it while it comes in.
fn is_target_name(name: &str) -> bool {
    let hash = name.strip_prefix("heliostat-").and_then(|rest| rest.get(..64));
    hash.is_some_and(|hash| hash.bytes().all(|c| c.is_ascii_hexdigit()))
}

fn cache_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(base.join("heliostat"))
}

/// The directory, if it is ours alone to write in: what is kept there runs on targets.
fn private_dir(dir: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let data = fs::metadata(dir)?;
    if data.uid() != rustix::process::geteuid().as_raw() || data.mode() & 0o022 != 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(dir.to_owned())
}

fn hash(mut file: File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            count => hasher.update(&piece[..count]),
        }
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Writes a file beside its place and moves it there, so that nobody sees half of it.
fn write_beside(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let beside = path.with_extension(super::noise::word());
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&beside)?;
    let done = write(&mut file).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_content_and_packed_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = dir.path().join("cache");
        fs::write(dir.path().join("program"), "abc").expect("a program");
        let program = Program::at(&dir.path().join("program"), Some(&cache)).expect("a program");
        assert_eq!(program.hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let (packed, length) = program.packed(true).expect("packed");
        let mut content = String::new();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut content).expect("gzip");
        assert_eq!(content, "abc");
        assert_eq!(length, cache.join(format!("agent-{}.gz", program.hash)).metadata().expect("kept").len());
        fs::write(dir.path().join("program"), "abcd").expect("another program");
        assert_ne!(Program::at(&dir.path().join("program"), Some(&cache)).expect("a program").hash, program.hash);
    }
}
