//! One host's open connection: its master, its agent, and the agents under other users that this one started.

use super::agents::Agents;
use super::fleet::{Job, Payload, RawOutput, Reply, Yard};
use super::ssh::{self, Master, NoAgent};
use super::{Become, Target};
use crate::agent::link::{Answer, Content, Trouble};
use crate::agent::spool::Spool;
use crate::agent::task::Task;
use crate::error::{Error, Kind, Result};
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore};

/// A host by how it is reached.
#[derive(Debug)]
pub struct Host {
    target: Target,
    open: Mutex<Option<Arc<Open>>>,
}

/// A connection.
#[derive(Debug)]
struct Open {
    master: Master,
    /// Channels for `raw`: sshd lets a connection have ten (`MaxSessions`), and the agent has one.
    channels: Semaphore,
    agent: Mutex<Agent>,
}

/// The agent at its end.
#[derive(Debug, Default)]
enum Agent {
    /// Not asked for yet, or ended.
    #[default]
    None,
    /// There.
    Up(Arc<Agents>),
    /// The host runs none.
    Cannot(String),
}

impl Host {
    /// A host that is not connected yet. `target` is without another user.
    pub fn new(target: Target) -> Host {
        Host { target, open: Mutex::default() }
    }

    async fn open(&self, yard: &Yard) -> Result<Arc<Open>> {
        let mut open = self.open.lock().await;
        if let Some(open) = open.as_ref().filter(|open| !open.master.is_ended()) {
            return Ok(open.clone());
        }
        *open = None;
        let master = ssh::connect(&self.target, yard).await?;
        let opened = Arc::new(Open { master, channels: Semaphore::new(8), agent: Mutex::default() });
        *open = Some(opened.clone());
        Ok(opened)
    }

    /// Runs a job, connecting first where needed.
    pub async fn run(&self, becoming: Option<&Become>, task: &Task, job: &Job, yard: &Yard) -> Result<Reply> {
        let contents = || job.payloads.iter().map(content).collect::<Vec<Content>>();
        // Only what was not sent at all is tried again, on a new connection.
        for _ in 0..3 {
            let open = self.open(yard).await?;
            let agents = open.agent(&self.target, yard).await?;
            let ran = match agents.route(&self.target, becoming).await? {
                Ok(route) => agents.link.run(route, task, contents()).await,
                // Nothing of the job was sent yet.
                Err(Trouble::Lost(_)) if agents.link.is_ended() => Err(Trouble::NotSent),
                Err(trouble) => Err(trouble),
            };
            match ran {
                Ok(answer) => return Ok(reply(answer)),
                Err(Trouble::NotSent) => open.forget_agent(&agents).await,
                Err(Trouble::Lost(why)) => return Err(ssh::lost(&open.master, &why).await),
                Err(Trouble::Refused(says)) => return Ok(Reply { result: says, payloads: Vec::new() }),
                Err(Trouble::Content(why)) => return Err(Error::action(why)),
                Err(Trouble::Closed) => return Err(closed()),
            }
        }
        let open = self.open(yard).await?;
        Err(ssh::lost(&open.master, "it ends as soon as it is there").await)
    }

    /// Runs a command line without an agent.
    pub async fn raw(&self, becoming: Option<&Become>, command: &str, stdin: &[u8], yard: &Yard) -> Result<RawOutput> {
        let open = self.open(yard).await?;
        let _channel = open.channels.acquire().await;
        ssh::raw(&open.master, &self.target, becoming, command, stdin).await
    }

    /// Why the host runs no agent, once that is known.
    pub async fn without_agent(&self) -> Option<String> {
        let open = self.open.lock().await.clone()?;
        match &*open.agent.lock().await {
            Agent::Cannot(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// Closes the connection.
    pub async fn close(&self) {
        let Some(open) = self.open.lock().await.take() else { return };
        if let Agent::Up(agents) = std::mem::take(&mut *open.agent.lock().await) {
            agents.link.hang_up().await;
        }
        open.master.close().await;
    }
}

impl Open {
    async fn agent(&self, target: &Target, yard: &Yard) -> Result<Arc<Agents>> {
        let mut agent = self.agent.lock().await;
        match &*agent {
            Agent::Up(agents) if !agents.link.is_ended() => return Ok(agents.clone()),
            Agent::Cannot(why) => return Err(Error::action(format!("no agent can run on the host: {why}"))),
            _ => {}
        }
        match ssh::start_agent(&self.master, target, yard).await {
            Ok(link) => {
                let agents = Arc::new(Agents::new(link));
                *agent = Agent::Up(agents.clone());
                Ok(agents)
            }
            Err(NoAgent::Unavailable(why)) => {
                *agent = Agent::Cannot(why.clone());
                Err(Error::action(format!("no agent can run on the host: {why}")))
            }
            Err(NoAgent::Failed(error)) => Err(error),
        }
    }

    async fn forget_agent(&self, agents: &Arc<Agents>) {
        let mut agent = self.agent.lock().await;
        if matches!(&*agent, Agent::Up(current) if Arc::ptr_eq(current, agents)) {
            *agent = Agent::None;
        }
    }
}

/// The error for work whose connection we closed ourselves.
pub fn closed() -> Error {
    Error::new(Kind::Interrupted, "the connection was closed while the task was running")
}

/// A payload as the link sends it.
pub fn content(payload: &Payload) -> Content {
    match payload {
        Payload::Memory(bytes) => Content::Memory(bytes.clone().into()),
        Payload::File(path) => Content::File(path.clone()),
        Payload::Spooled(path) => Content::File(path.to_path_buf()),
    }
}

/// An answer as a reply: its files go when the reply goes.
pub fn reply(answer: Answer) -> Reply {
    let payloads = answer.blobs.into_iter().map(|blob| match blob {
        Spool::Memory(bytes) => Payload::Memory(bytes),
        Spool::File(_, path) => match tempfile::TempPath::try_from_path(&path) {
            Ok(path) => Payload::Spooled(Arc::new(path)),
            Err(_) => Payload::File(path),
        },
    });
    Reply { result: answer.head, payloads: payloads.collect() }
}
