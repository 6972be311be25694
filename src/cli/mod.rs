//! The commands, one file each, by the name the program is called with.

mod adhoc;
mod arguments;
mod catalog;
mod display;
mod extra_vars;
mod front;
mod inventory;
mod listing;
mod options;
mod playbook;
mod secrets;
mod session;
mod settings;
mod signals;
mod stage;
mod undeclared;
mod version;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// The names that Ansible's programs have.
const PROGRAMS: &[&str] = &[
    "ansible",
    "ansible-config",
    "ansible-console",
    "ansible-doc",
    "ansible-galaxy",
    "ansible-inventory",
    "ansible-playbook",
    "ansible-pull",
    "ansible-vault",
];

/// Runs the command that the program is called as: by its own name, or, as `heliostat`, by its first argument.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    let called = arguments.first().map(|path| name_of(path)).unwrap_or_default();
    let mut name = called.clone();
    if !PROGRAMS.contains(&name.as_str()) {
        let command = arguments.get(1).cloned().unwrap_or_default();
        let full = if command == "ansible" { command.clone() } else { format!("ansible-{command}") };
        name = if PROGRAMS.contains(&command.as_str()) { command } else { full };
        if !PROGRAMS.contains(&name.as_str()) {
            return overview(&called, arguments.get(1).map(String::as_str));
        }
        arguments.remove(0);
    }
    let rest = arguments.get(1..).unwrap_or_default();
    let outcome = std::panic::catch_unwind(|| dispatch(&name, rest));
    ExitCode::from(outcome.unwrap_or_else(|_| {
        front::complain("[ERROR]: Unexpected Exception, this is probably a bug.\n");
        front::code::UNEXPECTED
    }))
}

fn dispatch(name: &str, rest: &[String]) -> u8 {
    match name {
        "ansible-playbook" => playbook::main(rest),
        "ansible-inventory" => inventory::main(rest),
        "ansible" => adhoc::main(rest),
        other => front::fail(&format!("{other} is not built yet.")),
    }
}

fn name_of(path: &str) -> String {
    Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Called by a name of its own, without a command.
fn overview(called: &str, argument: Option<&str>) -> ExitCode {
    let list = PROGRAMS.join(", ");
    match argument {
        None | Some("-h" | "--help") => {
            front::say(&format!(
                "usage: {called} COMMAND [ARGUMENT ...]\n\nRuns as any of these commands, by link or by first argument:\n  {list}\n"
            ));
            ExitCode::SUCCESS
        }
        Some("--version") => {
            front::say(&format!("{called} {} [core {}]\n", env!("CARGO_PKG_VERSION"), version::CORE));
            ExitCode::SUCCESS
        }
        Some(other) => ExitCode::from(front::fail(&format!("there is no command '{other}'; there are: {list}"))),
    }
}
