//! `service_mgr` and `systemd`: what starts the host's services.

use super::super::Run;
use super::super::process::find_program;
use super::gather::{Gather, content, exists, link_name};
use super::small::one;
use crate::value::Dict;

/// Collects the name.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let name = name(gather.run, gather.known("distribution"));
    one("service_mgr", name)
}

/// The name, for a host of this distribution.
pub fn name(run: &Run, distribution: &str) -> String {
    let first = content("/proc/1/comm").or_else(|| link_name("/sbin/init"));
    let first = first.map(|name| name.rsplit('/').next().unwrap_or_default().trim().to_string());
    // `init` may be anybody, a shell is the one of a container
    if let Some(name) = first.filter(|name| name != "init" && !name.ends_with("sh") && !name.is_empty()) {
        return match name.as_str() {
            "procd" => "openwrt_init".to_string(),
            "runit-init" => "runit".to_string(),
            "svscan" => "svc".to_string(),
            "openrc-init" => "openrc".to_string(),
            _ => name,
        };
    }
    let found = match distribution {
        "OpenWrt" => "openwrt_init",
        "SMGL" => "simpleinit_msb",
        _ if is_booted(run) => "systemd",
        _ if find_program(run, "initctl").is_some() && exists("/etc/init/") => "upstart",
        _ if exists("/sbin/openrc") => "openrc",
        _ if find_program(run, "systemctl").is_some() && link_name("/sbin/init").as_deref() == Some("systemd") => {
            "systemd"
        }
        _ if exists("/etc/init.d/") => "sysvinit",
        _ if exists("/etc/dinit.d/") => "dinit",
        _ => "service",
    };
    found.to_string()
}

/// Whether systemd runs the host, as its own `sd_booted` tells.
pub fn is_booted(run: &Run) -> bool {
    let marks = ["/run/systemd/system/", "/dev/.run/systemd/", "/dev/.systemd/"];
    find_program(run, "systemctl").is_some() && marks.iter().any(|mark| exists(mark))
}

/// Collects systemd's version and features, where it runs the host.
pub fn systemd(gather: &mut Gather<'_>) -> Dict {
    if !is_booted(gather.run) {
        return Dict::new();
    }
    let Some(out) = gather.output(&["systemctl", "--version"]) else { return Dict::new() };
    let version = out.split(' ').nth(1).and_then(|word| word.parse::<i64>().ok());
    let (Some(features), Some(version)) = (out.lines().nth(1), version) else { return Dict::new() };
    let mut fact = one("features", features);
    fact.insert("version", version);
    one("systemd", fact)
}
