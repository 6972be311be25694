//! What all commands begin with: settings, arguments, help, version; and how they end with an error.

use super::arguments::{Action, Command, Parsed, help, parse, terminal_width, usage};
use super::version;
use crate::config::Config;
use crate::error::{Error, Kind};
use std::io::Write;

/// Exit codes, with Ansible's meaning.
pub mod code {
    /// Something about the run as a whole.
    pub const GENERAL: u8 = 1;
    /// The command line.
    pub const USAGE: u8 = 2;
    /// A playbook or variable file that is none.
    pub const PARSER: u8 = 4;
    /// A value that an option or setting cannot have.
    pub const OPTION: u8 = 5;
    /// Ctrl-C.
    pub const INTERRUPTED: u8 = 99;
    /// A mistake of ours.
    pub const UNEXPECTED: u8 = 250;
}

/// Writes to standard output.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Writes to standard error.
pub fn complain(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// An error before there is a screen; gives the exit code.
pub fn fail(message: &str) -> u8 {
    complain(&format!("[ERROR]: {message}\n"));
    code::GENERAL
}

/// The exit code of an error that ends a command.
pub fn code_of(error: &Error) -> u8 {
    match error.kind() {
        Kind::Parser => code::PARSER,
        Kind::Usage => code::OPTION,
        Kind::Interrupted => code::INTERRUPTED,
        _ => code::GENERAL,
    }
}

/// Reads the settings; an error among them is told, and gives the exit code.
pub fn config() -> Result<Config, u8> {
    Config::load().map_err(|error| {
        let hint = error.help_text().map(|hint| format!(" {hint}")).unwrap_or_default();
        complain(&format!("ERROR: {}{hint}\n", error.one_line()));
        code::OPTION
    })
}

/// Parses arguments. Help, version and mistakes are told, and give the exit code.
pub fn arguments(command: &Command, config: &Config, arguments: &[String]) -> Result<Parsed, u8> {
    let parsed = parse(command, arguments).map_err(|problem| misused(command, &problem))?;
    match parsed.asked {
        Some(Action::Help) => {
            say(&help(command, terminal_width()));
            return Err(0);
        }
        Some(Action::Version) => {
            say(&format!("{}\n", version::text(command.name, config)));
            return Err(0);
        }
        _ => {}
    }
    Ok(parsed)
}

/// Checks what `argparse` checks last: that nothing is missing or left over.
pub fn complete(command: &Command, parsed: &Parsed, hints: &[String]) -> Result<(), u8> {
    let positional = &command.positional;
    if positional.required && parsed.positional.is_empty() {
        let problem = format!("the following arguments are required: {}", positional.metavar);
        return Err(misused(command, &problem));
    }
    let mut extra: Vec<&str> = parsed.unknown.iter().map(|unknown| unknown.text.as_str()).collect();
    if !positional.many {
        extra.extend(parsed.positional.iter().skip(1).map(String::as_str));
    }
    if extra.is_empty() {
        return Ok(());
    }
    let hints = hints.iter().map(|hint| format!("\n{hint}")).collect::<String>();
    Err(misused(command, &format!("unrecognized arguments: {}{hints}", extra.join(" "))))
}

/// A wrong command line: the usage, what is wrong, and the help page.
pub fn misused(command: &Command, problem: &str) -> u8 {
    let width = terminal_width();
    complain(&format!("{}{}: error: {problem}\n \n{}", usage(command, width), command.name, help(command, width)));
    code::USAGE
}

/// A wrong value that only the command finds: the usage and what is wrong.
pub fn refused(command: &Command, problem: &str) -> u8 {
    complain(&format!("{}{}: error: {problem}\n", usage(command, terminal_width()), command.name));
    code::USAGE
}
