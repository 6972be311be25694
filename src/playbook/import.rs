//! `import_tasks` and `import_role`: their content takes their place while the playbook is loaded. The includes, which the
//! engine resolves for each host, use the same readers.

use super::block::{self, Block, Step};
use super::keyword::Keywords;
use super::loader::{Context, Loader};
use super::role::{self, FromFiles, Role, RoleUse};
use super::scope::{Scope, ScopeKind};
use super::task::{Loop, Task};
use crate::error::{Error, Result};
use crate::value::{Dict, Value};
use std::path::Path;
use std::sync::Arc;

/// Deeper imports are loops.
const MAX_IMPORTS: u32 = 200;

/// Adds a task to `steps`, or in its place what it imports.
pub fn expand(loader: &Loader, task: Task, context: &Context, steps: &mut Vec<Step>) -> Result<()> {
    let short = task.resolved.short();
    if !matches!(short, "import_tasks" | "import_role") {
        steps.push(Step::Task(Arc::new(task)));
        return Ok(());
    }
    if context.depth > MAX_IMPORTS {
        return Err(Error::parser("imports are nested too deeply: does a file import itself?").at(task.origin()));
    }
    if let Some(Loop::Loop(_) | Loop::With(..)) = task.repeat {
        let instead = short.replace("import", "include");
        let message =
            format!("You cannot use loops on '{}' statements. You should use '{instead}' instead.", task.action);
        return Err(Error::parser(message).at(task.origin()));
    }
    let scope = Arc::new(static_scope(&task));
    let inner = context.inside(scope.clone());
    if short == "import_tasks" {
        let name = file_argument(loader, &task)?;
        let path = loader.find_tasks(&name, context)?;
        steps.push(Step::Block(Arc::new(tasks_file(loader, &path, &inner)?)));
    } else {
        let used = role_use(loader, &task.arguments, &task, &|value| loader.render(value, &task.scope))?;
        let role = role::load(loader, &used, &scope, 0)?;
        for block in role::compile(loader, &used, &role, &inner)? {
            steps.push(Step::Block(Arc::new(block)));
        }
        loader.keep_import(used, role, inner);
    }
    Ok(())
}

/// What an imported file's tasks inherit: the import's keywords and variables.
fn static_scope(task: &Task) -> Scope {
    let mut scope = Scope::empty(ScopeKind::Include, task.scope.parent.clone());
    let mut keywords = task.scope.keywords.clone();
    keywords.take("name");
    scope.keywords = keywords;
    scope.vars = task.scope.vars.clone();
    scope.origin = task.scope.origin.clone();
    scope
}

/// What a dynamically included file's tasks inherit: the keywords of `apply:` and the variables, but not the include's own
/// keywords.
pub fn dynamic_scope(task: &Task, apply: Option<&Dict>, extra: &Dict) -> Result<Scope> {
    use super::keyword::{self, Place};
    let mut scope = Scope::empty(ScopeKind::Include, task.scope.parent.clone());
    let mut keywords = Keywords::default();
    for (key, value) in apply.into_iter().flat_map(Dict::iter) {
        let name = key.as_str().unwrap_or_default();
        let keyword = keyword::find(name, Place::Block)
            .ok_or_else(|| keyword::invalid(name, "Block", Place::Block, key.origin()))?;
        keywords.set(keyword, value.clone(), key.origin().cloned());
    }
    let mut vars = (*super::task::vars_of(&mut keywords)?).clone();
    vars.extend((*task.scope.vars).clone());
    vars.extend(extra.clone());
    scope.keywords = keywords;
    scope.vars = Arc::new(vars);
    scope.origin = task.scope.origin.clone();
    Ok(scope)
}

fn file_argument(loader: &Loader, task: &Task) -> Result<String> {
    let raw = task.arguments.get("file").or_else(|| task.arguments.get("_raw_params"));
    let raw = raw.ok_or_else(|| Error::parser(format!("No file specified for {}", task.action)).at(task.origin()))?;
    match loader.render(raw, &task.scope) {
        Ok(value) if !value.is_none() && !value.is_undefined() => Ok(value.to_text().trim().to_string()),
        Ok(_) => Err(Error::parser(format!("No file specified for {}", task.action)).at(task.origin())),
        Err(error) => Err(error.context("Error when evaluating variable in import path").at(raw.origin()).help(
            "When using static imports, ensure that any variables used in their names are defined in vars/vars_files or \
             extra-vars passed in from the command line. Static imports cannot use variables from facts or inventory sources \
             like group or host vars.",
        )),
    }
}

/// The tasks of a file as one block.
pub fn tasks_file(loader: &Loader, path: &Path, context: &Context) -> Result<Block> {
    let list = loader.read_yaml(path)?;
    if !matches!(list, Value::None | Value::List(_)) {
        return Err(Error::parser("included task files must contain a list of tasks").at(list.origin()));
    }
    let dir = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let inner = Context { dir, depth: context.depth + 1, ..context.clone() };
    Ok(Block::implicit(block::parse_list(loader, &list, &inner)?, context.parent.clone()))
}

/// The arguments of `include_role` and `import_role`.
pub fn role_use(
    loader: &Loader,
    arguments: &Dict,
    task: &Task,
    render: &dyn Fn(&Value) -> Result<Value>,
) -> Result<RoleUse> {
    const KNOWN: &[&str] = &[
        "name",
        "role",
        "tasks_from",
        "vars_from",
        "defaults_from",
        "handlers_from",
        "public",
        "allow_duplicates",
        "rolespec_validate",
        "apply",
    ];
    let _ = loader;
    if let Some(bad) = arguments.keys().filter_map(Value::as_str).find(|key| !KNOWN.contains(key)) {
        return Err(Error::parser(format!("Invalid options for {}: {bad}", task.action)).at(task.origin()));
    }
    let get = |name: &str| -> Result<Option<Value>> { arguments.get(name).map(render).transpose() };
    let text = |name: &str| -> Result<Option<String>> {
        Ok(get(name)?.filter(|value| !value.is_none()).map(|value| value.to_text().into_owned()))
    };
    let flag = |name: &str| -> Result<Option<bool>> { Ok(get(name)?.and_then(|value| value.to_bool())) };
    let name = match text("name")? {
        Some(name) => Some(name),
        None => text("role")?,
    };
    let name = name
        .ok_or_else(|| Error::parser(format!("'name' is a required field for {}.", task.action)).at(task.origin()))?;
    let file = |name: &str| -> Result<Option<String>> { text(name) };
    let import = task.resolved.short() == "import_role";
    Ok(RoleUse {
        name,
        keywords: Keywords::default(),
        vars: Arc::default(),
        params: Arc::default(),
        from: FromFiles {
            tasks: file("tasks_from")?,
            vars: file("vars_from")?,
            defaults: file("defaults_from")?,
            handlers: file("handlers_from")?,
        },
        origin: task.origin().cloned(),
        allow_duplicates: Some(flag("allow_duplicates")?.unwrap_or(true)),
        public: flag("public")?.unwrap_or(import),
        validate: flag("rolespec_validate")?.unwrap_or(true),
    })
}

/// A role that an `import_role` brought in: its handlers and public variables belong to the play.
#[derive(Clone)]
pub struct ImportedRole {
    /// The use.
    pub used: RoleUse,
    /// The role.
    pub role: Arc<Role>,
    /// Where it was imported.
    pub context: Context,
}
