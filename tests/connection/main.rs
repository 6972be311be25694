//! Connections against real daemons on this machine: what the tests look at is the host.

#![allow(clippy::print_stderr, reason = "a test may say what it measured and what it skipped")]

mod becoming;
mod load;
mod losses;
mod secrets;
mod shells;
mod ssh;
mod sshd;

use heliostat::connection::Fleet;
use heliostat::connection::fleet::{Job, Reply};
use heliostat::value::{Dict, Value, json};

/// A fleet whose agents run the program under test.
fn fleet() -> Fleet {
    Fleet::with_program(env!("CARGO_BIN_EXE_heliostat").into())
}

/// A job from a module's name and its arguments as JSON.
fn job(module: &str, arguments: &str) -> Job {
    let arguments = json::parse(arguments).unwrap();
    Job { module: module.into(), arguments: arguments.as_dict().unwrap().clone(), ..Job::default() }
}

/// A shell line.
fn shell(line: &str) -> Job {
    let mut arguments = Dict::new();
    arguments.insert("_raw_params", line);
    Job { module: "shell".into(), arguments, ..Job::default() }
}

/// What a command printed.
fn stdout(reply: &Reply) -> String {
    let text = reply.result.get("stdout").and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no stdout in {:?}", reply.result)).to_string()
}
