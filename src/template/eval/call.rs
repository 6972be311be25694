//! Calls: functions, methods, macros, callers, blocks.

use super::access::find_method;
use super::objects::{self, BlockRef, Cycler, FunctionRef, Joiner, Loop, MacroRef, Method, Range};
use super::scope::Scope;
use super::sink::Sink;
use super::{Closure, Interp, methods};
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::template::syntax::ast::{Arguments, Expr, Macro, Node};
use crate::value::{Dict, Value};
use std::rc::Rc;
use std::sync::Arc;

/// Functions that look at undefined arguments themselves.
const TAKES_UNDEFINED: &[&str] = &["lookup", "query", "q", "undef"];

impl Interp {
    pub(super) fn eval_call(&mut self, callee: &Expr, arguments: &Arguments, scope: &Rc<Scope>) -> Result<Value> {
        if let Node::Attr(inner, name) = &callee.node {
            let receiver = self.eval(inner, scope)?;
            if let Some(method) = find_method(&receiver, name) {
                let args = self.eval_arguments(arguments, scope)?;
                if let Some(undefined) = first_undefined(&args) {
                    return Ok(undefined);
                }
                return self.call_method(receiver, method, args);
            }
            let callee = self.get_attribute(&receiver, name)?;
            let args = self.eval_arguments(arguments, scope)?;
            return self.call_value(&callee, args);
        }
        let callee = self.eval(callee, scope)?;
        let is_lookup = objects::downcast::<FunctionRef>(&callee)
            .is_some_and(|function| matches!(function.0.name, "lookup" | "query" | "q"));
        if !is_lookup {
            let args = self.eval_arguments(arguments, scope)?;
            return self.call_value(&callee, args);
        }
        let mut positional = Vec::with_capacity(arguments.positional.len());
        for (at, term) in arguments.positional.iter().enumerate() {
            positional.push(if at == 0 { self.eval(term, scope)? } else { self.eval_term(term, scope)? });
        }
        let rest = Arguments { positional: Vec::new(), ..arguments.clone() };
        let rest = self.eval_arguments(&rest, scope)?;
        positional.extend(rest.positional);
        self.call_value(&callee, Args::new(positional, rest.named))
    }

    /// Calls whatever can be called. An error of a builtin function or method belongs to the template around it.
    pub(in crate::template) fn call_value(&mut self, callee: &Value, args: Args) -> Result<Value> {
        if callee.is_undefined() {
            return Ok(callee.clone());
        }
        if let Some(reference) = objects::downcast::<MacroRef>(callee) {
            let closure = self.closures.get(reference.id).cloned();
            return match closure {
                Some(closure) => self.call_macro(&closure, args),
                None => Err(Error::template("a macro outlived its template")),
            };
        }
        if let Some(function) = objects::downcast::<FunctionRef>(callee) {
            return self.call_function(&function.0, args);
        }
        if let Some(undefined) = first_undefined(&args) {
            return Ok(undefined);
        }
        if let Some(method) = objects::downcast::<Method>(callee) {
            return self.call_method(method.receiver.clone(), method.name, args);
        }
        if let Some(block) = objects::downcast::<BlockRef>(callee) {
            return self.call_block(block.instance, &block.name, block.depth);
        }
        if let Some(joiner) = objects::downcast::<Joiner>(callee) {
            return Ok(joiner.call());
        }
        if let Some(state) = objects::downcast::<Loop>(callee) {
            return self.call_loop(state, args);
        }
        Err(Error::template(format!("'{}' object is not callable", callee.type_name())))
    }

    fn call_function(&mut self, function: &crate::template::registry::Function, args: Args) -> Result<Value> {
        if !TAKES_UNDEFINED.contains(&function.name)
            && let Some(undefined) = first_undefined(&args)
        {
            return Ok(undefined);
        }
        if super::dispatch::VOLATILE_FUNCTIONS.contains(&function.name) {
            self.volatile = true;
        }
        (function.run)(self, args)
    }

    fn call_method(&mut self, receiver: Value, name: &'static str, args: Args) -> Result<Value> {
        if let Some(state) = objects::downcast::<Loop>(&receiver) {
            return match name {
                "cycle" => state.cycle(&args.positional),
                _ => {
                    let args = self.resolve_args(args)?;
                    Ok(Value::Bool(state.changed(args.positional)))
                }
            };
        }
        if let Some(cycler) = objects::downcast::<Cycler>(&receiver) {
            if name == "reset" {
                cycler.reset();
                return Ok(Value::None);
            }
            return Ok(cycler.next());
        }
        if let Some(range) = objects::downcast::<Range>(&receiver) {
            let wanted = args.positional.first().and_then(Value::as_i64);
            let at = wanted.and_then(|wanted| (0..range.count()).find(|at| range.at(*at) == Some(Value::Int(wanted))));
            return match (name, at) {
                ("count", at) => Ok(Value::from(usize::from(at.is_some()))),
                (_, Some(at)) => Ok(Value::from(at)),
                _ => Err(Error::template("value is not in range")),
            };
        }
        methods::call(self, receiver, name, args)
    }

    /// Makes a macro of its definition here.
    pub(super) fn define_macro(&mut self, definition: &Arc<Macro>, scope: &Rc<Scope>) -> Value {
        self.closures.push(Rc::new(Closure {
            definition: definition.clone(),
            scope: scope.clone(),
            source: self.origin.clone().filter(|_| self.lines),
        }));
        objects::value(MacroRef {
            id: self.closures.len() - 1,
            name: definition.name.clone(),
            params: definition.params.clone(),
            flags: (definition.varargs, definition.kwargs, definition.caller),
        })
    }

    fn call_macro(&mut self, closure: &Rc<Closure>, args: Args) -> Result<Value> {
        let definition = &closure.definition;
        let scope = closure.scope.child();
        let name = definition.name.as_deref().map_or_else(|| "None".to_string(), |name| Value::str(name).repr());
        let Args { positional, mut named, .. } = args;
        let explicit_caller = definition.params.iter().any(|param| &**param == "caller");
        let mut positional = positional.into_iter();
        let mut given: Vec<Option<Value>> = Vec::with_capacity(definition.params.len());
        for param in &definition.params {
            given.push(positional.next().or_else(|| take(&mut named, param)));
        }
        if definition.caller && !explicit_caller {
            let caller = take(&mut named, "caller").unwrap_or_else(|| self.undefined("No caller defined"));
            scope.set(&Arc::from("caller"), caller);
        }
        if definition.kwargs {
            let kwargs: Dict = named.drain(..).map(|(name, value)| (Value::str(name), value)).collect();
            scope.set(&Arc::from("kwargs"), Value::dict(kwargs));
        } else if let Some((unknown, _)) = named.first() {
            return Err(Error::template(if &**unknown == "caller" {
                format!(
                    "macro {name} was invoked with two values for the special caller argument. This is most likely a bug."
                )
            } else {
                format!("macro {name} takes no keyword argument {}", Value::str(&**unknown).repr())
            }));
        }
        if definition.varargs {
            scope.set(&Arc::from("varargs"), Value::tuple(positional.by_ref()));
        } else if positional.next().is_some() {
            let most = definition.params.len();
            return Err(Error::template(format!("macro {name} takes not more than {most} argument(s)")));
        }
        let here = closure.source.clone().map(|source| self.origin.replace(source));
        let result = self.deeper(|interp| {
            let first_default = definition.params.len() - definition.defaults.len();
            for (at, (param, value)) in definition.params.iter().zip(given).enumerate() {
                let value = match (value, at.checked_sub(first_default).and_then(|at| definition.defaults.get(at))) {
                    (Some(value), _) => value,
                    (None, Some(default)) => interp.eval(default, &scope)?,
                    (None, None) => interp.undefined(format!("parameter '{param}' was not provided")),
                };
                scope.set(param, value);
            }
            let mut sink = Sink::default();
            interp.exec(&definition.body, &scope, &mut sink)?;
            Ok(sink.finish())
        });
        // an error keeps the place where it happened
        if let (Ok(_), Some(here)) = (&result, here) {
            self.origin = here;
        }
        result
    }

    fn call_block(&mut self, instance: usize, name: &Arc<str>, depth: usize) -> Result<Value> {
        let Some(instance) = self.instances.get(instance).cloned() else {
            return Ok(Value::None);
        };
        let root = Scope::root(instance, self.block_surroundings.last().cloned());
        let mut sink = Sink::default();
        self.run_block(name, depth, &root, &mut sink)?;
        Ok(sink.finish())
    }
}

fn take(named: &mut Vec<(Arc<str>, Value)>, name: &str) -> Option<Value> {
    let at = named.iter().position(|(known, _)| **known == *name)?;
    Some(named.remove(at).1)
}

/// The first argument that is undefined; the call gives it back instead of running.
pub fn first_undefined(args: &Args) -> Option<Value> {
    let mut all = args.positional.iter().chain(args.named.iter().map(|(_, value)| value));
    all.find(|value| matches!(value, Value::Undefined(undefined) if !undefined.lenient)).cloned()
}
