//! The person at the terminal, where there is one.

use crate::connection::Secret;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Set when the run ends: nobody is waited for any longer.
static GONE: AtomicBool = AtomicBool::new(false);

/// The terminal, if we are in its foreground.
fn terminal() -> Option<File> {
    let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
    (tcgetpgrp(&terminal).ok()? == rustix::process::getpgrp()).then_some(terminal)
}

/// Whether somebody can be asked.
pub fn is_there() -> bool {
    !GONE.load(Ordering::Relaxed) && terminal().is_some()
}

/// A run begins.
pub fn welcome() {
    GONE.store(false, Ordering::Relaxed);
}

/// Ends every question.
pub fn leave() {
    GONE.store(true, Ordering::Relaxed);
}

/// Asks; a secret is not shown while it is typed. Blocking.
pub fn ask(question: &str, secret: bool) -> Option<Secret> {
    let mut terminal = terminal()?;
    terminal.write_all(question.as_bytes()).ok()?;
    let silence = secret.then(|| Silence::new(&terminal)).flatten();
    let mut line = Vec::new();
    let answer = loop {
        if GONE.load(Ordering::Relaxed) {
            break None;
        }
        let moment = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        if !matches!(poll(&mut [PollFd::new(&terminal, PollFlags::IN)], Some(&moment)), Ok(1..)) {
            continue;
        }
        let mut byte = [0];
        match terminal.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => break String::from_utf8(line).ok(),
            Ok(1) => line.push(byte[0]),
            _ => break None,
        }
    };
    if silence.is_some() {
        let _ = terminal.write_all(b"\n");
    }
    answer.map(Secret::new)
}

/// No echo, until dropped.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    fn new(terminal: &File) -> Option<Silence> {
        let terminal = terminal.try_clone().ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Flush, &quiet).ok()?;
        Some(Silence { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}
