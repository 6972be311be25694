//! Where a host stands in a play: which task comes next, and where a failure leads.

use crate::playbook::{Block, Step, Task};
use std::sync::Arc;

/// The part of a block that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Tasks,
    Rescue,
    Always,
}

/// A block that is entered.
#[derive(Clone, Debug)]
struct Frame {
    block: Arc<Block>,
    section: Section,
    /// The next step of the section.
    at: usize,
    /// A failure that nothing has taken up: it goes on outwards when `always` is done.
    failed: bool,
}

impl Frame {
    fn new(block: Arc<Block>) -> Frame {
        Frame { block, section: Section::Tasks, at: 0, failed: false }
    }

    fn steps(&self) -> &[Step] {
        match self.section {
            Section::Tasks => &self.block.block,
            Section::Rescue => &self.block.rescue,
            Section::Always => &self.block.always,
        }
    }

    fn enter(&mut self, section: Section) {
        self.section = section;
        self.at = 0;
    }
}

/// A host's place in a play. Cheap to clone: looking ahead works on a copy.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    frames: Vec<Frame>,
    /// While handlers are flushed: the next handler of the play to look at.
    flushing: Option<usize>,
    failed: bool,
    /// Ended by `meta: end_host`, `end_play` or for being unreachable: nothing comes any more.
    ended: bool,
}

impl Progress {
    /// At the start of `root`.
    pub fn new(root: Arc<Block>) -> Progress {
        Progress { frames: vec![Frame::new(root)], ..Progress::default() }
    }

    /// Moves on and gives the next task; `None` when there is none. `handlers` are the play's with whether this host was
    /// notified.
    pub fn next(&mut self, handlers: &[Arc<Task>], notified: &dyn Fn(&Task) -> bool) -> Option<Arc<Task>> {
        if self.ended {
            return None;
        }
        if let Some(at) = self.flushing {
            if let Some(found) = handlers.iter().skip(at).position(|handler| notified(handler)) {
                self.flushing = Some(at + found + 1);
                return handlers.get(at + found).cloned();
            }
            self.flushing = None;
        }
        loop {
            let frame = self.frames.last_mut()?;
            match frame.steps().get(frame.at).cloned() {
                Some(Step::Task(task)) => {
                    frame.at += 1;
                    return Some(task);
                }
                Some(Step::Block(block)) => {
                    frame.at += 1;
                    self.frames.push(Frame::new(block));
                }
                None if frame.section != Section::Always => frame.enter(Section::Always),
                None => {
                    let failed = frame.failed;
                    self.frames.pop();
                    if failed {
                        self.fail_outwards();
                    }
                }
            }
        }
    }

    /// The task that was given last has failed. Says whether a `rescue` takes it up, here or further out.
    pub fn fail(&mut self) -> bool {
        let rescued = self.rescues();
        // a handler that fails ends the flush; the failure belongs to the place of the flush
        self.flushing = None;
        self.fail_outwards();
        rescued
    }

    /// Whether a failure now would be taken up by a `rescue`.
    pub fn rescues(&self) -> bool {
        self.frames.iter().any(|frame| frame.section == Section::Tasks && !frame.block.rescue.is_empty())
    }

    fn fail_outwards(&mut self) {
        while let Some(frame) = self.frames.last_mut() {
            match frame.section {
                Section::Tasks if !frame.block.rescue.is_empty() => return frame.enter(Section::Rescue),
                Section::Tasks | Section::Rescue => {
                    frame.failed = true;
                    return frame.enter(Section::Always);
                }
                Section::Always => {
                    self.frames.pop();
                }
            }
        }
        self.failed = true;
    }

    /// Whether a failure has gone all the way out, or is on its way with nothing to take it up.
    pub fn is_failed(&self) -> bool {
        if self.failed {
            return true;
        }
        // a failure on its way out is taken up by the first enclosing block that still has its rescue
        let Some(inner) = self.frames.iter().rposition(|frame| frame.failed) else { return false };
        !self.frames[..inner].iter().any(|frame| frame.section == Section::Tasks && !frame.block.rescue.is_empty())
    }

    /// Puts blocks in front of what comes next (an include).
    pub fn insert(&mut self, blocks: Vec<Arc<Block>>) {
        self.frames.extend(blocks.into_iter().rev().map(Frame::new));
    }

    /// Begins to flush handlers.
    pub fn flush(&mut self) {
        self.flushing = Some(0);
    }

    /// Whether handlers are being flushed.
    pub fn is_flushing(&self) -> bool {
        self.flushing.is_some()
    }

    /// Nothing comes any more, without failure.
    pub fn end(&mut self) {
        self.ended = true;
        self.frames.clear();
    }

    /// Leaves the innermost batch of tasks of the role `key` (`meta: end_role`).
    pub fn end_role(&mut self, key: &str) {
        while let Some(frame) = self.frames.last_mut() {
            if frame.block.scope.role.as_ref().is_none_or(|role| role.key != key) {
                break;
            }
            self.frames.pop();
        }
    }

    /// Forgets failures (`meta: clear_host_errors`).
    pub fn clear_errors(&mut self) {
        self.failed = false;
        self.ended = false;
        self.frames.iter_mut().for_each(|frame| frame.failed = false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::{Resolved, Scope, ScopeKind};
    use crate::value::Dict;

    fn scope() -> Arc<Scope> {
        Arc::new(Scope::empty(ScopeKind::Play, None))
    }

    fn task(name: &str) -> Step {
        Step::Task(Arc::new(Task::implicit(name, Resolved::Builtin("debug"), Dict::new(), scope())))
    }

    fn block(block: Vec<Step>, rescue: Vec<Step>, always: Vec<Step>) -> Arc<Block> {
        Arc::new(Block { block, rescue, always, scope: scope() })
    }

    /// Walks a block; tasks whose name starts with `!` fail. Gives the names in order and whether the host failed.
    fn walk(root: Arc<Block>) -> (String, bool) {
        let mut progress = Progress::new(root);
        let mut names = Vec::new();
        while let Some(task) = progress.next(&[], &|_| false) {
            names.push(task.action.clone());
            if task.action.starts_with('!') {
                progress.fail();
            }
        }
        (names.join(" "), progress.is_failed())
    }

    #[test]
    fn rescue_takes_a_failure_up_and_always_follows() {
        let inner = block(vec![task("!a"), task("b")], vec![task("r")], vec![task("z")]);
        let root = block(vec![Step::Block(inner), task("after")], vec![], vec![]);
        assert_eq!(walk(root), ("!a r z after".into(), false));
    }

    #[test]
    fn always_runs_before_a_failure_goes_outwards() {
        let inner = block(vec![task("!a"), task("b")], vec![], vec![task("z")]);
        let root = block(vec![Step::Block(inner), task("after")], vec![], vec![]);
        assert_eq!(walk(root), ("!a z".into(), true));
    }

    #[test]
    fn an_outer_rescue_takes_up_an_inner_failure() {
        let inner = block(vec![task("!a")], vec![task("!r")], vec![task("z")]);
        let outer = block(vec![Step::Block(inner), task("no")], vec![task("R")], vec![]);
        assert_eq!(
            walk(block(vec![Step::Block(outer), task("after")], vec![], vec![])),
            ("!a !r z R after".into(), false)
        );
    }

    #[test]
    fn a_failure_in_always_goes_outwards() {
        let inner = block(vec![task("a")], vec![task("r")], vec![task("!z"), task("y")]);
        assert_eq!(walk(block(vec![Step::Block(inner), task("after")], vec![], vec![])), ("a !z".into(), true));
    }

    #[test]
    fn included_blocks_come_next() {
        let mut progress = Progress::new(block(vec![task("a"), task("b")], vec![], vec![]));
        progress.next(&[], &|_| false);
        progress.insert(vec![block(vec![task("i1")], vec![], vec![]), block(vec![task("i2")], vec![], vec![])]);
        let rest: Vec<_> = std::iter::from_fn(|| progress.next(&[], &|_| false)).map(|t| t.action.clone()).collect();
        assert_eq!(rest, ["i1", "i2", "b"]);
    }
}
