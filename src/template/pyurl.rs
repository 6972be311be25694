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
