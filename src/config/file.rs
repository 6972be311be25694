//! The configuration file: where it is, and its sections.

use super::resolve_path;
use crate::error::{Error, Result, Warning};
use crate::template::pyini::{Ini, Style};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const WORLD_WRITABLE: &str =
    "https://docs.ansible.com/ansible/devel/reference_appendices/config.html#cfg-in-world-writable-dir";

/// The first of: `ANSIBLE_CONFIG`, `./ansible.cfg`, `~/.ansible.cfg`, `/etc/ansible/ansible.cfg`. A directory that anybody may
/// write to is no place for it: whoever can write there could run programs as the user.
pub fn find(environment: &HashMap<String, String>, warnings: &mut Vec<Warning>) -> Option<PathBuf> {
    let mut candidates = Vec::new();
    let named = environment.get("ANSIBLE_CONFIG").map(|path| PathBuf::from(resolve_path(path, None)));
    let named = named.map(|path| if path.is_dir() { path.join("ansible.cfg") } else { path });
    candidates.extend(named.clone());
    let mut skipped = None;
    if let Ok(cwd) = std::env::current_dir()
        && let Ok(facts) = std::fs::metadata(&cwd)
    {
        let here = cwd.join("ansible.cfg");
        if facts.permissions().mode() & 0o002 == 0 {
            candidates.push(here);
        } else if here.exists() {
            skipped = Some(cwd);
        }
    }
    candidates.push(PathBuf::from(resolve_path("~/.ansible.cfg", None)));
    candidates.push(PathBuf::from("/etc/ansible/ansible.cfg"));
    let found = candidates.into_iter().find(|path| path.exists() && std::fs::File::open(path).is_ok());
    if let Some(cwd) = skipped.filter(|_| found.is_none() || found != named) {
        warnings.push(Warning::new(format!(
            "Ansible is being run in a world writable directory ({}), ignoring it as an ansible.cfg source. For more \
             information see {WORLD_WRITABLE}",
            cwd.display()
        )));
    }
    found
}

/// Reads a configuration file.
pub fn read(path: &Path) -> Result<Ini> {
    let shown = path.display();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("ini" | "cfg") => {}
        Some("yaml" | "yml") => return Err(Error::general("Unsupported configuration file type: yaml")),
        other => {
            let extension = other.map(|extension| format!(".{extension}")).unwrap_or_default();
            return Err(Error::general(format!("Unsupported configuration file extension for {shown}: {extension}")));
        }
    }
    let bytes =
        std::fs::read(path).map_err(|error| Error::general(format!("Error reading config file ({shown}): {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Error::general(format!(
            "Error reading config file({shown}) because the config file was not utf8 encoded: {error}"
        ))
    })?;
    let mut ini = Ini::new(Style { inline_comments: true, ..Style::default() });
    let failed = |error: Error| {
        let message = error.message().replace("'<???>'", "'<string>'");
        Error::general(format!("Error reading config file ({shown}): {message}"))
    };
    ini.read(&text).map_err(failed)?;
    Ok(ini)
}
