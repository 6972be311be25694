//! `setup`: gathers facts. Also what `gather_facts` runs.

use super::facts::gather::Gather;
use super::facts::{COLLECTORS, Collector};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec};
use crate::value::fnmatch::fnmatch;
use crate::value::{Dict, Value};
use std::collections::BTreeSet;
use std::time::Duration;

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("gather_subset", Kind::List(&Kind::Str)).default("all"),
        Arg::new("gather_timeout", Kind::Int).default("10"),
        Arg::new("filter", Kind::List(&Kind::Str)).default(""),
        Arg::new("fact_path", Kind::Path).default("/etc/ansible/facts.d"),
        Arg::new("_python_interpreter", Kind::Str).hidden(),
    ],
    ..Spec::new("setup")
};

/// What is always gathered, unless `!min` says otherwise.
const MINIMAL: [&str; 17] = [
    "apparmor",
    "caps",
    "cmdline",
    "date_time",
    "distribution",
    "dns",
    "env",
    "fips",
    "local",
    "lsb",
    "pkg_mgr",
    "platform",
    "python",
    "selinux",
    "service_mgr",
    "ssh_pub_keys",
    "user",
];

/// Gathers.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let mut subsets = params.strs("gather_subset");
    if subsets.is_empty() {
        subsets.push("all");
    }
    let chosen = choose(&subsets)?;
    let filters: Vec<&str> = params.strs("filter");
    let seconds = params.int("gather_timeout").filter(|seconds| *seconds > 0).unwrap_or(10);
    let mut gather = Gather {
        timeout: Duration::from_secs(seconds.unsigned_abs()),
        fact_path: params.str("fact_path").map(String::from),
        interpreter: params.str("_python_interpreter").map(String::from),
        python: None,
        known: Dict::new(),
        run,
    };
    let mut facts = Dict::new();
    for collector in chosen {
        if gather.run.lifeline.is_cut() {
            return Err(Failure::new("Gathering facts was interrupted."));
        }
        let collected = (collector.collect)(&mut gather);
        for (key, value) in &collected {
            keep(&mut facts, &format!("{}{}", collector.prefix, key.to_text()), value, &filters);
        }
        gather.known.extend(collected);
    }
    keep(&mut facts, "gather_subset", &Value::list(subsets.iter().map(|name| Value::str(*name))), &filters);
    keep(&mut facts, "module_setup", &Value::Bool(true), &filters);
    Ok(Outcome::new(false).with("ansible_facts", facts))
}

/// Adds a fact if one of the filters wants it, with or without `ansible_`.
fn keep(facts: &mut Dict, name: &str, value: &Value, filters: &[&str]) {
    let known = |filter: &str| ["ansible_", "facter", "ohai"].iter().any(|prefix| filter.starts_with(prefix));
    let wants = |filter: &&str| {
        filter.is_empty() || fnmatch(name, filter) || (!known(filter) && fnmatch(name, &format!("ansible_{filter}")))
    };
    if filters.is_empty() || filters.iter().any(wants) {
        facts.insert(name, value.clone());
    }
}

/// The collectors that the words of `gather_subset` call for, and those they need, in their order.
///
/// The minimal set comes first, then what is named; `!` takes away, but nothing that is named itself.
fn choose(subsets: &[&str]) -> Result<Vec<&'static Collector>, Failure> {
    let valid: BTreeSet<&str> =
        COLLECTORS.iter().flat_map(|collector| collector.facts.iter().copied().chain([collector.name])).collect();
    let mut wanted: BTreeSet<&str> = MINIMAL.into();
    let (mut unwanted, mut named) = (BTreeSet::new(), BTreeSet::new());
    for subset in subsets {
        match (*subset, subset.strip_prefix('!')) {
            ("min", _) => wanted.extend(MINIMAL),
            ("all", _) => wanted.extend(&valid),
            (_, Some("min")) => unwanted.extend(MINIMAL),
            (_, Some("all")) => unwanted.extend(valid.iter().copied().filter(|name| !MINIMAL.contains(name))),
            (_, Some(name)) => {
                let collector = COLLECTORS.iter().find(|collector| collector.name == name);
                unwanted.extend(collector.iter().flat_map(|collector| collector.facts));
                unwanted.insert(name);
            }
            (name, None) => {
                let known = valid.get(name).ok_or_else(|| unknown(name, &valid))?;
                wanted.insert(known);
                named.insert(*known);
            }
        }
    }
    wanted.retain(|name| !unwanted.contains(name) || named.contains(name));
    let calls = |collector: &Collector, wanted: &BTreeSet<&str>| {
        wanted.contains(collector.name) || collector.facts.iter().any(|fact| wanted.contains(fact))
    };
    let needs: Vec<&str> = COLLECTORS
        .iter()
        .filter(|collector| calls(collector, &wanted))
        .flat_map(|collector| collector.needs)
        .copied()
        .collect();
    wanted.extend(needs);
    Ok(COLLECTORS.iter().filter(|collector| calls(collector, &wanted)).collect())
}

fn unknown(name: &str, valid: &BTreeSet<&str>) -> Failure {
    let valid: Vec<&str> = valid.iter().copied().collect();
    Failure::new(format!(
        "Bad subset '{name}' given to Ansible. gather_subset options allowed: all, {}",
        valid.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(subsets: &[&str]) -> Vec<&'static str> {
        choose(subsets).unwrap().iter().map(|collector| collector.name).collect()
    }

    #[test]
    fn subsets_add_and_take_away() {
        assert_eq!(chosen(&["all"]).len(), COLLECTORS.len());
        assert_eq!(chosen(&["!all"]).len(), MINIMAL.len());
        assert!(chosen(&["!all", "!min"]).is_empty());
        assert_eq!(chosen(&["!all", "!min", "service_mgr"]), ["platform", "distribution", "service_mgr"]);
        assert_eq!(chosen(&["!all", "!min", "mounts", "!hardware"]), ["platform", "hardware"]);
        assert!(!chosen(&["all", "!hardware"]).contains(&"hardware"));
        assert!(chosen(&["network"]).contains(&"dns"));
    }

    #[test]
    fn an_unknown_subset_is_told_with_those_there_are() {
        let message = choose(&["nope"]).unwrap_err().message;
        assert!(message.starts_with(
            "Bad subset 'nope' given to Ansible. gather_subset options allowed: all, all_ipv4_addresses, "
        ));
    }

    #[test]
    fn filters_choose_facts() {
        let mut facts = Dict::new();
        for name in ["ansible_os_family", "ansible_date_time", "facter_os", "gather_subset"] {
            keep(&mut facts, name, &Value::Bool(true), &["os_*", "facter*"]);
        }
        assert_eq!(facts.keys().map(|key| key.to_text()).collect::<Vec<_>>(), ["ansible_os_family", "facter_os"]);
    }

    #[test]
    fn everything_is_gathered_from_this_host() {
        let mut run = Run::default();
        let params = Params([("gather_subset", Value::list([Value::str("all")]))].into_iter().collect());
        let outcome = super::run(&mut run, &params).unwrap();
        let facts = outcome.result.get("ansible_facts").unwrap();
        for name in ["kernel", "distribution", "memtotal_mb", "processor", "default_ipv4", "mounts", "env", "date_time"]
        {
            assert!(facts.get(&format!("ansible_{name}")).is_some_and(Value::truthy), "{name}");
        }
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(facts.get("ansible_nodename"), Some(&hostname.trim().into()));
        assert!(run.warnings.is_empty(), "{:?}", run.warnings);
    }
}
