//! Python's `glob`: the paths that fit `*`, `?` and `[...]`.

use super::pypath;
use crate::value::fnmatch::fnmatch;

/// Whether a text holds a wildcard.
pub fn has_magic(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

/// `glob.glob`: the paths that fit, in the order of their directories.
pub fn glob(pattern: &str) -> Vec<String> {
    if !has_magic(pattern) {
        let found = std::path::Path::new(pattern).symlink_metadata().is_ok();
        return if found { vec![pattern.to_string()] } else { Vec::new() };
    }
    let (dir, name) = (pypath::dirname(pattern), pypath::basename(pattern));
    let dirs = match dir {
        "" => vec![String::new()],
        dir if has_magic(dir) && dir != pattern => glob(dir),
        dir => vec![dir.to_string()],
    };
    let mut found = Vec::new();
    for dir in dirs {
        if !has_magic(name) {
            let path = pypath::join([dir.as_str(), name]);
            if std::path::Path::new(&path).symlink_metadata().is_ok() && (!name.is_empty() || pypath::is_dir(&dir)) {
                found.push(path);
            }
            continue;
        }
        let Ok(entries) = std::fs::read_dir(if dir.is_empty() { "." } else { &dir }) else { continue };
        for entry in entries.flatten() {
            let entry = entry.file_name().to_string_lossy().into_owned();
            if (name.starts_with('.') || !entry.starts_with('.')) && fnmatch(&entry, name) {
                found.push(if dir.is_empty() { entry } else { pypath::join([dir.as_str(), &entry]) });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_need_a_dot() {
        let dir = tempfile::Builder::new().prefix("glob").tempdir().unwrap();
        for name in ["a.x", ".b.x"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let root = dir.path().to_str().unwrap();
        assert_eq!(glob(&format!("{root}/*.x")), [format!("{root}/a.x")]);
        assert_eq!(glob(&format!("{root}/.*.x")), [format!("{root}/.b.x")]);
        assert_eq!(glob(&format!("{}/*/a.x", pypath::dirname(root))).len(), 1);
    }
}
