//! The methods that differ in little more than their flags.

use super::{Method, Wish, join, quote};
use crate::agent::escalate::Prompt;

/// One method.
struct Row {
    name: &'static str,
    /// Its flags, where none are given.
    flags: &'static str,
    /// What precedes the user.
    user: &'static str,
    /// What precedes the command.
    before: &'static str,
    /// The command is one quoted word instead of a shell and its words.
    quoted: bool,
    /// How it asks.
    prompts: &'static [&'static str],
    wrong: &'static [&'static str],
    missing: &'static [&'static str],
}

const DEFAULT: Row =
    Row { name: "", flags: "", user: "-u ", before: "", quoted: false, prompts: &[], wrong: &[], missing: &[] };

const ROWS: [Row; 6] = [
    Row {
        name: "doas",
        prompts: &["password"],
        wrong: &["Permission denied", "Authentication failed"],
        missing: &["Authorization required", "Operation not permitted"],
        ..DEFAULT
    },
    Row {
        name: "dzdo",
        flags: "-H -S -n",
        prompts: &["password"],
        wrong: &["Sorry, try again."],
        missing: &["a password is required"],
        ..DEFAULT
    },
    Row { name: "pbrun", prompts: &["assword"], ..DEFAULT },
    Row { name: "pfexec", flags: "-H -S -n", user: "", ..DEFAULT },
    Row {
        name: "ksu",
        user: "",
        before: "-e",
        quoted: false,
        prompts: &["Kerberos password for", "password"],
        wrong: &["Password incorrect"],
        missing: &["No password given"],
        ..DEFAULT
    },
    Row {
        name: "sesu",
        user: "",
        before: "-c",
        quoted: true,
        prompts: &["password"],
        wrong: &["Incorrect password"],
        ..DEFAULT
    },
];

/// The method of this name.
pub fn method(name: &str, wish: &Wish) -> Option<Method> {
    let row = ROWS.iter().find(|row| row.name == name)?;
    let command = wish.in_shell();
    let command = if row.quoted { quote(&command).into_owned() } else { command };
    let user = match (row.name, wish.becoming.user.as_str()) {
        // It knows no other user than the one its profiles give.
        ("pfexec", _) | (_, "") => String::new(),
        (_, user) => format!("{}{user}", row.user),
    };
    // doas must not ask where nobody answers.
    let silent = if row.name == "doas" && wish.becoming.password.is_none() { "-n" } else { "" };
    let prompts: Vec<String> = row.prompts.iter().map(|word| word.to_string()).collect();
    Some(Method {
        name: row.name,
        command: join(&[wish.exe(row.name), wish.flags(row.flags), silent, &user, row.before, &command]),
        terminal: true,
        prompt: (!prompts.is_empty()).then_some(Prompt::Words(prompts)),
        wrong: row.wrong,
        missing: row.missing,
    })
}
