//! Makes values whole: templates in them rendered, undefined values tripped, `omit` dropped.

use super::Interp;
use super::changes::identity;
use super::objects::{GroupTuple, Module, is_omit};
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::{Dict, Set, Value};
use std::sync::Arc;

/// What a value is made whole for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An operator, filter or method: types stay as they are.
    Use,
    /// Being joined to text: tuples become lists, `omit` goes.
    Concat,
    /// Leaving the template: as above, and nothing live may remain.
    Result,
}

/// Containers with more members than this are worth remembering when they need no rendering.
const WORTH_REMEMBERING: usize = 16;

impl Interp {
    /// The value with everything in it rendered. An undefined value stays one at the top and is an error below.
    pub(in crate::template) fn resolved(&mut self, value: &Value) -> Result<Value> {
        match value {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Undefined(_) => Ok(value.clone()),
            other => {
                let value = self.touch_value(other)?;
                if value.is_undefined() { Ok(value) } else { self.finalized(&value, Mode::Use) }
            }
        }
    }

    /// Arguments with everything in them rendered.
    pub(super) fn resolve_args(&mut self, args: Args) -> Result<Args> {
        let mut positional = Vec::with_capacity(args.positional.len());
        for value in args.positional {
            positional.push(self.resolved(&value)?);
        }
        let mut named = Vec::with_capacity(args.named.len());
        for (name, value) in args.named {
            named.push((name, self.resolved(&value)?));
        }
        Ok(Args::new(positional, named))
    }

    /// A dict key: rendered, and hashable.
    pub(super) fn key(&mut self, value: Value) -> Result<Value> {
        if let Value::Undefined(undefined) = &value {
            return Err(undefined.error());
        }
        let key = self.resolved(&value)?;
        super::ops::check_hashable(&key)?;
        Ok(key)
    }

    /// The value made whole for `mode`; undefined values anywhere in it are errors.
    pub(in crate::template) fn finalized(&mut self, value: &Value, mode: Mode) -> Result<Value> {
        Ok(self.finalize(value, mode)?.unwrap_or_else(|| value.clone()))
    }

    /// The value made whole, or none when it is already.
    fn finalize(&mut self, value: &Value, mode: Mode) -> Result<Option<Value>> {
        match value {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Moment(_) => {
                Ok(None)
            }
            Value::Str(text) if !is_template(text) => Ok(None),
            Value::Str(_) | Value::Vault(_) => {
                let rendered = self.touch_value(value)?;
                Ok(Some(self.finalized(&rendered, mode)?))
            }
            Value::Bytes(_) => Ok(None),
            Value::Undefined(undefined) if undefined.lenient => {
                if mode == Mode::Result {
                    Err(unsupported(value))
                } else {
                    Ok(None)
                }
            }
            Value::Undefined(undefined) if mode == Mode::Use => Err(undefined.error()),
            Value::Undefined(undefined) => self.replaced(undefined.error()).map(Some),
            Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_) => {
                self.deeper(|interp| interp.finalize_container(value, mode))
            }
            Value::Object(_) => self.finalize_object(value, mode),
        }
    }

    fn finalize_container(&mut self, value: &Value, mode: Mode) -> Result<Option<Value>> {
        let latest = if self.changes.is_empty() { None } else { self.changes.latest(value) };
        let current = latest.as_ref().unwrap_or(value);
        if mode == Mode::Use
            && latest.is_none()
            && let Some(id) = identity(value)
            && self.settled.contains_key(&id)
        {
            return Ok(None);
        }
        let made = match current {
            Value::List(items) => self.finalize_items(items, mode)?.map(|items| Value::List(Arc::new(items))),
            Value::Tuple(items) => {
                let made = self.finalize_items(items, mode)?;
                match (made, mode) {
                    (made, Mode::Concat | Mode::Result) => {
                        Some(made.map_or_else(|| Value::List(items.clone()), |items| Value::List(Arc::new(items))))
                    }
                    (made, Mode::Use) => made.map(|items| Value::Tuple(Arc::new(items))),
                }
            }
            Value::Set(set) => self.finalize_set(set, mode)?,
            Value::Dict(dict) => self.finalize_dict(dict, mode)?.map(Value::dict),
            _ => None,
        };
        let size = match value {
            Value::List(items) => items.len(),
            Value::Dict(dict) => dict.len(),
            _ => 0,
        };
        if made.is_none()
            && latest.is_none()
            && size > WORTH_REMEMBERING
            && self.changes.is_empty()
            && mode == Mode::Use
            && let Some(id) = identity(value)
        {
            self.settled.insert(id, value.clone());
        }
        Ok(made.or(latest))
    }

    fn finalize_items(&mut self, items: &[Value], mode: Mode) -> Result<Option<Vec<Value>>> {
        let mut made: Option<Vec<Value>> = None;
        for (at, item) in items.iter().enumerate() {
            let item = self.finalize_member(item, mode)?;
            match (&mut made, item) {
                (None, Member::Same) => {}
                (Some(made), Member::Same) => made.push(items[at].clone()),
                (made, Member::New(value)) => made.get_or_insert_with(|| items[..at].to_vec()).push(value),
                (made, Member::Gone) => {
                    made.get_or_insert_with(|| items[..at].to_vec());
                }
            }
        }
        Ok(made)
    }

    fn finalize_dict(&mut self, dict: &Dict, mode: Mode) -> Result<Option<Dict>> {
        let mut made: Option<Dict> = None;
        let before = |at: usize| dict.iter().take(at).map(|(k, v)| (k.clone(), v.clone())).collect::<Dict>();
        for (at, (key, value)) in dict.iter().enumerate() {
            if let (Value::Tuple(_), Mode::Concat | Mode::Result) = (key, mode) {
                // a tuple leaves as a list, and a list is no key
                return Err(Error::template("unhashable type: 'list'"));
            }
            match (&mut made, self.finalize_member(value, mode)?) {
                (None, Member::Same) => {}
                (Some(made), Member::Same) => {
                    made.insert_value(key.clone(), value.clone());
                }
                (made, Member::New(value)) => {
                    made.get_or_insert_with(|| before(at)).insert_value(key.clone(), value);
                }
                (made, Member::Gone) => {
                    made.get_or_insert_with(|| before(at));
                }
            }
        }
        Ok(made)
    }

    fn finalize_set(&mut self, set: &Arc<Set>, mode: Mode) -> Result<Option<Value>> {
        let items: Vec<Value> = set.iter().cloned().collect();
        let made = self.finalize_items(&items, mode)?;
        Ok(match mode {
            Mode::Result => Some(Value::list(made.unwrap_or(items))),
            _ => made.map(|items| Value::Set(Arc::new(items.into_iter().collect()))),
        })
    }

    fn finalize_member(&mut self, value: &Value, mode: Mode) -> Result<Member> {
        let omit = |value: &Value| mode != Mode::Use && is_omit(value);
        if omit(value) {
            return Ok(Member::Gone);
        }
        let rendered = match value {
            Value::Str(text) if is_template(text) => self.touch_value(value),
            Value::Vault(_) => self.touch_value(value),
            other => return Ok(self.finalize(other, mode)?.map_or(Member::Same, Member::New)),
        };
        let rendered = match rendered {
            Err(error) if mode != Mode::Use => return self.replaced(error).map(Member::New),
            rendered => rendered?,
        };
        if omit(&rendered) {
            return Ok(Member::Gone);
        }
        Ok(Member::New(self.finalized(&rendered, mode)?))
    }

    fn finalize_object(&mut self, value: &Value, mode: Mode) -> Result<Option<Value>> {
        let Value::Object(object) = value else {
            return Ok(None);
        };
        if let Some(group) = object.as_any().downcast_ref::<GroupTuple>() {
            return self.finalized(&Value::tuple(group.pair()), mode).map(Some);
        }
        if mode == Mode::Use || is_omit(value) {
            return Ok(None);
        }
        if let Some(keys) = object.keys() {
            let mut dict = Dict::with_capacity(keys.len());
            for key in keys {
                if let Some(member) = object.get(&key)? {
                    match self.finalize_member(&member, mode)? {
                        Member::Same => dict.insert_value(key, member),
                        Member::New(member) => dict.insert_value(key, member),
                        Member::Gone => None,
                    };
                }
            }
            return Ok(Some(Value::dict(dict)));
        }
        if let Some(module) = object.as_any().downcast_ref::<Module>() {
            return Ok(Some(module.body.clone()));
        }
        if mode == Mode::Result { Err(unsupported(value)) } else { Ok(None) }
    }
}

enum Member {
    Same,
    New(Value),
    Gone,
}

/// Whether rendering could change a text.
pub fn is_template(text: &crate::value::Text) -> bool {
    text.is_template() || (text.starts_with(crate::template::syntax::HEADER) && text.is_trusted())
}

fn unsupported(value: &Value) -> Error {
    Error::template(format!("Type '{}' is unsupported for variable storage.", value.type_name()))
}
