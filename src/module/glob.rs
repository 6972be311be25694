//! File name patterns as Python's `fnmatch` and `glob` read them.

pub use crate::value::fnmatch::fnmatch;

use std::path::{Path, PathBuf};

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// `glob.glob(pattern)` seen from the directory `base`: what is there and fits, hidden files only when asked by name.
/// A name without patterns fits when something of that name exists, a dangling link too.
pub fn glob(base: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() }];
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return if pattern.starts_with('/') { found } else { Vec::new() };
    }
    for part in parts {
        found = found.into_iter().flat_map(|dir| matches_in(base, dir, part)).collect();
    }
    if pattern.ends_with('/') {
        found.retain(|path| base.join(path).is_dir());
    }
    found
}

fn matches_in(base: &Path, dir: PathBuf, part: &str) -> Vec<PathBuf> {
    if !is_pattern(part) {
        let path = dir.join(part);
        let there = base.join(&path).symlink_metadata().is_ok();
        return if there { vec![path] } else { Vec::new() };
    }
    let Ok(entries) = std::fs::read_dir(base.join(&dir)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| (!name.starts_with('.') || part.starts_with('.')) && fnmatch(name, part))
        .collect();
    names.sort();
    names.into_iter().map(|name| dir.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        for (name, pattern) in [
            ("abc", "a*c"),
            ("abc", "*"),
            ("", "*"),
            ("a.b.c", "*.c"),
            ("b", "[a-c]"),
            ("]", "[]]"),
            ("z", "[!a-c]"),
            ("[", "["),
            ("a-", "a[-x]"),
            ("ansible_eth0", "ansible_eth[0-2]"),
            ("aab", "*ab"),
        ] {
            assert!(fnmatch(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in [("abc", "a?"), ("ABC", "abc"), ("b", "[!a-c]"), ("", "?"), ("ab", "a")] {
            assert!(!fnmatch(name, pattern), "{name} {pattern}");
        }
    }

    #[test]
    fn files_are_found_from_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["one.txt", "two.txt", ".hidden.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
        let names = |pattern| glob(dir.path(), pattern);
        assert_eq!(names("*.txt"), [PathBuf::from("one.txt"), PathBuf::from("two.txt")]);
        assert_eq!(names(".*.txt"), [PathBuf::from(".hidden.txt")]);
        assert_eq!(names("dangling").len(), 1);
        assert_eq!(names("sub/").len(), 1);
        assert!(names("one.txt/").is_empty());
        let absolute = format!("{}/t*", dir.path().display());
        assert_eq!(glob(Path::new("/"), &absolute), [dir.path().join("two.txt")]);
    }
}
