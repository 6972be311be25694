//! Passwords: asked for at the terminal, or read from a file or a program. They are never shown.

use super::options::Options;
use crate::config::Config;
use crate::connection::Secret;
use crate::error::{Error, Result};
use std::io::{BufRead, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The passwords of a run.
#[derive(Clone, Debug, Default)]
pub struct Passwords {
    /// For connecting.
    pub connection: Option<Secret>,
    /// For becoming another user.
    pub becoming: Option<Secret>,
}

/// Asks for passwords, or reads them from files, as the options want it.
pub fn passwords(options: &Options, config: &Config) -> Result<Passwords> {
    let method = match config.flag("AGNOSTIC_BECOME_PROMPT") {
        true => "BECOME".to_string(),
        false => options.text("become_method").unwrap_or_default().to_uppercase(),
    };
    let mut prompt = format!("{method} password: ");
    let mut passwords = Passwords::default();
    if options.flag("ask_pass") {
        passwords.connection = Some(Secret::new(ask("SSH password: ")?));
        prompt = format!("{method} password[defaults to SSH password]: ");
    } else if let Some(file) = options.text("connection_password_file") {
        passwords.connection = Some(Secret::new(from_file(&file)?));
    }
    if options.flag("become_ask_pass") {
        let answer = ask(&prompt)?;
        passwords.becoming = match answer.is_empty() && options.flag("ask_pass") {
            true => passwords.connection.clone(),
            false => Some(Secret::new(answer)),
        };
    } else if let Some(file) = options.text("become_password_file") {
        passwords.becoming = Some(Secret::new(from_file(&file)?));
    }
    Ok(passwords)
}

/// Asks a question whose answer is not shown: at the terminal, or else on standard input.
pub fn ask(prompt: &str) -> Result<String> {
    let failed = |error: std::io::Error| Error::general(format!("cannot read a password: {error}"));
    match std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Ok(tty) => ask_at(tty, prompt).map_err(failed),
        Err(_) => {
            let mut err = std::io::stderr().lock();
            err.write_all(prompt.as_bytes()).and_then(|()| err.flush()).map_err(failed)?;
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
            Ok(line.trim_end_matches(['\r', '\n']).to_string())
        }
    }
}

fn ask_at(mut tty: std::fs::File, prompt: &str) -> std::io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    tty.write_all(prompt.as_bytes())?;
    let before = tcgetattr(&tty)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&tty, OptionalActions::Flush, &hidden)?;
    let mut line = String::new();
    let outcome = std::io::BufReader::new(tty.try_clone()?).read_line(&mut line);
    tcsetattr(&tty, OptionalActions::Flush, &before)?;
    tty.write_all(b"\n")?;
    outcome?;
    Ok(line.trim_end_matches(['\r', '\n']).to_string())
}

/// A password from a file, from a program that prints it, or, for `-`, from standard input.
pub fn from_file(path: &str) -> Result<String> {
    let bytes = if path == "-" {
        let mut bytes = Vec::new();
        let failed = |error| Error::general(format!("cannot read a password from standard input: {error}"));
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        bytes
    } else {
        let facts =
            std::fs::metadata(path).map_err(|_| Error::general(format!("The password file {path} was not found")))?;
        match facts.permissions().mode() & 0o111 != 0 {
            true => from_program(path)?,
            false => std::fs::read(path)
                .map_err(|error| {
                    Error::general(format!("Could not read password file '{path}'."))
                        .because(Error::general(error.to_string()))
                })?
                .trim_ascii()
                .to_vec(),
        }
    };
    let text =
        String::from_utf8(bytes).map_err(|_| Error::general(format!("The password from {path} is not UTF-8")))?;
    match text.trim_matches(['\r', '\n']) {
        "" => Err(Error::general(format!("Empty password was provided from file ({path})"))),
        password => Ok(password.to_string()),
    }
}

fn from_program(path: &str) -> Result<Vec<u8>> {
    let output = std::process::Command::new(Path::new(path)).output().map_err(|error| {
        Error::general(format!(
            "Problem occurred when trying to run the password script {path} ({error}). If this is not a script, remove the \
             executable bit from the file."
        ))
    })?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(Error::general(format!(
            "The password script {path} returned an error (rc={}): {}",
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stderr)
        ))),
    }
}
