//! The keywords of plays, blocks, tasks, handlers and roles: which may stand where, and how they inherit.

use crate::error::{Error, Origin, Result};
use crate::value::Value;

/// A place where keywords stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A play.
    Play,
    /// A block.
    Block,
    /// A task.
    Task,
    /// A handler.
    Handler,
    /// An entry of `roles:`.
    Role,
    /// `include_tasks` and `import_tasks`, which accept fewer.
    Include,
}

/// A keyword and where it is valid.
struct Rule {
    name: &'static str,
    places: &'static str,
}

/// `p`lay, `b`lock, `t`ask (and handler), `h`andler only, `r`ole.
const RULES: &[Rule] = &[
    rule("name", "pbtr"),
    rule("connection", "pbtr"),
    rule("port", "pbtr"),
    rule("remote_user", "pbtr"),
    rule("vars", "pbtr"),
    rule("module_defaults", "pbtr"),
    rule("environment", "pbtr"),
    rule("no_log", "pbtr"),
    rule("run_once", "pbtr"),
    rule("ignore_errors", "pbtr"),
    rule("ignore_unreachable", "pbtr"),
    rule("check_mode", "pbtr"),
    rule("diff", "pbtr"),
    rule("any_errors_fatal", "pbtr"),
    rule("throttle", "pbtr"),
    rule("timeout", "pbtr"),
    rule("debugger", "pbtr"),
    rule("become", "pbtr"),
    rule("become_method", "pbtr"),
    rule("become_user", "pbtr"),
    rule("become_flags", "pbtr"),
    rule("become_exe", "pbtr"),
    rule("tags", "pbtr"),
    rule("collections", "pbtr"),
    rule("when", "btr"),
    rule("delegate_to", "btr"),
    rule("delegate_facts", "btr"),
    rule("notify", "bt"),
    rule("block", "b"),
    rule("rescue", "b"),
    rule("always", "b"),
    rule("action", "t"),
    rule("local_action", "t"),
    rule("args", "t"),
    rule("async", "t"),
    rule("changed_when", "t"),
    rule("delay", "t"),
    rule("failed_when", "t"),
    rule("loop", "t"),
    rule("loop_control", "t"),
    rule("poll", "t"),
    rule("register", "t"),
    rule("retries", "t"),
    rule("until", "t"),
    rule("listen", "h"),
    rule("role", "r"),
    rule("hosts", "p"),
    rule("gather_facts", "p"),
    rule("gather_subset", "p"),
    rule("gather_timeout", "p"),
    rule("fact_path", "p"),
    rule("vars_files", "p"),
    rule("vars_prompt", "p"),
    rule("roles", "p"),
    rule("handlers", "p"),
    rule("pre_tasks", "p"),
    rule("post_tasks", "p"),
    rule("tasks", "p"),
    rule("force_handlers", "p"),
    rule("max_fail_percentage", "p"),
    rule("serial", "p"),
    rule("strategy", "p"),
    rule("order", "p"),
    rule("validate_argspec", "p"),
];

/// What `include_tasks` accepts beside its own arguments.
const INCLUDE: &[&str] = &[
    "action",
    "args",
    "collections",
    "debugger",
    "ignore_errors",
    "loop",
    "loop_control",
    "loop_with",
    "name",
    "no_log",
    "register",
    "run_once",
    "tags",
    "timeout",
    "vars",
    "when",
    "listen",
];

const fn rule(name: &'static str, places: &'static str) -> Rule {
    Rule { name, places }
}

/// The keyword's interned name if it is valid at this place.
pub fn find(name: &str, place: Place) -> Option<&'static str> {
    if place == Place::Include && !INCLUDE.contains(&name) {
        return None;
    }
    let mark = match place {
        Place::Play => "p",
        Place::Block => "b",
        Place::Task | Place::Include => "t",
        Place::Handler => "th",
        Place::Role => "r",
    };
    RULES.iter().find(|rule| rule.name == name && rule.places.contains(|c| mark.contains(c))).map(|rule| rule.name)
}

/// The valid keyword most like `name`, for a hint.
pub fn nearest(name: &str, place: Place) -> Option<&'static str> {
    let valid = RULES.iter().filter(|rule| find(rule.name, place).is_some());
    let scored = valid.map(|rule| (strsim::damerau_levenshtein(name, rule.name), rule.name));
    scored.filter(|(distance, near)| *distance <= 2.min(near.len() / 3 + 1)).min().map(|(_, near)| near)
}

/// Keywords as they were written, in order.
#[derive(Clone, Debug, Default)]
pub struct Keywords(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    name: &'static str,
    value: Value,
    origin: Option<Origin>,
}

impl Keywords {
    /// Sets a keyword; `origin` is the place of its name.
    pub fn set(&mut self, name: &'static str, value: Value, origin: Option<Origin>) {
        self.0.retain(|entry| entry.name != name);
        self.0.push(Entry { name, value, origin });
    }

    /// The value as written.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }

    /// The place of the keyword's value, or else of its name.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        let entry = self.0.iter().find(|entry| entry.name == name)?;
        entry.value.origin().or(entry.origin.as_ref())
    }

    /// Whether it was written.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Takes it out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|entry| entry.name == name)?;
        Some(self.0.remove(at).value)
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|entry| entry.name)
    }
}

/// The error for a keyword that is not valid here, with the nearest one as a hint.
pub fn invalid(name: &str, class: &str, place: Place, origin: Option<&Origin>) -> Error {
    let error = Error::parser(format!("'{name}' is not a valid attribute for a {class}")).at(origin);
    match nearest(name, place) {
        Some(near) => error.help(format!("Did you mean '{near}'?")),
        None => error,
    }
}

/// A keyword that must be a list of texts or one text: `tags`, `notify`, `listen`, `collections`. Comma texts are split
/// where Ansible splits them (`tags`).
pub fn texts(value: &Value, split_commas: bool) -> Result<Vec<Value>> {
    let one = |value: &Value| match value {
        Value::Str(text) if split_commas && !text.is_template() => text
            .split(',')
            .map(|part| Value::Str(crate::value::Text::tagged(part.trim(), text.tag().cloned())))
            .collect(),
        other => vec![other.clone()],
    };
    Ok(match value {
        Value::None => Vec::new(),
        Value::List(items) => items.iter().flat_map(one).collect(),
        other => one(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_valid_where_ansible_says() {
        assert!(find("hosts", Place::Play).is_some());
        assert!(find("hosts", Place::Task).is_none());
        assert!(find("listen", Place::Task).is_none());
        assert!(find("listen", Place::Handler).is_some());
        assert!(find("when", Place::Play).is_none());
    }

    #[test]
    fn a_typo_finds_its_keyword() {
        assert_eq!(nearest("wehn", Place::Task), Some("when"));
        assert_eq!(nearest("resue", Place::Block), Some("rescue"));
        assert_eq!(nearest("quite_another", Place::Block), None);
    }
}
