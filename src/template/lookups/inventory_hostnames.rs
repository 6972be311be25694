//! `lookup('inventory_hostnames', pattern)`: the hosts that a host pattern selects from the `groups` at hand.

use crate::error::{Error, Result};
use crate::pyregex::{self, Flags};
use crate::template::filters::arg;
use crate::template::{Context, Lookup};
use crate::value::fnmatch::fnmatch;
use crate::value::{Dict, Value};
use indexmap::{IndexMap, IndexSet};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("inventory_hostnames", run);

fn run(ctx: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let groups = ctx.variable("groups")?.ok_or_else(|| Error::template("'groups'"))?;
    let groups = arg::mapping(&groups).ok_or_else(|| Error::template("'groups'"))?;
    let mut inventory = Groups::default();
    for (group, hosts) in groups.iter() {
        let hosts = ctx.resolve(hosts)?;
        let hosts: Vec<String> = arg::items(&hosts)?.iter().map(arg::text).collect();
        inventory.hosts.extend(hosts.iter().cloned());
        inventory.groups.insert(arg::text(group), hosts);
    }
    let patterns: Vec<String> = terms.iter().flat_map(|term| split(&arg::text(term))).collect();
    // a pattern that cannot be read selects nothing
    let hosts = inventory.select(&patterns).unwrap_or_default();
    Ok(hosts.into_iter().map(Value::from).collect())
}

/// Single patterns: at commas, or at colons that belong to no range or IPv6 address.
fn split(text: &str) -> Vec<String> {
    let address = text.matches(':').count() > 1 && text.chars().all(|c| c.is_ascii_hexdigit() || ":.".contains(c));
    let mut parts = vec![String::new()];
    let mut inside = false;
    let comma = text.contains(',');
    for c in text.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        if !inside && !address && c == if comma { ',' } else { ':' } {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(String::from).collect()
}

#[derive(Default)]
struct Groups {
    groups: IndexMap<String, Vec<String>>,
    hosts: IndexSet<String>,
}

impl Groups {
    fn select(&self, patterns: &[String]) -> Result<IndexSet<String>> {
        let rank = |pattern: &&str| usize::from(pattern.starts_with('&')) + 2 * usize::from(pattern.starts_with('!'));
        let mut ordered: Vec<&str> = patterns.iter().map(String::as_str).collect();
        ordered.sort_by_key(rank);
        if ordered.first().is_none_or(|first| rank(first) > 0) {
            ordered.insert(0, "all");
        }
        let mut selected = IndexSet::new();
        for pattern in ordered {
            if self.hosts.contains(pattern) {
                selected.insert(pattern.to_string());
            } else if let Some(pattern) = pattern.strip_prefix('!') {
                let out = self.matching(pattern)?;
                selected.retain(|host| !out.contains(host));
            } else if let Some(pattern) = pattern.strip_prefix('&') {
                let kept = self.matching(pattern)?;
                selected.retain(|host| kept.contains(host));
            } else {
                selected.extend(self.matching(pattern)?);
            }
        }
        Ok(selected)
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>> {
        let (name, range) = subscript(pattern)?;
        let found = self.named(name)?;
        let Some((first, last)) = range.filter(|_| !found.is_empty()) else { return Ok(found) };
        let at = |index: i64| usize::try_from(if index < 0 { index + found.len() as i64 } else { index }).ok();
        let nothing = || Error::template(format!("No hosts matched the subscripted pattern '{pattern}'"));
        match last {
            None | Some(Some(0)) => {
                let host = at(first).and_then(|at| found.get(at)).ok_or_else(nothing)?;
                Ok(vec![host.clone()])
            }
            Some(last) => {
                let end = last.map_or(found.len(), |last| usize::try_from(last + 1).unwrap_or(0)).min(found.len());
                let first = at(first).unwrap_or(0).min(end);
                Ok(found[first..end].to_vec())
            }
        }
    }

    fn named(&self, pattern: &str) -> Result<Vec<String>> {
        let regex = match pattern.strip_prefix('~') {
            Some(regex) => Some(pyregex::compile(regex, Flags::default())?),
            None => None,
        };
        let fits = |name: &str| match &regex {
            Some(regex) => Ok(regex.match_start(name)?.is_some()),
            None => Ok(name == pattern || fnmatch(name, pattern)),
        };
        let mut found: IndexSet<String> = IndexSet::new();
        let mut any_group = false;
        for (group, hosts) in &self.groups {
            if fits(group)? {
                any_group = true;
                found.extend(hosts.iter().cloned());
            }
        }
        if !any_group || regex.is_some() || pattern.contains(['.', '?', '*', '[']) {
            for host in &self.hosts {
                if fits(host)? {
                    found.insert(host.clone());
                }
            }
        }
        if found.is_empty() && ["localhost", "127.0.0.1", "::1"].contains(&pattern) {
            found.insert(pattern.to_string());
        }
        Ok(found.into_iter().collect())
    }
}

/// The first place of a range, and its last when it is more than a place; the last's `None` is the end.
type Range = (i64, Option<Option<i64>>);

/// `[1]`, `[1:3]` or `[1:]` at the end of a pattern.
fn subscript(pattern: &str) -> Result<(&str, Option<Range>)> {
    let regex = pyregex::compile(r"^(.+)\[(?:(-?[0-9]+)|([0-9]+)([:-])([0-9]*))\]$", Flags::default())?;
    let found = match regex.match_start(pattern)? {
        Some(found) if !pattern.starts_with('~') => found,
        _ => return Ok((pattern, None)),
    };
    let number = |group| found.group(pattern, group).and_then(|text| text.parse::<i64>().ok());
    let range = match number(2) {
        Some(at) => (at, None),
        None => (number(3).unwrap_or(0), Some(number(5))),
    };
    Ok((found.group(pattern, 1).unwrap_or(pattern), Some(range)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(pattern: &str) -> String {
        let group =
            |name: &str, hosts: &[&str]| (name.to_string(), hosts.iter().map(|host| host.to_string()).collect());
        let groups = Groups {
            groups: [
                group("all", &["w1", "w2", "w3", "d1"]),
                group("www", &["w1", "w2", "w3"]),
                group("db", &["d1", "w3"]),
            ]
            .into_iter()
            .collect(),
            hosts: ["w1", "w2", "w3", "d1"].map(String::from).into_iter().collect(),
        };
        let hosts = groups.select(&split(pattern)).unwrap_or_default();
        hosts.into_iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn patterns_select_as_a_play_does() {
        for (pattern, hosts) in [
            ("all", "w1 w2 w3 d1"),
            ("all:!www", "d1"),
            ("www:&db", "w3"),
            ("!db", "w1 w2"),
            ("www[0:1],d1", "w1 w2 d1"),
            ("www[-1]", "w3"),
            ("w*:!w2", "w1 w3"),
            ("~[wd]1", "w1 d1"),
            ("nope", ""),
            ("www[7]", ""),
            ("localhost", "localhost"),
        ] {
            assert_eq!(select(pattern), hosts, "{pattern}");
        }
    }
}
