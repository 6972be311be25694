//! Templates that use others: extends and blocks, include, import.

use super::objects::{self, Module};
use super::scope::{Instance, Scope};
use super::sink::Sink;
use super::stmt::Flow;
use super::{Interp, render};
use crate::error::{Error, Kind, Origin, Result};
use crate::template::syntax::ast::{Expr, Template};
use crate::template::syntax::{self, Source, SyntaxOverrides};
use crate::value::{Dict, Value};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Where a document's includes are found, and how they are written.
pub struct Document {
    /// Directories, searched in order.
    pub paths: Vec<PathBuf>,
    /// Delimiters and blanks.
    pub syntax: SyntaxOverrides,
}

impl Document {
    /// The surroundings of a template that is no document: the playbook's directory.
    pub fn none() -> Rc<Document> {
        thread_local! {
            static NONE: Rc<Document> =
                Rc::new(Document { paths: Vec::new(), syntax: SyntaxOverrides::DEFAULT });
        }
        NONE.with(Rc::clone)
    }
}

/// A template by its name, or why there is none.
enum Found {
    Template(Arc<Template>, Arc<str>, Origin),
    Missing(Error),
}

impl Interp {
    /// Runs a template and the parents it extends.
    pub(super) fn run_into(&mut self, template: &Arc<Template>, scope: &Rc<Scope>, sink: &mut Sink) -> Result<()> {
        scope.instance.add_blocks(template);
        self.exec(&template.body, scope, sink)?;
        let mut generations = 0;
        loop {
            let parent = scope.instance.parent.borrow_mut().take();
            let Some((parent, file)) = parent else {
                return Ok(());
            };
            generations += 1;
            if generations > super::MAX_DEPTH {
                return Err(self.too_deep());
            }
            if self.lines {
                self.origin = Some(file);
                self.header = 0;
            }
            self.check_needs(&parent, "template")?;
            scope.instance.add_blocks(&parent);
            sink.muted = false;
            self.exec(&parent.body, scope, sink)?;
        }
    }

    /// Prints a block's definition, `depth` generations up from the youngest.
    pub(super) fn run_block(
        &mut self,
        name: &Arc<str>,
        depth: usize,
        scope: &Rc<Scope>,
        sink: &mut Sink,
    ) -> Result<()> {
        let Some(block) = scope.instance.block(name, depth) else {
            return Ok(());
        };
        if block.required {
            return Err(Error::template(format!("Required block {} not found", Value::str(&**name).repr())));
        }
        let around = if block.scoped { scope.clone() } else { scope.template_root() };
        let inner = around.child();
        let instance = self.instance_id(&scope.instance);
        inner.set(&Arc::from("super"), self.super_block(instance, name, depth + 1));
        self.block_surroundings.push(scope.template_root());
        let result = self.deeper(|interp| interp.exec(&block.body, &inner, sink));
        self.block_surroundings.pop();
        result.map(|_: Flow| ())
    }

    pub(super) fn exec_extends(&mut self, expr: &Expr, scope: &Rc<Scope>, sink: &mut Sink) -> Result<()> {
        if scope.instance.parent.borrow().is_some() {
            return Err(Error::template("extended multiple times"));
        }
        let name = self.eval(expr, scope)?;
        let (template, _, file) = self.load_template(&name)?;
        *scope.instance.parent.borrow_mut() = Some((template, file));
        sink.muted = true;
        Ok(())
    }

    pub(super) fn exec_include(
        &mut self,
        expr: &Expr,
        ignore_missing: bool,
        with_context: bool,
        scope: &Rc<Scope>,
        sink: &mut Sink,
    ) -> Result<()> {
        let name = self.eval(expr, scope)?;
        let (template, name, file) = match self.find_template(&name)? {
            Found::Template(template, name, file) => (template, name, file),
            Found::Missing(_) if ignore_missing => return Ok(()),
            Found::Missing(error) => return Err(error),
        };
        let inner = surroundings(name, with_context, scope);
        self.in_file(file, |interp| {
            interp.check_needs(&template, "template")?;
            interp.run_into(&template, &inner, sink)
        })
    }

    /// Runs another template for what it defines; gives it with its name.
    pub(super) fn import(&mut self, expr: &Expr, with_context: bool, scope: &Rc<Scope>) -> Result<(Value, Arc<str>)> {
        let name = self.eval(expr, scope)?;
        let (template, name, file) = self.load_template(&name)?;
        let inner = surroundings(name.clone(), with_context, scope);
        let mut sink = Sink::default();
        self.in_file(file, |interp| {
            interp.check_needs(&template, "template")?;
            interp.run_into(&template, &inner, &mut sink)
        })?;
        let exports: Dict = inner
            .own()
            .into_iter()
            .filter(|(name, _)| !name.starts_with('_'))
            .map(|(name, value)| (Value::str(name), value))
            .collect();
        Ok((objects::value(Module { name: name.clone(), exports, body: sink.finish() }), name))
    }

    /// Runs something that stands in another file; errors keep the place where they happened.
    fn in_file<T>(&mut self, file: Origin, run: impl FnOnce(&mut Interp) -> Result<T>) -> Result<T> {
        if !self.lines {
            return self.deeper(run);
        }
        let outer = self.origin.replace(file);
        let header = std::mem::replace(&mut self.header, 0);
        let result = self.deeper(run);
        if result.is_ok() {
            self.origin = outer;
            self.header = header;
        }
        result
    }

    fn load_template(&mut self, name: &Value) -> Result<(Arc<Template>, Arc<str>, Origin)> {
        match self.find_template(name)? {
            Found::Template(template, name, file) => Ok((template, name, file)),
            Found::Missing(error) => Err(error),
        }
    }

    fn find_template(&mut self, name: &Value) -> Result<Found> {
        match name {
            Value::Undefined(undefined) => Err(undefined.error()),
            Value::Str(name) => self.template_named(name),
            other => {
                let names = self.iterate(other).map_err(|error| {
                    if error.is_settled() {
                        return error;
                    }
                    Error::template(format!("'{}' object is not iterable", other.type_name()))
                })?;
                let mut tried = Vec::new();
                for name in names {
                    let name = self.resolved(&name)?;
                    let name = name.to_text().into_owned();
                    match self.template_named(&name)? {
                        Found::Missing(_) => tried.push(name),
                        found @ Found::Template(..) => return Ok(found),
                    }
                }
                Ok(Found::Missing(Error::template(if tried.is_empty() {
                    "Tried to select from an empty list of templates.".to_string()
                } else {
                    format!("none of the templates given were found: {}", tried.join(", "))
                })))
            }
        }
    }

    fn template_named(&mut self, name: &str) -> Result<Found> {
        let playbook_dir = [self.env.playbook_dir.clone()];
        let document = self.document.clone();
        let paths = if document.paths.is_empty() { &playbook_dir[..] } else { &document.paths[..] };
        let pieces: Vec<&str> = name.split('/').filter(|piece| !piece.is_empty() && *piece != ".").collect();
        if !pieces.contains(&"..") && !pieces.is_empty() {
            for path in paths {
                let file = pieces.iter().fold(path.clone(), |path, piece| path.join(piece));
                if !file.is_file() {
                    continue;
                }
                let shown = file.display();
                let bytes = std::fs::read(&file).map_err(|error| Error::template(format!("{shown}: {error}")))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| Error::template(format!("'utf-8' codec can't decode the template '{shown}'")))?;
                let source = Source {
                    syntax: &document.syntax,
                    expression: false,
                    escape_backslashes: false,
                    extensions: self.env.extensions,
                };
                let file = Origin::new(shown.to_string(), 0, 0);
                let template = syntax::parse(&text, source).map_err(|error| {
                    let cause = Error::new(Kind::TemplateSyntax, error.message);
                    render::syntax_error(cause, "template").at(Some(&Origin { line: error.line, ..file.clone() }))
                })?;
                return Ok(Found::Template(template, Arc::from(name), file));
            }
        }
        if pieces.contains(&"..") {
            return Ok(Found::Missing(Error::template(name.to_string())));
        }
        let shown: Vec<String> = paths.iter().map(|path| Value::from(path.display().to_string()).repr()).collect();
        let plural = if shown.len() == 1 { "path" } else { "paths" };
        Ok(Found::Missing(Error::template(format!(
            "{} not found in search {plural}: {}",
            Value::str(name).repr(),
            shown.join(", ")
        ))))
    }
}

/// The outermost scope of a template that another one uses.
fn surroundings(name: Arc<str>, with_context: bool, scope: &Rc<Scope>) -> Rc<Scope> {
    let isolated = !with_context || scope.instance.isolated;
    let instance = Rc::new(Instance { name: Some(name), isolated, ..Instance::default() });
    Scope::root(instance, with_context.then(|| scope.clone()))
}
