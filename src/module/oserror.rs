//! The system's errors in Python's words, as Ansible's modules print them.

use super::process::strerror;
use crate::value::Value;
use rustix::io::Errno;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `[Errno 13] Permission denied`, without a path.
pub fn plain(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(errno) => format!("[Errno {}] {}", errno.raw_os_error(), strerror(errno)),
        None => error.to_string(),
    }
}

/// `[Errno 2] No such file or directory: '/x'`.
pub fn text(error: &io::Error, path: &Path) -> String {
    format!("{}: {}", plain(error), text_repr(path))
}

/// `[Errno 2] No such file or directory: b'/x'`.
pub fn bytes(error: &io::Error, path: &Path) -> String {
    format!("{}: {}", plain(error), bytes_repr(path))
}

/// `[Errno 18] Invalid cross-device link: b'/x' -> b'/y'`.
pub fn pair(error: &io::Error, from: &Path, to: &Path) -> String {
    format!("{}: {} -> {}", plain(error), bytes_repr(from), bytes_repr(to))
}

/// Python's repr of a path as text.
pub fn text_repr(path: &Path) -> String {
    Value::str(path.to_string_lossy().as_ref()).repr()
}

/// Python's repr of a path as bytes.
pub fn bytes_repr(path: &Path) -> String {
    Value::Bytes(path.as_os_str().as_bytes().into()).repr()
}

/// The errno, if the system gave one.
pub fn errno(error: &io::Error) -> Option<Errno> {
    Errno::from_io_error(error)
}
