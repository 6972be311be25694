//! The log file: each message with time, process, user and level, as Python's `logging` writes them for Ansible.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        }
    }
}

/// An open log file.
pub(super) struct Log {
    file: File,
    verbosity: u8,
    user: String,
}

impl Log {
    /// Opens it for appending; the problem comes as a sentence.
    pub(super) fn open(path: &Path, verbosity: u8) -> Result<Log, String> {
        if path.is_dir() {
            return Err(format!("DEFAULT_LOG_PATH can not be a directory '{}', aborting", path.display()));
        }
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = opened.map_err(|_| {
            format!("log file at '{}' is not writeable and we cannot create it, aborting", path.display())
        })?;
        let uid = nix::unistd::getuid();
        let user = nix::unistd::User::from_uid(uid).ok().flatten();
        let user = user.map_or_else(|| format!("uid={uid}"), |user| user.name);
        Ok(Log { file, verbosity, user })
    }

    /// The verbosity that is logged.
    pub(super) fn verbosity(&self) -> u8 {
        self.verbosity
    }

    /// Appends a message.
    pub(super) fn write(&mut self, level: Level, text: &str) {
        let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
        let (process, user, level) = (std::process::id(), &self.user, level.name());
        let text = text.trim_start_matches('\n');
        let _ = self.file.write_all(format!("{time} p={process} u={user} n=ansible {level}| {text}\n").as_bytes());
    }
}
