//! `is match`, `is search`, `is regex`.

use crate::error::{Error, Result};
use crate::template::filters::{arg, regex::pattern};
use crate::template::{Args, Context, Test};
use crate::value::Value;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    Test::new("match", |_, input, args| run("match", "match", input, args)),
    Test::new("search", |_, input, args| run("search", "search", input, args)),
    Test::new("regex", regex),
];

fn regex(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    // match_type comes last, so it is positional only where all the others are
    let kind = args.take_named("match_type").or_else(|| (args.positional.len() == 4).then(|| args.positional.pop())?);
    let kind = kind.map_or_else(|| "search".to_string(), |kind| arg::text(&kind));
    run("regex", &kind, input, args)
}

fn run(function: &str, kind: &str, input: Value, mut args: Args) -> Result<bool> {
    let regex = args.take("pattern").unwrap_or_else(|| Value::str(""));
    let ignore_case = arg::flag(args.take("ignorecase"), false);
    let multiline = arg::flag(args.take("multiline"), false);
    args.finish(function)?;
    let regex = pattern(&regex, ignore_case, multiline)?;
    let text = arg::text(&input);
    let found = match kind {
        "match" => regex.match_start(&text)?,
        "fullmatch" => regex.full_match(&text)?,
        "findall" => return Ok(regex.search(&text)?.is_some()),
        "pattern" | "flags" | "groups" | "groupindex" => {
            return Err(Error::template(format!("unknown match_type {}", Value::str(kind).repr())));
        }
        // Python looks the method up by name and falls back on search
        _ => regex.search(&text)?,
    };
    Ok(found.is_some())
}
