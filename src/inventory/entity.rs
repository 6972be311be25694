//! One host, one group.

use crate::value::{Dict, Value};
use indexmap::IndexSet;
use std::sync::{Arc, OnceLock};

/// Place of a host in its inventory.
pub(super) type HostId = usize;
/// Place of a group in its inventory.
pub(super) type GroupId = usize;

/// Small sets of ids, hashed fast.
pub(super) type Ids = IndexSet<usize, foldhash::fast::RandomState>;

/// A host.
#[derive(Clone, Debug)]
pub struct Host {
    pub(super) name: Arc<str>,
    /// Shared with the hosts that were given the same variables.
    pub(super) vars: Arc<Dict>,
    /// The groups it was put into, without those above them.
    pub(super) groups: Vec<GroupId>,
    pub(super) implicit: bool,
}

impl Host {
    pub(super) fn new(name: Arc<str>) -> Host {
        Host { name, vars: Arc::default(), groups: Vec::new(), implicit: false }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The variables that inventory sources gave it, with `inventory_file` and `inventory_dir`.
    pub fn vars(&self) -> &Arc<Dict> {
        &self.vars
    }

    /// Whether this is the localhost that no source names.
    pub fn is_implicit(&self) -> bool {
        self.implicit
    }
}

/// A group of hosts and other groups.
#[derive(Debug)]
pub struct Group {
    pub(super) name: Arc<str>,
    pub(super) vars: Arc<Dict>,
    pub(super) hosts: Ids,
    pub(super) children: Ids,
    pub(super) parents: Ids,
    pub(super) depth: usize,
    pub(super) priority: i64,
    /// All hosts in it and below it.
    pub(super) members: OnceLock<Arc<Vec<HostId>>>,
    /// All groups above it.
    pub(super) ancestors: OnceLock<Arc<Ids>>,
}

impl Group {
    pub(super) fn new(name: Arc<str>) -> Group {
        Group {
            name,
            vars: Arc::default(),
            hosts: Ids::default(),
            children: Ids::default(),
            parents: Ids::default(),
            depth: 0,
            priority: 1,
            members: OnceLock::new(),
            ancestors: OnceLock::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The variables that inventory sources gave it.
    pub fn vars(&self) -> &Arc<Dict> {
        &self.vars
    }

    /// `ansible_group_priority`; 1 unless something says otherwise.
    pub fn priority(&self) -> i64 {
        self.priority
    }

    /// How far below `all` it is, by the longest way.
    pub fn depth(&self) -> usize {
        self.depth
    }
}

/// Sets a variable; two mappings are merged when the configuration says so.
pub(super) fn set_variable(vars: &mut Arc<Dict>, key: &Value, value: &Value, merge: bool) {
    let value = match (vars.get_value(key), value) {
        (Some(Value::Dict(old)), Value::Dict(new)) if merge => Value::dict(merged(old, new)),
        _ => value.clone(),
    };
    Arc::make_mut(vars).insert_value(key.clone(), value);
}

/// `new` over `old`, mappings inside merged as well.
pub(super) fn merged(old: &Dict, new: &Dict) -> Dict {
    let mut result = old.clone();
    for (key, value) in new {
        let value = match (result.get_value(key), value) {
            (Some(Value::Dict(old)), Value::Dict(new)) => Value::dict(merged(old, new)),
            _ => value.clone(),
        };
        result.insert_value(key.clone(), value);
    }
    result
}
