//! `~/.netrc`: users and passwords by host.

use super::{Credentials, Request};
use crate::value::shlex;

/// The credentials for a host, or the file's default ones.
pub(super) fn find(request: &Request, host: &str) -> Option<Credentials> {
    let path = request.var("NETRC").or_else(|| Some(format!("{}/.netrc", request.var("HOME")?)))?;
    let text = std::fs::read_to_string(path).ok()?;
    search(&text, host)
}

fn search(text: &str, host: &str) -> Option<Credentials> {
    let mut words = text.lines().flat_map(words);
    let mut found: Option<(bool, Credentials)> = None;
    // whether what is read now is of the host (true), of the default (false), or of another
    let mut of = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" => of = (words.next().as_deref() == Some(host)).then_some(true),
            "default" => of = Some(false),
            "login" | "user" | "password" | "account" => {
                let Some(value) = words.next() else { break };
                let Some(exact) = of else { continue };
                let better = found.as_ref().is_none_or(|(known, _)| exact && !*known);
                if better {
                    found = Some((exact, Credentials { user: String::new(), password: String::new() }));
                }
                if let Some((known, credentials)) = &mut found
                    && *known == exact
                {
                    match word.as_str() {
                        "login" | "user" => credentials.user = value,
                        "password" => credentials.password = value,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    found.map(|(_, credentials)| credentials).filter(|known| !known.user.is_empty() && !known.password.is_empty())
}

fn words(line: &str) -> Vec<String> {
    let line = line.trim();
    if line.starts_with('#') {
        return Vec::new();
    }
    shlex::split(line).unwrap_or_else(|_| line.split_whitespace().map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_comes_before_the_default() {
        let text = "# me\nmachine a login u password \"p w\"\nmachine b\n  login v\n  password q\ndefault login d password e\n";
        let find = |host: &str| search(text, host).map(|known| (known.user, known.password));
        assert_eq!(find("a"), Some(("u".into(), "p w".into())));
        assert_eq!(find("b"), Some(("v".into(), "q".into())));
        assert_eq!(find("c"), Some(("d".into(), "e".into())));
        assert_eq!(search("machine a login u", "a").map(|known| known.user), None);
    }
}
