//! Filters, a file for each kind; [`super::registry::FILTERS`] lists them.

pub(super) mod arg;
pub mod paths;
