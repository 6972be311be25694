//! What tasks change in an inventory while a run goes on: `add_host`, `group_by`, `meta: refresh_inventory`.

use super::entity::{HostId, merged};
use super::graph::{ALL, Inventory, LOCALHOST};
use crate::error::{Error, Result};
use crate::value::Dict;
use std::sync::Arc;

/// A host as `add_host` describes it.
#[derive(Clone, Debug, Default)]
pub struct NewHost {
    /// Its name.
    pub name: String,
    /// Groups to put it into; those that are not there are made.
    pub groups: Vec<String>,
    /// Variables to set.
    pub vars: Dict,
}

/// What was added, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Added {
    hosts: Vec<NewHost>,
    groupings: Vec<Grouping>,
}

#[derive(Clone, Debug)]
struct Grouping {
    host: String,
    group: String,
    parents: Vec<String>,
}

impl Inventory {
    /// Adds a host, or adds variables and groups to one that is there; tells whether something changed.
    pub fn add_dynamic_host(&mut self, new: NewHost) -> Result<bool> {
        let changed = self.apply_host(&new)?;
        self.added.hosts.push(new);
        Ok(changed)
    }

    /// Puts a host into a group below other groups; tells whether something changed.
    pub fn add_dynamic_group(&mut self, host: &str, group: &str, parents: &[String]) -> Result<bool> {
        let grouping = Grouping { host: host.into(), group: group.into(), parents: parents.to_vec() };
        let id = self.place_of(host)?;
        let changed = self.apply_grouping(id, &grouping)?;
        self.added.groupings.push(grouping);
        Ok(changed)
    }

    /// Reads all sources again, and adds again what tasks had added.
    pub fn refresh(&mut self) -> Result<()> {
        let sources = std::mem::take(&mut self.sources);
        let added = std::mem::take(&mut self.added);
        self.start_over();
        self.vars_files.forget();
        let read = self.read_sources(&sources);
        for host in &added.hosts {
            self.apply_host(host)?;
        }
        for grouping in &added.groupings {
            // a host that is gone takes its groups with it
            if let Ok(id) = self.place_of(&grouping.host) {
                self.apply_grouping(id, grouping)?;
            }
        }
        self.added = added;
        read
    }

    fn place_of(&mut self, host: &str) -> Result<HostId> {
        if let Some(id) = self.hosts.get_index_of(host) {
            return Ok(id);
        }
        if LOCALHOST.contains(&host) {
            // a localhost that is in a group is no longer only implied, but stays out of `all`'s members
            let implied = self.implicit_localhost(host).clone();
            let id = self.hosts.insert_full(implied.name.clone(), implied).0;
            self.localhost = Some(id);
            return Ok(id);
        }
        Err(Error::general(format!("{host} cannot be matched in inventory")))
    }

    fn apply_host(&mut self, new: &NewHost) -> Result<bool> {
        let mut changed = !self.hosts.contains_key(new.name.as_str());
        let id = self.add_host(&new.name, changed.then_some(ALL), None)?;
        let before = &self.hosts[id].vars;
        if new.vars.iter().any(|(key, value)| before.get_value(key) != Some(value)) {
            changed = true;
            if self.settings.merge_hashes {
                let vars = merged(before, &new.vars);
                self.hosts[id].vars = Arc::new(vars);
            } else {
                Arc::make_mut(&mut self.hosts[id].vars).extend(new.vars.clone());
            }
        }
        for name in &new.groups {
            changed |= !self.groups.contains_key(name.as_str());
            let group = self.add_group(name)?;
            changed |= self.put_host(group, id);
        }
        if changed {
            self.reconcile()?;
        }
        Ok(changed)
    }

    fn apply_grouping(&mut self, id: HostId, grouping: &Grouping) -> Result<bool> {
        let group = self.add_group(&grouping.group)?;
        let mut changed = false;
        for parent in &grouping.parents {
            changed |= !self.groups.contains_key(parent.as_str());
            let parent = self.add_group(parent)?;
            changed |= self.put_group(parent, group)?;
        }
        changed |= self.put_host(group, id);
        if changed {
            self.reconcile()?;
        }
        Ok(changed)
    }
}
