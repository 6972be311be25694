//! The controller itself as a target: modules run right here, in this process, on the blocking pool.

use super::fleet::{Job, Payload, Reply, Yard};
use super::host::closed;
use crate::agent::task::Task;
use crate::error::{Error, Result};
use crate::module::Blob;
use crate::module::lifeline::Lifeline;
use std::path::{Path, PathBuf};

/// Runs a job in this process.
pub async fn run(task: Task, job: Job, yard: &Yard) -> Result<Reply> {
    let tmp = yard.local_tmp()?;
    let lifeline = Lifeline::default();
    let cutter = Cutter::new(lifeline.clone(), yard);
    let run = move || -> Result<Reply> {
        let blobs = job.payloads.iter().map(|payload| blob(payload, &tmp)).collect::<Result<Vec<Blob>>>()?;
        let copies: Vec<PathBuf> = blobs.iter().filter_map(path).collect();
        let (result, blobs) = task.run(blobs, &tmp, lifeline);
        for copy in copies {
            let _ = std::fs::remove_file(copy);
        }
        let payloads = blobs.into_iter().map(|blob| match blob {
            Blob::Memory(bytes) => Payload::Memory(bytes),
            Blob::File(path) => Payload::File(path),
        });
        Ok(Reply { result, payloads: payloads.collect() })
    };
    let ended = tokio::task::spawn_blocking(run).await;
    if cutter.done() {
        return Err(closed());
    }
    ended.map_err(|error| Error::action(format!("the task did not end: {error}")))?
}

/// Ends what a job started when nobody waits for it any more, or the run ends.
struct Cutter<'a> {
    lifeline: Lifeline,
    yard: &'a Yard,
    number: u64,
    armed: bool,
}

impl Cutter<'_> {
    fn new(lifeline: Lifeline, yard: &Yard) -> Cutter<'_> {
        let number = yard.enter(lifeline.clone());
        Cutter { lifeline, yard, number, armed: true }
    }

    /// The job has ended; whether it was made to.
    fn done(mut self) -> bool {
        self.armed = false;
        self.lifeline.is_cut()
    }
}

impl Drop for Cutter<'_> {
    fn drop(&mut self) {
        self.yard.leave(self.number);
        if self.armed {
            let lifeline = self.lifeline.clone();
            std::thread::spawn(move || lifeline.cut());
        }
    }
}

/// A payload as the module gets it. A module may move its blob in place, so a file is copied.
fn blob(payload: &Payload, tmp: &Path) -> Result<Blob> {
    let path = match payload {
        Payload::Memory(bytes) => return Ok(Blob::Memory(bytes.clone())),
        Payload::File(path) => path.as_path(),
        Payload::Spooled(path) => path,
    };
    let unreadable = |error: std::io::Error| Error::action(format!("could not read {}: {error}", path.display()));
    if std::fs::metadata(path).map_err(unreadable)?.len() <= crate::agent::spool::IN_MEMORY as u64 {
        return std::fs::read(path).map(Blob::Memory).map_err(unreadable);
    }
    let mut from = std::fs::File::open(path).map_err(unreadable)?;
    let copied = tempfile::Builder::new().prefix("blob-").tempfile_in(tmp).and_then(|mut file| {
        std::io::copy(&mut from, &mut file)?;
        file.into_temp_path().keep().map_err(|error| error.error)
    });
    copied.map(Blob::File).map_err(unreadable)
}

fn path(blob: &Blob) -> Option<PathBuf> {
    match blob {
        Blob::File(path) => Some(path.clone()),
        Blob::Memory(_) => None,
    }
}

/// Runs a command line with the shell of this machine.
pub async fn raw(executable: &str, command: &str, stdin: &[u8]) -> Result<super::fleet::RawOutput> {
    use tokio::io::AsyncWriteExt;
    let mut shell = tokio::process::Command::new(executable);
    shell.arg("-c").arg(command).process_group(0).kill_on_drop(true);
    shell.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = shell.spawn().map_err(|error| {
        let message = format!(
            "failed to find the executable specified {executable}. Please verify if the executable exists and re-try."
        );
        Error::action(message).because(Error::general(error.to_string()))
    })?;
    let mut to = child.stdin.take();
    let feed = async {
        if let Some(to) = &mut to {
            let _ = to.write_all(stdin).await;
        }
        drop(to.take());
    };
    let (_, output) = tokio::join!(feed, child.wait_with_output());
    let output = output.map_err(|error| Error::action(format!("{executable}: {error}")))?;
    let rc = output.status.code().unwrap_or_else(|| {
        use std::os::unix::process::ExitStatusExt;
        -output.status.signal().unwrap_or(1)
    });
    Ok(super::fleet::RawOutput { rc, stdout: output.stdout, stderr: output.stderr })
}
