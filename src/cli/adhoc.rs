//! `ansible`: one task on a set of hosts.

use super::arguments::commands;
use super::display;
use super::front;
use super::options::Options;
use super::playbook::tell_warnings;
use super::secrets;
use super::session::Ground;
use super::stage::{Stage, tell};
use crate::config::Config;
use crate::engine;
use crate::error::{Error, Kind, Origin, Result, Warning};
use crate::event::{self, Event};
use crate::playbook::{play, split};
use crate::value::{Dict, Text, Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// Modules that do nothing without arguments; what they run is not cut into `key=value`.
const FREE_FORM: &[&str] = &["command", "shell", "raw", "script", "win_command", "win_shell"];

/// Runs the command; gives the exit code.
pub fn main(arguments: &[String]) -> u8 {
    prepare(arguments).unwrap_or_else(|code| code)
}

fn prepare(arguments: &[String]) -> Result<u8, u8> {
    let config = Arc::new(front::config()?);
    let command = commands::adhoc(&config);
    let parsed = front::arguments(&command, &config, arguments)?;
    front::complete(&command, &parsed, &[])?;
    let mut options = Options::new(&command, &parsed, &config)?;
    if let Some(flag) = parsed.used.iter().find(|flag| matches!(**flag, "-o" | "--one-line")) {
        let message = format!("The '{flag}' argument is deprecated.");
        let help = "Use callback configuration to enable the oneline callback instead.";
        options.warnings.push(Warning::deprecated(message, "2.23").help(help));
    }
    let mut screen = display::open(command.name, &config, &options).map_err(|error| front::fail(&error.one_line()))?;
    for (dest, flag) in [("seconds", "-B"), ("tree", "-t")] {
        if options.flag(dest) {
            return Err(tell(&Error::new(Kind::Usage, format!("{flag} is not built yet.")), &mut screen));
        }
    }
    let passwords = secrets::passwords(&options, &config).map_err(|error| tell(&error, &mut screen))?;
    let stage = Stage {
        callback: callback(&config, &options),
        config: &config,
        options: &options,
        enabled_callbacks: config.flag("DEFAULT_LOAD_CALLBACK_PLUGINS"),
        passwords,
    };
    Ok(stage.run(screen, async |ground, events| perform(ground, &options, events).await))
}

fn callback(config: &Config, options: &Options) -> String {
    let chosen = config.text("DEFAULT_STDOUT_CALLBACK").filter(|name| name != "default");
    match (options.flag("one_line"), config.flag("DEFAULT_LOAD_CALLBACK_PLUGINS"), chosen) {
        (true, ..) => "oneline".into(),
        (false, true, Some(name)) => name,
        _ => "minimal".into(),
    }
}

async fn perform(ground: &Ground, options: &Options, events: &event::Sender) -> Result<u8> {
    let pattern = options.positional.first().cloned().unwrap_or_default();
    let limit = options.text("subset");
    let hosts = match ground.targets(limit.as_deref(), &pattern) {
        Ok(hosts) => hosts,
        Err(error) if limit.is_some() => return Err(error),
        Err(_) => {
            events.warn("No hosts matched, nothing to do");
            Vec::new()
        }
    };
    if options.flag("listhosts") {
        events.send(Event::Text(format!("  hosts ({}):", hosts.len())));
        hosts.iter().for_each(|host| events.send(Event::Text(format!("    {host}"))));
        return Ok(0);
    }
    let module = options.text("module_name").unwrap_or_else(|| "command".into());
    let task = task(&module, options, &pattern)?;
    let dir = options.text("basedir").map_or_else(|| std::env::current_dir().unwrap_or_default(), PathBuf::from);
    let session = ground.session(&dir);
    let mut dict = Dict::from_iter([("name", Value::str("Ansible Ad-Hoc")), ("gather_facts", Value::Bool(false))]);
    dict.insert("hosts", Value::str(pattern));
    dict.insert("tasks", Value::list([task]));
    let play = play::head(&dict).and_then(|head| head.finish(&session.loader, dir));
    tell_warnings(&session.loader, events);
    let playbook = engine::Playbook { path: "__adhoc_playbook__".into(), plays: vec![play?] };
    engine::run::run(&session, &[playbook]).await
}

fn task(module: &str, options: &Options, pattern: &str) -> Result<Value> {
    let short =
        module.strip_prefix("ansible.builtin.").or_else(|| module.strip_prefix("ansible.legacy.")).unwrap_or(module);
    let text = options.text("module_args").unwrap_or_default();
    if FREE_FORM.contains(&short) && text.is_empty() {
        let hint = if pattern.ends_with(".yml") { " (did you mean to run ansible-playbook?)" } else { "" };
        return Err(Error::new(Kind::Usage, format!("No argument passed to {module} module{hint}")));
    }
    if short == "import_playbook" {
        return Err(Error::new(Kind::Usage, format!("'{module}' is not a valid action for ad-hoc commands")));
    }
    let origin = Origin::described(format!("<adhoc '{module}' task>"));
    let trusted = |text: &str| Value::Str(Text::trusted(text, Some(origin.clone())));
    let mut task = Dict::new();
    task.insert_value(trusted("action"), trusted(module));
    task.insert("args", arguments(&text, FREE_FORM.contains(&short), &origin)?);
    if let Some(seconds) = options.int("task_timeout").filter(|seconds| *seconds > 0) {
        task.insert("timeout", seconds);
    }
    Ok(Value::dict(task))
}

/// The module's arguments: JSON, or `key=value` words.
fn arguments(text: &str, free_form: bool, origin: &Origin) -> Result<Value> {
    if text.starts_with('{')
        && text.ends_with('}')
        && let Ok(value) = json::parse(text)
    {
        return Ok(trust(&value, origin));
    }
    let words = split::parse(text, free_form)?;
    let mut arguments = Dict::new();
    for (key, value) in words.pairs {
        arguments.insert(key, Value::Str(Text::trusted(value, Some(origin.clone()))));
    }
    if let Some(raw) = words.raw {
        arguments.insert("_raw_params", Value::Str(Text::trusted(raw, Some(origin.clone()))));
    }
    Ok(Value::dict(arguments))
}

/// The same value with texts that may be templates: the user wrote them.
fn trust(value: &Value, origin: &Origin) -> Value {
    match value {
        Value::Str(text) => Value::Str(Text::trusted(text.as_str(), Some(origin.clone()))),
        Value::List(items) => Value::list(items.iter().map(|item| trust(item, origin))),
        Value::Dict(dict) => Value::dict(dict.iter().map(|(key, value)| (key.clone(), trust(value, origin))).collect()),
        other => other.clone(),
    }
}
