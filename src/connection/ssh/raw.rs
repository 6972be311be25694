//! A command line through the login shell, without an agent: by a client process of the master, which can have a terminal.

use super::{Master, arguments};
use crate::agent::detach;
use crate::agent::escalate::Plan;
use crate::agent::escalate::watch::{Sight, Watch};
use crate::connection::r#become::plan_command;
use crate::connection::fleet::RawOutput;
use crate::connection::{Become, Target};
use crate::error::{Error, Kind, Result};
use std::fs::File;
use std::io::Write;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

/// Runs it, as another user where that is asked for.
pub async fn raw(
    master: &Master,
    target: &Target,
    becoming: Option<&Become>,
    command: &str,
    stdin: &[u8],
) -> Result<RawOutput> {
    let terminal = target.use_tty && stdin.is_empty();
    let (line, plan) = match becoming {
        None => (command.to_string(), None),
        Some(becoming) => {
            let plan = plan_command(target, becoming, command)?;
            let line = format!("{} -c {}", target.executable, shell_words::quote(&plan.command));
            (line, Some(plan))
        }
    };
    let mut client = Command::new(&target.ssh_executable);
    client.args(arguments::of_client(target, master.socket(), terminal, &line));
    client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    client.process_group(0).kill_on_drop(true);
    // The terminal at the far side takes its modes from the one at this side.
    let mut ours = None;
    if terminal {
        let (near, far) = detach::open_terminal().map_err(|error| failed(target, &error))?;
        client.stdin(far);
        ours = Some(near);
    }
    let spawned = client.spawn();
    drop(client);
    let mut child = spawned.map_err(|error| failed(target, &error))?;
    let mut output = RawOutput::default();
    let talk = Talk::new(&mut child, ours);
    talk.run(plan.as_ref(), stdin, &mut output).await?;
    let status = child.wait().await.map_err(|error| failed(target, &error))?;
    if status.code() == Some(255) && master.ends_within(Duration::from_millis(200)).await {
        return Err(master.lost());
    }
    output.rc = code(status);
    Ok(output)
}

fn failed(target: &Target, error: &std::io::Error) -> Error {
    let program = &target.ssh_executable;
    Error::new(Kind::Unreachable, format!("Failed to connect to the host via ssh: {program}: {error}"))
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(1))
}

/// The streams of a client.
struct Talk {
    to: Option<ChildStdin>,
    out: Option<tokio::process::ChildStdout>,
    errors: Option<tokio::process::ChildStderr>,
    /// What is at the far side's input instead of `to`.
    terminal: Option<File>,
}

impl Talk {
    fn new(child: &mut Child, terminal: Option<File>) -> Talk {
        Talk { to: child.stdin.take(), out: child.stdout.take(), errors: child.stderr.take(), terminal }
    }

    async fn run(mut self, plan: Option<&Plan>, stdin: &[u8], output: &mut RawOutput) -> Result<()> {
        if let Some(plan) = plan {
            self.become_other(plan, output).await?;
        }
        let (out, errors) = (self.out.as_mut(), self.errors.as_mut());
        let mut to = self.to.take();
        let feed = async {
            if let Some(to) = &mut to {
                // What does not read its input is not wrong.
                let _ = to.write_all(stdin).await;
            }
            drop(to.take());
        };
        tokio::join!(feed, collect(out, &mut output.stdout), collect(errors, &mut output.stderr));
        Ok(())
    }

    /// Answers until the other user's shell has printed its mark. Prompts and the mark are no output.
    async fn become_other(&mut self, plan: &Plan, output: &mut RawOutput) -> Result<()> {
        let (mut watch_out, mut watch_errors) = (Watch::default(), Watch::default());
        let deadline = tokio::time::Instant::now() + Duration::from_secs(plan.timeout);
        let mut answered = false;
        while self.out.is_some() || self.errors.is_some() {
            let (mut a, mut b) = ([0; 4096], [0; 4096]);
            let (from_out, piece) = tokio::select! {
                piece = read(&mut self.out, &mut a) => (true, piece),
                piece = read(&mut self.errors, &mut b) => (false, piece),
                () = tokio::time::sleep_until(deadline) => {
                    let message = format!(
                        "Timeout ({}s) waiting for privilege escalation prompt: {}", plan.timeout, watch_out.text()
                    );
                    return Err(Error::new(Kind::Unreachable, message));
                }
            };
            let (watch, sink) = match from_out {
                true => (&mut watch_out, &mut output.stdout),
                false => (&mut watch_errors, &mut output.stderr),
            };
            sink.extend_from_slice(&piece);
            match watch.take(plan, &piece, answered) {
                Sight::Nothing => {}
                Sight::Refused(why) => return Err(Error::action(why)),
                Sight::Through => {
                    for sink in [&mut output.stdout, &mut output.stderr] {
                        *sink = without_marks(sink, plan);
                    }
                    return Ok(());
                }
                Sight::Ask => {
                    let line = format!("{}\n", plan.password.as_deref().unwrap_or_default());
                    match (&mut self.terminal, &mut self.to) {
                        (Some(terminal), _) => drop(terminal.write_all(line.as_bytes())),
                        (None, Some(to)) => drop(to.write_all(line.as_bytes()).await),
                        (None, None) => {}
                    }
                    answered = true;
                }
            }
        }
        Ok(())
    }
}

async fn read(from: &mut Option<impl AsyncRead + Unpin>, into: &mut [u8]) -> Vec<u8> {
    let Some(stream) = from else { return std::future::pending().await };
    match stream.read(into).await {
        Ok(count @ 1..) => into[..count].to_vec(),
        _ => {
            *from = None;
            Vec::new()
        }
    }
}

async fn collect(from: Option<&mut (impl AsyncRead + Unpin)>, into: &mut Vec<u8>) {
    if let Some(from) = from {
        let _ = from.read_to_end(into).await;
    }
}

/// The lines that are neither the prompt nor the mark of success.
fn without_marks(printed: &[u8], plan: &Plan) -> Vec<u8> {
    let is_mark = |line: &&[u8]| {
        memchr::memmem::find(line, plan.success.as_bytes()).is_none()
            && matches!(Watch::default().take(plan, line, false), Sight::Nothing)
    };
    printed.split_inclusive(|byte| *byte == b'\n').filter(is_mark).flatten().copied().collect()
}
