//! Ways to reach a host: [`target`] says where and as whom, [`fleet`] keeps what is open and runs jobs there.

mod agents;
mod r#become;
pub mod fleet;
mod host;
mod local;
mod ssh;
pub mod target;
mod this_machine;
mod yard;

pub use fleet::Fleet;
pub use target::{Become, Secret, Target};

/// What the program does when it was not started by a person but by itself or by ssh: to be asked before anything else
/// looks at the arguments.
pub fn hidden_entry(arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<std::process::ExitCode> {
    let arguments: Vec<std::ffi::OsString> = arguments.collect();
    ssh::askpass::main(arguments.iter().cloned()).or_else(|| crate::agent::hidden_entry(arguments.into_iter()))
}
