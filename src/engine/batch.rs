//! One batch of hosts in a play: the dispatcher. It alone knows where each host stands; workers only execute tasks.
//!
//! Strategies decide which host does which task next (`linear.rs`, `free.rs`); what an end of a task means is the same for
//! all of them and is here.

use super::executor::Work;
use super::handlers::Handlers;
use super::keywords::Reader;
use super::learn::texts;
use super::outcome::{Ended, IncludeRequest};
use super::progress::Progress;
use super::session::{PlayVars, Session};
use super::tallies::Tallies;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Outcome, Report, TaskInfo};
use crate::playbook::{Block, Task, TaskId};
use crate::template::templar::Templar;
use crate::value::{Dict, Value};
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};
use tokio::task::JoinSet;

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// All its tasks are done.
    Done,
    /// Too many hosts failed: the play stops.
    TooManyFailures,
    /// `meta: end_play`.
    EndPlay,
}

/// A batch of hosts in a play.
pub struct Batch<'a> {
    pub(super) session: Arc<Session>,
    pub(super) vars: Arc<PlayVars>,
    pub(super) hosts: Vec<Arc<str>>,
    pub(super) progress: HashMap<Arc<str>, Progress>,
    /// Tasks in the order of the linear strategy, and how far it is.
    pub(super) order: Vec<TaskId>,
    pub(super) cursor: usize,
    pub(super) handlers: Handlers,
    pub(super) tallies: &'a mut Tallies,
    pub(super) max_fail_percentage: Option<f64>,
    pub(super) end_play: bool,
    /// Hosts by role key for which the role has run to its end.
    roles_done: HashMap<String, HashSet<Arc<str>>>,
    /// Hosts by role key for which a task of the role has run.
    roles_begun: HashMap<String, HashSet<Arc<str>>>,
    throttles: HashMap<TaskId, Arc<tokio::sync::Semaphore>>,
    pub(super) running: JoinSet<(Arc<str>, Arc<Task>, Ended)>,
    /// Answer to `--step`: no more questions.
    pub(super) step_all: bool,
}

impl<'a> Batch<'a> {
    /// A batch of `hosts` at the start of `root`.
    pub fn new(
        session: Arc<Session>,
        vars: Arc<PlayVars>,
        hosts: Vec<Arc<str>>,
        root: Arc<Block>,
        handlers: &[Arc<Task>],
        tallies: &'a mut Tallies,
    ) -> Batch<'a> {
        let order = root.tasks().iter().map(|task| task.id).collect();
        let progress = hosts.iter().map(|host| (host.clone(), Progress::new(root.clone()))).collect();
        let mut batch = Batch {
            session,
            vars,
            hosts,
            progress,
            order,
            cursor: 0,
            handlers: Handlers::default(),
            tallies,
            max_fail_percentage: None,
            end_play: false,
            roles_done: HashMap::new(),
            roles_begun: HashMap::new(),
            throttles: HashMap::new(),
            running: JoinSet::new(),
            step_all: false,
        };
        batch.add_handlers(handlers);
        batch
    }

    /// Adds handlers (the play's, or an included role's).
    pub(super) fn add_handlers(&mut self, handlers: &[Arc<Task>]) {
        let session = self.session.clone();
        let vars = self.vars.clone();
        let nobody: Arc<str> = Arc::from("");
        self.handlers.add(handlers, &|task| session.templar(&session.task_view(&vars, &nobody, task)));
    }

    /// The hosts that can still do something.
    pub(super) fn hosts_left(&self) -> Vec<Arc<str>> {
        self.hosts.iter().filter(|host| !self.tallies.unreachable.contains(*host)).cloned().collect()
    }

    /// The next task of a host, and its progress once that is taken.
    pub(super) fn peek(&self, host: &Arc<str>) -> Option<(Progress, Arc<Task>)> {
        let mut progress = self.progress.get(host)?.clone();
        let notified = |task: &Task| self.handlers.is_notified(task, host);
        loop {
            let task = progress.next(self.handlers.list(), &notified)?;
            if !self.is_done_role(&task, host) {
                return Some((progress, task));
            }
        }
    }

    /// Whether a task belongs to a role that has run before and does not run twice.
    fn is_done_role(&self, task: &Task, host: &Arc<str>) -> bool {
        if task.is_handler {
            return false;
        }
        let Some(role) = task.role().filter(|role| !role.allow_duplicates) else { return false };
        self.roles_done.get(&role.key).is_some_and(|hosts| hosts.contains(host))
    }

    /// A templar for a task on a host.
    pub(super) fn templar(&self, task: &Task, host: &Arc<str>) -> Templar {
        self.session.templar(&self.session.task_view(&self.vars, host, task))
    }

    /// The description of a task for listeners, rendered with a host's variables.
    pub(super) fn describe(&self, task: &Arc<Task>, host: &Arc<str>) -> Arc<TaskInfo> {
        let templar = self.templar(task, host);
        let reader = Reader::new(task, &templar);
        let name = task.name().map(|name| match templar.template(name) {
            Ok(rendered) => rendered.to_text().into_owned(),
            Err(_) => name.to_text().into_owned(),
        });
        let no_log = reader.flag("no_log").ok().flatten().unwrap_or(false);
        Arc::new(TaskInfo {
            id: task.id.0,
            title: self.banner_title(task, &templar, name.as_deref()),
            name: name.unwrap_or_default(),
            role: task.role().map(|role| role.name.clone()),
            action: task.action.clone(),
            full_action: task.resolved.full_name(),
            origin: task.origin().cloned(),
            check: reader.flag("check_mode").ok().flatten().unwrap_or(self.session.options.check),
            diff: reader.flag("diff").ok().flatten().unwrap_or(self.session.options.diff),
            arguments: if no_log { Dict::new() } else { (*task.arguments).clone() },
            handler: task.is_handler,
            looping: task.repeat.is_some(),
            implicit: task.implicit,
            no_log,
            tags: reader.tags().unwrap_or_default(),
        })
    }

    /// The banner's text: the name, or the action; an unnamed `include_role` shows its role.
    fn banner_title(&self, task: &Task, templar: &Templar, name: Option<&str>) -> String {
        let role = match (name, task.resolved.short()) {
            (None, "include_role") => task.arguments.get("name").or_else(|| task.arguments.get("role")),
            _ => None,
        };
        match role {
            Some(role) => {
                let role = templar
                    .template(role)
                    .map_or_else(|_| role.to_text().into_owned(), |role| role.to_text().into_owned());
                task.titled(&format!("{} : {role}", task.action))
            }
            None => task.titled(name.unwrap_or(&task.action)),
        }
    }

    /// Whether a task runs on one host for all: `run_once`, or an action that is made for that.
    pub(super) fn runs_once(&self, task: &Task, host: &Arc<str>) -> Result<bool> {
        if crate::action::registry::runs_once(task.resolved.short()) {
            return Ok(true);
        }
        let templar = self.templar(task, host);
        Ok(Reader::new(task, &templar).flag("run_once")?.unwrap_or(false))
    }

    /// Sends a task to a worker.
    pub(super) fn start(&mut self, host: &Arc<str>, task: &Arc<Task>, info: &Arc<TaskInfo>) -> Result<()> {
        if task.is_handler {
            self.handlers.clear(task, host);
        }
        let throttle = self.throttle(task, host)?;
        let work = Work {
            session: self.session.clone(),
            play: self.vars.clone(),
            host: host.clone(),
            task: task.clone(),
            info: info.clone(),
            edits: Default::default(),
        };
        self.session.events.send(Event::HostStarted { host: host.clone(), task: info.clone() });
        let mut turn = Box::pin(self.session.forks.clone().acquire_owned());
        // hosts queue up in order, whatever thread comes first; who waits for a throttle must not keep others from working
        let queued = throttle.is_none().then(|| turn.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())));
        let (host, task) = (host.clone(), task.clone());
        self.running.spawn(async move {
            let _throttled = match throttle {
                Some(throttle) => throttle.acquire_owned().await.ok(),
                None => None,
            };
            let _fork = match queued {
                Some(Poll::Ready(permit)) => permit.ok(),
                _ => turn.await.ok(),
            };
            let ended = work.run().await;
            (host, task, ended)
        });
        Ok(())
    }

    fn throttle(&mut self, task: &Arc<Task>, host: &Arc<str>) -> Result<Option<Arc<tokio::sync::Semaphore>>> {
        if task.scope.inherited("throttle").is_none() {
            return Ok(None);
        }
        let templar = self.templar(task, host);
        let limit =
            Reader::new(task, &templar).int("throttle")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0);
        if limit == 0 {
            return Ok(None);
        }
        Ok(Some(self.throttles.entry(task.id).or_insert_with(|| Arc::new(tokio::sync::Semaphore::new(limit))).clone()))
    }

    /// Waits for the next end of a task.
    ///
    /// # Errors
    /// [`Kind::Interrupted`] when the user ends the run; what runs is cancelled then.
    pub(super) async fn wait(&mut self) -> Result<Option<(Arc<str>, Arc<Task>, Ended)>> {
        loop {
            if self.session.interrupted.load(Ordering::Relaxed) {
                self.running.shutdown().await;
                return Err(Error::new(Kind::Interrupted, "User interrupted execution"));
            }
            let next = tokio::time::timeout(std::time::Duration::from_millis(100), self.running.join_next());
            match next.await {
                Err(_) => {}
                Ok(None) => return Ok(None),
                Ok(Some(Ok(end))) => return Ok(Some(end)),
                Ok(Some(Err(error))) => {
                    return Err(Error::general(format!("A worker was found in a dead state: {error}")));
                }
            }
        }
    }

    /// What the end of a task means for its host and the play. Gives the includes that are to be loaded.
    pub(super) fn settle(
        &mut self,
        host: &Arc<str>,
        task: &Arc<Task>,
        ended: &mut Ended,
        once: bool,
    ) -> Result<Vec<IncludeRequest>> {
        let includes = std::mem::take(&mut ended.includes);
        let is_include = task.resolved.is_include();
        let failed = ended.outcome == Outcome::Failed && !ended.ignored;
        let rescued = failed && self.fail(host, ended, once);
        if ended.outcome == Outcome::Unreachable && !ended.ignored {
            self.tallies.unreachable.insert(host.clone());
            self.drop_host(host);
        }
        if !(is_include && ended.outcome == Outcome::Ok) {
            self.tallies.count(host, ended.outcome, ended.changed(), ended.ignored, rescued);
        } else if includes.is_empty() {
            self.tallies.of(host);
        }
        for warning in warnings_of(ended) {
            self.session.events.send(Event::Warning(warning));
        }
        self.learn(host, task, ended, once)?;
        if !(is_include && ended.outcome == Outcome::Ok) {
            self.report(host, ended);
        }
        self.remember_result(host, task, ended, once);
        if let Some(role) = task.role()
            && matches!(ended.outcome, Outcome::Ok | Outcome::Failed)
        {
            self.roles_begun.entry(role.key.clone()).or_default().insert(host.clone());
        }
        Ok(includes)
    }

    /// Marks a host (or with `once` all of them) as failed; says whether a `rescue` takes it up.
    fn fail(&mut self, host: &Arc<str>, ended: &Ended, once: bool) -> bool {
        let rescued = self.progress.get(host).is_some_and(Progress::rescues);
        let all = if once { self.hosts_left() } else { vec![host.clone()] };
        for failing in &all {
            self.fail_host(failing);
        }
        if rescued {
            let store = self.session.store.host(host);
            store.set("ansible_failed_task", failed_task(&ended.info));
            store.set("ansible_failed_result", Value::dict(ended.result.clone()));
            self.changed_vars();
        }
        rescued
    }

    /// Leads a host to its rescue, its `always`, or out.
    pub(super) fn fail_host(&mut self, host: &Arc<str>) {
        let Some(progress) = self.progress.get_mut(host) else { return };
        progress.fail();
        self.check_out(host);
    }

    /// Notes a host as failed for good once nothing is left for it to do.
    pub(super) fn check_out(&mut self, host: &Arc<str>) {
        if self.progress.get(host).is_some_and(Progress::is_failed) && self.peek(host).is_none() {
            self.tallies.failed.insert(host.clone());
            self.drop_host(host);
        }
    }

    pub(super) fn drop_host(&self, host: &Arc<str>) {
        let facts = &self.vars.facts;
        for list in [&facts.batch, &facts.hosts] {
            list.write().unwrap_or_else(std::sync::PoisonError::into_inner).retain(|known| known != host);
        }
    }

    pub(super) fn changed_vars(&self) {
        if let Some(hostvars) = self.session.run.hostvars.get() {
            hostvars.forget();
        }
    }

    fn report(&self, host: &Arc<str>, ended: &Ended) {
        self.session.events.send(Event::TaskEnded(Report {
            host: host.clone(),
            task: ended.info.clone(),
            outcome: ended.outcome,
            ignored: ended.ignored,
            changed: ended.changed(),
            result: Arc::new(ended.result.clone()),
            delegated: ended.delegated.clone(),
            label: None,
            error: ended.error.clone(),
            seconds: ended.seconds,
        }));
    }

    /// A role has been worked through for a host.
    pub(super) fn role_complete(&mut self, task: &Task, host: &Arc<str>) {
        let Some(role) = task.role() else { return };
        if self.roles_begun.get(&role.key).is_some_and(|hosts| hosts.contains(host)) {
            self.roles_done.entry(role.key.clone()).or_default().insert(host.clone());
        }
    }

    /// Whether more hosts have failed than `max_fail_percentage` allows.
    pub(super) fn too_many_failures(&self) -> bool {
        let Some(limit) = self.max_fail_percentage else { return false };
        let failed = self.hosts.iter().filter(|host| self.progress.get(*host).is_some_and(Progress::is_failed)).count();
        failed as f64 / self.hosts.len().max(1) as f64 > limit / 100.0
    }

    /// How the batch ended, for the play.
    pub(super) fn end(&mut self) -> BatchEnd {
        for host in self.hosts.clone() {
            // a failure that an `always` held up has come all the way out by now
            let Some(mut progress) = self.progress.get(&host).cloned() else { continue };
            if progress.next(&[], &|_| false).is_none() && progress.is_failed() {
                self.tallies.failed.insert(host.clone());
                self.drop_host(&host);
            }
        }
        if self.end_play { BatchEnd::EndPlay } else { BatchEnd::Done }
    }
}

/// What `ansible_failed_task` says of a task.
fn failed_task(info: &TaskInfo) -> Value {
    Value::dict(Dict::from_iter([
        ("name", Value::str(info.name.as_str())),
        ("action", Value::str(info.action.as_str())),
        ("args", Value::dict(info.arguments.clone())),
        ("tags", Value::list(info.tags.iter().map(|tag| Value::str(tag.as_str())))),
        ("check_mode", Value::Bool(info.check)),
        ("no_log", Value::Bool(info.no_log)),
    ]))
}

/// The warnings in a result.
fn warnings_of(ended: &Ended) -> Vec<crate::error::Warning> {
    let of = |result: &Dict| -> Vec<crate::error::Warning> {
        let texts = texts(result.get("warnings"));
        texts.into_iter().map(crate::error::Warning::new).collect()
    };
    let mut all = of(&ended.result);
    all.extend(ended.items.iter().flat_map(|item| of(&item.result)));
    all
}
