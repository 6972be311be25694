//! Executes one task on one host: the loop around it, conditions, rendering, the action, retries, judgement.

use super::attempt::Attempt;
use super::debugger::{self, Edits, Next};
use super::keywords::Reader;
use super::outcome::Ended;
use super::repeat::{self, Repeat};
use super::session::{PlayVars, Session};
use crate::error::{Error, Result};
use crate::event::{Event, Outcome, Report, TaskInfo};
use crate::playbook::Task;
use crate::value::{Dict, Value};
use crate::vars::View;
use std::sync::Arc;
use std::time::Instant;

/// A task to execute on a host.
#[derive(Clone)]
pub struct Work {
    /// The run.
    pub session: Arc<Session>,
    /// The play's variables.
    pub play: Arc<PlayVars>,
    /// The host.
    pub host: Arc<str>,
    /// The task.
    pub task: Arc<Task>,
    /// The task, for listeners.
    pub info: Arc<TaskInfo>,
    /// What the debugger's user changed.
    pub edits: Edits,
}

impl Work {
    /// Does it; never fails itself, the failure is in the result.
    pub async fn run(self) -> Ended {
        let started = Instant::now();
        let mut work = self;
        loop {
            let mut ended = match work.try_run().await {
                Ok(ended) => ended,
                Err(error) => work.give_up(error),
            };
            ended.seconds = started.elapsed().as_secs_f64();
            match debugger::ask(&work, &ended, &work.edits).await {
                Ok(Next::Continue) => return ended,
                Ok(Next::Redo(edits)) => work.edits = edits,
                Err(error) => return work.give_up(error),
            }
        }
    }

    /// An error outside the action, with the keywords that still decide what it means.
    fn give_up(&self, error: Error) -> Ended {
        let view = self.session.task_view(&self.play, &self.host, &self.task);
        let templar = self.session.templar(&view);
        let reader = Reader::new(&self.task, &templar);
        let mut ended = Ended::failed(self.info.clone(), &self.host, error);
        let ignoring = if ended.outcome == Outcome::Unreachable { "ignore_unreachable" } else { "ignore_errors" };
        ended.ignored = reader.flag(ignoring).ok().flatten().unwrap_or(false);
        ended.any_errors_fatal =
            reader.flag("any_errors_fatal").ok().flatten().unwrap_or(self.session.options.any_errors_fatal);
        ended
    }

    async fn try_run(&self) -> Result<Ended> {
        let mut view = self.session.task_view(&self.play, &self.host, &self.task);
        if !self.edits.variables.is_empty() {
            view = Arc::new(view.with(self.edits.variables.clone()));
        }
        let Some(spec) = &self.task.repeat else {
            return Attempt::new(self, view).run().await;
        };
        match repeat::items(self, spec, &view) {
            Ok(items) if items.is_empty() => Ok(self.nothing_to_do()),
            Ok(items) => self.over(items, &view).await,
            // a loop over something undefined is no error when a condition would skip the task anyway
            Err(error) => match Attempt::new(self, view).skipped_by_condition() {
                Ok(Some(skipped)) => Ok(skipped),
                _ => Err(error),
            },
        }
    }

    fn nothing_to_do(&self) -> Ended {
        let result = Dict::from_iter([
            ("changed", Value::Bool(false)),
            ("skipped", Value::Bool(true)),
            ("skipped_reason", Value::str("No items in the list")),
            ("results", Value::list([])),
        ]);
        self.ended(Outcome::Skipped, result)
    }

    /// An end of this task without anything special.
    pub fn ended(&self, outcome: Outcome, result: Dict) -> Ended {
        Ended {
            info: self.info.clone(),
            outcome,
            result,
            error: None,
            ignored: false,
            delegated: None,
            facts_host: self.host.clone(),
            notify: Vec::new(),
            includes: Vec::new(),
            items: Vec::new(),
            label: None,
            no_log: self.info.no_log,
            any_errors_fatal: false,
            seconds: 0.0,
        }
    }

    async fn over(&self, items: Vec<Value>, view: &Arc<View>) -> Result<Ended> {
        let templar = self.session.templar(view);
        let control = Repeat::read(self, &templar, items)?;
        let loop_var = control.variable.clone();
        if view.has(&loop_var) {
            self.session.events.warn(format!(
                "The loop variable '{loop_var}' is already in use. You should set the `loop_var` value in the `loop_control` \
                 option for the task to something else to avoid variable collisions and unexpected behavior."
            ));
        }
        let mut ends: Vec<Ended> = Vec::new();
        for at in 0..control.items.len() {
            if at > 0 && !control.pause.is_zero() {
                tokio::time::sleep(control.pause).await;
            }
            if self.session.interrupted.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(Error::new(crate::error::Kind::Interrupted, "user requested abort"));
            }
            let variables = control.variables(at);
            let inner = Arc::new(view.with(variables.clone()));
            let mut end = match Attempt::new(self, inner.clone()).of_item(variables.clone()).run().await {
                Ok(end) => end,
                Err(error) => self.give_up(error),
            };
            control.mark(&mut end.result, at);
            end.label = Some(control.label(self, &inner, at)?);
            self.report_item(&end);
            let stop = control.breaks(self, &inner, &end)?;
            ends.push(end);
            if stop {
                break;
            }
        }
        Ok(repeat::gather(self, ends))
    }

    /// Tells listeners of an end before the dispatcher has it (the debugger asks about it).
    pub fn report(&self, end: &Ended) {
        self.session.events.send(Event::TaskEnded(self.report_of(end)));
    }

    fn report_of(&self, end: &Ended) -> Report {
        Report {
            host: self.host.clone(),
            task: end.info.clone(),
            outcome: end.outcome,
            ignored: end.ignored,
            changed: end.changed(),
            result: Arc::new(end.result.clone()),
            delegated: end.delegated.clone(),
            label: end.label.clone(),
            error: end.error.clone(),
            seconds: end.seconds,
        }
    }

    fn report_item(&self, end: &Ended) {
        if self.task.resolved.is_include() {
            // what is included is shown when it is loaded; only skipped and failed items are shown here
            if end.outcome == Outcome::Ok {
                return;
            }
        }
        self.session.events.send(Event::ItemEnded(self.report_of(end)));
    }
}
