//! Hosts reached by OpenSSH: a master a host, one channel in it for the agent, one for every `raw`.

mod arguments;
pub mod askpass;
mod keeper;
mod master;
pub mod person;
mod raw;
mod trouble;

pub use master::Master;
pub use raw::raw;

use super::Target;
use super::fleet::Yard;
use crate::agent::{Link, bootstrap};
use crate::error::{Error, Kind, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// How often we come again when a busy daemon turned us away.
const TURNED_AWAY: u32 = 6;

/// Why no agent answers.
#[derive(Debug)]
pub enum NoAgent {
    /// The host runs none: other ways stay open.
    Unavailable(String),
    /// The connection failed.
    Failed(Error),
}

/// Connects: attempts that were turned away, and `retries`, come again after a pause that grows.
pub async fn connect(target: &Target, yard: &Yard) -> Result<Master> {
    let mut turned_away = 0;
    let mut attempt = 0;
    loop {
        let permit = yard.connecting.acquire().await;
        let socket = yard.new_socket()?;
        let result = Master::start(target, &socket, yard).await;
        drop(permit);
        let error = match result {
            Ok(master) => return Ok(master),
            Err(error) => error,
        };
        let pause = if trouble::is_turned_away(error.message()) && turned_away < TURNED_AWAY {
            turned_away += 1;
            Duration::from_millis(100 * (1 << turned_away) + rand_below(100))
        } else if attempt < target.retries && !trouble::is_refused(error.message()) {
            attempt += 1;
            Duration::from_secs(((1u64 << (attempt - 1).min(6)) - 1).min(30))
        } else {
            return Err(error);
        };
        yard.note(target, 2, || format!("connecting again in {} ms: {error}", pause.as_millis()));
        tokio::time::sleep(pause).await;
    }
}

/// Spreads out what would come again at the same moment.
fn rand_below(limit: u64) -> u64 {
    let word = crate::agent::noise::word();
    u64::from_str_radix(&word[..8], 16).unwrap_or(0) % limit
}

/// Starts the agent over one channel of the connection.
pub async fn start_agent(master: &Master, target: &Target, yard: &Yard) -> Result<Link, NoAgent> {
    let program = yard.program().await.map_err(NoAgent::Failed)?;
    let start = bootstrap::Start::new(&program, &target.remote_tmp, &target.executable);
    let mut command = master.session().arc_raw_command(&start.command);
    command.stdin(openssh::Stdio::piped()).stdout(openssh::Stdio::piped()).stderr(openssh::Stdio::piped());
    let broken = |error: openssh::Error| match master.is_ended() {
        true => NoAgent::Failed(master.lost()),
        false => NoAgent::Failed(Error::new(
            Kind::Unreachable,
            format!("Failed to open a channel to the host via ssh: {}", describe(&error)),
        )),
    };
    let mut child = command.spawn().await.map_err(broken)?;
    let (Some(mut to), Some(from), Some(stderr)) = (child.stdin().take(), child.stdout().take(), child.stderr().take())
    else {
        return Err(NoAgent::Failed(Error::new(Kind::Unreachable, "a channel without streams")));
    };
    let said = Arc::new(Mutex::new(String::new()));
    let listener = tokio::spawn(listen(stderr, said.clone()));
    let said = move || said.lock().unwrap_or_else(PoisonError::into_inner).trim().to_string();
    let started = bootstrap::run(&start, &program, from, &mut to).await;
    let from = match started {
        Ok(Ok(from)) => from,
        Ok(Err(unavailable)) => return Err(NoAgent::Unavailable(unavailable.why)),
        Err(error) => {
            drop(to);
            if master.ends_within(Duration::from_millis(300)).await {
                return Err(NoAgent::Failed(master.lost()));
            }
            let _ = tokio::time::timeout(Duration::from_millis(500), listener).await;
            let said = said();
            let why = if said.is_empty() { format!("it ended before it answered: {error}") } else { said };
            return Err(NoAgent::Unavailable(why));
        }
    };
    yard.note(target, 3, || format!("the agent runs ({})", program.describe()));
    let link = Link::open(from, to, &yard.spool()).await.map_err(|error| NoAgent::Unavailable(error.to_string()))?;
    // The channel lasts as long as somebody holds the child.
    tokio::spawn(async move {
        let ended = child.wait().await;
        tracing::debug!("the agent has ended: {ended:?}, {}", said());
    });
    Ok(link)
}

async fn listen(mut from: impl tokio::io::AsyncRead + Unpin, said: Arc<Mutex<String>>) {
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < 64 * 1024 {
            said.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    }
}

fn describe(error: &openssh::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The error for a job whose agent was lost: the connection's end, or the agent's alone.
pub async fn lost(master: &Master, why: &str) -> Error {
    if master.ends_within(Duration::from_millis(500)).await {
        return master.lost();
    }
    Error::action(format!("The agent on the host ended while the task was running: {why}"))
}
