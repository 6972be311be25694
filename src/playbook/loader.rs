//! Reads playbook files and knows where things are: roles, task files, the actions that exist.

use super::import::ImportedRole;
use super::role::{Role, RoleUse};
use super::scope::Scope;
use crate::error::{Error, Result, Warning};
use crate::template::templar::Templar;
use crate::value::{Dict, Value};
use crate::yaml;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

/// What an action name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// Built in: its short name.
    Builtin(&'static str),
    /// A module of the deployment or of a collection: the name written, and its file.
    External {
        /// As written in the playbook.
        name: Arc<str>,
        /// The module's file.
        path: Arc<Path>,
    },
}

impl Resolved {
    /// The built-in's short name; empty for other modules.
    pub fn short(&self) -> &'static str {
        match self {
            Resolved::Builtin(name) => name,
            Resolved::External { .. } => "",
        }
    }

    /// The name as results and errors show it: `ansible.builtin.copy`.
    pub fn full_name(&self) -> String {
        match self {
            Resolved::Builtin(name) => format!("ansible.builtin.{name}"),
            Resolved::External { name, .. } => name.to_string(),
        }
    }

    /// Whether it is one of the include and import statements.
    pub fn is_include(&self) -> bool {
        matches!(self.short(), "include_tasks" | "import_tasks" | "include_role" | "import_role")
    }
}

/// Says which actions exist. The floor above supplies it: it knows modules and actions.
pub trait Catalog: Send + Sync {
    /// What `name` stands for in this scope (roles and collections add modules of their own).
    fn resolve(&self, name: &str, scope: &Scope) -> Option<Resolved>;

    /// The known name most like `name`.
    fn nearest(&self, name: &str) -> Option<String>;
}

/// Gives templates their variables while a playbook is loaded (for names of imported files and roles).
/// Gets the scope and the variables of the play's `vars_files`.
pub type StaticVariables = dyn Fn(&Scope, &Arc<Dict>) -> Templar + Send + Sync;

/// Where the list that is being parsed stands.
#[derive(Clone)]
pub struct Context {
    /// The scope around it.
    pub parent: Arc<Scope>,
    /// Directory of the file it stands in: relative imports start here.
    pub dir: PathBuf,
    /// Whether its tasks are handlers.
    pub handlers: bool,
    /// Depth of imports, to find loops.
    pub depth: u32,
}

impl Context {
    /// The same place inside another scope.
    pub fn inside(&self, parent: Arc<Scope>) -> Context {
        Context { parent, ..self.clone() }
    }
}

/// Loads playbooks, roles and task files.
pub struct Loader {
    /// The actions that exist.
    pub catalog: Arc<dyn Catalog>,
    /// Directory of the playbook.
    pub playbook_dir: PathBuf,
    /// `roles_path` of the configuration.
    pub roles_path: Vec<PathBuf>,
    /// `collections_path` of the configuration.
    pub collections_path: Vec<PathBuf>,
    /// Variables for names in imports.
    pub variables: Box<StaticVariables>,
    /// Opens encrypted files.
    pub decrypt: Option<yaml::Decrypt>,
    /// Variables of the `vars_files` of the play that is being loaded, as far as their names are known.
    pub play_files: RwLock<Arc<Dict>>,
    /// Warnings raised while loading, in order.
    pub warnings: Mutex<Vec<Warning>>,
    /// Roles that `import_role` brought in since the play's start.
    pub imports: Mutex<Vec<ImportedRole>>,
}

impl Loader {
    /// What an action name stands for.
    pub fn resolve(&self, name: &str, scope: &Scope) -> Option<Resolved> {
        self.catalog.resolve(name, scope)
    }

    /// The action most like `name`.
    pub fn nearest_action(&self, name: &str) -> Option<String> {
        self.catalog.nearest(name)
    }

    /// Keeps a warning for the user.
    pub fn warn(&self, warning: Warning) {
        if let Ok(mut warnings) = self.warnings.lock() {
            warnings.push(warning);
        }
    }

    /// The warnings since the last call.
    pub fn take_warnings(&self) -> Vec<Warning> {
        self.warnings.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }

    /// Remembers an imported role for the play's handlers and variables.
    pub fn keep_import(&self, used: RoleUse, role: Arc<Role>, context: Context) {
        if let Ok(mut imports) = self.imports.lock() {
            imports.push(ImportedRole { used, role, context });
        }
    }

    /// The roles imported since the last call.
    pub fn take_imports(&self) -> Vec<ImportedRole> {
        self.imports.lock().map(|mut imports| std::mem::take(&mut *imports)).unwrap_or_default()
    }

    /// Reads the `vars_files` of a play whose names are plain, for names in its imports.
    pub fn enter_play(&self, files: &[Value], dir: &Path) {
        let mut variables = Dict::new();
        for name in files.iter().filter_map(Value::as_str).filter(|name| !name.contains("{{")) {
            let places = [dir.join("vars").join(name), dir.join(name)];
            // what cannot be read is told when the play runs
            let found = places.iter().find(|path| path.is_file()).and_then(|path| self.read_yaml(path).ok());
            if let Some(Value::Dict(dict)) = found {
                variables.extend((*dict).clone());
            }
        }
        *self.play_files.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(variables);
    }

    /// Renders a value that must be known while loading.
    pub fn render(&self, value: &Value, scope: &Scope) -> Result<Value> {
        let files = self.play_files.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        (self.variables)(scope, &files).template(value)
    }

    /// Reads a YAML file of tasks, vars or plays; null for an empty one. Encrypted files are opened.
    pub fn read_yaml(&self, path: &Path) -> Result<Value> {
        std::fs::metadata(path).map_err(|error| not_found(&path.display().to_string(), &error))?;
        let options = yaml::Options { decrypt: self.decrypt.clone(), ..yaml::Options::default() };
        let parsed = yaml::parse_file(path, &options)?;
        parsed.warnings.into_iter().for_each(|warning| self.warn(warning));
        Ok(parsed.content.to_value())
    }

    /// The file of tasks called `name`, searched as Ansible does: in the including file's directory, the role's `tasks/`
    /// (or `handlers/`), the playbook's directory.
    pub fn find_tasks(&self, name: &str, context: &Context) -> Result<PathBuf> {
        let kind = if context.handlers { "handlers" } else { "tasks" };
        let mut places = vec![context.dir.clone()];
        for role in context.parent.roles() {
            places.push(role.path.join(kind));
            places.push(role.path.to_path_buf());
        }
        places.push(self.playbook_dir.join(kind));
        places.push(self.playbook_dir.clone());
        let tried = || places.iter().map(|place| place.join(name));
        if let Some(found) = tried().find(|path| path.is_file()) {
            return Ok(found);
        }
        let path = tried().next().unwrap_or_else(|| PathBuf::from(name));
        let error = std::io::Error::from_raw_os_error(2);
        Err(not_found(&path.display().to_string(), &error))
    }
}

/// The error for a file that cannot be read, in Ansible's words.
pub fn not_found(path: &str, error: &std::io::Error) -> Error {
    let (code, text) = match error.raw_os_error() {
        Some(13) => (13, "Permission denied"),
        Some(21) => (21, "Is a directory"),
        _ => (2, "No such file or directory"),
    };
    Error::general(format!(
        "Unable to retrieve file contents.\nCould not find or access '{path}' on the Ansible Controller.\nIf you are using \
         a module and expect the file to exist on the remote, see the remote_src option: [Errno {code}] {text}: '{path}'"
    ))
}
