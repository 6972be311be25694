//! The agent's own directory at the target: mode 0700, gone when the agent is, swept up after one that was killed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

const PREFIX: &str = "heliostat-run-";
const LOCK: &str = ".lock";

/// A private directory, removed when dropped.
#[derive(Debug)]
pub struct Workplace {
    path: PathBuf,
    /// Held locked for as long as we live: how others know that this directory is in use.
    _lock: File,
}

impl Workplace {
    /// A new directory below `parent`, or below the system's temporary directories where that cannot be.
    pub fn create(parent: &Path) -> io::Result<Workplace> {
        let uid = rustix::process::geteuid().as_raw();
        let first = Workplace::below(parent, uid);
        match first {
            Ok(place) => Ok(place),
            Err(first) => ["/var/tmp", "/tmp", "/dev/shm"]
                .iter()
                .find_map(|dir| Workplace::make(Path::new(dir)).ok())
                .ok_or(first),
        }
    }

    fn below(parent: &Path, uid: u32) -> io::Result<Workplace> {
        if !parent.is_absolute() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an absolute path"));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let metadata = fs::metadata(parent)?;
        // A directory of somebody else's is only safe with the sticky bit (`remote_tmp = /tmp`).
        if metadata.uid() != uid && metadata.mode() & 0o1000 == 0 && uid != 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Workplace::make(parent)
    }

    fn make(parent: &Path) -> io::Result<Workplace> {
        loop {
            let path = parent.join(format!("{PREFIX}{}", super::noise::word()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let lock = File::create(path.join(LOCK))?;
                    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
                    return Ok(Workplace { path, _lock: lock });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what was left behind beside this one by those that were killed: directories of ours that nobody holds
    /// locked.
    pub fn sweep_beside(own: &Path) {
        let uid = rustix::process::geteuid().as_raw();
        let Some(entries) = own.parent().and_then(|parent| fs::read_dir(parent).ok()) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let ours = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX))
                && fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir() && data.uid() == uid);
            if !ours || path == own {
                continue;
            }
            // Without a lock file it is being made at this moment, unless it is old.
            let stale = match File::open(path.join(LOCK)) {
                Ok(lock) => {
                    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok()
                        && older_than(&path, 60)
                }
                Err(_) => older_than(&path, 3600),
            };
            if stale {
                let _ = fs::remove_dir_all(&path);
            }
        }
    }
}

fn older_than(path: &Path, seconds: u64) -> bool {
    let age = fs::symlink_metadata(path).and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age.as_secs() >= seconds)
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_workplace_is_private_and_leaves_nothing() {
        let parent = tempfile::tempdir().expect("a directory");
        let place = Workplace::create(&parent.path().join("a/b")).expect("a workplace");
        let path = place.path().to_owned();
        assert_eq!(path.metadata().expect("metadata").permissions().mode() & 0o777, 0o700);
        assert_eq!(path.parent().expect("b").metadata().expect("metadata").permissions().mode() & 0o777, 0o700);
        drop(place);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_agent_left_is_swept_and_what_lives_stays() {
        let parent = tempfile::tempdir().expect("a directory");
        let dead = parent.path().join(format!("{PREFIX}dead"));
        fs::create_dir(&dead).expect("a directory");
        fs::write(dead.join(LOCK), "").expect("a lock");
        let past = std::time::SystemTime::now() - std::time::Duration::from_secs(120);
        File::open(&dead).and_then(|dir| dir.set_modified(past)).expect("a time");
        let other = Workplace::create(parent.path()).expect("a workplace");
        File::open(other.path()).and_then(|dir| dir.set_modified(past)).expect("a time");
        let place = Workplace::create(parent.path()).expect("a workplace");
        Workplace::sweep_beside(place.path());
        assert!(!dead.exists());
        assert!(other.path().exists() && place.path().exists());
    }
}
