//! The variables that playbooks use, found in their text: in templates, conditions and definitions, through imports, includes,
//! roles, variable files and templates, as far as their names are plain.

use crate::value::Value;
use crate::yaml;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// Names of variables.
#[derive(Debug, Default)]
pub struct Names {
    names: BTreeSet<String>,
    seen: HashSet<PathBuf>,
    /// Where the playbooks are: roles and files are searched there, too.
    roots: Vec<PathBuf>,
}

/// Keywords whose whole text is an expression.
const EXPRESSIONS: &[&str] =
    &["when", "changed_when", "failed_when", "until", "that", "loop", "break_when", "var", "run_once", "ignore_errors"];

/// Words of the template language.
const WORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "block",
    "endblock",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "filter",
    "endfilter",
    "include",
    "import",
    "from",
    "with",
    "without",
    "context",
    "raw",
    "endraw",
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
    "recursive",
    "loop",
    "omit",
    "lookup",
    "query",
];

impl Names {
    /// The variables of these playbooks.
    pub fn of<'a>(playbooks: impl Iterator<Item = &'a Path>) -> Names {
        let mut names = Names::default();
        for playbook in playbooks {
            let playbook = std::path::absolute(playbook).unwrap_or_else(|_| playbook.to_path_buf());
            let root = playbook.parent().map(Path::to_path_buf).unwrap_or_default();
            for folder in ["group_vars", "host_vars"] {
                names.folder(&root.join(folder), true);
            }
            names.roots.push(root);
            names.file(&playbook, false);
        }
        names
    }

    /// Whether a variable is used.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Reads a YAML file; its top keys are variables if it defines them.
    fn file(&mut self, path: &Path, defines: bool) {
        if !self.seen.insert(path.to_path_buf()) {
            return;
        }
        let Ok(parsed) = yaml::parse_file(path, &yaml::Options::default()) else { return };
        let value = parsed.content.to_value();
        if defines {
            self.keys(&value);
        }
        let dir = path.parent().map(Path::to_path_buf).unwrap_or_default();
        self.walk(&value, &dir);
    }

    fn folder(&mut self, dir: &Path, defines: bool) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                self.folder(&path, defines);
            } else if is_yaml(&path) || (defines && path.extension().is_none()) {
                self.file(&path, defines);
            }
        }
    }

    fn keys(&mut self, value: &Value) {
        let Value::Dict(dict) = value else { return };
        self.names.extend(dict.keys().filter_map(Value::as_str).map(str::to_string));
    }

    fn walk(&mut self, value: &Value, dir: &Path) {
        match value {
            Value::Str(text) => self.template(text),
            Value::List(items) => items.iter().for_each(|item| self.walk(item, dir)),
            Value::Dict(dict) => dict.iter().for_each(|(key, value)| self.entry(&key.to_text(), value, dir)),
            _ => {}
        }
    }

    fn entry(&mut self, key: &str, value: &Value, dir: &Path) {
        let short = key.strip_prefix("ansible.builtin.").or_else(|| key.strip_prefix("ansible.legacy.")).unwrap_or(key);
        match short {
            "import_playbook" | "include_tasks" | "import_tasks" | "include" => self.follow_file(value, dir, false),
            "vars_files" | "include_vars" => self.follow_file(value, dir, true),
            "include_role" | "import_role" => self.follow_role(value),
            "roles" | "dependencies" => {
                value.as_slice().unwrap_or_default().iter().for_each(|role| self.follow_role(role));
            }
            "vars" | "set_fact" => self.keys(value),
            "template" => self.follow_template(value, dir),
            _ if EXPRESSIONS.contains(&short) || short.starts_with("with_") => self.expressions(value),
            _ => {}
        }
        self.walk(value, dir);
    }

    fn expressions(&mut self, value: &Value) {
        match value {
            Value::Str(text) if !text.contains("{{") => self.expression(text),
            Value::List(items) => items.iter().for_each(|item| self.expressions(item)),
            _ => {}
        }
    }

    fn follow_file(&mut self, value: &Value, dir: &Path, defines: bool) {
        match value {
            Value::Str(text) => {
                let word = text.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
                let named = text.split_whitespace().find_map(|word| word.strip_prefix("file="));
                let name = named.unwrap_or(word);
                let kinds: &[&str] = if defines { &["", "vars", "../vars"] } else { &["", "tasks"] };
                let places: Vec<PathBuf> =
                    std::iter::once(dir.to_path_buf()).chain(self.roots.iter().cloned()).collect();
                let tried = places.iter().flat_map(|place| kinds.iter().map(move |kind| place.join(kind).join(name)));
                if let Some(path) = tried.into_iter().find(|path| path.is_file()) {
                    self.file(&path, defines);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.follow_file(item, dir, defines)),
            Value::Dict(dict) => {
                dict.get("file").into_iter().for_each(|file| self.follow_file(file, dir, defines));
            }
            _ => {}
        }
    }

    fn follow_template(&mut self, value: &Value, dir: &Path) {
        let source = match value {
            Value::Dict(dict) => dict.get("src").and_then(Value::as_str),
            Value::Str(text) => text.split_whitespace().find_map(|word| word.strip_prefix("src=")),
            _ => None,
        };
        let Some(source) = source else { return };
        let places = [dir.join(source), dir.join("templates").join(source), dir.join("../templates").join(source)];
        if let Some(path) = places.iter().find(|path| path.is_file()) {
            self.document(path);
        }
    }

    fn document(&mut self, path: &Path) {
        if self.seen.insert(path.to_path_buf())
            && let Ok(text) = std::fs::read_to_string(path)
        {
            self.template(&text);
        }
    }

    fn follow_role(&mut self, value: &Value) {
        let name = match value {
            Value::Str(text) => {
                let words = text.split_whitespace();
                words.clone().find_map(|word| word.strip_prefix("name=")).or_else(|| words.clone().next())
            }
            Value::Dict(dict) => dict.get("role").or_else(|| dict.get("name")).and_then(Value::as_str),
            _ => None,
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else { return };
        let candidates: Vec<PathBuf> =
            self.roots.iter().flat_map(|root| [root.join("roles").join(name), root.join(name)]).collect();
        let Some(role) = candidates.into_iter().find(|path| path.is_dir()) else { return };
        for (folder, defines) in
            [("defaults", true), ("vars", true), ("tasks", false), ("handlers", false), ("meta", false)]
        {
            self.folder(&role.join(folder), defines);
        }
        let templates = walkdir::WalkDir::new(role.join("templates")).into_iter().flatten();
        let files: Vec<PathBuf> =
            templates.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect();
        files.iter().for_each(|path| self.document(path));
    }

    /// Names between the delimiters of a text.
    fn template(&mut self, text: &str) {
        for (open, close) in [("{{", "}}"), ("{%", "%}")] {
            let mut rest = text;
            while let Some(start) = rest.find(open) {
                let inner = &rest[start + 2..];
                let end = inner.find(close).unwrap_or(inner.len());
                self.expression(&inner[..end]);
                rest = &inner[end..];
            }
        }
    }

    /// Names in an expression: not those of attributes, filters or tests, nor words within quotes.
    fn expression(&mut self, text: &str) {
        let mut previous = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            match c {
                '\'' | '"' => {
                    chars.by_ref().find(|(_, other)| *other == c);
                    previous = "'".into();
                }
                c if c.is_alphabetic() || c == '_' => {
                    let mut end = start + c.len_utf8();
                    while let Some((at, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() || *c == '_') {
                        end = at + c.len_utf8();
                    }
                    let word = &text[start..end];
                    let no_name = matches!(previous.as_str(), "." | "|" | "is") || WORDS.contains(&word);
                    let test = previous == "not" && text[..start].trim_end().ends_with("is not");
                    if !no_name && !test {
                        self.names.insert(word.to_string());
                    }
                    previous = word.into();
                }
                c if c.is_whitespace() => {}
                c => previous = c.into(),
            }
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| matches!(extension, "yml" | "yaml" | "json"))
}
