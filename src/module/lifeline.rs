//! What ends with a run: its processes, and its patience. Whoever started the run can cut it from another thread.

use rustix::process::{Pid, Signal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long processes may take to end by themselves before they are killed.
const GRACE: Duration = Duration::from_secs(2);

/// Holds a run's living processes. Clones are handles to the same run.
#[derive(Clone, Debug)]
pub struct Lifeline(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cut: bool,
    /// Leaders of process groups that have not been reaped; so the numbers cannot mean others.
    groups: Vec<Pid>,
}

static ALL: Mutex<Vec<Weak<Mutex<State>>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Lifeline {
    fn default() -> Lifeline {
        let state = Arc::new(Mutex::new(State::default()));
        let mut all = lock(&ALL);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&state));
        Lifeline(state)
    }
}

impl Lifeline {
    /// Whether the run shall end. Whatever waits looks here now and then.
    pub fn is_cut(&self) -> bool {
        lock(&self.0).cut
    }

    /// Ends the run: its process groups get SIGTERM, after a grace SIGKILL, and no new ones live on.
    pub fn cut(&self) {
        end(std::slice::from_ref(&self.0));
    }

    /// Sleeps, but not beyond a cut; whether the run goes on.
    pub fn sleep(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            if self.is_cut() {
                return false;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Duration::from_millis(200)));
        }
    }

    /// Takes a new process group in; one that comes after the cut is killed at once.
    pub(super) fn enter(&self, group: Pid) {
        let mut state = lock(&self.0);
        if state.cut {
            signal(group, Signal::KILL);
        }
        state.groups.push(group);
    }

    /// Lets a process group go; `reap` runs before anybody could signal its number again.
    pub(super) fn leave<T>(&self, group: Pid, reap: impl FnOnce() -> T) -> T {
        let mut state = lock(&self.0);
        state.groups.retain(|other| *other != group);
        reap()
    }
}

/// Cuts every run of this process: for the agent when its channel closes, and for the controller when the user ends it.
pub fn cut_all() {
    let all: Vec<_> = lock(&ALL).iter().filter_map(Weak::upgrade).collect();
    end(&all);
}

fn end(runs: &[Arc<Mutex<State>>]) {
    for run in runs {
        let mut state = lock(run);
        state.cut = true;
        state.groups.iter().for_each(|group| signal(*group, Signal::TERM));
    }
    let deadline = Instant::now() + GRACE;
    while runs.iter().any(|run| !lock(run).groups.is_empty()) {
        if Instant::now() > deadline {
            for run in runs {
                lock(run).groups.iter().for_each(|group| signal(*group, Signal::KILL));
            }
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A group that is gone already is no error.
pub(super) fn signal(group: Pid, signal: Signal) {
    let _ = rustix::process::kill_process_group(group, signal);
}
