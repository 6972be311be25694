//! `group`: groups of the host.

use super::process::{Command, Output, require_program};
use super::spec::RequiredIf;
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, account};
use crate::value::Dict;
use std::path::Path;

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("state", Kind::Str).default("present").choices(&["absent", "present"]),
        Arg::new("name", Kind::Str).required(),
        Arg::new("force", Kind::Bool).default("no"),
        Arg::new("gid", Kind::Int),
        Arg::new("system", Kind::Bool).default("no"),
        Arg::new("local", Kind::Bool).default("no"),
        Arg::new("non_unique", Kind::Bool).default("no"),
        Arg::new("gid_min", Kind::Int),
        Arg::new("gid_max", Kind::Int),
    ],
    required_if: &[RequiredIf { name: "non_unique", value: "True", needs: &["gid"], any: false }],
    ..Spec::new("group")
};

struct Task<'a> {
    run: &'a Run,
    params: &'a Params,
    name: &'a str,
    local: bool,
}

/// Makes the group as it is asked for.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let task = Task { run, params, name: params.str("name").unwrap_or_default(), local: params.bool("local") };
    task.check()?;
    let state = params.str("state").unwrap_or("present");
    let there = task.gid()?;
    let output = match (state, there) {
        ("absent", None) => None,
        (_, Some(gid)) if state == "present" => task.modify(gid)?,
        _ if run.check => return Ok(Outcome::new(true)),
        ("absent", Some(_)) => Some(task.delete()?),
        _ => Some(task.add()?),
    };
    if let Some(output) = output.as_ref().filter(|output| !output.ok()) {
        return Err(Failure::new(output.err()).with("name", task.name));
    }
    let mut outcome = Outcome { result: Dict::new() };
    outcome.set("name", task.name);
    outcome.set("state", state);
    outcome.set("changed", output.is_some());
    for (key, text) in output.iter().flat_map(|output| [("stdout", output.out()), ("stderr", output.err())]) {
        if !text.is_empty() {
            outcome.set(key, text);
        }
    }
    if let Some(gid) = task.gid()? {
        outcome.set("system", params.bool("system"));
        outcome.set("gid", gid);
    }
    Ok(outcome)
}

impl Task<'_> {
    fn check(&self) -> Result<(), Failure> {
        if !self.local {
            return Ok(());
        }
        if self.params.bool("force") {
            let message = "force is not a valid option for local, force=True and local=True are mutually exclusive";
            return Err(Failure::new(message));
        }
        match ["gid_min", "gid_max"].iter().find(|name| self.params.is_set(name)) {
            Some(name) => Err(Failure::new(format!("'{name}' can not be used with 'local'"))),
            None => Ok(()),
        }
    }

    /// Its number, if it is there.
    fn gid(&self) -> Result<Option<u32>, Failure> {
        if self.local && !Path::new("/etc/group").exists() {
            let message = "'local: true' specified but unable to find local group file /etc/group to parse.";
            return Err(Failure::new(message));
        }
        let found = if self.local { account::local_group(self.name) } else { account::group(self.run, self.name) };
        Ok(found.map(|group| group.gid))
    }

    /// The program, which libuser has under another name for the host's own files.
    fn command(&self, name: &str) -> Result<Command, Failure> {
        let name = if self.local { format!("l{name}") } else { name.to_string() };
        Ok(Command::new([require_program(self.run, &name)?]))
    }

    fn delete(&self) -> Result<Output, Failure> {
        let mut command = self.command("groupdel")?;
        if self.params.bool("force") {
            command = command.arg("-f");
        }
        Ok(command.arg(self.name).run(self.run)?)
    }

    fn add(&self) -> Result<Output, Failure> {
        let mut command = self.with_gid(self.command("groupadd")?, self.params.int("gid"))?;
        if self.params.bool("system") {
            command = command.arg("-r");
        }
        for (name, key) in [("gid_min", "GID_MIN"), ("gid_max", "GID_MAX")] {
            if let Some(limit) = self.params.int(name) {
                command = command.arg("-K").arg(format!("{key}={limit}"));
            }
        }
        Ok(command.arg(self.name).run(self.run)?)
    }

    fn modify(&self, gid: u32) -> Result<Option<Output>, Failure> {
        let wanted = self.params.int("gid").filter(|wanted| *wanted != i64::from(gid));
        let command = self.with_gid(self.command("groupmod")?, wanted)?;
        match wanted {
            None => Ok(None),
            Some(_) if self.run.check => Ok(Some(Output::default())),
            Some(_) => Ok(Some(command.arg(self.name).run(self.run)?)),
        }
    }

    fn with_gid(&self, mut command: Command, gid: Option<i64>) -> Result<Command, Failure> {
        if self.local {
            self.check_unique()?;
        }
        if let Some(gid) = gid {
            command = command.arg("-g").arg(gid.to_string());
            if self.params.bool("non_unique") {
                command = command.arg("-o");
            }
        }
        Ok(command)
    }

    /// libuser would take a number twice.
    fn check_unique(&self) -> Result<(), Failure> {
        let Some(gid) = self.params.int("gid").filter(|gid| *gid != 0) else { return Ok(()) };
        let taken = account::groups(self.run).into_iter();
        match taken.filter(|group| i64::from(group.gid) == gid).find(|group| group.name != self.name) {
            Some(group) => Err(Failure::new(format!("GID '{gid}' already exists with group '{}'", group.name))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn go(check: bool, given: &[(&'static str, Value)]) -> Outcome {
        let mut params: Dict = [("state", Value::str("present"))].into_iter().collect();
        params.extend(given.iter().map(|(key, value)| (Value::str(*key), value.clone())));
        super::run(&mut Run { check, ..Run::default() }, &Params(params)).unwrap()
    }

    fn changed(outcome: &Outcome) -> bool {
        outcome.result.get("changed").unwrap().truthy()
    }

    #[test]
    fn a_group_comes_changes_and_goes() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let name = format!("hel-{}", std::process::id());
        let named = ("name", Value::from(&name));
        let absent = [named.clone(), ("state", Value::str("absent"))];
        assert!(changed(&go(true, std::slice::from_ref(&named))));
        assert!(account::local_group(&name).is_none());
        let outcome = go(false, &[named.clone(), ("system", Value::Bool(true))]);
        assert!(changed(&outcome));
        let gid = account::local_group(&name).unwrap().gid;
        assert_eq!(outcome.result.get("gid"), Some(&gid.into()));
        assert!(!changed(&go(false, &[named.clone(), ("gid", gid.into())])));
        assert!(changed(&go(false, &[named.clone(), ("gid", Value::Int(64_321))])));
        assert_eq!(account::local_group(&name).unwrap().gid, 64_321);
        assert!(changed(&go(false, &absent)));
        assert!(account::local_group(&name).is_none());
        assert!(!changed(&go(false, &absent)));
    }
}
