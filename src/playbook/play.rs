//! Plays: hosts, and the sections of tasks that run on them.

use super::block::{self, Block, Step};
use super::import::ImportedRole;
use super::keyword::{self, Keywords, Place};
use super::loader::{Context, Loader};
use super::role::{self, Role, RoleUse};
use super::scope::{Scope, ScopeKind};
use super::task::{Task, vars_of};
use crate::error::{Error, Origin, Result};
use crate::value::{Dict, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// A play, loaded.
#[derive(Debug)]
pub struct Play {
    /// Its keywords and variables: the outermost scope of its tasks.
    pub scope: Arc<Scope>,
    /// Directory of the playbook file it stands in.
    pub dir: PathBuf,
    /// `vars_files:` as written.
    pub vars_files: Vec<Value>,
    /// `vars_prompt:` as written.
    pub vars_prompt: Vec<Value>,
    /// Roles of `roles:` and of `import_role`, in order.
    pub roles: Vec<Arc<Role>>,
    /// Everything to run, in order, with the flush of handlers between the sections.
    pub blocks: Vec<Arc<Block>>,
    /// Handlers in the order of definition.
    pub handlers: Vec<Arc<Task>>,
}

impl Play {
    /// A keyword of the play as written.
    pub fn keyword(&self, name: &str) -> Option<&Value> {
        self.scope.keywords.get(name).filter(|value| !value.is_none())
    }

    /// Where it stands.
    pub fn origin(&self) -> Option<&Origin> {
        self.scope.origin.as_ref()
    }

    /// Its name for banners, untemplated: `name:`, or the hosts.
    pub fn title(&self) -> String {
        match (self.keyword("name"), self.keyword("hosts")) {
            (Some(name), _) => name.to_text().into_owned(),
            (None, Some(Value::List(hosts))) => {
                hosts.iter().map(|host| host.to_text().into_owned()).collect::<Vec<_>>().join(",")
            }
            (None, Some(hosts)) => hosts.to_text().into_owned(),
            (None, None) => String::new(),
        }
    }
}

/// Keywords of a play before its sections are read: known early because names in imports may use its variables.
pub struct Head {
    keywords: Keywords,
    scope: Arc<Scope>,
}

/// Reads a play's keywords.
pub fn head(dict: &Dict) -> Result<Head> {
    let origin = dict.keys().next().and_then(|key| key.origin()).cloned();
    let mut keywords = Keywords::default();
    for (key, value) in dict {
        let name = key.as_str().unwrap_or_default();
        // 1.x wrote `user:` for `remote_user:`, and 2.19 still takes it
        let name = if name == "user" { "remote_user" } else { name };
        let keyword = keyword::find(name, Place::Play)
            .ok_or_else(|| keyword::invalid(name, "Play", Place::Play, key.origin()))?;
        keywords.set(keyword, value.clone(), key.origin().cloned());
    }
    check_hosts(&keywords, origin.as_ref())?;
    let vars = vars_of(&mut keywords)?;
    let mut scope = Scope::empty(ScopeKind::Play, None);
    let sections = ["pre_tasks", "roles", "tasks", "post_tasks", "handlers", "vars_files", "vars_prompt"];
    let mut own = keywords.clone();
    for section in sections {
        own.take(section);
    }
    scope.keywords = own;
    scope.vars = vars;
    scope.origin = origin;
    Ok(Head { keywords, scope: Arc::new(scope) })
}

fn check_hosts(keywords: &Keywords, origin: Option<&Origin>) -> Result<()> {
    let fail = |message: &str| Err(Error::parser(message).at(keywords.origin("hosts").or(origin)));
    match keywords.get("hosts") {
        None => fail("The field 'hosts' is required but was not set."),
        Some(Value::None) => fail("Hosts list cannot be empty. Please check your playbook"),
        Some(Value::Str(text)) if text.is_empty() => fail("Hosts list cannot be empty. Please check your playbook"),
        Some(Value::List(items)) if items.is_empty() => fail("Hosts list cannot be empty. Please check your playbook"),
        Some(Value::List(items)) => {
            if items.iter().any(Value::is_none) {
                return fail("Hosts list cannot contain values of 'None'. Please check your playbook");
            }
            match items.iter().find(|item| !matches!(item, Value::Str(_) | Value::Int(_))) {
                Some(item) => fail(&format!("Hosts list contains an invalid host value: '{}'", item.to_text())),
                None => Ok(()),
            }
        }
        Some(Value::Str(_) | Value::Int(_)) => Ok(()),
        Some(_) => fail("Hosts list must be a sequence or string. Please check your playbook."),
    }
}

impl Head {
    /// The scope of the play.
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// The same play below an `import_playbook` with variables, tags and conditions of its own.
    pub fn with_import(self, vars: &Dict, tags: &[Value], when: &[Value]) -> Head {
        let mut outer = Scope::empty(ScopeKind::Play, None);
        if !tags.is_empty() {
            outer.keywords.set("tags", Value::list(tags.iter().flat_map(listed)), None);
        }
        if !when.is_empty() {
            outer.keywords.set("when", Value::list(when.iter().flat_map(listed)), None);
        }
        let mut all = (*self.scope.vars).clone();
        all.extend(vars.clone());
        let scope = Scope {
            kind: ScopeKind::Play,
            keywords: self.scope.keywords.clone(),
            vars: Arc::new(all),
            origin: self.scope.origin.clone(),
            role: None,
            parent: Some(Arc::new(outer)),
        };
        Head { keywords: self.keywords, scope: Arc::new(scope) }
    }

    /// `vars_files:` as written.
    pub fn vars_files(&self) -> Vec<Value> {
        list_of(self.keywords.get("vars_files"))
    }

    /// Reads the sections.
    pub fn finish(mut self, loader: &Loader, dir: PathBuf) -> Result<Play> {
        let context = Context { parent: self.scope.clone(), dir: dir.clone(), handlers: false, depth: 0 };
        let mut section = |name: &str, handlers: bool| -> Result<Vec<Step>> {
            let list = self.keywords.take(name).unwrap_or_default();
            block::parse_list(loader, &list, &Context { handlers, ..context.clone() })
        };
        let pre_tasks = section("pre_tasks", false)?;
        let uses = role_uses(loader, self.keywords.get("roles"), &self.scope)?;
        let mut roles = Vec::new();
        let mut role_blocks = Vec::new();
        let mut role_handlers = Vec::new();
        for used in &uses {
            let role = role::load(loader, used, &self.scope, 0)?;
            role_blocks.extend(role::compile(loader, used, &role, &context)?);
            role_handlers.extend(role::handlers(loader, used, &role, &context)?);
            roles.push(role);
        }
        let mut section = |name: &str, handlers: bool| -> Result<Vec<Step>> {
            let list = self.keywords.take(name).unwrap_or_default();
            block::parse_list(loader, &list, &Context { handlers, ..context.clone() })
        };
        let tasks = section("tasks", false)?;
        let post_tasks = section("post_tasks", false)?;
        let own_handlers = section("handlers", true)?;
        let mut handlers: Vec<Arc<Task>> =
            Block::implicit(own_handlers, self.scope.clone()).tasks().into_iter().cloned().collect();
        for ImportedRole { used, role, context } in loader.take_imports() {
            role_handlers.extend(role::handlers(loader, &used, &role, &context)?);
            roles.push(role);
        }
        handlers.extend(role_handlers.iter().flat_map(|block| block.tasks()).cloned());
        let mut blocks = Vec::new();
        push_section(&mut blocks, pre_tasks, Vec::new(), loader, &self.scope)?;
        push_section(&mut blocks, tasks, role_blocks, loader, &self.scope)?;
        push_section(&mut blocks, post_tasks, Vec::new(), loader, &self.scope)?;
        Ok(Play {
            vars_files: self.vars_files(),
            vars_prompt: list_of(self.keywords.get("vars_prompt")),
            scope: self.scope,
            dir,
            roles,
            blocks,
            handlers,
        })
    }
}

fn listed(value: &Value) -> Vec<Value> {
    list_of(Some(value))
}

fn list_of(value: Option<&Value>) -> Vec<Value> {
    match value {
        None | Some(Value::None) => Vec::new(),
        Some(Value::List(items)) => items.to_vec(),
        Some(other) => vec![other.clone()],
    }
}

fn role_uses(loader: &Loader, roles: Option<&Value>, scope: &Scope) -> Result<Vec<RoleUse>> {
    match roles {
        None | Some(Value::None) => Ok(Vec::new()),
        Some(Value::List(entries)) => entries.iter().map(|entry| RoleUse::parse(loader, entry, scope)).collect(),
        Some(other) => {
            Err(Error::parser("The field 'roles' has an invalid value: a list was expected").at(other.origin()))
        }
    }
}

/// A section and the flush of handlers behind it; sections without tasks have none.
fn push_section(
    blocks: &mut Vec<Arc<Block>>,
    steps: Vec<Step>,
    roles: Vec<Block>,
    loader: &Loader,
    scope: &Arc<Scope>,
) -> Result<()> {
    blocks.extend(roles.into_iter().map(Arc::new));
    if !steps.is_empty() {
        blocks.push(Arc::new(Block::implicit(steps, scope.clone())));
    }
    let meta = loader.resolve("meta", scope).ok_or_else(|| Error::general("the action 'meta' is missing"))?;
    let arguments = Dict::from_iter([("_raw_params", Value::str("flush_handlers"))]);
    let flush = Task::implicit("meta", meta, arguments, scope.clone());
    blocks.push(Arc::new(Block::implicit(vec![Step::Task(Arc::new(flush))], scope.clone())));
    Ok(())
}
