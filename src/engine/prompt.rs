//! Questions to the person at the terminal: `vars_prompt` and `--step`.

use super::batch::Batch;
use super::session::Session;
use crate::error::{Error, Result};
use crate::event::{Event, TaskInfo};
use crate::playbook::Play;
use crate::template::templar::Templar;
use crate::value::{Dict, Text, Value};
use std::io::{BufRead, Write};
use std::sync::Arc;

/// Asks for the variables of `vars_prompt` that `--extra-vars` does not give.
pub async fn ask(session: &Arc<Session>, play: &Play, templar: &Templar) -> Result<Dict> {
    let mut answers = Dict::new();
    for raw in &play.vars_prompt {
        let Some(entry) = raw.as_dict() else {
            return Err(
                Error::parser("Invalid vars_prompt data structure, expected a list of dictionaries").at(raw.origin())
            );
        };
        let entry = templar.template(&Value::dict(entry.clone()))?;
        let entry = entry.as_dict().cloned().unwrap_or_default();
        check(&entry, raw)?;
        let name = entry.get("name").map(|name| name.to_text().into_owned()).unwrap_or_default();
        if session.extra.contains(&name) {
            continue;
        }
        let answer = answer(session, &entry, &name).await?;
        let answer = match entry.get("encrypt").filter(|scheme| !scheme.is_none()) {
            None => answer,
            Some(scheme) => encrypt(templar, &answer, scheme, &entry)?,
        };
        let trusted = !entry.get("unsafe").and_then(Value::to_bool).unwrap_or(false);
        let value = if trusted { Text::trusted(answer, None) } else { Text::plain(answer) };
        answers.insert(name, Value::Str(value));
    }
    Ok(answers)
}

fn check(entry: &Dict, raw: &Value) -> Result<()> {
    const KNOWN: &[&str] =
        &["name", "prompt", "default", "private", "confirm", "encrypt", "salt_size", "salt", "unsafe"];
    if !entry.contains("name") {
        return Err(Error::parser("Invalid vars_prompt data structure, missing 'name' key").at(raw.origin()));
    }
    match entry.keys().filter_map(Value::as_str).find(|key| !KNOWN.contains(key)) {
        Some(key) => Err(Error::parser(format!("Invalid vars_prompt data structure, found unsupported key '{key}'"))
            .at(raw.origin())),
        None => Ok(()),
    }
}

async fn answer(session: &Arc<Session>, entry: &Dict, name: &str) -> Result<String> {
    let flag = |key: &str, default: bool| entry.get(key).and_then(Value::to_bool).unwrap_or(default);
    let default = entry.get("default").filter(|value| !value.is_none()).map(|value| value.to_text().into_owned());
    let prompt = entry
        .get("prompt")
        .filter(|value| !value.is_none())
        .map_or_else(|| name.to_string(), |p| p.to_text().into_owned());
    let text = match &default {
        Some(default) if !flag("private", true) => format!("{prompt} [{default}]: "),
        Some(default) => format!("{prompt} [{default}]: "),
        None => format!("{prompt}: "),
    };
    if !session.options.interactive {
        session.events.warn("Not prompting as we are not in interactive mode");
        return Ok(default.unwrap_or_default());
    }
    let private = flag("private", true);
    loop {
        let given = read(text.clone(), private).await?;
        if !flag("confirm", false) {
            return Ok(if given.is_empty() { default.unwrap_or_default() } else { given });
        }
        if read(format!("confirm {text}"), private).await? == given {
            return Ok(given);
        }
        session.events.send(Event::Text("***** VALUES ENTERED DO NOT MATCH ****".into()));
    }
}

fn encrypt(templar: &Templar, answer: &str, scheme: &Value, entry: &Dict) -> Result<String> {
    let mut variables = Dict::from_iter([("password", Value::str(answer)), ("scheme", scheme.clone())]);
    let mut call = "password | password_hash(scheme".to_string();
    if let Some(salt) = entry.get("salt").filter(|salt| !salt.is_none()) {
        variables.insert("salt", salt.clone());
        call.push_str(", salt=salt");
    }
    call.push(')');
    let templar = templar.with_variables(Arc::new(variables));
    Ok(templar.evaluate(&Text::trusted(call, None))?.to_text().into_owned())
}

/// Reads a line from the terminal, without showing it when it is a secret.
async fn read(prompt: String, private: bool) -> Result<String> {
    let work = tokio::task::spawn_blocking(move || read_line(&prompt, private));
    let line = work.await.map_err(|error| Error::general(format!("the prompt failed: {error}")))?;
    line.map_err(|error| Error::general(format!("cannot read from the terminal: {error}")))
}

fn read_line(prompt: &str, private: bool) -> std::io::Result<String> {
    let mut tty = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    tty.write_all(prompt.as_bytes())?;
    tty.flush()?;
    let before = if private { Some(hide_input(&tty)?) } else { None };
    let mut line = String::new();
    let outcome = std::io::BufReader::new(tty.try_clone()?).read_line(&mut line);
    if let Some(settings) = before {
        rustix::termios::tcsetattr(&tty, rustix::termios::OptionalActions::Now, &settings)?;
        tty.write_all(b"\n")?;
    }
    outcome?;
    Ok(line.trim_end_matches(['\n', '\r']).to_string())
}

fn hide_input(tty: &std::fs::File) -> std::io::Result<rustix::termios::Termios> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let before = tcgetattr(tty)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(tty, OptionalActions::Now, &hidden)?;
    Ok(before)
}

impl Batch<'_> {
    /// With `--step`: asks whether to do a task.
    pub(super) async fn confirm_step(&mut self, info: &TaskInfo) -> Result<bool> {
        if !self.session.options.step || self.step_all {
            return Ok(true);
        }
        let answer = read(format!("Perform task: TASK: {} (N)o/(y)es/(c)ontinue: ", info.title), false).await?;
        match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "c" | "continue" => {
                self.step_all = true;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
