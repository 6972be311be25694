//! The far end: a loop that runs modules at the target, its wire protocol, and how it gets there.
//!
//! The same program is controller and agent. [`bootstrap`] puts it on the target (once) and starts it there over any
//! byte stream, [`serve`] is its loop, [`link`] the controller's side of the stream, [`frame`] what both speak.

pub mod bootstrap;
pub mod detach;
pub mod escalate;
pub mod frame;
pub mod link;
pub mod noise;
pub mod program;
pub mod serve;
pub mod spool;
pub mod task;
pub mod workplace;

pub use link::Link;
pub use program::Program;

use std::ffi::OsString;
use std::process::ExitCode;

/// What the program does when it was not started by a person: to be asked before anything else looks at the arguments.
pub fn hidden_entry(arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.skip(1);
    (arguments.next()? == "--agent").then(|| serve::main(arguments))
}
