use super::*;
use crate::error::Warning;
use crate::value::{Dict, Value};
use std::sync::Arc;

/// An inventory of files in a directory of their own.
fn inventory(files: &[(&str, &str)], sources: &[&str]) -> (tempfile::TempDir, Inventory) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let path = |source: &&str| dir.path().join(source).display().to_string();
    let mut inventory = Inventory::new(Settings::default());
    inventory.read_sources(&sources.iter().map(path).collect::<Vec<_>>()).unwrap();
    (dir, inventory)
}

fn names(hosts: Vec<Arc<str>>) -> Vec<String> {
    hosts.iter().map(|host| host.to_string()).collect()
}

fn variable(inventory: &Inventory, host: &str, name: &str) -> String {
    inventory.combined_variables(host).unwrap().get(name).map_or("-".into(), Value::repr)
}

const WEB_AND_DB: &str =
    "[web]\nw[1:3] x=1\n[db]\nd1\n[prod:children]\nweb\ndb\n[web:vars]\nv=web\n[all:vars]\nv=all\n";

#[test]
fn patterns_combine_in_ansibles_order() {
    let (_dir, inventory) = inventory(&[("hosts", WEB_AND_DB)], &["hosts"]);
    let select = |pattern: &str| names(inventory.select(&[pattern]).unwrap());
    assert_eq!(select("!w2:prod"), ["w1", "w3", "d1"]);
    assert_eq!(select("prod:&web:!w1"), ["w2", "w3"]);
    assert_eq!(select("web[0]"), ["w1"]);
    assert_eq!(select("web[1:]"), ["w2", "w3"]);
    assert_eq!(select("web[-1]"), ["w3"]);
    assert_eq!(select("~w[12]"), ["w1", "w2"]);
    assert_eq!(select("localhost"), ["localhost"]);
    assert_eq!(select("all"), ["w1", "w2", "w3", "d1"]);
    assert!(inventory.select(&["web[7]"]).is_err());
}

#[test]
fn a_pattern_without_a_match_is_a_warning_once() {
    let (_dir, inventory) = inventory(&[("hosts", WEB_AND_DB)], &["hosts"]);
    assert!(inventory.select(&["nope"]).unwrap().is_empty());
    assert!(inventory.select(&["nope"]).unwrap().is_empty());
    let warnings: Vec<String> = inventory.warnings().take().iter().map(Warning::to_string).collect();
    assert_eq!(warnings, ["Could not match supplied host pattern, ignoring: nope"]);
}

#[test]
fn a_limit_narrows_every_selection() {
    let (dir, mut inventory) = inventory(&[("hosts", WEB_AND_DB), ("retry", "w2\nd1\n")], &["hosts"]);
    inventory.set_limit(Some(&format!("@{}", dir.path().join("retry").display()))).unwrap();
    assert_eq!(names(inventory.select(&["web"]).unwrap()), ["w2"]);
    assert_eq!(names(inventory.select_unlimited(&["web"]).unwrap()), ["w1", "w2", "w3"]);
    let error = inventory.targets(Some("d1"), "web").unwrap_err();
    assert!(error.message().contains("leaves us with no hosts to target"));
}

#[test]
fn deeper_groups_and_hosts_win() {
    let files = [
        ("hosts", WEB_AND_DB),
        ("group_vars/all.yml", "v: all-file\nf: all\n"),
        ("group_vars/web/b.yml", "f: web\n"),
        ("group_vars/prod", "f: prod\n"),
        ("host_vars/w1.yaml", "f: w1\n"),
        ("play/group_vars/web.yml", "f: play\n"),
    ];
    let (dir, mut inventory) = inventory(&files, &["hosts"]);
    assert_eq!(variable(&inventory, "w1", "f"), "'w1'");
    assert_eq!(variable(&inventory, "w2", "f"), "'web'");
    assert_eq!(variable(&inventory, "d1", "f"), "'prod'");
    // group_vars/all beats what the source itself says of any group
    assert_eq!(variable(&inventory, "w2", "v"), "'all-file'");
    assert_eq!(variable(&inventory, "w2", "x"), "1");
    inventory.set_playbook_dirs(vec![dir.path().join("play")]);
    assert_eq!(variable(&inventory, "w2", "f"), "'play'");
    assert_eq!(variable(&inventory, "localhost", "f"), "'all'");
}

#[test]
fn hosts_that_were_given_the_same_share_it() {
    let (_dir, inventory) = inventory(&[("hosts", "w[1:3] a=1 b=2\n")], &["hosts"]);
    let vars: Vec<_> = inventory.hosts().map(Host::vars).collect();
    assert!(Arc::ptr_eq(vars[0], vars[2]));
}

#[test]
fn values_of_host_lines_are_python_literals() {
    let line =
        "h a=1 b=yes c=0644 d=True e=\"[1, 'x']\" f='1' g=\"'1'\" h=1,2 i=x#y\n[g]\nh\n[g:vars]\nj = 8080 # port\n";
    let (_dir, inventory) = inventory(&[("hosts", line)], &["hosts"]);
    let expected = [
        ("a", "1"),
        ("b", "'yes'"),
        ("c", "'0644'"),
        ("d", "True"),
        ("e", "[1, 'x']"),
        ("f", "1"),
        ("g", "'1'"),
        ("h", "[1, 2]"),
        ("i", "'x'"),
        ("j", "8080"),
    ];
    for (name, value) in expected {
        assert_eq!(variable(&inventory, "h", name), value, "{name}");
    }
}

#[test]
fn texts_of_inventories_are_templates_with_a_place() {
    let (_dir, inventory) = inventory(&[("hosts", "\nh a={{b}}\n")], &["hosts"]);
    let variables = inventory.combined_variables("h").unwrap();
    let Some(Value::Str(text)) = variables.get("a") else { panic!() };
    assert!(text.is_template());
    assert_eq!(text.origin().unwrap().line, 2);
}

#[test]
fn every_parser_that_fails_is_named() {
    let (_dir, inventory) = inventory(&[("hosts", "h1\nh2 nonsense\n")], &["hosts"]);
    let warnings: Vec<String> = inventory.warnings().take().iter().map(Warning::to_string).collect();
    assert!(
        warnings[0].starts_with("Failed to parse inventory with 'yaml' plugin: YAML inventory has invalid structure")
    );
    assert!(warnings[1].starts_with(
        "Failed to parse inventory with 'ini' plugin: Failed to parse inventory: \
         Expected key=value host variable assignment, got: nonsense"
    ));
    assert!(warnings[1].ends_with("hosts:2"));
    assert!(warnings[2].ends_with("as an inventory source"));
    assert_eq!(warnings[3], "No inventory was parsed, only implicit localhost is available");
}

#[test]
fn groups_cannot_contain_themselves() {
    let (_dir, inventory) = inventory(&[("hosts", "[a:children]\nb\n[b:children]\na\n")], &["hosts"]);
    let warnings: Vec<String> = inventory.warnings().take().iter().map(Warning::to_string).collect();
    assert!(
        warnings[1].contains("Adding group 'a' as child to 'b' creates a recursive dependency loop."),
        "{warnings:?}"
    );
}

#[test]
fn hosts_come_and_go_while_a_run_goes_on() {
    let (dir, mut inventory) = inventory(&[("hosts", "[web]\nw1\n")], &["hosts"]);
    let new = NewHost {
        name: "n1".into(),
        groups: vec!["web".into(), "fresh".into()],
        vars: Dict::from_iter([("k", Value::Int(1))]),
    };
    assert!(inventory.add_dynamic_host(new.clone()).unwrap());
    assert!(!inventory.add_dynamic_host(new).unwrap());
    assert!(inventory.add_dynamic_group("w1", "os_debian", &["linux".into()]).unwrap());
    assert_eq!(names(inventory.select(&["linux:fresh"]).unwrap()), ["w1", "n1"]);
    assert_eq!(inventory.group_names("n1").repr(), "['fresh', 'web']");
    std::fs::write(dir.path().join("hosts"), "[web]\nw1\nw2\n").unwrap();
    inventory.refresh().unwrap();
    // added hosts are in `all` itself, and so before those of the groups below it
    assert_eq!(names(inventory.select(&["all"]).unwrap()), ["n1", "w1", "w2"]);
    assert_eq!(names(inventory.select(&["linux"]).unwrap()), ["w1"]);
}

#[test]
fn the_implicit_localhost_is_not_in_all() {
    let mut inventory = Inventory::new(Settings::default());
    inventory.read_sources(&["a,b,".into()]).unwrap();
    assert_eq!(names(inventory.select(&["all"]).unwrap()), ["a", "b"]);
    assert!(inventory.host("localhost").unwrap().is_implicit());
    assert_eq!(variable(&inventory, "localhost", "ansible_connection"), "'local'");
}

#[test]
fn a_mistake_in_group_vars_is_reported_with_its_place() {
    let files = [("hosts", "h\n"), ("group_vars/all.yml", "a: b: c\n")];
    let (_dir, inventory) = inventory(&files, &["hosts"]);
    let error = inventory.check_variables(["h"]).unwrap_err();
    assert_eq!(error.origin().map(|origin| origin.line), Some(1));
}

#[test]
fn templates_construct_variables_and_groups() {
    let files = [
        ("a.yml", "all: {hosts: {w1: {os: Debian 12, n: 1}, w2: {os: RHEL}}}\n"),
        (
            "b.yml",
            "plugin: constructed\ncompose: {m: n + 1}\ngroups: {one: n is defined}\n\
             keyed_groups: [{key: os, prefix: os, parent_group: systems}]\n",
        ),
    ];
    let (_dir, inventory) = inventory(&files, &["a.yml", "b.yml"]);
    assert_eq!(variable(&inventory, "w1", "m"), "2");
    assert_eq!(variable(&inventory, "w2", "m"), "-");
    assert_eq!(names(inventory.select(&["one"]).unwrap()), ["w1"]);
    assert_eq!(names(inventory.select(&["systems"]).unwrap()), ["w1", "w2"]);
    assert_eq!(inventory.group_names("w1").repr(), "['one', 'os_Debian_12', 'systems']");
}
