//! The hosts and groups a run can speak of, and the variables that come with them.
//!
//! [`Inventory`] holds the graph of groups and hosts; sources (INI, YAML, TOML, scripts, directories, host lists) fill it,
//! `add_host` and `group_by` change it while a run goes on. Host patterns select from it. Variables are kept as shared layers
//! and never merged: any number of hosts share what they have in common.

mod address;
mod dynamic;
mod entity;
mod graph;
mod hosts;
mod layers;
mod listing;
mod pattern;
mod settings;
mod source;
mod vars_files;

pub use address::{expand_ranges, parse_address};
pub use dynamic::NewHost;
pub use entity::{Group, Host};
pub use graph::Inventory;
pub use listing::{Listing, plain};
pub use pattern::split_patterns;
pub use settings::{GroupNames, Mismatch, Settings, Step};

#[cfg(test)]
mod tests;
