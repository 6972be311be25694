//! The face that templates show to the floors above.

use super::conditional;
use super::context::{Context, Environment, Variables};
use super::eval::{Document, Interp, Mode, objects};
use super::syntax::SyntaxOverrides;
use crate::error::{Error, Kind, Result};
use crate::value::{Dict, Text, Value};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Variables with others on top.
pub struct Overlay {
    top: Arc<Dict>,
    below: Arc<dyn Variables>,
}

impl Overlay {
    /// `top` goes before `below`.
    pub fn new(top: Arc<Dict>, below: Arc<dyn Variables>) -> Overlay {
        Overlay { top, below }
    }
}

impl Variables for Overlay {
    fn raw(&self, name: &str) -> Option<Value> {
        self.top.get(name).cloned().or_else(|| self.below.raw(name))
    }

    fn names(&self) -> Vec<Arc<str>> {
        let mut names = Variables::names(&*self.top);
        names.extend(self.below.names().into_iter().filter(|name| !self.top.contains(name)));
        names
    }

    // what was rendered below may speak of a variable that stands on top: nothing is taken over or kept
}

/// Renders templates and evaluates expressions with one set of variables. Cheap to make and to clone.
#[derive(Clone)]
pub struct Templar {
    env: Arc<Environment>,
    vars: Arc<dyn Variables>,
}

impl Templar {
    /// Templates over these variables.
    pub fn new(env: Arc<Environment>, vars: Arc<dyn Variables>) -> Templar {
        Templar { env, vars }
    }

    /// What stays the same for the whole run.
    pub fn environment(&self) -> &Arc<Environment> {
        &self.env
    }

    /// The variables.
    pub fn variables(&self) -> &Arc<dyn Variables> {
        &self.vars
    }

    /// The same with more variables on top.
    pub fn with_variables(&self, overlay: Arc<Dict>) -> Templar {
        Templar { env: self.env.clone(), vars: Arc::new(Overlay::new(overlay, self.vars.clone())) }
    }

    /// The value with every trusted template in it rendered, at any depth. `omit` drops out of lists and mappings; alone it
    /// comes back, see [`is_omit`].
    pub fn template(&self, value: &Value) -> Result<Value> {
        self.fresh().template_whole(value)
    }

    /// The value itself rendered, the members of a container left raw: for arguments whose members are rendered later.
    pub fn template_shape(&self, value: &Value) -> Result<Value> {
        let mut interp = self.fresh();
        let shape = interp.touch_value(value).map_err(|error| interp.final_error(error, "template", value))?;
        match &shape {
            Value::Undefined(undefined) => Err(undefined.error().at(value.origin())),
            Value::List(_) | Value::Dict(_) => Ok(shape),
            _ => interp.template_whole(&shape),
        }
    }

    /// The value of a trusted expression.
    pub fn evaluate(&self, expression: &Text) -> Result<Value> {
        self.fresh().evaluate_whole(expression, false)
    }

    /// The value of a trusted expression, to be shown: what cannot be had is replaced by a note, and the errors come along,
    /// in the order of the notes' numbers.
    pub fn evaluate_for_display(&self, expression: &Text) -> Result<(Value, Vec<Error>)> {
        let mut interp = self.fresh();
        interp.replaced = Some(Vec::new());
        let value = match interp.evaluate_whole(expression, false) {
            Err(error) if error.kind() == Kind::TemplateSyntax => return Err(error),
            Err(error) => interp.replaced(error)?,
            Ok(value) => value,
        };
        Ok((value, interp.replaced.take().unwrap_or_default()))
    }

    /// The value of a variable expression from a place that trusts nothing else: names, dots and indexes (`x`, `x.y`, `x[1]`).
    pub fn resolve_variable(&self, expression: &str) -> Result<Value> {
        let valid = |part: &str| part.bytes().all(|b| b.is_ascii_digit()) || super::eval::strings::is_identifier(part);
        if !expression.split(['.', '[', ']']).all(valid) {
            return Err(Error::template(format!("Invalid variable expression: {expression}")));
        }
        self.evaluate(&Text::trusted(expression, None))
    }

    /// Whether a condition holds: a boolean, or an expression with a boolean result.
    pub fn conditional(&self, condition: &Value) -> Result<bool> {
        conditional::holds(&mut self.fresh(), condition)
    }

    /// Renders a document, such as a file for the template action, to text. Backslashes in its strings are escapes. `extra`
    /// goes on top of the variables; includes are searched in `paths`.
    pub fn template_document(
        &self,
        text: &Text,
        overrides: &SyntaxOverrides,
        extra: Arc<Dict>,
        paths: &[PathBuf],
    ) -> Result<String> {
        let vars = if extra.is_empty() { self.clone() } else { self.with_variables(extra) };
        let value = vars.fresh().document_whole(text, overrides, paths)?;
        Ok(if value.is_none() { String::new() } else { value.to_text().into_owned() })
    }

    /// Runs a lookup: terms in order, options by name. Terms and results are made whole.
    pub fn lookup(&self, name: &str, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
        let mut interp = self.fresh();
        let found = interp.lookup(name, terms, options)?;
        let mut ready = Vec::with_capacity(found.len());
        for value in found {
            ready.push(interp.template_whole(&value)?);
        }
        Ok(ready)
    }

    /// Whether rendering could change the value: a trusted template stands in it.
    pub fn is_template(&self, value: &Value) -> bool {
        is_template(value)
    }

    fn fresh(&self) -> Interp {
        Interp::new(self.env.clone(), self.vars.clone())
    }
}

/// Whether a trusted template stands in a value, at any depth.
pub fn is_template(value: &Value) -> bool {
    match value {
        Value::Str(text) => super::eval::is_template(text),
        Value::List(items) | Value::Tuple(items) => items.iter().any(is_template),
        Value::Dict(dict) => dict.iter().any(|(key, value)| is_template(key) || is_template(value)),
        _ => false,
    }
}

/// Whether a value is the `omit` placeholder.
pub fn is_omit(value: &Value) -> bool {
    objects::is_omit(value)
}

/// The `omit` placeholder.
pub fn omit() -> Value {
    super::eval::omit()
}

impl Interp {
    /// [`Templar::template`]
    pub(super) fn template_whole(&mut self, value: &Value) -> Result<Value> {
        let rendered = self.touch_value(value).and_then(|rendered| {
            if is_omit(&rendered) { Ok(rendered) } else { self.finalized(&rendered, Mode::Result) }
        });
        rendered.map_err(|error| self.final_error(error, "template", value))
    }

    /// [`Templar::evaluate`]; with `embed`, string literals that look like templates are rendered.
    pub(super) fn evaluate_whole(&mut self, expression: &Text, embed: bool) -> Result<Value> {
        let value = self.evaluate_text(expression, embed).and_then(|value| match &value {
            _ if is_omit(&value) => Ok(value),
            _ => self.finalized(&value, Mode::Result),
        });
        value.map_err(|error| self.final_error(error, "expression", &Value::Str(expression.clone())))
    }

    fn document_whole(&mut self, text: &Text, overrides: &SyntaxOverrides, paths: &[PathBuf]) -> Result<Value> {
        let value = self
            .document_value(text, overrides, paths)
            .and_then(|value| if value.is_none() { Ok(value) } else { self.finalized(&value, Mode::Result) });
        value.map_err(|error| self.final_error(error, "template", &Value::Str(text.clone())))
    }

    /// Renders a document; includes are searched in `paths`.
    pub(super) fn document_value(
        &mut self,
        text: &Text,
        overrides: &SyntaxOverrides,
        paths: &[PathBuf],
    ) -> Result<Value> {
        let document = Rc::new(Document { paths: paths.to_vec(), syntax: overrides.clone() });
        let outer = std::mem::replace(&mut self.document, document);
        let value = self.render_document_text(text);
        self.document = outer;
        value
    }

    /// The error that leaves the evaluation: an endless recursion goes before everything else.
    pub(super) fn final_error(&mut self, error: Error, what: &str, source: &Value) -> Error {
        if let Some(fatal) = self.fatal.take() {
            return fatal;
        }
        super::eval::settle(error, what, source.origin())
    }
}
