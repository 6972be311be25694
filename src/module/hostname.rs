//! `hostname`: the host's name, now and for the next boot.

use super::facts::gather::{content, lines};
use super::facts::{platform, service_mgr};
use super::process::{Command, Output, require_program};
use super::replace_file::{Keep, Source, replace};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec};
use crate::value::Dict;
use std::path::Path;

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("name", Kind::Str).required(),
        Arg::new("use", Kind::Str).choices(&[
            "alpine", "debian", "freebsd", "generic", "macos", "macosx", "darwin", "openbsd", "openrc", "redhat",
            "sles", "solaris", "systemd",
        ]),
    ],
    ..Spec::new("hostname")
};

/// Where a host keeps its name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// `hostnamectl`.
    Systemd,
    /// A file with nothing else in it.
    File(&'static str),
    /// The same, and `hostname -F` makes it count at once.
    Alpine,
    /// `HOSTNAME=` in `/etc/sysconfig/network`.
    RedHat,
    /// `hostname=` in `/etc/conf.d/hostname`.
    OpenRc,
}

/// Sets it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("name").unwrap_or_default();
    let way = way(run, params.str("use"))?;
    let (current, permanent) = (way.current(run)?, way.permanent(run)?);
    let (now, later) = (current != name, permanent != name);
    if !run.check {
        // the name for the next boot first, or NetworkManager takes the other for a mistake
        if later {
            way.set_permanent(run, name)?;
        }
        if now {
            way.set_current(run, name)?;
        }
    }
    let fqdn = platform::fqdn(run, &rustix::system::uname().nodename().to_string_lossy());
    let mut facts = Dict::new();
    facts.insert("ansible_hostname", name.split('.').next().unwrap_or_default());
    facts.insert("ansible_nodename", name);
    facts.insert("ansible_fqdn", fqdn.as_str());
    facts.insert("ansible_domain", fqdn.split_once('.').map_or("", |(_, domain)| domain));
    let mut outcome = Outcome::new(now || later).with("name", name).with("ansible_facts", facts);
    if now || later {
        let before = if now { current } else { permanent };
        let mut diff = Dict::new();
        diff.insert("after", format!("hostname = {name}\n"));
        diff.insert("before", format!("hostname = {before}\n"));
        outcome.set("diff", diff);
    }
    Ok(outcome)
}

fn way(run: &Run, wanted: Option<&str>) -> Result<Way, Failure> {
    let release = content("/etc/os-release").unwrap_or_default();
    let id =
        release.lines().find_map(|line| line.strip_prefix("ID=")).unwrap_or_default().trim_matches('"').to_string();
    match wanted {
        Some("systemd" | "debian") => return Ok(Way::Systemd),
        Some("alpine") => return Ok(Way::Alpine),
        Some("openrc") => return Ok(Way::OpenRc),
        Some("redhat") => return Ok(Way::RedHat),
        Some("sles") => return Ok(Way::File("/etc/HOSTNAME")),
        Some(_) => return Err(impossible(&id)),
        None if service_mgr::is_booted(run) => return Ok(Way::Systemd),
        None => {}
    }
    match id.as_str() {
        "rhel" | "centos" | "anolis" | "cloudlinux" | "alinux" | "scientific" | "ol" | "virtuozzo" | "amzn"
        | "altlinux" | "eurolinux" => Ok(Way::RedHat),
        "debian" | "ubuntu" | "linuxmint" | "kylin" | "cumulus-linux" | "kali" | "parrot" | "linaro" | "devuan"
        | "raspbian" | "uos" | "deepin" | "neon" | "void" | "pop" => Ok(Way::File("/etc/hostname")),
        "gentoo" => Ok(Way::OpenRc),
        "alpine" => Ok(Way::Alpine),
        "sles" if old_sles(&release) => Ok(Way::File("/etc/HOSTNAME")),
        other => Err(impossible(other)),
    }
}

fn old_sles(release: &str) -> bool {
    let version = release.lines().find_map(|line| line.strip_prefix("VERSION_ID="));
    let version = version.and_then(|text| text.trim_matches('"').parse::<f64>().ok());
    version.is_some_and(|version| (10.0..=12.0).contains(&version))
}

fn impossible(id: &str) -> Failure {
    let mut rest = id.chars();
    let name: String = rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect();
    Failure::new(format!("hostname module cannot be used on platform Linux ({name})"))
}

fn call(run: &Run, program: &str, arguments: &[&str]) -> Result<Output, Failure> {
    let program = require_program(run, program)?;
    let output = Command::new(std::iter::once(program.as_str()).chain(arguments.iter().copied())).run(run)?;
    if output.ok() {
        return Ok(output);
    }
    Err(Failure::new(format!("Command failed rc={}, out={}, err={}", output.rc, output.out(), output.err())))
}

const NETWORK: &str = "/etc/sysconfig/network";
const CONF_D: &str = "/etc/conf.d/hostname";

impl Way {
    /// The kernel's name where it can be told apart from the kept one.
    fn current(self, run: &Run) -> Result<String, Failure> {
        match self {
            Way::Systemd => Ok(call(run, "hostnamectl", &["--transient", "status"])?.out().trim().to_string()),
            _ => self.permanent(run),
        }
    }

    fn permanent(self, run: &Run) -> Result<String, Failure> {
        match self {
            Way::Systemd => Ok(call(run, "hostnamectl", &["--static", "status"])?.out().trim().to_string()),
            Way::File(path) => Ok(content(path).unwrap_or_default()),
            Way::Alpine => Ok(content("/etc/hostname").unwrap_or_default()),
            Way::RedHat => {
                let value = lines(NETWORK).iter().find_map(|line| {
                    let rest = line.trim().strip_prefix("HOSTNAME")?;
                    rest.split_once('=').map(|(_, value)| value.trim().to_string())
                });
                value.ok_or_else(|| Failure::new(format!("Unable to locate HOSTNAME entry in {NETWORK}")))
            }
            Way::OpenRc => {
                let value =
                    lines(CONF_D).iter().find_map(|line| line.trim().strip_prefix("hostname=").map(String::from));
                Ok(value.map(|value| value.trim_matches('"').to_string()).unwrap_or_default())
            }
        }
    }

    fn set_current(self, run: &Run, name: &str) -> Result<(), Failure> {
        match self {
            Way::Systemd => {
                check_length(name)?;
                call(run, "hostnamectl", &["--transient", "set-hostname", name]).map(drop)
            }
            Way::Alpine => call(run, "hostname", &["-F", "/etc/hostname"]).map(drop),
            _ => Ok(()),
        }
    }

    fn set_permanent(self, run: &Run, name: &str) -> Result<(), Failure> {
        match self {
            Way::Systemd => {
                check_length(name)?;
                call(run, "hostnamectl", &["--pretty", "--static", "set-hostname", name]).map(drop)
            }
            Way::File(path) => write(path, &format!("{name}\n")),
            Way::Alpine => write("/etc/hostname", &format!("{name}\n")),
            Way::RedHat => {
                let old = std::fs::read_to_string(NETWORK).unwrap_or_default();
                write(NETWORK, &with_line(&old, "HOSTNAME", &format!("HOSTNAME={name}"), true))
            }
            Way::OpenRc => {
                let old = std::fs::read_to_string(CONF_D).unwrap_or_default();
                write(CONF_D, &with_line(&old, "hostname=", &format!("hostname=\"{name}\""), false))
            }
        }
    }
}

fn check_length(name: &str) -> Result<(), Failure> {
    if name.chars().count() > 64 {
        let message = "name cannot be longer than 64 characters on systemd servers, try a shorter name";
        return Err(Failure::new(message));
    }
    Ok(())
}

fn write(path: &str, text: &str) -> Result<(), Failure> {
    replace(Path::new(path), Source::Bytes(text.as_bytes()), Keep::Dest, true)
        .map_err(|failure| Failure::new(format!("failed to update hostname: {}", failure.message)))
}

/// The text with the line that begins so replaced, or added where `or_add` says so.
fn with_line(text: &str, start: &str, line: &str, or_add: bool) -> String {
    let mut found = false;
    let mut lines: Vec<&str> = Vec::new();
    for old in text.lines() {
        let fits = old.trim().starts_with(start);
        found |= fits;
        lines.push(if fits { line } else { old });
    }
    if or_add && !found {
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_replaced_or_added() {
        assert_eq!(with_line("A=1\nHOSTNAME=x\n", "HOSTNAME", "HOSTNAME=y", true), "A=1\nHOSTNAME=y\n");
        assert_eq!(with_line("A=1\n", "HOSTNAME", "HOSTNAME=y", true), "A=1\nHOSTNAME=y\n");
        assert_eq!(with_line("A=1\n", "hostname=", "hostname=\"y\"", false), "A=1\n");
    }

    #[test]
    fn only_an_old_sles_keeps_it_in_capitals() {
        assert!(old_sles("ID=sles\nVERSION_ID=\"11.4\"\n"));
        assert!(!old_sles("VERSION_ID=\"15.5\"\n"));
    }
}
