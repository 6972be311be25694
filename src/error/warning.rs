//! What a user should know though the run goes on.

use super::{Error, Origin, render};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};

/// How much a [`Warning`] matters; decides the word it is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `[DEPRECATION WARNING]`
    Deprecation,
    /// `[WARNING]`
    Warning,
    /// `[ERROR]`, though the run goes on.
    Error,
}

/// A warning or deprecation: a message with its place and a hint, as an [`Error`] has them.
#[derive(Clone)]
pub struct Warning {
    about: Error,
    level: Level,
}

impl Warning {
    /// A warning.
    pub fn new(message: impl Into<String>) -> Warning {
        Warning { about: Error::general(message), level: Level::Warning }
    }

    /// A warning that shows an error.
    pub fn about(error: Error) -> Warning {
        Warning { about: error, level: Level::Warning }
    }

    /// A deprecation: the feature goes away in that version of ansible-core.
    pub fn deprecated(message: impl fmt::Display, removed_in: &str) -> Warning {
        Warning::deprecated_from(message, "ansible-core", removed_in)
    }

    /// A deprecation of a part of ansible-core: `inventory plugin 'script' in ansible-core`.
    pub fn deprecated_from(message: impl fmt::Display, owner: &str, removed_in: &str) -> Warning {
        let message = format!("{message} This feature will be removed from {owner} version {removed_in}.");
        Warning { about: Error::general(message), level: Level::Deprecation }
    }

    /// Something that is shown as an error though the run goes on.
    pub fn error_shown(message: impl Into<String>) -> Warning {
        Warning { about: Error::general(message), level: Level::Error }
    }

    /// A deprecation whose message says itself when the feature goes away.
    pub fn deprecation(message: impl Into<String>) -> Warning {
        Warning { about: Error::general(message), level: Level::Deprecation }
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
        self.level == Level::Deprecation
    }

    /// How much it matters.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The message, place and hint.
    pub fn error(&self) -> &Error {
        &self.about
    }
}

/// Collects warnings from several places; one that was given before is dropped, as Ansible shows each text once.
#[derive(Clone, Debug, Default)]
pub struct Warnings(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    known: HashSet<String>,
    pending: Vec<Warning>,
}

impl Warnings {
    /// Adds a warning.
    pub fn push(&self, warning: Warning) {
        let mut collected = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // the place counts, the lines around it need not be read for that
        let key = format!("{:?}{:?}{:?}", warning.level, warning.about, warning.about.origin());
        if collected.known.insert(key) {
            collected.pending.push(warning);
        }
    }

    /// Adds several.
    pub fn extend(&self, warnings: impl IntoIterator<Item = Warning>) {
        for warning in warnings {
            self.push(warning);
        }
    }

    /// Hands out what was collected since the last time, in order.
    pub fn take(&self) -> Vec<Warning> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pending)
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
