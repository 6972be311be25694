//! What happens in a run, as types. The engine sends events; callbacks, journals and reports receive them.
//!
//! Events are facts in the past tense and carry everything a listener may show; a listener never asks the engine back.

use crate::error::{Error, Origin, Warning};
use crate::value::{Dict, Value};
use std::sync::Arc;

/// What a task is, for listeners.
#[derive(Clone, Debug, Default)]
pub struct TaskInfo {
    /// Identity within the run.
    pub id: u32,
    /// Name for banners, rendered: `role : name` or the action.
    pub title: String,
    /// `name:` alone, rendered; empty for unnamed tasks.
    pub name: String,
    /// The role's name, if it stands in one.
    pub role: Option<String>,
    /// The action as written.
    pub action: String,
    /// The action's full name: `ansible.builtin.copy`.
    pub full_action: String,
    /// Where it stands.
    pub origin: Option<Origin>,
    /// Runs in check mode.
    pub check: bool,
    /// Shows differences: `--diff` or its `diff` keyword.
    pub diff: bool,
    /// Arguments as written, for `display_args_to_stdout`; empty under `no_log`.
    pub arguments: Dict,
    /// Is a handler.
    pub handler: bool,
    /// Has a loop: results come item by item.
    pub looping: bool,
    /// Made by us, not written by the user.
    pub implicit: bool,
    /// `no_log`.
    pub no_log: bool,
    /// Its tags.
    pub tags: Vec<String>,
}

/// How a host did in a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done; `changed` says whether anything changed.
    Ok,
    /// Failed; with `ignored` the host goes on.
    Failed,
    /// Not run: `when`, a module's own decision, an empty loop.
    Skipped,
    /// Not reached; with `ignored` the host goes on.
    Unreachable,
}

/// What a host did in a task, or in one item of its loop.
#[derive(Clone, Debug)]
pub struct Report {
    /// The inventory's name of the host.
    pub host: Arc<str>,
    /// The task.
    pub task: Arc<TaskInfo>,
    /// How it went.
    pub outcome: Outcome,
    /// `ignore_errors` or `ignore_unreachable` holds.
    pub ignored: bool,
    /// Whether something changed.
    pub changed: bool,
    /// The result as registered, with `_ansible_*` keys for listeners (`_ansible_verbose_always`, `_ansible_no_log`,
    /// `_ansible_item_label`, `_ansible_delegated_vars`).
    pub result: Arc<Dict>,
    /// The host it was delegated to.
    pub delegated: Option<Arc<str>>,
    /// The loop's item, as its label shows it.
    pub label: Option<Value>,
    /// Why it failed, with places.
    pub error: Option<Error>,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// The numbers of a host for the recap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tasks done, changed ones too.
    pub ok: u32,
    /// Tasks that changed something.
    pub changed: u32,
    /// Times the host was not reached.
    pub unreachable: u32,
    /// Failed tasks that were not ignored.
    pub failed: u32,
    /// Skipped tasks.
    pub skipped: u32,
    /// Failures that a `rescue` took up.
    pub rescued: u32,
    /// Failures that were ignored.
    pub ignored: u32,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A playbook file begins.
    PlaybookStarted {
        /// Its path as the user gave it.
        path: String,
    },
    /// A play begins.
    PlayStarted {
        /// Its name, rendered.
        name: String,
        /// In check mode.
        check: bool,
        /// Its hosts, in order.
        hosts: Vec<Arc<str>>,
        /// Hosts do not wait for each other (`free`, `host_pinned`): ends of different tasks interleave.
        free: bool,
    },
    /// A play's pattern matched no host.
    NoHostsMatched,
    /// All hosts of a play have failed.
    NoHostsRemaining,
    /// The files `vars_files:` named: found, or not (for `-v`).
    VarsFile {
        /// The file.
        path: String,
        /// Whether it was imported.
        found: bool,
    },
    /// A task begins on the first of its hosts.
    TaskStarted(Arc<TaskInfo>),
    /// A host begins a task.
    HostStarted {
        /// The host.
        host: Arc<str>,
        /// The task.
        task: Arc<TaskInfo>,
    },
    /// One item of a loop ended on a host.
    ItemEnded(Report),
    /// A task ended on a host.
    TaskEnded(Report),
    /// An attempt of an `until` failed and is tried again.
    Retrying {
        /// The attempt's result, with `attempts` and `retries`.
        report: Report,
        /// The attempt, from 1.
        attempt: u32,
        /// Attempts left.
        left: u32,
    },
    /// An asynchronous job was looked at.
    AsyncPolled {
        /// The host.
        host: Arc<str>,
        /// The job.
        job: String,
        /// Whether it has ended.
        finished: bool,
        /// Result so far.
        result: Arc<Dict>,
    },
    /// A file was included for hosts.
    Included {
        /// The file, or the role's name.
        file: String,
        /// The hosts.
        hosts: Vec<Arc<str>>,
        /// The item's label, when the include loops.
        label: Option<Value>,
    },
    /// A handler was notified (shown at -v and above).
    Notified {
        /// The handler's name.
        handler: String,
        /// The host.
        host: Arc<str>,
    },
    /// Message of a `meta` task or of the engine, shown from a verbosity on.
    Verbose {
        /// The level from which it shows, 0 to 6.
        level: u8,
        /// The host it is about.
        host: Option<Arc<str>>,
        /// The text.
        text: String,
    },
    /// A warning or deprecation for the user; each is shown once.
    Warning(Warning),
    /// An error that ends the run or a play, outside any task.
    Error(Error),
    /// Plain text for the terminal (pause prompts, debug of `--step`).
    Text(String),
    /// A question on the terminal: no line break behind it, the answer follows.
    Prompt(String),
    /// The run is over: the recap.
    Ended {
        /// Numbers by host, in the order hosts first did something.
        tallies: Vec<(Arc<str>, Tally)>,
        /// `set_stats` values, by host and for the run (`_run`).
        custom: Dict,
    },
}

/// Where events go. Cheap to clone; sending never blocks the engine.
#[derive(Clone, Debug)]
pub struct Sender(tokio::sync::mpsc::UnboundedSender<Event>);

/// Where events come out, in order.
pub type Receiver = tokio::sync::mpsc::UnboundedReceiver<Event>;

/// A new channel of events.
pub fn channel() -> (Sender, Receiver) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    (Sender(sender), receiver)
}

impl Sender {
    /// Sends an event; when nobody listens any more it is dropped.
    pub fn send(&self, event: Event) {
        let _ = self.0.send(event);
    }

    /// Sends a warning.
    pub fn warn(&self, message: impl Into<String>) {
        self.send(Event::Warning(Warning::new(message)));
    }
}
