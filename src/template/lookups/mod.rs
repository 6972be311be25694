//! Lookups, a file for each or for those that belong together; [`super::registry::LOOKUPS`] lists them.

pub mod config;
pub mod csvfile;
pub mod env;
pub mod file;
pub mod fileglob;
pub mod first_found;
pub mod ini;
pub mod inventory_hostnames;
mod kv;
pub mod lists;
mod options;
pub mod password;
pub mod pipe;
pub mod search;
pub mod sequence;
pub mod subelements;
pub mod template;
pub mod url;
pub mod vars;

/// Runs what blocks without holding up the tasks that share our thread.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
