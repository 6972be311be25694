//! Tasks: which action, with which arguments, under which keywords.

use super::keyword::{self, Keywords, Place};
use super::loader::{Context, Loader, Resolved};
use super::scope::{Scope, ScopeKind};
use super::split;
use crate::error::{Error, Origin, Result};
use crate::value::{Dict, Text, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A task's identity within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u32);

impl TaskId {
    /// A new identity.
    pub fn next() -> TaskId {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        TaskId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a task repeats over.
#[derive(Clone, Debug)]
pub enum Loop {
    /// `loop:`.
    Loop(Value),
    /// `with_NAME:`, with the name of the lookup.
    With(String, Value),
}

/// A task or handler.
#[derive(Debug)]
pub struct Task {
    /// Its identity.
    pub id: TaskId,
    /// The action as the playbook wrote it: `copy` or `ansible.builtin.copy`.
    pub action: String,
    /// What the action is.
    pub resolved: Resolved,
    /// Arguments as written; `_raw_params` holds free text, `_variable_params` a template that gives all of them.
    pub arguments: Arc<Dict>,
    /// The place of the action's name.
    pub action_origin: Option<Origin>,
    /// What it repeats over.
    pub repeat: Option<Loop>,
    /// Where that is written.
    pub repeat_origin: Option<Origin>,
    /// Keywords, variables and the scopes around it.
    pub scope: Arc<Scope>,
    /// Whether it is a handler.
    pub is_handler: bool,
    /// Made by us (flush_handlers, gather_facts, ...), not written by the user.
    pub implicit: bool,
}

impl Task {
    /// A task that the user did not write: `action` with `arguments` in a scope.
    pub fn implicit(action: &str, resolved: Resolved, arguments: Dict, parent: Arc<Scope>) -> Task {
        Task {
            id: TaskId::next(),
            action: action.to_string(),
            resolved,
            arguments: Arc::new(arguments),
            action_origin: None,
            repeat: None,
            repeat_origin: None,
            scope: Arc::new(Scope::empty(ScopeKind::Task, Some(parent))),
            is_handler: false,
            implicit: true,
        }
    }

    /// `name:` as written.
    pub fn name(&self) -> Option<&Value> {
        self.scope.keywords.get("name").filter(|name| !name.is_none())
    }

    /// Where the task stands.
    pub fn origin(&self) -> Option<&Origin> {
        self.scope.origin.as_ref()
    }

    /// One of its own keywords, not inherited.
    pub fn keyword(&self, name: &str) -> Option<&Value> {
        self.scope.keywords.get(name).filter(|value| !value.is_none())
    }

    /// The role whose files it stands in.
    pub fn role(&self) -> Option<&Arc<super::role::Role>> {
        self.scope.role.as_ref()
    }

    /// The name to show, untemplated: `role : name`, or the action.
    pub fn title(&self) -> String {
        let name = self.name().map_or_else(|| self.action.clone(), |name| name.to_text().into_owned());
        self.titled(&name)
    }

    /// `name` with the role in front, as banners show it.
    pub fn titled(&self, name: &str) -> String {
        match self.role() {
            Some(role) if self.name().is_some() || !name.is_empty() => format!("{} : {name}", role.name),
            _ => name.to_string(),
        }
    }
}

/// The action statement of a task, found among its keys.
struct Statement {
    name: String,
    arguments: Value,
    origin: Option<Origin>,
    local: bool,
}

/// Builds a task from its mapping.
pub fn parse(loader: &Loader, dict: &Dict, context: &Context) -> Result<Task> {
    let origin = dict.keys().next().and_then(|key| key.origin()).cloned();
    let place = if context.handlers { Place::Handler } else { Place::Task };
    let mut keywords = Keywords::default();
    let mut candidates = Vec::new();
    let mut repeat = None;
    let mut repeat_origin = None;
    for (key, value) in dict {
        let name = key.as_str().ok_or_else(|| {
            Error::parser(format!("a task's keys must be texts, got {}", key.repr())).at(origin.as_ref())
        })?;
        if let Some(keyword) = keyword::find(name, place) {
            keywords.set(keyword, value.clone(), key.origin().cloned());
        } else if let Some(lookup) = name.strip_prefix("with_") {
            if repeat.is_some() {
                return Err(Error::parser(format!("duplicate loop in task: {lookup}")).at(key.origin()));
            }
            repeat = Some(Loop::With(lookup.to_string(), value.clone()));
            repeat_origin = value.origin().or(key.origin()).cloned();
        } else {
            candidates.push((key, name, value));
        }
    }
    let statement = find_statement(loader, &mut keywords, &candidates, place, origin.as_ref())?;
    let loop_origin = keywords.origin("loop").cloned();
    if let Some(value) = keywords.take("loop") {
        if repeat.is_some() {
            return Err(Error::parser("duplicate loop in task: loop").at(origin.as_ref()));
        }
        repeat = Some(Loop::Loop(value));
        repeat_origin = loop_origin;
    }
    if statement.local {
        keywords.set("delegate_to", Value::Str(Text::plain("localhost")), origin.clone());
    }
    build(loader, statement, keywords, (repeat, repeat_origin), context, origin)
}

fn build(
    loader: &Loader,
    statement: Statement,
    mut keywords: Keywords,
    (repeat, repeat_origin): (Option<Loop>, Option<Origin>),
    context: &Context,
    origin: Option<Origin>,
) -> Result<Task> {
    let (name, arguments) = arguments_of(statement.name, statement.arguments, keywords.take("args"), origin.as_ref())?;
    let resolved = loader.resolve(&name, &context.parent).ok_or_else(|| unresolved(loader, &name, origin.as_ref()))?;
    if resolved.is_include()
        && let Some(bad) = keywords.names().find(|name| keyword::find(name, Place::Include).is_none())
    {
        let role = matches!(resolved.short(), "include_role" | "import_role");
        let permitted = resolved.short().starts_with("import_") || role || matches!(bad, "delegate_to" | "register");
        if !permitted {
            let class = if context.handlers { "HandlerTaskInclude" } else { "TaskInclude" };
            return Err(keyword::invalid(bad, class, Place::Include, keywords.origin(bad)));
        }
    }
    let vars = vars_of(&mut keywords)?;
    let mut scope = Scope::empty(ScopeKind::Task, Some(context.parent.clone()));
    scope.keywords = keywords;
    scope.vars = vars;
    scope.origin = origin;
    Ok(Task {
        id: TaskId::next(),
        action: name,
        resolved,
        arguments: Arc::new(arguments),
        action_origin: statement.origin,
        repeat_origin,
        repeat,
        scope: Arc::new(scope),
        is_handler: context.handlers,
        implicit: false,
    })
}

fn find_statement(
    loader: &Loader,
    keywords: &mut Keywords,
    candidates: &[(&Value, &str, &Value)],
    place: Place,
    origin: Option<&Origin>,
) -> Result<Statement> {
    let mut found: Option<Statement> = None;
    for (keyword, local) in [("action", false), ("local_action", true)] {
        let at = keywords.origin(keyword).cloned();
        if let Some(value) = keywords.take(keyword) {
            if found.is_some() {
                return Err(Error::parser("action and local_action are mutually exclusive").at(origin));
            }
            found = Some(action_statement(&value, at, local)?);
        }
    }
    for (key, name, value) in candidates {
        if let Some(first) = &found {
            let error = Error::parser(format!("conflicting action statements: {}, {name}", first.name)).at(origin);
            return Err(match keyword::nearest(name, place).or_else(|| keyword::nearest(&first.name, place)) {
                Some(near) => error.help(format!("Did you mean '{near}'?")),
                None => error,
            });
        }
        found = Some(Statement {
            name: (*name).to_string(),
            arguments: (*value).clone(),
            origin: key.origin().cloned(),
            local: false,
        });
    }
    let _ = loader;
    found.ok_or_else(|| Error::parser("no module/action detected in task.").at(origin))
}

/// `action: name k=v` or `action: {module: name, k: v}`.
fn action_statement(value: &Value, origin: Option<Origin>, local: bool) -> Result<Statement> {
    match value {
        Value::Str(text) => {
            let trimmed = text.trim_start();
            let (name, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
            let arguments = Value::Str(Text::tagged(rest.trim(), text.tag().cloned()));
            Ok(Statement { name: name.to_string(), arguments, origin, local })
        }
        Value::Dict(dict) => {
            let mut arguments = (**dict).clone();
            let name = arguments.remove("module").and_then(|name| name.as_str().map(str::to_string));
            let name = name.ok_or_else(|| Error::parser("no module/action detected in task.").at(origin.as_ref()))?;
            let (name, rest) = match name.trim().split_once(char::is_whitespace) {
                Some((name, rest)) => (name.to_string(), Some(rest.to_string())),
                None => (name, None),
            };
            if let Some(rest) = rest {
                add_text(&mut arguments, &name, &Text::tagged(rest, None))?;
            }
            Ok(Statement { name, arguments: Value::dict(arguments), origin, local })
        }
        other => {
            Err(Error::parser(format!("unexpected parameter type in action: {}", other.type_name()))
                .at(origin.as_ref()))
        }
    }
}

/// The arguments as a mapping: `args:` below, the statement's own above.
fn arguments_of(name: String, value: Value, args: Option<Value>, origin: Option<&Origin>) -> Result<(String, Dict)> {
    let mut arguments = Dict::new();
    match args {
        None | Some(Value::None) => {}
        Some(Value::Dict(dict)) => arguments.extend((*dict).clone()),
        Some(Value::Str(text)) if text.is_template() => {
            arguments.insert("_variable_params", Value::Str(text));
        }
        Some(Value::Str(text)) => add_text(&mut arguments, &name, &text)?,
        Some(other) => {
            let message = format!(
                "Complex args must be a dictionary or variable string (\"{{{{var}}}}\"), got {}",
                other.type_name()
            );
            return Err(Error::parser(message).at(origin));
        }
    }
    match value {
        Value::None => {}
        Value::Dict(dict) => arguments.extend((*dict).clone()),
        Value::Str(text) => add_text(&mut arguments, &name, &text)
            .map_err(|error| Error::parser(format!("Error loading tasks: {}", error.message())).at(origin))?,
        Value::List(items) if takes_free_text(&name) => {
            // `command: [a, b]` is not Ansible, but `include_vars: [..]`-like lists reach the module, which refuses them
            arguments.insert("_raw_params", Value::List(items));
        }
        other => {
            return Err(
                Error::parser(format!("unexpected parameter type in action: {}", python_type(&other))).at(origin)
            );
        }
    }
    Ok((name, arguments))
}

fn python_type(value: &Value) -> String {
    match value {
        Value::List(_) => "<class 'ansible.module_utils._internal._datatag._AnsibleTaggedList'>".into(),
        Value::Int(_) => "<class 'ansible.module_utils._internal._datatag._AnsibleTaggedInt'>".into(),
        Value::Float(_) => "<class 'ansible.module_utils._internal._datatag._AnsibleTaggedFloat'>".into(),
        other => format!("<class '{}'>", other.type_name()),
    }
}

fn add_text(arguments: &mut Dict, action: &str, text: &Text) -> Result<()> {
    let short = short_name(action);
    let free = takes_free_text(action);
    if !free && text.is_trusted() && is_one_template(text) {
        arguments.insert("_variable_params", Value::Str(text.clone()));
        return Ok(());
    }
    let parsed = split::parse(text, matches!(short, "command" | "shell" | "script" | "raw"))?;
    let tagged = |part: String| Value::Str(Text::tagged(part, text.tag().cloned()));
    for (key, value) in parsed.pairs {
        arguments.insert(key, tagged(value));
    }
    if let Some(raw) = parsed.raw {
        if !free {
            let message = format!(
                "this task '{action}' has extra params, which is only allowed in the following modules: {FREE_TEXT_LIST}"
            );
            return Err(Error::parser(message));
        }
        arguments.insert("_raw_params", tagged(raw));
    }
    Ok(())
}

/// Whether a text is one `{{ }}` and nothing else.
fn is_one_template(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{") && text.ends_with("}}") && text[2..].find("}}") == Some(text.len() - 4)
}

const FREE_TEXT: &[&str] = &[
    "command",
    "win_command",
    "shell",
    "win_shell",
    "script",
    "raw",
    "include_vars",
    "include_tasks",
    "include_role",
    "import_tasks",
    "import_role",
    "add_host",
    "group_by",
    "set_fact",
    "meta",
    "include",
];
const FREE_TEXT_LIST: &str = "add_host, command, group_by, import_role, import_tasks, include_role, include_tasks, \
     include_vars, meta, raw, script, set_fact, shell, win_command, win_shell";

fn takes_free_text(action: &str) -> bool {
    FREE_TEXT.contains(&short_name(action))
}

/// The name without `ansible.builtin.` or `ansible.legacy.`.
pub fn short_name(action: &str) -> &str {
    action.strip_prefix("ansible.builtin.").or_else(|| action.strip_prefix("ansible.legacy.")).unwrap_or(action)
}

fn unresolved(loader: &Loader, name: &str, origin: Option<&Origin>) -> Error {
    let message = format!(
        "couldn't resolve module/action '{name}'. This often indicates a misspelling, missing collection, or incorrect module path."
    );
    let error = Error::parser(message).at(origin);
    match loader.nearest_action(name) {
        Some(near) => error.help(format!("Did you mean '{near}'?")),
        None => error,
    }
}

/// Takes `vars:` out of the keywords: a mapping, or a list of mappings as older playbooks have.
pub fn vars_of(keywords: &mut Keywords) -> Result<Arc<Dict>> {
    let origin = keywords.origin("vars").cloned();
    let refuse = || Error::parser("Vars in a task must be specified as a dictionary.").at(origin.as_ref());
    match keywords.take("vars") {
        None | Some(Value::None) => Ok(Arc::default()),
        Some(Value::Dict(dict)) => {
            if let Some(key) = dict.keys().find(|key| !key.as_str().is_some_and(is_variable_name)) {
                let message = format!(
                    "Invalid variable name in '{}' specified for Task: '{}' is not a valid variable name",
                    "vars",
                    key.to_text()
                );
                return Err(Error::parser(message).at(key.origin().or(origin.as_ref())));
            }
            Ok(dict)
        }
        Some(Value::List(items)) => {
            let mut all = Dict::new();
            for item in items.iter() {
                all.extend(item.as_dict().ok_or_else(refuse)?.clone());
            }
            Ok(Arc::new(all))
        }
        Some(_) => Err(refuse()),
    }
}

/// Whether a text can name a variable: a Python identifier that is no keyword of Python's.
pub fn is_variable_name(name: &str) -> bool {
    const RESERVED: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') && !RESERVED.contains(&name)
}
