//! Other users: sudo and su, with and without passwords, on a host and on this machine.

use crate::sshd::{PASSWORD, Sshd, possible, user};
use crate::{fleet, job, shell, stdout};
use heliostat::connection::fleet::Payload;
use heliostat::connection::{Become, Secret, Target};
use heliostat::error::Kind;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// Users who may become others without a password, with one, and not at all.
pub fn users() {
    for name in ["hs-plain", "hs-nopass", "hs-pass", "hs-other", "hs-tty"] {
        user(name, "/bin/sh");
    }
    let rules = "hs-nopass ALL=(ALL) NOPASSWD: ALL\nhs-pass ALL=(ALL) ALL\nhs-tty ALL=(ALL) NOPASSWD: ALL\n\
                 Defaults:hs-tty requiretty, use_pty, log_output, log_input, iolog_dir=/tmp/hs-iolog\n";
    let path = "/etc/sudoers.d/heliostat-test";
    if fs::read_to_string(path).is_ok_and(|text| text == rules) {
        return;
    }
    let beside = format!("{path}.{}~", std::process::id());
    fs::write(&beside, rules).unwrap();
    crate::sshd::run(Command::new("chmod").args(["440", &beside]));
    fs::rename(beside, path).unwrap();
}

fn sudo(user: &str, password: Option<&str>) -> Option<Become> {
    Some(Become { user: user.into(), password: password.map(Secret::new), ..Become::default() })
}

fn su(user: &str, password: Option<&str>) -> Option<Become> {
    Some(Become { method: "su".into(), ..sudo(user, password).unwrap() })
}

const WHO: &str = "echo $(id -un) $HOME";

#[tokio::test(flavor = "multi_thread")]
async fn sudo_without_a_password() {
    if !possible() {
        return;
    }
    users();
    let (sshd, fleet) = (Sshd::start(), fleet());
    let login = sshd.target("hs-nopass");
    for (user, expected) in [("root", "root /root"), ("hs-other", "hs-other /home/hs-other")] {
        let target = Target { becoming: sudo(user, None), ..login.clone() };
        assert_eq!(stdout(&fleet.run(&target, shell(WHO)).await.unwrap()), expected);
        let agent = stdout(&fleet.run(&target, shell("echo $PPID")).await.unwrap());
        assert_eq!(stdout(&fleet.run(&target, shell("echo $PPID")).await.unwrap()), agent, "one agent for both tasks");
    }
    assert_eq!(stdout(&fleet.run(&login, shell("id -un")).await.unwrap()), "hs-nopass");
    let uid = nix::unistd::User::from_name("hs-nopass").unwrap().unwrap().uid.as_raw();
    let left = fs::read_dir("/tmp").unwrap().flatten().filter(|entry| entry.metadata().unwrap().uid() == uid);
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".heliostat-")), "the copy is gone: {left:?}");
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sudo_with_a_password_right_wrong_and_missing() {
    if !possible() {
        return;
    }
    users();
    let (sshd, fleet) = (Sshd::start(), fleet());
    let login = sshd.target("hs-pass");
    let right = Target { becoming: sudo("root", Some(PASSWORD)), ..login.clone() };
    assert_eq!(stdout(&fleet.run(&right, shell("id -un")).await.unwrap()), "root");
    for (password, expected) in [(Some("wrong"), "Incorrect sudo password"), (None, "Missing sudo password")] {
        let target = Target { becoming: sudo("hs-other", password), ..login.clone() };
        let error = fleet.run(&target, shell("id -un")).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Action, expected));
    }
    let stranger = Target { becoming: sudo("nobody-here", Some(PASSWORD)), ..login.clone() };
    let error = fleet.run(&stranger, shell("id -un")).await.unwrap_err();
    assert!(error.message().contains("unknown user"), "{error}");
    let outsider = Target { becoming: sudo("root", Some(PASSWORD)), ..sshd.target("hs-plain") };
    let error = fleet.run(&outsider, shell("id -un")).await.unwrap_err();
    assert!(error.message().contains("hs-plain is not in the sudoers file"), "{error}");
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn su_with_a_password_at_a_terminal() {
    if !possible() {
        return;
    }
    users();
    let (sshd, fleet) = (Sshd::start(), fleet());
    let login = sshd.target("hs-plain");
    let target = Target { becoming: su("hs-other", Some(PASSWORD)), ..login.clone() };
    assert_eq!(stdout(&fleet.run(&target, shell(WHO)).await.unwrap()), "hs-other /home/hs-other");
    // What would not survive a terminal: control characters, a lone newline, much of it.
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n % 256) as u8).collect();
    let mut blob = job("script", r#"{"_raw_params": "x"}"#);
    blob.payloads = vec![Payload::Memory([b"#!/bin/sh\nwc -c < $0; exit 0\n", &content[..]].concat())];
    let reply = fleet.run(&target, blob).await.unwrap();
    assert_eq!(stdout(&reply).trim(), (content.len() + 29).to_string(), "{:?}", reply.result);
    for (password, expected) in [(Some("wrong"), "Incorrect su password"), (None, "Missing su password")] {
        let target = Target { becoming: su("hs-pass", password), ..login.clone() };
        let error = fleet.run(&target, shell("id -un")).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Action, expected));
    }
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_as_another_user() {
    if !possible() {
        return;
    }
    users();
    let fleet = fleet();
    let local = Target { transport: "local".into(), ..Target::default() };
    assert_eq!(stdout(&fleet.run(&local, shell("id -un")).await.unwrap()), "root");
    for becoming in [sudo("hs-other", None), su("hs-other", None)] {
        let target = Target { becoming, ..local.clone() };
        assert_eq!(stdout(&fleet.run(&target, shell("id -un")).await.unwrap()), "hs-other");
        let raw = fleet.raw(&target, "id -un; cat; exit 3", b"in").await.unwrap();
        assert_eq!((raw.rc, &raw.stdout[..]), (3, &b"hs-other\nin"[..]));
    }
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_as_another_user_needs_no_agent() {
    if !possible() {
        return;
    }
    users();
    let (sshd, fleet) = (Sshd::start(), fleet());
    let login = sshd.target("hs-pass");
    for becoming in [sudo("hs-other", Some(PASSWORD)), su("hs-other", Some(PASSWORD))] {
        let target = Target { becoming, ..login.clone() };
        let raw = fleet.raw(&target, "id -un; echo 'a b'; exit 3", b"").await.unwrap();
        let printed = String::from_utf8(raw.stdout).unwrap().replace('\r', "");
        assert!(raw.rc == 3 && printed.ends_with("hs-other\na b\n"), "{} {printed}", raw.rc);
        assert!(!printed.contains("password") && !printed.contains("BECOME"), "{printed}");
    }
    let target = Target { becoming: sudo("root", Some("wrong")), ..login.clone() };
    let error = fleet.raw(&target, "id", b"").await.unwrap_err();
    assert_eq!(error.message(), "Incorrect sudo password");
    let raw = fleet.raw(&login, "cat; echo oops >&2", b"in\n").await.unwrap();
    assert_eq!((raw.rc, &raw.stdout[..], &raw.stderr[..]), (0, &b"in\n"[..], &b"oops\n"[..]));
    let raw = fleet.raw(&login, "echo hi; tty", b"").await.unwrap();
    let printed = String::from_utf8(raw.stdout).unwrap();
    assert!(printed.starts_with("hi\r\n/dev/pts/"), "{printed:?}");
    assert_eq!(raw.stderr, b"Shared connection to 127.0.0.1 closed.\r\n");
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sudo_that_wants_a_terminal_and_logs_all_that_passes() {
    if !possible() {
        return;
    }
    users();
    let (sshd, fleet) = (Sshd::start(), fleet());
    let target = Target { becoming: sudo("root", None), ..sshd.target("hs-tty") };
    let mut blob = job("script", r#"{"_raw_params": "x"}"#);
    let content: Vec<u8> = (0..300_000u32).map(|n| (n % 256) as u8).collect();
    blob.payloads = vec![Payload::Memory([b"#!/bin/sh\nid -un; wc -c < $0; exit 0\n", &content[..]].concat())];
    let reply = fleet.run(&target, blob).await.unwrap();
    assert_eq!(stdout(&reply), format!("root\n{}\n", content.len() + 37));
    fleet.close().await;
    let _ = fs::remove_dir_all("/tmp/hs-iolog");
}
