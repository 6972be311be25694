//! What templates can call, by name. A new filter, test, lookup or function is an entry in the list of its own file, and
//! that file's list is one line here.

use super::context::{Args, Context};
use super::{filters, functions, lookups, tests};
use crate::error::Result;
use crate::value::{Dict, Value};

/// A filter: `input | name(args)`.
#[derive(Clone, Copy)]
pub struct Filter {
    /// Its name, without collection.
    pub name: &'static str,
    /// Runs it. An undefined input does not reach it unless `undefined` is set.
    pub run: fn(&mut dyn Context, Value, Args) -> Result<Value>,
    /// Takes the input (and arguments) unrendered below the top: for filters that only look at the shape or hand members on.
    pub lazy: bool,
    /// Wants undefined inputs and arguments (`default`, `mandatory`).
    pub undefined: bool,
}

impl Filter {
    /// A filter that gets everything rendered and defined.
    pub const fn new(name: &'static str, run: fn(&mut dyn Context, Value, Args) -> Result<Value>) -> Filter {
        Filter { name, run, lazy: false, undefined: false }
    }

    /// See [`Filter::lazy`].
    pub const fn lazy(mut self) -> Filter {
        self.lazy = true;
        self
    }

    /// See [`Filter::undefined`].
    pub const fn undefined(mut self) -> Filter {
        self.undefined = true;
        self
    }
}

/// A test: `input is name(args)`.
#[derive(Clone, Copy)]
pub struct Test {
    /// Its name, without collection.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&mut dyn Context, Value, Args) -> Result<bool>,
    /// Wants undefined inputs (`defined`, `undefined`).
    pub undefined: bool,
}

impl Test {
    /// A test that gets a rendered and defined input.
    pub const fn new(name: &'static str, run: fn(&mut dyn Context, Value, Args) -> Result<bool>) -> Test {
        Test { name, run, undefined: false }
    }

    /// See [`Test::undefined`].
    pub const fn undefined(mut self) -> Test {
        self.undefined = true;
        self
    }
}

/// A lookup: `lookup('name', terms..., options...)` and `with_name:`.
#[derive(Clone, Copy)]
pub struct Lookup {
    /// Its name, without collection.
    pub name: &'static str,
    /// Runs it: terms in order, options by name; gives the list of results.
    pub run: fn(&mut dyn Context, Vec<Value>, Dict) -> Result<Vec<Value>>,
    /// Whether its results are trusted as templates (as `template`-less lookups of the playbook's own data are not).
    pub accept_lazy: bool,
}

impl Lookup {
    /// A lookup that gets everything rendered.
    pub const fn new(name: &'static str, run: fn(&mut dyn Context, Vec<Value>, Dict) -> Result<Vec<Value>>) -> Lookup {
        Lookup { name, run, accept_lazy: false }
    }
}

/// A global function: `name(args)`.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&mut dyn Context, Args) -> Result<Value>,
}

/// Every filter, a line for each file of them.
#[rustfmt::skip]
pub static FILTERS: &[&[Filter]] = &[
    filters::arithmetic::FILTERS,
    filters::combinatorics::FILTERS,
    filters::dates::FILTERS,
    filters::dicts::FILTERS,
    filters::encoding::FILTERS,
    filters::hashing::FILTERS,
    filters::jinja_html::FILTERS,
    filters::jinja_number::FILTERS,
    filters::jinja_order::FILTERS,
    filters::jinja_select::FILTERS,
    filters::jinja_sequence::FILTERS,
    filters::jinja_text::FILTERS,
    filters::jinja_value::FILTERS,
    filters::jinja_wordwrap::FILTERS,
    filters::json::FILTERS,
    filters::logic::FILTERS,
    filters::password_hash::FILTERS,
    filters::paths::FILTERS,
    filters::random::FILTERS,
    filters::regex::FILTERS,
    filters::sets::FILTERS,
    filters::text::FILTERS,
    filters::urls::FILTERS,
    filters::vault::FILTERS,
    filters::yaml::FILTERS,
];

/// Every test, a line for each file of them.
#[rustfmt::skip]
pub static TESTS: &[&[Test]] = &[
    tests::files::TESTS,
    tests::jinja::TESTS,
    tests::matching::TESTS,
    tests::results::TESTS,
    tests::sets::TESTS,
    tests::truth::TESTS,
    tests::uris::TESTS,
    tests::vaults::TESTS,
    tests::versions::TESTS,
];

/// Every lookup.
#[rustfmt::skip]
pub static LOOKUPS: &[&Lookup] = &[
    &lookups::config::LOOKUP,
    &lookups::csvfile::LOOKUP,
    &lookups::env::LOOKUP,
    &lookups::file::LOOKUP,
    &lookups::file::UNVAULT,
    &lookups::fileglob::LOOKUP,
    &lookups::first_found::LOOKUP,
    &lookups::ini::LOOKUP,
    &lookups::inventory_hostnames::LOOKUP,
    &lookups::lists::DICT,
    &lookups::lists::INDEXED_ITEMS,
    &lookups::lists::ITEMS,
    &lookups::lists::LIST,
    &lookups::lists::NESTED,
    &lookups::lists::RANDOM_CHOICE,
    &lookups::lists::TOGETHER,
    &lookups::password::LOOKUP,
    &lookups::pipe::LINES,
    &lookups::pipe::LOOKUP,
    &lookups::sequence::LOOKUP,
    &lookups::subelements::LOOKUP,
    &lookups::template::LOOKUP,
    &lookups::url::LOOKUP,
    &lookups::vars::LOOKUP,
    &lookups::vars::NAMES,
];

/// Every global function.
#[rustfmt::skip]
pub static FUNCTIONS: &[&[Function]] = &[
    functions::FUNCTIONS,
];
