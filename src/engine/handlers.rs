//! Handlers: which one a name means, and which hosts have notified it.

use crate::playbook::{Task, TaskId, keyword};
use crate::template::templar::Templar;
use crate::value::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The handlers of a play and their notifications.
#[derive(Default)]
pub struct Handlers {
    /// In the order of definition; roles that are included while the play runs add theirs.
    list: Vec<Arc<Task>>,
    /// Names rendered once, with the play's variables.
    names: HashMap<TaskId, Option<String>>,
    notified: HashMap<TaskId, HashSet<Arc<str>>>,
    /// Notifications since the last flush, by host.
    saved: HashMap<Arc<str>, Vec<String>>,
}

impl Handlers {
    /// Adds handlers behind those that are there. `templar` renders their names.
    pub fn add(&mut self, handlers: &[Arc<Task>], templar: &dyn Fn(&Task) -> Templar) {
        for handler in handlers {
            let name =
                handler.name().map(|name| templar(handler).template(name).ok().map(|name| name.to_text().into_owned()));
            self.names.insert(handler.id, name.flatten());
            self.list.push(handler.clone());
        }
    }

    /// All of them, in order.
    pub fn list(&self) -> &[Arc<Task>] {
        &self.list
    }

    /// The handler of this name (the last defined wins), and all that listen to it.
    pub fn find(&self, notification: &str) -> Vec<Arc<Task>> {
        let mut found = Vec::new();
        for handler in self.list.iter().rev() {
            let Some(Some(name)) = self.names.get(&handler.id) else { continue };
            let with_role = handler.titled(name);
            let short_role =
                handler.role().map(|role| format!("{} : {name}", role.name.rsplit('.').next().unwrap_or_default()));
            if name == notification || with_role == notification || short_role.as_deref() == Some(notification) {
                found.push(handler.clone());
                break;
            }
        }
        let mut seen = HashSet::new();
        for handler in self.list.iter().rev().filter(|handler| listens(handler, notification)) {
            let name = self.names.get(&handler.id).cloned().flatten();
            if name.is_some_and(|name| !seen.insert(name)) || found.iter().any(|known| known.id == handler.id) {
                continue;
            }
            found.push(handler.clone());
        }
        found
    }

    /// Notes a notification for the next flush: which handler it means is decided then, for a role that is included
    /// later may bring one of the same name.
    pub fn save(&mut self, notification: &str, host: &Arc<str>) {
        let saved = self.saved.entry(host.clone()).or_default();
        if !saved.iter().any(|known| known == notification) {
            saved.push(notification.to_string());
        }
    }

    /// Turns a host's saved notifications into notified handlers; gives those that did not know it yet.
    pub fn resolve(&mut self, host: &Arc<str>) -> Vec<Arc<Task>> {
        let saved = self.saved.remove(host).unwrap_or_default();
        saved.iter().flat_map(|notification| self.notify(notification, host)).collect()
    }

    /// Notifies the handlers of a name now; gives those that did not know it yet.
    pub fn notify(&mut self, notification: &str, host: &Arc<str>) -> Vec<Arc<Task>> {
        let found = self.find(notification);
        found.into_iter().filter(|handler| self.notified.entry(handler.id).or_default().insert(host.clone())).collect()
    }

    /// Whether a host has notified a handler that has not run since.
    pub fn is_notified(&self, handler: &Task, host: &str) -> bool {
        self.notified.get(&handler.id).is_some_and(|hosts| hosts.contains(host))
    }

    /// A handler runs for a host.
    pub fn clear(&mut self, handler: &Task, host: &str) {
        if let Some(hosts) = self.notified.get_mut(&handler.id) {
            hosts.remove(host);
        }
    }
}

fn listens(handler: &Task, notification: &str) -> bool {
    let Some(raw) = handler.keyword("listen") else { return false };
    let topics = keyword::texts(raw, false).unwrap_or_default();
    let prefixed = |topic: &str| handler.role().is_some_and(|role| format!("{} : {topic}", role.name) == notification);
    topics.iter().filter_map(Value::as_str).any(|topic| topic == notification || prefixed(topic))
}
