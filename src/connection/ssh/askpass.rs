//! Answers to what ssh asks: passwords, passphrases, unknown host keys. No secret is ever in an argument, a variable of
//! the environment or a file.
//!
//! ssh starts the program that `SSH_ASKPASS` names and takes what it prints. That is our own program by another name
//! ([`NAME`], a link in a directory of mode 0700): it passes the question on to the controller by the socket beside the
//! link. The controller answers only to processes in the session of an ssh that it started, with what that host has; and
//! what no setting answers it asks the person at the terminal, once for all hosts.

use super::person;
use crate::connection::{Secret, Target};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// The name by which our program is started to ask.
pub const NAME: &str = "heliostat-askpass";
const SOCKET: &str = "askpass";

/// The longest question.
const QUESTION: u64 = 16 * 1024;

/// What a host has to answer with.
#[derive(Clone, Debug)]
pub struct Answers {
    password: Option<Secret>,
    passphrase: Option<Secret>,
}

impl Answers {
    /// Those of a target.
    pub fn of(target: &Target) -> Answers {
        Answers { password: target.password.clone(), passphrase: target.key_passphrase.clone() }
    }

    fn any(&self) -> bool {
        self.password.is_some() || self.passphrase.is_some()
    }
}

/// What a person answered.
#[derive(Debug, Default)]
struct Told {
    answers: HashMap<String, Option<Secret>>,
    /// Which session has got an answer to which question: when it asks again, the answer was wrong.
    given: HashSet<(i32, String)>,
}

/// Where questions are answered.
#[derive(Debug)]
pub struct Desk {
    link: PathBuf,
    /// By the session of the ssh that may ask.
    sessions: Mutex<HashMap<i32, Answers>>,
    told: tokio::sync::Mutex<Told>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Opens it in a directory of mode 0700. `program` is ours.
    pub fn open(dir: &Path, program: &Path) -> io::Result<Arc<Desk>> {
        let link = dir.join(NAME);
        std::os::unix::fs::symlink(program, &link)?;
        let listener = UnixListener::bind(dir.join(SOCKET))?;
        let desk = Arc::new(Desk { link, sessions: Mutex::default(), told: tokio::sync::Mutex::default() });
        let weak = Arc::downgrade(&desk);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Some(desk) = weak.upgrade() else { return };
                tokio::spawn(async move {
                    if let Err(error) = desk.serve(stream).await {
                        tracing::debug!("a question of ssh was not answered: {error}");
                    }
                });
            }
        });
        Ok(desk)
    }

    /// The program that ssh is to start, if this target has answers or a person is there to give them.
    pub fn program_for(&self, answers: &Answers) -> Option<&Path> {
        (answers.any() || person::is_there()).then_some(self.link.as_path())
    }

    /// From now on this ssh, which leads its session, is answered; until the guard is dropped.
    pub fn admit(self: &Arc<Desk>, pid: i32, answers: Answers) -> Admitted {
        lock(&self.sessions).insert(pid, answers);
        Admitted { desk: self.clone(), pid }
    }

    async fn serve(&self, mut stream: UnixStream) -> io::Result<()> {
        let asks = stream.peer_cred()?;
        let ours = asks.uid() == rustix::process::geteuid().as_raw();
        let session = asks.pid().and_then(rustix::process::Pid::from_raw).map(Some).map(rustix::process::getsid);
        let Some(Ok(session)) = session.filter(|_| ours) else { return Err(io::ErrorKind::PermissionDenied.into()) };
        let mut question = Vec::new();
        (&mut stream).take(QUESTION).read_to_end(&mut question).await?;
        let question = String::from_utf8_lossy(&question).into_owned();
        let session = session.as_raw_nonzero().get();
        let answer = match self.answers_for(session).await {
            Some(answers) => self.answer(session, &question, &answers).await,
            None => return Err(io::ErrorKind::PermissionDenied.into()),
        };
        if let Some(answer) = answer {
            stream.write_all(format!("Y{}", answer.reveal()).as_bytes()).await?;
        }
        stream.shutdown().await
    }

    /// An ssh may ask before we have noted that we started it.
    async fn answers_for(&self, session: i32) -> Option<Answers> {
        for _ in 0..100 {
            if let Some(answers) = lock(&self.sessions).get(&session) {
                return Some(answers.clone());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    async fn answer(&self, session: i32, question: &str, answers: &Answers) -> Option<Secret> {
        let about = About::of(question);
        match (about, &answers.password, &answers.passphrase) {
            (About::Password, Some(password), _) => return Some(password.clone()),
            (About::Passphrase, _, Some(passphrase)) => return Some(passphrase.clone()),
            // With a password at hand nobody sits there to compare fingerprints.
            (About::HostKey, Some(_), _) => return Some(Secret::new("no")),
            _ => {}
        }
        if !person::is_there() {
            return matches!(about, About::HostKey).then(|| Secret::new("no"));
        }
        // One question at a time, and a passphrase that opened a key for one host opens it for all.
        let mut told = self.told.lock().await;
        let again = !told.given.insert((session, question.to_string()));
        if about == About::Passphrase
            && !again
            && let Some(answer) = told.answers.get(question)
        {
            return answer.clone();
        }
        let (text, secret) = (question.to_string(), about != About::HostKey);
        let answer = tokio::task::spawn_blocking(move || person::ask(&text, secret)).await.ok().flatten();
        told.answers.insert(question.to_string(), answer.clone());
        answer
    }
}

/// An ssh that may ask.
#[derive(Debug)]
pub struct Admitted {
    desk: Arc<Desk>,
    pid: i32,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        lock(&self.desk.sessions).remove(&self.pid);
    }
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Password,
    Passphrase,
    HostKey,
    Other,
}

impl About {
    fn of(question: &str) -> About {
        let host_key = ["The authenticity of host ", "differs from the key for the IP address", "Please type 'yes'"];
        if host_key.iter().any(|text| question.contains(text)) {
            About::HostKey
        } else if question.contains("passphrase") {
            About::Passphrase
        } else if question.contains("assword") || question.contains("Enter PIN for") {
            About::Password
        } else {
            About::Other
        }
    }
}

/// The `main` of our program when ssh starts it to ask; `None` when it was not.
pub fn main(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<ExitCode> {
    let own = PathBuf::from(arguments.next()?);
    if own.file_name() != Some(OsStr::new(NAME)) {
        return None;
    }
    let question = arguments.next().unwrap_or_default();
    let asked = own.parent().map(|dir| pass_on(&dir.join(SOCKET), question.to_string_lossy().as_bytes()));
    Some(match asked {
        Some(Ok(true)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn pass_on(socket: &Path, question: &[u8]) -> io::Result<bool> {
    let mut stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.write_all(question)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let Some((b'Y', answer)) = answer.split_first() else { return Ok(false) };
    let mut out = io::stdout();
    out.write_all(answer)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_understood() {
        assert_eq!(About::of("bob@h's password: "), About::Password);
        assert_eq!(About::of("(bob@h) Password: "), About::Password);
        assert_eq!(About::of("Enter passphrase for key '/k/id password': "), About::Passphrase);
        assert_eq!(About::of("The authenticity of host 'h' can't be established.\n... (yes/no)? "), About::HostKey);
        assert_eq!(About::of("Please type 'yes', 'no' or the fingerprint: "), About::HostKey);
        assert_eq!(About::of("Confirm user presence"), About::Other);
    }

    #[tokio::test]
    async fn a_stranger_gets_no_answer() {
        let dir = tempfile::tempdir().expect("a directory");
        let desk = Desk::open(dir.path(), Path::new("/bin/true")).expect("a desk");
        let answers = Answers { password: Some(Secret::new("hush")), passphrase: None };
        let _admitted = desk.admit(1, answers);
        let socket = dir.path().join(SOCKET);
        let asked = tokio::task::spawn_blocking(move || pass_on(&socket, b"password: ")).await.expect("a thread");
        assert!(!matches!(asked, Ok(true)), "this test's session is not the one that was admitted");
    }
}
