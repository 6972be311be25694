//! `local`, `facter` and `ohai`: facts that others tell.

use super::super::process::{Command, find_program_in};
use super::gather::{Gather, names};
use super::ini;
use super::small::one;
use crate::value::{Dict, Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Collects the facts of the files in `fact_path`: executables are run, the others read; JSON or INI.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let dir = gather.fact_path.clone().unwrap_or_default();
    let mut local = Dict::new();
    for name in names(&dir).into_iter().filter(|name| name.ends_with(".fact") && !name.starts_with('.')) {
        let path = format!("{dir}/{name}");
        let fact = fact(gather, &path).unwrap_or_else(|problem| {
            gather.run.warn(problem.as_str());
            Value::from(problem)
        });
        local.insert(name.replace(".fact", ""), fact);
    }
    one("local", local)
}

fn fact(gather: &mut Gather<'_>, path: &str) -> Result<Value, String> {
    let meta = std::fs::metadata(path)
        .map_err(|error| format!("Could not stat fact ({path}): {}", super::super::process::os_error(&error, path)))?;
    let bytes = if meta.permissions().mode() & 0o100 != 0 {
        let run = Command::new([path]).timeout(gather.timeout).run(gather.run);
        let output = run.map_err(|error| format!("Could not execute fact script ({path}): {error}"))?;
        if !output.ok() {
            return Err(format!("Failure executing fact script ({path}), rc: {}, err: {}", output.rc, output.err()));
        }
        output.stdout
    } else {
        std::fs::read(Path::new(path)).unwrap_or_default()
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("error loading fact - output of running \"{path}\" was not utf-8"))?;
    if let Ok(value) = json::parse(&text) {
        return Ok(value);
    }
    match ini::parse(&text) {
        Some(Ok(facts)) => Ok(Value::dict(facts)),
        Some(Err(problem)) => Err(format!("error loading facts as ini - please check content: {path} ({problem})")),
        None => Err(format!("error loading facts as JSON or ini - please check content: {path}")),
    }
}

/// Collects Puppet's facts.
pub fn facter(gather: &mut Gather<'_>) -> Dict {
    let find = |name| find_program_in(gather.run, name, &["/opt/puppetlabs/bin"]);
    let Some(program) = find("cfacter").or_else(|| find("facter")) else { return Dict::new() };
    // some versions refuse --puppet where there is no Puppet
    let out = gather.output(&[&program, "--puppet", "--json"]).or_else(|| gather.output(&[&program, "--json"]));
    parsed(gather, out, "Failed to parse facter facts")
}

/// Collects Chef's facts.
pub fn ohai(gather: &mut Gather<'_>) -> Dict {
    let out = gather.output(&["ohai"]);
    parsed(gather, out, "Failed to gather ohai facts")
}

fn parsed(gather: &mut Gather<'_>, out: Option<String>, problem: &str) -> Dict {
    let Some(out) = out else { return Dict::new() };
    match json::parse(&out).ok().as_ref().and_then(Value::as_dict) {
        Some(facts) => facts.clone(),
        None => {
            gather.run.warn(problem);
            Dict::new()
        }
    }
}
