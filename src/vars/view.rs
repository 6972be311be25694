//! The variables of one host in one task: shared layers, asked from the top.

use super::magic::Magic;
use crate::playbook::{Scope, ScopeKind};
use crate::template::Variables;
use crate::value::{Dict, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Layers above and below; the first that knows a name answers.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Highest first.
    pub layers: Vec<Arc<Dict>>,
}

impl Layers {
    /// Adds a layer below those that are there. Empty ones are left out.
    pub fn push(&mut self, layer: Arc<Dict>) {
        if !layer.is_empty() {
            self.layers.push(layer);
        }
    }

    /// The variables that a scope chain gives: parameters of includes and roles (high), `vars:` of task and blocks, `vars/`
    /// of roles. `between` stands between the two halves: what the host has learnt.
    pub fn push_scope(&mut self, scope: &Scope, between: impl FnOnce(&mut Layers)) {
        let roles = scope.roles();
        for scope in scope.chain() {
            if scope.kind == ScopeKind::Include {
                self.push(scope.vars.clone());
            }
        }
        for role in &roles {
            self.push(role.params.clone());
        }
        between(self);
        for scope in scope.chain() {
            if matches!(scope.kind, ScopeKind::Task | ScopeKind::Block | ScopeKind::Include) {
                self.push(scope.vars.clone());
            }
        }
        for role in &roles {
            self.push(role.vars.clone());
            self.push(role.use_vars.clone());
            for dependency in role.all_dependencies() {
                self.push(dependency.vars.clone());
                self.push(dependency.use_vars.clone());
            }
        }
    }

    /// Defaults of the roles that a scope chain stands in.
    pub fn push_defaults(&mut self, scope: &Scope) {
        for role in scope.roles() {
            self.push(role.defaults.clone());
            for dependency in role.all_dependencies() {
                self.push(dependency.defaults.clone());
            }
        }
    }
}

/// What templates of one task on one host see. Made for each task and host; holds references only.
pub struct View {
    /// Above everything: the loop's item and its kin, results under judgement (`changed_when`).
    overlay: Arc<Dict>,
    magic: Magic,
    layers: Arc<Layers>,
    memo: Mutex<HashMap<Arc<str>, Value>>,
}

impl View {
    /// A view of `layers` below the magic variables.
    pub fn new(magic: Magic, layers: Layers) -> View {
        View { overlay: Arc::default(), magic, layers: Arc::new(layers), memo: Mutex::default() }
    }

    /// The same variables with others on top.
    pub fn with(&self, overlay: Dict) -> View {
        let mut all = (*self.overlay).clone();
        all.extend(overlay);
        View { overlay: Arc::new(all), magic: self.magic.clone(), layers: self.layers.clone(), memo: Mutex::default() }
    }

    /// Whether a name has a value, without rendering it.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The raw value among the layers only, for names that the magic ones would hide.
    pub fn layered(&self, name: &str) -> Option<Value> {
        self.layers.layers.iter().find_map(|layer| layer.get(name).cloned())
    }
}

impl Variables for View {
    fn raw(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.overlay.get(name) {
            return Some(value.clone());
        }
        self.magic.get(name, self).or_else(|| self.layered(name))
    }

    fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut add = |name: Arc<str>| {
            if seen.insert(name.clone()) {
                names.push(name);
            }
        };
        let layers = std::iter::once(&self.overlay).chain(&self.layers.layers);
        for key in layers.flat_map(|layer| layer.keys()) {
            if let Value::Str(text) = key {
                add(text.shared());
            }
        }
        self.magic.names().into_iter().for_each(add);
        names
    }

    fn rendered(&self, name: &str) -> Option<Value> {
        self.memo.lock().ok()?.get(name).cloned()
    }

    fn keep_rendered(&self, name: &str, value: &Value) {
        if let Ok(mut memo) = self.memo.lock() {
            memo.insert(Arc::from(name), value.clone());
        }
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "View({} layers)", self.layers.layers.len())
    }
}
