//! Templates with Ansible's meaning: Jinja2's language, Python's values, lazy variables, trust.
//!
//! The pieces: [`lexer and parser`](syntax) turn a text into our own AST, [`eval`] walks it, [`registry`] finds filters,
//! tests, lookups and functions, each of which stands in a file of its own kind below `filters/`, `tests/`, `lookups/`.
//!
//! Variables are rendered when they are touched: whatever the evaluator takes out of a variable or a container is rendered
//! first if it is a trusted text with a delimiter in it. What comes out of a template is data and never rendered again.

mod conditional;
pub mod context;
pub mod document;
pub mod eval;
pub mod filters;
mod functions;
pub mod lookups;
pub mod pycrypt;
mod pyglob;
pub(crate) mod pyini;
pub mod pypath;
pub mod pyrandom;
pub mod pytime;
pub mod registry;
pub mod syntax;
pub mod templar;
pub mod tests;

pub use crate::pyregex;
pub(crate) use crate::value::{codec as pycodec, url as pyurl};
pub use context::{Args, Context, Environment, Plugins, Variables};
pub use registry::{Filter, Function, Lookup, Test};
pub use syntax::{SyntaxOverrides, parse_overrides};
pub use templar::{Templar, is_omit, omit};
