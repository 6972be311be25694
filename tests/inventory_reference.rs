//! Inventories mean what `ansible-inventory` says they mean. Runs where that is installed; elsewhere it has nothing to ask.

use heliostat::inventory::{Inventory, Listing, Settings};
use heliostat::value::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const INI: &str = r#"
solo ansible_host=10.0.0.1 x=1 y='a b' z="c d" w=[1,2] v="{'a': 1}" u=0644 t=1.5 s=True r=None qq=yes p=1,2
web[01:03].example.com:2222 h=1 # comment
[2001:db8::1]:22
10.0.0.[1:3]
[web]
web01.example.com a=2
w[a:c:2]
[web:vars]
http_port=8080 # all
lst=['a', 'b']
tmpl={{ http_port }}
ansible_group_priority=10
[prod:children]
web
later
[later]
l2:33
[all:vars]
bool=FALSE
empty=
long=123456789012345678901234567890
oct=0o17
bad=08
esc='a\nb\x41'
"#;

const YAML: &str = r#"
all:
  hosts:
    h1:
    "h[3:5]:22": {b: [1, 2]}
  vars:
    v: "{{ x }}"
    s: !unsafe "{{ y }}"
    date: 2020-01-02
  children:
    g1:
      hosts:
        h1: {c: 3}
      children:
        g2:
          hosts: {h6: }
    g3:
      children: {g2: }
"#;

const TOML: &str = r#"
[all.vars]
x = 1
[web]
children = ["apache"]
vars = { a = "{{ b }}" }
[web.hosts]
h2 = { ansible_port = 222, l = [1, 2] }
[apache.hosts]
"t[1:2]" = { m = true }
"#;

const SCRIPT: &str = r#"#!/bin/sh
echo '{"web": {"hosts": ["h1"], "vars": {"a": "{{ b }}", "u": {"__ansible_unsafe": "z"}}, "children": ["db"]},
       "db": {"hosts": ["d1"]}, "flat": ["f1"], "_meta": {"hostvars": {"h1": {"v": "{{ w }}"}}}}'
"#;

const GENERATOR: &str = r#"
plugin: generator
hosts:
  name: "{{ site }}-{{ role }}"
  parents:
    - name: "{{ site }}"
      vars: {where: "{{ site }}"}
      parents:
        - name: sites
    - name: "{{ role }}"
layers:
  site: [north, south]
  role: [web, db]
"#;

const CONSTRUCTED: &str = r#"
plugin: constructed
compose:
  total: b | default([0]) | sum
  missing: nope.x
groups:
  has_c: c is defined
  first: inventory_hostname.endswith('1')
keyed_groups:
  - {key: c, prefix: c}
  - {key: b, prefix: b, separator: "-", parent_group: lists}
  - {key: nope, prefix: x}
"#;

fn reference(source: &str, export: bool) -> Value {
    let mut command = Command::new("ansible-inventory");
    command.args(["-i", source, "--list"]).env("ANSIBLE_DEPRECATION_WARNINGS", "0");
    if export {
        command.arg("--export");
    }
    let output = command.output().expect("ansible-inventory runs");
    json::parse(&String::from_utf8_lossy(&output.stdout)).expect("ansible-inventory prints JSON")
}

fn ours(source: &str, export: bool) -> Value {
    let mut inventory = Inventory::new(Settings::default());
    inventory.read_sources(&[source.to_string()]).expect("the source is read");
    let listing = inventory.script_listing(&Listing { export, dirs: Vec::new() }).expect("the inventory is listed");
    json::parse(&json::to_string(&listing, &json::Style::PYTHON)).expect("we print JSON")
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a file has a directory")).expect("the directory is made");
    std::fs::write(&path, text).expect("the file is written");
    if text.starts_with("#!") {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("the mode is set");
    }
}

#[test]
fn sources_list_as_the_reference_lists_them() {
    if Command::new("ansible-inventory").arg("--version").output().is_err() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory is made");
    let files = [
        ("plain", INI),
        ("hosts.yml", YAML),
        ("hosts.toml", TOML),
        ("script", SCRIPT),
        ("generator.yml", GENERATOR),
        ("made/10.yml", YAML),
        ("made/20.yml", CONSTRUCTED),
        ("dir/10-ini", INI),
        ("dir/20.yml", YAML),
        ("dir/group_vars/all.yml", "gv: 1\n"),
        ("dir/group_vars/web/a.yml", "gv: 2\n"),
        ("dir/group_vars/web/b.json", "{\"gj\": 3}"),
        ("dir/group_vars/web/.hidden.yml", "no: 1\n"),
        ("dir/host_vars/h1", "hv: 9\n"),
    ];
    for (name, text) in files {
        write(dir.path(), name, text);
    }
    for source in
        ["plain", "hosts.yml", "hosts.toml", "script", "generator.yml", "made", "dir", "h1,h2:22,web[1:2],::1"]
    {
        let source = if source.contains(',') { source.into() } else { dir.path().join(source).display().to_string() };
        for export in [false, true] {
            assert_eq!(ours(&source, export), reference(&source, export), "{source} export={export}");
        }
    }
}
