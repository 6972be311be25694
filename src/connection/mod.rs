//! Ways to reach a host: [`target`] says where and as whom, [`fleet`] keeps what is open and runs jobs there.

pub mod fleet;
pub mod target;

pub use fleet::Fleet;
pub use target::{Become, Secret, Target};
