//! Children that must not share our terminal, and terminals of their own. The one place that runs code between fork and
//! exec.

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;

/// The child gets a session of its own: no Ctrl-C of our terminal reaches it, nothing it starts can read from there.
/// It is told to end when the thread that starts it ends.
#[expect(unsafe_code, reason = "there is no safe way to act in the child before it becomes the program")]
pub fn own_session(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: both are bare system calls, which are allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
            Ok(())
        });
    }
}

/// The child gets a session of its own with this terminal as the controlling one.
#[expect(unsafe_code, reason = "there is no safe way to act in the child before it becomes the program")]
pub fn own_terminal(command: &mut Command, terminal: OwnedFd) {
    use std::os::unix::process::CommandExt;
    // SAFETY: both are bare system calls, which are allowed between fork and exec; the descriptor lives in the closure.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            debug_assert!(terminal.as_raw_fd() >= 0);
            rustix::process::ioctl_tiocsctty(&terminal)?;
            Ok(())
        });
    }
}

/// A terminal: our end and the child's.
pub fn open_terminal() -> io::Result<(File, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    unlockpt(&ours)?;
    let theirs = match ioctl_tiocgptpeer(&ours, flags) {
        Ok(theirs) => theirs,
        // Before Linux 4.13 there is only the name.
        Err(_) => {
            let name = rustix::pty::ptsname(&ours, Vec::new())?;
            rustix::fs::open(
                name.as_c_str(),
                rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
                rustix::fs::Mode::empty(),
            )?
        }
    };
    Ok((File::from(ours), theirs))
}
