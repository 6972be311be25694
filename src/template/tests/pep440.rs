//! Versions of Python packages (PEP 440).

use crate::error::{Error, Result};
use crate::template::pyregex::{self, Flags};
use num_bigint::BigInt;
use std::cmp::Ordering;

const PATTERN: &str = concat!(
    r"^\s*v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)",
    r"(?P<pre>[-_.]?(?P<pre_l>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>[0-9]+)?)?",
    r"(?P<post>(?:-(?P<post_n1>[0-9]+))|(?:[-_.]?(?P<post_l>post|rev|r)[-_.]?(?P<post_n2>[0-9]+)?))?",
    r"(?P<dev>[-_.]?(?P<dev_l>dev)[-_.]?(?P<dev_n>[0-9]+)?)?",
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$",
);

/// A version, ready to compare.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pep440 {
    epoch: BigInt,
    release: Vec<BigInt>,
    before: Before,
    /// None sorts before any post release.
    post: Option<BigInt>,
    dev: Dev,
    local: Vec<Local>,
}

/// Where a version stands before the final release.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    /// A development release of the final one comes before its alphas.
    OnlyDev,
    Tag(&'static str, BigInt),
    Final,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dev {
    Number(BigInt),
    Not,
}

/// Words come before numbers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Local {
    Word(String),
    Number(BigInt),
}

impl Pep440 {
    pub(super) fn compare(a: &str, b: &str) -> Result<Ordering> {
        Ok(Pep440::parse(a)?.cmp(&Pep440::parse(b)?))
    }

    fn parse(text: &str) -> Result<Pep440> {
        let invalid = || Error::template(format!("Invalid version: '{text}'"));
        let lower = text.to_lowercase();
        let regex = pyregex::compile(PATTERN, Flags { ascii: true, ..Flags::default() })?;
        let found = regex.match_start(&lower)?.ok_or_else(invalid)?;
        let group = |name| regex.group_number(name).and_then(|number| found.group(&lower, number));
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<BigInt>().ok()).unwrap_or_default();
        let mut release: Vec<BigInt> =
            group("release").unwrap_or("0").split('.').map(|part| number(Some(part))).collect();
        while release.len() > 1 && release.last() == Some(&BigInt::ZERO) {
            release.pop();
        }
        let post = group("post").map(|_| number(group("post_n1").or(group("post_n2"))));
        let dev = if group("dev").is_some() { Dev::Number(number(group("dev_n"))) } else { Dev::Not };
        let before = match group("pre_l") {
            Some("a" | "alpha") => Before::Tag("a", number(group("pre_n"))),
            Some("b" | "beta") => Before::Tag("b", number(group("pre_n"))),
            Some(_) => Before::Tag("rc", number(group("pre_n"))),
            None if post.is_none() && dev != Dev::Not => Before::OnlyDev,
            None => Before::Final,
        };
        let local = group("local").map_or_else(Vec::new, |local| {
            let part = |part: &str| part.parse().map_or_else(|_| Local::Word(part.into()), Local::Number);
            local.split(['-', '_', '.']).map(part).collect()
        });
        Ok(Pep440 { epoch: number(group("epoch")), release, before, post, dev, local })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_stand_in_their_order() {
        let order = [
            "1.0.dev1",
            "1.0a1.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0+abc",
            "1.0+5",
            "1.0.post1",
            "1.1",
            "1!0.1",
        ];
        for pair in order.windows(2) {
            assert_eq!(Pep440::compare(pair[0], pair[1]).unwrap(), Ordering::Less, "{pair:?}");
        }
        assert_eq!(Pep440::compare("v1.0.0", "1").unwrap(), Ordering::Equal);
        assert_eq!(Pep440::compare("1.0-1", "1.0.post1").unwrap(), Ordering::Equal);
    }
}
