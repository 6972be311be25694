//! Host names as inventories write them: names, addresses, ranges, ports.

use crate::error::{Error, Result};
use fancy_regex::Regex;
use std::sync::LazyLock;

static BRACKETED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\[(.+)\]:([0-9]+)$").ok());
static WITH_PORT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)$").ok());
static HOSTS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| [ipv4(), ipv6(), name()].iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// A part of an address, or a range in its place.
fn ipv4() -> String {
    let part = r"(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]|\[[0-9]+:[0-9]+(?::[0-9]+)?\])";
    format!(r"^(?:{part}\.){{3}}{part}$")
}

fn ipv6() -> String {
    let p = r"(?:[0-9a-f]{1,4}|\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\])";
    let mut forms = vec![format!("(?:{p}:){{7}}{p}"), format!("(?:{p}:){{1,6}}:")];
    forms.extend((1..=6).map(|before| format!("(?:{p}:){{{before}}}(?::{p}){{1,{}}}", 7 - before)));
    forms.extend([
        format!(":(?::{p}){{1,6}}"),
        format!("{p}?::"),
        format!(r"(?:0:){{6}}(?:{p}\.){{3}}{p}"),
        format!(r"::(?:ffff:)?(?:{p}\.){{3}}{p}"),
        format!(r"(?:0:){{5}}ffff:(?:{p}\.){{3}}{p}"),
    ]);
    format!("(?i)^(?:{})$", forms.join("|"))
}

fn name() -> String {
    let range = r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]";
    let label = format!(r"(?:[\w]|{range})(?:[\w_-]|{range})*(?<![_-])");
    format!(r"(?i)^{label}(?:\.{label})*$")
}

/// A host, and a port when one is written: `name:22`, `[2001:db8::1]:22`, `web[01:10]:22`.
pub fn parse_address(address: &str, allow_ranges: bool) -> Result<(String, Option<u32>)> {
    if is_plain_name(address) {
        return Ok((address.to_string(), None));
    }
    let (mut host, mut port) = (address.to_string(), None);
    for pattern in [&BRACKETED, &WITH_PORT] {
        let Some(found) = pattern.as_ref().and_then(|pattern| pattern.captures(&host).ok().flatten()) else { continue };
        let (Some(inner), Some(digits)) = (found.get(1), found.get(2)) else { continue };
        port = Some(
            digits.as_str().parse().map_err(|_| Error::general(format!("Not a valid port: {}", digits.as_str())))?,
        );
        host = inner.as_str().to_string();
    }
    if !HOSTS.iter().any(|pattern| pattern.is_match(&host).unwrap_or(false)) {
        return Err(Error::general(format!("Not a valid network hostname: {host}")));
    }
    if !allow_ranges && host.contains('[') {
        return Err(Error::general("Detected range in host but was asked to ignore ranges"));
    }
    Ok((host, port))
}

/// The common case, without patterns: labels of letters, digits, `-` and `_`, that start with a letter or digit or `_`.
fn is_plain_name(text: &str) -> bool {
    text.split('.').all(|label| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(|b| b.is_ascii_alphanumeric())
            && bytes.last().is_some_and(|b| b.is_ascii_alphanumeric())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

/// The hosts and the port that a host pattern of an inventory stands for.
pub(super) fn expand(pattern: &str) -> Result<(Vec<String>, Option<u32>)> {
    let (host, port) = parse_address(pattern, true).unwrap_or_else(|_| (pattern.to_string(), None));
    if host.contains('[') { Ok((expand_ranges(&host)?, port)) } else { Ok((vec![host], port)) }
}

/// `web[01:03]` stands for `web01`, `web02`, `web03`; `[a:c]` and a step `[1:9:2]` work too.
pub fn expand_ranges(pattern: &str) -> Result<Vec<String>> {
    let bracketed = pattern.replacen('[', "|", 1).replacen(']', "|", 1);
    let parts: Vec<&str> = bracketed.split('|').collect();
    let &[head, range, tail] = parts.as_slice() else {
        let (few, many) = (parts.len() < 3, parts.len());
        return Err(Error::general(if few {
            format!("not enough values to unpack (expected 3, got {many})")
        } else {
            "too many values to unpack (expected 3)".to_string()
        }));
    };
    let mut hosts = Vec::new();
    for member in members(range)? {
        let host = format!("{head}{member}{tail}");
        if host.contains('[') { hosts.extend(expand_ranges(&host)?) } else { hosts.push(host) }
    }
    Ok(hosts)
}

/// The texts a range stands for.
fn members(range: &str) -> Result<Vec<String>> {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let bounds: Vec<&str> = range.split(':').collect();
    let (&[first, last] | &[first, last, _]) = bounds.as_slice() else {
        return Err(Error::general("host range must be begin:end or begin:end:step"));
    };
    let first = if first.is_empty() { "0" } else { first };
    if last.is_empty() {
        return Err(Error::general("host range must specify end value"));
    }
    let step = bounds.get(2).map_or(Ok(1), |step| integer(step))?;
    let padded = first.len() > 1 && first.starts_with('0');
    let width = if padded { first.len() } else { 0 };
    if padded && first.len() != last.len() {
        return Err(Error::general("host range must specify equal-length begin and end formats"));
    }
    if let (Some(from), Some(to)) = (LETTERS.find(first), LETTERS.find(last))
        && step > 0
    {
        if from > to {
            return Err(Error::general("host range must have begin <= end"));
        }
        let letters = LETTERS[from..=to].chars().step_by(step as usize);
        return Ok(letters.map(String::from).collect());
    }
    let (from, to) = (integer(first)?, integer(last)?);
    if step <= 0 {
        return Err(Error::general("range() arg 3 must not be zero"));
    }
    Ok((from..=to).step_by(step as usize).map(|number| format!("{number:0width$}")).collect())
}

fn integer(text: &str) -> Result<i64> {
    text.trim().parse().map_err(|_| {
        Error::general(format!("invalid literal for int() with base 10: {}", crate::value::Value::str(text).repr()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_brackets() {
        let parse = |text| parse_address(text, true).ok();
        assert_eq!(parse("web1.example.com"), Some(("web1.example.com".into(), None)));
        assert_eq!(parse("web1:2222"), Some(("web1".into(), Some(2222))));
        assert_eq!(parse("[2001:db8::1]:22"), Some(("2001:db8::1".into(), Some(22))));
        assert_eq!(parse("2001:db8::1"), Some(("2001:db8::1".into(), None)));
        assert_eq!(parse("10.0.0.[1:9]:22"), Some(("10.0.0.[1:9]".into(), Some(22))));
        assert_eq!(parse("web-"), None);
        assert_eq!(parse("a b"), None);
        assert_eq!(parse("web:db"), None);
        assert!(parse_address("web[1:2]", false).is_err());
    }

    #[test]
    fn ranges_expand() {
        assert_eq!(
            expand_ranges("w[08:10]-[a:c:2]x").unwrap(),
            ["w08-ax", "w08-cx", "w09-ax", "w09-cx", "w10-ax", "w10-cx"]
        );
        assert_eq!(expand_ranges("w[:2]").unwrap(), ["w0", "w1", "w2"]);
        assert_eq!(expand_ranges("w[5:1]").unwrap(), Vec::<String>::new());
        assert!(expand_ranges("w[05:1]").is_err());
        assert!(expand_ranges("w[a:c:0]").is_err());
    }
}
