//! Statements.

use super::scope::Scope;
use super::sink::Sink;
use super::{Interp, objects};
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::template::syntax::ast::{Arguments, Expr, Node, Stmt, Target};
use crate::value::Value;
use std::rc::Rc;
use std::sync::Arc;

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At its end.
    Next,
    /// With `{% break %}`.
    Break,
    /// With `{% continue %}`.
    Continue,
}

impl Interp {
    /// Runs statements; their output goes to `sink`.
    pub(super) fn exec(&mut self, body: &[Stmt], scope: &Rc<Scope>, sink: &mut Sink) -> Result<Flow> {
        for stmt in body {
            match self.exec_one(stmt, scope, sink) {
                Ok(Flow::Next) => {}
                Ok(flow) => return Ok(flow),
                // an undefined value printed earlier is the earlier error
                Err(error) => return Err(sink.pending_undefined().unwrap_or(error)),
            }
        }
        Ok(Flow::Next)
    }

    fn exec_one(&mut self, stmt: &Stmt, scope: &Rc<Scope>, sink: &mut Sink) -> Result<Flow> {
        match stmt {
            Stmt::Data(text) => sink.push_text(self, text)?,
            Stmt::Emit(expr) => {
                if !sink.muted {
                    self.at_line(expr.line);
                    let value = self.eval(expr, scope)?;
                    sink.push(self, value)?;
                }
            }
            Stmt::For(node) => return self.exec_for(node, scope, sink),
            Stmt::If(branches, otherwise) => {
                for (test, body) in branches {
                    self.at_line(test.line);
                    let holds = self.eval(test, scope)?;
                    if self.truth(&holds)? {
                        return self.exec(body, scope, sink);
                    }
                }
                return self.exec(otherwise, scope, sink);
            }
            Stmt::Set(target, expr) => self.exec_set(target, expr, scope)?,
            Stmt::SetBlock(target, filter, body) => {
                let mut value = self.captured_body(body, scope)?;
                if let Some(filter) = filter {
                    value = self.eval_block_filter(filter, value, scope)?;
                }
                self.assign(target, value, scope)?;
            }
            Stmt::With(values, body) => {
                let mut ready = Vec::with_capacity(values.len());
                for (target, expr) in values {
                    ready.push((target, self.eval(expr, scope)?));
                }
                let inner = scope.child();
                for (target, value) in ready {
                    self.assign(target, value, &inner)?;
                }
                return self.exec(body, &inner, sink);
            }
            Stmt::Macro(definition) => {
                let value = self.define_macro(definition, scope);
                if let Some(name) = &definition.name {
                    scope.set(name, value);
                }
            }
            Stmt::CallBlock(caller, call) => {
                self.at_line(call.line);
                let caller = self.define_macro(caller, scope);
                let value = self.eval_call_block(call, caller, scope)?;
                sink.push(self, value)?;
            }
            Stmt::FilterBlock(filter, body) => {
                let value = self.captured_body(body, scope)?;
                let value = self.eval_block_filter(filter, value, scope)?;
                sink.push(self, value)?;
            }
            Stmt::Block(block) => {
                if !sink.muted {
                    self.run_block(&block.name, 0, scope, sink)?;
                }
            }
            Stmt::Extends(expr) => self.exec_extends(expr, scope, sink)?,
            Stmt::Include { template, ignore_missing, with_context } => {
                if !sink.muted {
                    self.exec_include(template, *ignore_missing, *with_context, scope, sink)?;
                }
            }
            Stmt::Import { template, target, with_context } => {
                let (module, _) = self.import(template, *with_context, scope)?;
                scope.set(target, module);
            }
            Stmt::FromImport { template, names, with_context } => {
                let (module, name) = self.import(template, *with_context, scope)?;
                for (wanted, alias) in names {
                    let found = match objects::downcast::<objects::Module>(&module) {
                        Some(module) => module.exports.get(wanted).cloned(),
                        None => None,
                    };
                    let value = found.unwrap_or_else(|| {
                        self.undefined(format!(
                            "the template {} (imported on line {} in {}) does not export the requested name {}",
                            Value::str(&*name).repr(),
                            template.line,
                            scope
                                .instance
                                .name
                                .as_deref()
                                .map_or("'<template>'".into(), |name| Value::str(name).repr()),
                            Value::str(&**wanted).repr()
                        ))
                    });
                    scope.set(alias, value);
                }
            }
            Stmt::Autoescape(expr, body) => {
                // native output is never escaped; the expression still has to be sound
                self.eval(expr, scope)?;
                let inner = scope.child();
                return self.exec(body, &inner, sink);
            }
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
            Stmt::Do(expr) => {
                self.eval(expr, scope)?;
            }
        }
        Ok(Flow::Next)
    }

    fn exec_set(&mut self, target: &Target, expr: &Expr, scope: &Rc<Scope>) -> Result<()> {
        self.at_line(expr.line);
        let value = self.eval(expr, scope)?;
        self.check_nesting(&value)?;
        self.assign(target, value, scope)
    }

    /// What a body prints, as one value.
    fn captured_body(&mut self, body: &[Stmt], scope: &Rc<Scope>) -> Result<Value> {
        let inner = scope.child();
        let mut sink = Sink::default();
        self.exec(body, &inner, &mut sink)?;
        Ok(sink.finish())
    }

    /// The filters of a filter block, applied to its output.
    fn eval_block_filter(&mut self, filter: &Expr, value: Value, scope: &Rc<Scope>) -> Result<Value> {
        let Node::Filter(inner, name, arguments) = &filter.node else {
            return self.eval(filter, scope);
        };
        let input = match inner {
            Some(inner) => self.eval_block_filter(inner, value, scope)?,
            None => value,
        };
        self.eval_filter(name, input, arguments, scope)
    }

    /// The call of a call block, with its caller.
    fn eval_call_block(&mut self, call: &Expr, caller: Value, scope: &Rc<Scope>) -> Result<Value> {
        let Node::Call(callee, arguments) = &call.node else {
            return Err(Error::template("expected call"));
        };
        let arguments: &Arguments = arguments;
        let callee = self.eval(callee, scope)?;
        let mut args = self.eval_arguments(arguments, scope)?;
        args.named.push((Arc::from("caller"), caller));
        self.call_value(&callee, Args::new(args.positional, args.named))
    }
}
