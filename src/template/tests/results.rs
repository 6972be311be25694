//! Tests of registered results: `is failed`, `is changed`, `is finished`...

use crate::error::{Error, Result};
use crate::template::{Args, Context, Test};
use crate::value::{Dict, Value};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    Test::new("failed", |_, input, args| flagged("failed", "failed", input, args)),
    Test::new("failure", |_, input, args| flagged("failed", "failed", input, args)),
    Test::new("succeeded", success),
    Test::new("success", success),
    Test::new("successful", success),
    Test::new("unreachable", |_, input, args| flagged("unreachable", "unreachable", input, args)),
    Test::new("reachable", |_, input, args| flagged("reachable", "unreachable", input, args).map(|gone| !gone)),
    Test::new("skipped", |_, input, args| flagged("skipped", "skipped", input, args)),
    Test::new("skip", |_, input, args| flagged("skipped", "skipped", input, args)),
    Test::new("changed", changed),
    Test::new("change", changed),
    Test::new("timedout", timedout),
    Test::new("started", |ctx, input, args| asynchronous("started", ctx, input, args)),
    Test::new("finished", |ctx, input, args| asynchronous("finished", ctx, input, args)),
];

fn result<'a>(test: &str, input: &'a Value) -> Result<&'a Dict> {
    input.as_dict().ok_or_else(|| Error::template(format!("The '{test}' test expects a dictionary")))
}

fn is_set(result: &Dict, key: &str) -> bool {
    result.get(key).is_some_and(Value::truthy)
}

fn flagged(function: &str, key: &str, input: Value, mut args: Args) -> Result<bool> {
    args.finish(function)?;
    Ok(is_set(result(key, &input)?, key))
}

fn success(_: &mut dyn Context, input: Value, args: Args) -> Result<bool> {
    flagged("success", "failed", input, args).map(|failed| !failed)
}

fn changed(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    args.finish("changed")?;
    let result = result("changed", &input)?;
    if result.contains("changed") {
        return Ok(is_set(result, "changed"));
    }
    // some modules give a list of results
    let Some(Value::List(items)) = result.get("results") else { return Ok(false) };
    match items.first() {
        None => Err(Error::template("list index out of range")),
        Some(Value::Dict(_)) => Ok(items.iter().any(|item| item.as_dict().is_some_and(|item| is_set(item, "changed")))),
        Some(_) => Ok(false),
    }
}

fn timedout(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    args.finish("timedout")?;
    let timeout = result("timedout", &input)?.get("timedout");
    Ok(timeout.and_then(|timeout| timeout.get("period")).is_some_and(Value::truthy))
}

fn asynchronous(test: &'static str, ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    args.finish(test)?;
    let result = result(test, &input)?;
    if result.contains(test) {
        return Ok(is_set(result, test));
    }
    if let Some(warn) = &ctx.environment().warn {
        warn(format!("The '{test}' test expects an async task, but a non-async task was tested"), false);
    }
    Ok(true)
}
