//! Includes: what hosts ask for while a play runs, loaded once for all hosts that ask for the same.

use super::outcome::IncludeRequest;
use super::session::{PlayVars, Session};
use crate::error::{Error, Result};
use crate::playbook::{Block, Context, Role, Task, import, role};
use crate::value::{Dict, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file or role to include, and the hosts that ask for it.
pub struct Group {
    /// The request of the first host.
    pub request: IncludeRequest,
    /// The task that includes.
    pub task: Arc<Task>,
    /// The hosts.
    pub hosts: Vec<Arc<str>>,
}

/// What an include brought.
pub struct Loaded {
    /// Its tasks.
    pub blocks: Vec<Block>,
    /// Handlers of an included role.
    pub handlers: Vec<Arc<Task>>,
    /// A role whose variables the rest of the play sees.
    pub public: Option<Arc<Role>>,
    /// The file, or the role's name, to show.
    pub shown: String,
}

/// Groups the requests of hosts: equal ones, item by item in order, are loaded once.
pub fn group(requests: Vec<(Arc<str>, Arc<Task>, Vec<IncludeRequest>)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (host, task, requests) in requests {
        for request in requests {
            let same = |group: &&mut Group| {
                group.task.id == task.id
                    && group.request.name == request.name
                    && group.request.arguments == request.arguments
                    && group.request.variables == request.variables
                    && !group.hosts.contains(&host)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.hosts.push(host.clone()),
                None => groups.push(Group { request, task: task.clone(), hosts: vec![host.clone()] }),
            }
        }
    }
    groups
}

/// Loads what a group asks for.
pub fn load(session: &Session, play: &PlayVars, group: &Group) -> Result<Loaded> {
    if group.task.resolved.short() == "include_role" {
        load_role(session, play, group)
    } else {
        load_tasks(session, group)
    }
}

fn apply(group: &Group) -> Option<Dict> {
    group.request.arguments.get("apply").and_then(Value::as_dict).cloned()
}

/// The directory of the file in which a task stands.
fn dir_of(task: &Task) -> PathBuf {
    let file = task.origin().filter(|origin| origin.is_file());
    file.and_then(|origin| Path::new(&*origin.source).parent()).map(Path::to_path_buf).unwrap_or_default()
}

fn context(group: &Group) -> Result<Context> {
    let scope = import::dynamic_scope(&group.task, apply(group).as_ref(), &group.request.variables)?;
    Ok(Context { parent: Arc::new(scope), dir: dir_of(&group.task), handlers: group.task.is_handler, depth: 0 })
}

fn load_tasks(session: &Session, group: &Group) -> Result<Loaded> {
    if let Some(bad) = group
        .request
        .arguments
        .keys()
        .filter_map(Value::as_str)
        .find(|key| !matches!(*key, "file" | "_raw_params" | "apply"))
    {
        return Err(Error::parser(format!("Invalid options for {}: {bad}", group.task.action)).at(group.task.origin()));
    }
    let context = context(group)?;
    let path = session.loader.find_tasks(group.request.name.trim(), &context).map_err(|error| {
        let tried = context.dir.join(group.request.name.trim());
        let shown = tried.display();
        error.context(format!("Could not find or access '{shown}' on the Ansible Controller"))
    })?;
    let path = std::path::absolute(&path).unwrap_or(path);
    let block = import::tasks_file(&session.loader, &path, &context)?;
    Ok(Loaded { blocks: vec![block], handlers: Vec::new(), public: None, shown: path.display().to_string() })
}

fn load_role(session: &Session, play: &PlayVars, group: &Group) -> Result<Loaded> {
    let _ = play;
    let loader = &session.loader;
    let used = import::role_use(loader, &group.request.arguments, &group.task, &|value| Ok(value.clone()))?;
    let context = context(group)?;
    let role = role::load(loader, &used, &context.parent, 0)?;
    let blocks = role::compile(loader, &used, &role, &context)?;
    let mut handlers: Vec<Arc<Task>> = Vec::new();
    for block in role::handlers(loader, &used, &role, &context)? {
        handlers.extend(block.tasks().into_iter().cloned());
    }
    for imported in loader.take_imports() {
        for block in role::handlers(loader, &imported.used, &imported.role, &imported.context)? {
            handlers.extend(block.tasks().into_iter().cloned());
        }
    }
    Ok(Loaded { blocks, handlers, public: used.public.then(|| role.clone()), shown: used.name })
}
