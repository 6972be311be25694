//! `getent`: a name service database as facts.

use super::process::{Command, require_program};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec};
use crate::value::{Dict, Value};

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("database", Kind::Str).required(),
        Arg::new("key", Kind::Str),
        Arg::new("service", Kind::Str),
        Arg::new("split", Kind::Str),
        Arg::new("fail_key", Kind::Bool).default("yes"),
    ],
    ..Spec::new("getent")
};

/// Asks.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let database = params.str("database").unwrap_or_default();
    let mut command = Command::new([require_program(run, "getent")?.as_str(), database]);
    if let Some(key) = params.str("key") {
        command = command.arg(key);
    }
    if let Some(service) = params.str("service") {
        command = command.arg("-s").arg(service);
    }
    let colons = ["passwd", "shadow", "group", "gshadow"].contains(&database).then_some(":");
    let split = params.str("split").or(colons);
    let output = command.run(run)?;
    let message = match output.rc {
        0 => return Ok(Outcome::new(false).with("ansible_facts", facts(database, parse(&output.out(), split)))),
        1 => "Missing arguments, or database unknown.",
        2 => "One or more supplied key could not be found in the database.",
        3 => "Enumeration not supported on this database.",
        _ => "Unexpected failure!",
    };
    if output.rc == 2 && !params.bool("fail_key") {
        let mut found = Dict::new();
        found.insert_value(params.value("key").clone(), Value::None);
        return Ok(Outcome::new(false).with("ansible_facts", facts(database, found)).with("msg", message));
    }
    Err(Failure::new(message))
}

fn facts(database: &str, entries: Dict) -> Dict {
    let mut facts = Dict::new();
    facts.insert(format!("getent_{database}"), entries);
    facts
}

/// The lines by their first field; a field that comes again makes a list of lists.
fn parse(out: &str, split: Option<&str>) -> Dict {
    let mut entries: Vec<(&str, Vec<Value>)> = Vec::new();
    for line in out.lines() {
        let mut fields: Vec<&str> = match split {
            Some(split) if !split.is_empty() => line.split(split).collect(),
            _ => line.split_whitespace().collect(),
        };
        if fields.is_empty() {
            continue;
        }
        let key = fields.remove(0);
        let record = Value::list(fields.into_iter().map(Value::str));
        match entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, records)) => records.push(record),
            None => entries.push((key, vec![record])),
        }
    }
    let one = |mut records: Vec<Value>| if records.len() == 1 { records.remove(0) } else { Value::list(records) };
    entries.into_iter().map(|(key, records)| (key, one(records))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(given: &[(&'static str, Value)]) -> Result<Outcome, Failure> {
        super::run(&mut Run::default(), &Params(given.iter().cloned().collect()))
    }

    #[test]
    fn root_is_in_passwd() {
        let outcome = go(&[("database", Value::str("passwd")), ("key", Value::str("root"))]).unwrap();
        let passwd = outcome.result.get("ansible_facts").unwrap().get("getent_passwd").unwrap();
        let root = passwd.get("root").unwrap().as_slice().unwrap();
        assert_eq!((&root[0], &root[1]), (&"x".into(), &"0".into()));
    }

    #[test]
    fn a_missing_key_fails_or_is_null() {
        let key = [("database", Value::str("passwd")), ("key", Value::str("no-such-user"))];
        let missing = |fail| go(&[key[0].clone(), key[1].clone(), ("fail_key", Value::Bool(fail))]);
        assert!(missing(true).unwrap_err().message.starts_with("One or more supplied key"));
        let outcome = missing(false).unwrap();
        let passwd = outcome.result.get("ansible_facts").unwrap().get("getent_passwd").unwrap();
        assert_eq!(passwd.get("no-such-user"), Some(&Value::None));
    }

    #[test]
    fn a_key_may_come_twice() {
        let entries = parse("a 1\nb 2\na 3 4\n", None);
        assert_eq!(entries.get("a").unwrap().as_slice().unwrap().len(), 2);
        assert_eq!(entries.get("b"), Some(&Value::list(["2".into()])));
    }
}
