//! `ansible-inventory`: the inventory as data, or as a drawing.

use super::arguments::commands;
use super::display;
use super::front;
use super::options::Options;
use super::session::{self, Ground};
use super::stage::{Stage, tell};
use crate::error::{Error, Kind, Result};
use crate::event::{self, Event};
use crate::inventory::{Listing, plain};
use crate::value::Value;
use crate::value::json::{self, Style};
use crate::yaml::write;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the command; gives the exit code.
pub fn main(arguments: &[String]) -> u8 {
    prepare(arguments).unwrap_or_else(|code| code)
}

fn prepare(arguments: &[String]) -> Result<u8, u8> {
    let config = Arc::new(front::config()?);
    let command = commands::inventory_command();
    let parsed = front::arguments(&command, &config, arguments)?;
    front::complete(&command, &parsed, &[])?;
    let options = Options::new(&command, &parsed, &config)?;
    let mut screen = display::open(command.name, &config, &options).map_err(|error| front::fail(&error.one_line()))?;
    one_action(&options).map_err(|error| tell(&error, &mut screen))?;
    let stage = Stage {
        config: &config,
        options: &options,
        callback: "minimal".into(),
        enabled_callbacks: false,
        passwords: Default::default(),
    };
    Ok(stage.run(screen, async |ground, events| show(ground, &options, events)))
}

fn one_action(options: &Options) -> Result<()> {
    let message = match ["list", "host", "graph"].iter().filter(|action| options.flag(action)).count() {
        0 => "No action selected, at least one of --host, --graph or --list needs to be specified.",
        1 => return Ok(()),
        _ => "Conflicting options used, only one of --host, --graph or --list can be used at the same time.",
    };
    Err(Error::new(Kind::Usage, message))
}

fn show(ground: &Ground, options: &Options, events: &event::Sender) -> Result<u8> {
    let text = text(ground, options);
    session::tell_inventory(&ground.run().inventory(), events);
    let text = text?;
    if text.is_empty() {
        return Ok(1);
    }
    match options.text("output_file") {
        None => events.send(Event::Text(text)),
        Some(file) => write_file(Path::new(&file), &text).map_err(|error| {
            Error::general(format!("Unable to write to destination file '{file}'."))
                .because(Error::general(error.to_string()))
        })?,
    }
    Ok(0)
}

fn text(ground: &Ground, options: &Options) -> Result<String> {
    let dirs: Vec<PathBuf> = options.text("basedir").into_iter().map(PathBuf::from).collect();
    if !dirs.is_empty() {
        ground.run().inventory_mut().set_playbook_dirs(dirs.clone());
    }
    let listing = Listing { export: options.flag("export"), dirs };
    if let Some(pattern) = options.text("host") {
        let inventory = ground.run().inventory();
        let hosts = inventory.select(&[pattern])?;
        let [host] = hosts.as_slice() else {
            return Err(Error::new(Kind::Usage, "You must pass a single valid host to --host parameter"));
        };
        let host = inventory.host(host).ok_or_else(|| Error::general("the host is gone"))?;
        let mut variables = inventory.host_listing(host, &listing)?;
        if !listing.export {
            variables.extend((**ground.extra()).clone());
        }
        return dumped(&Value::dict(variables), options);
    }
    ground.run().inventory_mut().set_limit(options.text("subset").as_deref())?;
    let inventory = ground.run().inventory();
    if options.flag("graph") {
        let group = options.positional.first().map_or("all", String::as_str);
        let drawn = inventory.graph(group, options.flag("show_vars").then_some(&listing));
        return drawn.map_err(|error| error.with_kind(Kind::Usage));
    }
    if options.flag("toml") && !options.flag("yaml") {
        return Err(Error::general("TOML listings are not built yet."));
    }
    let value = match options.flag("yaml") {
        true => inventory.yaml_listing(&listing)?,
        false => inventory.script_listing(&listing)?,
    };
    dumped(&value, options)
}

fn dumped(value: &Value, options: &Options) -> Result<String> {
    if options.flag("yaml") {
        return write::to_string(value, &write::Style { flow: Some(false), ..write::Style::default() });
    }
    let value = if value.get("_meta").is_some() { value.clone() } else { plain(value) };
    Ok(json::to_string(&value, &Style { ensure_ascii: true, ..Style::PRETTY }))
}

/// Writes a file beside its place, then puts it there.
fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
