//! Filters, a file for each kind; [`super::registry::FILTERS`] lists them.

pub(super) mod arg;
pub mod arithmetic;
pub mod combinatorics;
pub mod dates;
pub mod dicts;
pub mod encoding;
pub mod hashing;
pub mod json;
pub mod logic;
pub mod password_hash;
pub mod paths;
pub mod random;
pub mod regex;
pub mod sets;
pub mod text;
pub mod urls;
pub mod yaml;
