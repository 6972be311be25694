//! `pause`: waits for a time or for the person at the terminal.

use super::{Context, Future, only};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::value::{Dict, Value};
use std::io::{BufRead, IsTerminal};
use std::time::{Duration, Instant};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(pause(context))
}

async fn pause(context: &mut Context) -> Result<Dict> {
    only(context, &["echo", "minutes", "prompt", "seconds", "_raw_params"])?;
    let echo = context.flag("echo", true)?;
    let wait = match (number(context, "minutes")?, number(context, "seconds")?) {
        (Some(_), Some(_)) => return Err(Error::action("parameters are mutually exclusive: minutes|seconds")),
        (Some(minutes), None) => Some(minutes * 60.0),
        (None, seconds) => seconds,
    };
    let title = context.task.title();
    let prompt = context.text("prompt").map(|prompt| format!("[{title}]\n{prompt}:"));
    let started = Instant::now();
    let start = now();
    let mut input = String::new();
    match wait {
        Some(seconds) => {
            let seconds = seconds.max(1.0);
            let mut text = format!("Pausing for {} seconds", seconds as u64);
            if let Some(prompt) = prompt {
                text.push_str(&format!("\n(ctrl+C then 'C' = continue early, ctrl+C then 'A' = abort)\r\n{prompt}\r"));
            }
            context.events.send(Event::Text(text));
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        }
        None => {
            let prompt = prompt.unwrap_or_else(|| format!("[{title}]\nPress enter to continue, Ctrl+C to interrupt:"));
            let terminal = std::io::stdin().is_terminal();
            if !terminal {
                context.events.warn("Not waiting for response to prompt as stdin is not interactive");
            }
            context.events.send(Event::Text(prompt));
            if terminal {
                input = tokio::task::spawn_blocking(read_line)
                    .await
                    .map_err(|error| Error::action(error.to_string()))?
                    .map_err(|error| Error::action(error.to_string()))?;
            }
        }
    }
    let took = started.elapsed().as_secs_f64();
    let (unit, amount) =
        if context.arguments.contains("seconds") { ("seconds", took) } else { ("minutes", took / 60.0) };
    let delta = took as i64;
    Ok(Dict::from_iter([
        ("changed", Value::Bool(false)),
        ("rc", Value::Int(0)),
        ("stderr", Value::str("")),
        ("stdout", Value::str(format!("Paused for {amount:.2} {unit}").replace(".00 ", ".0 "))),
        ("start", Value::str(start)),
        ("stop", Value::str(now())),
        ("delta", Value::Int(delta)),
        ("echo", Value::Bool(echo)),
        ("user_input", Value::str(input)),
    ]))
}

fn number(context: &Context, name: &str) -> Result<Option<f64>> {
    let Some(value) = context.arguments.get(name).filter(|value| !value.is_none()) else { return Ok(None) };
    let number = match value {
        Value::Str(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    let number = number.filter(|number: &f64| number.is_finite());
    number.map(Some).ok_or_else(|| {
        Error::action(format!(
            "argument '{name}' is of type {} and we were unable to convert to int: {} cannot be converted to an int",
            value.type_name(),
            value.repr()
        ))
    })
}

fn read_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_string())
}

fn now() -> String {
    jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}
