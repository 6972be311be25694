//! The value that names nothing.

use crate::error::{Error, Origin};

/// Why a value is undefined; the message becomes the error when it is used.
#[derive(Clone, Debug)]
pub struct Undefined {
    /// As Jinja words it: `'x' is undefined`, `object of type 'dict' has no attribute 'y'`, or a `mandatory`/`undef()` hint.
    pub message: String,
    /// Where the name stands, once known.
    pub origin: Option<Origin>,
    /// Jinja's plain undefined, which an inline `if` without `else` gives: empty and false when used, no error.
    pub lenient: bool,
}

impl Undefined {
    /// An undefined value with its message.
    pub fn new(message: impl Into<String>) -> Self {
        Undefined { message: message.into(), origin: None, lenient: false }
    }

    /// The error that using it raises.
    pub fn error(&self) -> Error {
        Error::undefined(self.message.clone()).at(self.origin.as_ref()).settled()
    }
}
