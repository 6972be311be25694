use super::{Action, Command, commands, help, parse, usage};
use crate::config::Config;
use std::collections::HashMap;

fn command() -> Command {
    commands::playbook(&Config::from(HashMap::new(), None).unwrap())
}

fn parsed(arguments: &[&str]) -> Result<super::Parsed, String> {
    parse(&command(), &arguments.iter().map(|argument| argument.to_string()).collect::<Vec<_>>())
}

#[test]
fn short_options_may_be_grouped_and_carry_their_value() {
    let parsed = parsed(&["-vvvv", "-Cf5", "-ea=b", "-e=c=d", "-u", "root", "x.yml"]).unwrap();
    assert_eq!(parsed.count("verbosity"), 4);
    assert!(parsed.flag("check"));
    assert_eq!(parsed.int("forks"), Some(5));
    assert_eq!(parsed.values("extra_vars"), ["a=b", "c=d"]);
    assert_eq!(parsed.value("remote_user"), Some("root"));
    assert_eq!(parsed.positional, ["x.yml"]);
}

#[test]
fn long_options_may_be_abbreviated() {
    assert_eq!(parsed(&["--lim=a:b", "x.yml"]).unwrap().value("subset"), Some("a:b"));
    let expected = "ambiguous option: --lis could match --list-hosts, --list-tasks, --list-tags";
    assert_eq!(parsed(&["--lis"]).unwrap_err(), expected);
}

#[test]
fn options_and_playbooks_may_be_mixed() {
    assert_eq!(parsed(&["a.yml", "-v", "b.yml", "--", "-c.yml"]).unwrap().positional, ["a.yml", "b.yml", "-c.yml"]);
}

#[test]
fn mistakes_are_worded_as_argparse_does() {
    let error = |arguments: &[&str]| parsed(arguments).unwrap_err();
    assert_eq!(error(&["-f"]), "argument -f/--forks: expected one argument");
    assert_eq!(error(&["-f", "x"]), "argument -f/--forks: invalid int value: 'x'");
    assert_eq!(error(&["--check=3"]), "argument -C/--check: ignored explicit argument '3'");
    assert_eq!(error(&["-CDvvx"]), "argument -v/--verbose: ignored explicit argument 'x'");
    let expected = "argument --connection-password-file/--conn-pass-file: not allowed with argument -k/--ask-pass";
    assert_eq!(error(&["-k", "--conn-pass-file", "f"]), expected);
}

#[test]
fn unknown_options_are_kept_with_their_place() {
    let parsed = parsed(&["-e", "a=b", "--ha_check=True", "--skip", "yes", "x.yml", "-Z"]);
    // --skip abbreviates --skip-tags
    let parsed = parsed.unwrap();
    assert_eq!(parsed.values("skip_tags"), ["yes"]);
    let unknown: Vec<_> = parsed.unknown.iter().map(|u| (u.text.as_str(), u.extras_before, u.followed)).collect();
    assert_eq!(unknown, [("--ha_check=True", 1, false), ("-Z", 1, false)]);
}

#[test]
fn negative_numbers_are_values() {
    assert_eq!(parsed(&["-f", "-1"]).unwrap().int("forks"), Some(-1));
}

#[test]
fn help_and_version_win() {
    assert_eq!(parsed(&["--version", "--nope", "-h"]).unwrap().asked, Some(Action::Version));
}

#[test]
fn the_usage_line_is_argparses() {
    let expected = "\
usage: ansible-playbook [-h] [--version] [-v] [--private-key PRIVATE_KEY_FILE]
                        [-u REMOTE_USER] [-c CONNECTION] [-T TIMEOUT]
                        [--ssh-common-args SSH_COMMON_ARGS]
                        [--sftp-extra-args SFTP_EXTRA_ARGS]
                        [--scp-extra-args SCP_EXTRA_ARGS]
                        [--ssh-extra-args SSH_EXTRA_ARGS]
                        [-k | --connection-password-file CONNECTION_PASSWORD_FILE]
                        [--force-handlers] [-b]
                        [--become-method BECOME_METHOD]
                        [--become-user BECOME_USER]
                        [-K | --become-password-file BECOME_PASSWORD_FILE]
                        [-t TAGS] [--skip-tags SKIP_TAGS] [-C] [-D]
                        [-i INVENTORY] [--list-hosts] [-l SUBSET]
                        [--flush-cache] [-e EXTRA_VARS] [--vault-id VAULT_IDS]
                        [-J | --vault-password-file VAULT_PASSWORD_FILES]
                        [-f FORKS] [-M MODULE_PATH] [--syntax-check]
                        [--list-tasks] [--list-tags] [--step]
                        [--start-at-task START_AT_TASK]
                        playbook [playbook ...]
";
    assert_eq!(usage(&command(), 78), expected);
}

#[test]
fn help_sorts_options_below_their_headings() {
    let page = help(&command(), 78);
    let part = "  --force-handlers      run handlers even if a task fails\n  --list-hosts          outputs a list of matching hosts; does not execute\n                        anything else\n";
    assert!(page.contains(part), "{page}");
    let part = "Connection Options:\n  control as whom and how to connect to hosts\n\n  --private-key PRIVATE_KEY_FILE, --key-file PRIVATE_KEY_FILE\n                        use this file to authenticate the connection\n";
    assert!(page.contains(part), "{page}");
}
