//! Variables while a playbook is loaded: no host yet, only what the command line and the scopes around say.

use crate::playbook::Scope;
use crate::playbook::loader::StaticVariables;
use crate::template::Environment;
use crate::template::templar::Templar;
use crate::value::Dict;
use crate::vars::{Layers, Magic, PlayFacts, RunFacts, Store, View};
use std::path::PathBuf;
use std::sync::Arc;

/// Gives the loader its variables: `--extra-vars`, `vars:` of the scopes around a statement, the play's `vars_files`.
pub fn static_variables(
    run: Arc<RunFacts>,
    store: Arc<Store>,
    extra: Arc<Dict>,
    environment: Arc<Environment>,
    playbook_dir: PathBuf,
) -> Box<StaticVariables> {
    let play = Arc::new(PlayFacts { playbook_dir, ..PlayFacts::default() });
    let nobody: Arc<str> = Arc::from("");
    Box::new(move |scope: &Scope, files: &Arc<Dict>| {
        let mut layers = Layers::default();
        layers.push(extra.clone());
        for scope in scope.chain() {
            layers.push(scope.vars.clone());
        }
        for role in scope.roles() {
            layers.push(role.params.clone());
            layers.push(role.vars.clone());
        }
        layers.push(files.clone());
        layers.push_defaults(scope);
        let magic = Magic {
            run: run.clone(),
            play: Some(play.clone()),
            host: nobody.clone(),
            store: store.host(""),
            scope: None,
        };
        Templar::new(environment.clone(), Arc::new(View::new(magic, layers)))
    })
}
