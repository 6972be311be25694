//! Includes that hosts ask for: loaded, shown, and put in front of what the hosts do next.

use super::batch::Batch;
use super::include;
use super::outcome::IncludeRequest;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Outcome, Report};
use crate::playbook::{Block, Task, TaskId};
use crate::value::Dict;
use indexmap::IndexMap;
use std::sync::Arc;

impl Batch<'_> {
    /// Loads what hosts asked to include, and puts it in front of what they do next.
    pub(super) fn include(&mut self, requests: Vec<(Arc<str>, Arc<Task>, Vec<IncludeRequest>)>) -> Result<()> {
        let mut blocks: IndexMap<Arc<str>, Vec<Arc<Block>>> = IndexMap::new();
        let mut order = Vec::new();
        for group in include::group(requests) {
            match include::load(&self.session, &self.vars, &group) {
                Ok(loaded) => self.included(&group, loaded, &mut blocks, &mut order)?,
                Err(error) if error.kind() == Kind::Parser => return Err(error),
                Err(error) => self.include_failed(&group, error),
            }
        }
        for warning in self.session.loader.take_warnings() {
            self.session.events.send(Event::Warning(warning));
        }
        for (host, blocks) in blocks {
            if let Some(progress) = self.progress.get_mut(&host) {
                progress.insert(blocks);
            }
        }
        let at = self.cursor.min(self.order.len());
        self.order.splice(at..at, order);
        Ok(())
    }

    fn included(
        &mut self,
        group: &include::Group,
        loaded: include::Loaded,
        blocks: &mut IndexMap<Arc<str>, Vec<Arc<Block>>>,
        order: &mut Vec<TaskId>,
    ) -> Result<()> {
        if group.task.resolved.short() != "include_role" || !loaded.blocks.is_empty() {
            self.session.events.send(Event::Included {
                file: loaded.shown.clone(),
                hosts: group.hosts.clone(),
                label: group.request.label.clone(),
            });
        }
        self.add_handlers(&loaded.handlers);
        if let Some(role) = loaded.public {
            self.vars.public_roles.write().unwrap_or_else(std::sync::PoisonError::into_inner).push(role);
        }
        let selection = self.session.options.tags.clone();
        for block in loaded.blocks {
            let nobody = group.hosts.first().cloned().unwrap_or_else(|| Arc::from(""));
            let block = if group.task.is_handler {
                block
            } else {
                block.filter(&|task| super::play::is_chosen(&selection, task, &self.templar(task, &nobody)))?
            };
            let block = Arc::new(block);
            order.extend(block.tasks().iter().map(|task| task.id));
            for host in &group.hosts {
                blocks.entry(host.clone()).or_default().push(block.clone());
            }
        }
        for host in &group.hosts {
            self.tallies.of(host).ok += 1;
        }
        Ok(())
    }

    fn include_failed(&mut self, group: &include::Group, error: Error) {
        self.session.events.send(Event::Error(error.clone()));
        for host in &group.hosts {
            let info = self.describe(&group.task, host);
            let mut result = Dict::new();
            result.insert("include", group.request.name.as_str());
            result.insert("changed", false);
            result.insert("failed", true);
            result.insert("reason", error.one_line());
            self.session.events.send(Event::TaskEnded(Report {
                host: host.clone(),
                task: info,
                outcome: Outcome::Failed,
                ignored: false,
                changed: false,
                result: Arc::new(result),
                delegated: None,
                label: None,
                error: None,
                seconds: 0.0,
            }));
            self.tallies.of(host).failed += 1;
            self.fail_host(host);
        }
    }
}
