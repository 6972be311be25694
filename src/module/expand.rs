//! `~` and `$VAR` at the target, with the task's environment laid over the process's.

use super::Run;
use std::borrow::Cow;
use std::path::PathBuf;

impl Run {
    /// An environment variable as processes of this run see it.
    pub fn var(&self, name: &str) -> Option<String> {
        let own = self.environment.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        own.or_else(|| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Python's `expanduser(expandvars(text))`.
    pub fn expand(&self, text: &str) -> String {
        let text = expand_vars(text, |name| self.var(name));
        expand_user(&text, |name| self.var(name)).into_owned()
    }
}

/// `os.path.expandvars`: `$name` and `${name}`; unknown names stay as they are.
pub fn expand_vars(text: &str, var: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let reference = reference(&rest[at..]);
        let name = reference.trim_start_matches(['$', '{']).trim_end_matches('}');
        match var(name).filter(|_| !name.is_empty()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(reference),
        }
        rest = &rest[at + reference.len()..];
    }
    out.push_str(rest);
    out
}

/// The reference that `text` begins with, or its `$` alone.
fn reference(text: &str) -> &str {
    let end = match text[1..].strip_prefix('{') {
        Some(braced) => braced.find('}').map(|at| at + 3),
        None => text[1..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .map_or(Some(text.len()), |at| Some(at + 1)),
    };
    &text[..end.unwrap_or(1)]
}

/// `os.path.expanduser`: `~` by `HOME` or the account, `~name` by the account; unknown names stay as they are.
pub fn expand_user(text: &str, var: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    let Some(tail) = text.strip_prefix('~') else { return Cow::Borrowed(text) };
    let (name, rest) = tail.split_at(tail.find('/').unwrap_or(tail.len()));
    let home = if name.is_empty() { var("HOME").or_else(own_home) } else { home_of(name) };
    match home {
        Some(home) => {
            let path = format!("{}{rest}", home.trim_end_matches('/'));
            Cow::Owned(if path.is_empty() { "/".to_string() } else { path })
        }
        None => Cow::Borrowed(text),
    }
}

fn own_home() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok()??;
    path_text(user.dir)
}

fn home_of(name: &str) -> Option<String> {
    path_text(nix::unistd::User::from_name(name).ok()??.dir)
}

fn path_text(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn var(name: &str) -> Option<String> {
        match name {
            "HOME" => Some("/home/me/".to_string()),
            "X" => Some("$HOME".to_string()),
            _ => None,
        }
    }

    #[test]
    fn variables_expand_once_and_unknown_ones_stay() {
        assert_eq!(expand_vars("a$X-${HOME}b$NO ${NO} $", var), "a$HOME-/home/me/b$NO ${NO} $");
        assert_eq!(expand_vars("${open $", var), "${open $");
    }

    #[test]
    fn homes_expand_at_the_front_only() {
        assert_eq!(expand_user("~/x", var), "/home/me/x");
        assert_eq!(expand_user("~", var), "/home/me");
        assert_eq!(expand_user("a~", var), "a~");
        assert_eq!(expand_user("~root/x", var), "/root/x");
        assert_eq!(expand_user("~no-such-user/x", var), "~no-such-user/x");
    }
}
