//! The controller's side of a stream to an agent: many jobs in flight, each an awaited call.
//!
//! One task writes frames in the order it gets them through a short queue (that is the back-pressure: a large payload
//! waits there, a small job passes between its pieces), one reads and hands every reply to who waits for it.

use super::frame::{self, Frame, Kind};
use super::spool::Spool;
use super::task::Task;
use crate::value::{Dict, Value, json};
use bytes::Bytes;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{mpsc, oneshot, watch};

/// Frames that may wait for the stream: a megabyte at most.
const QUEUE: usize = 4;

/// Content for a job or from a reply.
#[derive(Debug)]
pub enum Content {
    /// In memory.
    Memory(Bytes),
    /// In a file.
    File(PathBuf),
}

/// A reply as it came: its head and its blobs (files among them are ours to remove).
#[derive(Debug)]
pub struct Answer {
    /// The result.
    pub head: Dict,
    /// Content that came along.
    pub blobs: Vec<Spool>,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// The stream was gone before anything of the job was sent: it may be sent on another one.
    #[error("the connection was closed")]
    NotSent,
    /// The stream or the agent ended while the job was on its way or running.
    #[error("{0}")]
    Lost(String),
    /// We closed the stream ourselves.
    #[error("the connection was closed")]
    Closed,
    /// The agent could not do it; what it says about that.
    #[error("{}", .0.get("msg").map(|msg| msg.to_text().into_owned()).unwrap_or_default())]
    Refused(Dict),
    /// The controller could not read what it should send.
    #[error("{0}")]
    Content(String),
}

struct Pending {
    route: u16,
    text: Vec<u8>,
    blobs: Vec<Spool>,
    open: bool,
    broken: Option<String>,
    answer: oneshot::Sender<Result<Answer, Trouble>>,
}

struct Shared {
    next: AtomicU32,
    pending: Mutex<HashMap<u32, Pending>>,
    ended: watch::Sender<Option<String>>,
    hang_up: watch::Sender<bool>,
    gone: Mutex<HashMap<u16, String>>,
    spool: PathBuf,
}

/// An open stream to an agent.
pub struct Link {
    frames: mpsc::Sender<Frame>,
    shared: Arc<Shared>,
    /// What the agent said of itself.
    pub hello: Dict,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("hello", &self.hello).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    /// Takes over a stream on which the agent's mark has been read. `spool` is where large replies go.
    pub async fn open(
        mut from: impl AsyncRead + Unpin + Send + 'static,
        to: impl AsyncWrite + Unpin + Send + 'static,
        spool: &Path,
    ) -> Result<Link, Trouble> {
        let lost = |why: String| Trouble::Lost(why);
        let hello = match frame::receive(&mut from).await {
            Ok(Some(frame)) if frame.kind == Kind::Hello => dict_of(&frame.body).map_err(lost)?,
            Ok(Some(frame)) => return Err(lost(format!("the agent began with {:?}", frame.kind))),
            Ok(None) => return Err(lost("the agent ended at once".into())),
            Err(error) => return Err(lost(format!("the agent's first words are not understood: {error}"))),
        };
        if hello.get("protocol").and_then(Value::as_i64) != Some(frame::PROTOCOL) {
            return Err(lost("the agent speaks another protocol".into()));
        }
        let (frames, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            next: AtomicU32::new(1),
            pending: Mutex::default(),
            ended: watch::Sender::new(None),
            hang_up: watch::Sender::new(false),
            gone: Mutex::default(),
            spool: spool.to_owned(),
        });
        tokio::spawn(write_all(queue, to, shared.clone()));
        tokio::spawn(read_all(from, shared.clone()));
        Ok(Link { frames, shared, hello })
    }

    /// Whether the stream has ended.
    pub fn is_ended(&self) -> bool {
        self.shared.ended.borrow().is_some()
    }

    /// Whether the agent of this route has ended, and why.
    pub fn is_gone(&self, route: u16) -> Option<String> {
        lock(&self.shared.gone).get(&route).cloned()
    }

    /// Waits for the end of the stream and says why it ended.
    pub async fn ended(&self) -> String {
        let mut ended = self.shared.ended.subscribe();
        match ended.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Runs a job at the agent of `route`. Dropping the future ends the job there.
    pub async fn run(&self, route: u16, task: &Task, contents: Vec<Content>) -> Result<Answer, Trouble> {
        let head = task.to_json();
        self.call(route, Kind::Job, head, contents).await
    }

    /// Starts an agent as another user; its frames go by `route` from then on.
    pub async fn escalate(&self, route: u16, plan: String) -> Result<Answer, Trouble> {
        lock(&self.shared.gone).remove(&route);
        let (request, mut answer, guard) = self.expect(0);
        // The route stands in the request's place in the body: the agent at the end of the stream answers.
        let body = format!("{route}\n{plan}");
        let sent = self.send_frames(Frame::cut(Kind::Escalate, 0, request, body)).await;
        let result = match sent {
            Ok(()) => (&mut answer).await.unwrap_or_else(|_| Err(self.lost())),
            Err(trouble) => Err(trouble),
        };
        guard.done();
        result
    }

    /// Ends the agent of a route.
    pub async fn leave(&self, route: u16) {
        let _ = self.frames.send(Frame::new(Kind::Leave, 0, u32::from(route), Bytes::new())).await;
    }

    /// Ends the stream: the agent ends what it runs and goes. Waits for that, but not for long.
    /// Whoever waits for a reply gets [`Trouble::Closed`].
    pub async fn hang_up(&self) {
        // What comes from now on is the work of the end itself: nobody shall take it for a result.
        let pending: Vec<Pending> = lock(&self.shared.pending).drain().map(|(_, pending)| pending).collect();
        pending.into_iter().for_each(|pending| pending.fail(Trouble::Closed));
        self.shared.hang_up.send_replace(true);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), self.ended()).await;
    }

    async fn call(&self, route: u16, kind: Kind, head: String, contents: Vec<Content>) -> Result<Answer, Trouble> {
        if self.is_ended() {
            return Err(Trouble::NotSent);
        }
        let (request, mut answer, guard) = self.expect(route);
        let send = async {
            self.send_frames(Frame::cut(kind, route, request, head)).await?;
            for content in contents {
                self.send_content(route, request, content).await?;
            }
            self.send_frames(std::iter::once(Frame::new(Kind::Go, route, request, Bytes::new()))).await
        };
        // The agent may answer before everything is sent: when it cannot go on.
        let early = tokio::select! {
            biased;
            early = &mut answer => Some(early),
            sent = send => { sent?; None }
        };
        let result = match early {
            Some(answer) => answer,
            None => answer.await,
        };
        guard.done();
        result.unwrap_or_else(|_| Err(self.lost()))
    }

    fn lost(&self) -> Trouble {
        Trouble::Lost(self.shared.ended.borrow().clone().unwrap_or_else(|| "the connection was closed".into()))
    }

    fn expect(&self, route: u16) -> (u32, oneshot::Receiver<Result<Answer, Trouble>>, Guard<'_>) {
        let request = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        let pending = Pending { route, text: Vec::new(), blobs: Vec::new(), open: false, broken: None, answer: sender };
        lock(&self.shared.pending).insert(request, pending);
        // The reader may have gone between our look and this entry: it fails what is in the table when it goes.
        if self.is_ended() {
            lock(&self.shared.pending).remove(&request);
        }
        (request, answer, Guard { link: self, route, request, armed: true })
    }

    async fn send_frames(&self, frames: impl Iterator<Item = Frame>) -> Result<(), Trouble> {
        for frame in frames {
            self.frames.send(frame).await.map_err(|_| self.lost())?;
        }
        Ok(())
    }

    async fn send_content(&self, route: u16, request: u32, content: Content) -> Result<(), Trouble> {
        let path = match content {
            Content::Memory(bytes) => return self.send_frames(Frame::cut(Kind::Blob, route, request, bytes)).await,
            Content::File(path) => path,
        };
        let unreadable = |error: std::io::Error| Trouble::Content(format!("{}: {error}", path.display()));
        let mut file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
        file.set_max_buf_size(frame::CHUNK);
        loop {
            let mut piece = Vec::with_capacity(frame::CHUNK);
            (&mut file).take(frame::CHUNK as u64).read_to_end(&mut piece).await.map_err(unreadable)?;
            let last = piece.len() < frame::CHUNK;
            let frame = Frame { kind: Kind::Blob, last, route, request, body: piece.into() };
            self.send_frames(std::iter::once(frame)).await?;
            if last {
                return Ok(());
            }
        }
    }
}

/// Takes a job back when nobody waits for it any more.
struct Guard<'a> {
    link: &'a Link,
    route: u16,
    request: u32,
    armed: bool,
}

impl Guard<'_> {
    fn done(mut self) {
        self.armed = false;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let pending = lock(&self.link.shared.pending).remove(&self.request);
        if let Some(pending) = pending {
            pending.discard();
        }
        let cancel = Frame::new(Kind::Cancel, self.route, self.request, Bytes::new());
        if let Err(mpsc::error::TrySendError::Full(cancel)) = self.link.frames.try_send(cancel) {
            let frames = self.link.frames.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { frames.send(cancel).await });
            }
        }
    }
}

impl Pending {
    fn discard(self) {
        for blob in &self.blobs {
            if let Some(path) = blob.path() {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

async fn write_all(mut queue: mpsc::Receiver<Frame>, mut to: impl AsyncWrite + Unpin, shared: Arc<Shared>) {
    let mut ended = shared.ended.subscribe();
    let mut hang_up = shared.hang_up.subscribe();
    loop {
        let frame = tokio::select! {
            frame = queue.recv() => frame,
            _ = ended.wait_for(Option::is_some) => None,
            _ = hang_up.wait_for(|now| *now) => None,
        };
        let Some(frame) = frame else { return };
        if let Err(error) = frame::send(&mut to, &frame).await {
            // The reader knows more: it sees what came before the end.
            return tracing::debug!("cannot write to the agent: {error}");
        }
    }
}

async fn read_all(mut from: impl AsyncRead + Unpin, shared: Arc<Shared>) {
    let why = loop {
        match frame::receive(&mut from).await {
            Ok(Some(frame)) => {
                if let Some(done) = shared.take(frame) {
                    done();
                }
            }
            Ok(None) => break "the connection was closed".to_string(),
            Err(error) => break format!("the connection broke: {error}"),
        }
    };
    shared.ended.send_replace(Some(why.clone()));
    let pending: Vec<Pending> = lock(&shared.pending).drain().map(|(_, pending)| pending).collect();
    pending.into_iter().for_each(|pending| pending.fail(Trouble::Lost(why.clone())));
}

impl Pending {
    fn fail(mut self, trouble: Trouble) {
        let (sender, _) = oneshot::channel();
        let answer = std::mem::replace(&mut self.answer, sender);
        self.discard();
        let _ = answer.send(Err(trouble));
    }

    fn finish(self) {
        let answer = match (self.broken, dict_of(&self.text)) {
            (Some(why), _) => Err(Trouble::Content(why)),
            (None, Err(why)) => Err(Trouble::Lost(why)),
            (None, Ok(head)) => Ok(Answer { head, blobs: self.blobs }),
        };
        let _ = self.answer.send(answer);
    }
}

impl Shared {
    /// Puts a frame where it belongs. What is to be done outside the table's lock comes back.
    fn take(&self, frame: Frame) -> Option<Box<dyn FnOnce() + Send>> {
        let mut table = lock(&self.pending);
        match frame.kind {
            Kind::Result | Kind::Refused => {
                let pending = table.get_mut(&frame.request)?;
                pending.text.extend_from_slice(&frame.body);
                if frame.kind == Kind::Result || !frame.last {
                    return None;
                }
                let pending = table.remove(&frame.request)?;
                Some(Box::new(move || match dict_of(&pending.text) {
                    Ok(says) => pending.fail(Trouble::Refused(says)),
                    Err(why) => pending.fail(Trouble::Lost(why)),
                }))
            }
            Kind::Blob => {
                let pending = table.get_mut(&frame.request)?;
                if !pending.open {
                    pending.blobs.push(Spool::default());
                }
                pending.open = !frame.last;
                if pending.broken.is_none()
                    && let Some(Err(error)) = pending.blobs.last_mut().map(|blob| blob.push(&frame.body, &self.spool))
                {
                    pending.broken = Some(format!("cannot keep the content in {}: {error}", self.spool.display()));
                }
                None
            }
            Kind::Done => {
                let pending = table.remove(&frame.request)?;
                Some(Box::new(move || pending.finish()))
            }
            Kind::Gone => {
                let says = dict_of(&frame.body).unwrap_or_default();
                let why = says.get("msg").map(|msg| msg.to_text().into_owned()).unwrap_or_default();
                lock(&self.gone).insert(frame.route, why.clone());
                let theirs = table.extract_if(|_, pending| pending.route == frame.route);
                let theirs: Vec<Pending> = theirs.map(|(_, pending)| pending).collect();
                Some(Box::new(move || {
                    theirs.into_iter().for_each(|pending| pending.fail(Trouble::Lost(why.clone())));
                }))
            }
            other => {
                tracing::debug!("the agent sent {other:?}");
                None
            }
        }
    }
}

fn dict_of(body: &[u8]) -> Result<Dict, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("the agent's answer is no UTF-8: {error}"))?;
    match json::parse(text).map_err(|error| format!("the agent's answer is not understood: {}", error.one_line()))? {
        Value::Dict(dict) => Ok(Arc::unwrap_or_clone(dict)),
        _ => Err("the agent's answer is no mapping".into()),
    }
}
