//! `service_facts`: all services of the host and how they are.

use super::facts::service_mgr;
use super::process::{Command, Output, find_program};
use super::{Failure, Outcome, Params, Run, Spec};
use crate::value::{Dict, Value};
use std::path::Path;

/// It takes no arguments.
pub const SPEC: Spec = Spec::new("service_facts");

/// Collects them.
pub fn run(run: &mut Run, _: &Params) -> Result<Outcome, Failure> {
    let mut services = Dict::new();
    scripts(run, &mut services)?;
    if service_mgr::is_booted(run) {
        systemd(run, &mut services)?;
    }
    if services.is_empty() {
        let message = "Failed to find any services. This can be due to privileges or some other configuration issue.";
        return Ok(Outcome::new(false).with("skipped", true).with("msg", message));
    }
    let mut facts = Dict::new();
    facts.insert("services", services);
    Ok(Outcome::new(false).with("ansible_facts", facts))
}

fn call(run: &Run, argv: &[&str]) -> Result<Output, Failure> {
    Ok(Command::new(argv.iter().copied()).plain_locale().run(run)?)
}

fn add(services: &mut Dict, name: &str, state: &str, more: &[(&str, Value)], source: &str) {
    let mut service = Dict::new();
    service.insert("name", name);
    service.insert("state", state);
    service.extend(more.iter().map(|(key, value)| (Value::str(*key), value.clone())));
    service.insert("source", source);
    services.insert(name, service);
}

/// By whatever tools there are beside systemd's.
fn scripts(run: &mut Run, services: &mut Dict) -> Result<(), Failure> {
    let [service, chkconfig, initctl, rc_status, rc_update] =
        ["service", "chkconfig", "initctl", "rc-status", "rc-update"].map(|name| find_program(run, name));
    if let (Some(service), None, None) = (&service, &chkconfig, &rc_status) {
        status_all(run, service, services)?;
    }
    match (initctl, chkconfig, rc_status, rc_update) {
        (Some(initctl), None, _, _) => upstart(run, &initctl, services),
        (_, Some(chkconfig), _, _) => red_hat(run, &chkconfig, service.as_deref().unwrap_or("service"), services),
        (_, _, Some(rc_status), Some(rc_update)) => openrc(run, &rc_status, &rc_update, services),
        _ => Ok(()),
    }
}

/// ` [ + ]  cron`
fn status_all(run: &mut Run, service: &str, services: &mut Dict) -> Result<(), Failure> {
    let output = call(run, &[service, "--status-all"])?;
    if output.rc == 4 && !Path::new("/etc/init.d").exists() {
        return Ok(());
    }
    if !output.ok() {
        run.warn(format!("Unable to query 'service' tool ({}): {}", output.rc, output.err()));
    }
    for line in output.out().lines() {
        let Some((state, name)) = line.trim_start().strip_prefix("[ ").and_then(|rest| rest.split_once(" ]")) else {
            continue;
        };
        let name = name.trim_start();
        match state {
            "+" => add(services, name, "running", &[], "sysv"),
            "-" => add(services, name, "stopped", &[], "sysv"),
            _ => {}
        }
    }
    Ok(())
}

/// `cron start/running, process 712`
fn upstart(run: &mut Run, initctl: &str, services: &mut Dict) -> Result<(), Failure> {
    let output = call(run, &[initctl, "list"])?;
    if !output.ok() {
        run.warn(format!("Unable to query upstart for service data: {}", output.err()));
        return Ok(());
    }
    for line in output.out().lines() {
        let line = line.split(", process ").next().unwrap_or_default().trim();
        let Some((name, (goal, state))) =
            line.rsplit_once(' ').and_then(|(name, how)| Some((name, how.split_once('/')?)))
        else {
            continue;
        };
        add(services, name.trim(), state, &[("goal", goal.into())], "upstart");
    }
    Ok(())
}

/// `sshd  0:off 1:off 2:on 3:on 4:on 5:on 6:off`
fn red_hat(run: &mut Run, chkconfig: &str, service: &str, services: &mut Dict) -> Result<(), Failure> {
    let mut output = call(run, &[chkconfig])?;
    if levels(&output.out()).is_empty() {
        let simple = |line: &str| matches!(line.split_whitespace().collect::<Vec<_>>()[..], [_, "on" | "off", ..]);
        if output.out().lines().any(simple) {
            output = call(run, &[chkconfig, "-l", "--allservices"])?;
        } else if output.err().contains("--list") {
            output = call(run, &[chkconfig, "--list"])?;
        }
    }
    for (name, enabled) in levels(&output.out()) {
        let told = call(run, &[service, &name, "status"])?;
        let err = told.err().to_lowercase();
        let hidden = !told.ok() && ["root", "permission", "not in sudoers"].iter().any(|word| err.contains(word));
        if hidden {
            run.warn(format!("Insufficient permissions to query sysV service \"{name}\" and their states"));
        }
        let status = ("status", Value::str(if enabled { "enabled" } else { "disabled" }));
        add(services, &name, if told.ok() { "running" } else { "stopped" }, std::slice::from_ref(&status), "sysv");
        if hidden && let Some(Value::Dict(service)) = services.get(&name).cloned() {
            let mut service = (*service).clone();
            service.insert("state", told.rc);
            services.insert(name.as_str(), service);
        }
    }
    Ok(())
}

/// Services with whether level 3 starts them.
fn levels(out: &str) -> Vec<(String, bool)> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let levels: Vec<&str> =
            words.iter().skip(1).filter_map(|word| word.split_once(':')).map(|(_, on)| on).collect();
        let valid = levels.len() >= 7 && levels.iter().take(7).all(|on| ["on", "off"].contains(on));
        valid.then(|| (words[0].to_string(), levels[3] == "on"))
    };
    out.lines().filter_map(line).collect()
}

fn openrc(run: &mut Run, rc_status: &str, rc_update: &str, services: &mut Dict) -> Result<(), Failure> {
    let mut runlevels = Dict::new();
    for line in call(run, &[rc_update, "show", "-v"])?.out().lines() {
        let Some((name, levels)) = line.split_once('|') else { continue };
        let levels: Vec<Value> = levels.split_whitespace().map(Value::str).collect();
        runlevels.insert(name.trim(), if levels.is_empty() { Value::None } else { Value::list(levels) });
    }
    for line in call(run, &[rc_status, "-a", "-s", "-m"])?.out().lines().filter(|line| line.starts_with(' ')) {
        let line = line.replace(['[', ']'], "");
        let mut words = line.split_whitespace();
        let (Some(name), Some(state)) = (words.next(), words.next()) else { continue };
        match runlevels.get(name) {
            _ if name == "*" => {}
            Some(levels) => add(services, name, state, &[("runlevels", levels.clone())], "openrc"),
            None => run.warn(format!("Service {name} not found in the service list")),
        }
    }
    Ok(())
}

const BAD: [&str; 3] = ["not-found", "masked", "failed"];

fn systemd(run: &mut Run, services: &mut Dict) -> Result<(), Failure> {
    let Some(systemctl) = find_program(run, "systemctl") else { return Ok(()) };
    let output = call(run, &[&systemctl, "list-units", "--no-pager", "--type", "service", "--all", "--plain"])?;
    if !output.ok() {
        run.warn(format!("Could not list units from systemd: {}", output.err()));
    }
    for line in output.out().lines().filter(|line| output.ok() && line.contains(".service")) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, _, active, sub, ..] = fields[..] else { continue };
        // any of the columns may tell that something is wrong, but the last word is of the description
        let bad = BAD.iter().find(|bad| fields[..fields.len() - 1].contains(bad));
        let state = if sub == "running" { "running" } else { "stopped" };
        add(services, name, state, &[("status", (*bad.unwrap_or(&active)).into())], "systemd");
    }
    unit_files(run, &systemctl, services)
}

fn unit_files(run: &mut Run, systemctl: &str, services: &mut Dict) -> Result<(), Failure> {
    let output = call(run, &[systemctl, "list-unit-files", "--no-pager", "--type", "service", "--all"])?;
    if !output.ok() {
        run.warn(format!("Could not get unit files data from systemd: {}", output.err()));
        return Ok(());
    }
    let out = output.out();
    let entries = out.lines().filter(|line| line.contains(".service"));
    let entries: Vec<(&str, &str)> = entries
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .collect();
    let unknown: Vec<&str> = entries.iter().map(|(name, _)| *name).filter(|name| !services.contains(name)).collect();
    let states = active_states(run, systemctl, &unknown)?;
    for (name, status) in entries {
        match services.get(name).and_then(Value::as_dict).cloned() {
            None => {
                let state = states.iter().find(|(known, _)| known == name).map_or("unknown", |(_, state)| state);
                add(services, name, state, &[("status", status.into())], "systemd");
            }
            Some(mut service) => {
                let known = service.get("status").map(|value| value.to_text().into_owned()).unwrap_or_default();
                if !BAD.contains(&known.as_str()) {
                    service.insert("status", status);
                    services.insert(name, service);
                }
            }
        }
    }
    Ok(())
}

/// The states of units that are not loaded, all in one question. A template has none: asking for it is an error that
/// must not spoil the others' answers.
fn active_states(run: &Run, systemctl: &str, names: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let names: Vec<&str> = names.iter().filter(|name| !name.contains("@.")).copied().collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let out = call(run, &[&[systemctl, "show", "--property=ActiveState"], &names[..]].concat())?.out();
    let states: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("ActiveState=")).collect();
    if states.len() == names.len() {
        return Ok(names.iter().zip(states).map(|(name, state)| (name.to_string(), state.to_string())).collect());
    }
    let mut each = Vec::new();
    for name in names {
        let out = call(run, &[systemctl, "show", name, "--property=ActiveState"])?.out();
        if let Some(state) = out.trim_end().strip_prefix("ActiveState=") {
            each.push((name.to_string(), state.to_string()));
        }
    }
    Ok(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runlevels_of_chkconfig() {
        let out = "sshd           \t0:off\t1:off\t2:on\t3:on\t4:on\t5:on\t6:off\nnetwork 0:off 1:off 2:on 3:off 4:on 5:on 6:off\nxinetd based:\n";
        assert_eq!(levels(out), [("sshd".to_string(), true), ("network".to_string(), false)]);
    }
}
