//! The one error type that every floor speaks, with its causes and the places they point at.
//!
//! An [`Error`] is a chain, outermost first: "Task failed." because "Finalization of task args failed." because
//! "'nope' is undefined". Each link may carry the [`Origin`] it speaks of. Only [`render`] turns a chain into text.

mod origin;
pub mod render;
mod warning;

pub use origin::Origin;
pub use warning::{Level, Warning, Warnings};

use std::fmt;

/// What an error is about. Decides the exit code, and whether `ignore_errors` and `rescue` apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Wrong command line: exit code 2, with the usage line.
    Usage,
    /// A file that cannot be read as what it should be (YAML, INI, playbook structure): exit code 4.
    Parser,
    /// Anything wrong with the run's input that is found before or outside a task: exit code 1.
    General,
    /// A template that cannot be parsed.
    TemplateSyntax,
    /// A template that cannot be evaluated.
    Template,
    /// A variable or attribute that does not exist; `default()` and `is defined` catch it.
    Undefined,
    /// A task that cannot go on; its host fails.
    Action,
    /// A host that cannot be reached; its host becomes unreachable.
    Unreachable,
    /// A vault secret that is missing or does not fit.
    Vault,
    /// The user ended the run.
    Interrupted,
}

/// Shorthand used all over the house.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with its place, a hint and the error below it. One word wide, so that `Result` stays small.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    origin: Option<Origin>,
    help: Option<String>,
    cause: Option<Error>,
    settled: bool,
}

impl Error {
    /// An error of `kind`; `message` is a sentence as Ansible words it, without a trailing period unless Ansible has one.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), origin: None, help: None, cause: None, settled: false }))
    }

    /// A [`Kind::General`] error.
    pub fn general(message: impl Into<String>) -> Self {
        Self::new(Kind::General, message)
    }

    /// A [`Kind::Parser`] error.
    pub fn parser(message: impl Into<String>) -> Self {
        Self::new(Kind::Parser, message)
    }

    /// A [`Kind::Template`] error.
    pub fn template(message: impl Into<String>) -> Self {
        Self::new(Kind::Template, message)
    }

    /// A [`Kind::Undefined`] error.
    pub fn undefined(message: impl Into<String>) -> Self {
        Self::new(Kind::Undefined, message)
    }

    /// A [`Kind::Action`] error.
    pub fn action(message: impl Into<String>) -> Self {
        Self::new(Kind::Action, message)
    }

    /// Sets the place, unless one is known already (the innermost one is the most exact).
    pub fn at(mut self, origin: Option<&Origin>) -> Self {
        if self.0.origin.is_none() {
            self.0.origin = origin.cloned();
        }
        self
    }

    /// Adds a hint for the user: what to write instead, the nearest name.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Wraps this error as the cause of a new outer one of the same kind.
    pub fn context(self, message: impl Into<String>) -> Self {
        let kind = self.0.kind;
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            origin: None,
            help: None,
            cause: Some(self),
            settled: false,
        }))
    }

    /// Makes `cause` the error below this one.
    pub fn because(mut self, cause: Error) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// The same error as another kind.
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Marks an error that names the template part at fault already: the filters and templates around it pass it on as it is.
    pub fn settled(mut self) -> Self {
        self.0.settled = true;
        self
    }

    /// See [`Error::settled`].
    pub fn is_settled(&self) -> bool {
        self.0.settled
    }

    /// What the error is about.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// This link's own message, without its causes.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// This link's own place.
    pub fn origin(&self) -> Option<&Origin> {
        self.0.origin.as_ref()
    }

    /// This link's own hint.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The error below this one.
    pub fn cause(&self) -> Option<&Error> {
        self.0.cause.as_ref()
    }

    /// This error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &Error> {
        std::iter::successors(Some(self), |error| error.cause())
    }

    /// The messages of the chain on one line, joined as Ansible joins them: `outer: inner: innermost`.
    pub fn one_line(&self) -> String {
        render::one_line(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::one_line(self))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, render::one_line(self))?;
        match &self.0.origin {
            Some(origin) => write!(f, " ({origin})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
