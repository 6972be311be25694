//! What a user should know though the run goes on.

use super::{Error, Origin, render};
use std::fmt;

/// A warning or deprecation: a message with its place and a hint, as an [`Error`] has them.
#[derive(Clone)]
pub struct Warning {
    about: Error,
    removed_in: Option<&'static str>,
}

impl Warning {
    /// A warning.
    pub fn new(message: impl Into<String>) -> Warning {
        Warning { about: Error::general(message), removed_in: None }
    }

    /// A warning that shows an error.
    pub fn about(error: Error) -> Warning {
        Warning { about: error, removed_in: None }
    }

    /// A deprecation: the feature goes away in that version of ansible-core.
    pub fn deprecated(message: impl fmt::Display, removed_in: &'static str) -> Warning {
        let message = format!("{message} This feature will be removed from ansible-core version {removed_in}.");
        Warning { about: Error::general(message), removed_in: Some(removed_in) }
    }

    /// Sets the place.
    pub fn at(self, origin: Option<&Origin>) -> Warning {
        Warning { about: self.about.at(origin), ..self }
    }

    /// Adds a hint: what to do about it.
    pub fn help(self, help: impl Into<String>) -> Warning {
        Warning { about: self.about.help(help), ..self }
    }

    /// Whether it is a deprecation; the user may switch those off.
    pub fn is_deprecation(&self) -> bool {
        self.removed_in.is_some()
    }

    /// The message, place and hint.
    pub fn error(&self) -> &Error {
        &self.about
    }
}

/// The text after `[WARNING]: ` or `[DEPRECATION WARNING]: `, with the lines around its place.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::verbose(&self.about))
    }
}

impl fmt::Debug for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.about, f)
    }
}
