//! `is truthy`, `is falsy`.

use crate::error::Result;
use crate::template::filters::arg;
use crate::template::{Args, Test};
use crate::value::Value;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    Test::new("truthy", |_, input, args| truth("truthy", input, args)),
    Test::new("falsy", |_, input, args| truth("falsy", input, args).map(|truth| !truth)),
];

fn truth(function: &str, input: Value, mut args: Args) -> Result<bool> {
    let convert = arg::flag(args.take("convert_bool"), false);
    args.finish(function)?;
    let word = if convert { arg::boolean(&input) } else { None };
    Ok(word.unwrap_or_else(|| input.truthy()))
}
