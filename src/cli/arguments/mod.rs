//! Command lines: one table of options a command, from which arguments are parsed and help is written, as `argparse` does.

pub mod commands;
mod help;
mod parse;
#[cfg(test)]
mod tests;

pub use help::{terminal_width, text as help, usage};
pub use parse::{Parsed, Unknown, parse};

/// What an option does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is there or not.
    Flag,
    /// How often it is there.
    Count,
    /// Its value; the last counts.
    Store,
    /// Its value, a whole number.
    Int,
    /// All its values.
    Append,
    /// Shows help.
    Help,
    /// Shows the version.
    Version,
}

/// Under which heading help shows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// `options:`
    Options,
    /// `Connection Options:`
    Connection,
    /// `Privilege Escalation Options:`
    Privilege,
    /// `Actions:`
    Actions,
}

impl Group {
    /// Its heading and description.
    pub fn heading(self) -> (&'static str, &'static str) {
        match self {
            Group::Options => ("options", ""),
            Group::Connection => ("Connection Options", "control as whom and how to connect to hosts"),
            Group::Privilege => {
                ("Privilege Escalation Options", "control how and which user you become as on target hosts")
            }
            Group::Actions => ("Actions", "One of following must be used on invocation, ONLY ONE!"),
        }
    }
}

/// An option.
#[derive(Clone, Debug)]
pub struct Opt {
    /// Its spellings.
    pub flags: &'static [&'static str],
    /// The name of its value, as configuration and `-vvvv` know it.
    pub dest: &'static str,
    /// What it does.
    pub action: Action,
    /// Its help, defaults filled in.
    pub help: String,
    /// Its heading.
    pub group: Group,
    /// Options with the same number exclude each other.
    pub exclusive: Option<u8>,
}

impl Opt {
    /// How its value is called in help.
    pub fn metavar(&self) -> String {
        self.dest.to_uppercase()
    }

    /// Whether it needs a value.
    pub fn takes_value(&self) -> bool {
        matches!(self.action, Action::Store | Action::Int | Action::Append)
    }

    /// All spellings, as errors name the option.
    pub fn shown(&self) -> String {
        self.flags.join("/")
    }
}

/// The arguments that are no options.
#[derive(Clone, Copy, Debug)]
pub struct Positional {
    /// Its name in help.
    pub metavar: &'static str,
    /// Its help.
    pub help: &'static str,
    /// One must be given.
    pub required: bool,
    /// More than one may be given.
    pub many: bool,
}

/// A command.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program's name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What help ends with.
    pub epilog: &'static str,
    /// Its options, in the order of the usage line.
    pub options: Vec<Opt>,
    /// The other arguments.
    pub positional: Positional,
}

impl Command {
    /// The option of a spelling.
    pub fn find(&self, flag: &str) -> Option<&Opt> {
        self.options.iter().find(|opt| opt.flags.contains(&flag))
    }
}
