//! `platform`: kernel, architecture and names of the host.

use super::super::Run;
use super::super::process::{Command, find_program};
use super::gather::{Gather, content, lines};
use super::python;
use crate::value::Dict;
use std::io::Read;
use std::time::Duration;

/// Collects them.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let uname = rustix::system::uname();
    let machine = uname.machine().to_string_lossy().into_owned();
    let nodename = uname.nodename().to_string_lossy().into_owned();
    let fqdn = fqdn(gather.run, &nodename);
    let mut facts = Dict::new();
    facts.insert("system", "Linux");
    facts.insert("kernel", uname.release().to_string_lossy());
    facts.insert("kernel_version", uname.version().to_string_lossy());
    facts.insert("machine", machine.as_str());
    facts.insert("python_version", python::probe(gather).version_text());
    facts.insert("fqdn", fqdn.as_str());
    facts.insert("hostname", nodename.split('.').next().unwrap_or_default());
    facts.insert("nodename", nodename.as_str());
    facts.insert("domain", fqdn.split_once('.').map_or("", |(_, domain)| domain));
    let bits = userspace_bits();
    facts.insert("userspace_bits", bits);
    let i386 = matches!(machine.as_str(), "i386" | "i486" | "i586" | "i686" | "i86pc");
    facts.insert("architecture", if i386 { "i386" } else { machine.as_str() });
    if i386 || machine == "x86_64" {
        facts.insert("userspace_architecture", if bits == "64" { "x86_64" } else { "i386" });
    }
    if let Some(id) = content("/var/lib/dbus/machine-id").or_else(|| content("/etc/machine-id")) {
        facts.insert("machine_id", id.lines().next().unwrap_or_default());
    }
    facts
}

/// 32 or 64, by the programs of the system: the kernel may be wider than they are, and so may this binary.
fn userspace_bits() -> &'static str {
    let mut header = [0; 5];
    let read = std::fs::File::open("/bin/sh").and_then(|mut file| file.read_exact(&mut header));
    if read.is_ok() && header.starts_with(b"\x7fELF") && header[4] == 1 { "32" } else { "64" }
}

/// The name that the host's address leads back to, preferring one with a domain; Python's `socket.getfqdn()`.
pub fn fqdn(run: &Run, nodename: &str) -> String {
    let hosts = hosts_file();
    let address = hosts.iter().find(|(_, names)| names.iter().any(|name| name == nodename)).map(|(ip, _)| ip.clone());
    let address = address.or_else(|| getent(run, nodename).map(|(ip, _)| ip));
    let Some(address) = address else { return nodename.to_string() };
    let names = hosts.into_iter().find(|(ip, _)| *ip == address).map(|(_, names)| names);
    let names = names.or_else(|| getent(run, &address).map(|(_, names)| names)).unwrap_or_default();
    let dotted = names.iter().find(|name| name.contains('.')).or_else(|| names.first());
    dotted.map_or_else(|| nodename.to_string(), String::from)
}

type Host = (String, Vec<String>);

fn host(line: &str) -> Option<Host> {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace().map(String::from);
    Some((words.next()?, words.collect()))
}

fn hosts_file() -> Vec<Host> {
    lines("/etc/hosts").iter().filter_map(|line| host(line)).collect()
}

/// The system's resolver, which knows of DNS and whatever else nsswitch names.
fn getent(run: &Run, key: &str) -> Option<Host> {
    let program = find_program(run, "getent")?;
    let command = Command::new([program.as_str(), "hosts", key]).timeout(Duration::from_secs(10));
    host(command.run(run).ok()?.out().lines().next()?)
}
