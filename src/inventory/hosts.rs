//! What other floors ask of an inventory: hosts, groups, names, selections.

use super::entity::{Group, Host, HostId};
use super::graph::{ALL, Inventory, LOCALHOST};
use super::pattern;
use crate::error::{Error, Result, Warning};
use crate::value::{Dict, Value};
use std::sync::Arc;

/// A host that a pattern selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Selected {
    Host(HostId),
    /// The localhost that no source names.
    Implicit,
}

impl Inventory {
    /// A host by name; the names of localhost always have one.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name).or_else(|| LOCALHOST.contains(&name).then(|| self.localhost_for(name)))
    }

    fn localhost_for(&self, name: &str) -> &Host {
        match self.localhost {
            Some(id) => &self.hosts[id],
            None => self.implicit_localhost(name),
        }
    }

    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// All hosts of the sources, in order.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values().filter(|host| !host.implicit)
    }

    /// All groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// Whether a host of that name is known; localhost always is.
    pub fn knows(&self, name: &str) -> bool {
        self.host(name).is_some()
    }

    /// The names of all hosts of the sources.
    pub fn host_names(&self) -> Vec<Arc<str>> {
        self.hosts().map(|host| host.name.clone()).collect()
    }

    /// The hosts that are in a group itself, in order.
    pub fn hosts_in<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Host> {
        group.hosts.iter().map(|id| &self.hosts[*id])
    }

    /// The groups right below a group, in order.
    pub fn groups_in<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Group> {
        group.children.iter().map(|id| &self.groups[*id])
    }

    /// The names of a host's groups, sorted, without `all`: the variable `group_names`.
    pub fn group_names(&self, host: &str) -> Value {
        let Some(host) = self.host(host) else { return Value::list([]) };
        let mut names: Vec<Arc<str>> = self.groups_of(host).iter().map(|id| self.groups[*id].name.clone()).collect();
        names.sort_unstable();
        Value::list(names.into_iter().map(Value::str))
    }

    /// Each group's name with its hosts: the variable `groups`.
    pub fn groups_value(&self) -> Value {
        let build = || {
            let members =
                |id| Value::list(self.members(id).iter().map(|host| Value::str(self.hosts[*host].name.clone())));
            let entries = self.groups.keys().enumerate().map(|(id, name)| (Value::str(name.clone()), members(id)));
            Value::dict(entries.collect::<Dict>())
        };
        self.caches.groups_value.get_or_init(build).clone()
    }

    /// The file or directory of the source that named a host first: `inventory_file`, `inventory_dir`.
    pub fn source_of(&self, host: &str, directory: bool) -> Option<Value> {
        let name = if directory { "inventory_dir" } else { "inventory_file" };
        self.host(host)?.vars.get(name).cloned()
    }

    /// The sources as they were given with `-i`.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// The hosts that patterns select, `--limit` applied. A pattern may hold several, separated by commas or colons.
    pub fn select(&self, patterns: &[impl AsRef<str>]) -> Result<Vec<Arc<str>>> {
        self.select_with(patterns, true)
    }

    /// The hosts that patterns select, whatever `--limit` says.
    pub fn select_unlimited(&self, patterns: &[impl AsRef<str>]) -> Result<Vec<Arc<str>>> {
        self.select_with(patterns, false)
    }

    fn select_with(&self, patterns: &[impl AsRef<str>], limited: bool) -> Result<Vec<Arc<str>>> {
        let patterns: Vec<String> = patterns.iter().flat_map(|text| pattern::split_patterns(text.as_ref())).collect();
        let mut selected = self.evaluate(&patterns)?;
        if let (true, Some(subset)) = (limited, &self.subset)
            && !subset.is_empty()
        {
            let within = self.evaluate(subset)?;
            selected.retain(|host| within.contains(host));
        }
        Ok(selected.into_iter().map(|host| self.selected_name(host)).collect())
    }

    fn selected_name(&self, host: Selected) -> Arc<str> {
        match host {
            Selected::Host(id) => self.hosts[id].name.clone(),
            Selected::Implicit => self.implicit_localhost(LOCALHOST[1]).name.clone(),
        }
    }

    /// Restricts all selections to what `--limit` names; `@file` reads patterns from a file, one a line.
    pub fn set_limit(&mut self, limit: Option<&str>) -> Result<()> {
        let Some(limit) = limit else {
            self.subset = None;
            return Ok(());
        };
        let mut patterns = Vec::new();
        for pattern in pattern::split_patterns(limit) {
            match pattern.strip_prefix('@') {
                Some(path) => patterns.extend(read_limit_file(path)?),
                None => patterns.push(pattern),
            }
        }
        self.subset = Some(patterns);
        Ok(())
    }

    /// The hosts a command works on: sets `--limit`, warns when the inventory is empty, and fails when nothing is left.
    pub fn targets(&mut self, limit: Option<&str>, pattern: &str) -> Result<Vec<Arc<str>>> {
        let empty = self.members(ALL).is_empty();
        if empty && self.settings.localhost_warning && !LOCALHOST.contains(&pattern) {
            self.warnings.push(Warning::new(
                "provided hosts list is empty, only localhost is available. \
                 Note that the implicit localhost does not match 'all'",
            ));
        }
        self.set_limit(limit)?;
        let hosts = self.select(&[pattern])?;
        if hosts.is_empty() && !empty {
            let message = "Specified inventory, host pattern and/or --limit leaves us with no hosts to target.";
            return Err(Error::general(message));
        }
        Ok(hosts)
    }

    /// Puts selected hosts into the order a play asks for.
    pub fn ordered(&self, mut hosts: Vec<Arc<str>>, order: Option<&str>) -> Result<Vec<Arc<str>>> {
        match order {
            None | Some("inventory") => {}
            Some("sorted") => hosts.sort(),
            Some("reverse_sorted") => hosts.sort_by(|a, b| b.cmp(a)),
            Some("reverse_inventory") => hosts.reverse(),
            Some("shuffle") => shuffle(&mut hosts),
            Some(other) => {
                return Err(Error::general(format!("Invalid 'order' specified for inventory hosts: {other}"))
                    .help("One of inventory, sorted, reverse_sorted, reverse_inventory, shuffle."));
            }
        }
        Ok(hosts)
    }
}

fn read_limit_file(path: &str) -> Result<Vec<String>> {
    let quoted = || format!("b{}", Value::str(path).repr());
    let file = std::path::Path::new(path);
    if !file.exists() {
        return Err(Error::general(format!("Unable to find limit file {}", quoted())));
    }
    if !file.is_file() {
        return Err(Error::general(format!("Limit starting with \"@\" must be a file, not a directory: {}", quoted())));
    }
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::general(format!("Unable to read limit file {}: {error}", quoted())))?;
    Ok(text.split('\n').map(|line| line.trim().to_string()).filter(|line| !line.is_empty()).collect())
}

fn shuffle(hosts: &mut [Arc<str>]) {
    for last in (1..hosts.len()).rev() {
        let mut bytes = [0; 8];
        // without randomness the order stays, which is an order too
        if getrandom::fill(&mut bytes).is_err() {
            return;
        }
        hosts.swap(last, (u64::from_ne_bytes(bytes) % (last as u64 + 1)) as usize);
    }
}
