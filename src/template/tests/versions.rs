//! `is version(...)`: loose, strict, semantic and PEP 440 versions compared.

use super::pep440::Pep440;
use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::pyregex::{self, Flags};
use crate::template::{Args, Context, Test};
use crate::value::Value;
use num_bigint::BigInt;
use std::cmp::Ordering;

/// The tests of this file.
pub const TESTS: &[Test] = &[Test::new("version", version), Test::new("version_compare", version)];

const OPERATORS: [(&str, fn(Ordering) -> bool); 13] = [
    ("==", Ordering::is_eq),
    ("=", Ordering::is_eq),
    ("eq", Ordering::is_eq),
    ("<", Ordering::is_lt),
    ("lt", Ordering::is_lt),
    ("<=", Ordering::is_le),
    ("le", Ordering::is_le),
    (">", Ordering::is_gt),
    ("gt", Ordering::is_gt),
    (">=", Ordering::is_ge),
    ("ge", Ordering::is_ge),
    ("!=", Ordering::is_ne),
    ("<>", Ordering::is_ne),
];

fn version(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    let other = args.require("version_compare", "version")?;
    let operator = args.take("operator").map_or_else(|| "eq".to_string(), |operator| arg::text(&operator));
    let strict = arg::given(args.take("strict"));
    let kind = arg::given(args.take("version_type"));
    args.finish("version_compare")?;
    if strict.is_some() && kind.is_some() {
        return Err(Error::template("Cannot specify both 'strict' and 'version_type'"));
    }
    if !input.truthy() {
        return Err(Error::template("Input version value cannot be empty"));
    }
    if !other.truthy() {
        return Err(Error::template("Version parameter to compare against cannot be empty"));
    }
    let strict = strict.is_some_and(|strict| strict.truthy());
    let kind = kind.filter(|kind| kind.truthy()).map(|kind| arg::text(&kind));
    let compare: fn(&str, &str) -> Result<Ordering> = match kind.as_deref() {
        None if strict => strict_versions,
        None | Some("loose") => loose_versions,
        Some("strict") => strict_versions,
        Some("semver" | "semantic") => semantic_versions,
        Some("pep440") => Pep440::compare,
        Some(other) => {
            return Err(Error::template(format!(
                "Invalid version type ({other}). Must be one of 'loose', 'strict', 'semver', 'semantic', 'pep440'"
            )));
        }
    };
    let Some((_, holds)) =
        OPERATORS.iter().find(|(name, _)| *name == operator).or((operator == "ne").then_some(&OPERATORS[11]))
    else {
        let known = OPERATORS.map(|(name, _)| format!("'{name}'")).join(", ");
        return Err(Error::template(format!("Invalid operator type ({operator}). Must be one of {known}, 'ne'")));
    };
    let order = compare(&arg::text(&input), &arg::text(&other))
        .map_err(|why| Error::template(format!("Version comparison failed: {}", why.message())))?;
    Ok(holds(order))
}

#[derive(PartialEq)]
enum Part {
    Number(BigInt),
    Word(String),
}

/// Runs of digits, runs of small letters, and whatever stands between; dots separate.
fn loose_parts(text: &str) -> Vec<Part> {
    let kind = |c: char| {
        if c.is_numeric() {
            0
        } else if c.is_ascii_lowercase() {
            1
        } else if c == '.' {
            2
        } else {
            3
        }
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let run = &rest[..end];
        rest = &rest[end..];
        if kind(first) != 2 {
            parts.push(run.parse().map_or_else(|_| Part::Word(run.into()), Part::Number));
        }
    }
    parts
}

fn loose_versions(a: &str, b: &str) -> Result<Ordering> {
    let (a, b) = (loose_parts(a), loose_parts(b));
    for (x, y) in a.iter().zip(&b) {
        let order = match (x, y) {
            (Part::Number(x), Part::Number(y)) => x.cmp(y),
            (Part::Word(x), Part::Word(y)) => x.cmp(y),
            (Part::Number(_), Part::Word(_)) => return Err(unordered("int", "str")),
            (Part::Word(_), Part::Number(_)) => return Err(unordered("str", "int")),
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(a.len().cmp(&b.len()))
}

fn unordered(a: &str, b: &str) -> Error {
    Error::template(format!("'<' not supported between instances of '{a}' and '{b}'"))
}

fn number(text: &str) -> BigInt {
    text.parse().unwrap_or_default()
}

type Strict = (Vec<BigInt>, Option<(String, BigInt)>);

fn strict_parts(text: &str) -> Result<Strict> {
    let regex = pyregex::compile(r"^(\d+)\.(\d+)(\.(\d+))?([ab](\d+))?$", Flags { ascii: true, ..Flags::default() })?;
    let invalid = || Error::template(format!("invalid version number '{text}'"));
    let found = regex.match_start(text)?.ok_or_else(invalid)?;
    let group = |at| found.group(text, at);
    let numbers = [group(1), group(2), group(4)].map(|part| number(part.unwrap_or("0"))).to_vec();
    let before = group(5).map(|tag| (tag[..1].to_string(), number(group(6).unwrap_or("0"))));
    Ok((numbers, before))
}

fn strict_versions(a: &str, b: &str) -> Result<Ordering> {
    let ((a, before_a), (b, before_b)) = (strict_parts(a)?, strict_parts(b)?);
    Ok(a.cmp(&b).then_with(|| match (before_a, before_b) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(a), Some(b)) => a.cmp(&b),
    }))
}

const SEMANTIC: &str = concat!(
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)",
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?",
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$",
);

fn semantic_parts(text: &str) -> Result<(Vec<BigInt>, Vec<String>)> {
    let regex = pyregex::compile(SEMANTIC, Flags { ascii: true, ..Flags::default() })?;
    let invalid = || Error::template(format!("invalid semantic version '{text}'"));
    let found = regex.match_start(text)?.ok_or_else(invalid)?;
    let numbers = (1..=3).map(|at| number(found.group(text, at).unwrap_or("0"))).collect();
    let before = found.group(text, 4).map(|tags| tags.split('.').map(String::from).collect());
    Ok((numbers, before.unwrap_or_default()))
}

fn semantic_versions(a: &str, b: &str) -> Result<Ordering> {
    let ((a, before_a), (b, before_b)) = (semantic_parts(a)?, semantic_parts(b)?);
    if a != b {
        return Ok(a.cmp(&b));
    }
    if before_a.is_empty() || before_b.is_empty() {
        // a version with a tag comes before the one without
        return Ok(before_b.len().min(1).cmp(&before_a.len().min(1)));
    }
    for (x, y) in before_a.iter().zip(&before_b) {
        let numeric = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
        let order = match (numeric(x), numeric(y)) {
            (true, true) => number(x).cmp(&number(y)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => x.cmp(y),
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(before_a.len().cmp(&before_b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::*;

    #[test]
    fn loose_versions_compare_by_parts() {
        for (a, b, order) in [
            ("1.2", "1.10", Less),
            ("1.0-RC1", "1.0", Greater),
            ("2.2beta29", "2.2beta3", Greater),
            ("1.0", "1.0.0", Less),
        ] {
            assert_eq!(loose_versions(a, b).unwrap(), order, "{a} {b}");
        }
        assert!(loose_versions("1.2", "1.a").is_err());
    }

    #[test]
    fn a_semantic_tag_comes_before_the_release() {
        for (a, b, order) in [
            ("1.2.3-rc.1", "1.2.3", Less),
            ("1.2.3-rc.2", "1.2.3-rc.10", Less),
            ("1.2.3-1", "1.2.3-a", Less),
            ("1.2.3+a", "1.2.3+b", Equal),
        ] {
            assert_eq!(semantic_versions(a, b).unwrap(), order, "{a} {b}");
        }
    }

    #[test]
    fn strict_versions_have_two_or_three_numbers() {
        assert_eq!(strict_versions("1.2", "1.2.0").unwrap(), Equal);
        assert_eq!(strict_versions("1.2a2", "1.2").unwrap(), Less);
        assert!(strict_versions("1", "1.0").is_err());
    }
}
