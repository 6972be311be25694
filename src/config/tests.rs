use super::{Config, Source};
use crate::value::Value;
use std::collections::HashMap;

fn config(environment: &[(&str, &str)], text: &str) -> crate::error::Result<(Config, tempfile::TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ansible.cfg");
    std::fs::write(&file, text).unwrap();
    let environment: HashMap<String, String> =
        environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Config::from(environment, Some(file)).map(|config| (config, dir))
}

#[test]
fn the_environment_goes_before_the_file_and_that_before_the_default() {
    let (config, _dir) = config(&[("ANSIBLE_FORKS", "7")], "[defaults]\nforks = 9\ntimeout = 30 ; seconds\n").unwrap();
    assert_eq!(config.int("DEFAULT_FORKS"), 7);
    assert_eq!(config.int("DEFAULT_TIMEOUT"), 30);
    assert_eq!(config.text("DEFAULT_TRANSPORT").as_deref(), Some("ssh"));
    assert_eq!(config.source("DEFAULT_FORKS"), Some(&Source::Environment("ANSIBLE_FORKS".into())));
    assert_eq!(config.source("DEFAULT_TRANSPORT"), Some(&Source::Default));
}

#[test]
fn paths_start_beside_the_file_that_names_them() {
    let (config, dir) = config(&[], "[defaults]\nroles_path = roles:/r\ninventory = a, b/c\n").unwrap();
    let here = dir.path().display();
    assert_eq!(config.list("DEFAULT_ROLES_PATH"), [format!("{here}/roles"), "/r".to_string()]);
    assert_eq!(config.list("DEFAULT_HOST_LIST"), [format!("{here}/a"), format!("{here}/b/c")]);
}

#[test]
fn defaults_lie_below_the_home() {
    let (config, _dir) = config(&[("ANSIBLE_HOME", "/h")], "").unwrap();
    assert_eq!(config.list("DEFAULT_ROLES_PATH")[0], "/h/roles");
}

#[test]
fn plugins_read_their_own_sections() {
    let (config, _dir) =
        config(&[], "[defaults]\nhost_key_checking = no\n[ssh_connection]\nssh_args = \"-o A=b\"\n").unwrap();
    assert_eq!(config.plugin("connection", "ssh", "ssh_args").unwrap(), Value::str("-o A=b"));
    assert_eq!(config.plugin("connection", "ssh", "host_key_checking").unwrap(), Value::Bool(false));
}

#[test]
fn wrong_values_name_the_setting_and_where_it_stands() {
    let message = |outcome: crate::error::Result<_>| match outcome {
        Ok((_, _)) => panic!("must not be accepted"),
        Err(error) => error.one_line(),
    };
    let said = message(config(&[("ANSIBLE_FORKS", "many")], ""));
    let expected = "Config 'DEFAULT_FORKS' from 'env: ANSIBLE_FORKS' has an invalid value: Invalid value provided for 'int': 'many'";
    assert_eq!(said, expected);
    let said = message(config(&[], "[defaults]\ngathering = never\n"));
    assert_eq!(said, "Invalid value 'never' for config 'DEFAULT_GATHERING'.");
}

#[test]
fn an_empty_variable_means_the_default() {
    let (config, _dir) = config(&[("ANSIBLE_FORKS", "")], "").unwrap();
    assert_eq!(config.int("DEFAULT_FORKS"), 5);
}
