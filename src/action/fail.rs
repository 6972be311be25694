//! `fail`: fails with a message.

use super::{Context, Future, failed, only};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move {
        only(context, &["msg"])?;
        Ok(failed(context.text("msg").unwrap_or_else(|| "Failed as requested from task".into())))
    })
}
