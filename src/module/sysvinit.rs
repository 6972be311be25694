//! `sysvinit`: services of init scripts.

use super::process::{Command, Output, find_program_in};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, init, shlex};
use crate::value::{Dict, Value};
use std::time::Duration;

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("name", Kind::Str).required().aliases(&["service"]),
        Arg::new("state", Kind::Str).choices(&["started", "stopped", "restarted", "reloaded"]),
        Arg::new("enabled", Kind::Bool),
        Arg::new("sleep", Kind::Int).default("1"),
        Arg::new("pattern", Kind::Str),
        Arg::new("arguments", Kind::Str).aliases(&["args"]),
        Arg::new("runlevels", Kind::List(&Kind::Str)),
        Arg::new("daemonize", Kind::Bool).default("no"),
    ],
    required_one_of: &[&["state", "enabled"]],
    ..Spec::new("sysvinit")
};

const PATHS: [&str; 4] = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"];

/// A service with what the task says of it.
struct Service<'a> {
    run: &'a mut Run,
    params: &'a Params,
    name: &'a str,
    script: String,
}

/// Brings the service into the state that is asked for.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("name").unwrap_or_default();
    if !init::has_script(name) {
        return Err(init::missing(name, ""));
    }
    let mut service = Service { script: init::script(name), run, params, name };
    let is_started = service.is_started()?;
    let mut changed = false;
    let enabling = service.enable(&mut changed)?;
    let changing = service.bring(is_started, &mut changed)?;
    let mut status = Dict::new();
    status.insert("enabled", enabling);
    status.insert_value(params.value("state").clone(), Value::dict(changing));
    let mut outcome = Outcome { result: Dict::new() };
    outcome.set("name", name);
    outcome.set("changed", changed);
    outcome.set("status", status);
    Ok(outcome)
}

/// What a step did: the output of its command, if one ran.
fn step(changed: bool, output: Option<&Output>) -> Dict {
    let mut step = Dict::new();
    step.insert("changed", changed);
    step.insert("rc", output.map(|output| output.rc));
    step.insert("stdout", output.map(Output::out));
    step.insert("stderr", output.map(Output::err));
    step
}

impl Service<'_> {
    /// Everybody answers `status` differently: words first, then exit codes, then the list of processes.
    fn is_started(&mut self) -> Result<bool, Failure> {
        if let Some(pattern) = self.params.str("pattern").filter(|pattern| !pattern.is_empty()) {
            let running = init::is_running(pattern);
            if !running {
                self.run.warn("Unable to determine if service is up, assuming it is down");
            }
            return Ok(running);
        }
        let command = match find_program_in(self.run, "service", &PATHS) {
            Some(program) => Command::new([program.as_str(), self.name, "status"]),
            None => Command::new([self.script.as_str(), "status"]),
        };
        let output = command.run(self.run)?;
        if let Some(told) = told(self.name, &output) {
            return Ok(told);
        }
        if output.ok() {
            return Ok(true);
        }
        let running = init::is_running(self.name);
        self.run.warn(if running {
            "Used ps output to match service name and determine it is up, this is very unreliable"
        } else {
            "Unable to determine if service is up, assuming it is down"
        });
        Ok(running)
    }

    fn enable(&mut self, changed: &mut bool) -> Result<Dict, Failure> {
        let wanted = self.params.is_set("enabled").then(|| self.params.bool("enabled"));
        let levels = self.params.strs("runlevels");
        let differs = if levels.is_empty() {
            wanted.is_some_and(|wanted| wanted != init::is_enabled(self.name, None))
        } else {
            levels.iter().any(|level| wanted != Some(init::is_enabled(self.name, Some(level))))
        };
        *changed |= differs;
        let output = if differs && !self.run.check { self.change_links(wanted == Some(true), &levels)? } else { None };
        let mut told = step(differs, output.as_ref());
        if !levels.is_empty() {
            told.insert("runlevels", levels.iter().map(|level| Value::str(*level)).collect::<Vec<_>>());
        }
        if output.is_some_and(|output| output.err().contains("illegal runlevel specified")) {
            let message = format!("Illegal runlevel specified for enable operation on service {}", self.name);
            let status: Dict = [("enabled", Value::dict(told))].into_iter().collect();
            return Err(Failure::new(message).with("name", self.name).with("changed", *changed).with("status", status));
        }
        Ok(told)
    }

    fn change_links(&mut self, enable: bool, levels: &[&str]) -> Result<Option<Output>, Failure> {
        let find = |program| find_program_in(self.run, program, &PATHS);
        let command = if let Some(program) = find("update-rc.d") {
            let verb = match (enable, levels.is_empty()) {
                (true, true) => "defaults",
                (true, false) => "enable",
                (false, _) => "disable",
            };
            Command::new([&[program.as_str(), self.name, verb], levels].concat())
        } else if let Some(program) = find("chkconfig") {
            let verb = if enable { "on" } else { "off" };
            let all = levels.concat();
            let level: &[&str] = if levels.is_empty() { &[] } else { &["--level", &all] };
            Command::new([&[program.as_str()], level, &[self.name, verb]].concat())
        } else {
            return Ok(None);
        };
        Ok(Some(command.run(self.run)?))
    }

    fn bring(&mut self, is_started: bool, changed: &mut bool) -> Result<Dict, Failure> {
        let action = match self.params.str("state") {
            Some("restarted") => {
                *changed = true;
                let output = if self.run.check { None } else { Some(self.restart()?) };
                return Ok(step(true, output.as_ref()));
            }
            Some("started") => (!is_started).then_some("start"),
            Some("stopped") => is_started.then_some("stop"),
            // a service that does not run is told to reload, too: its script knows what that means
            Some("reloaded") => Some("reload"),
            _ => None,
        };
        *changed |= action.is_some();
        let output = match action {
            Some(action) if !self.run.check => Some(self.tell(action, action)?),
            _ => None,
        };
        Ok(step(action.is_some(), output.as_ref()))
    }

    /// Not every script has a `restart`.
    fn restart(&mut self) -> Result<Output, Failure> {
        let pause = Duration::from_secs(u64::try_from(self.params.int("sleep").unwrap_or(1)).unwrap_or(0));
        self.tell("restart", "stop")?;
        self.run.lifeline.sleep(pause);
        let output = self.tell("restart", "start")?;
        self.run.lifeline.sleep(pause);
        Ok(output)
    }

    fn tell(&self, action: &str, verb: &str) -> Result<Output, Failure> {
        let arguments = shlex::split(self.params.str("arguments").unwrap_or_default())
            .map_err(|error| Failure::raised(error.to_string()))?;
        let mut argv = vec![self.script.clone(), verb.to_string()];
        argv.extend(arguments);
        if self.params.bool("daemonize") {
            argv = detached(self.run, argv);
        }
        let output = Command::new(argv).run(self.run)?;
        if output.ok() {
            return Ok(output);
        }
        let failure = Failure::new(format!("Failed to {action} service: {}", self.name));
        Err(failure.with("rc", output.rc).with("stdout", output.out()).with("stderr", output.err()))
    }
}

/// What the answer to `status` says, if it says anything.
fn told(name: &str, output: &Output) -> Option<bool> {
    let out = output.out();
    if name == "iptables" && out.contains("ACCEPT") {
        return Some(true);
    }
    if out.matches('\n').count() <= 1 {
        let words = out.to_lowercase().replace(&name.to_lowercase(), "");
        let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
        if has(&["stop", "is dead ", "dead but ", "could not access pid file", "inactive"]) {
            return Some(false);
        }
        if has(&["run", "start", "active"]) && !has(&["not "]) {
            return Some(true);
        }
    }
    [1, 2, 3, 4, 69].contains(&output.rc).then_some(false)
}

/// In a session of its own, where the system has the tool, so that nothing ties the service to us.
pub(super) fn detached(run: &Run, argv: Vec<String>) -> Vec<String> {
    match super::process::find_program(run, "setsid") {
        Some(setsid) => [vec![setsid, "--wait".to_string()], argv].concat(),
        None => argv,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str, rc: i32) -> Output {
        Output { rc, stdout: text.as_bytes().to_vec(), stderr: Vec::new() }
    }

    #[test]
    fn answers_to_status_are_understood() {
        assert_eq!(told("nginx", &output("nginx is running.\n", 0)), Some(true));
        assert_eq!(told("nginx", &output("nginx is stopped\n", 3)), Some(false));
        assert_eq!(told("nginx", &output("nginx is not running\n", 3)), Some(false));
        assert_eq!(told("runner", &output("runner\n", 0)), None);
        assert_eq!(told("x", &output("many\nlines\nrunning\n", 4)), Some(false));
    }

    /// A script by its path is a service, too.
    fn script(dir: &std::path::Path) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = dir.join("toy");
        let text = format!(
            "#!/bin/sh\ncd {}\ncase $1 in start) touch up; echo \"start $2\" >> log;; stop) rm -f up; echo stop >> log;;\n\
             reload) echo reload >> log;; status) [ -e up ] && echo running || {{ echo stopped; exit 3; }};; esac\n",
            dir.display()
        );
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    #[test]
    fn a_script_is_started_once_and_restarted_by_stop_and_start() {
        let dir = tempfile::tempdir().unwrap();
        let name = script(dir.path());
        let go = |state: &str, check: bool| {
            // without the host's `service`, which knows only scripts in /etc/init.d
            let params: Dict = [
                ("name", Value::from(&name)),
                ("state", state.into()),
                ("sleep", Value::Int(0)),
                ("arguments", Value::str("'a b'")),
                ("pattern", Value::None),
            ]
            .into_iter()
            .collect();
            let mut run = Run { check, ..Run::default() };
            let mut service = Service { run: &mut run, params: &Params(params), name: &name, script: name.clone() };
            let started = told(&name, &Command::new([name.as_str(), "status"]).run(service.run).unwrap()).unwrap();
            let mut changed = false;
            service.bring(started, &mut changed).unwrap();
            changed
        };
        assert!(go("started", true));
        assert!(go("started", false));
        assert!(!go("started", false));
        assert!(go("restarted", false));
        assert!(go("reloaded", false));
        assert!(go("stopped", false));
        let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
        assert_eq!(log, "start a b\nstop\nstart a b\nreload\nstop\n");
    }
}
