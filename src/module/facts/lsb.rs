//! `lsb`: what the distribution says of itself by the Linux Standard Base.

use super::gather::{Gather, content};
use super::small::one;
use crate::value::Dict;

const QUOTES: &[char] = &['\'', '"', '\\'];

/// Collects it.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let mut facts = read(gather);
    if let Some(release) = facts.get("release").and_then(|value| value.as_str()) {
        let major = release.split('.').next().unwrap_or_default().to_string();
        facts.insert("major_release", major);
    }
    let strip = |(key, value): (crate::value::Value, crate::value::Value)| {
        let text = value.to_text().trim_matches(QUOTES).to_string();
        (key, text.into())
    };
    one("lsb", facts.into_iter().map(strip).collect::<Dict>())
}

/// Reads it: from `/etc/lsb-release` where that is complete, for `lsb_release` is a slow program that reads the same;
/// else from the program; else what the file has.
pub fn read(gather: &mut Gather<'_>) -> Dict {
    let file = from_file(&content("/etc/lsb-release").unwrap_or_default());
    if ["id", "release", "description", "codename"].iter().all(|key| file.contains(key)) {
        return file;
    }
    match gather.output(&["lsb_release", "-a"]).map(|out| from_program(&out)) {
        Some(told) if !told.is_empty() => told,
        _ => file,
    }
}

fn from_file(content: &str) -> Dict {
    let names = [
        ("DISTRIB_ID", "id"),
        ("DISTRIB_RELEASE", "release"),
        ("DISTRIB_DESCRIPTION", "description"),
        ("DISTRIB_CODENAME", "codename"),
    ];
    let mut facts = Dict::new();
    for (key, value) in content.lines().filter_map(|line| line.split_once('=')) {
        if let Some((_, name)) = names.iter().find(|(known, _)| key.trim() == *known) {
            facts.insert(*name, value.trim().trim_matches(QUOTES));
        }
    }
    facts
}

fn from_program(out: &str) -> Dict {
    let names = [
        ("LSB Version", "release"),
        ("Distributor ID", "id"),
        ("Description", "description"),
        ("Release", "release"),
        ("Codename", "codename"),
    ];
    let mut facts = Dict::new();
    for (key, value) in out.lines().filter_map(|line| line.split_once(':')) {
        if let Some((_, name)) = names.iter().find(|(known, _)| key.trim() == *known) {
            facts.insert(*name, value.trim());
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_and_program_tell_the_same() {
        let file = "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04.4 LTS\"\n";
        let program = "LSB Version:\tcore-11.1\nDistributor ID:\tUbuntu\nDescription:\tUbuntu 22.04.4 LTS\nRelease:\t22.04\nCodename:\tjammy\n";
        let (mut file, mut program) = (from_file(file), from_program(program));
        file.sort_keys();
        program.sort_keys();
        assert_eq!(file, program);
    }
}
