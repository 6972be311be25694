//! `ansible-playbook`.

use super::arguments::commands;
use super::display;
use super::front;
use super::listing;
use super::options::Options;
use super::secrets::{self, Passwords};
use super::session::Ground;
use super::stage::{Stage, tell};
use super::undeclared;
use crate::engine;
use crate::error::{Error, Result};
use crate::event::{self, Event};
use crate::playbook::Loader;
use crate::template::pypath;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the command; gives the exit code.
pub fn main(arguments: &[String]) -> u8 {
    prepare(arguments).unwrap_or_else(|code| code)
}

fn prepare(arguments: &[String]) -> Result<u8, u8> {
    let config = Arc::new(front::config()?);
    let command = commands::playbook(&config);
    let mut parsed = front::arguments(&command, &config, arguments)?;
    let found = undeclared::adopt(&command, &mut parsed);
    front::complete(&command, &parsed, &found.hints)?;
    let options = Options::new(&command, &parsed, &config)?;
    let mut screen = display::open(command.name, &config, &options).map_err(|error| front::fail(&error.one_line()))?;
    found.warnings.iter().for_each(|warning| screen.warning(warning));
    options.positional.iter().try_for_each(|path| check_playbook(path)).map_err(|error| tell(&error, &mut screen))?;
    let only_shown = ["listhosts", "listtasks", "listtags", "syntax"].iter().any(|dest| options.flag(dest));
    let passwords = match only_shown {
        true => Passwords::default(),
        false => secrets::passwords(&options, &config).map_err(|error| tell(&error, &mut screen))?,
    };
    let callback = config.text("DEFAULT_STDOUT_CALLBACK").unwrap_or_else(|| "default".into());
    let stage = Stage { config: &config, options: &options, callback, enabled_callbacks: true, passwords };
    Ok(stage.run(screen, async |ground, events| {
        ground.targets(options.text("subset").as_deref(), "all")?;
        match only_shown {
            true => listing::show(ground, &options, events).map(|()| 0),
            false => play(ground, &options, events).await,
        }
    }))
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
    let path = PathBuf::from(pypath::abspath(shown, &pypath::cwd()));
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
