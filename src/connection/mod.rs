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
