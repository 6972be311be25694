//! `wait_for_connection`: tries to reach the host until it answers.

use super::{Context, Future, only};
use crate::error::{Error, Kind, Result};
use crate::value::{Dict, Value};
use std::time::{Duration, Instant};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(wait(context))
}

async fn wait(context: &mut Context) -> Result<Dict> {
    only(context, &["connect_timeout", "delay", "sleep", "timeout"])?;
    let seconds = |name: &str, default: u64| -> Result<Duration> {
        let value = context.arguments.get(name).filter(|value| !value.is_none());
        let number = match value {
            None => Some(default),
            Some(Value::Str(text)) => text.trim().parse().ok(),
            Some(other) => other.as_i64().and_then(|number| u64::try_from(number).ok()),
        };
        number
            .map(Duration::from_secs)
            .ok_or_else(|| Error::action(format!("argument '{name}' must be a number of seconds")))
    };
    let connect = seconds("connect_timeout", 5)?;
    let (delay, pause, limit) = (seconds("delay", 0)?, seconds("sleep", 1)?, seconds("timeout", 600)?);
    let mut result = Dict::new();
    if context.check {
        result.insert("changed", false);
        result.insert("elapsed", 0);
        return Ok(result);
    }
    let started = Instant::now();
    tokio::time::sleep(delay).await;
    let mut target = context.target.clone();
    target.timeout = connect;
    context.target = target;
    let mut last = None;
    while started.elapsed() < limit {
        match context.module("ping", Dict::new()).await {
            Ok(answer) if answer.get("ping").and_then(Value::as_str) == Some("pong") => {
                result.insert("changed", false);
                result.insert("elapsed", started.elapsed().as_secs());
                return Ok(result);
            }
            Ok(answer) => last = answer.get("msg").map(|message| message.to_text().into_owned()),
            Err(error) if error.kind() == Kind::Interrupted => return Err(error),
            Err(error) => last = Some(error.one_line()),
        }
        context.fleet.reset(&context.target).await?;
        tokio::time::sleep(pause).await;
    }
    result.insert("failed", true);
    result.insert("changed", false);
    result.insert("elapsed", started.elapsed().as_secs());
    result.insert("msg", format!("timed out waiting for ping module test: {}", last.unwrap_or_default()));
    Ok(result)
}
