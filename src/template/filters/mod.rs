//! Filters, a file for each kind; [`super::registry::FILTERS`] lists them.

pub(super) mod arg;
pub mod arithmetic;
pub mod combinatorics;
pub mod dates;
pub mod dicts;
pub mod encoding;
pub mod hashing;
pub mod jinja_html;
pub mod jinja_number;
pub mod jinja_order;
pub mod jinja_select;
pub mod jinja_sequence;
pub mod jinja_text;
pub mod jinja_value;
pub mod jinja_wordwrap;
pub mod json;
pub mod logic;
pub mod password_hash;
pub mod paths;
pub mod random;
pub mod regex;
pub mod sets;
pub mod text;
pub mod urls;
pub mod vault;
pub mod yaml;
