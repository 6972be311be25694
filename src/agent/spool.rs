//! Content on its way in: kept in memory while small, in a file only its owner can read when large.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What stays in memory.
pub const IN_MEMORY: usize = 1024 * 1024;

/// A blob while it comes in.
#[derive(Debug)]
pub enum Spool {
    /// Small so far.
    Memory(Vec<u8>),
    /// Large: a file of mode 0600.
    File(File, PathBuf),
}

impl Default for Spool {
    fn default() -> Spool {
        Spool::Memory(Vec::new())
    }
}

impl Spool {
    /// Adds a piece; goes over to a new file in `dir` when memory is not the place any more.
    pub fn push(&mut self, piece: &[u8], dir: &Path) -> io::Result<()> {
        if let Spool::Memory(held) = self {
            if held.len() + piece.len() <= IN_MEMORY {
                held.extend_from_slice(piece);
                return Ok(());
            }
            let (mut file, path) = create(dir)?;
            file.write_all(held)?;
            *self = Spool::File(file, path);
        }
        match self {
            Spool::File(file, _) => file.write_all(piece),
            Spool::Memory(_) => Ok(()),
        }
    }

    /// The file's path, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Spool::File(_, path) => Some(path),
            Spool::Memory(_) => None,
        }
    }
}

/// A new file of mode 0600 with a name nobody can guess.
fn create(dir: &Path) -> io::Result<(File, PathBuf)> {
    loop {
        let path = dir.join(format!("blob-{}", super::noise::word()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn small_content_stays_in_memory_and_large_content_goes_to_a_private_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut spool = Spool::default();
        spool.push(&[1; IN_MEMORY], dir.path()).expect("memory");
        assert!(spool.path().is_none());
        spool.push(&[2; 10], dir.path()).expect("a file");
        let path = spool.path().expect("a file").to_owned();
        let content = std::fs::read(&path).expect("content");
        assert_eq!((content.len(), content[0], content[IN_MEMORY]), (IN_MEMORY + 10, 1, 2));
        assert_eq!(path.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
    }
}
