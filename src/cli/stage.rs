//! The frame that every command which runs tasks works in: reporter, worker threads, signals, and how it all ends.

use super::display;
use super::front::{self, code};
use super::options::Options;
use super::secrets::Passwords;
use super::session::Ground;
use super::signals;
use crate::callback::{Reporter, Screen};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::event;
use std::sync::Arc;

/// What a command brings along.
pub struct Stage<'a> {
    /// The settings.
    pub config: &'a Arc<Config>,
    /// The options.
    pub options: &'a Options,
    /// The callback that writes to the terminal.
    pub callback: String,
    /// Whether the enabled callbacks listen, too.
    pub enabled_callbacks: bool,
    /// The passwords.
    pub passwords: Passwords,
}

impl Stage<'_> {
    /// Does the work; gives the exit code. Errors are told.
    pub fn run(self, mut screen: Screen, work: impl AsyncFnOnce(&Ground, &event::Sender) -> Result<u8>) -> u8 {
        let listeners = match display::listeners(&self.callback, self.enabled_callbacks, self.config, &mut screen) {
            Ok(listeners) => listeners,
            Err(error) => return tell(&error, &mut screen),
        };
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return front::fail(&format!("cannot start worker threads: {error}")),
        };
        let settings = screen.settings().clone();
        let (events, receiver) = event::channel();
        let reporter = match Reporter::start(screen, listeners, receiver) {
            Ok(reporter) => reporter,
            Err(error) => return front::fail(&format!("cannot start the reporter: {error}")),
        };
        let outcome = runtime.block_on(self.perform(&events, work));
        runtime.shutdown_background();
        let mut screen = match reporter.finish() {
            Some(screen) => screen,
            None => {
                front::complain("[ERROR]: the reporter was lost, this is probably a bug.\n");
                Screen::new(settings)
            }
        };
        match outcome {
            Ok(code) => code,
            Err(error) if error.kind() == Kind::Interrupted => {
                tell(&Error::new(Kind::Interrupted, "User interrupted execution"), &mut screen)
            }
            Err(error) => tell(&error, &mut screen),
        }
    }

    async fn perform(
        &self,
        events: &event::Sender,
        work: impl AsyncFnOnce(&Ground, &event::Sender) -> Result<u8>,
    ) -> Result<u8> {
        let ground = Ground::new(self.config, self.options, &self.passwords, events)?;
        let watched = signals::watch(ground.interrupted.clone());
        watched.map_err(|error| Error::general(format!("cannot watch for signals: {error}")))?;
        let outcome = work(&ground, events).await;
        ground.fleet().close().await;
        outcome
    }
}

/// Tells an error; gives its exit code.
pub fn tell(error: &Error, screen: &mut Screen) -> u8 {
    screen.error(error, true);
    match error.kind() {
        Kind::Interrupted => code::INTERRUPTED,
        _ => front::code_of(error),
    }
}
