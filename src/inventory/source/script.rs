//! Inventory scripts: programs that print JSON for `--list` and `--host NAME`.

use super::{is_executable, is_readable};
use crate::error::{Error, Origin, Result, Warning};
use crate::inventory::graph::Inventory;
use crate::value::{Dict, Value, json, shlex};
use crate::yaml::json_value;
use indexmap::IndexSet;
use std::process::{Command, Stdio};

pub(super) fn wants(_: &Inventory, source: &str) -> bool {
    is_readable(source) && is_executable(source)
}

pub(super) fn read(inventory: &mut Inventory, source: &str) -> Result<()> {
    let origin = Origin::described(format!("<inventory script output from '{source}'>"));
    let output = run(source, &["--list"])?;
    let Value::Dict(groups) = output.decoded()? else { return Err(Error::general("Value is no 'dict'.")) };
    if inventory.settings.script_stderr && !output.stderr.is_empty() {
        inventory.warnings.push(Warning::error_shown(output.stderr.trim_end()));
    }
    let mut script = Script { inventory, origin, hosts: IndexSet::new() };
    let mut meta = None;
    for (name, data) in groups.iter() {
        if name.as_str() == Some("_meta") {
            meta = Some(hostvars(data)?);
        } else {
            script.group(&name.to_text(), data)?;
        }
    }
    let Script { hosts, origin, .. } = script;
    if meta.is_none() {
        let message = "Inventory scripts should always provide 'meta.hostvars'. Host variables will be collected by \
                       running the inventory script with the '--host' option for each host.";
        let owner = "inventory plugin 'script' in ansible-core";
        inventory.warnings.push(Warning::deprecated_from(message, owner, "2.23").at(Some(&origin)));
    }
    for host in hosts {
        let variables = match meta {
            Some(hostvars) => hostvars.get(&host).map(|variables| json_value(variables, true, &origin)),
            None => Some(of_host(source, &host, &origin)?),
        };
        let id = inventory.add_host(&host, None, None)?;
        match variables {
            None => {}
            Some(Value::Dict(variables)) => inventory.set_host_variables(&[id], &variables),
            Some(other) => {
                let message = "Invalid data from file, expected dictionary and got:";
                return Err(Error::parser(format!("{message}\n\n{}", other.to_text())));
            }
        }
    }
    Ok(())
}

/// The variables of all hosts.
fn hostvars(meta: &Value) -> Result<&Dict> {
    match meta.get("hostvars") {
        Some(Value::Dict(hostvars)) => Ok(hostvars),
        other => Err(wrong_type("_meta.hostvars", other, "dict")),
    }
}

fn wrong_type(what: &str, found: Option<&Value>, wanted: &str) -> Error {
    let found = found.map_or("NoneType", Value::type_name);
    Error::general(format!("Value contains '{what}' which is '{found}' instead of '{wanted}'."))
}

struct Script<'a> {
    inventory: &'a mut Inventory,
    origin: Origin,
    /// All hosts that groups name.
    hosts: IndexSet<String>,
}

impl Script<'_> {
    fn group(&mut self, name: &str, data: &Value) -> Result<()> {
        let id = self.inventory.add_group(name)?;
        let name = self.inventory.groups[id].name.clone();
        let quoted = Value::str(name.clone()).repr();
        let (mut hosts, mut vars, mut children) = (data.get("hosts"), data.get("vars"), data.get("children"));
        let sole_host;
        match data {
            Value::Dict(_) if hosts.is_some() || vars.is_some() || children.is_some() => {}
            Value::Dict(_) => {
                self.deprecated(format!(
                    "Treating malformed group {quoted} as the sole host of that group. \
                     Variables provided in this manner cannot be templated."
                ));
                sole_host = Value::list([Value::str(name.clone())]);
                (hosts, vars, children) = (Some(&sole_host), Some(data), None);
            }
            other => {
                let found = other.type_name();
                self.deprecated(format!("Group {quoted} was converted to 'dict' from '{found}'."));
                (hosts, vars, children) = (Some(data), None, None);
            }
        }
        let malformed = vars.is_some_and(|vars| std::ptr::eq(vars, data));
        match hosts {
            None => {}
            Some(Value::List(hosts)) => {
                for host in hosts.iter() {
                    let host = text_of(host, "host name")?;
                    self.inventory.add_host(host, Some(id), None)?;
                    self.hosts.insert(host.to_string());
                }
            }
            other => return Err(wrong_type(&format!("{name}.hosts"), other, "list")),
        }
        match vars {
            None => {}
            Some(Value::Dict(vars)) => {
                for (key, value) in vars.iter() {
                    let value = json_value(value, !malformed, &self.origin);
                    self.inventory.set_group_variable(id, key, &value)?;
                }
            }
            other => return Err(wrong_type(&format!("{name}.vars"), other, "dict")),
        }
        if let Some(Value::List(children)) = children {
            for child in children.iter() {
                let child = self.inventory.add_group(text_of(child, "group name")?)?;
                self.inventory.put_group(id, child)?;
            }
        }
        Ok(())
    }

    fn deprecated(&self, message: String) {
        let owner = "inventory plugin 'script' in ansible-core";
        let warning = Warning::deprecated_from(message, owner, "2.23").at(Some(&self.origin));
        self.inventory.warnings.push(warning);
    }
}

fn text_of<'a>(value: &'a Value, what: &str) -> Result<&'a str> {
    value.as_str().ok_or_else(|| {
        let found = value.type_name();
        Error::general(format!("Invalid {what} supplied, expected a string but got {found} for {}", value.to_text()))
    })
}

/// Asks the script for one host's variables.
fn of_host(source: &str, host: &str, origin: &Origin) -> Result<Value> {
    let output = run(source, &["--host", host])?;
    if output.stdout.trim().is_empty() {
        return Ok(Value::dict(Dict::new()));
    }
    let parsed = json::parse(&output.stdout).map_err(|error| {
        let host = Value::str(host).repr();
        output
            .explain(Error::general(format!("Inventory script result for host {host} could not be parsed as JSON.")))
            .because(error)
    })?;
    let origin = Origin::described(format!("{} for host {}", origin.source, Value::str(host).repr()));
    Ok(json_value(&parsed, true, &origin))
}

struct Output {
    stdout: String,
    stderr: String,
}

impl Output {
    /// The error with what the script wrote to its standard error.
    fn explain(&self, error: Error) -> Error {
        if self.stderr.trim().is_empty() {
            return error;
        }
        error.help(format!("Standard error from inventory script:\n{}", self.stderr.trim_end()))
    }

    fn decoded(&self) -> Result<Value> {
        self.checked().map_err(|error| {
            self.explain(Error::general("Unable to get JSON decoder for inventory script result.")).because(error)
        })
    }

    fn checked(&self) -> Result<Value> {
        let data = json::parse(&self.stdout)
            .map_err(|error| Error::general("Value could not be parsed as JSON.").because(error))?;
        let Value::Dict(groups) = &data else {
            return Err(Error::general(format!("Value is '{}' instead of 'dict'.", data.type_name())));
        };
        match groups.get("_meta") {
            None => {}
            Some(Value::Dict(meta)) => match meta.get("profile") {
                None => {}
                Some(Value::Str(profile)) if !profile.starts_with("inventory_") => {
                    let profile = Value::Str(profile.clone()).repr();
                    return Err(Error::general(format!("Non-inventory profile {profile} is not allowed.")));
                }
                Some(Value::Str(profile)) if profile.as_str() != "inventory_legacy" => {
                    let profile = Value::Str(profile.clone()).repr();
                    return Err(Error::general(format!("Unknown inventory profile {profile}.")));
                }
                Some(Value::Str(_)) => {}
                other => return Err(wrong_type("_meta.profile", other, "str")),
            },
            other => return Err(wrong_type("_meta", other, "dict")),
        }
        Ok(data)
    }
}

fn run(source: &str, arguments: &[&str]) -> Result<Output> {
    let output = Command::new(source).args(arguments).stdin(Stdio::inherit()).output().map_err(|error| {
        let line: Vec<&str> = std::iter::once(source).chain(arguments.iter().copied()).collect();
        let line = Value::str(shlex::join(&line)).repr();
        let why = format!("[Errno {}] {}", error.raw_os_error().unwrap_or(0), error_text(&error));
        Error::general(format!("Failed to execute inventory script command {line}."))
            .because(Error::general(format!("{why}: {}", Value::str(source).repr())))
    })?;
    let mut stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if !stderr.is_empty() && !stderr.ends_with('\n') {
        stderr.push('\n');
    }
    let mut result = Output { stdout: String::new(), stderr };
    if !output.status.success() {
        use std::os::unix::process::ExitStatusExt;
        let code = output.status.code().or(output.status.signal().map(|signal| -signal)).unwrap_or(-1);
        return Err(result.explain(Error::general(format!("Inventory script returned non-zero exit code {code}."))));
    }
    result.stdout = String::from_utf8(output.stdout).map_err(|_| {
        let message = "Inventory script result contained characters that cannot be interpreted as UTF-8.";
        result.explain(Error::general(message))
    })?;
    Ok(result)
}

fn error_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}
