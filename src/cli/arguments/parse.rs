//! Parses command lines as `argparse` does: grouped short options, values attached or apart, abbreviated long options.
//! Options and other arguments may be mixed.

use super::{Action, Command, Opt};
use std::collections::HashMap;

/// An option nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The argument as written.
    pub text: String,
    /// How many positional arguments stand before it.
    pub before: usize,
    /// How many values of `extra_vars` stand before it.
    pub extras_before: usize,
    /// The next argument is no option, and could be its value.
    pub followed: bool,
}

/// A parsed command line.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    values: HashMap<&'static str, Vec<String>>,
    counts: HashMap<&'static str, usize>,
    /// The arguments that are no options.
    pub positional: Vec<String>,
    /// Options nobody knows.
    pub unknown: Vec<Unknown>,
    /// `--help` or `--version` was asked for, whichever came first.
    pub asked: Option<Action>,
    /// Spellings used, for deprecations.
    pub used: Vec<&'static str>,
}

impl Parsed {
    /// Whether an option was given.
    pub fn flag(&self, dest: &str) -> bool {
        self.count(dest) > 0
    }

    /// How often an option was given.
    pub fn count(&self, dest: &str) -> usize {
        self.counts.get(dest).copied().unwrap_or(0)
    }

    /// The last value of an option.
    pub fn value(&self, dest: &str) -> Option<&str> {
        self.values(dest).last().map(String::as_str)
    }

    /// All values of an option.
    pub fn values(&self, dest: &str) -> &[String] {
        self.values.get(dest).map(Vec::as_slice).unwrap_or_default()
    }

    /// The number given with an option; the parser has checked that it is one.
    pub fn int(&self, dest: &str) -> Option<i64> {
        self.value(dest).and_then(|value| value.trim().parse().ok())
    }

    /// Puts a value of an option among those given.
    pub fn insert(&mut self, dest: &'static str, at: usize, value: String) {
        let values = self.values.entry(dest).or_default();
        values.insert(at.min(values.len()), value);
        *self.counts.entry(dest).or_default() += 1;
    }
}

/// Parses arguments. The problem comes as `argparse` words it.
pub fn parse(command: &Command, arguments: &[String]) -> Result<Parsed, String> {
    let mut parser = Parser { command, arguments, at: 0, parsed: Parsed::default(), exclusive: HashMap::new() };
    while parser.at < arguments.len() {
        parser.next()?;
        if parser.parsed.asked.is_some() {
            break;
        }
    }
    Ok(parser.parsed)
}

struct Parser<'a> {
    command: &'a Command,
    arguments: &'a [String],
    at: usize,
    parsed: Parsed,
    exclusive: HashMap<u8, &'a Opt>,
}

/// What an argument is.
enum Argument<'a> {
    Positional,
    Option { opt: &'a Opt, flag: &'static str, value: Option<String> },
    Unknown,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<(), String> {
        let argument = &self.arguments[self.at];
        self.at += 1;
        if argument == "--" {
            self.parsed.positional.extend_from_slice(&self.arguments[self.at..]);
            self.at = self.arguments.len();
            return Ok(());
        }
        match self.classify(argument)? {
            Argument::Positional => self.parsed.positional.push(argument.clone()),
            Argument::Unknown => {
                let followed = self.next_is_value();
                self.parsed.unknown.push(Unknown {
                    text: argument.clone(),
                    before: self.parsed.positional.len(),
                    extras_before: self.parsed.values("extra_vars").len(),
                    followed,
                });
            }
            Argument::Option { opt, flag, value } => self.take(opt, flag, value)?,
        }
        Ok(())
    }

    fn next_is_value(&self) -> bool {
        let next = self.arguments.get(self.at);
        next.is_some_and(|next| next != "--" && matches!(self.classify(next), Ok(Argument::Positional)))
    }

    fn classify(&self, argument: &str) -> Result<Argument<'a>, String> {
        if !argument.starts_with('-') || argument.len() == 1 {
            return Ok(Argument::Positional);
        }
        let option = |opt: &'a Opt, spelled: &str, value: Option<&str>| {
            let flag = opt.flags.iter().find(|flag| **flag == spelled).copied().unwrap_or(opt.flags[0]);
            Argument::Option { opt, flag, value: value.map(str::to_string) }
        };
        if let Some(opt) = self.command.find(argument) {
            return Ok(option(opt, argument, None));
        }
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument, None),
        };
        if value.is_some()
            && let Some(opt) = self.command.find(name)
        {
            return Ok(option(opt, name, value));
        }
        if argument.starts_with("--") {
            let matches: Vec<(&'a Opt, &'static str)> = self
                .command
                .options
                .iter()
                .flat_map(|opt| opt.flags.iter().map(move |flag| (opt, *flag)))
                .filter(|(_, flag)| flag.starts_with(name) && flag.starts_with("--"))
                .collect();
            match matches.as_slice() {
                [] => {}
                [(opt, flag)] => return Ok(option(opt, flag, value)),
                several => {
                    let flags: Vec<&str> = several.iter().map(|(_, flag)| *flag).collect();
                    return Err(format!("ambiguous option: {argument} could match {}", flags.join(", ")));
                }
            }
        } else {
            let end = 1 + argument[1..].chars().next().map_or(0, char::len_utf8);
            if let Some(opt) = self.command.find(&argument[..end]) {
                return Ok(option(opt, &argument[..end], Some(&argument[end..])));
            }
        }
        let is_number = argument[1..].parse::<f64>().is_ok();
        // argparse takes what holds a blank for a positional; `--NAME=two words` may be a variable of the playbooks
        let variable = value.is_some() && argument.starts_with("--") && !name.contains(' ');
        let positional = is_number || (argument.contains(' ') && !variable);
        Ok(if positional { Argument::Positional } else { Argument::Unknown })
    }

    /// Takes an option with what is attached to it.
    fn take(&mut self, opt: &'a Opt, flag: &'static str, attached: Option<String>) -> Result<(), String> {
        let (mut opt, mut flag, mut attached) = (opt, flag, attached);
        loop {
            self.exclude(opt)?;
            self.parsed.used.push(flag);
            if opt.takes_value() {
                let value = match attached {
                    Some(value) => value,
                    None if self.next_is_value() => {
                        self.at += 1;
                        self.arguments[self.at - 1].clone()
                    }
                    None => return Err(format!("argument {}: expected one argument", opt.shown())),
                };
                return self.store(opt, value);
            }
            self.set(opt);
            // more short options may be attached: -vvC
            let Some(rest) = attached.filter(|rest| !rest.is_empty() || flag.starts_with("--")) else { return Ok(()) };
            let ignored = || format!("argument {}: ignored explicit argument '{rest}'", opt.shown());
            let next = rest.chars().next().filter(|_| !flag.starts_with("--"));
            let next = next.and_then(|c| self.command.find(&format!("-{c}")));
            let Some(next) = next else { return Err(ignored()) };
            let tail = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
            // -f=5 attaches its value with a sign, -f5 without
            let tail = if next.takes_value() { tail.strip_prefix('=').unwrap_or(tail) } else { tail };
            flag = next.flags.iter().find(|known| known.len() == 2).copied().unwrap_or(next.flags[0]);
            attached = (!tail.is_empty()).then(|| tail.to_string());
            opt = next;
        }
    }

    fn exclude(&mut self, opt: &'a Opt) -> Result<(), String> {
        let Some(number) = opt.exclusive else { return Ok(()) };
        match self.exclusive.get(&number) {
            Some(other) if other.dest != opt.dest => {
                Err(format!("argument {}: not allowed with argument {}", opt.shown(), other.shown()))
            }
            _ => {
                self.exclusive.insert(number, opt);
                Ok(())
            }
        }
    }

    fn set(&mut self, opt: &Opt) {
        match opt.action {
            Action::Help | Action::Version => {
                self.parsed.asked.get_or_insert(opt.action);
            }
            _ => *self.parsed.counts.entry(opt.dest).or_default() += 1,
        }
    }

    fn store(&mut self, opt: &Opt, value: String) -> Result<(), String> {
        if opt.action == Action::Int && value.trim().parse::<i64>().is_err() {
            return Err(format!("argument {}: invalid int value: '{value}'", opt.shown()));
        }
        *self.parsed.counts.entry(opt.dest).or_default() += 1;
        self.parsed.values.entry(opt.dest).or_default().push(value);
        Ok(())
    }
}
