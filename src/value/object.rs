//! Live values: things that compute their members when asked.

use super::Value;
use crate::error::Result;
use std::any::Any;
use std::fmt;

/// A value with behaviour. The default methods describe an opaque object without members.
///
/// Callables (functions, macros, bound methods) are objects too; the template floor finds them by [`Object::as_any`].
#[allow(clippy::len_without_is_empty)] // most live values have no length at all: emptiness is `truthy`'s business
pub trait Object: Any + Send + Sync + fmt::Debug {
    /// Python's name of the type.
    fn type_name(&self) -> &str;

    /// For downcasting.
    fn as_any(&self) -> &dyn Any;

    /// A member by key or attribute name, ready to use; `None` when there is none.
    fn get(&self, _key: &Value) -> Result<Option<Value>> {
        Ok(None)
    }

    /// The keys of something that acts as a mapping.
    fn keys(&self) -> Option<Vec<Value>> {
        None
    }

    /// The items of something that can be iterated; a mapping iterates its keys.
    fn iterate(&self) -> Option<Vec<Value>> {
        self.keys()
    }

    /// How many items.
    fn len(&self) -> Option<usize> {
        self.keys().map(|keys| keys.len())
    }

    /// Python's truth.
    fn truthy(&self) -> bool {
        self.len() != Some(0)
    }

    /// Python's `repr()`.
    fn repr(&self) -> String {
        format!("<{}>", self.type_name())
    }
}
