//! Inheritance: every task stands in a chain of scopes (blocks, includes, role, play) that give it keywords and variables.

use super::keyword::Keywords;
use super::role::Role;
use crate::error::Origin;
use crate::value::{Dict, Value};
use std::sync::Arc;

/// What a scope is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// A play: the outermost scope.
    Play,
    /// A role within a play or an include.
    Role,
    /// A block.
    Block,
    /// `include_tasks`, `import_tasks`, `include_role`, `import_role`: its variables are include parameters.
    Include,
    /// A task itself: the innermost scope.
    Task,
}

/// One link of the chain.
#[derive(Debug)]
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// Its own keywords.
    pub keywords: Keywords,
    /// Its own `vars:`.
    pub vars: Arc<Dict>,
    /// Where it stands.
    pub origin: Option<Origin>,
    /// The role whose files it belongs to.
    pub role: Option<Arc<Role>>,
    /// The scope around it.
    pub parent: Option<Arc<Scope>>,
}

impl Scope {
    /// A scope without keywords or variables of its own.
    pub fn empty(kind: ScopeKind, parent: Option<Arc<Scope>>) -> Scope {
        let role = parent.as_ref().and_then(|parent| parent.role.clone());
        Scope { kind, keywords: Keywords::default(), vars: Arc::default(), origin: None, role, parent }
    }

    /// This scope and those around it, innermost first.
    pub fn chain(&self) -> impl Iterator<Item = &Scope> {
        std::iter::successors(Some(self), |scope| scope.parent.as_deref())
    }

    /// The innermost value of a keyword that inherits by replacing.
    pub fn inherited(&self, name: &str) -> Option<&Value> {
        self.chain().find_map(|scope| scope.keywords.get(name))
    }

    /// The place of the innermost value of a keyword.
    pub fn inherited_origin(&self, name: &str) -> Option<&Origin> {
        self.chain().find_map(|scope| scope.keywords.origin(name))
    }

    /// All values of a keyword that inherits by adding (`when`, `tags`, `environment`, `module_defaults`), outermost first.
    pub fn extended(&self, name: &str) -> Vec<&Value> {
        let mut values: Vec<&Value> = self.chain().filter_map(|scope| scope.keywords.get(name)).collect();
        values.reverse();
        values
    }

    /// The roles this scope stands in, innermost first: the role of the tasks file, then the roles that depend on it.
    pub fn roles(&self) -> Vec<&Arc<Role>> {
        let mut roles: Vec<&Arc<Role>> = Vec::new();
        for role in self.chain().filter_map(|scope| scope.role.as_ref()) {
            if !roles.iter().any(|known| Arc::ptr_eq(known, role)) {
                roles.push(role);
            }
        }
        roles
    }
}
