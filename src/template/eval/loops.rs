//! `{% for %}`: passes, `loop`, recursion.

use super::objects::{self, Loop, Range};
use super::scope::Scope;
use super::sink::Sink;
use super::stmt::Flow;
use super::{Interp, Recursion};
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::template::syntax::ast::{For, Target};
use crate::value::Value;
use std::rc::Rc;
use std::sync::Arc;

impl Interp {
    pub(super) fn exec_for(&mut self, node: &Arc<For>, scope: &Rc<Scope>, sink: &mut Sink) -> Result<Flow> {
        self.at_line(node.iter.line);
        let source = self.eval(&node.iter, scope)?;
        let recursion = node.recursive.then(|| {
            self.recursions.push(Rc::new(Recursion { definition: node.clone(), scope: scope.clone() }));
            self.recursions.len() - 1
        });
        self.run_loop(node, &source, scope, sink, 0, recursion)
    }

    /// `loop(items)` inside a recursive loop.
    pub(super) fn call_loop(&mut self, state: &Loop, mut args: Args) -> Result<Value> {
        let recursion = state.recursion.and_then(|id| self.recursions.get(id).cloned());
        let Some(recursion) = recursion else {
            return Err(Error::template("The loop must have the 'recursive' marker to be called recursively."));
        };
        let items = args.require("__call__", "iterable")?;
        let depth = state.depth0 + 1;
        self.deeper(|interp| {
            let mut sink = Sink::default();
            interp.run_loop(&recursion.definition, &items, &recursion.scope, &mut sink, depth, state.recursion)?;
            Ok(sink.finish())
        })
    }

    fn run_loop(
        &mut self,
        node: &Arc<For>,
        source: &Value,
        scope: &Rc<Scope>,
        sink: &mut Sink,
        depth0: usize,
        recursion: Option<usize>,
    ) -> Result<Flow> {
        // a range may be longer than any list; without `loop` its numbers are made one by one
        if let (Some(range), false) = (objects::downcast::<Range>(source), node.uses_loop) {
            let numbers = (0..range.count()).map_while(|at| range.at(at));
            return self.passes(node, numbers, None, scope, sink);
        }
        let mut items = self.iterate(source)?;
        if node.test.is_some() && node.uses_loop {
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                if self.wanted(node, &item, scope)? {
                    kept.push(item);
                }
            }
            items = kept;
        }
        let items = Arc::new(items);
        let state = node.uses_loop.then(|| Arc::new(Loop::new(items.clone(), depth0, recursion)));
        self.passes(node, items.iter().cloned(), state, scope, sink)
    }

    fn wanted(&mut self, node: &For, item: &Value, scope: &Rc<Scope>) -> Result<bool> {
        let Some(test) = &node.test else {
            return Ok(true);
        };
        let inner = scope.child();
        let item = self.touch_value(item)?;
        self.assign(&node.target, item, &inner)?;
        let holds = self.eval(test, &inner)?;
        self.truth(&holds)
    }

    fn passes(
        &mut self,
        node: &For,
        items: impl Iterator<Item = Value>,
        state: Option<Arc<Loop>>,
        scope: &Rc<Scope>,
        sink: &mut Sink,
    ) -> Result<Flow> {
        let mut inner = scope.child();
        let loop_name: Arc<str> = Arc::from("loop");
        let mut any = false;
        for (at, item) in items.enumerate() {
            if node.test.is_some() && state.is_none() && !self.wanted(node, &item, scope)? {
                continue;
            }
            any = true;
            // nobody holds on to the last pass's scope: it serves again
            if Rc::strong_count(&inner) == 1 {
                inner.clear()
            } else {
                inner = scope.child()
            }
            if let Some(state) = &state {
                state.go_to(at);
                inner.set(&loop_name, Value::Object(state.clone()));
            }
            let item = self.touch_value(&item)?;
            self.assign(&node.target, item, &inner)?;
            if self.exec(&node.body, &inner, sink)? == Flow::Break {
                break;
            }
        }
        if any || node.otherwise.is_empty() {
            return Ok(Flow::Next);
        }
        let inner = scope.child();
        self.exec(&node.otherwise, &inner, sink)
    }

    /// Refuses to keep a value that is nested too deeply for anyone to walk.
    pub(super) fn check_nesting(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::List(_) | Value::Tuple(_) | Value::Dict(_) => self.depths.check(value),
            _ => Ok(()),
        }
    }

    /// Puts a value where a target says.
    pub(super) fn assign(&mut self, target: &Target, value: Value, scope: &Rc<Scope>) -> Result<()> {
        match target {
            Target::Name(name) => scope.set(name, value),
            Target::Attribute(name, attribute) => {
                let holder = self.load(name, scope)?;
                match objects::downcast::<objects::Namespace>(&holder) {
                    Some(namespace) => namespace.set(attribute, value),
                    None => return Err(Error::template("cannot assign attribute on non-namespace object")),
                }
            }
            Target::Tuple(targets) => {
                if let Value::Undefined(undefined) = &value
                    && !undefined.lenient
                {
                    return Err(undefined.error());
                }
                let kind = value.type_name().to_string();
                let items = self
                    .iterate(&value)
                    .map_err(|error| if error.is_settled() { error } else { cannot_unpack(&kind) })?;
                let (expected, got) = (targets.len(), items.len());
                if got > expected {
                    return Err(Error::template(format!("too many values to unpack (expected {expected})")));
                }
                if got < expected {
                    return Err(Error::template(format!(
                        "not enough values to unpack (expected {expected}, got {got})"
                    )));
                }
                for (target, item) in targets.iter().zip(items) {
                    let item = self.touch_value(&item)?;
                    self.assign(target, item, scope)?;
                }
            }
        }
        Ok(())
    }
}

fn cannot_unpack(kind: &str) -> Error {
    Error::template(format!("cannot unpack non-iterable {kind} object"))
}
