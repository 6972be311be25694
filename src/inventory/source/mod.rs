//! Sources: what is given with `-i`, tried with one parser after the other.

mod constructed;
mod host_list;
mod ini;
mod script;
mod toml;
mod yaml;

use super::graph::{Inventory, source_variables};
use super::{address, entity::GroupId};
use crate::error::{Error, Origin, Result, Warning};
use crate::pyregex;
use crate::value::{Dict, Value};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One way to read a source.
struct Parser {
    name: &'static str,
    /// Whether a source looks as if this could read it.
    wants: fn(&Inventory, &str) -> bool,
    read: fn(&mut Inventory, &str) -> Result<()>,
}

const PARSERS: &[Parser] = &[
    Parser { name: "host_list", wants: host_list::wants, read: host_list::read },
    Parser { name: "advanced_host_list", wants: host_list::wants, read: host_list::read_advanced },
    Parser { name: "script", wants: script::wants, read: script::read },
    Parser { name: "auto", wants: yaml::wants_plugin, read: yaml::read_plugin },
    Parser { name: "constructed", wants: constructed::wants, read: constructed::read },
    Parser { name: "generator", wants: constructed::wants, read: constructed::read_generator },
    Parser { name: "yaml", wants: yaml::wants, read: yaml::read },
    Parser { name: "ini", wants: ini::wants, read: ini::read },
    Parser { name: "toml", wants: toml::wants, read: toml::read },
];

impl Inventory {
    /// Reads sources: files, directories, scripts, host lists. What is wrong with one becomes warnings, unless the settings
    /// make it an error.
    pub fn read_sources(&mut self, sources: &[String]) -> Result<()> {
        self.sources = sources.iter().filter(|source| !source.is_empty()).cloned().collect();
        self.source_dirs = directories(&self.sources);
        let mut any = false;
        for source in self.sources.clone() {
            let source = if source.contains(',') { source } else { absolute(&source) };
            any |= self.read_source(&source)?;
        }
        if any {
            self.reconcile()?;
        } else if self.settings.unparsed_is_failed {
            return Err(Error::general("No inventory was parsed, please check your configuration and options."));
        } else if self.settings.unparsed_warning {
            self.warn("No inventory was parsed, only implicit localhost is available");
        }
        Ok(())
    }

    /// Reads one source; tells whether any parser could.
    fn read_source(&mut self, source: &str) -> Result<bool> {
        let read = if Path::new(source).is_dir() { self.read_directory(source)? } else { self.read_file(source)? };
        self.current = None;
        Ok(read)
    }

    fn read_directory(&mut self, dir: &str) -> Result<bool> {
        let ignored = self.ignored_names()?;
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .map_err(|error| Error::general(format!("Cannot list the inventory directory {dir}: {error}")))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        let mut any = false;
        for name in names {
            if !ignored(&name)? {
                any |= self.read_source(&format!("{}/{name}", dir.trim_end_matches('/')))?;
            }
        }
        if !any {
            self.not_read(dir, Vec::new())?;
        }
        Ok(any)
    }

    /// Says of a name in a directory whether it is no source.
    fn ignored_names(&self) -> Result<impl Fn(&str) -> Result<bool> + use<>> {
        let extensions = self.settings.ignore_extensions.clone();
        let patterns = self.settings.ignore_patterns.iter();
        let patterns =
            patterns.map(|pattern| pyregex::compile(pattern, Default::default())).collect::<Result<Vec<_>>>()?;
        Ok(move |name: &str| {
            let skipped = name.starts_with('.')
                || matches!(name, "host_vars" | "group_vars" | "vars_plugins")
                || extensions.iter().any(|end| name.ends_with(end.as_str()));
            if skipped {
                return Ok(true);
            }
            for pattern in &patterns {
                if pattern.search(name)?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn read_file(&mut self, source: &str) -> Result<bool> {
        let dir = Path::new(source).is_file().then(|| parent(source)).map_or(Value::None, Value::str);
        self.current = Some((source.to_string(), Arc::new(source_variables(Value::str(source), dir))));
        let mut failures = Vec::new();
        for name in self.settings.enabled.clone() {
            let short = name.strip_prefix("ansible.builtin.").unwrap_or(&name);
            let Some(parser) = PARSERS.iter().find(|parser| parser.name == short) else {
                self.warn(format!("Failed to load inventory plugin, skipping {name}"));
                continue;
            };
            if !(parser.wants)(self, source) {
                continue;
            }
            match (parser.read)(self, source) {
                Ok(()) => return Ok(true),
                Err(error) => {
                    let origin =
                        Origin::described(format!("<inventory plugin '{}' with source '{source}'>", parser.name));
                    let message = format!("Failed to parse inventory with '{}' plugin.", parser.name);
                    failures.push(Error::general(message).because(error.at(Some(&origin))));
                }
            }
        }
        self.not_read(source, failures)?;
        Ok(false)
    }

    fn not_read(&self, source: &str, failures: Vec<Error>) -> Result<()> {
        if source == "/etc/ansible/hosts" && !Path::new(source).exists() {
            return Ok(());
        }
        for failure in failures {
            self.warnings.push(Warning::about(failure));
        }
        if self.settings.any_unparsed_is_failed {
            return Err(Error::general(format!("Completely failed to parse inventory source {source}")));
        }
        self.warn(format!("Unable to parse {source} as an inventory source"));
        Ok(())
    }

    /// Adds the hosts of a host pattern to a group, with variables.
    fn add_pattern(&mut self, pattern: &str, group: GroupId, variables: &Dict) -> Result<()> {
        let (names, port) = address::expand(pattern)?;
        self.add_hosts(&names, port, group, variables)
    }

    fn add_hosts(&mut self, names: &[String], port: Option<u32>, group: GroupId, variables: &Dict) -> Result<()> {
        let hosts = names.iter().map(|name| self.add_host(name, Some(group), port)).collect::<Result<Vec<_>>>()?;
        self.set_host_variables(&hosts, variables);
        Ok(())
    }
}

/// Where sources lie: a directory itself, a file's directory. Host lists lie nowhere.
fn directories(sources: &[String]) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    for source in sources {
        let path = Path::new(source);
        if source.contains(',') && !path.exists() {
            continue;
        }
        let dir = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let dir = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf());
        if dirs.last() != Some(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}

/// An absolute path, `~` expanded, without `.` and `..`; links stay.
fn absolute(path: &str) -> String {
    crate::template::pypath::unfrack(path)
}

fn parent(path: &str) -> String {
    Path::new(path).parent().map_or_else(String::new, |dir| dir.display().to_string())
}

/// Python's `os.path.splitext`: the part from the last dot of the name on, unless the name only starts with dots there.
pub(super) fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let start = name.len() - name.trim_start_matches('.').len();
    name[start..].rfind('.').map_or("", |at| &name[start + at..])
}

fn is_readable(path: &str) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::R_OK).is_ok()
}

fn is_executable(path: &str) -> bool {
    // root may "execute" whatever has one bit set; the kernel's answer covers that
    nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
        && std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
}

/// Python's name of a value's class, as Ansible shows what it found instead of a mapping.
fn class_of(value: &Value) -> String {
    let tagged = match value {
        Value::Str(_) => "Str",
        Value::List(_) => "List",
        Value::Dict(_) => "Dict",
        Value::Int(_) | Value::BigInt(_) => "Int",
        Value::Float(_) => "Float",
        Value::Set(_) => "Set",
        other => return format!("<class '{}'>", other.type_name()),
    };
    format!("<class 'ansible.module_utils._internal._datatag._AnsibleTagged{tagged}'>")
}
