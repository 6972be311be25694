//! `ansible-playbook`.

use super::arguments::{Parsed, commands};
use super::display;
use super::front::{self, code};
use super::listing;
use super::options::Options;
use super::secrets::{self, Passwords};
use super::session::Ground;
use super::signals;
use super::undeclared;
use crate::callback::{Reporter, Screen};
use crate::config::Config;
use crate::engine;
use crate::error::{Error, Kind, Result};
use crate::event::{self, Event};
use crate::playbook::Loader;
use crate::template::pypath;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the command; gives the exit code.
pub fn main(arguments: &[String]) -> u8 {
    let config = match front::config() {
        Ok(config) => Arc::new(config),
        Err(code) => return code,
    };
    let command = commands::playbook(&config);
    let prepared = front::arguments(&command, &config, arguments).and_then(|mut parsed| {
        let found = undeclared::adopt(&command, &mut parsed);
        front::complete(&command, &parsed, &found.hints)?;
        Ok((Options::new(&command, &parsed, &config)?, found.warnings, parsed))
    });
    let (options, warnings, _): (Options, _, Parsed) = match prepared {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let mut screen = match display::open(command.name, &config, &options) {
        Ok(screen) => screen,
        Err(error) => return front::fail(&error.one_line()),
    };
    warnings.iter().for_each(|warning| screen.warning(warning));
    match run(&config, &options, screen) {
        Ok(code) => code,
        Err((error, mut screen)) => {
            screen.error(&error, true);
            front::code_of(&error)
        }
    }
}

/// An error with the screen to tell it on.
type Failure = (Error, Box<Screen>);

fn run(config: &Arc<Config>, options: &Options, mut screen: Screen) -> Result<u8, Failure> {
    let prepare = |screen: &mut Screen| -> Result<_> {
        for playbook in &options.positional {
            check_playbook(playbook)?;
        }
        let only_shown = ["listhosts", "listtasks", "listtags", "syntax"].iter().any(|dest| options.flag(dest));
        let passwords = if only_shown { Passwords::default() } else { secrets::passwords(options, config)? };
        let callback = config.text("DEFAULT_STDOUT_CALLBACK").unwrap_or_else(|| "default".into());
        let listeners = display::listeners(&callback, config, screen)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::general(format!("cannot start worker threads: {error}")))?;
        Ok((only_shown, passwords, listeners, runtime))
    };
    let (only_shown, passwords, listeners, runtime) = match prepare(&mut screen) {
        Ok(prepared) => prepared,
        Err(error) => return Err((error, Box::new(screen))),
    };
    let (events, receiver) = event::channel();
    let settings = screen.settings().clone();
    let reporter = match Reporter::start(screen, listeners, receiver) {
        Ok(reporter) => reporter,
        Err(error) => {
            let error = Error::general(format!("cannot start the reporter: {error}"));
            return Err((error, Box::new(Screen::new(settings))));
        }
    };
    let outcome = runtime.block_on(async {
        let ground = Ground::new(config, options, &passwords, &events)?;
        let watched = signals::watch(ground.interrupted.clone());
        watched.map_err(|error| Error::general(format!("cannot watch for signals: {error}")))?;
        let outcome = match only_shown {
            true => listing::show(&ground, options, &events).map(|()| 0),
            false => play(&ground, options, &events).await,
        };
        ground.fleet().close().await;
        outcome
    });
    runtime.shutdown_background();
    let screen = reporter.finish().unwrap_or_else(|| Screen::new(settings));
    match outcome {
        Ok(code) => Ok(code),
        Err(error) if error.kind() == Kind::Interrupted => {
            let mut screen = screen;
            screen.error(&Error::new(Kind::Interrupted, "User interrupted execution"), true);
            Ok(code::INTERRUPTED)
        }
        Err(error) => Err((error, Box::new(screen))),
    }
}

/// Runs the playbooks one after the other, until one fails.
async fn play(ground: &Ground, options: &Options, events: &event::Sender) -> Result<u8> {
    for shown in &options.positional {
        let (path, dir) = place(shown);
        let session = ground.session(&dir);
        let playbook = engine::run::load(&session, &path, shown);
        tell_warnings(&session.loader, events);
        let code = engine::run::run(&session, &[playbook?]).await?;
        if code != 0 {
            return Ok(code);
        }
    }
    Ok(0)
}

/// Sends out the warnings raised while loading.
pub fn tell_warnings(loader: &Loader, events: &event::Sender) {
    loader.take_warnings().into_iter().for_each(|warning| events.send(Event::Warning(warning)));
}

/// The full path of a playbook, and its directory.
pub fn place(shown: &str) -> (PathBuf, PathBuf) {
    let path = pypath::abspath(shown, &pypath::cwd());
    let path = PathBuf::from(path);
    let dir = path.parent().map(Path::to_path_buf).unwrap_or_default();
    (path, dir)
}

fn check_playbook(playbook: &str) -> Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let facts = std::fs::metadata(playbook)
        .map_err(|_| Error::general(format!("the playbook: {playbook} could not be found")))?;
    match facts.is_file() || facts.file_type().is_fifo() {
        true => Ok(()),
        false => Err(Error::general(format!("the playbook: {playbook} does not appear to be a file"))),
    }
}
