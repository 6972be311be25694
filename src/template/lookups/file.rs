//! `lookup('file', ...)` and `lookup('unvault', ...)`: the contents of files.

use super::options::Options;
use super::search;
use crate::error::{Error, Result};
use crate::template::filters::text::is_blank;
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// The contents of files as text.
pub const LOOKUP: Lookup = Lookup::new("file", run);

/// The contents of files that may be vaults, untouched.
pub const UNVAULT: Lookup = Lookup::new("unvault", unvault);

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let options = Options::new("file", options);
    let (left, right) = (options.flag("lstrip", false), options.flag("rstrip", true));
    terms.iter().map(|term| content(ctx, term, left, right)).collect()
}

fn content(ctx: &mut dyn Context, term: &Value, left: bool, right: bool) -> Result<Value> {
    let no_access = |why: Error| why.context(format!("Unable to access the file {}.", term.repr()));
    let path = search::find(ctx, Some("files"), term)?;
    let missing = || no_access(Error::template("File not found. Use -vvvvv to see paths searched."));
    let text = search::read(ctx, &path.ok_or_else(missing)?, "utf-8").map_err(no_access)?;
    let text = if left { text.trim_start_matches(is_blank) } else { &text };
    Ok(if right { text.trim_end_matches(is_blank) } else { text }.into())
}

fn unvault(ctx: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let content = |term: &Value| match search::find_or_warn(ctx, Some("files"), term)? {
        Some(path) => search::read(ctx, &path, "utf-8").map(Value::from),
        None => Err(Error::parser(format!("Unable to find file matching \"{}\"", term.to_text()))),
    };
    terms.iter().map(content).collect()
}
