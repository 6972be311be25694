//! `script`: sends a script of the controller and runs it at the target.

use super::{Context, Future};
use crate::connection::fleet::Payload;
use crate::error::{Error, Result};
use crate::value::Dict;

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(script(context))
}

async fn script(context: &mut Context) -> Result<Dict> {
    let line = match (context.text("_raw_params"), context.text("cmd")) {
        (Some(line), _) | (None, Some(line)) => line,
        (None, None) => return Err(Error::action("one of the following is required: _raw_params, cmd")),
    };
    let words = shell_words::split(&line).map_err(|_| Error::action(format!("unbalanced quotes in {line:?}")))?;
    let name = words.first().cloned().ok_or_else(|| Error::action("no script given"))?;
    let path = context.find_file("files", &name)?;
    let mut arguments = context.arguments.clone();
    arguments.remove("cmd");
    arguments.insert("_raw_params", line);
    let bytes = tokio::fs::read(&path)
        .await
        .map_err(|error| Error::action(format!("cannot read {}: {error}", path.display())))?;
    Ok(context.module_with("script", arguments, vec![Payload::Memory(bytes)]).await?.result)
}
