//! Tests, a file for each kind; [`super::registry::TESTS`] lists them.

pub mod files;
pub mod jinja;
pub mod matching;
mod pep440;
pub mod results;
pub mod sets;
pub mod truth;
pub mod uris;
pub mod vaults;
pub mod versions;
