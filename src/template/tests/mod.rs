//! Tests, a file for each kind; [`super::registry::TESTS`] lists them.

pub mod files;
