//! Attributes, items, slices and iteration.

use super::objects::{self, Loop, Method, Range};
use super::{Interp, methods};
use crate::error::{Error, Result};
use crate::template::context::Context;
use crate::value::{Text, Value};
use std::sync::Arc;

/// Names that every Python object answers to, which templates may not use.
const GUARDED: &[&str] = &[
    "__class__",
    "__delattr__",
    "__dict__",
    "__dir__",
    "__doc__",
    "__eq__",
    "__format__",
    "__ge__",
    "__getattribute__",
    "__getstate__",
    "__gt__",
    "__hash__",
    "__init__",
    "__init_subclass__",
    "__le__",
    "__lt__",
    "__module__",
    "__ne__",
    "__new__",
    "__reduce__",
    "__reduce_ex__",
    "__repr__",
    "__setattr__",
    "__sizeof__",
    "__str__",
    "__subclasshook__",
];

/// Names that containers, texts and numbers answer to.
const GUARDED_OF_CONTAINERS: &[&str] = &[
    "__add__",
    "__bool__",
    "__contains__",
    "__delitem__",
    "__getitem__",
    "__iter__",
    "__len__",
    "__mod__",
    "__mul__",
    "__reversed__",
    "__rmul__",
    "__setitem__",
    "__sub__",
];

impl Interp {
    /// `value.name`: attribute, then item.
    pub(in crate::template) fn get_attribute(&mut self, value: &Value, name: &str) -> Result<Value> {
        match value {
            Value::Undefined(undefined) if undefined.lenient => return Err(Error::template(undefined.message.clone())),
            Value::Undefined(_) => return Ok(value.clone()),
            _ => {}
        }
        if let Some(found) = self.bound(value, name) {
            return Ok(found);
        }
        if let Some(found) = self.member(value, &Value::str(name))? {
            return Ok(found);
        }
        Ok(self.no_attribute(value, name))
    }

    /// `value[key]`: item, then attribute.
    pub(in crate::template) fn get_item(&mut self, value: &Value, key: &Value) -> Result<Value> {
        match value {
            Value::Undefined(undefined) if undefined.lenient => return Err(Error::template(undefined.message.clone())),
            Value::Undefined(_) => return Ok(value.clone()),
            _ => {}
        }
        if let Value::Undefined(undefined) = key {
            return Err(undefined.error());
        }
        if let Some(found) = self.member(value, key)? {
            return Ok(found);
        }
        if let Value::Str(name) = key {
            return match self.bound(value, name) {
                Some(found) => Ok(found),
                None => Ok(self.no_attribute(value, name)),
            };
        }
        let kind = value.type_name();
        Ok(self.undefined(if key.truthy() {
            format!("object of type '{kind}' has no attribute {}", key.repr())
        } else {
            format!("{kind} object has no element {}", key.repr())
        }))
    }

    /// `getattr(value, name)` as Python does it, without a look at the items.
    pub(super) fn plain_attribute(&mut self, value: &Value, name: &str) -> Result<Value> {
        let found = match (self.bound(value, name), value) {
            (Some(found), _) => Some(found),
            (None, Value::Object(object)) => object.get(&Value::str(name))?,
            _ => None,
        };
        found.ok_or_else(|| {
            Error::template(format!("'{}' object has no attribute {}", value.type_name(), Value::str(name).repr()))
        })
    }

    /// `value[key]` as Python does it, without a look at the attributes.
    pub(super) fn plain_item(&mut self, value: &Value, key: &Value) -> Result<Value> {
        if let Some(found) = self.member(value, key)? {
            return Ok(found);
        }
        let kind = value.type_name();
        Err(Error::template(match value {
            Value::Dict(_) => key.repr(),
            Value::List(_) | Value::Tuple(_) if key.as_i64().is_some() => format!("{kind} index out of range"),
            Value::Str(_) if key.as_i64().is_some() => "string index out of range".to_string(),
            Value::List(_) | Value::Tuple(_) => {
                format!("{kind} indices must be integers or slices, not {}", key.type_name())
            }
            Value::Str(_) => format!("string indices must be integers, not '{}'", key.type_name()),
            _ => format!("'{kind}' object is not subscriptable"),
        }))
    }

    fn no_attribute(&self, value: &Value, name: &str) -> Value {
        let kind = value.type_name();
        let shown = Value::str(name).repr();
        let guarded = GUARDED.contains(&name) || (GUARDED_OF_CONTAINERS.contains(&name) && !value.is_none());
        self.undefined(if guarded {
            format!("access to attribute {shown} of '{kind}' object is unsafe.")
        } else {
            format!("object of type '{kind}' has no attribute {shown}")
        })
    }

    /// A method or data attribute of the value's type.
    fn bound(&self, value: &Value, name: &str) -> Option<Value> {
        if let Some(name) = find_method(value, name) {
            return Some(objects::value(Method { receiver: value.clone(), name }));
        }
        if let Some(reference) = objects::downcast::<objects::SelfRef>(value) {
            let block = self.instances.get(reference.instance)?.block(name, 0)?;
            let name = block.name.clone();
            return Some(objects::value(objects::BlockRef { instance: reference.instance, name, depth: 0 }));
        }
        if let (Some(block), "super") = (objects::downcast::<objects::BlockRef>(value), name) {
            let depth = block.depth + 1;
            return Some(self.super_block(block.instance, &block.name, depth));
        }
        methods::attribute(value, name)
    }

    /// A block's definition some generations up, or an undefined value.
    pub(super) fn super_block(&self, instance: usize, name: &Arc<str>, depth: usize) -> Value {
        match self.instances.get(instance).and_then(|known| known.block(name, depth)) {
            Some(_) => objects::value(objects::BlockRef { instance, name: name.clone(), depth }),
            None => self.undefined(format!("there is no parent block called '{name}'.")),
        }
    }

    /// The item of a container, rendered; none when it has none.
    fn member(&mut self, value: &Value, key: &Value) -> Result<Option<Value>> {
        let found = match value {
            Value::Dict(dict) => match key {
                Value::Str(text) => dict.get(text),
                Value::List(_) | Value::Dict(_) | Value::Set(_) => None,
                other => dict.get_value(other),
            },
            Value::List(items) | Value::Tuple(items) => index(items.len(), key).and_then(|at| items.get(at)),
            Value::Str(text) => {
                return Ok(key.as_i64().and_then(|at| character(text, at)));
            }
            Value::Bytes(bytes) => {
                return Ok(index(bytes.len(), key).and_then(|at| bytes.get(at)).map(|byte| Value::from(*byte)));
            }
            Value::Object(object) => {
                let found = object.get(key)?;
                return found.map(|found| self.touch_value(&found)).transpose();
            }
            _ => None,
        };
        match found.cloned() {
            Some(found) => self.touch_value(&found).map(Some),
            None => Ok(None),
        }
    }

    /// `value[start:stop:step]`
    pub(super) fn get_slice(&mut self, value: &Value, start: &Value, stop: &Value, step: &Value) -> Result<Value> {
        if let Value::Undefined(undefined) = value {
            return if undefined.lenient { Err(Error::template(undefined.message.clone())) } else { Ok(value.clone()) };
        }
        if let Some(range) = objects::downcast::<Range>(value) {
            let positions = methods::slice_positions(range.count(), start, stop, step)?;
            return Ok(Value::list(positions.into_iter().filter_map(|at| range.at(at))));
        }
        match methods::slice(value, start, stop, step) {
            Some(cut) => cut,
            None => {
                let kind = value.type_name();
                let part = |part: &Value| part.repr();
                Ok(self.undefined(format!(
                    "object of type '{kind}' has no attribute slice({}, {}, {})",
                    part(start),
                    part(stop),
                    part(step)
                )))
            }
        }
    }

    /// What iterating gives, unrendered.
    pub(in crate::template) fn iterate(&mut self, value: &Value) -> Result<Vec<Value>> {
        let value = self.touch_value(value)?;
        match &value {
            Value::List(items) | Value::Tuple(items) => Ok(items.to_vec()),
            Value::Dict(dict) => Ok(dict.keys().cloned().collect()),
            Value::Set(set) => Ok(set.iter().cloned().collect()),
            Value::Str(text) => Ok(text.chars().map(|c| Value::from(c.to_string())).collect()),
            Value::Bytes(bytes) => Ok(bytes.iter().map(|byte| Value::from(*byte)).collect()),
            Value::Undefined(undefined) if undefined.lenient => Ok(Vec::new()),
            Value::Undefined(undefined) => Err(undefined.error()),
            Value::Object(object) if !object.as_any().is::<Loop>() => {
                object.iterate().ok_or_else(|| not_iterable(&value))
            }
            other => Err(not_iterable(other)),
        }
    }
}

fn not_iterable(value: &Value) -> Error {
    Error::template(format!("'{}' object is not iterable", value.type_name()))
}

/// A method of a builtin type or object, by name.
pub fn find_method(value: &Value, name: &str) -> Option<&'static str> {
    objects::find_method(value, name).or_else(|| methods::find(value, name))
}

fn index(len: usize, key: &Value) -> Option<usize> {
    let at = key.as_i64()?;
    let at = if at < 0 { at.checked_add(i64::try_from(len).ok()?)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < len)
}

fn character(text: &Text, at: i64) -> Option<Value> {
    let found = if at >= 0 {
        text.chars().nth(usize::try_from(at).ok()?)
    } else {
        text.chars().rev().nth(usize::try_from(-1 - at).ok()?)
    };
    found.map(|c| Value::from(c.to_string()))
}

/// The entries of a mapping or of an iterable of pairs, as `dict()` takes them.
pub fn dict_entries(ctx: &mut dyn Context, source: &Value) -> Result<Vec<(Value, Value)>> {
    let source = ctx.touch(source)?;
    match &source {
        Value::Dict(dict) => Ok(dict.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
        Value::Object(object) if object.keys().is_some() => {
            let keys = object.keys().unwrap_or_default();
            keys.into_iter().filter_map(|key| object.get(&key).transpose().map(|value| Ok((key, value?)))).collect()
        }
        _ => {
            let mut entries = Vec::new();
            for (at, pair) in ctx.items(&source)?.into_iter().enumerate() {
                let parts = ctx.items(&pair).map_err(|_| {
                    Error::template(format!("cannot convert dictionary update sequence element #{at} to a sequence"))
                })?;
                let [key, value] = <[Value; 2]>::try_from(parts).map_err(|parts| {
                    Error::template(format!(
                        "dictionary update sequence element #{at} has length {}; 2 is required",
                        parts.len()
                    ))
                })?;
                let key = ctx.resolve(&key)?;
                super::ops::check_hashable(&key)?;
                entries.push((key, value));
            }
            Ok(entries)
        }
    }
}
