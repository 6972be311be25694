//! The open connections of a run, and how work gets to them.

use super::Target;
use crate::error::{Error, Kind, Result};
use crate::value::Dict;
use std::path::PathBuf;
use std::time::Duration;

/// Content that goes along with a job.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Held in memory.
    Memory(Vec<u8>),
    /// A file of the controller, streamed.
    File(PathBuf),
}

/// One module run at a target.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The native module's short name.
    pub module: String,
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

/// The connections of a run. Cheap to share; every method may be called for many targets at once.
#[derive(Debug, Default)]
pub struct Fleet {}

impl Fleet {
    /// Runs a module, connecting first where needed. One round trip on a connected host.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] when the host cannot be reached or is lost meanwhile, [`Kind::Action`] for refused
    /// privileges (`Missing sudo password`, ...) and for a timeout. A job that was sent is never sent twice.
    pub async fn run(&self, target: &Target, job: Job) -> Result<Reply> {
        let _ = (target, job);
        Err(Error::new(Kind::Unreachable, "connections are not built yet"))
    }

    /// Runs a command line through the target's shell without an agent.
    pub async fn raw(&self, target: &Target, command: &str, stdin: &[u8]) -> Result<RawOutput> {
        let _ = (target, command, stdin);
        Err(Error::new(Kind::Unreachable, "connections are not built yet"))
    }

    /// Closes what is open to this target, so that the next job connects anew (`meta: reset_connection`, `reboot`).
    pub async fn reset(&self, target: &Target) -> Result<()> {
        let _ = target;
        Ok(())
    }

    /// Ends what runs on the targets and closes everything; for the end of a run and for Ctrl-C.
    pub async fn close(&self) {}
}
