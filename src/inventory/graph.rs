//! The graph of groups and hosts: what sources and tasks add, and what Ansible derives from it.

use super::entity::{Group, GroupId, Host, HostId, Ids, set_variable};
use super::settings::{GroupNames, Settings};
use super::vars_files::VarsFiles;
use crate::error::{Error, Result, Warning, Warnings};
use crate::value::{Dict, Text, Value};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

/// Names that mean the controller itself.
pub(super) const LOCALHOST: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// `all` and `ungrouped` are there from the start.
pub(super) const ALL: GroupId = 0;
pub(super) const UNGROUPED: GroupId = 1;

type ByName<T> = IndexMap<Arc<str>, T, foldhash::fast::RandomState>;

/// Hosts, groups, and the variables that came with them.
pub struct Inventory {
    pub(super) settings: Settings,
    pub(super) warnings: Warnings,
    pub(super) hosts: ByName<Host>,
    pub(super) groups: ByName<Group>,
    /// The localhost that no source names, made when it is first asked for.
    pub(super) implicit: OnceLock<Host>,
    /// The first of the names of localhost that a source named.
    pub(super) localhost: Option<HostId>,
    /// What was given with `-i`.
    pub(super) sources: Vec<String>,
    /// Where the sources lie.
    pub(super) source_dirs: Vec<PathBuf>,
    /// The source being read, with what its hosts start with.
    pub(super) current: Option<(String, Arc<Dict>)>,
    /// `--limit`, as patterns.
    pub(super) subset: Option<Vec<String>>,
    /// What tasks added, to add it again after a refresh.
    pub(super) added: super::dynamic::Added,
    pub(super) vars_files: VarsFiles,
    /// Directories of the playbook, where `group_vars` and `host_vars` may lie.
    pub(super) playbook_dirs: Vec<PathBuf>,
    pub(super) caches: Caches,
}

/// The variables of one host, lowest first.
pub(super) type SharedLayers = Arc<Vec<Arc<Dict>>>;

/// What is derived, dropped with every change.
#[derive(Default)]
pub(super) struct Caches {
    pub groups_value: OnceLock<Value>,
    pub patterns: Mutex<HashMap<String, Arc<Vec<super::hosts::Selected>>>>,
    pub layers: Mutex<HashMap<Arc<str>, SharedLayers>>,
}

impl Inventory {
    /// An inventory without hosts.
    pub fn new(settings: Settings) -> Inventory {
        let mut inventory = Inventory {
            settings,
            warnings: Warnings::default(),
            hosts: ByName::default(),
            groups: ByName::default(),
            implicit: OnceLock::new(),
            localhost: None,
            sources: Vec::new(),
            source_dirs: Vec::new(),
            current: None,
            subset: None,
            added: Default::default(),
            vars_files: VarsFiles::default(),
            playbook_dirs: Vec::new(),
            caches: Caches::default(),
        };
        inventory.start_over();
        inventory
    }

    /// Forgets all hosts and groups.
    pub(super) fn start_over(&mut self) {
        self.hosts.clear();
        self.groups.clear();
        self.localhost = None;
        self.implicit = OnceLock::new();
        for (id, name) in ["all", "ungrouped"].into_iter().enumerate() {
            let name: Arc<str> = name.into();
            self.groups.insert(name.clone(), Group::new(name));
            debug_assert!(id == ALL || id == UNGROUPED);
        }
        self.groups[ALL].children.insert(UNGROUPED);
        self.groups[UNGROUPED].parents.insert(ALL);
        self.groups[UNGROUPED].depth = 1;
        self.changed();
    }

    /// Drops what was derived.
    pub(super) fn changed(&mut self) {
        self.caches = Caches::default();
    }

    fn relations_changed(&mut self, of: GroupId) {
        self.changed();
        let above: Vec<GroupId> = self.ancestors(of).iter().copied().collect();
        for id in above.into_iter().chain([of]) {
            self.groups[id].members = OnceLock::new();
        }
    }

    /// Where warnings go; whoever talks to the user takes them from there.
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    pub(super) fn warn(&self, message: impl Into<String>) {
        self.warnings.push(Warning::new(message));
    }

    /// Adds a group if it is not there; gives its place. The name may be changed to one that is safe.
    pub(super) fn add_group(&mut self, name: &str) -> Result<GroupId> {
        if name.is_empty() {
            return Err(Error::general(format!("Invalid empty/false group name provided: {name}")));
        }
        if let Some(id) = self.groups.get_index_of(name) {
            return Ok(id);
        }
        let name = self.safe_group_name(name);
        if let Some(id) = self.groups.get_index_of(&*name) {
            return Ok(id);
        }
        self.changed();
        Ok(self.groups.insert_full(name.clone(), Group::new(name)).0)
    }

    /// The name a group gets, after the setting for odd characters.
    pub(super) fn safe_group_name(&self, name: &str) -> Arc<str> {
        let odd = |at: usize, c: char| !(c.is_alphanumeric() || c == '_') || (at == 0 && c.is_numeric());
        if !name.chars().enumerate().any(|(at, c)| odd(at, c)) {
            return name.into();
        }
        let shown = "use -vvvv to see details";
        match self.settings.group_names {
            GroupNames::Ignore => name.into(),
            GroupNames::Never => {
                self.warn(format!("Invalid characters were found in group names but not replaced, {shown}"));
                name.into()
            }
            rule => {
                if rule == GroupNames::Always {
                    self.warn(format!(
                        "Invalid characters were found in group names and automatically replaced, {shown}"
                    ));
                }
                name.chars().enumerate().map(|(at, c)| if odd(at, c) { '_' } else { c }).collect::<String>().into()
            }
        }
    }

    /// Adds a host if it is not there, and puts it into a group.
    pub(super) fn add_host(&mut self, name: &str, group: Option<GroupId>, port: Option<u32>) -> Result<HostId> {
        if name.is_empty() {
            return Err(Error::general(format!("Invalid empty host name provided: {name}")));
        }
        let id = match self.hosts.get_index_of(name) {
            Some(id) => id,
            None => self.new_host(name, port),
        };
        if let Some(group) = group {
            self.put_host(group, id);
        }
        Ok(id)
    }

    fn new_host(&mut self, name: &str, port: Option<u32>) -> HostId {
        let mut host = Host::new(name.into());
        host.vars = match &self.current {
            Some((_, start)) => start.clone(),
            None => Arc::new(source_variables(Value::None, Value::None)),
        };
        if let Some(port) = port.filter(|port| *port != 0) {
            Arc::make_mut(&mut host.vars).insert("ansible_port", i64::from(port));
        }
        let id = self.hosts.insert_full(host.name.clone(), host).0;
        self.changed();
        if LOCALHOST.contains(&name) {
            match self.localhost {
                None => self.localhost = Some(id),
                Some(first) => {
                    let first = &self.hosts[first].name;
                    let message = format!(
                        "A duplicate localhost-like entry was found ({name}). First found localhost was {first}"
                    );
                    self.warn(message);
                }
            }
        }
        id
    }

    /// Puts a host into a group; tells whether it was not there.
    pub(super) fn put_host(&mut self, group: GroupId, host: HostId) -> bool {
        if !self.groups[group].hosts.insert(host) {
            return false;
        }
        self.hosts[host].groups.push(group);
        self.relations_changed(group);
        true
    }

    /// Puts a group below another; tells whether it was not there.
    pub(super) fn put_group(&mut self, parent: GroupId, child: GroupId) -> Result<bool> {
        if parent == child {
            return Err(Error::general("can't add group to itself"));
        }
        if self.groups[parent].children.contains(&child) {
            return Ok(false);
        }
        if self.ancestors(parent).contains(&child) {
            return Err(Error::general(format!(
                "Adding group '{}' as child to '{}' creates a recursive dependency loop.",
                self.groups[child].name, self.groups[parent].name
            )));
        }
        self.groups[parent].children.insert(child);
        self.groups[child].parents.insert(parent);
        self.sink(parent, child);
        for id in self.descendants(child) {
            self.groups[id].ancestors = OnceLock::new();
        }
        self.relations_changed(parent);
        Ok(true)
    }

    /// A group is deeper than every group above it.
    fn sink(&mut self, parent: GroupId, child: GroupId) {
        let mut pending = vec![(parent, child)];
        while let Some((parent, child)) = pending.pop() {
            let depth = self.groups[parent].depth + 1;
            if self.groups[child].depth < depth {
                self.groups[child].depth = depth;
                pending.extend(self.groups[child].children.iter().map(|grandchild| (child, *grandchild)));
            }
        }
    }

    /// All groups above a group.
    pub(super) fn ancestors(&self, of: GroupId) -> Arc<Ids> {
        self.groups[of]
            .ancestors
            .get_or_init(|| {
                let mut found = Ids::default();
                let mut pending: Vec<GroupId> = self.groups[of].parents.iter().copied().collect();
                while let Some(id) = pending.pop() {
                    if found.insert(id) {
                        pending.extend(&self.groups[id].parents);
                    }
                }
                Arc::new(found)
            })
            .clone()
    }

    /// A group and all groups below it, level by level.
    fn descendants(&self, of: GroupId) -> Ids {
        let mut found = Ids::from_iter([of]);
        let mut at = 0;
        while let Some(&id) = found.get_index(at) {
            found.extend(&self.groups[id].children);
            at += 1;
        }
        found
    }

    /// All hosts of a group and the groups below it.
    pub(super) fn members(&self, of: GroupId) -> Arc<Vec<HostId>> {
        self.groups[of]
            .members
            .get_or_init(|| {
                let mut found = Ids::default();
                for id in self.descendants(of) {
                    found.extend(&self.groups[id].hosts);
                }
                if of == ALL {
                    found.retain(|id| !self.hosts[*id].implicit);
                }
                Arc::new(found.into_iter().collect())
            })
            .clone()
    }

    /// The groups of a host and all above them, without `all`, in the order in which their variables win: later over earlier.
    pub(super) fn groups_of(&self, host: &Host) -> Vec<GroupId> {
        let mut found = Ids::default();
        for group in &host.groups {
            found.insert(*group);
            found.extend(self.ancestors(*group).iter());
        }
        found.swap_remove(&ALL);
        let mut found: Vec<GroupId> = found.into_iter().collect();
        found.sort_by(|a, b| self.rank(*a).cmp(&self.rank(*b)));
        found
    }

    fn rank(&self, id: GroupId) -> (usize, i64, &str) {
        let group = &self.groups[id];
        (group.depth, group.priority, &group.name)
    }

    /// Sets a variable of a group.
    pub(super) fn set_group_variable(&mut self, id: GroupId, key: &Value, value: &Value) -> Result<()> {
        self.check_variable_name(key);
        if key.as_str() == Some("ansible_group_priority") {
            self.groups[id].priority = priority(value)?;
        } else {
            set_variable(&mut self.groups[id].vars, key, value, self.settings.merge_hashes);
        }
        self.changed();
        Ok(())
    }

    /// Sets variables of several hosts; those that had the same before share what they have then.
    pub(super) fn set_host_variables(&mut self, hosts: &[HostId], variables: &Dict) {
        if variables.is_empty() {
            return;
        }
        for key in variables.keys() {
            self.check_variable_name(key);
        }
        let merge = self.settings.merge_hashes;
        let mut last: Option<(Arc<Dict>, Arc<Dict>)> = None;
        for id in hosts {
            let vars = &mut self.hosts[*id].vars;
            if let Some((before, after)) = &last
                && Arc::ptr_eq(before, vars)
            {
                *vars = after.clone();
                continue;
            }
            let before = vars.clone();
            for (key, value) in variables {
                set_variable(vars, key, value, merge);
            }
            last = Some((before, vars.clone()));
        }
        self.changed();
    }

    fn check_variable_name(&self, key: &Value) {
        const WORDS: [&str; 7] = ["False", "None", "True", "false", "none", "not", "true"];
        let valid = key.as_str().is_some_and(|name| {
            !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !WORDS.contains(&name)
        });
        if !valid {
            let message = format!("Accepting inventory variable with invalid name {}.", key.repr());
            self.warnings.push(Warning::deprecated(message, "2.23").at(key.origin()).help(
                "Variable names must be strings starting with a letter or underscore character, \
                 and contain only letters, numbers and underscores.",
            ));
        }
    }

    /// Brings the graph into order after changes: every group below `all`, every host in a group.
    pub(super) fn reconcile(&mut self) -> Result<()> {
        for id in 1..self.groups.len() {
            if self.groups[id].parents.is_empty() {
                self.put_group(ALL, id)?;
            }
        }
        let mut misplaced = Ids::default();
        for (id, host) in self.hosts.values().enumerate() {
            let grouped = host.groups.iter().any(|group| *group != ALL && *group != UNGROUPED);
            if grouped && self.groups[UNGROUPED].hosts.contains(&id) {
                misplaced.insert(id);
            }
        }
        if !misplaced.is_empty() {
            self.groups[UNGROUPED].hosts.retain(|id| !misplaced.contains(id));
            for id in misplaced {
                self.hosts[id].groups.retain(|group| *group != UNGROUPED);
            }
            self.relations_changed(UNGROUPED);
        }
        for id in 0..self.hosts.len() {
            let host = &self.hosts[id];
            if host.groups.iter().all(|group| *group == ALL) && !host.implicit {
                self.put_host(UNGROUPED, id);
            }
        }
        for name in self.groups.keys().filter(|name| self.hosts.contains_key(*name)) {
            self.warn(format!("Found both group and host with same name: {name}"));
        }
        self.changed();
        Ok(())
    }

    /// The localhost that no source names.
    pub(super) fn implicit_localhost(&self, name: &str) -> &Host {
        self.implicit.get_or_init(|| {
            let mut host = Host::new(name.into());
            host.implicit = true;
            let interpreter = Text::trusted("{{ ansible_playbook_python }}", None);
            host.vars = Arc::new(Dict::from_iter([
                ("ansible_python_interpreter", Value::Str(interpreter)),
                ("ansible_connection", Value::str("local")),
            ]));
            host
        })
    }
}

/// What a host of a source starts with.
pub(super) fn source_variables(file: Value, dir: Value) -> Dict {
    Dict::from_iter([("inventory_file", file), ("inventory_dir", dir)])
}

fn priority(value: &Value) -> Result<i64> {
    match value {
        Value::Float(number) => Ok(*number as i64),
        Value::Str(text) => text
            .trim()
            .replace('_', "")
            .parse()
            .map_err(|_| Error::general(format!("invalid literal for int() with base 10: {}", value.repr()))),
        // Ansible leaves the priority alone where Python's int() raises a TypeError
        other => Ok(other.as_i64().unwrap_or(1)),
    }
}
