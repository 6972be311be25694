//! `user`: accounts of the host, through the tools of shadow, libuser or BusyBox.

mod busybox;
mod create;
mod home;
mod keys;
mod modify;
mod task;

pub use task::{SPEC, run};
