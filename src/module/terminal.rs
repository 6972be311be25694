//! Programs that insist on a terminal: they get a pseudo-terminal, and their prompts get answers.

use super::lifeline;
use super::process::{Output, ProcessError, find_program};
use super::{Run, shlex};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a program on a terminal of its own. Whenever its output ends in a prompt, the answer is typed; each pair serves
/// once, in order. What it printed is in `stdout`.
pub fn converse(run: &Run, argv: &[String], answers: &[(&str, &str)], limit: Duration) -> Result<Output, ProcessError> {
    let line = || shlex::join(argv);
    let broken = |error: io::Error| ProcessError::Start {
        errno: rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO),
        program: argv.first().cloned().unwrap_or_default(),
        line: line(),
    };
    let pty = nix::pty::openpty(None, None).map_err(|errno| broken(errno.into()))?;
    let slave = || pty.slave.try_clone().map(Stdio::from).map_err(broken);
    // a session of its own, or a program that looks for /dev/tty would find the terminal of whoever started us
    let setsid = find_program(run, "setsid").map(|program| vec![program, "--wait".to_string()]);
    let full: Vec<String> = setsid.into_iter().flatten().chain(argv.iter().cloned()).collect();
    let Some((program, arguments)) = full.split_first() else {
        return Err(ProcessError::Invalid { reason: "list index out of range", line: line() });
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(slave()?).stdout(slave()?).stderr(slave()?).process_group(0);
    command.envs(run.environment.iter().map(|(key, value)| (key, value))).env("LC_ALL", "C");
    let mut child = command.spawn().map_err(broken)?;
    drop(command);
    drop(pty.slave);
    let group = Pid::from_child(&child);
    run.lifeline.enter(group);
    let deadline = Instant::now() + limit;
    let talk = talk(std::fs::File::from(pty.master), answers, deadline);
    if talk.is_err() {
        lifeline::signal(group, rustix::process::Signal::KILL);
    }
    let status = run.lifeline.leave(group, || child.wait()).map_err(broken)?;
    match talk {
        Ok(stdout) => {
            let rc = status.code().unwrap_or_else(|| -status.signal().unwrap_or(1));
            Ok(Output { rc, stdout, stderr: Vec::new() })
        }
        Err(_) => Err(ProcessError::Timeout { line: line(), seconds: limit.as_secs() }),
    }
}

fn talk(mut master: std::fs::File, answers: &[(&str, &str)], deadline: Instant) -> io::Result<Vec<u8>> {
    let (mut heard, mut from, mut next) = (Vec::new(), 0, answers.iter());
    let mut awaited = next.next();
    let mut chunk = [0; 4096];
    loop {
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut fds = [PollFd::new(&master, PollFlags::IN)];
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        match poll(&mut fds, Some(&second)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        match master.read(&mut chunk) {
            Ok(0) => return Ok(heard),
            Ok(length) => heard.extend_from_slice(&chunk[..length]),
            // how a terminal says that nobody is at its other end any more
            Err(_) => return Ok(heard),
        }
        if let Some((prompt, answer)) = awaited
            && memchr::memmem::find(&heard[from..], prompt.as_bytes()).is_some()
        {
            master.write_all(format!("{answer}\r").as_bytes())?;
            from = heard.len();
            awaited = next.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_answered_once_each() {
        let script = "test -t 0 || exit 9; printf 'Name? '; read a; printf 'Again? '; read b; echo \"<$a$b>\"; exit 3";
        let argv = ["/bin/sh", "-c", script].map(String::from);
        let answers = [("Name?", "x"), ("Again?", "y")];
        let output = converse(&Run::default(), &argv, &answers, Duration::from_secs(20)).unwrap();
        assert!(output.out().contains("<xy>"), "{}", output.out());
        assert_eq!(output.rc, 3);
    }

    #[test]
    fn one_that_waits_for_more_is_ended() {
        let argv = ["/bin/sh", "-c", "read a"].map(String::from);
        assert!(converse(&Run::default(), &argv, &[], Duration::from_millis(300)).is_err());
    }
}
