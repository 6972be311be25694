//! The subsets that take a few lines each: user, environment, load, FIPS, AppArmor, SELinux, chroot, capabilities, host
//! keys, storage initiators.

use super::super::Run;
use super::gather::{Gather, content, exists, lines, names};
use crate::value::{Dict, Value};
use nix::unistd::{User, getegid, geteuid, getgid, getuid};
use std::os::unix::fs::MetadataExt;

/// `user`.
pub fn user(gather: &mut Gather<'_>) -> Dict {
    let named = ["LOGNAME", "USER", "LNAME", "USERNAME"]
        .iter()
        .find_map(|name| gather.run.var(name).filter(|value| !value.is_empty()));
    let own = || User::from_uid(getuid()).ok().flatten();
    let account = named.as_deref().and_then(|name| User::from_name(name).ok().flatten()).or_else(own);
    let mut facts = Dict::new();
    let id = named.or_else(|| account.as_ref().map(|user| user.name.clone())).unwrap_or_default();
    facts.insert("user_id", id);
    if let Some(user) = account {
        facts.insert("user_uid", user.uid.as_raw());
        facts.insert("user_gid", user.gid.as_raw());
        facts.insert("user_gecos", user.gecos.to_string_lossy());
        facts.insert("user_dir", user.dir.to_string_lossy());
        facts.insert("user_shell", user.shell.to_string_lossy());
    }
    facts.insert("real_user_id", getuid().as_raw());
    facts.insert("effective_user_id", geteuid().as_raw());
    facts.insert("real_group_id", getgid().as_raw());
    facts.insert("effective_group_id", getegid().as_raw());
    facts
}

/// `env`.
pub fn env(gather: &mut Gather<'_>) -> Dict {
    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
    let mut env = Dict::new();
    for (key, value) in std::env::vars_os() {
        env.insert(text(key), text(value));
    }
    for (key, value) in &gather.run.environment {
        env.insert(key.as_str(), value);
    }
    one("env", env)
}

/// `loadavg`.
pub fn loadavg(_: &mut Gather<'_>) -> Dict {
    let loads = rustix::system::sysinfo().loads;
    let load = ["1m", "5m", "15m"].into_iter().zip(loads);
    one("loadavg", load.map(|(key, load)| (key, Value::Float(load as f64 / 65536.0))).collect::<Dict>())
}

/// `fips`.
pub fn fips(_: &mut Gather<'_>) -> Dict {
    one("fips", content("/proc/sys/crypto/fips_enabled").as_deref() == Some("1"))
}

/// `apparmor`.
pub fn apparmor(_: &mut Gather<'_>) -> Dict {
    let status = if exists("/sys/kernel/security/apparmor") { "enabled" } else { "disabled" };
    one("apparmor", one("status", status))
}

/// `selinux`, as the kernel and `/etc/selinux/config` tell it.
pub fn selinux(_: &mut Gather<'_>) -> Dict {
    let mut facts = Dict::new();
    // ours needs no library, so nothing keeps anybody from using it
    facts.insert("selinux_python_present", true);
    let root = ["/sys/fs/selinux", "/selinux"].into_iter().find(|root| exists(&format!("{root}/enforce")));
    let Some(root) = root else {
        facts.insert("selinux", one("status", "disabled"));
        return facts;
    };
    let mut fact = one("status", "enabled");
    let version = content(format!("{root}/policyvers")).and_then(|text| text.parse::<i64>().ok());
    fact.insert("policyvers", version.map_or(Value::str("unknown"), Value::from));
    let configured = lines("/etc/selinux/config");
    let setting = |name: &str| {
        let value = configured.iter().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix('='));
        value.map(|value| value.trim().to_lowercase())
    };
    let known =
        |mode: String| if ["enforcing", "permissive", "disabled"].contains(&&*mode) { mode } else { "unknown".into() };
    fact.insert("config_mode", setting("SELINUX").map_or("unknown".to_string(), known));
    fact.insert(
        "mode",
        match content(format!("{root}/enforce")).as_deref() {
            Some("1") => "enforcing",
            Some("0") => "permissive",
            _ => "unknown",
        },
    );
    fact.insert("type", setting("SELINUXTYPE").unwrap_or("unknown".into()));
    facts.insert("selinux", fact);
    facts
}

/// `chroot`.
pub fn chroot(gather: &mut Gather<'_>) -> Dict {
    one("is_chroot", is_chroot(gather.run))
}

/// Whether our root is not the root of process 1; where that is hidden, whether it is the root of its file system.
pub fn is_chroot(run: &Run) -> bool {
    if run.var("debian_chroot").is_some_and(|name| !name.is_empty()) {
        return true;
    }
    let Ok(own) = std::fs::metadata("/") else { return false };
    match std::fs::metadata("/proc/1/root/.") {
        Ok(first) => own.ino() != first.ino() || own.dev() != first.dev(),
        Err(_) => {
            const BTRFS: i64 = 0x9123_683e;
            const XFS: i64 = 0x5846_5342;
            // the C libraries do not agree on its type
            #[allow(clippy::unnecessary_cast)]
            let root = match rustix::fs::statfs("/").map(|stat| stat.f_type as i64) {
                Ok(BTRFS) => 256,
                Ok(XFS) => 128,
                _ => 2,
            };
            own.ino() != root
        }
    }
}

/// `caps`: what `capsh` says, whose spelling is the library's.
pub fn caps(gather: &mut Gather<'_>) -> Dict {
    let mut facts = Dict::new();
    let Some(out) = gather.output(&["capsh", "--print"]) else {
        facts.insert("system_capabilities_enforced", "N/A");
        facts.insert("system_capabilities", "N/A");
        return facts;
    };
    let (mut enforced, mut caps) = ("NA", Vec::new());
    if let Some(current) = out.lines().find_map(|line| line.strip_prefix("Current:")) {
        if current.trim() == "=ep" {
            enforced = "False";
        } else {
            enforced = "True";
            let list = current.split('=').nth(1).unwrap_or_default();
            caps = list.split(',').map(|cap| Value::str(cap.trim())).collect();
        }
    }
    facts.insert("system_capabilities_enforced", enforced);
    facts.insert("system_capabilities", caps);
    facts
}

/// `ssh_pub_keys`: from the first directory that has keys.
pub fn ssh_pub_keys(_: &mut Gather<'_>) -> Dict {
    let mut facts = Dict::new();
    for dir in ["/etc/ssh", "/etc/openssh", "/etc"] {
        for algorithm in ["dsa", "rsa", "ecdsa", "ed25519"] {
            let text = content(format!("{dir}/ssh_host_{algorithm}_key.pub")).unwrap_or_default();
            let mut words = text.split_whitespace();
            if let (Some(kind), Some(key)) = (words.next(), words.next()) {
                facts.insert(format!("ssh_host_key_{algorithm}_public"), key);
                facts.insert(format!("ssh_host_key_{algorithm}_public_keytype"), kind);
            }
        }
        if !facts.is_empty() {
            break;
        }
    }
    facts
}

/// `iscsi`.
pub fn iscsi(_: &mut Gather<'_>) -> Dict {
    let configured = lines("/etc/iscsi/initiatorname.iscsi");
    one("iscsi_iqn", configured.iter().find_map(|line| line.strip_prefix("InitiatorName=")).unwrap_or(""))
}

/// `nvme`.
pub fn nvme(_: &mut Gather<'_>) -> Dict {
    let configured = lines("/etc/nvme/hostnqn");
    one("hostnqn", configured.iter().find(|line| line.starts_with("nqn.")).map_or("", String::as_str))
}

/// `fibre_channel_wwn`.
pub fn fibre_channel(_: &mut Gather<'_>) -> Dict {
    let hosts = names("/sys/class/fc_host");
    let ports = hosts.iter().flat_map(|host| lines(format!("/sys/class/fc_host/{host}/port_name")));
    one("fibre_channel_wwn", ports.map(|port| Value::str(port.get(2..).unwrap_or(""))).collect::<Vec<_>>())
}

/// A mapping of one entry.
pub fn one(key: &str, value: impl Into<Value>) -> Dict {
    let mut facts = Dict::new();
    facts.insert(key, value);
    facts
}
