//! The linear strategy: all hosts do a task before any does the next.

use super::batch::{Batch, BatchEnd};
use super::outcome::IncludeRequest;
use super::progress::Progress;
use crate::error::Result;
use crate::event::{Event, Outcome};
use crate::playbook::Task;
use std::sync::Arc;

impl Batch<'_> {
    /// Runs the batch in lockstep.
    pub async fn linear(&mut self) -> Result<BatchEnd> {
        while let Some((task, hosts)) = self.lockstep() {
            let bad = if task.resolved.short() == "meta" {
                self.meta_on(&task, &hosts).await?
            } else {
                match self.one_task(&task, hosts).await? {
                    Some(bad) => bad,
                    None => continue,
                }
            };
            if bad.fatal && bad.any {
                for host in self.hosts_left() {
                    if !bad.hosts.contains(&host) {
                        self.fail_host(&host);
                    }
                }
            }
            if self.too_many_failures() {
                for host in self.hosts_left() {
                    if !bad.hosts.contains(&host) {
                        self.fail_host(&host);
                    }
                }
                // Ansible says it once for the limit and once for the end of the batch
                self.session.events.send(Event::NoHostsRemaining);
                self.session.events.send(Event::NoHostsRemaining);
                return Ok(BatchEnd::TooManyFailures);
            }
        }
        Ok(self.end())
    }

    /// The next task in order, and the hosts that come to it.
    fn lockstep(&mut self) -> Option<(Arc<Task>, Vec<Arc<str>>)> {
        let left = self.hosts_left();
        let next: Vec<(Arc<str>, Progress, Arc<Task>)> = left
            .iter()
            .filter_map(|host| self.peek(host).map(|(progress, task)| (host.clone(), progress, task)))
            .collect();
        if next.is_empty() {
            return None;
        }
        let waiting: std::collections::HashSet<_> = next.iter().map(|(_, _, task)| task.id).collect();
        let found = match (self.cursor..self.order.len()).find(|at| waiting.contains(&self.order[*at])) {
            Some(at) => Some(at),
            // tasks behind the cursor: cleared errors, or handlers that were notified again
            None => (0..self.order.len()).find(|at| waiting.contains(&self.order[*at])),
        };
        let id = match found {
            Some(at) => {
                self.cursor = at + 1;
                self.order[at]
            }
            None => next[0].2.id,
        };
        let mut hosts = Vec::new();
        let mut chosen = None;
        for (host, progress, task) in next {
            if task.id == id {
                self.progress.insert(host.clone(), progress);
                hosts.push(host);
                chosen.get_or_insert(task);
            }
        }
        chosen.map(|task| (task, hosts))
    }

    /// One task on its hosts; `None` when `--step` skipped it.
    async fn one_task(&mut self, task: &Arc<Task>, hosts: Vec<Arc<str>>) -> Result<Option<Bad>> {
        let Some(first) = hosts.first() else { return Ok(None) };
        let info = self.describe(task, first);
        if !self.confirm_step(&info).await? {
            return Ok(None);
        }
        let once = self.runs_once(task, first)?;
        self.session.events.send(Event::TaskStarted(info.clone()));
        let chosen = if once { &hosts[..1] } else { &hosts[..] };
        if once && task.is_handler {
            for host in &hosts {
                self.handlers.clear(task, host);
            }
        }
        for host in chosen {
            self.start(host, task, &info)?;
        }
        let mut bad = Bad { fatal: once, ..Bad::default() };
        let mut includes: Vec<(Arc<str>, Arc<Task>, Vec<IncludeRequest>)> = Vec::new();
        while let Some((host, task, mut ended)) = self.wait().await? {
            let requests = self.settle(&host, &task, &mut ended, once)?;
            bad.note(&host, &ended, once);
            if !requests.is_empty() {
                includes.push((host, task, requests));
            }
        }
        if !includes.is_empty() {
            // in the order of the batch, whatever order the ends came in
            includes.sort_by_key(|(host, _, _)| hosts.iter().position(|known| known == host));
            self.include(includes)?;
        }
        Ok(Some(bad))
    }
}

/// The hosts that a task failed on.
#[derive(Default)]
pub(super) struct Bad {
    /// Failed and not reached ones; ignored failures are none.
    pub hosts: Vec<Arc<str>>,
    /// Whether there are any.
    pub any: bool,
    /// Whether one is fatal for all.
    pub fatal: bool,
}

impl Bad {
    fn note(&mut self, host: &Arc<str>, ended: &super::outcome::Ended, once: bool) {
        let failed = matches!(ended.outcome, Outcome::Failed | Outcome::Unreachable);
        // an unreachable host counts even where it is ignored, as in Ansible
        if failed && (!ended.ignored || ended.outcome == Outcome::Unreachable) {
            self.any = true;
            self.fatal |= ended.any_errors_fatal || once;
            if ended.outcome == Outcome::Failed {
                self.hosts.push(host.clone());
            }
        }
    }
}
