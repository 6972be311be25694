use super::adopt;
use crate::cli::arguments::{Parsed, commands, parse};
use crate::config::Config;
use std::collections::HashMap;
use std::path::Path;

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn site() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "site.yml",
        "- import_playbook: other.yml\n- hosts: all\n  roles: [db]\n  tasks:\n  - debug: msg={{ shown }}\n    when: not skip_ha_checks | bool\n",
    );
    write(dir.path(), "other.yml", "- hosts: all\n  tasks:\n  - include_tasks: more.yml\n");
    write(
        dir.path(),
        "more.yml",
        "- assert: {that: ha_check == 'True'}\n- name: no variable here\n  command: prose alone\n",
    );
    write(dir.path(), "roles/db/defaults/main.yml", "port: 1\n");
    write(dir.path(), "roles/db/templates/a.j2", "{% for x in members %}{{ x.address }}{% endfor %}\n");
    dir
}

fn adopted(dir: &Path, arguments: &[&str]) -> (Parsed, super::Found) {
    let command = commands::playbook(&Config::from(HashMap::new(), None).unwrap());
    let site = dir.join("site.yml").display().to_string();
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| if *argument == "SITE" { site.clone() } else { argument.to_string() })
        .collect();
    let mut parsed = parse(&command, &arguments).unwrap();
    let found = adopt(&command, &mut parsed);
    (parsed, found)
}

#[test]
fn a_used_variable_is_taken_with_a_warning() {
    let site = site();
    let (parsed, found) =
        adopted(site.path(), &["-e", "a=1", "--ha_check=True", "-e", "b=2", "--skip_ha_checks=True", "SITE"]);
    assert_eq!(parsed.values("extra_vars"), ["a=1", "ha_check=True", "b=2", "skip_ha_checks=True"]);
    assert!(parsed.unknown.is_empty());
    assert_eq!(found.warnings.len(), 2);
    assert!(found.warnings[0].to_string().contains("-e ha_check=True"), "{}", found.warnings[0]);
}

#[test]
fn imports_includes_roles_and_templates_are_followed() {
    let site = site();
    for name in ["shown", "port", "members"] {
        let (parsed, _) = adopted(site.path(), &[&format!("--{name}=x"), "SITE"]);
        assert_eq!(parsed.values("extra_vars"), [format!("{name}=x")]);
    }
}

#[test]
fn a_value_may_stand_apart() {
    let site = site();
    let (parsed, _) = adopted(site.path(), &["--ha_check", "True", "SITE"]);
    assert_eq!(parsed.values("extra_vars"), ["ha_check=True"]);
    assert_eq!(parsed.positional.len(), 1);
}

#[test]
fn values_that_need_quotes_keep_their_text() {
    let site = site();
    let (parsed, _) = adopted(site.path(), &["--ha_check=a 'b' {{ c }}", "SITE"]);
    assert_eq!(parsed.values("extra_vars"), [r#"{"ha_check": "a 'b' {{ c }}"}"#]);
}

#[test]
fn names_that_nobody_uses_stay_errors_with_a_hint() {
    let site = site();
    for (argument, hint) in [
        ("--ha_chek=True", "Did you mean the variable 'ha_check'? It is set with -e ha_check=VALUE"),
        ("--forkz=3", "Did you mean --forks?"),
        ("--prose=1", "--prose is no option, and no playbook given uses a variable 'prose'."),
        ("--address=1", "--address is no option, and no playbook given uses a variable 'address'."),
    ] {
        let (parsed, found) = adopted(site.path(), &[argument, "SITE"]);
        assert_eq!(found.hints, [hint]);
        assert_eq!(parsed.unknown.len(), 1);
        assert!(parsed.values("extra_vars").is_empty());
    }
}
