//! Which actions a playbook can name: the built-in ones, and modules in `library/`, on the module path and in collections.

use crate::action::registry;
use crate::playbook::{Catalog, Resolved, Scope};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The actions of a run.
pub struct Actions {
    /// Folders with modules that go before the built-in ones: `library/` beside the playbook, `-M`, `ANSIBLE_LIBRARY`.
    pub module_paths: Vec<PathBuf>,
    /// Folders with collections.
    pub collection_paths: Vec<PathBuf>,
    known: Mutex<HashMap<(String, Vec<PathBuf>), Option<Resolved>>>,
}

impl Actions {
    /// The built-in actions and those found in these folders.
    pub fn new(module_paths: Vec<PathBuf>, collection_paths: Vec<PathBuf>) -> Actions {
        Actions { module_paths, collection_paths, known: Mutex::default() }
    }

    fn look_up(&self, name: &str, libraries: &[PathBuf]) -> Option<Resolved> {
        if let Some(short) = name.strip_prefix("ansible.builtin.") {
            return registry::builtin(short).map(Resolved::Builtin);
        }
        let legacy = name.strip_prefix("ansible.legacy.").unwrap_or(name);
        if !legacy.contains('.') {
            let own = libraries.iter().chain(&self.module_paths).find_map(|dir| module_in(dir, legacy));
            let own = own.map(|path| Resolved::External { name: name.into(), path: path.into() });
            return own.or_else(|| registry::builtin(legacy).map(Resolved::Builtin));
        }
        let mut parts = name.splitn(3, '.');
        let (namespace, collection, module) = (parts.next()?, parts.next()?, parts.next()?);
        let below = |root: &PathBuf| {
            let folder = root.join("ansible_collections").join(namespace).join(collection).join("plugins/modules");
            module_in(&folder, &module.replace('.', "/"))
        };
        let path = self.collection_paths.iter().find_map(below)?;
        Some(Resolved::External { name: name.into(), path: path.into() })
    }
}

impl Catalog for Actions {
    fn resolve(&self, name: &str, scope: &Scope) -> Option<Resolved> {
        let libraries: Vec<PathBuf> = scope.roles().iter().map(|role| role.path.join("library")).collect();
        let key = (name.to_string(), libraries);
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = known.get(&key) {
            return found.clone();
        }
        let found = self.look_up(name, &key.1).or_else(|| self.in_listed_collections(name, scope));
        known.insert(key, found.clone());
        found
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let short = name.strip_prefix("ansible.builtin.").unwrap_or(name);
        let near = |known: &&'static str| strsim::damerau_levenshtein(known, short) <= short.len().div_ceil(4).max(1);
        let by_distance = |known: &&'static str| strsim::damerau_levenshtein(known, short);
        registry::names().filter(near).min_by_key(by_distance).map(str::to_string)
    }
}

impl Actions {
    /// A short name among the collections that the play or role lists.
    fn in_listed_collections(&self, name: &str, scope: &Scope) -> Option<Resolved> {
        if name.contains('.') {
            return None;
        }
        let listed = scope.inherited("collections")?;
        let names = listed.as_slice()?;
        names
            .iter()
            .filter_map(|collection| collection.as_str())
            .find_map(|collection| self.look_up(&format!("{collection}.{name}"), &[]))
    }
}

/// The file of a module in a folder, or in folders below it.
fn module_in(folder: &Path, name: &str) -> Option<PathBuf> {
    if name.is_empty() || name.contains("..") {
        return None;
    }
    for file in [format!("{name}.py"), name.to_string(), format!("{name}.sh"), format!("{name}.pl")] {
        let path = folder.join(file);
        if path.is_file() {
            return Some(path);
        }
    }
    let entries = std::fs::read_dir(folder).ok()?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().find_map(|folder| module_in(folder, name))
}

/// Where the modules of a run are: beside the playbook, then as options and settings say.
pub fn module_paths(playbook_dir: &Path, given: &[String], configured: &[String]) -> Vec<PathBuf> {
    let beside = [playbook_dir.join("library")];
    beside.into_iter().chain(given.iter().chain(configured).map(PathBuf::from)).collect()
}

/// The built-in and external actions for a playbook.
pub fn shared(module_paths: Vec<PathBuf>, collection_paths: Vec<PathBuf>) -> Arc<dyn Catalog> {
    Arc::new(Actions::new(module_paths, collection_paths))
}
