//! Python's `glob` and `fnmatch`: `*`, `?`, `[...]`.

use super::pypath;

/// `fnmatch.fnmatchcase`.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // where the last star stands, and up to where it took the name
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        match one(&pattern, p, name[n]) {
            Some(next) => {
                p = next;
                n += 1;
            }
            None => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether one character fits what stands at `at`; gives the place after it.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => {
            let negated = pattern.get(at + 1) == Some(&'!');
            let first = at + 1 + usize::from(negated);
            // a bracket that comes first is a member
            let Some(end) = (first + 1..pattern.len()).find(|end| pattern[*end] == ']') else {
                return (c == '[').then_some(at + 1);
            };
            let members = &pattern[first..end];
            let mut inside = false;
            let mut index = 0;
            while index < members.len() {
                if index + 2 < members.len() && members[index + 1] == '-' {
                    inside |= (members[index]..=members[index + 2]).contains(&c);
                    index += 3;
                } else {
                    inside |= members[index] == c;
                    index += 1;
                }
            }
            (inside != negated).then_some(end + 1)
        }
        literal => (*literal == c).then_some(at + 1),
    }
}

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
            if (name.starts_with('.') || !entry.starts_with('.')) && matches(name, &entry) {
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
    fn names_match_wildcards() {
        for (pattern, name, fits) in [
            ("*.txt", "a.txt", true),
            ("a*b*c", "aXbYbZc", true),
            ("a?c", "abc", true),
            ("[!a]b", "ab", false),
            ("[]a]b", "]b", true),
            ("[a-c]1", "b1", true),
            ("[x", "[x", true),
            ("*", "", true),
            ("é*", "éa", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

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
