//! The variables of a host, as layers in the order of precedence.

use super::entity::{Group, Host};
use super::graph::{ALL, Inventory};
use super::settings::Step;
use super::vars_files::combined;
use crate::error::{Kind, Result, Warning};
use crate::value::Dict;
use std::path::PathBuf;
use std::sync::Arc;

/// Whose variables.
#[derive(Clone, Copy)]
enum Entity<'a> {
    Group(&'a str),
    Host(&'a str),
}

impl Inventory {
    /// Says where the playbook lies: its `group_vars` and `host_vars` count too, over those beside the inventory.
    pub fn set_playbook_dirs(&mut self, dirs: Vec<PathBuf>) {
        if self.playbook_dirs != dirs {
            self.playbook_dirs = dirs;
            self.changed();
        }
    }

    /// Reads the variable files of these hosts, so that mistakes in them are found before a task runs.
    pub fn check_variables<'a>(&self, hosts: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let checked = hosts.into_iter().try_for_each(|host| self.try_layers(host).map(drop));
        checked.map_err(|error| error.with_kind(Kind::Parser))
    }

    /// The variables of a host from inventory, `group_vars` and `host_vars`: shared layers, lowest first. A file that cannot be
    /// read is a warning and leaves none; [`Inventory::check_variables`] makes it an error before.
    pub fn layers(&self, host: &str) -> Vec<Arc<Dict>> {
        match self.try_layers(host) {
            Ok(layers) => layers.to_vec(),
            Err(error) => {
                self.warnings.push(Warning::about(error));
                Vec::new()
            }
        }
    }

    /// The variables of a host: shared layers, lowest first.
    pub fn try_layers(&self, name: &str) -> Result<Arc<Vec<Arc<Dict>>>> {
        if let Ok(known) = self.caches.layers.lock()
            && let Some(layers) = known.get(name)
        {
            return Ok(layers.clone());
        }
        let Some(host) = self.host(name) else { return Ok(Arc::default()) };
        let layers = Arc::new(self.build_layers(host)?);
        if let Ok(mut known) = self.caches.layers.lock() {
            known.insert(host.name.clone(), layers.clone());
        }
        Ok(layers)
    }

    fn build_layers(&self, host: &Host) -> Result<Vec<Arc<Dict>>> {
        let groups: Vec<&Group> = self.groups_of(host).into_iter().map(|id| &self.groups[id]).collect();
        let all = [&self.groups[ALL]];
        let mut layers = Vec::new();
        for step in &self.settings.precedence {
            let of: &[&Group] = match step {
                Step::AllInventory | Step::AllPluginsInventory | Step::AllPluginsPlay => &all,
                _ => &groups,
            };
            let entities = || of.iter().map(|group| Entity::Group(&group.name));
            match step {
                Step::AllInventory | Step::GroupsInventory => layers.extend(of.iter().map(|group| group.vars.clone())),
                Step::AllPluginsInventory | Step::GroupsPluginsInventory => {
                    self.files(&self.source_dirs, entities(), &mut layers)?;
                }
                Step::AllPluginsPlay | Step::GroupsPluginsPlay => {
                    self.files(&self.playbook_dirs, entities(), &mut layers)?;
                }
            }
        }
        layers.push(host.vars.clone());
        self.files(&self.source_dirs, [Entity::Host(&host.name)], &mut layers)?;
        self.files(&self.playbook_dirs, [Entity::Host(&host.name)], &mut layers)?;
        layers.retain(|layer| !layer.is_empty());
        Ok(layers)
    }

    /// The variables that are a host's own: of inventory sources and `host_vars` beside them and in `extra`, as
    /// `ansible-inventory --export` shows them.
    pub fn own_host_variables(&self, host: &Host, extra: &[PathBuf]) -> Result<Dict> {
        self.own(host.vars.clone(), Entity::Host(&host.name), extra)
    }

    /// The variables that are a group's own.
    pub fn own_group_variables(&self, group: &Group, extra: &[PathBuf]) -> Result<Dict> {
        let mut variables = self.own(group.vars.clone(), Entity::Group(&group.name), extra)?;
        if group.priority != 1 {
            variables.insert("ansible_group_priority", group.priority);
        }
        Ok(variables)
    }

    fn own(&self, first: Arc<Dict>, entity: Entity<'_>, extra: &[PathBuf]) -> Result<Dict> {
        let mut layers = vec![first];
        self.files(&self.source_dirs, [entity], &mut layers)?;
        self.files(extra, [entity], &mut layers)?;
        Ok(combined(&layers, self.settings.merge_hashes))
    }

    /// All variables of a host in one mapping.
    pub fn combined_variables(&self, host: &str) -> Result<Dict> {
        Ok(combined(self.try_layers(host)?.iter(), self.settings.merge_hashes))
    }

    fn files<'a>(
        &self,
        dirs: &[PathBuf],
        entities: impl IntoIterator<Item = Entity<'a>> + Clone,
        layers: &mut Vec<Arc<Dict>>,
    ) -> Result<()> {
        for dir in dirs {
            for entity in entities.clone() {
                let (sub, name) = match entity {
                    Entity::Group(name) => ("group_vars", name),
                    Entity::Host(name) => ("host_vars", name),
                };
                layers.extend(self.vars_files.load(dir, sub, name, &self.settings, &self.warnings)?);
            }
        }
        Ok(())
    }
}
