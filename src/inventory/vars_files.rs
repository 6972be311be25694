//! `group_vars` and `host_vars`: files beside inventories and playbooks, read once.

use super::entity::merged;
use super::settings::Settings;
use crate::error::{Error, Result, Warning, Warnings};
use crate::value::{Dict, Value};
use crate::yaml;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Names in a directory, and whether they are directories.
type Names = BTreeMap<String, bool>;

/// What was found so far.
#[derive(Default)]
pub(super) struct VarsFiles {
    /// What lies in each `group_vars` or `host_vars`: names, and whether they are directories. `None`: no such directory.
    listings: Mutex<HashMap<PathBuf, Option<Arc<Names>>>>,
    loaded: Mutex<HashMap<PathBuf, Option<Arc<Dict>>>>,
}

impl VarsFiles {
    /// Reads everything again when it is asked for.
    pub fn forget(&self) {
        if let Ok(mut listings) = self.listings.lock() {
            listings.clear();
        }
        if let Ok(mut loaded) = self.loaded.lock() {
            loaded.clear();
        }
    }

    /// The variables that `dir/sub` has for a name, one mapping a file, lowest first.
    pub fn load(
        &self,
        dir: &Path,
        sub: &str,
        name: &str,
        settings: &Settings,
        warnings: &Warnings,
    ) -> Result<Vec<Arc<Dict>>> {
        if name.starts_with('/') {
            return Ok(Vec::new());
        }
        let dir = dir.join(sub);
        let Some(listing) = self.listing(&dir, sub, warnings) else { return Ok(Vec::new()) };
        let extensions = std::iter::once("").chain(settings.yaml_extensions.iter().map(String::as_str));
        for extension in extensions {
            let file = format!("{name}{extension}");
            let path = dir.join(&file);
            let is_dir = match listing.get(&file) {
                Some(is_dir) => *is_dir,
                // a name with a slash reaches below what was listed
                None if name.contains('/') && path.exists() => path.is_dir(),
                None => continue,
            };
            let mut files = Vec::new();
            if is_dir {
                collect(&path, settings, &mut files)
            } else {
                files.push(path)
            }
            let mut found = Vec::new();
            for file in files {
                found.extend(self.file(&file, settings, warnings)?);
            }
            return Ok(found);
        }
        Ok(Vec::new())
    }

    fn listing(&self, dir: &Path, sub: &str, warnings: &Warnings) -> Option<Arc<Names>> {
        let mut listings = self.listings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = listings.get(dir) {
            return known.clone();
        }
        let listing = list(dir).map(Arc::new);
        if listing.is_none() && dir.exists() {
            let message = format!("Found {sub} that is not a directory, skipping: {}", dir.display());
            warnings.push(Warning::new(message));
        }
        listings.insert(dir.to_path_buf(), listing.clone());
        listing
    }

    fn file(&self, path: &Path, settings: &Settings, warnings: &Warnings) -> Result<Option<Arc<Dict>>> {
        if let Ok(loaded) = self.loaded.lock()
            && let Some(known) = loaded.get(path)
        {
            return Ok(known.clone());
        }
        let parsed = yaml::parse_file(path, &settings.yaml)?;
        warnings.extend(parsed.warnings);
        let variables = match parsed.content.to_value() {
            Value::Dict(dict) if dict.is_empty() => None,
            Value::Dict(dict) => Some(dict),
            other if !other.truthy() => None,
            other => {
                let kind = other.type_name();
                let path = Value::str(path.to_string_lossy()).repr();
                return Err(Error::parser(format!("Could not process {path}.")).because(
                    Error::parser(format!(
                        "failed to combine variables, expected dicts but got a 'dict' and a '{kind}'"
                    ))
                    .at(Some(&parsed.content.origin)),
                ));
            }
        };
        if let Ok(mut loaded) = self.loaded.lock() {
            loaded.insert(path.to_path_buf(), variables.clone());
        }
        Ok(variables)
    }
}

fn list(dir: &Path) -> Option<Names> {
    let entry = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        // links count as what they lead to
        let is_dir = std::fs::metadata(entry.path()).ok()?.is_dir();
        Some((name, is_dir))
    };
    Some(std::fs::read_dir(dir).ok()?.filter_map(|found| entry(found.ok()?)).collect())
}

/// The files of a directory of variables, sorted, with those of directories in it that have no extension.
fn collect(dir: &Path, settings: &Settings, files: &mut Vec<PathBuf>) {
    for (name, is_dir) in list(dir).into_iter().flatten() {
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let extension = super::source::extension(&name);
        let path = dir.join(&name);
        if is_dir && extension.is_empty() {
            collect(&path, settings, files);
        } else if !is_dir && (extension.is_empty() || settings.yaml_extensions.iter().any(|known| known == extension)) {
            files.push(path);
        }
    }
}

/// One mapping of several, later over earlier; mappings inside are merged when the configuration says so.
pub(super) fn combined<'a>(layers: impl IntoIterator<Item = &'a Arc<Dict>>, merge: bool) -> Dict {
    let mut result = Dict::new();
    for layer in layers {
        if merge {
            result = merged(&result, layer);
        } else {
            result.extend(layer.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    result
}
