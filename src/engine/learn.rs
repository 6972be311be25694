//! What the end of a task teaches: facts, registered results, new hosts and groups, statistics, notifications.

use super::batch::Batch;
use super::outcome::Ended;
use super::progress::Progress;
use crate::error::{Error, Result};
use crate::event::{Event, Outcome};
use crate::inventory::NewHost;
use crate::playbook::Task;
use crate::value::{Dict, Value};
use std::sync::Arc;

impl Batch<'_> {
    /// Takes over what a task found out: facts, new hosts and groups, statistics, notifications.
    pub(super) fn learn(&mut self, host: &Arc<str>, task: &Arc<Task>, ended: &Ended, once: bool) -> Result<()> {
        if matches!(ended.outcome, Outcome::Skipped | Outcome::Unreachable) {
            return Ok(());
        }
        let ends: Vec<&Ended> = if ended.items.is_empty() { vec![ended] } else { ended.items.iter().collect() };
        for end in ends {
            if end.outcome == Outcome::Ok || end.ignored {
                self.notify(host, end)?;
            }
            self.learn_facts(host, task, end, once);
            self.learn_hosts(host, end)?;
            self.learn_stats(host, &end.result, once);
        }
        Ok(())
    }

    fn notify(&mut self, host: &Arc<str>, end: &Ended) -> Result<()> {
        if !end.changed() {
            return Ok(());
        }
        let flushing = self.progress.get(host).is_some_and(Progress::is_flushing);
        for name in &end.notify {
            if self.handlers.find(name).is_empty() {
                let message = format!(
                    "The requested handler '{name}' was not found in either the main handlers list nor in the listening handlers list"
                );
                if self.session.options.error_on_missing_handler {
                    return Err(Error::general(message));
                }
                self.session.events.warn(message);
            } else if flushing {
                let notified = self.handlers.notify(name, host);
                self.tell_notified(notified, host);
            } else {
                self.handlers.save(name, host);
                let text = format!("Notification for handler {name} has been saved.");
                self.session.events.send(Event::Verbose { level: 2, host: None, text });
            }
        }
        Ok(())
    }

    /// Tells of handlers that a host has notified.
    pub(super) fn tell_notified(&self, handlers: Vec<Arc<Task>>, host: &Arc<str>) {
        for handler in handlers {
            self.session.events.send(Event::Notified { handler: handler.title(), host: host.clone() });
        }
    }

    fn learn_facts(&self, host: &Arc<str>, task: &Task, end: &Ended, once: bool) {
        let short = task.resolved.short();
        let Some(facts) = end.result.get("ansible_facts").and_then(Value::as_dict).filter(|_| short != "debug") else {
            return;
        };
        let hosts = match end.facts_host == *host {
            true => self.affected(host, once),
            false => vec![end.facts_host.clone()],
        };
        let cacheable = end.result.get("_ansible_facts_cacheable").is_some_and(Value::truthy);
        for host in hosts {
            let store = self.session.store.host(&host);
            let named = facts.iter().filter_map(|(key, value)| Some((key.as_str()?, value)));
            match short {
                "include_vars" => named.for_each(|(name, value)| store.include(name, value.clone())),
                "set_fact" => {
                    if cacheable {
                        store.add_facts(facts);
                    }
                    named.for_each(|(name, value)| store.set(name, value.clone()));
                }
                _ => store.add_facts(facts),
            }
            self.changed_vars();
        }
    }

    /// The hosts that a result counts for.
    fn affected(&self, host: &Arc<str>, once: bool) -> Vec<Arc<str>> {
        if once { self.hosts_left() } else { vec![host.clone()] }
    }

    fn learn_hosts(&self, host: &Arc<str>, end: &Ended) -> Result<()> {
        if let Some(new) = end.result.get("add_host").and_then(Value::as_dict) {
            let name = new.get("host_name").map(|name| name.to_text().into_owned()).unwrap_or_default();
            let groups: Vec<String> = texts(new.get("groups"));
            let vars = new.get("host_vars").and_then(Value::as_dict).cloned().unwrap_or_default();
            self.session.run.inventory_mut().add_dynamic_host(NewHost { name: name.clone(), groups, vars })?;
            self.changed_vars();
        }
        if let Some(group) = end.result.get("add_group").map(|group| group.to_text().into_owned()) {
            let parents = texts(end.result.get("parent_groups"));
            self.session.run.inventory_mut().add_dynamic_group(host, &group, &parents)?;
            self.changed_vars();
        }
        Ok(())
    }

    fn learn_stats(&mut self, host: &Arc<str>, result: &Dict, once: bool) {
        let Some(stats) = result.get("ansible_stats").and_then(Value::as_dict) else { return };
        let Some(data) = stats.get("data").and_then(Value::as_dict) else { return };
        let per_host = stats.get("per_host").is_some_and(Value::truthy);
        let aggregate = stats.get("aggregate").is_none_or(Value::truthy);
        let owners: Vec<Option<Arc<str>>> =
            if per_host { self.affected(host, once).into_iter().map(Some).collect() } else { vec![None] };
        for owner in owners {
            for (key, value) in data.iter() {
                self.tallies.add_custom(owner.as_deref(), &key.to_text(), value, aggregate);
            }
        }
    }

    /// `register:`.
    pub(super) fn remember_result(&self, host: &Arc<str>, task: &Task, ended: &Ended, once: bool) {
        let Some(name) = task.keyword("register").map(|name| name.to_text().into_owned()) else { return };
        let mut clean = registered(&ended.result, &ended.items);
        clean.remove("invocation");
        let value = Value::dict(clean).untrusted();
        for host in self.affected(host, once) {
            self.session.store.host(&host).set(&name, value.clone());
            self.changed_vars();
        }
    }
}

pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::None) => Vec::new(),
        Some(Value::List(items)) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        Some(other) => vec![other.to_text().into_owned()],
    }
}

/// The result as `register` keeps it: without what is only for listeners.
fn registered(result: &Dict, items: &[Ended]) -> Dict {
    let mut clean: Dict = result
        .iter()
        .filter(|(key, _)| !key.as_str().is_some_and(|key| key.starts_with("_ansible_")))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !items.is_empty() {
        let results = items.iter().map(|end| Value::dict(registered(&end.result, &end.items)));
        clean.insert("results", Value::list(results));
    }
    clean
}
