//! Filters, tests, lookups and functions by name, and how they are run.

use super::call::first_undefined;
use super::finalize::Mode;
use super::include::Document;
use super::scope::Scope;
use super::{Interp, objects};
use crate::error::{Error, Kind, Result};
use crate::template::context::{Args, Context, Environment, Variables};
use crate::template::registry::{FILTERS, FUNCTIONS, Filter, Function, LOOKUPS, Lookup, TESTS, Test};
use crate::template::syntax::SyntaxOverrides;
use crate::template::syntax::ast::Arguments;
use crate::value::{Dict, Text, Undefined, Value};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

type Table<T> = LazyLock<HashMap<&'static str, &'static T, foldhash::fast::RandomState>>;

static FILTER_TABLE: Table<Filter> =
    LazyLock::new(|| FILTERS.iter().flat_map(|list| list.iter()).map(|filter| (filter.name, filter)).collect());
static TEST_TABLE: Table<Test> =
    LazyLock::new(|| TESTS.iter().flat_map(|list| list.iter()).map(|test| (test.name, test)).collect());
static LOOKUP_TABLE: Table<Lookup> = LazyLock::new(|| LOOKUPS.iter().map(|lookup| (lookup.name, *lookup)).collect());
static FUNCTION_TABLE: Table<Function> =
    LazyLock::new(|| FUNCTIONS.iter().flat_map(|list| list.iter()).map(|function| (function.name, function)).collect());

/// What gives another result each time, or depends on more than its arguments: nothing rendered with it is kept.
const VOLATILE_FILTERS: &[&str] =
    &["random", "shuffle", "password_hash", "vault", "random_mac", "fileglob", "expanduser", "expandvars", "realpath"];
const VOLATILE_TESTS: &[&str] = &[
    "abs",
    "directory",
    "exists",
    "file",
    "is_dir",
    "is_file",
    "is_link",
    "is_mount",
    "is_same_file",
    "link",
    "link_exists",
    "mount",
    "same_file",
];
/// See [`VOLATILE_FILTERS`].
pub(super) const VOLATILE_FUNCTIONS: &[&str] = &["now", "lipsum", "lookup", "query", "q"];

/// The name without the collections that are built in.
fn plain(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name)
}

fn extra(env: &Environment, has: impl FnOnce(&dyn crate::template::context::Plugins) -> bool) -> bool {
    env.plugins.as_ref().is_some_and(|plugins| has(&**plugins))
}

/// Whether there is a filter of that name.
pub fn has_filter(env: &Environment, name: &str) -> bool {
    FILTER_TABLE.contains_key(plain(name)) || extra(env, |plugins| plugins.has_filter(name))
}

/// Whether there is a test of that name.
pub fn has_test(env: &Environment, name: &str) -> bool {
    TEST_TABLE.contains_key(plain(name)) || extra(env, |plugins| plugins.has_test(name))
}

/// Whether there is a lookup of that name.
pub fn has_lookup(env: &Environment, name: &str) -> bool {
    LOOKUP_TABLE.contains_key(plain(name)) || extra(env, |plugins| plugins.has_lookup(name))
}

/// A global function by name.
pub(super) fn function(name: &str) -> Option<&'static Function> {
    FUNCTION_TABLE.get(name).copied()
}

fn takes_lazily(filter: &Filter) -> bool {
    filter.lazy
}

impl Interp {
    /// An evaluation inside this one, with more variables on top.
    fn inner(&self, extra: &Dict) -> Interp {
        let vars: Arc<dyn Variables> = if extra.is_empty() {
            self.vars.clone()
        } else {
            Arc::new(crate::template::templar::Overlay::new(Arc::new(extra.clone()), self.vars.clone()))
        };
        let mut inner = Interp::new(self.env.clone(), vars);
        inner.depth = self.depth;
        inner
    }

    /// Adds the nearest known name as a hint.
    pub(super) fn with_nearest(&self, error: Error, kind: &str, name: &str) -> Error {
        let names: Vec<&str> = match kind {
            "filter" => FILTER_TABLE.keys().copied().collect(),
            "test" => TEST_TABLE.keys().copied().collect(),
            _ => LOOKUP_TABLE.keys().copied().collect(),
        };
        let near = |known: &&str| strsim::jaro_winkler(known, plain(name));
        match names.iter().max_by(|a, b| near(a).total_cmp(&near(b))) {
            Some(best) if near(best) > 0.88 => error.help(format!("Did you mean '{best}'?")),
            _ => error,
        }
    }

    pub(super) fn eval_filter(
        &mut self,
        name: &str,
        input: Value,
        arguments: &Arguments,
        scope: &Rc<Scope>,
    ) -> Result<Value> {
        let args = self.eval_arguments(arguments, scope)?;
        self.apply_filter(name, input, args)
    }

    /// Runs a filter; an undefined input or argument comes back instead, unless the filter wants it.
    pub(super) fn apply_filter(&mut self, name: &str, input: Value, args: Args) -> Result<Value> {
        let short = plain(name);
        let plugins = self.env.plugins.clone().filter(|plugins| plugins.has_filter(name));
        let own = if plugins.is_none() { FILTER_TABLE.get(short).copied() } else { None };
        if plugins.is_none() && own.is_none() {
            return Err(self.with_nearest(Error::template(format!("No filter named '{name}' found.")), "filter", name));
        }
        if !own.is_some_and(|filter| filter.undefined)
            && let Some(undefined) = undefined_input(&input, &args)
        {
            return Ok(undefined);
        }
        if VOLATILE_FILTERS.contains(&short) {
            self.volatile = true;
        }
        let result = self.deeper(|interp| {
            let lazy = own.is_some_and(takes_lazily);
            let (input, args) = if lazy {
                (interp.touch_value(&input)?, args)
            } else {
                (interp.resolved(&input)?, interp.resolve_args(args)?)
            };
            match (own, plugins) {
                (Some(filter), _) => (filter.run)(interp, input, args),
                (None, Some(plugins)) => {
                    interp.volatile = true;
                    plugins.filter(interp, name, input, args)
                }
                (None, None) => Ok(Value::None),
            }
        });
        match result {
            Ok(value) => Ok(self.placed(value)),
            Err(error) => self.plugin_failed(error, "filter", name),
        }
    }

    /// Runs a test; gives a boolean, or the undefined value it was asked about.
    pub(super) fn apply_test(&mut self, name: &str, input: Value, args: Args) -> Result<Value> {
        let short = plain(name);
        let plugins = self.env.plugins.clone().filter(|plugins| plugins.has_test(name));
        let own = if plugins.is_none() { TEST_TABLE.get(short).copied() } else { None };
        if plugins.is_none() && own.is_none() {
            return Err(self.with_nearest(Error::template(format!("No test named '{name}' found.")), "test", name));
        }
        if !own.is_some_and(|test| test.undefined)
            && let Some(undefined) = undefined_input(&input, &args)
        {
            return Ok(undefined);
        }
        if VOLATILE_TESTS.contains(&short) {
            self.volatile = true;
        }
        let result = self.deeper(|interp| {
            let input =
                if SHAPE_TESTS.contains(&short) { interp.touch_value(&input)? } else { interp.resolved(&input)? };
            let args = interp.resolve_args(args)?;
            match (own, plugins) {
                (Some(test), _) => (test.run)(interp, input, args),
                (None, Some(plugins)) => {
                    interp.volatile = true;
                    plugins.test(interp, name, input, args)
                }
                (None, None) => Ok(false),
            }
        });
        match result {
            Ok(holds) => Ok(Value::Bool(holds)),
            Err(error) => self.plugin_failed(error, "test", name),
        }
    }

    /// An undefined value of a filter gets the place of the template.
    fn placed(&self, value: Value) -> Value {
        match &value {
            Value::Undefined(undefined) if undefined.origin.is_none() && self.origin.is_some() => {
                Value::Undefined(Arc::new(Undefined { origin: self.origin.clone(), ..(**undefined).clone() }))
            }
            _ => value,
        }
    }

    /// What an error inside a filter, test or lookup becomes: an undefined value stays one, anything else names the plugin.
    fn plugin_failed(&self, error: Error, kind: &str, name: &str) -> Result<Value> {
        if error.is_settled() {
            return self.captured(error, "template", None);
        }
        let full = if name.contains('.') { name.to_string() } else { format!("ansible.builtin.{name}") };
        let shown = if kind == "lookup" { name } else { &full };
        let outer = Error::new(wrapped_kind(&error), format!("The {kind} plugin '{shown}' failed."));
        Err(outer.at(self.origin.as_ref()).because(error).settled())
    }

    fn run_lookup(&mut self, name: &str, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
        let short = plain(name);
        self.volatile = true;
        let plugins = self.env.plugins.clone().filter(|plugins| plugins.has_lookup(name));
        if let Some(plugins) = plugins {
            let terms = terms.iter().map(|term| self.resolved(term)).collect::<Result<_>>()?;
            return plugins.lookup(self, name, terms, options);
        }
        let Some(lookup) = LOOKUP_TABLE.get(short).copied() else {
            let error = Error::template(format!("The lookup plugin '{name}' was not found."));
            return Err(self.with_nearest(error, "lookup", name).at(self.origin.as_ref()).settled());
        };
        self.deeper(|interp| {
            let mut ready = Vec::with_capacity(terms.len());
            for term in &terms {
                ready.push(if lookup.accept_lazy { interp.touch_value(term)? } else { interp.resolved(term)? });
            }
            (lookup.run)(interp, ready, options)
        })
    }
}

/// Tests that look at no member of a container.
const SHAPE_TESTS: &[&str] = &[
    "defined",
    "undefined",
    "mapping",
    "sequence",
    "string",
    "iterable",
    "number",
    "integer",
    "float",
    "boolean",
    "true",
    "false",
    "none",
    "callable",
    "vault_encrypted",
    "vaulted_file",
];

fn wrapped_kind(error: &Error) -> Kind {
    if error.kind() == Kind::Undefined { Kind::Template } else { error.kind() }
}

fn undefined_input(input: &Value, args: &Args) -> Option<Value> {
    match input {
        Value::Undefined(undefined) if !undefined.lenient => Some(input.clone()),
        _ => first_undefined(args),
    }
}

impl Context for Interp {
    fn environment(&self) -> &Arc<Environment> {
        &self.env
    }

    fn variable(&mut self, name: &str) -> Result<Option<Value>> {
        self.outer_variable(name)
    }

    fn variables(&self) -> Arc<dyn Variables> {
        self.vars.clone()
    }

    fn resolve(&mut self, value: &Value) -> Result<Value> {
        self.resolved(value)
    }

    fn touch(&mut self, value: &Value) -> Result<Value> {
        self.touch_value(value)
    }

    fn render(&mut self, text: &str, extra: &Dict) -> Result<Value> {
        let mut inner = self.inner(extra);
        inner.document = self.document.clone();
        let trusted = Value::Str(Text::trusted(text, self.origin.clone()));
        self.deeper(|_| {
            let value = inner.touch_value(&trusted)?;
            if value.is_undefined() { Ok(value) } else { inner.finalized(&value, Mode::Use) }
        })
    }

    fn render_document(
        &mut self,
        text: &Text,
        syntax: &SyntaxOverrides,
        extra: &Dict,
        paths: &[PathBuf],
    ) -> Result<Value> {
        let mut inner = self.inner(extra);
        inner.document = Rc::new(Document { paths: paths.to_vec(), syntax: syntax.clone() });
        self.deeper(|_| {
            let value = inner.render_document_text(text)?;
            if value.is_undefined() { Ok(value) } else { inner.finalized(&value, Mode::Use) }
        })
    }

    fn attribute(&mut self, value: &Value, name: &Value) -> Result<Value> {
        match name {
            Value::Str(text) => self.get_attribute(value, text),
            other => self.get_item(value, other),
        }
    }

    fn item(&mut self, value: &Value, key: &Value) -> Result<Value> {
        self.get_item(value, key)
    }

    fn items(&mut self, value: &Value) -> Result<Vec<Value>> {
        let mut items = self.iterate(value)?;
        for item in &mut items {
            *item = self.touch_value(item)?;
        }
        Ok(items)
    }

    fn call(&mut self, callable: &Value, args: Args) -> Result<Value> {
        self.call_value(callable, args)
    }

    fn filter(&mut self, name: &str, input: Value, args: Args) -> Result<Value> {
        if !has_filter(&self.env, name) {
            return Err(self.with_nearest(Error::template(format!("No filter named '{name}'.")), "filter", name));
        }
        self.apply_filter(name, input, args)
    }

    fn test(&mut self, name: &str, input: Value, args: Args) -> Result<bool> {
        if !has_test(&self.env, name) {
            return Err(self.with_nearest(Error::template(format!("No test named '{name}'.")), "test", name));
        }
        let answer = self.apply_test(name, input, args)?;
        self.truth(&answer)
    }

    fn lookup(&mut self, name: &str, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
        self.run_lookup(name, terms, options).map_err(|error| {
            if error.is_settled() {
                return error;
            }
            let outer = Error::new(wrapped_kind(&error), format!("The lookup plugin '{name}' failed."));
            outer.at(self.origin.as_ref()).because(error).settled()
        })
    }
}

/// The `omit` placeholder: there is only one.
pub fn omit() -> Value {
    static OMIT: LazyLock<Value> = LazyLock::new(|| objects::value(objects::Omit));
    OMIT.clone()
}
