//! What a run learns about its hosts: facts, registered results, `set_fact`, `include_vars`. Kept once a host, shared.

use crate::value::{Dict, Value};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// The learnt variables of all hosts.
#[derive(Debug, Default)]
pub struct Store {
    hosts: RwLock<HashMap<Arc<str>, Arc<HostStore>>>,
}

/// The learnt variables of one host. Readers get snapshots; writers change in place when no snapshot is held.
#[derive(Debug, Default)]
pub struct HostStore {
    facts: RwLock<Facts>,
    set: RwLock<Arc<Dict>>,
    included: RwLock<Arc<Dict>>,
}

/// Facts in both spellings.
#[derive(Clone, Debug, Default)]
struct Facts {
    /// `ansible_distribution`: variables of their own.
    injected: Arc<Dict>,
    /// `ansible_facts.distribution`.
    namespaced: Arc<Dict>,
}

impl Store {
    /// The variables of a host.
    pub fn host(&self, name: &str) -> Arc<HostStore> {
        if let Some(found) = read(&self.hosts).get(name) {
            return found.clone();
        }
        write(&self.hosts).entry(Arc::from(name)).or_default().clone()
    }

    /// Forgets the facts of a host (`meta: clear_facts`).
    pub fn clear_facts(&self, name: &str) {
        let host = self.host(name);
        *write(&host.facts) = Facts::default();
        *write(&host.set) = Arc::default();
    }
}

impl HostStore {
    /// Facts as variables of their own.
    pub fn facts(&self) -> Arc<Dict> {
        read(&self.facts).injected.clone()
    }

    /// The value of `ansible_facts`.
    pub fn namespaced_facts(&self) -> Arc<Dict> {
        read(&self.facts).namespaced.clone()
    }

    /// `set_fact` and registered results.
    pub fn set_facts(&self) -> Arc<Dict> {
        read(&self.set).clone()
    }

    /// Variables of `include_vars`.
    pub fn included(&self) -> Arc<Dict> {
        read(&self.included).clone()
    }

    /// Adds gathered facts, named with or without `ansible_`.
    pub fn add_facts(&self, facts: &Dict) {
        let mut held = write(&self.facts);
        for (key, value) in facts {
            let Some(name) = key.as_str() else { continue };
            let short = match name {
                // these keep their prefix even within ansible_facts
                "ansible_local" => "ansible_local",
                _ => name.strip_prefix("ansible_").unwrap_or(name),
            };
            Arc::make_mut(&mut held.namespaced).insert(short, value.clone());
            if !is_unsafe_fact(name) {
                Arc::make_mut(&mut held.injected).insert(name, value.clone());
            }
        }
    }

    /// Sets a variable as `set_fact` and `register` do.
    pub fn set(&self, name: &str, value: Value) {
        Arc::make_mut(&mut write(&self.set)).insert(name, value);
    }

    /// Sets a variable as `include_vars` does.
    pub fn include(&self, name: &str, value: Value) {
        Arc::make_mut(&mut write(&self.included)).insert(name, value);
    }
}

/// Facts that must not become variables: a target could redirect the connection with them.
fn is_unsafe_fact(name: &str) -> bool {
    const CONNECTION: &[&str] = &[
        "ansible_host",
        "ansible_port",
        "ansible_user",
        "ansible_connection",
        "ansible_password",
        "ansible_ssh_host",
        "ansible_shell_executable",
        "ansible_shell_type",
        "ansible_ssh_executable",
        "ansible_ssh_common_args",
        "ansible_ssh_extra_args",
        "ansible_become",
        "ansible_become_method",
        "ansible_become_user",
        "ansible_become_pass",
        "ansible_become_password",
        "ansible_become_exe",
        "ansible_become_flags",
        "ansible_ssh_private_key_file",
        "ansible_private_key_file",
        "ansible_facts",
        "hostvars",
        "vars",
        "groups",
        "group_names",
        "inventory_hostname",
        "playbook_dir",
        "ansible_python_interpreter",
        "ansible_delegated_vars",
        "ansible_remote_tmp",
    ];
    CONNECTION.contains(&name)
}

/// A poisoned lock still holds whole values: writers replace entries one by one.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_seen_in_both_spellings() {
        let store = Store::default();
        store.host("h").add_facts(&Dict::from_iter([("ansible_distribution", Value::str("Debian"))]));
        assert_eq!(store.host("h").facts().get("ansible_distribution"), Some(&Value::str("Debian")));
        assert_eq!(store.host("h").namespaced_facts().get("distribution"), Some(&Value::str("Debian")));
    }

    #[test]
    fn a_target_cannot_redirect_the_connection() {
        let store = Store::default();
        store.host("h").add_facts(&Dict::from_iter([("ansible_host", Value::str("evil"))]));
        assert!(store.host("h").facts().get("ansible_host").is_none());
    }
}
