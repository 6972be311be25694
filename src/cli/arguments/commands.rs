//! The options of each command. Defaults come from the configuration.

use super::{Action, Command, Group, Opt, Positional};
use crate::config::Config;

/// An option under a heading.
fn opt(
    flags: &'static [&'static str],
    dest: &'static str,
    action: Action,
    group: Group,
    help: impl Into<String>,
) -> Opt {
    let mut help = help.into();
    if matches!(action, Action::Append | Action::Count) {
        help = format!("{}. This argument may be specified multiple times.", help.trim_end_matches('.'));
    }
    Opt { flags, dest, action, help, group, exclusive: None }
}

fn plain(flags: &'static [&'static str], dest: &'static str, action: Action, help: impl Into<String>) -> Opt {
    opt(flags, dest, action, Group::Options, help)
}

fn exclusive(number: u8, options: [Opt; 2]) -> [Opt; 2] {
    options.map(|opt| Opt { exclusive: Some(number), ..opt })
}

/// A setting as help shows it.
fn shown(config: &Config, name: &str) -> String {
    config.text(name).unwrap_or_else(|| "None".into())
}

fn base() -> Vec<Opt> {
    vec![
        plain(&["-h", "--help"], "help", Action::Help, "show this help message and exit"),
        plain(
            &["--version"],
            "version",
            Action::Version,
            "show program's version number, config file location, configured module search path, module location, \
             executable location and exit",
        ),
        plain(
            &["-v", "--verbose"],
            "verbosity",
            Action::Count,
            "Show more of what happens: -v results, -vv also where tasks stand, -vvv also how hosts are reached, -vvvv \
             also what ssh says; up to -vvvvvv",
        ),
    ]
}

fn connection(config: &Config) -> Vec<Opt> {
    let opt = |flags, dest, action, help: &str| opt(flags, dest, action, Group::Connection, help);
    let user = format!("connect as this user (default={})", shown(config, "DEFAULT_REMOTE_USER"));
    let transport = format!("connection type to use (default={})", shown(config, "DEFAULT_TRANSPORT"));
    let mut options = vec![
        opt(
            &["--private-key", "--key-file"],
            "private_key_file",
            Action::Store,
            "use this file to authenticate the connection",
        ),
        opt(&["-u", "--user"], "remote_user", Action::Store, &user),
        opt(&["-c", "--connection"], "connection", Action::Store, &transport),
        opt(
            &["-T", "--timeout"],
            "timeout",
            Action::Int,
            "override the connection timeout in seconds (default depends on connection)",
        ),
        opt(
            &["--ssh-common-args"],
            "ssh_common_args",
            Action::Store,
            "specify common arguments to pass to sftp/scp/ssh (e.g. ProxyCommand)",
        ),
        opt(
            &["--sftp-extra-args"],
            "sftp_extra_args",
            Action::Store,
            "specify extra arguments to pass to sftp only (e.g. -f, -l)",
        ),
        opt(
            &["--scp-extra-args"],
            "scp_extra_args",
            Action::Store,
            "specify extra arguments to pass to scp only (e.g. -l)",
        ),
        opt(
            &["--ssh-extra-args"],
            "ssh_extra_args",
            Action::Store,
            "specify extra arguments to pass to ssh only (e.g. -R)",
        ),
    ];
    options.extend(exclusive(
        1,
        [
            plain(&["-k", "--ask-pass"], "ask_pass", Action::Flag, "ask for connection password"),
            plain(
                &["--connection-password-file", "--conn-pass-file"],
                "connection_password_file",
                Action::Store,
                "Connection password file",
            ),
        ],
    ));
    options
}

fn privilege(config: &Config) -> Vec<Opt> {
    let opt = |flags, dest, action, help: &str| opt(flags, dest, action, Group::Privilege, help);
    let method = format!(
        "privilege escalation method to use (default={}), use `ansible-doc -t become -l` to list valid choices.",
        shown(config, "DEFAULT_BECOME_METHOD")
    );
    let user = format!("run operations as this user (default={})", shown(config, "DEFAULT_BECOME_USER"));
    let mut options = vec![
        opt(
            &["-b", "--become"],
            "become",
            Action::Flag,
            "run operations with become (does not imply password prompting)",
        ),
        opt(&["--become-method"], "become_method", Action::Store, &method),
        opt(&["--become-user"], "become_user", Action::Store, &user),
    ];
    options.extend(exclusive(
        2,
        [
            plain(
                &["-K", "--ask-become-pass"],
                "become_ask_pass",
                Action::Flag,
                "ask for privilege escalation password",
            ),
            plain(
                &["--become-password-file", "--become-pass-file"],
                "become_password_file",
                Action::Store,
                "Become password file",
            ),
        ],
    ));
    options
}

fn tags() -> Vec<Opt> {
    vec![
        plain(&["-t", "--tags"], "tags", Action::Append, "only run plays and tasks tagged with these values"),
        plain(
            &["--skip-tags"],
            "skip_tags",
            Action::Append,
            "only run plays and tasks whose tags do not match these values",
        ),
    ]
}

fn check() -> Vec<Opt> {
    vec![
        plain(
            &["-C", "--check"],
            "check",
            Action::Flag,
            "change nothing; say what would change, as far as it can be known",
        ),
        plain(
            &["-D", "--diff"],
            "diff",
            Action::Flag,
            "show the differences in (small) files and templates that change; works well with --check",
        ),
    ]
}

fn inventory_source() -> Opt {
    plain(
        &["-i", "--inventory", "--inventory-file"],
        "inventory",
        Action::Append,
        "specify inventory host path or comma separated host list",
    )
}

fn limit() -> Vec<Opt> {
    vec![
        plain(&["-l", "--limit"], "subset", Action::Store, "further limit selected hosts to an additional pattern"),
        plain(&["--flush-cache"], "flush_cache", Action::Flag, "clear the fact cache for every host in inventory"),
    ]
}

fn inventory() -> Vec<Opt> {
    let list = plain(
        &["--list-hosts"],
        "listhosts",
        Action::Flag,
        "outputs a list of matching hosts; does not execute anything else",
    );
    [vec![inventory_source(), list], limit()].concat()
}

fn extra_vars() -> Opt {
    plain(
        &["-e", "--extra-vars"],
        "extra_vars",
        Action::Append,
        "set additional variables as key=value or YAML/JSON, if filename prepend with @",
    )
}

fn vault() -> Vec<Opt> {
    let mut options = vec![plain(&["--vault-id"], "vault_ids", Action::Append, "the vault identity to use")];
    let file = plain(&["--vault-password-file", "--vault-pass-file"], "vault_password_files", Action::Append, "");
    options.extend(exclusive(
        3,
        [
            plain(
                &["-J", "--ask-vault-password", "--ask-vault-pass"],
                "ask_vault_pass",
                Action::Flag,
                "ask for vault password",
            ),
            Opt { help: "vault password file".into(), ..file },
        ],
    ));
    options
}

fn forks(config: &Config) -> Opt {
    let help = format!("specify number of parallel processes to use (default={})", config.int("DEFAULT_FORKS"));
    plain(&["-f", "--forks"], "forks", Action::Int, help)
}

fn module_path(config: &Config) -> Opt {
    let home = config.text("ANSIBLE_HOME").unwrap_or_default();
    let help = format!(
        "prepend colon-separated path(s) to module library (default={home}/plugins/modules:/usr/share/ansible/plugins/modules)"
    );
    plain(&["-M", "--module-path"], "module_path", Action::Append, help)
}

fn playbook_dir() -> Opt {
    plain(
        &["--playbook-dir"],
        "basedir",
        Action::Store,
        "take this directory for that of a playbook: roles/, group_vars/ and others are looked for beside it",
    )
}

/// `ansible-playbook`.
pub fn playbook(config: &Config) -> Command {
    let force = plain(&["--force-handlers"], "force_handlers", Action::Flag, "run handlers even if a task fails");
    let own = vec![
        plain(
            &["--syntax-check"],
            "syntax",
            Action::Flag,
            "perform a syntax check on the playbook, but do not execute it",
        ),
        plain(&["--list-tasks"], "listtasks", Action::Flag, "list all tasks that would be executed"),
        plain(&["--list-tags"], "listtags", Action::Flag, "list all available tags"),
        plain(&["--step"], "step", Action::Flag, "one-step-at-a-time: confirm each task before running"),
        plain(
            &["--start-at-task"],
            "start_at_task",
            Action::Store,
            "start the playbook at the task matching this name",
        ),
    ];
    let options = [
        base(),
        connection(config),
        vec![force],
        privilege(config),
        tags(),
        check(),
        inventory(),
        vec![extra_vars()],
        vault(),
        vec![forks(config), module_path(config)],
        own,
    ];
    Command {
        name: "ansible-playbook",
        about: "Runs Ansible playbooks, executing the defined tasks on the targeted hosts.",
        epilog: "",
        options: options.concat(),
        positional: Positional { metavar: "playbook", help: "Playbook(s)", required: true, many: true },
    }
}

/// `ansible`.
pub fn adhoc(config: &Config) -> Command {
    let own = vec![
        playbook_dir(),
        plain(
            &["--task-timeout"],
            "task_timeout",
            Action::Int,
            "set task timeout limit in seconds, must be positive integer.",
        ),
        plain(
            &["-a", "--args"],
            "module_args",
            Action::Store,
            "The action's options: -a 'opt1=val1 opt2=val2', or as JSON: -a '{\"opt1\": \"val1\", \"opt2\": \"val2\"}'",
        ),
        plain(
            &["-m", "--module-name"],
            "module_name",
            Action::Store,
            format!("Name of the action to execute (default={})", shown(config, "DEFAULT_MODULE_NAME")),
        ),
    ];
    let background = vec![
        plain(
            &["-P", "--poll"],
            "poll_interval",
            Action::Int,
            format!("set the poll interval if using -B (default={})", config.int("DEFAULT_POLL_INTERVAL")),
        ),
        plain(
            &["-B", "--background"],
            "seconds",
            Action::Int,
            "run asynchronously, failing after X seconds (default=N/A)",
        ),
        plain(&["-o", "--one-line"], "one_line", Action::Flag, "condense output"),
        plain(&["-t", "--tree"], "tree", Action::Store, "log output to this directory"),
    ];
    let options = [
        base(),
        privilege(config),
        inventory(),
        background,
        connection(config),
        check(),
        vec![extra_vars()],
        vault(),
        vec![forks(config), module_path(config)],
        own,
    ];
    Command {
        name: "ansible",
        about: "Define and run a single task 'playbook' against a set of hosts",
        epilog: "Some actions do not make sense in Ad-Hoc (include, meta, etc)",
        options: options.concat(),
        positional: Positional { metavar: "pattern", help: "host pattern", required: true, many: false },
    }
}

/// `ansible-inventory`.
pub fn inventory_command() -> Command {
    let action = |flags, dest, action, help: &str| opt(flags, dest, action, Group::Actions, help);
    let own = vec![
        action(&["--list"], "list", Action::Flag, "Output all hosts info, works as inventory script"),
        action(
            &["--host"],
            "host",
            Action::Store,
            "Output specific host info, works as inventory script. It will ignore limit",
        ),
        action(
            &["--graph"],
            "graph",
            Action::Flag,
            "create inventory graph, if supplying pattern it must be a valid group name. It will ignore limit",
        ),
        plain(&["-y", "--yaml"], "yaml", Action::Flag, "Use YAML format instead of default JSON, ignored for --graph"),
        plain(&["--toml"], "toml", Action::Flag, "Use TOML format instead of default JSON, ignored for --graph"),
        plain(&["--vars"], "show_vars", Action::Flag, "Add vars to graph display, ignored unless used with --graph"),
        plain(
            &["--export"],
            "export",
            Action::Flag,
            "with --list: what each source says of its own, to be imported elsewhere",
        ),
        plain(&["--output"], "output_file", Action::Store, "with --list: write to this file instead of the screen"),
    ];
    let options = [base(), vec![inventory_source()], limit(), vault(), vec![playbook_dir(), extra_vars()], own];
    Command {
        name: "ansible-inventory",
        about: "Show Ansible inventory information, by default it uses the inventory script JSON format",
        epilog: "",
        options: options.concat(),
        positional: Positional {
            metavar: "group",
            help: "The name of a group in the inventory, relevant when using --graph",
            required: false,
            many: false,
        },
    }
}
