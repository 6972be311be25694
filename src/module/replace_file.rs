//! Puts new content in the place of a file at one stroke: whoever reads sees the old file or the new one, whole.

use super::{Failure, Run, attributes, chattr, mode, oserror, selinux};
use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;
use std::fs::{File, FileTimes, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where new content comes from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Memory.
    Bytes(&'a [u8]),
    /// A file, which stays.
    File(&'a Path),
}

impl Source<'_> {
    /// Writes the content.
    pub fn write_to(&self, file: &mut File) -> io::Result<()> {
        match self {
            Source::Bytes(bytes) => file.write_all(bytes),
            Source::File(path) => io::copy(&mut File::open(path)?, file).map(drop),
        }
    }
}

/// What a new file takes over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Owner, group, mode, extended attributes of the file it replaces, if there is one; else those of a new file.
    Dest,
    /// Nothing: it is a new file, whatever is there.
    Nothing,
    /// Mode, times and extended attributes of the file it is a copy of; the owner is whoever copies.
    Source,
}

/// Replaces `dest` (which may not exist) by the content of `source`.
///
/// With `unsafe_writes` a file that cannot be replaced (a mount point in a container, a directory that may not be
/// written to) is written in place.
pub fn replace(dest: &Path, source: Source, keep: Keep, unsafe_writes: bool) -> Result<(), Failure> {
    let old = std::fs::metadata(dest).ok();
    let (mut file, temp) = match create_beside(dest) {
        Ok(created) => created,
        Err(_) if unsafe_writes => return write_in_place(dest, source),
        Err((error, temp)) => {
            let directory = parent(dest);
            return Err(Failure::raised(format!(
                "The destination directory {} is not writable by the current user.",
                oserror::text_repr(&directory)
            ))
            .because(oserror::bytes(&error, &temp)));
        }
    };
    let temp = Temp(Some(temp));
    let prepared =
        source.write_to(&mut file).and_then(|()| dress(&file, temp.path(), dest, old.as_ref(), source, keep));
    prepared.and_then(|()| file.sync_all()).map_err(|error| {
        Failure::raised(format!("Failed to replace {}.", oserror::text_repr(dest)))
            .because(oserror::bytes(&error, temp.path()))
    })?;
    drop(file);
    match std::fs::rename(temp.path(), dest) {
        Ok(()) => {
            temp.forget();
            Ok(())
        }
        Err(error)
            if unsafe_writes && matches!(oserror::errno(&error), Some(Errno::BUSY | Errno::PERM | Errno::ACCESS)) =>
        {
            write_in_place(dest, Source::File(temp.path()))
        }
        Err(error) => Err(Failure::raised(format!(
            "Unable to make {} into to {}, failed final rename from {}.",
            oserror::text_repr(temp.path()),
            oserror::text_repr(dest),
            oserror::text_repr(temp.path()),
        ))
        .because(oserror::pair(&error, temp.path(), dest))),
    }
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// A file that is removed unless it found its place.
struct Temp(Option<PathBuf>);

impl Temp {
    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Eight characters that are hard to guess.
pub fn random_name() -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        bytes = (std::time::SystemTime::now(), std::process::id())
            .0
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos() as u64)
            .to_le_bytes();
    }
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// Creates a file of mode 0600 in the directory of `dest`.
fn create_beside(dest: &Path) -> Result<(File, PathBuf), (io::Error, PathBuf)> {
    let name = dest.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // the system allows 255 bytes for a name
    let tail: String = name.chars().rev().take(50).collect::<Vec<_>>().into_iter().rev().collect();
    let mut tries = 0;
    loop {
        let temp = parent(dest).join(format!(".ansible_tmp{}{tail}", random_name()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temp) {
            Ok(file) => return Ok((file, temp)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < 100 => tries += 1,
            Err(error) => return Err((error, temp)),
        }
    }
}

/// Gives the new file what the old one had, or what a new one gets.
fn dress(file: &File, temp: &Path, dest: &Path, old: Option<&Metadata>, source: Source, keep: Keep) -> io::Result<()> {
    let context = match (old, keep) {
        (Some(_), Keep::Dest) => selinux::context(dest),
        _ => selinux::default_context(dest),
    };
    match (keep, old, source) {
        (Keep::Dest, Some(old), _) => {
            // the owner first: changing it takes setuid bits away
            tolerate(chown(temp, Some(old.uid()), Some(old.gid())))?;
            tolerate(file.set_permissions(Permissions::from_mode(old.mode() & 0o7777)))?;
            copy_xattrs(dest, temp)?;
        }
        (Keep::Source, _, Source::File(path)) => {
            let meta = std::fs::metadata(path)?;
            if old.is_some() || dest.is_symlink() {
                tolerate(file.set_permissions(Permissions::from_mode(meta.mode() & 0o7777)))?;
            } else {
                dress_new(file, temp, dest)?;
            }
            copy_xattrs(path, temp)?;
            tolerate(file.set_times(times_of(&meta)))?;
        }
        _ => dress_new(file, temp, dest)?,
    }
    if let Some(context) = context {
        tolerate(selinux::set_context(temp, &context))?;
    }
    Ok(())
}

fn times_of(meta: &Metadata) -> FileTimes {
    let times = meta.accessed().map_or(FileTimes::new(), |time| FileTimes::new().set_accessed(time));
    meta.modified().map_or(times, |time| times.set_modified(time))
}

/// Mode by the umask, group by the directory where that hands its group down.
fn dress_new(file: &File, temp: &Path, dest: &Path) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o666 & !mode::umask()))?;
    if let Ok(directory) = std::fs::metadata(parent(dest))
        && directory.mode() & 0o2000 != 0
    {
        let _ = chown(temp, None, Some(directory.gid()));
    }
    Ok(())
}

fn chown(path: &Path, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    let uid = uid.map(rustix::fs::Uid::from_raw);
    let gid = gid.map(rustix::fs::Gid::from_raw);
    Ok(rustix::fs::chownat(CWD, path, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Who is not allowed to, does without.
fn tolerate(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error)
            if matches!(
                oserror::errno(&error),
                Some(Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::NODATA | Errno::INVAL)
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Copies extended attributes, access control lists among them.
fn copy_xattrs(from: &Path, to: &Path) -> io::Result<()> {
    let mut names = vec![0; 64 * 1024];
    let length = match rustix::fs::listxattr(from, &mut names[..]) {
        Ok(length) => length,
        Err(error) => return tolerate(Err(error.into())),
    };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 64 * 1024];
        let copied = rustix::fs::getxattr(from, name, &mut value[..])
            .and_then(|length| rustix::fs::setxattr(to, name, &value[..length], rustix::fs::XattrFlags::empty()));
        tolerate(copied.map_err(io::Error::from))?;
    }
    Ok(())
}

fn write_in_place(dest: &Path, source: Source) -> Result<(), Failure> {
    let written = OpenOptions::new().write(true).create(true).truncate(true).open(dest).and_then(|mut file| {
        source.write_to(&mut file)?;
        file.sync_all()
    });
    written.map_err(|error| {
        Failure::raised(format!("Could not write data to file {}.", oserror::text_repr(dest)))
            .because(oserror::bytes(&error, dest))
    })
}

/// Copies a file beside itself as `name.PID.2026-01-31@10:20:30~`, with all it has; the copy's name, or `None` when
/// there is nothing to copy. In check mode only the name is made.
pub fn backup(path: &Path, run: &Run) -> Result<Option<String>, Failure> {
    let text = path.to_string_lossy();
    if !path.exists() {
        return Ok(None);
    }
    let now = jiff::Zoned::now().strftime("%Y-%m-%d@%H:%M:%S~").to_string();
    // the number tells apart what was made within one second; one process may make many
    let mut number = std::process::id();
    let name = loop {
        let name = format!("{text}.{number}.{now}");
        if !Path::new(&name).exists() {
            break name;
        }
        number += 1;
    };
    if !run.check {
        preserved_copy(path, Path::new(&name), run).map_err(|error| {
            Failure::raised(format!(
                "Could not make backup of {} to {}.",
                oserror::text_repr(path),
                oserror::text_repr(Path::new(&name))
            ))
            .because(oserror::text(&error, path))
        })?;
    }
    Ok(Some(name))
}

/// A copy with owner, mode, times, extended attributes and file system attributes.
fn preserved_copy(from: &Path, to: &Path, run: &Run) -> io::Result<()> {
    let meta = std::fs::metadata(from)?;
    // only the owner reads it until it has the mode of what it is a copy of
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    Source::File(from).write_to(&mut file)?;
    tolerate(chown(to, Some(meta.uid()), Some(meta.gid())))?;
    tolerate(file.set_permissions(Permissions::from_mode(meta.mode() & 0o7777)))?;
    copy_xattrs(from, to)?;
    tolerate(file.set_times(times_of(&meta)))?;
    file.sync_all()?;
    if let Some(context) = selinux::context(from) {
        tolerate(selinux::set_context(to, &context))?;
    }
    if let Some(flags) = chattr::read(from).map(|attributes| attributes.flags) {
        let own = chattr::read(to).map(|attributes| attributes.flags).unwrap_or_default();
        let wish = chattr::Wish::new(&flags);
        if wish.differs(&own) && chattr::Wish::possible(run) {
            wish.apply(to, run).map_err(|failure| io::Error::other(failure.message))?;
        }
    }
    Ok(())
}

/// The file a path leads to when `follow` is set.
pub fn followed(path: &Path, follow: bool) -> PathBuf {
    if follow && path.is_symlink() { attributes::real_path(path) } else { path.to_path_buf() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    fn names(dir: &Path) -> Vec<String> {
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_replaced_file_keeps_mode_owner_and_attributes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o4751)).unwrap();
        let tagged = rustix::fs::setxattr(&path, "user.tag", b"x", rustix::fs::XattrFlags::empty()).is_ok();
        let root = nix::unistd::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&path, Some(12), Some(13)).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o4751)).unwrap();
        }
        replace(&path, Source::Bytes(b"new"), Keep::Dest, false).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(mode_of(&path), 0o4751);
        if root {
            assert_eq!((path.metadata().unwrap().uid(), path.metadata().unwrap().gid()), (12, 13));
        }
        let mut value = [0; 8];
        assert_eq!(rustix::fs::getxattr(&path, "user.tag", &mut value[..]).is_ok(), tagged);
        assert_eq!(names(dir.path()), ["f"]);
    }

    #[test]
    fn a_new_file_has_the_mode_of_new_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        replace(&path, Source::Bytes(b"new"), Keep::Dest, false).unwrap();
        assert_eq!(mode_of(&path), 0o666 & !mode::umask());
    }

    #[test]
    fn a_missing_directory_is_told_and_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nope/f");
        let failure = replace(&path, Source::Bytes(b"new"), Keep::Dest, false).unwrap_err();
        assert!(failure.raised && failure.message.ends_with("is not writable by the current user."), "{failure:?}");
        std::fs::create_dir(dir.path().join("d")).unwrap();
        assert!(replace(&dir.path().join("d"), Source::Bytes(b"new"), Keep::Dest, false).is_err());
        assert_eq!(names(dir.path()), ["d"]);
    }

    #[test]
    fn a_backup_is_the_old_file_under_a_dated_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let name = backup(&path, &Run::default()).unwrap().unwrap();
        assert_eq!(std::fs::read(&name).unwrap(), b"old");
        assert_eq!(mode_of(Path::new(&name)), 0o640);
        let tail = name.strip_prefix(&format!("{}.{}.", path.display(), std::process::id())).unwrap();
        assert_eq!((tail.len(), &tail[4..5], &tail[10..11], &tail[19..]), (20, "-", "@", "~"));
        assert_eq!(backup(&dir.path().join("none"), &Run::default()).unwrap(), None);
    }
}
