//! The agent's loop at the target: reads jobs, runs each on a thread of its own, sends back what came out.
//!
//! It lives exactly as long as its channel: when the stream ends, or it is told to end by a signal, everything that it
//! started ends too. Only the reading thread touches the table of incoming jobs; only whole frames are written.

use super::escalate::inner::{Inners, Send};
use super::frame::{self, Frame, Kind};
use super::spool::Spool;
use super::task::{Task, failed};
use super::workplace::Workplace;
use crate::module::Blob;
use crate::module::lifeline::{self, Lifeline};
use crate::value::{Dict, Value, json};
use bytes::Bytes;
use nix::sys::signal::{SigSet, Signal};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Of a job's thread: data may be nested deeply.
const STACK: usize = 8 << 20;

/// How an agent was started. Nothing secret: these words stand in the process list.
#[derive(Debug, Default, PartialEq)]
struct Options {
    /// Precedes the first frame, so that what a login shell prints is told from it.
    mark: String,
    /// Where its own directory goes.
    tmp: PathBuf,
    /// Frames are for this route.
    route: u16,
    /// Standard output is a socket that is read from as well (standard input is a terminal).
    duplex: bool,
}

impl Options {
    fn parse(words: impl Iterator<Item = OsString>) -> Option<Options> {
        let mut words = words;
        let mut options = Options { mark: words.next()?.into_string().ok()?, ..Options::default() };
        while let Some(word) = words.next() {
            match word.to_str()? {
                "--tmp" => options.tmp = words.next()?.into(),
                "--route" => options.route = words.next()?.to_str()?.parse().ok()?,
                "--duplex" => options.duplex = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// What the connection's jobs share.
struct Agent {
    out: Mutex<File>,
    route: u16,
    place: Mutex<Option<Workplace>>,
    tmp: PathBuf,
    running: Mutex<HashMap<u32, Lifeline>>,
    inners: Arc<Inners>,
}

/// A job whose content is still coming in.
#[derive(Default)]
struct Incoming {
    head: Vec<u8>,
    blobs: Vec<Spool>,
    open: bool,
    broken: Option<String>,
}

/// The agent's `main`: `words` are those after `--agent`.
pub fn main(words: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(options) = Options::parse(words) else { return ExitCode::from(2) };
    match start(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "heliostat agent: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> io::Result<()> {
    let signals = block_signals();
    let (mut from, out) = take_streams(options.duplex)?;
    let place = Workplace::create(&options.tmp)?;
    let tmp = place.path().to_owned();
    let agent = Arc::new(Agent {
        out: Mutex::new(out),
        route: options.route,
        place: Mutex::new(Some(place)),
        tmp,
        running: Mutex::default(),
        inners: Arc::default(),
    });
    agent.hello(&options.mark)?;
    let watcher = agent.clone();
    std::thread::spawn(move || {
        let _ = signals.wait();
        watcher.end();
    });
    let own = agent.tmp.clone();
    std::thread::spawn(move || {
        Workplace::sweep_beside(&own);
        super::program::sweep_targets();
    });
    let result = agent.serve(&mut from);
    if let Err(error) = &result {
        let _ = writeln!(io::stderr(), "heliostat agent: {error}");
    }
    agent.end()
}

/// Signals that end us are waited for by a thread. Children start with none blocked: the standard library sees to it.
fn block_signals() -> SigSet {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        signals.add(signal);
    }
    let _ = signals.thread_block();
    signals
}

/// Takes the streams away from where modules and their children could reach them.
fn take_streams(duplex: bool) -> io::Result<(File, File)> {
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let from = match duplex {
        true => out.try_clone()?,
        false => File::from(io::stdin().as_fd().try_clone_to_owned()?),
    };
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok((from, out))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Agent {
    fn hello(&self, mark: &str) -> io::Result<()> {
        let mut hello = Dict::new();
        hello.insert("protocol", frame::PROTOCOL);
        hello.insert("version", env!("CARGO_PKG_VERSION"));
        hello.insert("pid", i64::from(std::process::id()));
        hello.insert("uid", i64::from(rustix::process::geteuid().as_raw()));
        hello.insert("tmp", self.tmp.to_string_lossy().into_owned());
        let body = json::to_string(&Value::dict(hello), &json::Style::COMPACT);
        let mut out = lock(&self.out);
        out.write_all(format!("{mark} AGENT\n").as_bytes())?;
        frame::write(&mut *out, &Frame::new(Kind::Hello, self.route, 0, body))
    }

    /// Reads until the stream ends.
    fn serve(self: &Arc<Agent>, from: &mut impl Read) -> io::Result<()> {
        let mut incoming: HashMap<u32, Incoming> = HashMap::new();
        let mut plans: HashMap<u32, Vec<u8>> = HashMap::new();
        while let Some(frame) = frame::read(from)? {
            let request = frame.request;
            if frame.route != self.route {
                self.inners.pass(&frame);
                continue;
            }
            match frame.kind {
                Kind::Job => incoming.entry(request).or_default().head.extend_from_slice(&frame.body),
                Kind::Blob => incoming.entry(request).or_default().push(&frame, &self.tmp),
                Kind::Go => self.begin(request, incoming.remove(&request).unwrap_or_default()),
                Kind::Cancel => {
                    if let Some(job) = incoming.remove(&request) {
                        job.discard();
                    }
                    self.cancel(request);
                }
                Kind::Escalate => {
                    let plan = plans.entry(request).or_default();
                    plan.extend_from_slice(&frame.body);
                    if frame.last {
                        self.escalate(request, plans.remove(&request).unwrap_or_default());
                    }
                }
                Kind::Leave => self.inners.leave(request as u16),
                other => self.refuse(request, &format!("the agent does not take {other:?}")),
            }
        }
        Ok(())
    }

    fn escalate(self: &Arc<Agent>, request: u32, plan: Vec<u8>) {
        let agent = self.clone();
        std::thread::spawn(move || {
            let out = agent.clone();
            let send: Arc<Send> = Arc::new(move |frame: &Frame| out.send(frame));
            if agent.inners.escalate(request, &plan, &send).is_err() {
                agent.end();
            }
        });
    }

    fn begin(self: &Arc<Agent>, request: u32, job: Incoming) {
        let agent = self.clone();
        let lifeline = Lifeline::default();
        lock(&self.running).insert(request, lifeline.clone());
        let thread = std::thread::Builder::new().name(format!("job {request}")).stack_size(STACK);
        let spawned = thread.spawn(move || {
            agent.run(request, job, lifeline);
            lock(&agent.running).remove(&request);
        });
        if let Err(error) = spawned {
            self.refuse(request, &format!("cannot start a thread: {error}"));
        }
    }

    fn run(&self, request: u32, job: Incoming, lifeline: Lifeline) {
        if let Some(why) = &job.broken {
            self.reply(request, &failed(why), Vec::new());
            return job.discard();
        }
        let task = String::from_utf8(job.head).map_err(|error| error.to_string());
        let task = match task.and_then(|text| Task::from_json(&text).map_err(|error| error.one_line())) {
            Ok(task) => task,
            Err(why) => return self.refuse(request, &why),
        };
        let files: Vec<PathBuf> = job.blobs.iter().filter_map(|blob| blob.path().map(PathBuf::from)).collect();
        let blobs = job.blobs.into_iter().map(|blob| match blob {
            Spool::Memory(bytes) => Blob::Memory(bytes),
            Spool::File(_, path) => Blob::File(path),
        });
        let (result, blobs) = task.run(blobs.collect(), &self.tmp, lifeline);
        self.reply(request, &result, blobs);
        for file in files {
            let _ = std::fs::remove_file(file);
        }
    }

    /// Sends a result and its blobs; a file that cannot be read any more makes a failed result of it.
    fn reply(&self, request: u32, result: &Dict, blobs: Vec<Blob>) {
        let sent = self.send_result(request, result).and_then(|()| {
            for blob in blobs {
                match blob {
                    Blob::Memory(bytes) => {
                        Frame::cut(Kind::Blob, self.route, request, bytes).try_for_each(|frame| self.send(&frame))?;
                    }
                    Blob::File(path) => {
                        if let Err(error) = self.send_file(request, &path) {
                            self.refuse(request, &format!("{}: {error}", path.display()));
                            return Ok(());
                        }
                    }
                }
            }
            self.send(&Frame::new(Kind::Done, self.route, request, Bytes::new()))
        });
        if sent.is_err() {
            self.end();
        }
    }

    fn send_result(&self, request: u32, result: &Dict) -> io::Result<()> {
        let text = json::to_string(&Value::dict(result.clone()), &json::Style::COMPACT);
        Frame::cut(Kind::Result, self.route, request, text).try_for_each(|frame| self.send(&frame))
    }

    fn send_file(&self, request: u32, path: &std::path::Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        loop {
            let mut piece = Vec::with_capacity(frame::CHUNK);
            io::Read::by_ref(&mut file).take(frame::CHUNK as u64).read_to_end(&mut piece)?;
            let last = piece.len() < frame::CHUNK;
            let frame = Frame { kind: Kind::Blob, last, route: self.route, request, body: piece.into() };
            if self.send(&frame).is_err() {
                self.end();
            }
            if last {
                return Ok(());
            }
        }
    }

    fn refuse(&self, request: u32, why: &str) {
        let body = json::to_string(&Value::dict(failed(why)), &json::Style::COMPACT);
        if Frame::cut(Kind::Refused, self.route, request, body).try_for_each(|frame| self.send(&frame)).is_err() {
            self.end();
        }
    }

    fn send(&self, frame: &Frame) -> io::Result<()> {
        frame::write(&mut *lock(&self.out), frame)
    }

    /// Ends what a job started. That takes the time its processes take to end, so it is not for the reading thread.
    fn cancel(&self, request: u32) {
        if let Some(lifeline) = lock(&self.running).remove(&request) {
            std::thread::spawn(move || lifeline.cut());
        }
    }

    /// Ends the process with all that it started. Whoever comes first does it; the others wait for their end in the lock.
    fn end(&self) -> ! {
        let mut place = lock(&self.place);
        self.inners.leave_all();
        lifeline::cut_all();
        self.inners.wait(Duration::from_secs(3));
        drop(place.take());
        std::process::exit(0)
    }
}

impl Incoming {
    fn push(&mut self, frame: &Frame, dir: &std::path::Path) {
        if !self.open {
            self.blobs.push(Spool::default());
        }
        self.open = !frame.last;
        if self.broken.is_none()
            && let Some(spool) = self.blobs.last_mut()
            && let Err(error) = spool.push(&frame.body, dir)
        {
            self.broken = Some(format!("cannot keep the content in {}: {error}", dir.display()));
        }
    }

    fn discard(self) {
        for blob in &self.blobs {
            if let Some(path) = blob.path() {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read() {
        let words = ["m", "--tmp", "/t", "--route", "3", "--duplex"].map(OsString::from);
        let expected = Options { mark: "m".into(), tmp: "/t".into(), route: 3, duplex: true };
        assert_eq!(Options::parse(words.into_iter()), Some(expected));
        assert_eq!(Options::parse(["m", "--nope"].map(OsString::from).into_iter()), None);
        assert_eq!(Options::parse(std::iter::empty()), None);
    }
}
