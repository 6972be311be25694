//! Puts a run together: inventory, variables, connections and the loader, from configuration and options.

use super::catalog;
use super::extra_vars;
use super::options::Options;
use super::secrets::{self, Passwords};
use super::settings;
use crate::config::Config;
use crate::connection::Fleet;
use crate::engine::{self, Session};
use crate::error::{Origin, Result, Warning, Warnings};
use crate::event;
use crate::inventory::Inventory;
use crate::playbook::Loader;
use crate::template::Environment;
use crate::value::{Dict, Value};
use crate::vars::{HostVars, RunFacts, Store, reserved};
use crate::vault::{Sources, Vault};
use crate::yaml;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use zeroize::Zeroizing;

/// What all playbooks of a command share.
pub struct Ground {
    config: Arc<Config>,
    options: engine::Options,
    run: Arc<RunFacts>,
    extra: Arc<Dict>,
    store: Arc<Store>,
    fleet: Arc<Fleet>,
    forks: Arc<tokio::sync::Semaphore>,
    events: event::Sender,
    module_path: Vec<String>,
    decrypt: yaml::Decrypt,
    /// Set by the first Ctrl-C.
    pub interrupted: Arc<AtomicBool>,
}

impl Ground {
    /// Reads the inventory and everything else that does not depend on the playbook.
    pub fn new(
        config: &Arc<Config>,
        options: &Options,
        passwords: &Passwords,
        events: &event::Sender,
    ) -> Result<Ground> {
        let decrypt = vault(config, options, events)?.decryptor();
        if config.text("CACHE_PLUGIN").is_some_and(|name| name.rsplit('.').next() != Some("memory")) {
            let name = config.text("CACHE_PLUGIN").unwrap_or_default();
            events.warn(format!("The fact cache '{name}' is not built yet: facts are kept for this run only."));
        }
        let merge = config.text("DEFAULT_HASH_BEHAVIOUR").as_deref() == Some("merge");
        let (extra, warnings) = extra_vars::read(&options.list("extra_vars"), merge, &decrypt)?;
        warnings.into_iter().for_each(|warning| events.send(event::Event::Warning(warning)));
        for name in extra.keys().filter_map(Value::as_str).filter(|name| reserved::is_reserved(name)) {
            let origin = Origin::described("<CLI option '-e'>");
            events.send(event::Event::Warning(reserved::warning(name, Some(&origin))));
        }
        let extra = Arc::new(extra);
        let templates = Arc::new(environment(config, &decrypt, events, Path::new(".")));
        let mut inventory = Inventory::new(settings::inventory(config, &extra, &decrypt, templates)?);
        let outcome = inventory.read_sources(&options.list("inventory"));
        tell_inventory(&inventory, events);
        outcome?;
        let run = Arc::new(RunFacts {
            options: Arc::new(settings::magic(config, options)),
            inventory: Arc::new(RwLock::new(inventory)),
            hostvars: Default::default(),
        });
        let options_of_run = settings::run(config, options, passwords)?;
        let fleet = Fleet::default();
        let notes = events.clone();
        fleet.on_note(move |host, level, text| {
            notes.send(event::Event::Verbose { level, host: Some(host.into()), text: text.to_string() });
        });
        Ok(Ground {
            forks: Arc::new(tokio::sync::Semaphore::new(options_of_run.forks)),
            options: options_of_run,
            run,
            extra,
            store: Arc::default(),
            fleet: Arc::new(fleet),
            events: events.clone(),
            module_path: options.list("module_path"),
            decrypt,
            interrupted: Arc::default(),
            config: config.clone(),
        })
    }

    /// The inventory and the variables of the command line.
    pub fn run(&self) -> &Arc<RunFacts> {
        &self.run
    }

    /// `--extra-vars`.
    pub fn extra(&self) -> &Arc<Dict> {
        &self.extra
    }

    /// The hosts that a pattern and `--limit` leave.
    pub fn targets(&self, limit: Option<&str>, pattern: &str) -> Result<Vec<Arc<str>>> {
        let mut inventory = self.run.inventory_mut();
        let hosts = inventory.targets(limit, pattern);
        tell_inventory(&inventory, &self.events);
        hosts
    }

    /// The connections.
    pub fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// A session for the playbooks of a directory.
    pub fn session(&self, playbook_dir: &Path) -> Arc<Session> {
        self.run.inventory_mut().set_playbook_dirs(vec![playbook_dir.to_path_buf()]);
        let environment = Arc::new(environment(&self.config, &self.decrypt, &self.events, playbook_dir));
        HostVars::install(&self.run, self.store.clone(), self.extra.clone(), environment.clone());
        let paths = |name: &str| -> Vec<PathBuf> { self.config.list(name).into_iter().map(PathBuf::from).collect() };
        let modules = catalog::module_paths(playbook_dir, &self.module_path, &self.config.list("DEFAULT_MODULE_PATH"));
        let mut collections = vec![playbook_dir.join("collections")];
        collections.extend(paths("COLLECTIONS_PATHS"));
        let loader = Loader {
            catalog: catalog::shared(modules, collections.clone()),
            playbook_dir: playbook_dir.to_path_buf(),
            roles_path: paths("DEFAULT_ROLES_PATH"),
            collections_path: collections,
            variables: engine::static_variables(
                self.run.clone(),
                self.store.clone(),
                self.extra.clone(),
                environment.clone(),
                playbook_dir.to_path_buf(),
            ),
            decrypt: Some(self.decrypt.clone()),
            play_files: Default::default(),
            warnings: Default::default(),
            imports: Default::default(),
        };
        Arc::new(Session {
            options: self.options.clone(),
            run: self.run.clone(),
            extra: self.extra.clone(),
            store: self.store.clone(),
            environment,
            fleet: self.fleet.clone(),
            loader: Arc::new(loader),
            events: self.events.clone(),
            forks: self.forks.clone(),
            interrupted: self.interrupted.clone(),
        })
    }
}

/// What templates share, for the playbooks of a directory.
fn environment(
    config: &Arc<Config>,
    decrypt: &yaml::Decrypt,
    events: &event::Sender,
    playbook_dir: &Path,
) -> Environment {
    let (settings, events) = (config.clone(), events.clone());
    Environment {
        allow_broken_conditionals: config.flag("ALLOW_BROKEN_CONDITIONALS"),
        setting: Some(Arc::new(move |name| settings.get(name))),
        warn: Some(Arc::new(move |text, deprecation| {
            let warning = if deprecation { Warning::deprecation(text) } else { Warning::new(text) };
            events.send(event::Event::Warning(warning));
        })),
        playbook_dir: playbook_dir.to_path_buf(),
        decrypt: Some(yaml::decrypt_text(decrypt)),
        forbid_embedded_templates: !config.flag("ALLOW_EMBEDDED_TEMPLATES"),
        ..Environment::default()
    }
}

/// Reads the vault secrets that options and configuration name.
fn vault(config: &Config, options: &Options, events: &event::Sender) -> Result<Arc<Vault>> {
    let mut ids = config.list("DEFAULT_VAULT_IDENTITY_LIST");
    ids.extend(options.list("vault_ids"));
    let mut files = options.list("vault_password_files");
    files.extend(config.text("DEFAULT_VAULT_PASSWORD_FILE"));
    let sources = Sources {
        ids: ids.into_iter().filter(|id| !id.is_empty()).collect(),
        files,
        ask: options.flag("ask_vault_pass"),
        default_id: config.text("DEFAULT_VAULT_IDENTITY").unwrap_or_default(),
        match_ids: config.get("DEFAULT_VAULT_ID_MATCH").and_then(|value| value.to_bool()).unwrap_or(false),
        ..Sources::default()
    };
    let warnings = Warnings::default();
    let loaded = sources.load(&mut |prompt| secrets::ask(prompt).map(Zeroizing::new), &warnings);
    warnings.take().into_iter().for_each(|warning| events.send(event::Event::Warning(warning)));
    loaded.map(Arc::new)
}

/// Sends out what the inventory warns of.
pub fn tell_inventory(inventory: &Inventory, events: &event::Sender) {
    inventory.warnings().take().into_iter().for_each(|warning| events.send(event::Event::Warning(warning)));
}
