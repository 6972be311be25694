//! `meta` tasks: those that change the course of the play itself.

use super::batch::Batch;
use super::keywords::{Reader, first_false};
use super::linear::Bad;
use super::target::{self, Source};
use crate::error::{Error, Result};
use crate::event::{Event, Outcome, Report};
use crate::playbook::Task;
use crate::value::{Dict, Value};
use std::sync::Arc;

impl Batch<'_> {
    /// Does a meta task for its hosts.
    pub(super) async fn meta_on(&mut self, task: &Arc<Task>, hosts: &[Arc<str>]) -> Result<Bad> {
        let raw = task.arguments.get("_raw_params").map(|raw| raw.to_text().into_owned()).unwrap_or_default();
        let action = raw.trim().to_string();
        for host in hosts {
            if !task.implicit {
                // Ansible shows the banner for each host
                let info = self.describe(task, host);
                self.session.events.send(Event::TaskStarted(info));
            }
            let conditional =
                !matches!(action.as_str(), "noop" | "refresh_inventory" | "reset_connection" | "role_complete");
            if conditional && !self.meta_applies(task, host)? {
                self.meta_skipped(task, host, &action);
                continue;
            }
            self.meta(task, host, &action).await?;
            if !task.implicit {
                self.session.events.send(Event::Verbose {
                    level: 2,
                    host: None,
                    text: format!("META: {}", said(&action, host)),
                });
            }
            // these speak for all hosts at once
            if matches!(
                action.as_str(),
                "refresh_inventory" | "clear_facts" | "clear_host_errors" | "end_play" | "end_batch"
            ) {
                break;
            }
        }
        Ok(Bad::default())
    }

    fn meta_applies(&self, task: &Task, host: &Arc<str>) -> Result<bool> {
        let templar = self.templar(task, host);
        let conditions = Reader::new(task, &templar).conditions();
        Ok(first_false(&conditions, &templar)?.is_none())
    }

    fn meta_skipped(&mut self, task: &Arc<Task>, host: &Arc<str>, action: &str) {
        let info = self.describe(task, host);
        let reason = format!("{action} conditional evaluated to False");
        let result = Dict::from_iter([
            ("msg", Value::str(action)),
            ("skipped", Value::Bool(true)),
            ("skip_reason", Value::str(reason)),
        ]);
        self.session.events.send(Event::TaskEnded(Report {
            host: host.clone(),
            task: info,
            outcome: Outcome::Skipped,
            ignored: false,
            changed: false,
            result: Arc::new(result),
            delegated: None,
            label: None,
            error: None,
            seconds: 0.0,
        }));
    }

    async fn meta(&mut self, task: &Arc<Task>, host: &Arc<str>, action: &str) -> Result<()> {
        match action {
            "noop" => {}
            "flush_handlers" => {
                let notified = self.handlers.resolve(host);
                self.tell_notified(notified, host);
                let handlers: Vec<_> = self.handlers.list().iter().map(|handler| handler.id).collect();
                let progress = self.progress.get_mut(host);
                if let Some(progress) = progress {
                    if progress.is_flushing() {
                        return Err(Error::general("flush_handlers cannot be used as a handler"));
                    }
                    progress.flush();
                }
                // handlers come right behind the flush in the order of the linear strategy
                let at = self.cursor.min(self.order.len());
                if self.order.get(at) != handlers.first() || handlers.is_empty() {
                    self.order.splice(at..at, handlers);
                }
            }
            "refresh_inventory" => self.session.run.inventory_mut().refresh()?,
            "clear_facts" => {
                for host in self.hosts.clone() {
                    self.session.store.clear_facts(&host);
                    if let Some(hostvars) = self.session.run.hostvars.get() {
                        hostvars.forget();
                    }
                }
            }
            "clear_host_errors" => {
                for host in self.hosts.clone() {
                    self.tallies.failed.remove(&host);
                    self.tallies.unreachable.remove(&host);
                    if let Some(progress) = self.progress.get_mut(&host) {
                        progress.clear_errors();
                    }
                }
            }
            "end_batch" | "end_play" => {
                for host in self.hosts_left() {
                    if let Some(progress) = self.progress.get_mut(&host) {
                        progress.end();
                    }
                }
                self.end_play |= action == "end_play";
            }
            "end_host" => {
                if let Some(progress) = self.progress.get_mut(host) {
                    progress.end();
                }
                self.drop_host(host);
            }
            "end_role" => {
                let Some(role) = task.role().cloned() else {
                    return Err(Error::parser("Cannot execute 'end_role' from outside of a role").at(task.origin()));
                };
                if let Some(progress) = self.progress.get_mut(host) {
                    progress.end_role(&role.key);
                }
                self.role_complete(task, host);
            }
            "role_complete" => self.role_complete(task, host),
            "reset_connection" => self.reset_connection(task, host).await?,
            other => return Err(Error::general(format!("invalid meta action requested: {other}")).at(task.origin())),
        }
        Ok(())
    }

    async fn reset_connection(&self, task: &Task, host: &Arc<str>) -> Result<()> {
        let view = self.session.task_view(&self.vars, host, task);
        let templar = self.session.templar(&view);
        let reader = Reader::new(task, &templar);
        let target = target::build(&self.session, &reader, &Source { host, view: &view, templar: &templar })?;
        self.session.fleet.reset(&target).await
    }
}

fn said(action: &str, host: &str) -> String {
    match action {
        "flush_handlers" => format!("triggered running handlers for {host}"),
        "refresh_inventory" => "inventory successfully refreshed".into(),
        "clear_facts" => "facts cleared".into(),
        "clear_host_errors" => "cleared host errors".into(),
        "end_batch" => "ending batch".into(),
        "end_play" => "ending play".into(),
        "end_host" => format!("ending play for {host}"),
        "reset_connection" => "reset connection".into(),
        other => other.into(),
    }
}
