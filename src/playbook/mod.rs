//! Playbooks as they are written: plays, blocks, tasks, roles and handlers, with their places. Nothing here runs anything.

pub mod block;
pub mod import;
pub mod keyword;
pub mod loader;
pub mod play;
pub mod role;
pub mod scope;
pub mod split;
pub mod tags;
pub mod task;

pub use block::{Block, Step};
pub use loader::{Catalog, Context, Loader, Resolved};
pub use play::Play;
pub use role::Role;
pub use scope::{Scope, ScopeKind};
pub use task::{Loop, Task, TaskId};

use crate::error::{Error, Origin, Result};
use crate::value::{Dict, Value};
use std::path::{Path, PathBuf};

/// An entry of a playbook file: a play, or another playbook in its place.
pub enum Entry {
    /// A play.
    Play(Dict),
    /// `import_playbook:` with the file, its variables and keywords (`when`, `tags`).
    Import {
        /// The file as written.
        file: Value,
        /// Variables for all its plays.
        vars: Dict,
        /// The import's mapping.
        dict: Dict,
        /// Where it stands.
        origin: Option<Origin>,
    },
}

/// The entries of a playbook file.
///
/// # Errors
/// What is no list of mappings.
pub fn entries(loader: &Loader, path: &Path) -> Result<Vec<Entry>> {
    let value = loader.read_yaml(path)?;
    let shown = path.display();
    let items = match &value {
        Value::List(items) => items,
        Value::None => return Err(Error::parser(format!("Empty playbook, nothing to do: {shown}"))),
        other => {
            let message = format!(
                "A playbook must be a list of plays, got a {} instead: {shown}",
                if other.as_dict().is_some() {
                    "<class 'ansible.module_utils._internal._datatag._AnsibleTaggedDict'>".to_string()
                } else {
                    format!("<class '{}'>", other.type_name())
                }
            );
            return Err(Error::parser(message).at(other.origin()));
        }
    };
    items.iter().map(entry).collect()
}

fn entry(item: &Value) -> Result<Entry> {
    let Some(dict) = item.as_dict() else {
        let message = "playbook entries must be either valid plays or 'import_playbook' statements";
        return Err(Error::parser(message).at(item.origin()));
    };
    let import =
        dict.iter().find(|(key, _)| key.as_str().is_some_and(|key| task::short_name(key) == "import_playbook"));
    let Some((key, file)) = import else {
        return Ok(Entry::Play(dict.clone()));
    };
    let vars = dict.get("vars").and_then(Value::as_dict).cloned().unwrap_or_default();
    Ok(Entry::Import { file: file.clone(), vars, dict: dict.clone(), origin: key.origin().cloned() })
}

/// The playbook file that an import names, relative to the importing file.
pub fn import_path(importer: &Path, name: &str) -> PathBuf {
    importer.parent().unwrap_or(Path::new("")).join(name)
}
