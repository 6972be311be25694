//! The command line of a master: the options Ansible gives to ssh, and the user's own without those that are ours.

use crate::connection::Target;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// ssh's options that take a value.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";

/// Options that say what a session does, or what becomes of the connection: ours to say.
const OURS: &str = "fGMNnOQSsTtVW";

/// The same as settings.
const OUR_SETTINGS: [&str; 8] = [
    "controlmaster",
    "controlpath",
    "controlpersist",
    "forkafterauthentication",
    "remotecommand",
    "requesttty",
    "sessiontype",
    "stdinnull",
];

/// Seconds between two questions whether the host is still there, where the user says nothing of it: four without an
/// answer end the connection, so that a host that was lost in the middle of a task does not hang the run.
const ALIVE_INTERVAL: &str = "ServerAliveInterval=15";

/// The arguments of a master that listens at `socket`.
pub fn of_master(target: &Target, socket: &Path) -> Vec<OsString> {
    let mut args = Vec::new();
    // ssh takes the first value it meets, so what must hold comes before the user's options.
    option(&mut args, "ControlMaster=yes");
    option(&mut args, "ControlPersist=no");
    option_raw(&mut args, control_path(socket));
    args.push("-N".into());
    args.extend(connecting(target));
    args.push(target.address.as_str().into());
    args
}

/// The arguments of a client of the master at `socket`, with a terminal, that runs `command`.
pub fn of_client(target: &Target, socket: &Path, terminal: bool, command: &str) -> Vec<OsString> {
    let mut args = Vec::new();
    option(&mut args, "ControlMaster=no");
    option_raw(&mut args, control_path(socket));
    if terminal {
        args.push("-tt".into());
    }
    args.extend(connecting(target));
    args.push(target.address.as_str().into());
    args.push(command.into());
    args
}

/// A command line as a shell would take it, for people.
pub fn shown(program: &str, words: &[OsString]) -> String {
    let words = words.iter().map(|word| word.to_string_lossy().into_owned());
    shell_words::join(std::iter::once(program.to_string()).chain(words))
}

fn option(args: &mut Vec<OsString>, setting: &str) {
    args.push("-o".into());
    args.push(setting.into());
}

fn option_raw(args: &mut Vec<OsString>, setting: OsString) {
    args.push("-o".into());
    args.push(setting);
}

/// ssh expands `%` in the path.
fn control_path(socket: &Path) -> OsString {
    let mut setting = b"ControlPath=\"".to_vec();
    for byte in socket.as_os_str().as_bytes() {
        setting.push(*byte);
        if *byte == b'%' {
            setting.push(b'%');
        }
    }
    setting.push(b'"');
    std::os::unix::ffi::OsStringExt::from_vec(setting)
}

/// How to reach the host and log in, in Ansible's order.
fn connecting(target: &Target) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    if let (Some(_), Some(provider)) = (&target.password, &target.pkcs11_provider) {
        option(&mut args, "KbdInteractiveAuthentication=no");
        option(&mut args, "PreferredAuthentications=publickey");
        option(&mut args, "PasswordAuthentication=no");
        option(&mut args, &format!("PKCS11Provider={provider}"));
    }
    args.extend(users_own(&target.ssh_args));
    if !target.host_key_checking {
        option(&mut args, "StrictHostKeyChecking=no");
    }
    if let Some(port) = target.port {
        option(&mut args, &format!("Port={port}"));
    }
    if let Some(key) = &target.private_key {
        let mut setting = OsString::from("IdentityFile=\"");
        setting.push(key);
        setting.push("\"");
        option_raw(&mut args, setting);
    }
    if target.password.is_none() {
        option(&mut args, "KbdInteractiveAuthentication=no");
        option(&mut args, "PreferredAuthentications=gssapi-with-mic,gssapi-keyex,hostbased,publickey");
        option(&mut args, "PasswordAuthentication=no");
    }
    if let Some(user) = &target.user {
        option(&mut args, &format!("User=\"{user}\""));
    }
    option(&mut args, &format!("ConnectTimeout={}", target.timeout.as_secs().max(1)));
    args.extend(users_own(&target.ssh_extra_args));
    if target.password.is_some() {
        option(&mut args, "NumberOfPasswordPrompts=1");
    }
    let says = |words: &[String]| words.iter().any(|word| word.to_ascii_lowercase().contains("serveraliveinterval"));
    if !says(&target.ssh_args) && !says(&target.ssh_extra_args) {
        option(&mut args, ALIVE_INTERVAL);
    }
    args
}

/// The user's options without those that are ours.
fn users_own(words: &[String]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with('-')) else {
            kept.push(word.into());
            continue;
        };
        let mut flags = String::new();
        for (at, flag) in cluster.char_indices() {
            if !WITH_VALUE.contains(flag) {
                if !OURS.contains(flag) {
                    flags.push(flag);
                }
                continue;
            }
            let glued = &cluster[at + flag.len_utf8()..];
            let value = if glued.is_empty() { words.next().map_or("", String::as_str) } else { glued };
            if !(OURS.contains(flag) || flag == 'o' && is_our_setting(value)) {
                kept.push(format!("-{flag}").into());
                kept.push(value.into());
            }
            break;
        }
        if !flags.is_empty() {
            kept.push(format!("-{flags}").into());
        }
    }
    kept
}

fn is_our_setting(setting: &str) -> bool {
    let name = setting.trim_start().split(['=', ' ', '\t', '"']).next().unwrap_or_default().to_ascii_lowercase();
    OUR_SETTINGS.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        users_own(&words).into_iter().filter_map(|word| word.into_string().ok()).collect()
    }

    #[test]
    fn the_users_options_stay_and_his_control_socket_does_not_get_in_the_way() {
        let words =
            ["-C", "-o", "ControlMaster=auto", "-oControlPersist=60s", "-o", "ControlPath=/tmp/%r@%h", "-J", "a,b"];
        assert_eq!(own(&words), ["-C", "-J", "a,b"]);
        assert_eq!(
            own(&["-S", "/tmp/s", "-tt", "-o", "ProxyCommand=ssh -W %h:%p bastion"]),
            ["-o", "ProxyCommand=ssh -W %h:%p bastion"]
        );
        assert_eq!(own(&["-4Cvo", "LogLevel=ERROR"]), ["-o", "LogLevel=ERROR", "-4Cv"]);
    }

    #[test]
    fn without_a_password_only_keys_are_tried() {
        let target = Target { address: "h".into(), user: Some("bob".into()), port: Some(2222), ..Target::default() };
        let args = of_master(&target, Path::new("/run/a%b/s"));
        let args: Vec<&str> = args.iter().filter_map(|word| word.to_str()).collect();
        assert_eq!(
            args[..7],
            ["-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-o", "ControlPath=\"/run/a%%b/s\"", "-N"]
        );
        assert!(args.contains(&"PasswordAuthentication=no") && args.contains(&"User=\"bob\""));
        assert!(args.contains(&"ConnectTimeout=10") && args.contains(&"Port=2222") && args.ends_with(&["h"]));
    }
}
