//! The controller itself as a target under other users: an agent each, started right here.

use super::r#become::plan_agent;
use super::fleet::{Job, Reply, Yard};
use super::host::{closed, content, reply};
use super::{Become, Target};
use crate::agent::Link;
use crate::agent::escalate::launch::{Launched, launch};
use crate::agent::link::Trouble;
use crate::agent::task::Task;
use crate::error::{Error, Kind, Result};
use std::collections::HashMap;
use std::io::{self, Cursor};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

type Slot = Arc<tokio::sync::Mutex<Option<Arc<Link>>>>;

/// See the module.
#[derive(Debug, Default)]
pub struct ThisMachine {
    agents: Mutex<HashMap<Become, Slot>>,
}

impl ThisMachine {
    /// Runs a job as another user.
    pub async fn run(&self, target: &Target, becoming: &Become, task: &Task, job: &Job, yard: &Yard) -> Result<Reply> {
        for _ in 0..3 {
            let link = self.agent(target, becoming, yard).await?;
            match link.run(0, task, job.payloads.iter().map(content).collect()).await {
                Ok(answer) => return Ok(reply(answer)),
                Err(Trouble::NotSent) => {}
                Err(Trouble::Refused(says)) => return Ok(Reply { result: says, payloads: Vec::new() }),
                Err(Trouble::Content(why)) => return Err(Error::action(why)),
                Err(Trouble::Closed) => return Err(closed()),
                Err(Trouble::Lost(why)) => {
                    return Err(Error::action(format!("The agent ended while the task was running: {why}")));
                }
            }
        }
        Err(Error::action(format!("the agent of {} ends as soon as it is there", becoming.user)))
    }

    async fn agent(&self, target: &Target, becoming: &Become, yard: &Yard) -> Result<Arc<Link>> {
        let slot = {
            let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
            agents.entry(becoming.clone()).or_default().clone()
        };
        let mut slot = slot.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.is_ended()) {
            return Ok(link.clone());
        }
        let plan = plan_agent(target, becoming)?;
        let own = yard.other_program().map(ToOwned::to_owned);
        let launched = tokio::task::spawn_blocking(move || launch(&plan, 0, own.as_deref())).await;
        let launched = launched.map_err(|error| Error::action(error.to_string()))?.map_err(|refusal| {
            let kind = if refusal.late { Kind::Unreachable } else { Kind::Action };
            Error::new(kind, refusal.message)
        })?;
        let link = open(launched, yard).await?;
        *slot = Some(link.clone());
        Ok(link)
    }

    /// Ends all agents.
    pub async fn close(&self) {
        let slots: Vec<Slot> = {
            let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
            agents.drain().map(|(_, slot)| slot).collect()
        };
        let close = |slot: Slot| async move {
            if let Some(link) = slot.lock().await.take() {
                link.hang_up().await;
            }
        };
        futures_util::future::join_all(slots.into_iter().map(close)).await;
    }
}

async fn open(launched: Launched, yard: &Yard) -> Result<Arc<Link>> {
    let Launched { from, to, duplex, leftover, mut child, .. } = launched;
    std::thread::spawn(move || child.wait());
    let broken = |error: io::Error| Error::action(format!("cannot speak to the agent: {error}"));
    let leftover = Cursor::new(leftover);
    let spool = yard.spool();
    let link = if duplex {
        drop(to);
        let socket = StdUnixStream::from(from);
        socket.set_nonblocking(true).map_err(broken)?;
        let (from, to) = UnixStream::from_std(socket).map_err(broken)?.into_split();
        Link::open(leftover.chain(from), to, &spool).await
    } else {
        let from = pipe::Receiver::from_owned_fd(from).map_err(broken)?;
        let to = pipe::Sender::from_owned_fd(to).map_err(broken)?;
        Link::open(leftover.chain(from), to, &spool).await
    };
    link.map(Arc::new).map_err(|trouble| Error::action(trouble.to_string()))
}
