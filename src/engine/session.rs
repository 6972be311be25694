//! What a whole run shares: options, inventory, learnt variables, connections, the loader and the listeners.

use crate::connection::{Fleet, Secret};
use crate::event;
use crate::playbook::tags::Selection;
use crate::playbook::{Loader, Scope, Task};
use crate::template::Environment;
use crate::template::templar::Templar;
use crate::value::Dict;
use crate::vars::{HostVars, Layers, PlayFacts, RunFacts, Store, View};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// When facts are gathered without being asked for (`DEFAULT_GATHERING`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gathering {
    /// In every play that does not say no.
    #[default]
    Implicit,
    /// Only where a play says yes.
    Explicit,
    /// Where a play does not say no and the host has none yet.
    Smart,
}

/// How a run is to go: what the command line and the configuration say.
#[derive(Clone, Debug)]
pub struct Options {
    /// Hosts worked on at once.
    pub forks: usize,
    /// `--check`.
    pub check: bool,
    /// `--diff`.
    pub diff: bool,
    /// `-v` count.
    pub verbosity: u8,
    /// `--force-handlers`.
    pub force_handlers: bool,
    /// `--tags`, `--skip-tags`.
    pub tags: Selection,
    /// `--start-at-task`.
    pub start_at_task: Option<String>,
    /// `--step`.
    pub step: bool,
    /// `--limit`.
    pub limit: Option<String>,
    /// When facts are gathered.
    pub gathering: Gathering,
    /// `strategy` when a play names none.
    pub strategy: String,
    /// Whether an unknown handler ends the run (`ERROR_ON_MISSING_HANDLER`).
    pub error_on_missing_handler: bool,
    /// `any_errors_fatal` when nothing says otherwise.
    pub any_errors_fatal: bool,
    /// How to connect when nothing says otherwise.
    pub connection: ConnectionDefaults,
    /// Ask after every failed task (`ENABLE_TASK_DEBUGGER`, the debug strategy).
    pub debugger: bool,
    /// Environment for `pause`, `debugger`: whether a person sits at the terminal.
    pub interactive: bool,
}

/// Connection settings of the command line and configuration: below keywords and variables.
#[derive(Clone, Debug)]
pub struct ConnectionDefaults {
    /// `-c`, `transport`.
    pub transport: String,
    /// `-u`, `remote_user`.
    pub user: Option<String>,
    /// `remote_port`.
    pub port: Option<u16>,
    /// `-k`.
    pub password: Option<Secret>,
    /// `--private-key`.
    pub private_key: Option<PathBuf>,
    /// `-T`.
    pub timeout: Duration,
    /// `ssh_args`.
    pub ssh_args: String,
    /// `--ssh-common-args`.
    pub ssh_common_args: String,
    /// `--ssh-extra-args`.
    pub ssh_extra_args: String,
    /// `ssh_executable`.
    pub ssh_executable: String,
    /// `host_key_checking`.
    pub host_key_checking: bool,
    /// `ssh_connection/retries`.
    pub retries: u32,
    /// `remote_tmp`.
    pub remote_tmp: String,
    /// `executable`.
    pub executable: String,
    /// `-b`.
    pub becoming: bool,
    /// `--become-method`.
    pub become_method: String,
    /// `--become-user`.
    pub become_user: String,
    /// `-K`.
    pub become_password: Option<Secret>,
    /// `become_exe`.
    pub become_exe: Option<String>,
    /// `become_flags`.
    pub become_flags: Option<String>,
}

impl Default for ConnectionDefaults {
    fn default() -> Self {
        ConnectionDefaults {
            transport: "ssh".into(),
            user: None,
            port: None,
            password: None,
            private_key: None,
            timeout: Duration::from_secs(10),
            ssh_args: "-C -o ControlMaster=auto -o ControlPersist=60s".into(),
            ssh_common_args: String::new(),
            ssh_extra_args: String::new(),
            ssh_executable: "ssh".into(),
            host_key_checking: true,
            retries: 0,
            remote_tmp: "~/.ansible/tmp".into(),
            executable: "/bin/sh".into(),
            becoming: false,
            become_method: "sudo".into(),
            become_user: "root".into(),
            become_password: None,
            become_exe: None,
            become_flags: None,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            forks: 5,
            check: false,
            diff: false,
            verbosity: 0,
            force_handlers: false,
            tags: Selection::default(),
            start_at_task: None,
            step: false,
            limit: None,
            gathering: Gathering::default(),
            strategy: "linear".into(),
            error_on_missing_handler: true,
            any_errors_fatal: false,
            connection: ConnectionDefaults::default(),
            debugger: false,
            interactive: false,
        }
    }
}

/// What a whole run shares.
pub struct Session {
    /// How it is to go.
    pub options: Options,
    /// Inventory and variables of the command line.
    pub run: Arc<RunFacts>,
    /// `--extra-vars`.
    pub extra: Arc<Dict>,
    /// What is learnt of the hosts.
    pub store: Arc<Store>,
    /// What templates share.
    pub environment: Arc<Environment>,
    /// The open connections.
    pub fleet: Arc<Fleet>,
    /// Reads playbooks.
    pub loader: Arc<Loader>,
    /// Where events go.
    pub events: event::Sender,
    /// Hosts worked on at once, over everything.
    pub forks: Arc<tokio::sync::Semaphore>,
    /// Set by the first Ctrl-C: no task starts any more.
    pub interrupted: Arc<std::sync::atomic::AtomicBool>,
}

/// The variables of a play: those it brings itself, and where its hosts are.
#[derive(Default)]
pub struct PlayVars {
    /// Names and hosts.
    pub facts: Arc<PlayFacts>,
    /// `vars:` of the play.
    pub vars: Arc<Dict>,
    /// Answers to `vars_prompt`.
    pub prompted: Arc<Dict>,
    /// `vars_files` by host; the last file wins.
    pub files: std::sync::RwLock<std::collections::HashMap<Arc<str>, Vec<Arc<Dict>>>>,
    /// The debug strategy: ask after every failed task.
    pub debug: bool,
    /// Roles whose variables the whole play sees.
    pub public_roles: std::sync::RwLock<Vec<Arc<crate::playbook::Role>>>,
}

impl Session {
    /// The variables of a host in a play, at a scope.
    pub fn view(&self, play: &PlayVars, host: &Arc<str>, scope: &Arc<Scope>) -> View {
        let learnt = self.store.host(host);
        let mut layers = Layers::default();
        layers.push(self.extra.clone());
        layers.push_scope(scope, |layers| {
            layers.push(learnt.set_facts());
            layers.push(learnt.included());
        });
        let public = play.public_roles.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        for role in public.iter().rev() {
            layers.push(role.vars.clone());
        }
        let files = play.files.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(host).cloned();
        for file in files.into_iter().flatten().rev() {
            layers.push(file);
        }
        layers.push(play.prompted.clone());
        layers.push(play.vars.clone());
        layers.push(learnt.facts());
        for layer in self.run.inventory().layers(host).into_iter().rev() {
            layers.push(layer);
        }
        layers.push_defaults(scope);
        for role in public.iter().rev() {
            layers.push(role.defaults.clone());
        }
        let magic = crate::vars::Magic {
            run: self.run.clone(),
            play: Some(play.facts.clone()),
            host: host.clone(),
            store: learnt,
            scope: Some(scope.clone()),
        };
        View::new(magic, layers)
    }

    /// A templar over a view.
    pub fn templar(&self, view: &Arc<View>) -> Templar {
        Templar::new(self.environment.clone(), view.clone())
    }

    /// The variables of a host outside any play.
    pub fn host_layers(&self, host: &str) -> Layers {
        HostVars::layers(&self.run, &self.store, &self.extra, host)
    }

    /// The variables of a task on a host.
    pub fn task_view(&self, play: &PlayVars, host: &Arc<str>, task: &Task) -> Arc<View> {
        Arc::new(self.view(play, host, &task.scope))
    }
}
