//! Lookups, a file each; [`super::registry::LOOKUPS`] lists them.

pub mod env;
