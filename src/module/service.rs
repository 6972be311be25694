//! `service`: a service under whatever starts services here. systemd and plain init scripts have modules of their own;
//! OpenRC, Upstart and the `service` command are served here.

use super::facts::service_mgr;
use super::process::{Command, Output, find_program_in};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, init, shlex, systemd, sysvinit};
use crate::value::Dict;
use std::path::Path;
use std::time::Duration;

/// Its arguments: its own, and those of the modules it may hand the task to.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("name", Kind::Str).aliases(&["service", "unit"]),
        Arg::new("state", Kind::Str).choices(&["started", "stopped", "reloaded", "restarted"]),
        Arg::new("sleep", Kind::Int),
        Arg::new("pattern", Kind::Str),
        Arg::new("enabled", Kind::Bool),
        Arg::new("runlevel", Kind::Str).default("default"),
        Arg::new("arguments", Kind::Str).default("").aliases(&["args"]),
        Arg::new("use", Kind::Str).hidden(),
        Arg::new("force", Kind::Bool).hidden(),
        Arg::new("masked", Kind::Bool).hidden(),
        Arg::new("daemon_reload", Kind::Bool).aliases(&["daemon-reload"]).hidden(),
        Arg::new("daemon_reexec", Kind::Bool).aliases(&["daemon-reexec"]).hidden(),
        Arg::new("scope", Kind::Str).choices(&["system", "user", "global"]).hidden(),
        Arg::new("no_block", Kind::Bool).hidden(),
        Arg::new("runlevels", Kind::List(&Kind::Str)).hidden(),
        Arg::new("daemonize", Kind::Bool).hidden(),
    ],
    ..Spec::new("service")
};

const PATHS: [&str; 4] = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"];

/// Brings the service into the state that is asked for.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let manager = match params.str("use").map(str::to_lowercase).as_deref() {
        None | Some("auto" | "") => service_mgr::name(run, ""),
        Some(name) => name.rsplit('.').next().unwrap_or(name).to_string(),
    };
    match manager.as_str() {
        "systemd" | "systemd_service" => {
            let params = for_systemd(run, params);
            systemd::run(run, &params)
        }
        "sysvinit" => {
            check(params, SYSVINIT_ONLY)?;
            sysvinit::run(run, &for_sysvinit(params))
        }
        _ => {
            check(params, &[])?;
            if !service_mgr::is_booted(run) {
                return classic(run, params);
            }
            // asked for by `use: service`, whose result tells less
            let params = for_systemd(run, params);
            let mut outcome = systemd::run(run, &params)?;
            outcome.result.remove("status");
            Ok(outcome)
        }
    }
}

const SYSTEMD_ONLY: [&str; 6] = ["force", "masked", "daemon_reload", "daemon_reexec", "scope", "no_block"];
const SYSVINIT_ONLY: &[&str] = &["runlevels", "daemonize"];

/// What a service outside systemd needs and takes, beside the common arguments these.
fn check(params: &Params, taken: &[&str]) -> Result<(), Failure> {
    let strange = SYSTEMD_ONLY.iter().chain(SYSVINIT_ONLY).filter(|name| params.is_set(name) && !taken.contains(name));
    let mut strange: Vec<&str> = strange.copied().collect();
    strange.sort_unstable();
    if !strange.is_empty() {
        let names = "arguments, enabled, name, pattern, runlevel, sleep, state (args)";
        let strange = strange.join(", ");
        return Err(Failure::new(format!(
            "Unsupported parameters for (service) module: {strange}. Supported parameters include: {names}."
        )));
    }
    if !params.is_set("name") {
        return Err(Failure::new("missing required arguments: name"));
    }
    if !params.is_set("state") && !params.is_set("enabled") {
        return Err(Failure::new("one of the following is required: state, enabled"));
    }
    Ok(())
}

/// What systemd's module takes; it has no use for the rest, which is worth a word when somebody gave it.
fn for_systemd(run: &mut Run, params: &Params) -> Params {
    let given = |name: &str| match (name, params.value(name)) {
        ("runlevel", value) => value.as_str() != Some("default"),
        ("arguments", value) => value.truthy(),
        (_, value) => !value.is_none(),
    };
    for name in ["pattern", "runlevel", "sleep", "arguments"] {
        if given(name) {
            run.warn(format!("Ignoring \"{name}\" as it is not used in \"systemd\""));
        }
    }
    let names = ["name", "state", "enabled"].iter().chain(&SYSTEMD_ONLY);
    let mut taken: Dict = names.map(|name| (*name, params.value(name).clone())).collect();
    if !params.is_set("scope") {
        taken.insert("scope", "system");
    }
    Params(taken)
}

fn for_sysvinit(params: &Params) -> Params {
    let names = ["name", "state", "enabled", "sleep", "pattern", "arguments", "runlevels", "daemonize"];
    let mut taken: Dict = names.map(|name| (name, params.value(name).clone())).into_iter().collect();
    if !params.is_set("sleep") {
        taken.insert("sleep", 1);
    }
    Params(taken)
}

/// What starts and stops the service.
#[derive(Clone, Debug, PartialEq)]
enum Control {
    /// `initctl ACTION NAME`.
    Upstart(String),
    /// `rc-service NAME ACTION`.
    OpenRc(String),
    /// `service NAME ACTION`.
    Service(String),
    /// The init script itself.
    Script(String),
}

/// What enables and disables it.
#[derive(Clone, Debug, PartialEq)]
enum Enabler {
    Upstart(String),
    RcUpdate(String),
    UpdateRcD(String),
    Insserv(String),
    Chkconfig(String),
}

struct Service<'a> {
    run: &'a mut Run,
    params: &'a Params,
    name: &'a str,
    control: Control,
    enabler: Option<Enabler>,
    crashed: bool,
}

fn classic(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("name").unwrap_or_default();
    let (control, enabler) = tools(run, name)?;
    let mut service = Service { run, params, name, control, enabler, crashed: false };
    let mut changed = false;
    let mut outcome = Outcome { result: Dict::new() };
    outcome.set("name", name);
    if params.is_set("enabled") {
        changed = service.enable(params.bool("enabled"))?;
        if service.run.check && changed {
            return Ok(Outcome::new(true));
        }
        outcome.set("enabled", params.bool("enabled"));
    }
    let Some(state) = params.str("state") else {
        outcome.set("changed", changed);
        return Ok(outcome);
    };
    let moved = service.bring(state)?;
    if service.run.check && moved {
        return Ok(Outcome::new(true).with("msg", "service state changed"));
    }
    outcome.set("changed", changed || moved);
    outcome.set("state", if state == "stopped" { "stopped" } else { "started" });
    Ok(outcome)
}

fn tools(run: &Run, name: &str) -> Result<(Control, Option<Enabler>), Failure> {
    let find = |program: &str| find_program_in(run, program, &PATHS);
    let script = Some(format!("/etc/init.d/{name}")).filter(|path| Path::new(path).is_file());
    if let Some(initctl) = find("initctl").filter(|_| Path::new(&format!("/etc/init/{name}.conf")).exists()) {
        return Ok((Control::Upstart(initctl.clone()), Some(Enabler::Upstart(initctl))));
    }
    if let Some(program) = find("rc-service") {
        return Ok((Control::OpenRc(program), find("rc-update").map(Enabler::RcUpdate)));
    }
    let find_enabler = || {
        let update_rc_d = find("update-rc.d").map(Enabler::UpdateRcD);
        update_rc_d
            .or_else(|| find("insserv").map(Enabler::Insserv))
            .or_else(|| find("chkconfig").map(Enabler::Chkconfig))
    };
    let enabler = script.as_ref().and_then(|_| find_enabler());
    if enabler.is_none() {
        return Err(init::missing(name, "host"));
    }
    match (find("service"), script) {
        (Some(program), _) => Ok((Control::Service(program), enabler)),
        (None, Some(script)) => Ok((Control::Script(script), enabler)),
        (None, None) => Err(Failure::new(
            "cannot find 'service' binary or init script for service,  possible typo in service name?, aborting",
        )),
    }
}

impl Service<'_> {
    fn call(&self, argv: &[&str]) -> Result<Output, Failure> {
        Ok(Command::new(argv.iter().copied()).plain_locale().run(self.run)?)
    }

    /// Tells the service to do something, with the task's arguments.
    fn tell(&self, action: &str) -> Result<Output, Failure> {
        let mut argv: Vec<String> = match &self.control {
            Control::Upstart(program) => vec![program.clone(), action.into(), self.name.into()],
            Control::OpenRc(program) | Control::Service(program) => {
                vec![program.clone(), self.name.into(), action.into()]
            }
            Control::Script(script) => vec![script.clone(), action.into()],
        };
        let arguments = self.params.str("arguments").unwrap_or_default();
        argv.extend(shlex::split(arguments).map_err(|error| Failure::raised(error.to_string()))?);
        let argv = sysvinit::detached(self.run, argv);
        Ok(Command::new(argv).plain_locale().run(self.run)?)
    }

    fn is_running(&mut self) -> Result<Option<bool>, Failure> {
        if let Some(pattern) = self.params.str("pattern").filter(|pattern| !pattern.is_empty()) {
            return Ok(Some(init::is_running(pattern)));
        }
        let output = self.tell("status")?;
        if let Control::Upstart(program) = &self.control {
            let told = self.call(&[program, "status", self.name])?.out();
            if let Some(running) =
                [("stop/waiting", false), ("start/running", true)].iter().find(|(word, _)| told.contains(word))
            {
                return Ok(Some(running.1));
            }
        }
        if matches!(self.control, Control::OpenRc(_)) {
            self.crashed = output.err().contains("crashed");
            return Ok(Some(output.out().contains("started")));
        }
        Ok(judge(self.name, &output))
    }

    /// Brings it into a state; whether something had to be done.
    fn bring(&mut self, state: &str) -> Result<bool, Failure> {
        let running = self.is_running()?;
        let running =
            running.ok_or_else(|| Failure::new("failed determining service state, possible typo of service name?"))?;
        let action = match (state, running) {
            ("restarted", _) => "restart",
            ("started" | "reloaded", false) => "start",
            ("reloaded", true) => "reload",
            ("stopped", true) => "stop",
            _ => return Ok(false),
        };
        if self.run.check {
            return Ok(true);
        }
        if action == "start" && self.crashed {
            self.tell("zap")?;
        }
        let output = if action == "restart" && !matches!(self.control, Control::OpenRc(_)) {
            self.restart()?
        } else {
            self.tell(action)?
        };
        if output.ok() || output.err().contains("Job is already running") {
            return Ok(true);
        }
        let (out, err) = (output.out(), output.err());
        Err(Failure::new(if err.is_empty() { out } else { err }))
    }

    /// Not all services can restart. Stopping one that does not run may fail; what counts then is the start.
    fn restart(&mut self) -> Result<Output, Failure> {
        let stopped = self.tell("stop")?;
        if let Some(seconds) = self.params.int("sleep").and_then(|seconds| u64::try_from(seconds).ok()) {
            self.run.lifeline.sleep(Duration::from_secs(seconds));
        }
        let started = self.tell("start")?;
        if started.ok() {
            return Ok(started);
        }
        Ok(Output {
            rc: stopped.rc + started.rc,
            stdout: [stopped.stdout, started.stdout].concat(),
            stderr: [stopped.stderr, started.stderr].concat(),
        })
    }

    /// Enables or disables it; whether something had to be done.
    fn enable(&mut self, wanted: bool) -> Result<bool, Failure> {
        let enabler = self.enabler.clone().ok_or_else(|| {
            let name = self.name;
            Failure::new(format!(
                "cannot detect command to enable service {name}, typo or init system potentially unknown"
            ))
        })?;
        match enabler {
            Enabler::Upstart(program) => self.enable_upstart(&program, wanted),
            Enabler::RcUpdate(program) => self.enable_openrc(&program, wanted),
            Enabler::UpdateRcD(program) => self.enable_update_rc_d(&program, wanted),
            Enabler::Insserv(program) => self.enable_insserv(&program, wanted),
            Enabler::Chkconfig(program) => self.enable_chkconfig(&program, wanted),
        }
    }

    fn change(&self, action: &str, argv: &[&str]) -> Result<bool, Failure> {
        if self.run.check {
            return Ok(true);
        }
        let output = self.call(argv)?;
        if output.ok() {
            return Ok(true);
        }
        let (name, rc, out, err) = (self.name, output.rc, output.out(), output.err());
        Err(Failure::new(if err.is_empty() {
            format!("Failure for {action} {name}: rc={rc} {out}")
        } else {
            format!("Error when trying to {action} {name}: rc={rc} {err}")
        }))
    }

    fn enable_chkconfig(&self, program: &str, wanted: bool) -> Result<bool, Failure> {
        let mut listed = self.call(&[program, "--list", self.name])?;
        if listed.err().contains(&format!("chkconfig --add {}", self.name)) {
            self.call(&[program, "--add", self.name])?;
            listed = self.call(&[program, "--list", self.name])?;
        }
        let out = listed.out();
        if !out.contains(self.name) {
            return Err(Failure::new(format!("service {} does not support chkconfig", self.name)));
        }
        let action = if wanted { "on" } else { "off" };
        if [3, 5].iter().all(|level| out.contains(&format!("{level}:{action}"))) {
            return Ok(false);
        }
        self.change(action, &[program, self.name, action])
    }

    fn enable_openrc(&self, program: &str, wanted: bool) -> Result<bool, Failure> {
        let level = self.params.str("runlevel").unwrap_or("default");
        let out = self.call(&[program, "show"])?.out();
        let levels = out.lines().filter_map(|line| line.split_once('|')).find(|(name, _)| name.trim() == self.name);
        let enabled = levels.is_some_and(|(_, levels)| levels.split_whitespace().any(|known| known == level));
        if enabled == wanted {
            return Ok(false);
        }
        let action = if wanted { "add" } else { "delete" };
        self.change(action, &[program, action, self.name, level])
    }

    fn enable_update_rc_d(&self, program: &str, wanted: bool) -> Result<bool, Failure> {
        if init::is_enabled(self.name, None) == wanted {
            return Ok(false);
        }
        if self.run.check {
            return Ok(true);
        }
        let mut steps = vec![if wanted { "enable" } else { "disable" }];
        if wanted && !init::is_stopped_somewhere(self.name) {
            steps.insert(0, "defaults");
        }
        for step in steps {
            let output = self.call(&[program, self.name, step])?;
            if !output.ok() {
                let (out, err) = (output.out(), output.err());
                return Err(Failure::new(if err.is_empty() { out } else { err }));
            }
        }
        Ok(true)
    }

    fn enable_insserv(&self, program: &str, wanted: bool) -> Result<bool, Failure> {
        let remove: &[&str] = if wanted { &[] } else { &["-r"] };
        let tried = self.call(&[&[program, "-n"], remove, &["-v", self.name]].concat())?.err();
        let sign = if wanted { "enable service" } else { "remove service" };
        if !tried.lines().any(|line| line.contains(sign)) {
            return Ok(false);
        }
        if self.run.check {
            return Ok(true);
        }
        let output = self.call(&[&[program], remove, &[self.name]].concat())?;
        let (rc, out, err) = (output.rc, output.out(), output.err());
        if rc == 0 && err.is_empty() {
            return Ok(true);
        }
        let verb = if wanted { "install" } else { "remove" };
        Err(Failure::new(format!("Failed to {verb} service. rc: {rc}, out: {out}, err: {err}")))
    }

    /// A stanza in an override file keeps Upstart from starting the job.
    fn enable_upstart(&self, program: &str, wanted: bool) -> Result<bool, Failure> {
        let version = self.call(&[program, "version"])?.out();
        let stanza = if upstart_knows_manual(&version) { "manual" } else { "start on manual" };
        let is_stanza = |line: &str| line.trim_end().eq_ignore_ascii_case(stanza);
        let conf = std::fs::read_to_string(format!("/etc/init/{}.conf", self.name)).unwrap_or_default();
        if conf.lines().any(is_stanza) {
            return Err(Failure::new("manual stanza not supported in a .conf file"));
        }
        let path = format!("/etc/init/{}.override", self.name);
        let old = std::fs::read_to_string(&path).ok();
        let disabled = old.as_ref().is_some_and(|text| text.lines().any(is_stanza));
        if disabled != wanted {
            return Ok(false);
        }
        let old = old.unwrap_or_default();
        let new = if wanted {
            old.lines().filter(|line| !is_stanza(line)).map(|line| format!("{line}\n")).collect()
        } else if old.is_empty() {
            format!("{stanza}\n")
        } else {
            format!("{old}\n{stanza}\n")
        };
        if !self.run.check && std::fs::write(&path, new).is_err() {
            return Err(Failure::new("Could not modify override file"));
        }
        Ok(true)
    }
}

/// From 0.6.7 on.
fn upstart_knows_manual(version: &str) -> bool {
    let number = version.split("(upstart ").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or("0");
    let parts: Vec<u32> = number.split('.').map_while(|part| part.parse().ok()).collect();
    parts >= vec![0, 6, 7]
}

/// What an answer to `status` says: by exit code where that tells, by its words, by success.
fn judge(name: &str, output: &Output) -> Option<bool> {
    if [1, 2, 3, 4, 69].contains(&output.rc) {
        return Some(false);
    }
    let out = output.out();
    if out.matches('\n').count() <= 1 {
        let words = out.to_lowercase().replace(&name.to_lowercase(), "");
        let has = |word: &str| words.contains(word);
        let dead = [
            "could not access pid file",
            "is dead and pid file exists",
            "dead but subsys locked",
            "dead but pid file exists",
        ];
        if has("stop") {
            return Some(false);
        }
        if has("run") {
            return Some(!has("not "));
        }
        if has("start") && !has("not ") {
            return Some(true);
        }
        if dead.iter().any(|word| has(word)) {
            return Some(false);
        }
    }
    (output.ok() || (name == "iptables" && out.contains("ACCEPT"))).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn answers_to_status_are_judged() {
        let told = |text: &str, rc| judge("x", &Output { rc, stdout: text.into(), stderr: Vec::new() });
        assert_eq!(told("x is running", 0), Some(true));
        assert_eq!(told("x is not running", 0), Some(false));
        assert_eq!(told("x: unrecognized", 3), Some(false));
        assert_eq!(told("a\nb\nc\n", 0), Some(true));
        assert_eq!(told("what?", 100), None);
    }

    #[test]
    fn what_systemd_does_not_take_is_told() {
        let params: Dict = [
            ("name", Value::str("x")),
            ("state", Value::str("started")),
            ("runlevel", Value::str("default")),
            ("arguments", Value::str("")),
            ("sleep", Value::Int(3)),
        ]
        .into_iter()
        .collect();
        let mut run = Run::default();
        let taken = for_systemd(&mut run, &Params(params));
        assert_eq!(run.warnings, ["Ignoring \"sleep\" as it is not used in \"systemd\""]);
        assert_eq!(taken.str("state"), Some("started"));
    }

    #[test]
    fn versions_of_upstart() {
        assert!(upstart_knows_manual("init (upstart 1.12.1)"));
        assert!(!upstart_knows_manual("init (upstart 0.6.5)"));
    }
}
