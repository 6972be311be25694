//! Host patterns: `web*:&prod:!web3`, `db[0]`, `db[1:3]`, `~regex`.

use super::address::parse_address;
use super::entity::{GroupId, HostId};
use super::graph::{Inventory, LOCALHOST};
use super::hosts::Selected;
use super::settings::Mismatch;
use crate::error::{Error, Result};
use crate::pyregex;
use crate::value::fnmatch::fnmatch;
use indexmap::IndexSet;
use std::collections::HashSet;
use std::sync::Arc;

/// The single patterns of a text: separated by commas, or else by colons that belong to no address or range.
pub fn split_patterns(text: &str) -> Vec<String> {
    let parts: Vec<String> = if text.contains(',') {
        text.split(',').map(String::from).collect()
    } else if parse_address(text, true).is_ok() {
        vec![text.to_string()]
    } else {
        split_at_colons(text)
    };
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(String::from).collect()
}

/// Runs of characters other than blanks, colons and brackets, and of whole bracketed expressions.
fn split_at_colons(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '[' => rest.find(']').map(|end| &rest[..=end]),
            ']' | ':' => None,
            c if c.is_whitespace() => None,
            c => Some(&rest[..c.len_utf8()]),
        };
        match (taken, parts.last_mut()) {
            (Some(taken), Some(part)) => part.push_str(taken),
            _ => parts.push(String::new()),
        }
        rest = &rest[taken.map_or(c.len_utf8(), str::len)..];
    }
    parts
}

/// A position or range at the end of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscript {
    At(i64),
    /// Both ends included; `None` is the last.
    Range(i64, Option<i64>),
}

impl Inventory {
    /// The hosts that single patterns select together: plain ones first, then `&`, then `!`.
    pub(super) fn evaluate(&self, patterns: &[String]) -> Result<IndexSet<Selected>> {
        let modifier = |pattern: &&String| match pattern.as_bytes().first() {
            Some(b'&') => 1,
            Some(b'!') => 2,
            _ => 0,
        };
        let mut ordered: Vec<&String> = patterns.iter().filter(|pattern| !pattern.is_empty()).collect();
        ordered.sort_by_key(modifier);
        let everything = "all".to_string();
        if ordered.first().is_none_or(|first| modifier(first) > 0) {
            ordered.insert(0, &everything);
        }
        let mut hosts = IndexSet::new();
        for pattern in ordered {
            if let Some(id) = self.hosts.get_index_of(pattern.as_str()) {
                hosts.insert(Selected::Host(id));
                continue;
            }
            match (pattern.as_bytes()[0], self.match_one(pattern.strip_prefix(['&', '!']).unwrap_or(pattern))?) {
                (b'!', found) => {
                    let found: HashSet<_> = found.iter().collect();
                    hosts.retain(|host| !found.contains(host));
                }
                (b'&', found) => {
                    let found: HashSet<_> = found.iter().collect();
                    hosts.retain(|host| found.contains(host));
                }
                (_, found) => hosts.extend(found.iter().copied()),
            }
        }
        Ok(hosts)
    }

    /// What a single pattern without its modifier selects.
    fn match_one(&self, pattern: &str) -> Result<Arc<Vec<Selected>>> {
        if let Ok(known) = self.caches.patterns.lock()
            && let Some(found) = known.get(pattern)
        {
            return Ok(found.clone());
        }
        let (expression, subscript) = self.split_subscript(pattern);
        let found = self.enumerate(expression)?;
        let found = match subscript {
            Some(subscript) if !found.is_empty() => slice(&found, subscript)
                .ok_or_else(|| Error::general(format!("No hosts matched the subscripted pattern '{pattern}'")))?,
            _ => found,
        };
        let found = Arc::new(found);
        if let Ok(mut known) = self.caches.patterns.lock() {
            known.insert(pattern.to_string(), found.clone());
        }
        Ok(found)
    }

    fn split_subscript<'a>(&self, pattern: &'a str) -> (&'a str, Option<Subscript>) {
        let parsed = || {
            let (expression, inside) = pattern.strip_suffix(']')?.rsplit_once('[')?;
            if pattern.starts_with('~') || expression.is_empty() {
                return None;
            }
            if is_digits(inside.strip_prefix('-').unwrap_or(inside)) {
                return Some((expression, Subscript::At(inside.parse().ok()?), false));
            }
            let at = inside.find([':', '-'])?;
            let (first, last) = (&inside[..at], &inside[at + 1..]);
            if !is_digits(first) || !(last.is_empty() || is_digits(last)) {
                return None;
            }
            let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
            Some((expression, Subscript::Range(first.parse().ok()?, last), inside.as_bytes()[at] == b'-'))
        };
        match parsed() {
            Some((expression, subscript, dash)) => {
                if dash {
                    self.warn("Use [x:y] inclusive subscripts instead of [x-y] which has been removed");
                }
                (expression, Some(subscript))
            }
            None => (pattern, None),
        }
    }

    /// Groups by name, then hosts by name; a pattern that is a plain group name looks at no hosts.
    fn enumerate(&self, pattern: &str) -> Result<Vec<Selected>> {
        let matcher = Matcher::new(pattern)?;
        let groups: Vec<GroupId> = matcher.places(&self.groups)?;
        let mut found: Vec<Selected> = Vec::new();
        for group in &groups {
            found.extend(self.members(*group).iter().map(|id| Selected::Host(*id)));
        }
        if groups.is_empty() || pattern.starts_with('~') || pattern.contains(['.', '?', '*', '[']) {
            let hosts: Vec<HostId> = matcher.places(&self.hosts)?;
            found.extend(hosts.into_iter().filter(|id| !self.hosts[*id].implicit).map(Selected::Host));
        }
        if found.is_empty() && LOCALHOST.contains(&pattern) {
            match self.localhost {
                Some(id) => found.push(Selected::Host(id)),
                None => {
                    self.implicit_localhost(pattern);
                    found.push(Selected::Implicit);
                }
            }
        }
        if found.is_empty() && groups.is_empty() && pattern != "all" {
            let message = format!("Could not match supplied host pattern, ignoring: {pattern}");
            match self.settings.pattern_mismatch {
                Mismatch::Warning => self.warn(message),
                Mismatch::Error => return Err(Error::general(message)),
                Mismatch::Ignore => {}
            }
        }
        Ok(found)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Python's indexing and slicing; `None` where an index is out of range.
fn slice(hosts: &[Selected], subscript: Subscript) -> Option<Vec<Selected>> {
    let count = hosts.len() as i64;
    match subscript {
        Subscript::At(at) => {
            let at = if at < 0 { at + count } else { at };
            hosts.get(usize::try_from(at).ok()?).map(|host| vec![*host])
        }
        // an end of 0 counts as none: only the first of the range is taken
        Subscript::Range(first, Some(0)) => slice(hosts, Subscript::At(first)),
        Subscript::Range(first, last) => {
            let end = last.map_or(count, |last| last + 1).clamp(0, count);
            let first = first.clamp(0, end);
            Some(hosts[first as usize..end as usize].to_vec())
        }
    }
}

/// How names are compared with a pattern.
enum Matcher<'a> {
    Name(&'a str),
    Glob(&'a str),
    Regex(Arc<pyregex::Regex>),
}

impl<'a> Matcher<'a> {
    fn new(pattern: &'a str) -> Result<Matcher<'a>> {
        if let Some(regex) = pattern.strip_prefix('~') {
            let regex = pyregex::compile(regex, pyregex::Flags::default())
                .map_err(|error| Error::general(format!("Invalid host list pattern: {pattern}")).because(error))?;
            return Ok(Matcher::Regex(regex));
        }
        Ok(if pattern.contains(['*', '?', '[']) { Matcher::Glob(pattern) } else { Matcher::Name(pattern) })
    }

    /// The places of the names that fit, in order.
    fn places<T>(&self, named: &indexmap::IndexMap<Arc<str>, T, foldhash::fast::RandomState>) -> Result<Vec<usize>> {
        match self {
            Matcher::Name(name) => Ok(named.get_index_of(*name).into_iter().collect()),
            Matcher::Glob("*") => Ok((0..named.len()).collect()),
            Matcher::Glob(pattern) => {
                let fits = |(at, name): (usize, &Arc<str>)| fnmatch(name, pattern).then_some(at);
                Ok(named.keys().enumerate().filter_map(fits).collect())
            }
            Matcher::Regex(regex) => {
                let mut places = Vec::new();
                for (at, name) in named.keys().enumerate() {
                    if regex.match_start(name)?.is_some() {
                        places.push(at);
                    }
                }
                Ok(places)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_split_at_commas_or_colons() {
        let split = |text| split_patterns(text);
        assert_eq!(split("a,b[1], c[2:3] , d"), ["a", "b[1]", "c[2:3]", "d"]);
        assert_eq!(split("web:&prod:!web[1:2]"), ["web", "&prod", "!web[1:2]"]);
        assert_eq!(split("web[0:3]"), ["web[0:3]"]);
        assert_eq!(split("2001:db8::1"), ["2001:db8::1"]);
        assert_eq!(split("all"), ["all"]);
    }
}
