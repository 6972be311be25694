//! What a task does from here: actions that work on the controller, and those that prepare a module's work at the target.
//!
//! A new action is one file and one line in [`registry`]. An action that has no entry runs the module of the same name.

pub mod context;
pub mod registry;

pub use context::{Action, Context, Future};
