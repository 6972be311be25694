//! What filters, tests, lookups and functions see of a running evaluation.

use super::syntax::{Extensions, SyntaxOverrides};
use crate::error::{Error, Result};
use crate::value::{Dict, Text, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// Where templates find variables: raw, as they were written.
pub trait Variables: Send + Sync {
    /// The value as it stands in its source; the evaluator renders it.
    fn raw(&self, name: &str) -> Option<Value>;

    /// All names, for `vars`, `varnames` and did-you-mean hints.
    fn names(&self) -> Vec<Arc<str>>;

    /// A rendered value kept from an earlier touch of the same name.
    fn rendered(&self, _name: &str) -> Option<Value> {
        None
    }

    /// Keeps a rendered value. An implementation may ignore it.
    fn keep_rendered(&self, _name: &str, _value: &Value) {}
}

impl Variables for Dict {
    fn raw(&self, name: &str) -> Option<Value> {
        self.get(name).cloned()
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.keys().filter_map(|key| key.as_str().map(Arc::from)).collect()
    }
}

/// What stays the same for every template of a run.
#[derive(Default)]
pub struct Environment {
    /// `jinja2_extensions`, `string_conversion`... live in the configuration; templates see only what changes their meaning:
    /// lets a conditional be any value, not only a boolean (`ALLOW_BROKEN_CONDITIONALS`).
    pub allow_broken_conditionals: bool,
    /// Opens encrypted texts; `None` when no secret was given.
    pub decrypt: Option<Arc<dyn Fn(&str) -> Result<String> + Send + Sync>>,
    /// Answers `lookup('config', ...)`.
    pub setting: Option<Arc<dyn Fn(&str) -> Option<Value> + Send + Sync>>,
    /// Receives warnings (and, with `true`, deprecations) raised while rendering.
    pub warn: Option<Arc<dyn Fn(String, bool) + Send + Sync>>,
    /// Directory of the playbook: the last place where lookups search files.
    pub playbook_dir: PathBuf,
    /// Tags that `jinja2_extensions` turns on.
    pub extensions: Extensions,
    /// String literals that look like templates are plain data everywhere (`ALLOW_EMBEDDED_TEMPLATES=false`); otherwise
    /// conditionals and the terms of lookups render them, with a warning.
    pub forbid_embedded_templates: bool,
    /// Filters, tests and lookups that come with the deployment; they go before our own of the same name.
    pub plugins: Option<Arc<dyn Plugins>>,
}

/// Filters, tests and lookups that are not ours: those of a deployment's Python plugins and collections.
pub trait Plugins: Send + Sync {
    /// Whether there is a filter of that name.
    fn has_filter(&self, name: &str) -> bool;
    /// Runs a filter; input and arguments are rendered.
    fn filter(&self, ctx: &mut dyn Context, name: &str, input: Value, args: Args) -> Result<Value>;
    /// Whether there is a test of that name.
    fn has_test(&self, name: &str) -> bool;
    /// Runs a test; input and arguments are rendered.
    fn test(&self, ctx: &mut dyn Context, name: &str, input: Value, args: Args) -> Result<bool>;
    /// Whether there is a lookup of that name.
    fn has_lookup(&self, name: &str) -> bool;
    /// Runs a lookup; terms and options are rendered.
    fn lookup(&self, ctx: &mut dyn Context, name: &str, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>>;
}

/// Arguments of a call, evaluated.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// In order.
    pub positional: Vec<Value>,
    /// By name, in order.
    pub named: Vec<(Arc<str>, Value)>,
    taken: usize,
}

impl Args {
    /// Arguments from parts.
    pub fn new(positional: Vec<Value>, named: Vec<(Arc<str>, Value)>) -> Args {
        Args { positional, named, taken: 0 }
    }

    /// The next positional argument, or the one called `name`; each argument is given out once.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        if self.taken < self.positional.len() {
            self.taken += 1;
            return Some(std::mem::take(&mut self.positional[self.taken - 1]));
        }
        self.take_named(name)
    }

    /// The argument called `name`, never a positional one.
    pub fn take_named(&mut self, name: &str) -> Option<Value> {
        let at = self.named.iter().position(|(key, _)| &**key == name)?;
        Some(self.named.remove(at).1)
    }

    /// The positional arguments that were not taken yet.
    pub fn rest(&mut self) -> Vec<Value> {
        let rest = self.positional.split_off(self.taken.min(self.positional.len()));
        self.taken = self.positional.len();
        rest
    }

    /// Like [`Args::take`]; a missing argument is an error worded as Python's.
    pub fn require(&mut self, function: &str, name: &str) -> Result<Value> {
        self.take(name)
            .ok_or_else(|| Error::template(format!("{function}() missing 1 required positional argument: '{name}'")))
    }

    /// Ends reading: what is left over is an error worded as Python's.
    pub fn finish(&mut self, function: &str) -> Result<()> {
        if let Some((name, _)) = self.named.first() {
            return Err(Error::template(format!("{function}() got an unexpected keyword argument '{name}'")));
        }
        if self.taken < self.positional.len() {
            let (most, given) = (self.taken, self.positional.len());
            return Err(Error::template(format!(
                "{function}() takes {most} positional arguments but {given} were given"
            )));
        }
        Ok(())
    }
}

/// The evaluation a filter, test, lookup or function runs in.
pub trait Context {
    /// What stays the same for the whole run.
    fn environment(&self) -> &Arc<Environment>;

    /// A variable by name, rendered; `None` when there is none.
    fn variable(&mut self, name: &str) -> Result<Option<Value>>;

    /// The variables below all template scopes, raw.
    fn variables(&self) -> Arc<dyn Variables>;

    /// `value` ready to use: trusted templates and encrypted texts in it, at any depth, rendered. An undefined stays a value
    /// at the top and is an error below it.
    fn resolve(&mut self, value: &Value) -> Result<Value>;

    /// Only the value itself rendered, its members left as they are: for what looks at a container's shape.
    fn touch(&mut self, value: &Value) -> Result<Value>;

    /// Renders a text as a template whatever its trust, with extra variables on top; gives native types.
    fn render(&mut self, text: &str, extra: &Dict) -> Result<Value>;

    /// Renders a file's text with its own delimiters and extra variables on top; includes are searched in `paths`. Strings in
    /// it have escapes. Gives native types.
    fn render_document(
        &mut self,
        text: &Text,
        syntax: &SyntaxOverrides,
        extra: &Dict,
        paths: &[PathBuf],
    ) -> Result<Value>;

    /// `value.name`, as Jinja: attribute, then item; an undefined value when there is none.
    fn attribute(&mut self, value: &Value, name: &Value) -> Result<Value>;

    /// `value[key]`, as Jinja: item, then attribute; an undefined value when there is none.
    fn item(&mut self, value: &Value, key: &Value) -> Result<Value>;

    /// The items that iterating over `value` gives, each rendered; an error worded as Python's when it has none.
    fn items(&mut self, value: &Value) -> Result<Vec<Value>>;

    /// Calls a macro, function or bound method.
    fn call(&mut self, callable: &Value, args: Args) -> Result<Value>;

    /// Applies a filter by name.
    fn filter(&mut self, name: &str, input: Value, args: Args) -> Result<Value>;

    /// Applies a test by name.
    fn test(&mut self, name: &str, input: Value, args: Args) -> Result<bool>;

    /// Runs a lookup by name; a list of results.
    fn lookup(&mut self, name: &str, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>>;
}
