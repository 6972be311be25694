//! Where a task runs and as whom: the connection variables of one host and task, rendered.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A password or passphrase. Never printed, not even by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Keeps a secret.
    pub fn new(text: impl Into<Arc<str>>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself: only for what hands it to ssh, sudo or su.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How to become another user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Become {
    /// `sudo`, `su`, ...
    pub method: String,
    /// The user to become.
    pub user: String,
    /// The program, when not the method's own.
    pub exe: Option<String>,
    /// Its flags, when not the method's own (`-H -S -n` for sudo).
    pub flags: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// `ansible_sudo_chdir`: the directory to change to first.
    pub chdir: Option<String>,
    /// `ansible_su_prompt_l10n`: how su asks, instead of the words known.
    pub prompts: Vec<String>,
}

impl Default for Become {
    /// `sudo`, to root.
    fn default() -> Become {
        Become {
            method: "sudo".into(),
            user: "root".into(),
            exe: None,
            flags: None,
            password: None,
            chdir: None,
            prompts: Vec::new(),
        }
    }
}

/// Everything that decides which open connection a task can use. Two tasks with equal targets share one agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// `ssh`, `local`, ...: the connection plugin's short name.
    pub transport: String,
    /// Name or address to connect to.
    pub address: String,
    /// Port, when not the default.
    pub port: Option<u16>,
    /// Login user, when not the default.
    pub user: Option<String>,
    /// Login password (`-k`, `ansible_password`).
    pub password: Option<Secret>,
    /// `--private-key`, `ansible_ssh_private_key_file`.
    pub private_key: Option<PathBuf>,
    /// `ansible_ssh_private_key_passphrase`: opens the private key.
    pub key_passphrase: Option<Secret>,
    /// `ansible_ssh_pkcs11_provider`: the library of a smart card, whose PIN is the password.
    pub pkcs11_provider: Option<String>,
    /// `ssh_args`, split as a shell would: they come before the options that follow from the other fields.
    pub ssh_args: Vec<String>,
    /// `ssh_common_args` and `ssh_extra_args`, split as a shell would: they come after those options, and ssh takes the
    /// first value it meets.
    pub ssh_extra_args: Vec<String>,
    /// `ansible_ssh_use_tty`: `raw` without input runs in a terminal.
    pub use_tty: bool,
    /// The ssh program.
    pub ssh_executable: String,
    /// Whether unknown or changed host keys are refused.
    pub host_key_checking: bool,
    /// Connection timeout.
    pub timeout: Duration,
    /// `ansible_ssh_retries`: attempts to connect again, before anything was sent.
    pub retries: u32,
    /// Another user on the host.
    pub becoming: Option<Become>,
    /// `ansible_remote_tmp` as written (`~/.ansible/tmp`): the agent is kept and works below it.
    pub remote_tmp: String,
    /// The shell that runs commands on the far side (`/bin/sh`).
    pub executable: String,
}

impl Default for Target {
    fn default() -> Target {
        Target {
            transport: "ssh".into(),
            address: String::new(),
            port: None,
            user: None,
            password: None,
            private_key: None,
            key_passphrase: None,
            pkcs11_provider: None,
            ssh_args: Vec::new(),
            ssh_extra_args: Vec::new(),
            use_tty: true,
            ssh_executable: "ssh".into(),
            host_key_checking: true,
            timeout: Duration::from_secs(10),
            retries: 0,
            becoming: None,
            remote_tmp: "~/.ansible/tmp".into(),
            executable: "/bin/sh".into(),
        }
    }
}
