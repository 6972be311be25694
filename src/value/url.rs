//! Python's `urllib.parse`: a URL taken apart.

use crate::error::{Error, Result};

/// The five parts of a URL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Url {
    /// Lower case, without the colon.
    pub scheme: String,
    /// User, password, host and port.
    pub netloc: String,
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// Without the hash.
    pub fragment: String,
}

impl Url {
    /// `urlsplit`.
    pub fn split(text: &str) -> Result<Url> {
        let text = text.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
        let mut url = Url::default();
        let mut rest = text.as_str();
        if let Some((scheme, after)) = rest.split_once(':') {
            let mut chars = scheme.chars();
            let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
            if first && chars.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
                url.scheme = scheme.to_ascii_lowercase();
                rest = after;
            }
        }
        if let Some(after) = rest.strip_prefix("//") {
            let end = after.find(['/', '?', '#']).unwrap_or(after.len());
            url.netloc = after[..end].to_string();
            rest = &after[end..];
            if url.netloc.contains('[') != url.netloc.contains(']') {
                return Err(Error::template("Invalid IPv6 URL"));
            }
        }
        if let Some((before, fragment)) = rest.split_once('#') {
            url.fragment = fragment.into();
            rest = before;
        }
        if let Some((before, query)) = rest.split_once('?') {
            url.query = query.into();
            rest = before;
        }
        url.path = rest.into();
        Ok(url)
    }

    fn user_and_host(&self) -> (Option<&str>, &str) {
        match self.netloc.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, &self.netloc),
        }
    }

    /// The name before the `@`.
    pub fn username(&self) -> Option<&str> {
        let user = self.user_and_host().0?;
        Some(user.split_once(':').map_or(user, |(name, _)| name))
    }

    /// What follows the name.
    pub fn password(&self) -> Option<&str> {
        self.user_and_host().0?.split_once(':').map(|(_, password)| password)
    }

    fn host_and_port(&self) -> (&str, Option<&str>) {
        let host = self.user_and_host().1;
        let (name, port) = match host.split_once('[') {
            Some((_, bracketed)) => {
                let (name, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
                (name, after.split_once(':').map(|(_, port)| port))
            }
            None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
        };
        (name, port.filter(|port| !port.is_empty()))
    }

    /// The host in lower case, without brackets.
    pub fn hostname(&self) -> Option<String> {
        let name = self.host_and_port().0;
        if name.is_empty() {
            return None;
        }
        // the zone of an IPv6 address keeps its case
        Some(match name.split_once('%') {
            Some((address, zone)) => format!("{}%{zone}", address.to_lowercase()),
            None => name.to_lowercase(),
        })
    }

    /// The port as a number.
    pub fn port(&self) -> Result<Option<i64>> {
        let Some(port) = self.host_and_port().1 else { return Ok(None) };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            let shown = crate::value::Value::str(port).repr();
            return Err(Error::template(format!("Port could not be cast to integer value as {shown}")));
        }
        match port.parse::<i64>() {
            Ok(port) if port <= 65535 => Ok(Some(port)),
            _ => Err(Error::template("Port out of range 0-65535")),
        }
    }
}

impl std::fmt::Display for Url {
    /// `urlunsplit`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if !self.netloc.is_empty() {
            write!(f, "//{}", self.netloc)?;
            if !self.path.is_empty() && !self.path.starts_with('/') {
                f.write_str("/")?;
            }
        }
        f.write_str(&self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", self.fragment)?;
        }
        Ok(())
    }
}

/// `urljoin`: what a link on the page `base` leads to.
pub fn join(base: &str, link: &str) -> Result<String> {
    if base.is_empty() || link.is_empty() {
        return Ok(if link.is_empty() { base } else { link }.to_string());
    }
    let (from, mut to) = (Url::split(base)?, Url::split(link)?);
    if !to.scheme.is_empty() && to.scheme != from.scheme {
        return Ok(link.to_string());
    }
    to.scheme.clone_from(&from.scheme);
    if !to.netloc.is_empty() {
        return Ok(to.to_string());
    }
    to.netloc.clone_from(&from.netloc);
    if to.path.is_empty() {
        to.path.clone_from(&from.path);
        if to.query.is_empty() {
            to.query.clone_from(&from.query);
        }
        return Ok(to.to_string());
    }
    if !to.path.starts_with('/') {
        let joined = match from.path.rsplit_once('/') {
            Some((directory, _)) => format!("{directory}/{}", to.path),
            None => format!("/{}", to.path),
        };
        // only here empty parts are dropped
        let (start, last) = joined.rsplit_once('/').unwrap_or(("", &joined));
        let parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).chain([last]).collect();
        to.path = format!("/{}", parts.join("/"));
    }
    to.path = without_dots(&to.path);
    Ok(to.to_string())
}

/// Resolves `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut names = path.split('/').skip(1).peekable();
    while let Some(name) = names.next() {
        let last = names.peek().is_none();
        match name {
            "." | ".." => {
                if name == ".." {
                    parts.pop();
                }
                if last {
                    parts.push("");
                }
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// `quote`: everything percent-encoded but letters, digits, `_.-~` and what is `safe`.
pub fn quote(text: &[u8], safe: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(byte) || (byte.is_ascii() && safe.as_bytes().contains(byte))
        {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The URL with user and password made unreadable.
pub fn mask(text: &str) -> String {
    let Ok(mut url) = Url::split(text) else { return text.to_string() };
    let has = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    let masked = match (has(url.username()), has(url.password())) {
        (false, false) => return text.to_string(),
        (_, true) => "****:****@",
        (true, false) => "****@",
    };
    url.netloc = format!("{masked}{}", url.user_and_host().1);
    url.to_string()
}

/// `unquote_to_bytes`.
pub fn unquote_bytes(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let code = code.filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        match code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_falls_into_its_parts() {
        let url = Url::split("HTTP://u:p@H.com:80/p?q=1#f").unwrap();
        assert_eq!((url.scheme.as_str(), url.path.as_str(), url.query.as_str()), ("http", "/p", "q=1"));
        assert_eq!((url.username(), url.password()), (Some("u"), Some("p")));
        assert_eq!((url.hostname().as_deref(), url.port().unwrap()), (Some("h.com"), Some(80)));
    }

    #[test]
    fn links_are_joined_to_their_page() {
        for (link, expected) in [
            ("d", "http://h/a/d"),
            ("./d/", "http://h/a/d/"),
            ("../d", "http://h/d"),
            ("../../d", "http://h/d"),
            ("/d?x", "http://h/d?x"),
            ("//k/d", "http://k/d"),
            ("https://k/", "https://k/"),
            ("?y", "http://h/a/b?y"),
            ("..", "http://h/"),
            ("a//b", "http://h/a/a/b"),
            ("/a//b/../c", "http://h/a//c"),
        ] {
            assert_eq!(join("http://h/a/b?q", link).unwrap(), expected, "{link}");
        }
    }

    #[test]
    fn credentials_are_masked() {
        assert_eq!(mask("http://u:p@h:1/x"), "http://****:****@h:1/x");
        assert_eq!(mask("http://u@h/x"), "http://****@h/x");
        assert_eq!(mask("http://h/x@y"), "http://h/x@y");
    }

    #[test]
    fn an_ipv6_address_loses_its_brackets() {
        let url = Url::split("ssh://[FE80::1%Eth0]:22").unwrap();
        assert_eq!((url.hostname().as_deref(), url.port().unwrap()), (Some("fe80::1%Eth0"), Some(22)));
        assert!(Url::split("http://[::1").is_err());
    }

    #[test]
    fn percent_codes_that_are_none_stay() {
        assert_eq!(unquote_bytes("a%20b%zz%4"), b"a b%zz%4");
    }
}
