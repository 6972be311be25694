//! Roles: where they are found, what is in them, and the blocks they become.

use super::block::{self, Block};
use super::keyword::{self, Keywords, Place};
use super::loader::{Context, Loader};
use super::scope::{Scope, ScopeKind};
use super::task::{Task, vars_of};
use crate::error::{Error, Origin, Result};
use crate::value::{Dict, Text, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A role as it was found, with its variables. Its tasks are parsed for each use.
#[derive(Debug)]
pub struct Role {
    /// The name as written (`common`, `ns.collection.role`).
    pub name: String,
    /// Its directory.
    pub path: PathBuf,
    /// Uses with equal keys count as one when duplicates are not allowed.
    pub key: String,
    /// Role parameters: what `roles:` or an include passes beside the keywords.
    pub params: Arc<Dict>,
    /// `vars:` of the use.
    pub use_vars: Arc<Dict>,
    /// `defaults/`.
    pub defaults: Arc<Dict>,
    /// `vars/`.
    pub vars: Arc<Dict>,
    /// Roles that run before it.
    pub dependencies: Vec<Arc<Role>>,
    /// Whether equal uses run again.
    pub allow_duplicates: bool,
    /// Whether its variables are seen by the rest of the play.
    pub public: bool,
    /// The uses of the dependencies, in order, to compile them.
    dependency_uses: Vec<RoleUse>,
    /// The file names that replace `main`.
    from: FromFiles,
    argument_specs: Dict,
    validate: bool,
}

/// `tasks_from` and its kin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FromFiles {
    /// Instead of `tasks/main.yml`.
    pub tasks: Option<String>,
    /// Instead of `vars/main.yml`.
    pub vars: Option<String>,
    /// Instead of `defaults/main.yml`.
    pub defaults: Option<String>,
    /// Instead of `handlers/main.yml`.
    pub handlers: Option<String>,
}

/// One use of a role: an entry of `roles:` or `dependencies:`, or an `include_role`/`import_role`.
#[derive(Clone, Debug)]
pub struct RoleUse {
    /// The role's name or path.
    pub name: String,
    /// Keywords of the use.
    pub keywords: Keywords,
    /// `vars:` of the use.
    pub vars: Arc<Dict>,
    /// Everything else.
    pub params: Arc<Dict>,
    /// Files instead of `main`.
    pub from: FromFiles,
    /// Where it stands.
    pub origin: Option<Origin>,
    /// `allow_duplicates` of an include.
    pub allow_duplicates: Option<bool>,
    /// Whether its variables are seen by the rest of the play.
    pub public: bool,
    /// Whether its arguments are checked.
    pub validate: bool,
}

impl RoleUse {
    /// Reads an entry of `roles:` or `dependencies:`.
    pub fn parse(loader: &Loader, entry: &Value, scope: &Scope) -> Result<RoleUse> {
        let dict = match entry {
            Value::Str(name) => Dict::from_iter([("role", Value::Str(name.clone()))]),
            Value::Dict(dict) => (**dict).clone(),
            other => {
                let message = format!("role definitions must be a string or a mapping, got {}", other.type_name());
                return Err(Error::parser(message).at(other.origin()));
            }
        };
        let origin = entry.origin().cloned();
        let mut keywords = Keywords::default();
        let mut params = Dict::new();
        for (key, value) in &dict {
            let name = key.as_str().unwrap_or_default();
            match keyword::find(name, Place::Role) {
                Some(keyword) => keywords.set(keyword, value.clone(), key.origin().cloned()),
                None => {
                    params.insert_value(key.clone(), value.clone());
                }
            }
        }
        // `{src: url, name: x}` of galaxy files names the role by `name`; in `roles:` so does an entry without `role`
        let name = keywords.take("role").or_else(|| keywords.take("name"));
        let name =
            name.ok_or_else(|| Error::parser("role definitions must contain a role name").at(origin.as_ref()))?;
        let name = match loader.render(&name, scope)? {
            Value::Str(name) => name.to_string(),
            Value::Int(number) => number.to_string(),
            _ => return Err(Error::parser("role definitions must contain a role name").at(origin.as_ref())),
        };
        keywords.take("name");
        let vars = vars_of(&mut keywords)?;
        Ok(RoleUse {
            name,
            keywords,
            vars,
            params: Arc::new(params),
            from: FromFiles::default(),
            origin,
            allow_duplicates: None,
            public: true,
            validate: true,
        })
    }
}

/// Deeper chains of dependencies are loops.
const MAX_DEPENDENCIES: u32 = 100;

/// Finds and reads the role of a use, and those it depends on.
pub fn load(loader: &Loader, used: &RoleUse, parent: &Arc<Scope>, depth: u32) -> Result<Arc<Role>> {
    if depth > MAX_DEPENDENCIES {
        let message = format!(
            "A recursion loop was detected with the roles specified. Make sure child roles do not have dependencies on parent roles: {}",
            used.name
        );
        return Err(Error::general(message).at(used.origin.as_ref()));
    }
    let path = find(loader, used, parent)?;
    let meta = read_optional(loader, &path.join("meta"), "main", false)?.unwrap_or_default();
    let meta = meta.as_dict().cloned().unwrap_or_default();
    let dependency_uses = match meta.get("dependencies") {
        None | Some(Value::None) => Vec::new(),
        Some(Value::List(entries)) => {
            entries.iter().map(|entry| RoleUse::parse(loader, entry, parent)).collect::<Result<_>>()?
        }
        Some(other) => {
            return Err(Error::parser("Expected role dependencies to be a list.").at(other.origin()));
        }
    };
    let mut dependencies = Vec::new();
    for dependency in &dependency_uses {
        dependencies.push(load(loader, dependency, parent, depth + 1)?);
    }
    let allow = meta.get("allow_duplicates").and_then(Value::to_bool).unwrap_or(false);
    let role = Role {
        name: used.name.clone(),
        key: key_of(&path, used),
        params: used.params.clone(),
        use_vars: used.vars.clone(),
        defaults: variables(loader, &path.join("defaults"), used.from.defaults.as_deref())?,
        vars: variables(loader, &path.join("vars"), used.from.vars.as_deref())?,
        dependencies,
        allow_duplicates: used.allow_duplicates.unwrap_or(allow),
        public: used.public,
        dependency_uses,
        from: used.from.clone(),
        argument_specs: argument_specs(loader, &path, &meta)?,
        validate: used.validate,
        path,
    };
    Ok(Arc::new(role))
}

fn key_of(path: &Path, used: &RoleUse) -> String {
    let keyword = |name: &str| used.keywords.get(name).map(Value::repr).unwrap_or_default();
    format!(
        "{}\n{}\n{}\n{:?}\n{}\n{}",
        path.display(),
        Value::Dict(used.params.clone()).repr(),
        Value::Dict(used.vars.clone()).repr(),
        used.from,
        keyword("when"),
        keyword("tags")
    )
}

/// The role's directory: beside the playbook in `roles/`, in `roles_path`, beside a role that names it, in a collection.
fn find(loader: &Loader, used: &RoleUse, parent: &Scope) -> Result<PathBuf> {
    let name = &used.name;
    let parts: Vec<&str> = name.split('.').collect();
    if let [namespace, collection, role @ ..] = parts.as_slice()
        && !role.is_empty()
    {
        let below =
            Path::new("ansible_collections").join(namespace).join(collection).join("roles").join(role.join("/"));
        let adjacent = loader.playbook_dir.join("collections");
        let mut roots = std::iter::once(&adjacent).chain(&loader.collections_path);
        if let Some(found) = roots.find_map(|root| Some(root.join(&below)).filter(|path| path.is_dir())) {
            return Ok(found);
        }
    }
    let mut places = vec![loader.playbook_dir.join("roles")];
    places.extend(loader.roles_path.iter().cloned());
    for role in parent.roles() {
        places.extend(role.path.parent().map(Path::to_path_buf));
    }
    places.push(loader.playbook_dir.clone());
    for place in &places {
        let candidate = place.join(name);
        if candidate.is_dir() {
            return Ok(candidate);
        }
    }
    let absolute = Path::new(name);
    if name.contains('/') && absolute.is_dir() {
        return Ok(std::path::absolute(absolute).unwrap_or_else(|_| absolute.to_path_buf()));
    }
    let searched: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    Err(Error::general(format!("the role '{name}' was not found in {}", searched.join(":"))).at(used.origin.as_ref()))
}

/// The file `NAME`, `NAME.yml`, `.yaml` or `.json` of a role's folder, or all files of a folder `NAME` where allowed.
fn find_file(dir: &Path, name: &str) -> Option<PathBuf> {
    let base = dir.join(name);
    let with = |extension: &str| PathBuf::from(format!("{}{extension}", base.display()));
    [".yml", ".yaml", ".json", ""].into_iter().map(with).find(|path| path.is_file())
}

fn read_optional(loader: &Loader, dir: &Path, name: &str, required: bool) -> Result<Option<Value>> {
    match find_file(dir, name) {
        Some(path) => loader.read_yaml(&path).map(Some),
        None if required => {
            let file = dir.join(name);
            Err(Error::general(format!("Could not find specified file in role: {}", relative_name(&file))))
        }
        None => Ok(None),
    }
}

fn relative_name(file: &Path) -> String {
    let parts: Vec<_> = file.iter().rev().take(2).collect();
    parts.iter().rev().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// `defaults/` or `vars/`: `main` as a file or as a folder of files, or the file named instead.
fn variables(loader: &Loader, dir: &Path, from: Option<&str>) -> Result<Arc<Dict>> {
    let name = from.unwrap_or("main");
    let mut all = Dict::new();
    let folder = dir.join(name);
    if find_file(dir, name).is_none() && folder.is_dir() {
        let mut files: Vec<PathBuf> = walkdir::WalkDir::new(&folder)
            .sort_by_file_name()
            .into_iter()
            .filter_map(|entry| entry.ok().filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()))
            .filter(|path| path.extension().is_none_or(|e| e == "yml" || e == "yaml" || e == "json"))
            .collect();
        files.sort();
        for file in files {
            merge(&mut all, loader.read_yaml(&file)?, &file)?;
        }
    } else if let Some(value) = read_optional(loader, dir, name, from.is_some())? {
        merge(&mut all, value, &folder)?;
    }
    Ok(Arc::new(all))
}

fn merge(all: &mut Dict, value: Value, path: &Path) -> Result<()> {
    match value {
        Value::None => Ok(()),
        Value::Dict(dict) => {
            all.extend((*dict).clone());
            Ok(())
        }
        other => {
            let message = format!("The {} file for a role must contain a dictionary of variables", relative_name(path));
            Err(Error::parser(message).at(other.origin()))
        }
    }
}

fn argument_specs(loader: &Loader, path: &Path, meta: &Dict) -> Result<Dict> {
    let file = read_optional(loader, &path.join("meta"), "argument_specs", false)?;
    let specs = match &file {
        Some(value) => value.get("argument_specs"),
        None => meta.get("argument_specs"),
    };
    Ok(specs.and_then(Value::as_dict).cloned().unwrap_or_default())
}

/// The blocks of a use of a role: its dependencies first, then itself, then the note that it is complete.
pub fn compile(loader: &Loader, used: &RoleUse, role: &Arc<Role>, context: &Context) -> Result<Vec<Block>> {
    let mut scope = Scope::empty(ScopeKind::Role, Some(context.parent.clone()));
    scope.keywords = used.keywords.clone();
    scope.origin = used.origin.clone();
    scope.role = Some(role.clone());
    let scope = Arc::new(scope);
    let mut blocks = Vec::new();
    for (dependency_use, dependency) in role.dependency_uses.iter().zip(&role.dependencies) {
        blocks.extend(compile(loader, dependency_use, dependency, &context.inside(scope.clone()))?);
    }
    let inner =
        Context { parent: scope.clone(), dir: role.path.join("tasks"), handlers: false, depth: context.depth + 1 };
    let tasks =
        read_optional(loader, &inner.dir, role.from.tasks.as_deref().unwrap_or("main"), role.from.tasks.is_some())?;
    let mut steps = Vec::new();
    if let Some(task) = validation(loader, role, &scope) {
        steps.push(block::Step::Task(Arc::new(task)));
    }
    steps.extend(block::parse_list(loader, &tasks.unwrap_or_default(), &inner)?);
    blocks.push(Block::implicit(steps, scope.clone()));
    let complete = Task::implicit(
        "meta",
        meta_action(loader, &scope)?,
        Dict::from_iter([("_raw_params", Value::str("role_complete"))]),
        scope.clone(),
    );
    blocks.push(Block::implicit(vec![block::Step::Task(Arc::new(complete))], scope));
    Ok(blocks)
}

fn meta_action(loader: &Loader, scope: &Scope) -> Result<super::loader::Resolved> {
    loader.resolve("meta", scope).ok_or_else(|| Error::general("the action 'meta' is missing"))
}

/// The handlers of a role, in a scope of their own below `context`.
pub fn handlers(loader: &Loader, used: &RoleUse, role: &Arc<Role>, context: &Context) -> Result<Vec<Block>> {
    let mut scope = Scope::empty(ScopeKind::Role, Some(context.parent.clone()));
    scope.keywords = used.keywords.clone();
    scope.role = Some(role.clone());
    let scope = Arc::new(scope);
    let mut blocks = Vec::new();
    for (dependency_use, dependency) in role.dependency_uses.iter().zip(&role.dependencies) {
        blocks.extend(handlers(loader, dependency_use, dependency, &context.inside(scope.clone()))?);
    }
    let inner =
        Context { parent: scope.clone(), dir: role.path.join("handlers"), handlers: true, depth: context.depth + 1 };
    let name = role.from.handlers.as_deref().unwrap_or("main");
    if let Some(list) = read_optional(loader, &inner.dir, name, role.from.handlers.is_some())? {
        blocks.push(Block::implicit(block::parse_list(loader, &list, &inner)?, scope));
    }
    Ok(blocks)
}

/// The task that checks a role's arguments, when it has a specification for its entry point.
fn validation(loader: &Loader, role: &Arc<Role>, scope: &Arc<Scope>) -> Option<Task> {
    let entry = role.from.tasks.as_deref().unwrap_or("main");
    let entry = entry.trim_end_matches(".yml").trim_end_matches(".yaml");
    let spec = role.argument_specs.get(entry).filter(|_| role.validate)?.as_dict()?.clone();
    let description = spec.get("short_description").map(|text| text.to_text().into_owned());
    let name = match description {
        Some(text) => format!("Validating arguments against arg spec '{entry}' - {text}"),
        None => format!("Validating arguments against arg spec '{entry}'"),
    };
    let context = Dict::from_iter([
        ("type", Value::str("role")),
        ("name", Value::str(role.name.as_str())),
        ("argument_spec_name", Value::str(entry)),
        ("path", Value::str(role.path.display().to_string())),
    ]);
    let arguments = Dict::from_iter([
        ("argument_spec", spec.get("options").cloned().unwrap_or_else(|| Value::dict(Dict::new()))),
        ("provided_arguments", Value::Dict(role.params.clone())),
        ("validate_args_context", Value::dict(context)),
    ]);
    let resolved = loader.resolve("validate_argument_spec", scope)?;
    let mut task = Task::implicit("ansible.builtin.validate_argument_spec", resolved, arguments, scope.clone());
    let mut own = Scope::empty(ScopeKind::Task, Some(scope.clone()));
    own.keywords.set("name", Value::Str(Text::plain(name)), None);
    own.keywords.set("tags", Value::list([Value::str("always")]), None);
    task.scope = Arc::new(own);
    task.implicit = false;
    Some(task)
}

impl Role {
    /// The roles it depends on, directly or not, nearest first.
    pub fn all_dependencies(&self) -> Vec<&Arc<Role>> {
        let mut all = Vec::new();
        for dependency in &self.dependencies {
            all.push(dependency);
            all.extend(dependency.all_dependencies());
        }
        all
    }
}
