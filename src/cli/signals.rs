//! Ctrl-C: the first ends the run in order, the second at once.

use super::front::code;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Watches for SIGINT and SIGTERM: the first sets the flag, the next ends the process.
pub fn watch(interrupted: Arc<AtomicBool>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if interrupted.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(code::INTERRUPTED));
            }
        }
    });
    Ok(())
}
