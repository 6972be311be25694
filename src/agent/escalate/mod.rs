//! Agents under other users: started by an agent (or by the controller, for itself) through sudo, su and their kin.
//!
//! A [`Plan`] says how; the floor above makes it from the become method. [`launch`] carries it out: it starts the
//! method's program, answers its question for a password ([`watch`]) and waits for the new agent's first word.
//! [`inner`] passes frames between such an agent and the controller.

pub mod inner;
pub mod launch;
mod plan;
pub mod program;
pub mod watch;

pub use plan::{Plan, Prompt};
