//! One OpenSSH master a host: started by us with the user's options, attached to through its control socket, ended by us.

use super::arguments;
use super::askpass::Answers;
use crate::agent::detach;
use crate::connection::{Target, fleet::Yard};
use crate::error::{Error, Kind, Result};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// What is kept of a master's complaints.
const COMPLAINTS: usize = 64 * 1024;

/// A running master.
#[derive(Debug)]
pub struct Master {
    socket: PathBuf,
    address: String,
    complaints: Arc<Mutex<Vec<u8>>>,
    /// Where the complaints end that were made before the login.
    login: usize,
    ended: watch::Receiver<bool>,
    end: watch::Sender<bool>,
}

impl Master {
    /// Starts a master and waits until it has logged in.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] with what ssh said.
    pub async fn start(target: &Target, socket: &Path, yard: &Yard) -> Result<Master> {
        if target.address.starts_with('-') {
            return Err(Error::new(Kind::Unreachable, format!("{:?} is no host name", target.address)));
        }
        let mut command = std::process::Command::new(&target.ssh_executable);
        let words = arguments::of_master(target, socket);
        let user = target.user.as_deref().unwrap_or("None");
        yard.note(target, 3, || format!("ESTABLISH SSH CONNECTION FOR USER: {user}"));
        yard.note(target, 3, || format!("SSH: EXEC {}", arguments::shown(&target.ssh_executable, &words)));
        command.args(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let (desk, answers) = (yard.desk()?, Answers::of(target));
        if let Some(askpass) = desk.program_for(&answers) {
            command.env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force");
            if std::env::var_os("DISPLAY").is_none_or(|display| display.is_empty()) {
                // Before 8.4 ssh asks SSH_ASKPASS only where there seems to be a display.
                command.env("DISPLAY", "-");
            }
        }
        detach::own_session(&mut command);
        let mut child = super::keeper::spawn(Command::from(command))
            .await
            .map_err(|error| Error::new(Kind::Unreachable, format!("cannot run {}: {error}", target.ssh_executable)))?;
        let admitted = child.id().and_then(|pid| i32::try_from(pid).ok()).map(|pid| desk.admit(pid, answers));
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let listener = child.stderr.take().map(|stderr| tokio::spawn(listen(stderr, complaints.clone())));
        let (ended_sender, ended) = watch::channel(false);
        let (end, told) = watch::channel(false);
        tokio::spawn(async move {
            watch_over(child, told).await;
            // What it said last is still on its way; what it started may hold the pipe open for longer.
            if let Some(listener) = listener {
                let _ = tokio::time::timeout(Duration::from_millis(200), listener).await;
            }
            ended_sender.send_replace(true);
        });
        let mut master =
            Master { socket: socket.to_owned(), address: target.address.clone(), complaints, login: 0, ended, end };
        master.until_ready(target).await?;
        // It has logged in and asks no more.
        drop(admitted);
        master.login = master.complaints().len();
        Ok(master)
    }

    /// The control socket appears when the login is done.
    async fn until_ready(&self, target: &Target) -> Result<()> {
        let mut ended = self.ended.clone();
        let mut pause = Duration::from_millis(2);
        loop {
            if tokio::time::timeout(pause, ended.wait_for(|ended| *ended)).await.is_ok() {
                return Err(super::trouble::connecting(target, &self.complaints()));
            }
            if self.socket.exists() {
                return Ok(());
            }
            pause = (pause + Duration::from_millis(1)).min(Duration::from_millis(15));
        }
    }

    /// What it wrote to its standard error so far.
    pub fn complaints(&self) -> String {
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&complaints).trim_end().to_string()
    }

    /// Whether the connection has ended.
    pub fn is_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Whether it ends within this time.
    pub async fn ends_within(&self, time: Duration) -> bool {
        let mut ended = self.ended.clone();
        tokio::time::timeout(time, ended.wait_for(|ended| *ended)).await.is_ok()
    }

    /// A session over this connection.
    pub fn session(&self) -> Arc<openssh::Session> {
        Arc::new(openssh::Session::resume_mux(self.socket.clone().into_boxed_path(), None))
    }

    /// The control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The error for work that was lost with this connection.
    pub fn lost(&self) -> Error {
        let complaints = self.complaints();
        super::trouble::lost(&self.address, complaints.get(self.login..).unwrap_or(&complaints))
    }

    /// Ends the connection and waits for it.
    pub async fn close(&self) {
        self.end.send_replace(true);
        self.ends_within(Duration::from_secs(3)).await;
    }
}

async fn listen(mut stderr: tokio::process::ChildStderr, complaints: Arc<Mutex<Vec<u8>>>) {
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut piece).await {
        let mut complaints = complaints.lock().unwrap_or_else(PoisonError::into_inner);
        complaints.extend_from_slice(&piece[..count]);
        let excess = complaints.len().saturating_sub(COMPLAINTS);
        complaints.drain(..excess);
    }
}

/// Waits for the master's end, or ends it when told to (or when the one who could tell is gone).
async fn watch_over(mut child: Child, mut told: watch::Receiver<bool>) {
    tokio::select! {
        _ = child.wait() => return,
        _ = told.wait_for(|end| *end) => {}
    }
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
    }
    if tokio::time::timeout(Duration::from_secs(2), child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
