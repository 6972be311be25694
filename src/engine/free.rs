//! The free strategies: every host goes on as fast as it can. `host_pinned` lets a host finish before another starts.

use super::batch::{Batch, BatchEnd};
use crate::error::Result;
use crate::event::{Event, Outcome};
use crate::playbook::Task;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl Batch<'_> {
    /// Runs the batch without lockstep; with `pinned`, no more hosts are begun than there are forks.
    pub async fn free(&mut self, pinned: bool) -> Result<BatchEnd> {
        let mut busy: HashSet<Arc<str>> = HashSet::new();
        let mut begun: HashSet<Arc<str>> = HashSet::new();
        let mut once_done: HashMap<crate::playbook::TaskId, Arc<str>> = HashMap::new();
        loop {
            let mut idle = true;
            for host in self.hosts_left() {
                if busy.contains(&host)
                    || (pinned && !begun.contains(&host) && begun.len() >= self.session.options.forks)
                {
                    continue;
                }
                let Some((progress, task)) = self.peek(&host) else {
                    begun.remove(&host);
                    continue;
                };
                begun.insert(host.clone());
                self.progress.insert(host.clone(), progress);
                idle = false;
                if task.resolved.short() == "meta" {
                    self.meta_on(&task, std::slice::from_ref(&host)).await?;
                } else if self.first_of_once(&task, &host, &mut once_done)? {
                    let info = self.describe(&task, &host);
                    self.session.events.send(Event::TaskStarted(info.clone()));
                    self.start(&host, &task, &info)?;
                    busy.insert(host);
                }
            }
            if busy.is_empty() {
                if idle {
                    return Ok(self.end());
                }
                continue;
            }
            let Some((host, task, mut ended)) = self.wait().await? else { continue };
            busy.remove(&host);
            let once = once_done.contains_key(&task.id);
            let requests = self.settle(&host, &task, &mut ended, once)?;
            if !requests.is_empty() {
                self.include(vec![(host.clone(), task.clone(), requests)])?;
            }
            let failed = matches!(ended.outcome, Outcome::Failed | Outcome::Unreachable) && !ended.ignored;
            if failed && ended.any_errors_fatal {
                for other in self.hosts_left() {
                    if other != host {
                        self.fail_host(&other);
                    }
                }
            }
        }
    }

    /// Whether a host is to do a task: a `run_once` task is done by the first host that comes to it.
    fn first_of_once(
        &self,
        task: &Arc<Task>,
        host: &Arc<str>,
        done: &mut HashMap<crate::playbook::TaskId, Arc<str>>,
    ) -> Result<bool> {
        if done.contains_key(&task.id) {
            return Ok(false);
        }
        if self.runs_once(task, host)? {
            done.insert(task.id, host.clone());
        }
        Ok(true)
    }
}
