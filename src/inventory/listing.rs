//! An inventory as data and as a drawing: what `ansible-inventory` prints.

use super::entity::{GroupId, Host};
use super::graph::{ALL, Inventory};
use crate::error::{Error, Result};
use crate::value::{Dict, Text, Value};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Variables that Ansible itself defines; listings leave them out.
const INTERNAL: &[&str] = &[
    "ansible_async_path",
    "ansible_collection_name",
    "ansible_config_file",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_facts",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_role_names",
    "ansible_playbook_python",
    "ansible_role_name",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_verbosity",
    "ansible_version",
    "group_names",
    "groups",
    "hostvars",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "play_hosts",
    "playbook_dir",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
];

/// How to list.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Variables stay where they are defined, instead of all with each host (`--export`).
    pub export: bool,
    /// Where else `group_vars` and `host_vars` lie (`--playbook-dir`); used by `--export`.
    pub dirs: Vec<PathBuf>,
}

impl Inventory {
    /// The shape that inventory scripts print, for JSON.
    pub fn script_listing(&self, listing: &Listing) -> Result<Value> {
        let hosts = self.select(&["all"])?;
        let available: HashSet<&str> = hosts.iter().map(|host| &**host).collect();
        let mut result = Dict::new();
        self.add_script_group(ALL, &available, listing, &mut HashSet::new(), &mut result)?;
        let mut hostvars = Dict::new();
        for name in &hosts {
            let Some(host) = self.host(name) else { continue };
            let variables = self.host_listing(host, listing)?;
            if !variables.is_empty() {
                hostvars.insert(name.clone(), plain_dict(&variables));
            }
        }
        let meta = Dict::from_iter([("hostvars", Value::dict(hostvars)), ("profile", Value::str("inventory_legacy"))]);
        result.insert("_meta", meta);
        Ok(Value::dict(result))
    }

    fn add_script_group(
        &self,
        id: GroupId,
        available: &HashSet<&str>,
        listing: &Listing,
        seen: &mut HashSet<GroupId>,
        result: &mut Dict,
    ) -> Result<()> {
        let group = &self.groups[id];
        let mut entry = Dict::new();
        let hosts = group.hosts.iter().map(|host| &self.hosts[*host].name).filter(|name| available.contains(&***name));
        let hosts: Vec<Value> = hosts.map(|name| Value::str(name.clone())).collect();
        if id != ALL && !hosts.is_empty() {
            entry.insert("hosts", hosts);
        }
        let children: Vec<Value> = self.groups_in(group).map(|child| Value::str(child.name.clone())).collect();
        if !children.is_empty() {
            entry.insert("children", children);
        }
        if listing.export {
            let variables = without_internal(self.own_group_variables(group, &listing.dirs)?);
            if !variables.is_empty() {
                entry.insert("vars", plain_dict(&variables));
            }
        }
        if !entry.is_empty() {
            result.insert(group.name.clone(), entry);
        }
        for child in &group.children {
            if seen.insert(*child) {
                self.add_script_group(*child, available, listing, seen, result)?;
            }
        }
        Ok(())
    }

    /// The shape of a YAML inventory.
    pub fn yaml_listing(&self, listing: &Listing) -> Result<Value> {
        let hosts = self.select(&["all"])?;
        let available: HashSet<&str> = hosts.iter().map(|host| &**host).collect();
        let mut seen = (HashSet::new(), HashSet::new());
        Ok(Value::dict(self.yaml_group(ALL, &available, listing, &mut seen)?))
    }

    fn yaml_group(
        &self,
        id: GroupId,
        available: &HashSet<&str>,
        listing: &Listing,
        seen: &mut (HashSet<GroupId>, HashSet<usize>),
    ) -> Result<Dict> {
        let group = &self.groups[id];
        let mut children = Dict::new();
        for child in &group.children {
            if seen.0.contains(child) {
                children.insert(self.groups[*child].name.clone(), Dict::new());
            } else {
                children.extend(self.yaml_group(*child, available, listing, seen)?);
                seen.0.insert(*child);
            }
        }
        let mut hosts = Dict::new();
        if id != ALL {
            for host in &group.hosts {
                let entity = &self.hosts[*host];
                if !available.contains(&*entity.name) {
                    continue;
                }
                let variables = if seen.1.insert(*host) { self.host_listing(entity, listing)? } else { Dict::new() };
                let variables = with_own_apart(variables, entity);
                hosts.insert(entity.name.clone(), variables);
            }
        }
        let mut entry = Dict::new();
        for (name, section) in [("children", children), ("hosts", hosts)] {
            if !section.is_empty() {
                entry.insert(name, section);
            }
        }
        if listing.export {
            let variables = without_internal(self.own_group_variables(group, &listing.dirs)?);
            if !variables.is_empty() {
                entry.insert("vars", variables);
            }
        }
        let mut result = Dict::new();
        if !entry.is_empty() {
            result.insert(group.name.clone(), entry);
        }
        Ok(result)
    }

    /// A host's variables as listings show them.
    pub fn host_listing(&self, host: &Host, listing: &Listing) -> Result<Dict> {
        let variables = if listing.export {
            self.own_host_variables(host, &listing.dirs)?
        } else {
            self.combined_variables(&host.name)?
        };
        Ok(without_internal(variables))
    }

    /// Groups and hosts as a tree of lines, from a group on, with variables if asked for.
    pub fn graph(&self, group: &str, variables: Option<&Listing>) -> Result<String> {
        let id = self
            .groups
            .get_index_of(group)
            .ok_or_else(|| Error::general("Pattern must be valid group name when using --graph"))?;
        let mut lines = Vec::new();
        self.draw(id, 0, variables, &mut lines)?;
        Ok(lines.join("\n"))
    }

    fn draw(&self, id: GroupId, depth: usize, variables: Option<&Listing>, lines: &mut Vec<String>) -> Result<()> {
        let group = &self.groups[id];
        lines.push(branch(&format!("@{}:", group.name), depth));
        for child in &group.children {
            self.draw(*child, depth + 1, variables, lines)?;
        }
        if id != ALL {
            for host in self.hosts_in(group) {
                lines.push(branch(&host.name, depth + 1));
                if let Some(listing) = variables {
                    draw_variables(&self.host_listing(host, listing)?, depth + 2, lines);
                }
            }
        }
        if let Some(listing) = variables {
            let own = without_internal(self.own_group_variables(group, &listing.dirs)?);
            draw_variables(&own, depth + 1, lines);
        }
        Ok(())
    }
}

fn draw_variables(variables: &Dict, depth: usize, lines: &mut Vec<String>) {
    let mut sorted: Vec<_> = variables.iter().map(|(key, value)| (key.to_text(), value)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    lines.extend(sorted.into_iter().map(|(key, value)| branch(&format!("{{{key} = {}}}", value.to_text()), depth)));
}

fn branch(name: &str, depth: usize) -> String {
    if depth == 0 { name.to_string() } else { format!("{}--{name}", "  |".repeat(depth)) }
}

/// Makes copies of what a host was given itself, even if others were given the same: only what groups say is named once.
fn with_own_apart(mut variables: Dict, host: &Host) -> Dict {
    for (key, value) in variables.iter_mut() {
        if host.vars.get_value(key).is_some_and(|own| own == value) {
            *value = apart(value);
        }
    }
    variables
}

fn apart(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(apart)),
        Value::Tuple(items) => Value::tuple(items.iter().map(apart)),
        Value::Dict(dict) => Value::dict(dict.iter().map(|(key, value)| (key.clone(), apart(value))).collect()),
        other => other.clone(),
    }
}

fn without_internal(mut variables: Dict) -> Dict {
    variables.retain(|key, _| !key.as_str().is_some_and(|name| INTERNAL.contains(&name)));
    variables
}

/// A value for a listing in JSON that an inventory script's reader turns back into the same: texts that are data and texts
/// that are encrypted are marked.
pub fn plain(value: &Value) -> Value {
    let mark = |name: &str, text: Arc<str>| Value::dict(Dict::from_iter([(name, Value::Str(Text::plain(text)))]));
    match value {
        Value::Str(text) if !text.is_trusted() => mark("__ansible_unsafe", text.shared()),
        Value::Vault(vaulted) => mark("__ansible_vault", vaulted.ciphertext.as_str().into()),
        Value::List(items) | Value::Tuple(items) => Value::list(items.iter().map(plain)),
        Value::Set(items) => Value::list(items.iter().map(plain)),
        Value::Dict(dict) => Value::dict(plain_dict(dict)),
        other => other.clone(),
    }
}

fn plain_dict(dict: &Dict) -> Dict {
    dict.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
}
