//! Starts an agent as another user and brings its stream up. Blocking: it is for a thread of its own.
//!
//! sudo and its kin read the password from their standard input and pass pipes on as they are, so the agent speaks
//! through those. su and its kin want a terminal there, which would mangle frames: they get a terminal as standard input
//! and error, and as standard output a socket that the agent speaks through in both directions. Either way the child
//! has a terminal of its own to satisfy `requiretty`, and it is a new session: no signal of ours reaches it by chance.

use super::Plan;
use super::program::Paths;
use super::watch::{Sight, Watch};
use crate::agent::detach;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest first word.
const FIRST_WORD: usize = 1024 * 1024;

/// A stream to the new agent: its next bytes are frames.
#[derive(Debug)]
pub struct Launched {
    /// What it says.
    pub from: OwnedFd,
    /// What it hears. Closed, or shut down for writing, it ends.
    pub to: OwnedFd,
    /// Whether both are the same socket.
    pub duplex: bool,
    /// What was read of its frames already.
    pub leftover: Vec<u8>,
    /// The method's program.
    pub child: Child,
    /// A copy of our program that is no longer needed once it runs.
    _paths: Paths,
}

/// Why there is no such agent.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Ansible's words, or the program's own.
    pub message: String,
    /// It did not answer in time: the host counts as unreachable.
    pub late: bool,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal { message: format!("cannot start another agent: {error}"), late: false }
    }
}

fn refused(message: String) -> Refusal {
    Refusal { message, late: false }
}

/// Carries a plan out. `own` is the program that becomes the agent, if it is not the running one.
pub fn launch(plan: &Plan, route: u16, own: Option<&Path>) -> Result<Launched, Refusal> {
    let root = plan.user == "root";
    match attempt(plan, route, Paths::new(own, !root)?)? {
        Some(launched) => Ok(launched),
        // Root's eyes do not see everything (a home on NFS): then the copy for all is for root too.
        None if root => match attempt(plan, route, Paths::new(own, true)?)? {
            Some(launched) => Ok(launched),
            None => Err(unreadable(plan)),
        },
        None => Err(unreadable(plan)),
    }
}

fn unreadable(plan: &Plan) -> Refusal {
    refused(format!(
        "{} cannot run our program: no directory of /tmp, /var/tmp and /dev/shm lets a program run",
        plan.user
    ))
}

/// `None`: the other user found no program to run.
fn attempt(plan: &Plan, route: u16, paths: Paths) -> Result<Option<Launched>, Refusal> {
    let options = format!("--route {route}{}", if plan.terminal { " --duplex" } else { "" });
    let line = plan.command.replace(Plan::PROGRAMS, &paths.paths.join(" ")).replace(Plan::OPTIONS, &options);
    let mut started = Started::new(&line, plan.terminal)?;
    match started.negotiate(plan) {
        Ok(Some(leftover)) => {
            started.drain();
            Ok(Some(Launched {
                from: started.main.into(),
                to: started.input.into(),
                duplex: plan.terminal,
                leftover,
                child: started.child,
                _paths: paths,
            }))
        }
        Ok(None) => {
            started.end();
            Ok(None)
        }
        Err(refusal) => {
            started.end();
            Err(refusal)
        }
    }
}

/// The method's program and all its ends that we hold.
struct Started {
    child: Child,
    /// Where the agent will speak.
    main: File,
    /// Where it will hear.
    input: File,
    terminal: File,
    errors: Option<File>,
    /// The terminal's other side: while we hold it too, it is there even if the program does not open it at once.
    _theirs: OwnedFd,
}

impl Started {
    fn new(line: &str, terminal: bool) -> io::Result<Started> {
        let (ours, theirs) = detach::open_terminal()?;
        let held = theirs.try_clone()?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(line);
        let mut socket = None;
        if terminal {
            let (near, far) = UnixStream::pair()?;
            command.stdin(theirs.try_clone()?).stdout(OwnedFd::from(far)).stderr(theirs.try_clone()?);
            socket = Some(File::from(OwnedFd::from(near)));
        } else {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        detach::own_terminal(&mut command, theirs);
        let mut child = command.spawn()?;
        // The command holds the far ends; with it they are closed here.
        drop(command);
        let missing = || io::Error::other("a child without streams");
        let (main, input, errors) = match socket {
            Some(socket) => (socket.try_clone()?, socket, None),
            None => {
                let out = child.stdout.take().ok_or_else(missing)?;
                let to = child.stdin.take().ok_or_else(missing)?;
                let errors = child.stderr.take().map(|stderr| File::from(OwnedFd::from(stderr)));
                (File::from(OwnedFd::from(out)), File::from(OwnedFd::from(to)), errors)
            }
        };
        Ok(Started { child, main, input, terminal: ours, errors, _theirs: held })
    }

    /// Reads and answers until the agent's mark; gives what came after it. `None`: there was no program to run.
    fn negotiate(&mut self, plan: &Plan) -> Result<Option<Vec<u8>>, Refusal> {
        let deadline = Instant::now() + Duration::from_secs(plan.timeout);
        let mut watches = [Watch::default(), Watch::default(), Watch::default()];
        let mut main = Vec::new();
        let mut open = [true, true, self.errors.is_some()];
        let mut answered = false;
        loop {
            let ready = self.wait(open, deadline)?;
            if ready == [false; 3] {
                return Err(late(plan, &watches));
            }
            for source in (0..3).filter(|&source| ready[source]) {
                let piece = self.read(source);
                open[source] = !piece.is_empty();
                if source == 0 {
                    main.extend_from_slice(&piece);
                    match first_word(&main, &plan.mark) {
                        Some((word, leftover)) if word == "AGENT" => return Ok(Some(leftover)),
                        Some(_) => return Ok(None),
                        None if main.len() > FIRST_WORD => return Err(refused("it prints without end".into())),
                        None => {}
                    }
                }
                match watches[source].take(plan, &piece, answered) {
                    Sight::Nothing | Sight::Through => {}
                    Sight::Refused(why) => return Err(refused(why)),
                    Sight::Ask => {
                        self.answer(source, plan.password.as_deref().unwrap_or_default())?;
                        answered = true;
                    }
                }
            }
            if !open[0] {
                return Err(self.ended(plan, &mut watches, answered));
            }
        }
    }

    /// Which of the sources can be read; none when it is too late.
    fn wait(&self, open: [bool; 3], deadline: Instant) -> io::Result<[bool; 3]> {
        let sources = [Some(&self.main), Some(&self.terminal), self.errors.as_ref()];
        let polled: Vec<(usize, &File)> =
            (0..3).filter(|&at| open[at]).filter_map(|at| sources[at].map(|file| (at, file))).collect();
        let mut fds: Vec<PollFd<'_>> = polled.iter().map(|(_, file)| PollFd::new(*file, PollFlags::IN)).collect();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            match poll(&mut fds, Some(&left)) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut ready = [false; 3];
        polled.iter().zip(&fds).for_each(|((at, _), fd)| ready[*at] = !fd.revents().is_empty());
        Ok(ready)
    }

    /// What a source has; nothing at its end. A terminal whose other side is closed gives an error: its end too.
    fn read(&mut self, source: usize) -> Vec<u8> {
        let mut piece = vec![0; 4096];
        let read = match (source, &mut self.errors) {
            (0, _) => self.main.read(&mut piece),
            (1, _) => self.terminal.read(&mut piece),
            (_, Some(errors)) => errors.read(&mut piece),
            (_, None) => Ok(0),
        };
        piece.truncate(read.unwrap_or(0));
        piece
    }

    /// Answers where it was asked: at the terminal, or on standard input.
    fn answer(&mut self, source: usize, password: &str) -> io::Result<()> {
        let line = format!("{password}\n");
        match source {
            1 => self.terminal.write_all(line.as_bytes()),
            _ => self.input.write_all(line.as_bytes()),
        }
    }

    /// The program ended without letting us through: what it still has to say decides.
    fn ended(&mut self, plan: &Plan, watches: &mut [Watch; 3], answered: bool) -> Refusal {
        for (source, watch) in watches.iter_mut().enumerate().skip(1) {
            loop {
                let fd = match source {
                    1 => Some(self.terminal.as_fd()),
                    _ => self.errors.as_ref().map(AsFd::as_fd),
                };
                let Some(fd) = fd else { break };
                let moment = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
                if !matches!(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&moment)), Ok(1..)) {
                    break;
                }
                let piece = self.read(source);
                if piece.is_empty() {
                    break;
                }
                if let Sight::Refused(why) = watch.take(plan, &piece, answered) {
                    return refused(why);
                }
            }
        }
        let said: Vec<String> = watches.iter().map(Watch::text).filter(|text| !text.is_empty()).collect();
        let said = if said.is_empty() { "it ended without a word".to_string() } else { said.join("\n") };
        refused(format!("Cannot become {} with {}: {said}", plan.user, plan.method))
    }

    /// Keeps reading what nobody needs, so that no writer ever waits, until the other sides are closed.
    fn drain(&mut self) {
        let sources = [self.terminal.try_clone().ok(), self.errors.take()];
        for mut source in sources.into_iter().flatten() {
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(1..) = source.read(&mut piece) {}
            });
        }
    }

    /// Closes everything and collects the child. What runs as another user cannot be killed, but its terminal hangs up.
    fn end(self) {
        let Started { mut child, main, input, terminal, errors, .. } = self;
        let _ = rustix::net::shutdown(&input, rustix::net::Shutdown::Both);
        drop((main, input, terminal, errors));
        let _ = child.kill();
        std::thread::spawn(move || child.wait());
    }
}

fn late(plan: &Plan, watches: &[Watch; 3]) -> Refusal {
    let said: Vec<String> = watches.iter().map(Watch::text).filter(|text| !text.is_empty()).collect();
    let message = format!("Timeout ({}s) waiting for privilege escalation prompt: {}", plan.timeout, said.join("\n"));
    Refusal { message, late: true }
}

/// The word after the mark, and what follows its line.
fn first_word(seen: &[u8], mark: &str) -> Option<(String, Vec<u8>)> {
    let at = memchr::memmem::find(seen, mark.as_bytes())? + mark.len();
    let end = at + memchr::memchr(b'\n', &seen[at..])?;
    Some((String::from_utf8_lossy(&seen[at..end]).trim().to_string(), seen[end + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn a_program_that_asks_at_its_terminal_is_answered_and_its_socket_speaks_both_ways() {
        let script = "tty >/dev/null || exit 1; stty -echo; printf 'Password: ' >/dev/tty; read p </dev/tty; \
                      [ \"$p\" = hush ] || { echo 'su: Authentication failure' >&2; exit 1; }; \
                      echo BECOME-SUCCESS-x; echo noise MARK AGENT; exec cat <&1 >&1";
        let mut launched = launch(&plan(script, Some("hush")), 1, None).expect("an agent");
        assert!(launched.duplex && launched.leftover.is_empty());
        let mut to = File::from(launched.to);
        let mut from = File::from(launched.from);
        to.write_all(b"\0\r\n\x03frame").expect("a socket");
        rustix::net::shutdown(&to, rustix::net::Shutdown::Write).expect("a socket");
        let mut back = Vec::new();
        from.read_to_end(&mut back).expect("a socket");
        assert_eq!(back, b"\0\r\n\x03frame", "a terminal would have eaten some of it");
        assert!(launched.child.wait().expect("a child").success());
        let refusal = launch(&plan(script, Some("bad")), 1, None).expect_err("a wrong password");
        assert_eq!(refusal.message, "Incorrect su password");
    }

    #[test]
    fn what_a_program_says_when_it_fails_is_passed_on() {
        let refusal = launch(&plan("echo 'su: user bob does not exist' >&2; exit 1", None), 1, None).expect_err("no");
        assert_eq!(refusal.message, "Cannot become bob with su: su: user bob does not exist");
    }

    #[test]
    fn silence_is_a_timeout() {
        let plan = Plan { timeout: 1, ..plan("printf hm; sleep 30", None) };
        let refusal = launch(&plan, 1, None).expect_err("silence");
        assert!(refusal.late);
        assert_eq!(refusal.message, "Timeout (1s) waiting for privilege escalation prompt: hm");
    }
}
