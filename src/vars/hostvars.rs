//! `hostvars`: the variables of any host, rendered with that host's own.

use super::magic::{Magic, RunFacts};
use super::store::Store;
use super::view::{Layers, View};
use crate::error::Result;
use crate::template::templar::Templar;
use crate::template::{Environment, Variables};
use crate::value::{Dict, Object, Value};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

/// The mapping from host names to their variables. Hosts are looked at only when they are asked for.
pub struct HostVars {
    run: Weak<RunFacts>,
    store: Arc<Store>,
    extra: Arc<Dict>,
    environment: Arc<Environment>,
    /// Views by host, so that a loop over hosts and their variables builds each once a task... and is dropped with changes.
    seen: Mutex<HashMap<Arc<str>, Arc<HostView>>>,
}

impl HostVars {
    /// Makes the mapping and hangs it into the run.
    pub fn install(run: &Arc<RunFacts>, store: Arc<Store>, extra: Arc<Dict>, environment: Arc<Environment>) {
        let hostvars = HostVars { run: Arc::downgrade(run), store, extra, environment, seen: Mutex::default() };
        let _ = run.hostvars.set(Arc::new(hostvars));
    }

    /// Forgets what was looked at: called when any host's variables change, for those of others may lead to them.
    pub fn forget(&self) {
        if let Ok(mut seen) = self.seen.lock() {
            seen.clear();
        }
    }

    /// The layers of a host outside any play: inventory and what was learnt.
    pub fn layers(run: &RunFacts, store: &Store, extra: &Arc<Dict>, host: &str) -> Layers {
        let learnt = store.host(host);
        let mut layers = Layers::default();
        layers.push(extra.clone());
        layers.push(learnt.set_facts());
        layers.push(learnt.included());
        layers.push(learnt.facts());
        for layer in run.inventory().layers(host).into_iter().rev() {
            layers.push(layer);
        }
        layers
    }

    fn view(&self, host: &str) -> Option<Arc<HostView>> {
        if let Ok(seen) = self.seen.lock()
            && let Some(view) = seen.get(host)
        {
            return Some(view.clone());
        }
        let run = self.run.upgrade()?;
        if !run.inventory().knows(host) {
            return None;
        }
        let name: Arc<str> = Arc::from(host);
        let layers = Self::layers(&run, &self.store, &self.extra, host);
        let magic = Magic { run, play: None, host: name.clone(), store: self.store.host(host), scope: None };
        let view: Arc<dyn Variables> = Arc::new(View::new(magic, layers));
        let templar = Templar::new(self.environment.clone(), view.clone());
        let view = Arc::new(HostView { name: name.clone(), variables: view, templar });
        if let Ok(mut seen) = self.seen.lock() {
            seen.insert(name, view.clone());
        }
        Some(view)
    }
}

impl std::fmt::Debug for HostVars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostVars")
    }
}

impl Object for HostVars {
    fn type_name(&self) -> &str {
        "HostVars"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn get(&self, key: &Value) -> Result<Option<Value>> {
        Ok(key.as_str().and_then(|host| self.view(host)).map(|view| Value::Object(view)))
    }

    fn keys(&self) -> Option<Vec<Value>> {
        let run = self.run.upgrade()?;
        let names = run.inventory().host_names();
        Some(names.into_iter().map(Value::str).collect())
    }
}

/// The variables of one host.
struct HostView {
    name: Arc<str>,
    variables: Arc<dyn Variables>,
    templar: Templar,
}

impl std::fmt::Debug for HostView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostVarsVars({})", self.name)
    }
}

impl Object for HostView {
    fn type_name(&self) -> &str {
        "HostVarsVars"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn get(&self, key: &Value) -> Result<Option<Value>> {
        let Some(name) = key.as_str() else { return Ok(None) };
        match self.variables.raw(name) {
            None => Ok(None),
            Some(raw) => self.templar.template(&raw).map(Some),
        }
    }

    fn keys(&self) -> Option<Vec<Value>> {
        Some(self.variables.names().into_iter().filter(|name| &**name != "hostvars").map(Value::str).collect())
    }
}
