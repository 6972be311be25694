//! The open connections of a run, and how work gets to them.

use super::host::Host;
use super::ssh::person;
use super::this_machine::ThisMachine;
use super::{Target, local};
use crate::agent::task::Task;
use crate::error::{Error, Result};
use crate::value::{Dict, Value};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use super::yard::Yard;

/// Content that goes along with a job.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Held in memory.
    Memory(Vec<u8>),
    /// A file of the controller, streamed.
    File(PathBuf),
    /// A file that goes when nobody holds it any more: large content that came from a target.
    Spooled(Arc<tempfile::TempPath>),
}

/// One module run at a target.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The native module's short name.
    pub module: String,
    /// Its name as its messages give it: as the task wrote it, or `ansible.legacy.NAME` when an action calls it. Empty
    /// for the short name.
    pub name: String,
    /// Its arguments, rendered, as the playbook gave them (checked at the far end).
    pub arguments: Dict,
    /// Check mode.
    pub check: bool,
    /// Diff mode.
    pub diff: bool,
    /// `-v` count.
    pub verbosity: u8,
    /// `environment:`, merged.
    pub environment: Vec<(String, String)>,
    /// Content that goes along, read as `Run::blobs`.
    pub payloads: Vec<Payload>,
    /// `no_log`: nothing of the arguments or the result goes to a log, on either end.
    pub no_log: bool,
    /// The task's `timeout:`.
    pub timeout: Option<Duration>,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The module's result, `failed: true` in it when it failed; every text in it is data.
    pub result: Dict,
    /// Content that came back (`fetch`).
    pub payloads: Vec<Payload>,
}

/// What a plain command gave (`raw`, and what needs no agent).
#[derive(Clone, Debug, Default)]
pub struct RawOutput {
    /// Exit code.
    pub rc: i32,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// The connections of a run. Every method may be called for many targets at once.
#[derive(Debug)]
pub struct Fleet {
    yard: Arc<Yard>,
    hosts: Mutex<HashMap<Target, Arc<Host>>>,
    this_machine: ThisMachine,
}

impl Default for Fleet {
    fn default() -> Fleet {
        Fleet { yard: Arc::new(Yard::new(None)), hosts: Mutex::default(), this_machine: ThisMachine::default() }
    }
}

impl Fleet {
    /// A fleet whose agents run this program instead of the one that runs now.
    pub fn with_program(program: PathBuf) -> Fleet {
        Fleet {
            yard: Arc::new(Yard::new(Some(program))),
            hosts: Mutex::default(),
            this_machine: ThisMachine::default(),
        }
    }

    /// Tells what a person may want to know of connections (`<host> SSH: EXEC ...` at `-vvv`): the host's address, the
    /// `-v` count from which it is shown, the text.
    pub fn on_note(&self, listener: impl Fn(&str, u8, &str) + Send + Sync + 'static) {
        self.yard.listen(Box::new(listener));
    }

    /// Runs a module, connecting first where needed. One round trip on a connected host.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unreachable`] when the host cannot be reached or is lost meanwhile, [`crate::error::Kind::Action`] for refused
    /// privileges (`Missing sudo password`, ...) and for a timeout. A job that was sent is never sent twice.
    pub async fn run(&self, target: &Target, job: Job) -> Result<Reply> {
        match job.timeout {
            None => self.run_untimed(target, job).await,
            Some(limit) => {
                let late = || Error::action(format!("Timed out after {} second(s).", limit.as_secs()));
                tokio::time::timeout(limit, self.run_untimed(target, job)).await.unwrap_or_else(|_| Err(late()))
            }
        }
    }

    async fn run_untimed(&self, target: &Target, job: Job) -> Result<Reply> {
        let task = Task {
            module: job.module.clone(),
            name: job.name.clone(),
            arguments: job.arguments.clone(),
            check: job.check,
            diff: job.diff,
            verbosity: job.verbosity,
            environment: job.environment.clone(),
        };
        match (Transport::of(target)?, &target.becoming) {
            (Transport::Local, None) => local::run(task, job, &self.yard).await,
            (Transport::Local, Some(becoming)) => {
                self.this_machine.run(target, becoming, &task, &job, &self.yard).await
            }
            (Transport::Ssh, becoming) => self.host(target).run(becoming.as_ref(), &task, &job, &self.yard).await,
        }
    }

    /// Runs a command line through the target's shell without an agent.
    pub async fn raw(&self, target: &Target, command: &str, stdin: &[u8]) -> Result<RawOutput> {
        match (Transport::of(target)?, &target.becoming) {
            (Transport::Local, None) => local::raw(&target.executable, command, stdin).await,
            (Transport::Local, Some(_)) => self.raw_by_agent(target, command, stdin).await,
            (Transport::Ssh, becoming) => self.host(target).raw(becoming.as_ref(), command, stdin, &self.yard).await,
        }
    }

    /// A command line of another user on this machine: his agent runs it.
    async fn raw_by_agent(&self, target: &Target, command: &str, stdin: &[u8]) -> Result<RawOutput> {
        let mut arguments = Dict::new();
        arguments.insert("_raw_params", command);
        arguments.insert("executable", target.executable.as_str());
        arguments.insert("stdin", String::from_utf8_lossy(stdin).into_owned());
        arguments.insert("stdin_add_newline", false);
        arguments.insert("strip_empty_ends", false);
        let reply = self.run(target, Job { module: "shell".into(), arguments, ..Job::default() }).await?;
        let text = |key: &str| reply.result.get(key).and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec();
        let rc = reply.result.get("rc").and_then(Value::as_i64).and_then(|rc| i32::try_from(rc).ok());
        let message = || Error::action(String::from_utf8_lossy(&text("msg")).into_owned());
        Ok(RawOutput { rc: rc.ok_or_else(message)?, stdout: text("stdout"), stderr: text("stderr") })
    }

    /// Why this target runs no agent (another processor, no directory that lets a program run), once [`Fleet::run`] has
    /// failed for that. [`Fleet::raw`] works there.
    pub async fn without_agent(&self, target: &Target) -> Option<String> {
        match Transport::of(target) {
            Ok(Transport::Ssh) => self.host(target).without_agent().await,
            _ => None,
        }
    }

    /// Closes what is open to this target, so that the next job connects anew (`meta: reset_connection`, `reboot`).
    pub async fn reset(&self, target: &Target) -> Result<()> {
        if matches!(Transport::of(target)?, Transport::Local) {
            self.this_machine.close().await;
        }
        let host = self.hosts().remove(&machine(target));
        if let Some(host) = host {
            host.close().await;
        }
        Ok(())
    }

    /// Ends what runs on the targets and closes everything; for the end of a run and for Ctrl-C.
    pub async fn close(&self) {
        person::leave();
        let hosts: Vec<Arc<Host>> = self.hosts().drain().map(|(_, host)| host).collect();
        let all = futures_util::future::join_all(hosts.iter().map(|host| host.close()));
        let yard = self.yard.clone();
        let _ = tokio::join!(all, self.this_machine.close(), tokio::task::spawn_blocking(move || yard.cut()));
        self.yard.clear();
    }

    fn host(&self, target: &Target) -> Arc<Host> {
        let machine = machine(target);
        self.hosts().entry(machine).or_insert_with_key(|machine| Arc::new(Host::new(machine.clone()))).clone()
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<Target, Arc<Host>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The target without its other user: what is one connection.
fn machine(target: &Target) -> Target {
    Target { becoming: None, ..target.clone() }
}

enum Transport {
    Ssh,
    Local,
}

impl Transport {
    fn of(target: &Target) -> Result<Transport> {
        match target.transport.as_str() {
            "ssh" | "smart" | "paramiko" | "paramiko_ssh" | "openssh" => Ok(Transport::Ssh),
            "local" => Ok(Transport::Local),
            other @ ("winrm" | "psrp" | "network_cli" | "netconf" | "httpapi") => Err(Error::action(format!(
                "the connection {other} is not supported: Windows hosts and network devices are not managed by Heliostat"
            ))),
            other => Err(Error::action(format!("the connection plugin '{other}' was not found"))),
        }
    }
}
