//! `systemd` and `systemd_service`: units of systemd, through `systemctl`.

use super::process::{Command, Output, require_program};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, init};
use crate::value::Dict;

/// The arguments of `systemd_service`.
pub const SERVICE_SPEC: Spec = Spec {
    args: &[
        Arg::new("name", Kind::Str).aliases(&["service", "unit"]),
        Arg::new("state", Kind::Str).choices(&["reloaded", "restarted", "started", "stopped"]),
        Arg::new("enabled", Kind::Bool),
        Arg::new("force", Kind::Bool),
        Arg::new("masked", Kind::Bool),
        Arg::new("daemon_reload", Kind::Bool).default("no").aliases(&["daemon-reload"]),
        Arg::new("daemon_reexec", Kind::Bool).default("no").aliases(&["daemon-reexec"]),
        Arg::new("scope", Kind::Str).default("system").choices(&["system", "user", "global"]),
        Arg::new("no_block", Kind::Bool).default("no"),
    ],
    required_one_of: &[&["state", "enabled", "masked", "daemon_reload", "daemon_reexec"]],
    required_by: &[("state", &["name"]), ("enabled", &["name"]), ("masked", &["name"])],
    ..Spec::new("systemd_service")
};

/// The same under its older name.
pub const SPEC: Spec = Spec { name: "systemd", ..SERVICE_SPEC };

/// `systemctl` with the options that the task asks for.
struct Systemctl<'a> {
    run: &'a mut Run,
    argv: Vec<String>,
    scope: &'a str,
}

/// What systemd knows of a unit.
struct Unit<'a> {
    name: &'a str,
    status: Dict,
    is_systemd: bool,
    is_initd: bool,
}

/// Brings the unit into the state that is asked for.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("name");
    if let Some((pattern, name)) =
        name.and_then(|name| ["*", "?", "["].iter().find(|c| name.contains(**c)).zip(Some(name)))
    {
        return Err(Failure::new(format!(
            "This module does not currently support using glob patterns, found '{pattern}' in service name: {name}"
        )));
    }
    let mut systemctl = Systemctl::new(run, params)?;
    for verb in ["daemon-reload", "daemon-reexec"] {
        if params.bool(&verb.replace('-', "_")) && !systemctl.run.check {
            systemctl.daemon(verb)?;
        }
    }
    let mut outcome = Outcome { result: Dict::new() };
    outcome.set("name", params.value("name").clone());
    outcome.set("changed", false);
    outcome.set("status", Dict::new());
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(outcome) };
    let unit = systemctl.look(name)?;
    outcome.set("status", unit.status.clone());
    if unit.is_initd && !unit.is_systemd {
        systemctl
            .run
            .warn(format!("The service ({name}) is actually an init script but the system is managed by systemd"));
    }
    if params.is_set("masked") {
        systemctl.mask(&unit, params.bool("masked"), &mut outcome)?;
    }
    if params.is_set("enabled") {
        systemctl.enable(&unit, params.bool("enabled"), &mut outcome)?;
    }
    if let Some(state) = params.str("state") {
        systemctl.bring(&unit, state, &mut outcome)?;
    }
    Ok(outcome)
}

impl<'a> Systemctl<'a> {
    fn new(run: &'a mut Run, params: &'a Params) -> Result<Systemctl<'a>, Failure> {
        let scope = params.str("scope").unwrap_or("system");
        let mut argv = vec![require_program(run, "systemctl")?];
        if scope != "system" {
            argv.push(format!("--{scope}"));
        }
        for option in ["no_block", "force"] {
            if params.bool(option) {
                argv.push(format!("--{}", option.replace('_', "-")));
            }
        }
        Ok(Systemctl { run, argv, scope })
    }

    fn call(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new(self.argv.iter().map(String::as_str).chain(arguments.iter().copied()));
        if self.run.var("XDG_RUNTIME_DIR").is_none() {
            command = command.env("XDG_RUNTIME_DIR", format!("/run/user/{}", nix::unistd::geteuid()));
        }
        Ok(command.run(self.run)?)
    }

    fn daemon(&mut self, verb: &str) -> Result<(), Failure> {
        let output = self.call(&[verb])?;
        if output.ok() {
            return Ok(());
        }
        if !init::is_offline(self.run) {
            return Err(Failure::new(format!("failure {} during {verb}: {}", output.rc, output.err())));
        }
        self.run.warn(format!(
            "{verb} failed, but target is a chroot or systemd is offline. Continuing. Error was: {} / {}",
            output.rc,
            output.err()
        ));
        Ok(())
    }

    /// What is known of the unit; how that is asked for differs between versions and hosts.
    fn look<'u>(&self, name: &'u str) -> Result<Unit<'u>, Failure> {
        let mut unit = Unit { name, status: Dict::new(), is_systemd: false, is_initd: init::has_script(name) };
        let shown = self.call(&["show", name])?;
        let (out, err) = (shown.out(), shown.err());
        if shown.ok() && !was_ignored(&out) && !was_ignored(&err) {
            unit.status = parse_show(&out);
            let load = unit.property("LoadState").map(String::from);
            unit.is_systemd = load.as_deref().is_some_and(|state| state != "not-found");
            if let Some(problem) =
                unit.property("LoadError").filter(|_| unit.is_systemd && load.as_deref() != Some("masked"))
            {
                return Err(Failure::new(format!("Error loading unit file '{name}': {problem}")));
            }
        } else if shown.rc == 1 && err.contains("Failed to parse bus message") {
            // `show` stumbles over a property of some units in some versions
            unit.status = parse_show(&out);
            let search = name.split_inclusive('@').next().unwrap_or(name);
            unit.is_systemd = self.call(&["list-unit-files", &format!("{search}*")])?.out().contains(search);
            let active = self.call(&["is-active", name])?.out();
            unit.status.insert("ActiveState", active.trim_end_matches('\n'));
        } else {
            unit.is_systemd = self.is_known_otherwise(name)?;
        }
        Ok(unit)
    }

    /// By its enablement or its file, where `show` does not work (in a chroot).
    fn is_known_otherwise(&self, name: &str) -> Result<bool, Failure> {
        const STATES: [&str; 11] = [
            "enabled",
            "enabled-runtime",
            "linked",
            "linked-runtime",
            "masked",
            "masked-runtime",
            "static",
            "indirect",
            "disabled",
            "generated",
            "transient",
        ];
        let enabled = self.call(&["is-enabled", name])?.out();
        if STATES.contains(&enabled.trim()) || self.call(&["list-unit-files", name])?.ok() {
            return Ok(true);
        }
        let plain = self.call(&[])?;
        if plain.ok() {
            return Ok(false);
        }
        let (out, err) = (plain.out(), plain.err());
        let line = super::shlex::join(&self.argv);
        let failure = Failure::new(err.trim_end()).with("cmd", line).with("rc", plain.rc);
        Err(failure.with("stdout", out).with("stderr", err))
    }

    fn mask(&mut self, unit: &Unit<'_>, wanted: bool, outcome: &mut Outcome) -> Result<(), Failure> {
        let masked = self.call(&["is-enabled", unit.name])?.out().trim() == "masked";
        if masked == wanted {
            return Ok(());
        }
        outcome.set("changed", true);
        if self.run.check {
            return Ok(());
        }
        let action = if wanted { "mask" } else { "unmask" };
        let output = self.call(&[action, unit.name])?;
        if output.ok() {
            return Ok(());
        }
        // some versions mask units that do not exist, so that is no reason before they refuse
        unit.must_exist()?;
        Err(Failure::new(format!("Failed to {action} the service ({}): {}", unit.name, output.err().trim())))
    }

    fn enable(&mut self, unit: &Unit<'_>, wanted: bool, outcome: &mut Outcome) -> Result<(), Failure> {
        unit.must_exist()?;
        let told = self.call(&["is-enabled", unit.name, "-l"])?;
        let out = told.out();
        let enabled = match told.rc {
            // not for good, or not as such: systemd shall decide what there is to do
            0 => !["enabled-runtime", "indirect", "alias"].contains(&out.trim_end()),
            1 => {
                let by_script = self.scope == "system" && unit.is_initd && !out.trim().ends_with("disabled");
                by_script && init::is_enabled(unit.name, None)
            }
            _ => false,
        };
        outcome.set("enabled", enabled);
        if enabled == wanted {
            return Ok(());
        }
        outcome.set("changed", true);
        if !self.run.check {
            let action = if wanted { "enable" } else { "disable" };
            let output = self.call(&[action, unit.name])?;
            if !output.ok() {
                let told = format!("{}{}", output.out(), output.err());
                return Err(Failure::new(format!("Unable to {action} service {}: {told}", unit.name)));
            }
        }
        outcome.set("enabled", wanted);
        Ok(())
    }

    fn bring(&mut self, unit: &Unit<'_>, state: &str, outcome: &mut Outcome) -> Result<(), Failure> {
        unit.must_exist()?;
        outcome.set("state", state);
        let Some(active) = unit.property("ActiveState") else {
            if !init::is_offline(self.run) {
                let failure = Failure::new("Service is in unknown state");
                return Err(failure.with("status", unit.status.clone()));
            }
            self.run.warn(
                "Target is a chroot or systemd is offline. This can lead to false positives or prevent the init system \
                 tools from working.",
            );
            return Ok(());
        };
        let runs = ["active", "activating"].contains(&active);
        let action = match state {
            "started" => (!runs).then_some("start"),
            "stopped" => (runs || active == "deactivating").then_some("stop"),
            _ if !runs => Some("start"),
            "reloaded" => Some("reload"),
            _ => Some("restart"),
        };
        if ["reloaded", "restarted"].contains(&state) {
            outcome.set("state", "started");
        }
        let Some(action) = action else { return Ok(()) };
        outcome.set("changed", true);
        if self.run.check {
            return Ok(());
        }
        let output = self.call(&[action, unit.name])?;
        if output.ok() {
            return Ok(());
        }
        Err(Failure::new(format!("Unable to {action} service {}: {}", unit.name, output.err())))
    }
}

impl Unit<'_> {
    fn property(&self, name: &str) -> Option<&str> {
        self.status.get(name).and_then(|value| value.as_str())
    }

    fn must_exist(&self) -> Result<(), Failure> {
        if self.is_systemd || self.is_initd { Ok(()) } else { Err(init::missing(self.name, "host")) }
    }
}

/// systemctl in a chroot answers that it ignores what it was asked, and succeeds.
fn was_ignored(out: &str) -> bool {
    !out.contains('=') && (out.contains("ignoring request") || out.contains("ignoring command"))
}

/// The properties that `systemctl show` prints. Only those of commands span lines, in braces.
fn parse_show(out: &str) -> Dict {
    let mut properties = Dict::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in out.split('\n') {
        match &mut open {
            Some((key, lines)) => {
                lines.push(line);
                if line.trim_end().ends_with('}') {
                    properties.insert(*key, lines.join("\n").trim());
                    open = None;
                }
            }
            None => {
                let Some((key, value)) = line.split_once('=') else { continue };
                let begins = key.starts_with("Exec") && value.trim_start().starts_with('{');
                if begins && !value.trim_end().ends_with('}') {
                    open = Some((key, vec![value]));
                } else {
                    properties.insert(key, value.trim());
                }
            }
        }
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn properties_may_span_lines() {
        let out = "ExecStart={ path=/bin/sh ; argv[]=/bin/sh -c a\nb ; }\nDescription={odd\nActiveState=active\n";
        let properties = parse_show(out);
        assert_eq!(properties.get("ActiveState"), Some(&"active".into()));
        assert_eq!(properties.get("Description"), Some(&"{odd".into()));
        assert_eq!(properties.get("ExecStart"), Some(&"{ path=/bin/sh ; argv[]=/bin/sh -c a\nb ; }".into()));
    }

    /// A `systemctl` that knows one unit and writes down what it is told.
    struct Stage(tempfile::TempDir);

    impl Stage {
        fn new(active: &str, enabled: &str) -> Stage {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("systemctl");
            let script = format!(
                "#!/bin/sh\necho \"$*\" >> {}/log\ncase $* in\n\
                 *show*nope*) echo LoadState=not-found;;\n\
                 *show*) printf 'Id=x.service\\nLoadState=loaded\\nActiveState={active}\\n';;\n\
                 *is-enabled*) echo {enabled}; [ {enabled} = enabled ];;\nesac\n",
                dir.path().display()
            );
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            Stage(dir)
        }

        fn go(&self, check: bool, given: &[(&str, Value)]) -> Result<Outcome, Failure> {
            let path = format!("{}:/usr/bin:/bin", self.0.path().display());
            let mut run = Run { check, environment: vec![("PATH".into(), path)], ..Run::default() };
            let mut params: Dict = given.iter().map(|(key, value)| (*key, value.clone())).collect();
            params.insert("scope", "system");
            super::run(&mut run, &Params(params))
        }

        fn told(&self) -> Vec<String> {
            let log = std::fs::read_to_string(self.0.path().join("log")).unwrap_or_default();
            let asks = |line: &str| ["show", "is-enabled"].iter().any(|verb| line.contains(verb));
            log.lines().filter(|line| !asks(line)).map(String::from).collect()
        }
    }

    fn unit(state: &str) -> [(&'static str, Value); 2] {
        [("name", Value::str("x")), ("state", Value::str(state))]
    }

    #[test]
    fn only_what_differs_is_done() {
        let stage = Stage::new("active", "enabled");
        let outcome = stage.go(false, &unit("started")).unwrap();
        assert_eq!(outcome.result.get("changed"), Some(&false.into()));
        let outcome = stage.go(false, &unit("reloaded")).unwrap();
        assert_eq!(outcome.result.get("state"), Some(&"started".into()));
        stage.go(false, &[("name", Value::str("x")), ("enabled", Value::Bool(false))]).unwrap();
        assert_eq!(stage.told(), ["reload x", "disable x"]);
    }

    #[test]
    fn a_stopped_unit_is_started_by_any_wish_but_stopping() {
        let stage = Stage::new("inactive", "disabled");
        for state in ["restarted", "started", "stopped"] {
            stage.go(false, &unit(state)).unwrap();
        }
        assert_eq!(stage.told(), ["start x", "start x"]);
    }

    #[test]
    fn check_mode_tells_and_does_nothing() {
        let stage = Stage::new("inactive", "disabled");
        let given = [
            ("name", Value::str("x")),
            ("state", Value::str("started")),
            ("enabled", Value::Bool(true)),
            ("daemon_reload", Value::Bool(true)),
        ];
        let outcome = stage.go(true, &given).unwrap();
        assert_eq!(outcome.result.get("changed"), Some(&true.into()));
        assert_eq!(outcome.result.get("enabled"), Some(&true.into()));
        assert!(stage.told().is_empty());
    }

    #[test]
    fn missing_units_and_patterns_are_refused() {
        let stage = Stage::new("active", "enabled");
        let message =
            |name: &str| stage.go(false, &[("name", name.into()), ("state", "started".into())]).unwrap_err().message;
        assert_eq!(message("nope"), "Could not find the requested service nope: host");
        assert_eq!(
            message("a*"),
            "This module does not currently support using glob patterns, found '*' in service name: a*"
        );
    }
}
