//! The far end of `reboot`: tells which boot this is, and starts the next one. The waiting is done from afar.

use super::process::{Command, find_program, find_program_in};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, shlex};
use std::path::Path;

/// Its arguments. `_step` says what is wanted: `boot_id`, `shutdown` or `test`.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("_step", Kind::Str).default("boot_id").choices(&["boot_id", "shutdown", "test"]).hidden(),
        Arg::new("boot_time_command", Kind::Str),
        Arg::new("connect_timeout", Kind::Int).aliases(&["connect_timeout_sec"]),
        Arg::new("msg", Kind::Str).default("Reboot initiated by Ansible"),
        Arg::new("post_reboot_delay", Kind::Int).default("0").aliases(&["post_reboot_delay_sec"]),
        Arg::new("pre_reboot_delay", Kind::Int).default("0").aliases(&["pre_reboot_delay_sec"]),
        Arg::new("reboot_command", Kind::Str),
        Arg::new("reboot_timeout", Kind::Int).default("600").aliases(&["reboot_timeout_sec"]),
        Arg::new("search_paths", Kind::List(&Kind::Str)).default("/sbin,/bin,/usr/sbin,/usr/bin,/usr/local/sbin"),
        Arg::new("test_command", Kind::Str),
    ],
    ..Spec::new("reboot")
};

/// Takes one step.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    match params.str("_step") {
        Some("shutdown") if run.check => Ok(Outcome::new(true).with("elapsed", 0).with("rebooted", true)),
        Some("shutdown") => shutdown(run, params),
        Some("test") => test(run, params),
        _ => boot_id(run, params),
    }
}

/// `boot_id`: a text that differs after a boot.
fn boot_id(run: &Run, params: &Params) -> Result<Outcome, Failure> {
    let told = match params.str("boot_time_command") {
        Some(line) => {
            let output = Command::shell(line, None).run(run)?;
            if !output.ok() {
                return Err(Failure::new(format!(
                    "reboot: failed to get host boot time info, rc: {}, stdout: {}, stderr: {}",
                    output.rc,
                    output.out(),
                    output.err()
                )));
            }
            output.out()
        }
        None => std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_err(|error| Failure::new(format!("reboot: failed to get host boot time info: {error}")))?,
    };
    Ok(Outcome::new(false).with("boot_id", told.trim()))
}

fn test(run: &Run, params: &Params) -> Result<Outcome, Failure> {
    let Some(line) = params.str("test_command") else { return Ok(Outcome::new(false)) };
    let output = Command::shell(line, None).run(run)?;
    if output.ok() {
        return Ok(Outcome::new(false));
    }
    Err(Failure::new(format!("Test command failed: {} {}", output.err(), output.out())))
}

/// `cmd`: what was run. Whoever asked may lose the connection before the answer is there.
fn shutdown(run: &Run, params: &Params) -> Result<Outcome, Failure> {
    let (program, arguments) = command(run, params)?;
    let line = format!("{program} {arguments}");
    let output = Command::shell(&line, None).run(run)?;
    if output.ok() {
        return Ok(Outcome::new(true).with("rebooted", true).with("cmd", line));
    }
    let message = format!("Reboot command failed. Error was: '{}, {}'", output.out().trim(), output.err().trim());
    Err(Failure::new(message).with("rebooted", false))
}

/// The program by its full path, and its arguments for a shell.
fn command(run: &Run, params: &Params) -> Result<(String, String), Failure> {
    let given = params.str("reboot_command").filter(|line| !line.is_empty());
    let alpine = Path::new("/etc/alpine-release").exists();
    let (program, arguments) = match given.map(|line| line.split_once(' ').unwrap_or((line, ""))) {
        Some((program, arguments)) => (program, arguments.to_string()),
        None if alpine => ("reboot", String::new()),
        None => {
            // in minutes; what is less than one is none
            let minutes = params.int("pre_reboot_delay").unwrap_or(0).max(0) / 60;
            let plus =
                if Path::new("/etc/runit").exists() && find_program(run, "systemctl").is_none() { "+" } else { "" };
            let message = shlex::quote(params.str("msg").unwrap_or_default());
            ("shutdown", format!("-r {plus}{minutes} {message}"))
        }
    };
    if program.starts_with('/') {
        return Ok((program.to_string(), arguments));
    }
    let paths = params.strs("search_paths");
    let found = paths.iter().map(|dir| format!("{dir}/{program}")).find(|path| Path::new(path).exists());
    let found = found.or_else(|| find_program_in(run, program, &paths).filter(|_| paths.is_empty()));
    let missing = || {
        let shown = crate::value::Value::list(paths.iter().map(|dir| crate::value::Value::str(*dir))).repr();
        Failure::new(format!("Unable to find command \"{program}\" in search paths: {shown}"))
    };
    Ok((found.ok_or_else(missing)?, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn params(given: &[(&'static str, Value)]) -> Params {
        Params(given.iter().cloned().collect())
    }

    #[test]
    fn this_boot_has_a_name() {
        let told = |given: &[_]| {
            let outcome = super::run(&mut Run::default(), &params(given)).unwrap();
            outcome.result.get("boot_id").unwrap().to_text().into_owned()
        };
        assert_eq!(told(&[]), told(&[]));
        assert_eq!(told(&[]).len(), 36);
        assert_eq!(told(&[("boot_time_command", Value::str("echo ' x '"))]), "x");
    }

    #[test]
    fn the_command_is_found_and_run() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("shutdown");
        std::fs::write(&program, "#!/bin/sh\necho \"$@\" > $(dirname $0)/told; [ \"$3\" != no ]").unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let paths = ("search_paths", Value::list([Value::from(dir.path().display().to_string())]));
        let step = ("_step", Value::str("shutdown"));
        let go = |message: &str| {
            let delay = ("pre_reboot_delay", Value::Int(130));
            let given = [step.clone(), paths.clone(), ("msg", Value::str(message)), delay];
            super::run(&mut Run::default(), &params(&given))
        };
        go("see you").unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("told")).unwrap(), "-r 2 see you\n");
        assert!(go("no").unwrap_err().message.starts_with("Reboot command failed. Error was: "));
        let missing = params(&[step, paths, ("reboot_command", Value::str("nothing -now"))]);
        let failure = super::run(&mut Run::default(), &missing).unwrap_err();
        assert!(failure.message.starts_with("Unable to find command \"nothing\" in search paths: ['/"));
    }
}
