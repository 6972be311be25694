//! Magic variables: those that Ansible itself defines, computed when they are asked for.

use super::hostvars::HostVars;
use super::store::HostStore;
use crate::inventory::Inventory;
use crate::playbook::{Role, Scope};
use crate::value::{Dict, Text, Value};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

/// What stays the same for a run.
pub struct RunFacts {
    /// `ansible_version`, `ansible_check_mode`, `ansible_forks` and other variables that come from the command line.
    pub options: Arc<Dict>,
    /// The inventory; `add_host` and `group_by` change it.
    pub inventory: Arc<RwLock<Inventory>>,
    /// Makes `hostvars`.
    pub hostvars: std::sync::OnceLock<Arc<HostVars>>,
}

impl RunFacts {
    /// The inventory, to read.
    pub fn inventory(&self) -> std::sync::RwLockReadGuard<'_, Inventory> {
        self.inventory.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The inventory, to change.
    pub fn inventory_mut(&self) -> std::sync::RwLockWriteGuard<'_, Inventory> {
        self.inventory.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What changes from play to play and within one.
#[derive(Debug, Default)]
pub struct PlayFacts {
    /// `ansible_play_name`.
    pub name: String,
    /// `ansible_play_hosts_all`: all hosts of the play.
    pub hosts_all: Vec<Arc<str>>,
    /// `ansible_play_batch`: those of the batch that have not failed.
    pub batch: RwLock<Vec<Arc<str>>>,
    /// `ansible_play_hosts`: those of the play that have not failed.
    pub hosts: RwLock<Vec<Arc<str>>>,
    /// `playbook_dir`.
    pub playbook_dir: PathBuf,
    /// Names of the play's roles.
    pub roles: Vec<String>,
    /// Names of the roles they depend on.
    pub dependent_roles: Vec<String>,
}

/// The magic variables of one host in one task.
#[derive(Clone)]
pub struct Magic {
    /// The run's.
    pub run: Arc<RunFacts>,
    /// The play's, inside one.
    pub play: Option<Arc<PlayFacts>>,
    /// The host's name.
    pub host: Arc<str>,
    /// The host's learnt variables.
    pub store: Arc<HostStore>,
    /// The task's scope, inside one.
    pub scope: Option<Arc<Scope>>,
}

const NAMES: &[&str] = &[
    "inventory_hostname",
    "inventory_hostname_short",
    "inventory_dir",
    "inventory_file",
    "group_names",
    "groups",
    "hostvars",
    "playbook_dir",
    "ansible_play_name",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_batch",
    "play_hosts",
    "ansible_play_role_names",
    "ansible_role_names",
    "ansible_dependent_role_names",
    "role_names",
    "role_name",
    "role_path",
    "ansible_role_name",
    "ansible_parent_role_names",
    "ansible_parent_role_paths",
    "ansible_collection_name",
    "ansible_search_path",
    "ansible_facts",
];

impl Magic {
    /// The value of a magic variable.
    pub fn get(&self, name: &str, view: &super::View) -> Option<Value> {
        if let Some(value) = self.run.options.get(name) {
            return Some(value.clone());
        }
        match name {
            "inventory_hostname" => Some(Value::str(self.host.clone())),
            "inventory_hostname_short" => Some(Value::str(self.host.split('.').next().unwrap_or_default())),
            "inventory_dir" | "inventory_file" => self.run.inventory().source_of(&self.host, name == "inventory_dir"),
            "group_names" => Some(self.run.inventory().group_names(&self.host)),
            "groups" => Some(self.run.inventory().groups_value()),
            "hostvars" => self.run.hostvars.get().map(|hostvars| Value::Object(hostvars.clone())),
            "ansible_facts" => Some(Value::Dict(self.store.namespaced_facts())),
            "ansible_search_path" => Some(self.search_path()),
            _ => self.of_role(name).or_else(|| self.of_play(name)),
        }
        .or_else(|| {
            let _ = view;
            None
        })
    }

    /// The names that can have a value.
    pub fn names(&self) -> Vec<Arc<str>> {
        let options = self.run.options.keys().filter_map(|key| key.as_str().map(Arc::from));
        options.chain(NAMES.iter().map(|name| Arc::from(*name))).collect()
    }

    fn of_play(&self, name: &str) -> Option<Value> {
        let play = self.play.as_ref()?;
        let hosts = |hosts: &RwLock<Vec<Arc<str>>>| {
            list(hosts.read().unwrap_or_else(std::sync::PoisonError::into_inner).iter().map(|host| &**host))
        };
        let strings = |names: &[String]| list(names.iter().map(String::as_str));
        Some(match name {
            "playbook_dir" => Value::str(play.playbook_dir.display().to_string()),
            "ansible_play_name" => Value::str(play.name.as_str()),
            "ansible_play_hosts_all" => list(play.hosts_all.iter().map(|host| &**host)),
            "ansible_play_hosts" => hosts(&play.hosts),
            "ansible_play_batch" | "play_hosts" => hosts(&play.batch),
            "ansible_play_role_names" | "role_names" => strings(&play.roles),
            "ansible_dependent_role_names" => strings(&play.dependent_roles),
            "ansible_role_names" => {
                let mut all = play.roles.clone();
                all.extend(play.dependent_roles.iter().filter(|name| !play.roles.contains(name)).cloned());
                strings(&all)
            }
            _ => return None,
        })
    }

    fn of_role(&self, name: &str) -> Option<Value> {
        let scope = self.scope.as_ref()?;
        let role = scope.role.as_ref()?;
        let parents = || -> Vec<&Arc<Role>> { scope.roles().into_iter().skip(1).collect() };
        Some(match name {
            "role_name" => Value::str(role.name.rsplit('.').next().unwrap_or(&role.name)),
            "ansible_role_name" => Value::str(role.name.as_str()),
            "role_path" => Value::str(role.path.display().to_string()),
            "ansible_parent_role_names" => list(parents().iter().map(|role| role.name.as_str())),
            "ansible_parent_role_paths" => {
                Value::list(parents().iter().map(|role| Value::str(role.path.display().to_string())))
            }
            "ansible_collection_name" => {
                let parts: Vec<&str> = role.name.split('.').collect();
                match parts.as_slice() {
                    [namespace, collection, _, ..] => Value::str(format!("{namespace}.{collection}")),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// Where lookups and actions search files: the roles from inside out, then the task's file's directory, the playbook's.
    fn search_path(&self) -> Value {
        let mut paths: Vec<String> = Vec::new();
        let mut add = |path: String| {
            if !path.is_empty() && !paths.contains(&path) {
                paths.push(path);
            }
        };
        if let Some(scope) = &self.scope {
            for role in scope.roles() {
                add(role.path.display().to_string());
            }
            let file = scope.chain().find_map(|scope| scope.origin.as_ref()).filter(|origin| origin.is_file());
            if let Some(dir) = file.and_then(|origin| std::path::Path::new(&*origin.source).parent()) {
                add(dir.display().to_string());
            }
        }
        if let Some(play) = &self.play {
            add(play.playbook_dir.display().to_string());
        }
        Value::list(paths.into_iter().map(|path| Value::Str(Text::plain(path))))
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    Value::list(names.map(Value::str))
}
