//! Expressions.

use super::scope::Scope;
use super::{Interp, objects, ops};
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::template::syntax::ast::{Arguments, CmpOp, Expr, Node};
use crate::value::{Dict, Text, Undefined, Value};
use std::rc::Rc;
use std::sync::Arc;

/// How much stack an expression may need before the next check.
const RED_ZONE: usize = 96 * 1024;

impl Interp {
    /// The value of an expression: rendered itself, its members as they are.
    pub(super) fn eval(&mut self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        match &expr.node {
            Node::Const(value) => Ok(value.clone()),
            Node::Name(name) => self.load(name, scope),
            Node::Embedded(text) => self.embedded(text),
            _ => stacker::maybe_grow(RED_ZONE, 1024 * 1024, || self.eval_compound(expr, scope)),
        }
    }

    fn eval_compound(&mut self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        match &expr.node {
            Node::Attr(inner, name) => {
                let value = self.eval(inner, scope)?;
                self.get_attribute(&value, name)
            }
            Node::Item(inner, key) => self.eval_item(inner, key, scope),
            Node::Filter(input, name, arguments) => {
                let input = match input {
                    Some(input) => self.eval(input, scope)?,
                    None => Value::None,
                };
                self.eval_filter(name, input, arguments, scope)
            }
            Node::Test(input, name, arguments) => {
                let input = self.eval(input, scope)?;
                let args = self.eval_arguments(arguments, scope)?;
                self.apply_test(name, input, args)
            }
            Node::Call(callee, arguments) => self.eval_call(callee, arguments, scope),
            Node::Compare(first, rest) => self.eval_compare(first, rest, scope),
            Node::Not(inner) => {
                let value = self.eval(inner, scope)?;
                Ok(Value::Bool(!self.truth(&value)?))
            }
            Node::And(a, b) => {
                let left = self.eval(a, scope)?;
                if self.truth(&left)? { self.eval(b, scope) } else { Ok(left) }
            }
            Node::Or(a, b) => {
                let left = self.eval(a, scope)?;
                if self.truth(&left)? { Ok(left) } else { self.eval(b, scope) }
            }
            Node::Cond { test, then, otherwise } => self.eval_cond(expr.line, test, then, otherwise.as_deref(), scope),
            Node::Binary(op, a, b) => {
                let left = self.eval(a, scope)?;
                let right = self.eval(b, scope)?;
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                ops::binary(*op, &left, &right)
            }
            Node::Concat(parts) => self.eval_concat(parts, scope),
            Node::Neg(inner) => {
                let value = self.eval(inner, scope)?;
                ops::negate(&self.operand(value)?)
            }
            Node::Pos(inner) => {
                let value = self.eval(inner, scope)?;
                ops::positive(&self.operand(value)?)
            }
            Node::List(items) => Ok(Value::list(self.eval_all(items, scope)?)),
            Node::Tuple(items) => Ok(Value::tuple(self.eval_all(items, scope)?)),
            Node::Dict(items) => {
                let mut dict = Dict::with_capacity(items.len());
                for (key, value) in items {
                    let key = self.eval(key, scope)?;
                    let value = self.eval(value, scope)?;
                    dict.insert_value(self.key(key)?, value);
                }
                Ok(Value::dict(dict))
            }
            Node::Slice(..) => Err(Error::template("a slice needs something to cut")),
            Node::NamespaceRef(name, attribute) => {
                let value = self.load(name, scope)?;
                self.get_attribute(&value, attribute)
            }
            Node::Const(_) | Node::Name(_) | Node::Embedded(_) => self.eval(expr, scope),
        }
    }

    fn eval_all(&mut self, items: &[Expr], scope: &Rc<Scope>) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(self.eval(item, scope)?);
        }
        Ok(values)
    }

    /// A variable: from the scopes, then from outside, then a global function.
    pub(super) fn load(&mut self, name: &Arc<str>, scope: &Rc<Scope>) -> Result<Value> {
        if let Some(value) = scope.get(name) {
            return self.touch_value(&value);
        }
        if &**name == "self" {
            let instance = self.instance_id(&scope.instance);
            return Ok(objects::value(objects::SelfRef { instance }));
        }
        if !scope.instance.isolated
            && let Some(value) = self.outer_variable(name)?
        {
            return Ok(value);
        }
        match super::dispatch::function(name) {
            Some(_) if &**name == "omit" => Ok(super::omit()),
            Some(function) => Ok(objects::value(objects::FunctionRef(*function))),
            None => Ok(self.undefined(format!("'{name}' is undefined"))),
        }
    }

    /// A string literal that looks like a template: data, except in conditions.
    fn embedded(&mut self, text: &Text) -> Result<Value> {
        if self.embed && !self.env.forbid_embedded_templates {
            return self.render_embedded(text);
        }
        let tag = self
            .origin
            .clone()
            .map(|origin| Arc::new(crate::value::Tag { origin: Some(origin), trust: crate::value::Trust::Data }));
        Ok(Value::Str(Text::tagged(text.shared(), tag)))
    }

    fn render_embedded(&mut self, text: &Text) -> Result<Value> {
        let example = if self.embed {
            "`when: \"{{ a_var }}\" == 42` becomes `when: a_var == 42`"
        } else {
            "`msg: \"{{ lookup('env', '{{ a_var }}') }}\"` becomes `msg: \"{{ lookup('env', a_var) }}\"`"
        };
        self.warn(
            "Jinja constant strings should not contain embedded templates. This feature will be disabled by default in \
             ansible-core 2.23.",
            self.origin.as_ref(),
            Some(&format!("Use inline expressions, for example: {example}")),
        );
        let trusted = Text::trusted(text.shared(), self.origin.clone());
        self.render_text(&trusted)
    }

    /// A term of a lookup: literals that look like templates are rendered, also inside literal lists and dicts.
    pub(super) fn eval_term(&mut self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        match &expr.node {
            Node::Embedded(text) if !self.env.forbid_embedded_templates => self.render_embedded(text),
            Node::List(items) | Node::Tuple(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.eval_term(item, scope)?);
                }
                Ok(if matches!(expr.node, Node::List(_)) { Value::list(values) } else { Value::tuple(values) })
            }
            Node::Dict(items) => {
                let mut dict = Dict::with_capacity(items.len());
                for (key, value) in items {
                    let key = self.eval(key, scope)?;
                    let value = self.eval_term(value, scope)?;
                    dict.insert_value(self.key(key)?, value);
                }
                Ok(Value::dict(dict))
            }
            _ => self.eval(expr, scope),
        }
    }

    /// Python's truth; an undefined value has none.
    pub(super) fn truth(&mut self, value: &Value) -> Result<bool> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            Value::Undefined(undefined) if !undefined.lenient => Err(undefined.error()),
            Value::List(_) | Value::Dict(_) | Value::Set(_) if !self.changes.is_empty() => {
                Ok(self.touch_value(value)?.truthy())
            }
            other => Ok(other.truthy()),
        }
    }

    /// An operand: rendered through and through, and defined.
    fn operand(&mut self, value: Value) -> Result<Value> {
        match &value {
            Value::Undefined(undefined) if !undefined.lenient => Err(undefined.error()),
            Value::Undefined(undefined) => Err(Error::template(undefined.message.clone())),
            Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_) => self.resolved(&value),
            _ => Ok(value),
        }
    }

    fn eval_cond(
        &mut self,
        line: u32,
        test: &Expr,
        then: &Expr,
        otherwise: Option<&Expr>,
        scope: &Rc<Scope>,
    ) -> Result<Value> {
        let holds = self.eval(test, scope)?;
        match (self.truth(&holds)?, otherwise) {
            (true, _) => self.eval(then, scope),
            (false, Some(otherwise)) => self.eval(otherwise, scope),
            (false, None) => {
                let message = format!(
                    "the inline if-expression on line {line} evaluated to false and no else section was defined."
                );
                let undefined = Undefined { message, origin: self.origin.clone(), lenient: true };
                Ok(Value::Undefined(Arc::new(undefined)))
            }
        }
    }

    fn eval_compare(&mut self, first: &Expr, rest: &[(CmpOp, Expr)], scope: &Rc<Scope>) -> Result<Value> {
        let mut left = self.eval(first, scope)?;
        left = self.compared(left)?;
        for (op, operand) in rest {
            let right = self.eval(operand, scope)?;
            let right = self.compared(right)?;
            if let (Value::Undefined(undefined), CmpOp::Lt | CmpOp::Le | CmpOp::Gt | CmpOp::Ge) = (&left, op) {
                return Err(Error::template(undefined.message.clone()));
            }
            if !ops::compare(*op, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn compared(&mut self, value: Value) -> Result<Value> {
        if matches!(&value, Value::Undefined(undefined) if undefined.lenient) { Ok(value) } else { self.operand(value) }
    }

    fn eval_concat(&mut self, parts: &[Expr], scope: &Rc<Scope>) -> Result<Value> {
        let mut text = String::new();
        for value in self.eval_all(parts, scope)? {
            match &value {
                Value::Str(piece) => text.push_str(piece),
                Value::Undefined(undefined) if undefined.lenient => {}
                _ => {
                    let value = self.operand(value)?;
                    text.push_str(&value.to_text());
                }
            }
        }
        Ok(Value::from(text))
    }

    fn eval_item(&mut self, inner: &Expr, key: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        let value = self.eval(inner, scope)?;
        if let Node::Slice(start, stop, step) = &key.node {
            let mut bound = |part: &Option<Box<Expr>>| -> Result<Value> {
                match part {
                    Some(part) => {
                        let value = self.eval(part, scope)?;
                        self.operand(value)
                    }
                    None => Ok(Value::None),
                }
            };
            let (start, stop, step) = (bound(start)?, bound(stop)?, bound(step)?);
            return self.get_slice(&value, &start, &stop, &step);
        }
        let key = self.eval(key, scope)?;
        self.get_item(&value, &key)
    }

    /// Evaluates the arguments of a call.
    pub(super) fn eval_arguments(&mut self, arguments: &Arguments, scope: &Rc<Scope>) -> Result<Args> {
        if arguments.positional.is_empty()
            && arguments.named.is_empty()
            && arguments.star.is_none()
            && arguments.double_star.is_none()
        {
            return Ok(Args::default());
        }
        let mut positional = self.eval_all(&arguments.positional, scope)?;
        let mut named = Vec::with_capacity(arguments.named.len());
        for (name, value) in &arguments.named {
            if named.iter().any(|(known, _)| known == name) {
                return Err(Error::template(format!("keyword argument repeated: {name}")));
            }
            named.push((name.clone(), self.eval(value, scope)?));
        }
        if let Some(star) = &arguments.star {
            let star = self.eval(star, scope)?;
            positional.extend(self.iterate(&star)?);
        }
        if let Some(double_star) = &arguments.double_star {
            let value = self.eval(double_star, scope)?;
            self.add_named(value, &mut named)?;
        }
        Ok(Args::new(positional, named))
    }

    fn add_named(&mut self, value: Value, named: &mut Vec<(Arc<str>, Value)>) -> Result<()> {
        if let Value::Undefined(undefined) = &value {
            return Err(undefined.error());
        }
        let is_mapping = matches!(&value, Value::Dict(_)) || matches!(&value, Value::Object(o) if o.keys().is_some());
        if !is_mapping {
            let kind = value.type_name();
            return Err(Error::template(format!("argument after ** must be a mapping, not {kind}")));
        }
        for (key, value) in super::dict_entries(self, &value)? {
            let Value::Str(key) = key else {
                return Err(Error::template("keywords must be strings"));
            };
            if named.iter().any(|(known, _)| **known == *key) {
                return Err(Error::template(format!("got multiple values for keyword argument '{key}'")));
            }
            named.push((key.shared(), value));
        }
        Ok(())
    }
}
