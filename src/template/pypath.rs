//! Python's `os.path` (and `ntpath`) on texts: joining, splitting, normalising, without looking at the file system
//! except where the function's meaning is to.

use std::path::Path;

/// `os.path.basename`.
pub fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `os.path.dirname`.
pub fn dirname(path: &str) -> &str {
    let Some(at) = path.rfind('/') else { return "" };
    let head = &path[..=at];
    let stripped = head.trim_end_matches('/');
    if stripped.is_empty() { head } else { stripped }
}

/// `os.path.splitext`: the extension with its dot; leading dots start a name, not an extension.
pub fn splitext(path: &str) -> (&str, &str) {
    let name_at = path.rfind('/').map_or(0, |at| at + 1);
    let first = name_at + path[name_at..].bytes().take_while(|byte| *byte == b'.').count();
    match path.rfind('.') {
        Some(dot) if dot >= first && first < path.len() && dot > name_at => path.split_at(dot),
        _ => (path, ""),
    }
}

/// `os.path.join`.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for (at, part) in parts.into_iter().enumerate() {
        if at == 0 || part.starts_with('/') {
            path = part.to_string();
        } else if path.is_empty() || path.ends_with('/') {
            path.push_str(part);
        } else {
            path.push('/');
            path.push_str(part);
        }
    }
    path
}

/// `os.path.normpath`.
pub fn normpath(path: &str) -> String {
    if path.is_empty() {
        return ".".into();
    }
    // POSIX gives exactly two leading slashes a meaning of their own
    let root = match path.bytes().take_while(|byte| *byte == b'/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".into() } else { joined }
}

/// `os.path.abspath`, against `base` for relative paths.
pub fn abspath(path: &str, base: &str) -> String {
    normpath(&join([base, path]))
}

/// The working directory as text.
pub fn cwd() -> String {
    std::env::current_dir().map_or_else(|_| "/".into(), |dir| dir.to_string_lossy().into_owned())
}

/// `os.path.relpath`.
pub fn relpath(path: &str, start: &str) -> String {
    let cwd = cwd();
    let (path, start) = (abspath(path, &cwd), abspath(start, &cwd));
    let parts = |text: &str| text.split('/').filter(|part| !part.is_empty()).map(String::from).collect::<Vec<_>>();
    let (path, start) = (parts(&path), parts(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", start.len() - common);
    let relative: Vec<&str> = up.chain(path[common..].iter().map(String::as_str)).collect();
    if relative.is_empty() { ".".into() } else { relative.join("/") }
}

/// `os.path.commonpath`, or Python's words for what it cannot compare.
pub fn commonpath(paths: &[String]) -> Result<String, &'static str> {
    let Some(first) = paths.first() else {
        return Err("commonpath() arg is an empty sequence");
    };
    let absolute = first.starts_with('/');
    if paths.iter().any(|path| path.starts_with('/') != absolute) {
        return Err("Can't mix absolute and relative paths");
    }
    let split = |path: &String| {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(String::from).collect::<Vec<_>>()
    };
    let mut common = split(first);
    for path in &paths[1..] {
        let same = common.iter().zip(&split(path)).take_while(|(a, b)| a == b).count();
        common.truncate(same);
    }
    Ok(format!("{}{}", if absolute { "/" } else { "" }, common.join("/")))
}

/// `os.path.expanduser`: `~` from `$HOME`, `~name` from the user database; unknown users stay as they are.
pub fn expanduser(path: &str) -> String {
    let Some(rest) = path.strip_prefix('~') else { return path.to_string() };
    let (user, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let home = if user.is_empty() {
        std::env::var("HOME").ok().or_else(|| home_of(nix::unistd::User::from_uid(nix::unistd::getuid())))
    } else {
        home_of(nix::unistd::User::from_name(user))
    };
    match home {
        Some(home) => {
            let joined = format!("{}{tail}", home.trim_end_matches('/'));
            if joined.is_empty() { "/".into() } else { joined }
        }
        None => path.to_string(),
    }
}

fn home_of(user: nix::Result<Option<nix::unistd::User>>) -> Option<String> {
    Some(user.ok()??.dir.to_string_lossy().into_owned())
}

/// `os.path.expandvars`: `$name` and `${name}`; unknown variables stay as they are.
pub fn expandvars(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, used) = if let Some(braced) = after.strip_prefix('{') {
            match braced.find('}') {
                Some(end) => (&braced[..end], end + 2),
                None => ("", 0),
            }
        } else {
            let end = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            (&after[..end], end)
        };
        match std::env::var(name).ok().filter(|_| !name.is_empty()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[at..at + 1 + used]),
        }
        rest = &after[used..];
    }
    out.push_str(rest);
    out
}

/// `os.path.realpath`: links resolved as far as the path exists, the rest kept.
pub fn realpath(path: &str) -> String {
    let mut done = String::from("/");
    let absolute = join([cwd().as_str(), path]);
    let mut todo: Vec<String> = absolute.split('/').rev().map(String::from).collect();
    // as many links as Linux follows
    let mut links = 0;
    while let Some(part) = todo.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done = dirname(&done).to_string();
                continue;
            }
            _ => {}
        }
        let next = join([done.as_str(), &part]);
        match std::fs::read_link(&next) {
            Ok(target) if links < 40 => {
                links += 1;
                let target = target.to_string_lossy().into_owned();
                if target.starts_with('/') {
                    done = "/".into();
                }
                todo.extend(target.split('/').rev().map(String::from));
            }
            _ => done = next,
        }
    }
    done
}

/// Ansible's `unfrackpath` without following links: variables and `~` expanded, absolute, normalised.
pub fn unfrack(path: &str) -> String {
    abspath(&expanduser(&expandvars(path)), &cwd())
}

/// Whether something is there, as `os.path.exists` sees it.
pub fn exists(path: &str) -> bool {
    Path::new(path).exists()
}

/// Whether a directory is there, as `os.path.isdir` sees it.
pub fn is_dir(path: &str) -> bool {
    Path::new(path).is_dir()
}

/// `ntpath.splitdrive`: a drive letter or a UNC share, and the rest.
pub fn win_splitdrive(path: &str) -> (&str, &str) {
    let slashed = path.replace('/', "\\");
    if slashed.starts_with("\\\\") {
        let start = if slashed.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("\\\\?\\UNC\\")) { 8 } else { 2 };
        let Some(server) = slashed[start..].find('\\').map(|at| at + start) else { return (path, "") };
        return match slashed[server + 1..].find('\\') {
            Some(share) => path.split_at(server + 1 + share),
            None => (path, ""),
        };
    }
    match path.char_indices().nth(1) {
        Some((at, ':')) => path.split_at(at + 1),
        _ => ("", path),
    }
}

fn win_split(path: &str) -> (String, &str) {
    let (drive, rest) = win_splitdrive(path);
    let at = rest.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let (head, tail) = rest.split_at(at);
    let stripped = head.trim_end_matches(['/', '\\']);
    (format!("{drive}{}", if stripped.is_empty() { head } else { stripped }), tail)
}

/// `ntpath.basename`.
pub fn win_basename(path: &str) -> &str {
    win_split(path).1
}

/// `ntpath.dirname`.
pub fn win_dirname(path: &str) -> String {
    win_split(path).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normpath_folds_dots_and_slashes() {
        for (path, normal) in
            [("", "."), ("//a", "//a"), ("///a", "/a"), ("/../a/./b/..", "/a"), ("../../a", "../../a"), ("a/..", ".")]
        {
            assert_eq!(normpath(path), normal);
        }
    }

    #[test]
    fn splitext_leaves_leading_dots() {
        for (path, root, ext) in [
            (".bashrc", ".bashrc", ""),
            ("a/.b.c", "a/.b", ".c"),
            ("a.b/c", "a.b/c", ""),
            ("a.tar.gz", "a.tar", ".gz"),
            ("...", "...", ""),
            ("a.", "a", "."),
        ] {
            assert_eq!(splitext(path), (root, ext), "{path}");
        }
    }

    #[test]
    fn dirname_keeps_a_root() {
        for (path, dir) in [("/a", "/"), ("//a", "//"), ("/a/b/", "/a/b"), ("a", ""), ("a//b", "a")] {
            assert_eq!(dirname(path), dir);
        }
    }

    #[test]
    fn windows_paths_split_as_ntpath_does() {
        assert_eq!(win_splitdrive("C:\\a\\b"), ("C:", "\\a\\b"));
        assert_eq!(win_splitdrive("//host/share/dir"), ("//host/share", "/dir"));
        assert_eq!(win_basename("C:\\a\\b.txt"), "b.txt");
        assert_eq!(win_dirname("C:\\a\\b.txt"), "C:\\a");
    }
}
