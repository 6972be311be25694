//! Starting processes: argv or a shell line, in a directory, with an environment and input; output captured as text.
//!
//! Every process leads a group of its own, so that it and its children end with the run (see [`super::lifeline`]).

pub use super::lifeline::cut_all as kill_all;
use super::lifeline::{self, Lifeline};
use super::{Failure, Run, shlex};
use crate::value::Value;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long a pipe that outlives its process must be silent before we stop listening: a background child may hold it
/// open for ever. The figure decides what late output a user gets to see; it is Ansible's.
const SILENCE: Duration = Duration::from_secs(1);

/// A process to start.
#[derive(Clone, Debug, Default)]
pub struct Command {
    argv: Vec<String>,
    cwd: Option<PathBuf>,
    env: Vec<(String, Option<String>)>,
    stdin: Option<Vec<u8>>,
    umask: Option<u32>,
    timeout: Option<Duration>,
}

/// What a process gave.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Exit code; the negative number of the signal that ended it.
    pub rc: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained.
    pub stderr: Vec<u8>,
}

/// Why a process gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("[Errno {}] {}: {}", errno.raw_os_error(), strerror(*errno), bytes_repr(program))]
    Start {
        /// The system's reason.
        errno: rustix::io::Errno,
        /// What was to be started.
        program: String,
        /// The whole command, quoted for a shell.
        line: String,
    },
    /// It cannot be started at all: no program, a NUL in an argument.
    #[error("{reason}")]
    Invalid {
        /// Python's reason.
        reason: &'static str,
        /// The whole command, quoted for a shell.
        line: String,
    },
    /// It took longer than it may.
    #[error("Command '{line}' timed out after {seconds} seconds")]
    Timeout {
        /// The whole command, quoted for a shell.
        line: String,
        /// What it had.
        seconds: u64,
    },
}

impl Output {
    /// Standard output as text; bytes that are not UTF-8 become U+FFFD.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are not UTF-8 become U+FFFD.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Whether it ended with 0.
    pub fn ok(&self) -> bool {
        self.rc == 0
    }
}

impl Command {
    /// A program, found along `PATH`, and its arguments.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Command {
        Command { argv: argv.into_iter().map(Into::into).collect(), ..Command::default() }
    }

    /// A line for `executable`, or `/bin/sh`.
    pub fn shell(line: &str, executable: Option<&str>) -> Command {
        Command::new([executable.unwrap_or("/bin/sh"), "-c", line])
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Command {
        self.argv.push(arg.into());
        self
    }

    /// Where to run it.
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> Command {
        self.cwd = Some(cwd.into());
        self
    }

    /// Sets a variable, over the task's environment.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Command {
        self.env.push((name.to_string(), Some(value.into())));
        self
    }

    /// Messages in English and plain formats, for what we read ourselves.
    pub fn plain_locale(self) -> Command {
        self.env("LANGUAGE", "C").env("LC_ALL", "C").env("LANG", "C").env("LC_MESSAGES", "C").env("LC_CTYPE", "C")
    }

    /// What it reads; nothing otherwise.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Command {
        self.stdin = Some(input.into());
        self
    }

    /// The umask it starts with.
    pub fn umask(mut self, umask: u32) -> Command {
        self.umask = Some(umask);
        self
    }

    /// Kills it after this time.
    pub fn timeout(mut self, timeout: Duration) -> Command {
        self.timeout = Some(timeout);
        self
    }

    /// The command as a shell would take it.
    pub fn line(&self) -> String {
        shlex::join(&self.argv)
    }

    /// Runs it to its end.
    pub fn run(&self, run: &Run) -> Result<Output, ProcessError> {
        let program = self
            .argv
            .first()
            .ok_or(ProcessError::Invalid { reason: "list index out of range", line: String::new() })?;
        let mut command = self.prepare(run, program);
        let child = command.spawn().map_err(|error| self.start_error(&error, program))?;
        let mut living = Living::new(child, &run.lifeline);
        let mut output = Output::default();
        let input = self.stdin.as_deref().unwrap_or_default();
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        match living.converse(input, deadline, &mut output) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                let seconds = self.timeout.unwrap_or_default().as_secs();
                return Err(ProcessError::Timeout { line: self.line(), seconds });
            }
            Err(error) => return Err(self.start_error(&error, program)),
        }
        output.rc = living.reap();
        Ok(output)
    }

    fn prepare(&self, run: &Run, program: &str) -> std::process::Command {
        let mut command = match self.umask {
            // the umask is the process's, and ours belongs to all threads
            Some(umask) => {
                let mut command = std::process::Command::new("/bin/sh");
                command.args(["-c", &format!("umask {umask:04o}; exec \"$@\""), "sh"]).args(&self.argv);
                command
            }
            None => {
                let mut command = std::process::Command::new(program);
                command.args(&self.argv[1..]);
                command
            }
        };
        command.envs(run.environment.iter().map(|(key, value)| (key, value)));
        for (key, value) in &self.env {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        let input =
            if self.stdin.as_ref().is_some_and(|input| !input.is_empty()) { Stdio::piped() } else { Stdio::null() };
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command
    }

    fn start_error(&self, error: &io::Error, program: &str) -> ProcessError {
        match rustix::io::Errno::from_io_error(error) {
            Some(errno) => ProcessError::Start { errno, program: program.to_string(), line: self.line() },
            None => ProcessError::Invalid { reason: "embedded null byte", line: self.line() },
        }
    }
}

/// A process that runs. However we leave, it is reaped and out of the lifeline.
struct Living<'a> {
    child: Child,
    group: Pid,
    lifeline: &'a Lifeline,
    reaped: bool,
}

impl<'a> Living<'a> {
    fn new(child: Child, lifeline: &'a Lifeline) -> Living<'a> {
        let group = Pid::from_child(&child);
        lifeline.enter(group);
        Living { child, group, lifeline, reaped: false }
    }

    /// Feeds and reads the pipes until they are closed, or the process ended and they fell silent.
    fn converse(&mut self, mut input: &[u8], deadline: Option<Instant>, output: &mut Output) -> io::Result<()> {
        let (mut stdin, mut stdout, mut stderr) =
            (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        for fd in [stdin.as_ref().map(AsFd::as_fd), stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)]
        {
            fd.map_or(Ok(()), nonblocking)?;
        }
        while stdout.is_some() || stderr.is_some() || stdin.is_some() {
            let ready = wait_for_pipes(
                [stdin.as_ref().map(AsFd::as_fd), stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)],
                deadline,
            )?;
            if ready == [false; 3] && self.has_ended() {
                return Ok(());
            }
            if ready[0] && !feed(&mut stdin, &mut input) {
                stdin = None;
            }
            if ready[1] && !drain(&mut stdout, &mut output.stdout)? {
                stdout = None;
            }
            if ready[2] && !drain(&mut stderr, &mut output.stderr)? {
                stderr = None;
            }
        }
        self.wait(deadline)
    }

    /// Waits for the end without reaping, so that the lifeline may signal it until then.
    fn wait(&self, deadline: Option<Instant>) -> io::Result<()> {
        let Some(deadline) = deadline else {
            while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(self.group), EXITED) {}
            return Ok(());
        };
        while !self.has_ended() {
            if Instant::now() > deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        let status = rustix::process::waitid(WaitId::Pid(self.group), EXITED.union(WaitIdOptions::NOHANG));
        !matches!(status, Ok(None))
    }

    fn reap(&mut self) -> i32 {
        self.reaped = true;
        let status = self.lifeline.leave(self.group, || self.child.wait());
        status.map_or(-1, |status| status.code().unwrap_or_else(|| -status.signal().unwrap_or(1)))
    }
}

const EXITED: WaitIdOptions = WaitIdOptions::EXITED.union(WaitIdOptions::NOWAIT);

impl Drop for Living<'_> {
    fn drop(&mut self) {
        if !self.reaped {
            lifeline::signal(self.group, Signal::KILL);
            self.reap();
        }
    }
}

fn nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    Ok(rustix::fs::fcntl_setfl(fd, flags | rustix::fs::OFlags::NONBLOCK)?)
}

/// Which of (stdin, stdout, stderr) can be used; none after [`SILENCE`].
fn wait_for_pipes(pipes: [Option<BorrowedFd<'_>>; 3], deadline: Option<Instant>) -> io::Result<[bool; 3]> {
    let flags = [PollFlags::OUT, PollFlags::IN, PollFlags::IN];
    let open: Vec<usize> = (0..3).filter(|&at| pipes[at].is_some()).collect();
    let mut fds: Vec<PollFd<'_>> =
        open.iter().filter_map(|&at| pipes[at].map(|fd| PollFd::from_borrowed_fd(fd, flags[at]))).collect();
    let mut patience = SILENCE;
    if let Some(deadline) = deadline {
        patience = patience.min(deadline.saturating_duration_since(Instant::now()));
        if patience.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    let patience = Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: i64::from(patience.subsec_nanos()) };
    let mut ready = [false; 3];
    match poll(&mut fds, Some(&patience)) {
        Ok(_) => open.iter().zip(&fds).for_each(|(&at, fd)| ready[at] = !fd.revents().is_empty()),
        Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(ready)
}

/// Writes what the pipe takes; whether there is more to write. A process that does not want to read is no error.
fn feed(pipe: &mut Option<impl Write>, input: &mut &[u8]) -> bool {
    match pipe.as_mut().map(|pipe| pipe.write(input)) {
        Some(Ok(written)) => *input = &input[written..],
        Some(Err(error)) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
        _ => return false,
    }
    !input.is_empty()
}

/// Reads what the pipe has; whether it stays open.
fn drain(pipe: &mut Option<impl Read>, into: &mut Vec<u8>) -> io::Result<bool> {
    let Some(pipe) = pipe else { return Ok(false) };
    let mut chunk = [0; 32 * 1024];
    match pipe.read(&mut chunk) {
        Ok(0) => Ok(false),
        Ok(length) => {
            into.extend_from_slice(&chunk[..length]);
            Ok(true)
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The system's words for an error, as Python shows them.
pub fn strerror(errno: rustix::io::Errno) -> String {
    let text = io::Error::from(errno).to_string();
    text.rsplit_once(" (os error").map_or(text.clone(), |(words, _)| words.to_string())
}

/// Python's text of an `OSError` about a path: `[Errno 2] No such file or directory: '/x'`.
pub fn os_error(error: &io::Error, path: &str) -> String {
    match rustix::io::Errno::from_io_error(error) {
        Some(errno) => format!("[Errno {}] {}: {}", errno.raw_os_error(), strerror(errno), Value::str(path).repr()),
        None => error.to_string(),
    }
}

/// Python's repr of a text as bytes: `b'nope'`.
pub fn bytes_repr(text: &str) -> String {
    Value::Bytes(text.as_bytes().into()).repr()
}

impl ProcessError {
    /// The exit code that stands for it: errno, or 257 where the system was not asked.
    pub fn rc(&self) -> i32 {
        match self {
            ProcessError::Start { errno, .. } => errno.raw_os_error(),
            _ => 257,
        }
    }

    fn line(&self) -> &str {
        match self {
            ProcessError::Start { line, .. }
            | ProcessError::Invalid { line, .. }
            | ProcessError::Timeout { line, .. } => line,
        }
    }
}

impl From<ProcessError> for Failure {
    fn from(error: ProcessError) -> Failure {
        Failure::new("Error executing command.")
            .because(error.to_string())
            .with("rc", error.rc())
            .with("cmd", error.line())
            .with("stdout", "")
            .with("stderr", "")
    }
}

/// The full path of a program along `PATH` and the administrator's directories, as `get_bin_path` finds it.
pub fn find_program(run: &Run, name: &str) -> Option<String> {
    find_program_in(run, name, &[])
}

/// [`find_program`], with directories to look into first.
pub fn find_program_in(run: &Run, name: &str, first: &[&str]) -> Option<String> {
    if name.contains('/') {
        return is_program(Path::new(name)).then(|| name.to_string());
    }
    let path = run.var("PATH").unwrap_or_default();
    let more = ["/sbin", "/usr/sbin", "/usr/local/sbin"];
    let mut dirs = first.iter().copied().chain(path.split(':')).chain(more).filter(|dir| !dir.is_empty());
    dirs.find_map(|dir| {
        let candidate = Path::new(dir).join(name);
        is_program(&candidate).then(|| OsString::from(candidate).to_string_lossy().into_owned())
    })
}

/// [`find_program`] for a program that cannot be done without.
pub fn require_program(run: &Run, name: &str) -> Result<String, Failure> {
    find_program(run, name).ok_or_else(|| {
        let path = run.var("PATH").unwrap_or_default();
        let mut dirs: Vec<&str> = path.split(':').filter(|dir| !dir.is_empty()).collect();
        let more = ["/sbin", "/usr/sbin", "/usr/local/sbin"];
        dirs.extend(
            more.iter().copied().filter(|dir| !path.split(':').any(|known| known == *dir) && Path::new(dir).exists()),
        );
        Failure::new(format!("Failed to find required executable \"{name}\" in paths: {}", dirs.join(":")))
    })
}

/// Whether a file can be executed by us.
pub fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_output_on_both_pipes_and_much_input_do_not_lock_up() {
        let input = "x".repeat(1 << 20);
        let script = "tee /dev/stderr";
        let output = Command::shell(script, None).stdin(input.clone()).run(&Run::default()).unwrap();
        assert_eq!((output.out(), output.err(), output.rc), (input.clone(), input, 0));
    }

    #[test]
    fn exit_codes_and_signals() {
        let rc = |line| Command::shell(line, None).run(&Run::default()).unwrap().rc;
        assert_eq!(rc("exit 3"), 3);
        assert_eq!(rc("kill -9 $$"), -9);
    }

    #[test]
    fn the_environment_and_the_directory_are_the_childs() {
        let run = Run { environment: vec![("A".into(), "task".into()), ("B".into(), "task".into())], ..Run::default() };
        let output =
            Command::shell("echo $A $B $PWD; umask", None).env("B", "own").cwd("/usr").umask(0o27).run(&run).unwrap();
        assert_eq!(output.out(), "task own /usr\n0027\n");
    }

    #[test]
    fn a_program_is_found_along_the_tasks_path() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/echo", dir.path().join("say-it")).unwrap();
        let run = Run { environment: vec![("PATH".into(), dir.path().display().to_string())], ..Run::default() };
        assert_eq!(Command::new(["say-it", "hi"]).run(&run).unwrap().out(), "hi\n");
        assert!(find_program(&run, "say-it").is_some());
    }

    #[test]
    fn a_missing_program_is_told_as_python_tells_it() {
        let error = Command::new(["nope", "a b"]).run(&Run::default()).unwrap_err();
        assert_eq!(error.to_string(), "[Errno 2] No such file or directory: b'nope'");
        let failure = Failure::from(error);
        assert_eq!(failure.result.get("cmd"), Some(&"nope 'a b'".into()));
        assert_eq!(failure.result.get("rc"), Some(&2.into()));
    }

    #[test]
    fn a_background_child_does_not_hold_us() {
        let start = Instant::now();
        let output = Command::shell("sleep 30 & echo $!", None).run(&Run::default()).unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        let pid = output.out().trim().to_string();
        assert!(Path::new("/proc").join(&pid).exists(), "it goes on running");
        Command::new(["kill", &pid]).run(&Run::default()).unwrap();
    }

    #[test]
    fn a_timeout_kills_the_children_too() {
        let dir = tempfile::tempdir().unwrap();
        let line = "sh -c 'echo $$ > pid; exec sleep 60' & wait";
        let error = Command::shell(line, None).cwd(dir.path()).timeout(Duration::from_millis(500)).run(&Run::default());
        assert!(matches!(error, Err(ProcessError::Timeout { .. })));
        assert!(gone(&dir.path().join("pid")));
    }

    #[test]
    fn cutting_the_lifeline_ends_processes_and_their_children() {
        let dir = tempfile::tempdir().unwrap();
        let run = Run::default();
        let lifeline = run.lifeline.clone();
        let pid = dir.path().join("pid");
        let cutter = std::thread::spawn({
            let pid = pid.clone();
            move || {
                while !pid.exists() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                lifeline.cut();
            }
        });
        let line =
            "trap '' TERM; sh -c 'trap - TERM; echo $$ > pid.new; mv pid.new pid; exec sleep 60' & wait; sleep 60";
        let output = Command::shell(line, None).cwd(dir.path()).run(&run).unwrap();
        cutter.join().unwrap();
        assert_eq!(output.rc, -9, "it would not hear SIGTERM");
        assert!(gone(&pid));
        assert_eq!(Command::new(["sleep", "60"]).run(&run).unwrap().rc, -9, "nothing starts after the cut");
    }

    fn gone(pid_file: &Path) -> bool {
        let pid = std::fs::read_to_string(pid_file).unwrap();
        let stat = Path::new("/proc").join(pid.trim()).join("stat");
        (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
        })
    }
}
