//! Rendering on touch: a trusted template that is taken out of a variable or container is rendered at that moment.

use super::changes::{dict_mut, list_mut, set_mut};
use super::finalize::is_template;
use super::scope::{Instance, Scope};
use super::sink::Sink;
use super::{Interp, Memo};
use crate::error::{Error, Kind, Origin, Result};
use crate::template::syntax::ast::{Need, Stmt, Template};
use crate::template::syntax::{self, Source, SyntaxError, SyntaxOverrides, parse_overrides};
use crate::value::{Dict, Set, Text, Undefined, Value, Vaulted};
use std::rc::Rc;
use std::sync::Arc;

impl Interp {
    /// The value itself ready to use; the members of a container stay as they are.
    pub(in crate::template) fn touch_value(&mut self, value: &Value) -> Result<Value> {
        match value {
            Value::Str(text) if is_template(text) => self.render_text(text),
            Value::Vault(vaulted) => self.decrypted(vaulted),
            Value::List(_) | Value::Dict(_) | Value::Set(_) if !self.changes.is_empty() => {
                Ok(self.changes.latest(value).unwrap_or_else(|| value.clone()))
            }
            other => Ok(other.clone()),
        }
    }

    /// A variable from below all scopes, rendered.
    pub(super) fn outer_variable(&mut self, name: &str) -> Result<Option<Value>> {
        if let Some(value) = self.vars.rendered(name) {
            return self.touch_value(&value).map(Some);
        }
        let Some(raw) = self.vars.raw(name) else {
            return Ok(None);
        };
        let needs_rendering = match &raw {
            Value::Str(text) => is_template(text),
            Value::Vault(_) => true,
            _ => false,
        };
        if !needs_rendering {
            return self.touch_value(&raw).map(Some);
        }
        let around = std::mem::replace(&mut self.volatile, false);
        let value = self.touch_value(&raw);
        let volatile = self.volatile;
        self.volatile |= around;
        let value = value?;
        if !volatile && !value.is_undefined() && self.changes.is_empty() {
            self.vars.keep_rendered(name, &value);
        }
        Ok(Some(value))
    }

    fn decrypted(&mut self, vaulted: &Arc<Vaulted>) -> Result<Value> {
        let id = Arc::as_ptr(vaulted).addr();
        if let Some(memo) = self.memo.get(&id) {
            let value = memo.value.clone();
            return self.touch_value(&value);
        }
        let refuse = |cause: Error| {
            Error::new(Kind::Vault, "Attempt to use undecryptable variable.")
                .at(vaulted.origin.as_ref())
                .because(cause)
                .settled()
        };
        let decrypt = self
            .env
            .decrypt
            .clone()
            .ok_or_else(|| refuse(Error::new(Kind::Vault, "Attempting to decrypt but no vault secrets found.")))?;
        let plain = decrypt(&vaulted.ciphertext).map_err(refuse)?;
        // what was encrypted is never rendered, wherever it stands
        let value = Value::Str(Text::trusted(plain, vaulted.origin.clone()).untrusted());
        self.memo.insert(id, Memo { _kept: Value::Vault(vaulted.clone()), value: value.clone(), volatile: false });
        self.touch_value(&value)
    }

    /// Renders a trusted text; what it gives is remembered.
    pub(super) fn render_text(&mut self, text: &Text) -> Result<Value> {
        let id = text.as_str().as_ptr().addr();
        if let Some(memo) = self.memo.get(&id) {
            self.volatile |= memo.volatile;
            let value = memo.value.clone();
            return match &value {
                Value::List(_) | Value::Dict(_) | Value::Set(_) => Ok(self.changes.latest(&value).unwrap_or(value)),
                _ => Ok(value),
            };
        }
        if self.active.contains(&id) {
            self.origin = text.origin().cloned();
            return Err(self.too_deep());
        }
        let around = std::mem::replace(&mut self.volatile, false);
        self.active.push(id);
        let rendered = self.deeper(|interp| interp.render_fresh(text));
        self.active.pop();
        let volatile = self.volatile;
        self.volatile |= around;
        let value = rendered?;
        if !volatile || !self.active.is_empty() {
            self.volatile_memos += usize::from(volatile);
            self.memo.insert(id, Memo { _kept: Value::Str(text.clone()), value: value.clone(), volatile });
        }
        if self.active.is_empty() && self.volatile_memos > 0 {
            // the next template from outside asks again
            self.memo.retain(|_, memo| !memo.volatile);
            self.volatile_memos = 0;
        }
        Ok(value)
    }

    fn render_fresh(&mut self, text: &Text) -> Result<Value> {
        let origin = text.origin().cloned();
        let outer = std::mem::replace(&mut self.origin, origin);
        let embed = std::mem::replace(&mut self.embed, false);
        let lines = std::mem::replace(&mut self.lines, false);
        let result = self.render_source(text, &SyntaxOverrides::DEFAULT, true);
        self.embed = embed;
        self.lines = lines;
        let origin = std::mem::replace(&mut self.origin, outer);
        match result {
            Ok(value) => Ok(with_origin(value, text.tag())),
            Err(error) => self.captured(error, "template", origin.as_ref()),
        }
    }

    /// What an error inside a template becomes at its border: an undefined value stays one, anything else names the template.
    pub(super) fn captured(&self, error: Error, what: &str, origin: Option<&Origin>) -> Result<Value> {
        if self.fatal.is_some() {
            return Err(error);
        }
        if error.kind() == Kind::Undefined && error.is_settled() && error.cause().is_none() {
            let mut undefined = Undefined::new(error.message());
            undefined.origin = error.origin().or(origin).cloned();
            return Ok(Value::Undefined(Arc::new(undefined)));
        }
        Err(settle(error, what, origin))
    }

    /// The value of a trusted expression, members unrendered; with `embed`, string literals that look like templates are
    /// rendered.
    pub(in crate::template) fn evaluate_text(&mut self, expression: &Text, embed: bool) -> Result<Value> {
        if !expression.is_trusted() {
            let error = Error::template("Encountered untrusted template or expression.");
            return Err(error.at(expression.origin()).settled());
        }
        let outer = std::mem::replace(&mut self.origin, expression.origin().cloned());
        let embed = std::mem::replace(&mut self.embed, embed);
        let result = self.deeper(|interp| {
            let source = Source {
                syntax: &SyntaxOverrides::DEFAULT,
                expression: true,
                escape_backslashes: false,
                extensions: interp.env.extensions,
            };
            let template = syntax::parse(expression, source).map_err(|error| {
                let error = Error::new(Kind::TemplateSyntax, error.message);
                let mut what = "Syntax error in expression.".to_string();
                if SyntaxOverrides::DEFAULT.finds_template(expression) {
                    what += " Template delimiters are not supported in expressions.";
                }
                Error::new(Kind::TemplateSyntax, what).because(error)
            })?;
            interp.run(&template, "expression")
        });
        self.embed = embed;
        self.origin = outer;
        match result {
            Ok(value) => Ok(with_origin(value, expression.tag())),
            Err(error) => self.captured(error, "expression", expression.origin()),
        }
    }

    /// Renders a trusted document with the evaluation's overrides; strings in it have escapes.
    pub(in crate::template) fn render_document_text(&mut self, text: &Text) -> Result<Value> {
        let document = self.document.clone();
        // the document's own place is its first line; every statement moves it
        let start = text.origin().map(|origin| Origin { line: 0, column: 0, ..origin.clone() });
        let outer = std::mem::replace(&mut self.origin, start);
        let lines = std::mem::replace(&mut self.lines, text.origin().is_some_and(Origin::is_file));
        let result = self.deeper(|interp| interp.render_source(text, &document.syntax, false));
        self.lines = lines;
        let place = std::mem::replace(&mut self.origin, outer);
        match result {
            Ok(value) => Ok(value),
            Err(error) => self.captured(error, "template", place.as_ref()),
        }
    }

    fn render_source(&mut self, text: &Text, syntax: &SyntaxOverrides, escape_backslashes: bool) -> Result<Value> {
        let (body, overrides) = if text.starts_with(syntax::HEADER) {
            let (body, overrides) = parse_overrides(text, syntax).map_err(|error| syntax_error(error, "template"))?;
            (body, Some(overrides))
        } else {
            (text.as_str(), None)
        };
        let source = Source {
            syntax: overrides.as_ref().unwrap_or(syntax),
            expression: false,
            escape_backslashes,
            extensions: self.env.extensions,
        };
        let header = u32::from(overrides.is_some());
        let template = syntax::parse(body, source).map_err(|error| self.wrong_syntax(&error, header))?;
        self.header = header;
        let value = self.run(&template, "template")?;
        Ok(keep_newlines(value, body, &syntax.newline_sequence))
    }

    /// A template that is written wrongly; in a file of its own the line is known.
    pub(super) fn wrong_syntax(&mut self, error: &SyntaxError, header: u32) -> Error {
        if let (true, Some(origin)) = (self.lines, &mut self.origin) {
            origin.line = error.line + header;
        }
        let cause = Error::new(Kind::TemplateSyntax, error.message.clone());
        syntax_error(cause, "template").at(self.origin.as_ref())
    }

    /// Notes the line of the statement that runs, in a file of its own.
    pub(super) fn at_line(&mut self, line: u32) {
        if let (true, Some(origin)) = (self.lines, &mut self.origin) {
            origin.line = line + self.header;
        }
    }

    /// Runs a template without surroundings.
    fn run(&mut self, template: &Arc<Template>, what: &str) -> Result<Value> {
        self.check_needs(template, what)?;
        let scope = Scope::root(Rc::new(Instance::default()), None);
        if let [Stmt::Emit(expr)] = template.body.as_slice() {
            self.at_line(expr.line);
            return self.eval(expr, &scope);
        }
        let mut sink = Sink::default();
        self.run_into(template, &scope, &mut sink)?;
        Ok(sink.finish())
    }

    /// Filters and tests outside branches must exist before anything runs.
    pub(super) fn check_needs(&self, template: &Template, what: &str) -> Result<()> {
        for need in &template.needs {
            let (known, kind, name) = match need {
                Need::Filter(name) => (super::has_filter(&self.env, name), "filter", name),
                Need::Test(name) => (super::has_test(&self.env, name), "test", name),
            };
            if !known {
                let cause = Error::new(Kind::TemplateSyntax, format!("No {kind} named '{name}'."));
                return Err(syntax_error(self.with_nearest(cause, kind, name), what));
            }
        }
        Ok(())
    }

    /// Changes the list that `receiver` stands for, as everyone who holds it sees it.
    pub(super) fn mutate_list<R>(&mut self, receiver: Value, change: impl FnOnce(&mut Vec<Value>) -> R) -> Result<R> {
        self.settled.clear();
        self.changes.change(receiver, |value| list_mut(value).map(change))?.ok_or_else(wrong_container)
    }

    /// Changes the dict that `receiver` stands for.
    pub(super) fn mutate_dict<R>(&mut self, receiver: Value, change: impl FnOnce(&mut Dict) -> R) -> Result<R> {
        self.settled.clear();
        self.changes.change(receiver, |value| dict_mut(value).map(change))?.ok_or_else(wrong_container)
    }

    /// Changes the set that `receiver` stands for.
    pub(super) fn mutate_set<R>(&mut self, receiver: Value, change: impl FnOnce(&mut Set) -> R) -> Result<R> {
        self.settled.clear();
        self.changes.change(receiver, |value| set_mut(value).map(change))?.ok_or_else(wrong_container)
    }
}

fn wrong_container() -> Error {
    Error::template("the value cannot be changed")
}

/// Says that a template or expression is written wrongly.
pub fn syntax_error(cause: Error, what: &str) -> Error {
    Error::new(Kind::TemplateSyntax, format!("Syntax error in {what}.")).because(cause)
}

/// Says that a template or expression failed, unless the error says so itself.
pub fn settle(error: Error, what: &str, origin: Option<&Origin>) -> Error {
    if error.is_settled() {
        return error;
    }
    if error.message().starts_with("Syntax error in ") {
        return error.at(origin).settled();
    }
    let kind = if error.kind() == Kind::Undefined { Kind::Template } else { error.kind() };
    Error::new(kind, format!("Error rendering {what}.")).at(origin).because(error).settled()
}

/// A text that a template gave knows the template's place.
fn with_origin(value: Value, tag: Option<&Arc<crate::value::Tag>>) -> Value {
    match (&value, tag) {
        (Value::Str(text), Some(tag)) if text.origin().is_none() && tag.origin.is_some() => {
            let tag = Arc::new(crate::value::Tag { origin: tag.origin.clone(), trust: crate::value::Trust::Data });
            Value::Str(Text::tagged(text.shared(), Some(tag)))
        }
        _ => value,
    }
}

/// Gives a text the line breaks back that its template ended with.
pub fn keep_newlines(value: Value, template: &str, sequence: &str) -> Value {
    let Value::Str(text) = &value else {
        return value;
    };
    let count = |text: &str| text.bytes().rev().take_while(|b| *b == b'\n').count();
    let missing = count(template).saturating_sub(count(text));
    if missing == 0 {
        return value;
    }
    Value::Str(Text::tagged(format!("{text}{}", sequence.repeat(missing)), text.tag().cloned()))
}
