//! Logging in: keys, passwords, passphrases, host keys; and that no secret lies open meanwhile.

use crate::sshd::{PASSWORD, Sshd, possible, run, user};
use crate::{fleet, job, shell, stdout};
use heliostat::connection::{Secret, Target};
use heliostat::error::Kind;
use std::fs;
use std::process::Command;

fn without_key(sshd: &Sshd) -> Target {
    user("hs-plain", "/bin/sh");
    Target { private_key: None, ..sshd.target("hs-plain") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_logs_in_and_is_nowhere_to_be_seen() {
    if !possible() {
        return;
    }
    let sshd = Sshd::start();
    let target = Target { password: Some(Secret::new(PASSWORD)), ..without_key(&sshd) };
    let fleet = fleet();
    let watch = std::thread::spawn(|| {
        // While it logs in, whatever is to be seen of our processes is looked at again and again.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(2);
        let mut looked = 0;
        while std::time::Instant::now() < end {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                for file in ["cmdline", "environ"] {
                    let text = fs::read(entry.path().join(file)).unwrap_or_default();
                    let text = String::from_utf8_lossy(&text);
                    if text.contains("heliostat-askpass") {
                        looked += 1;
                        assert!(!text.contains(PASSWORD), "{text}");
                    }
                }
            }
        }
        looked
    });
    assert_eq!(stdout(&fleet.run(&target, shell("id -un")).await.unwrap()), "hs-plain");
    assert!(watch.join().unwrap() > 0, "the ssh that asks was seen");
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once() {
    if !possible() {
        return;
    }
    let sshd = Sshd::start();
    let target = Target { password: Some(Secret::new("wrong")), retries: 3, ..without_key(&sshd) };
    let error = fleet().run(&target, job("ping", "{}")).await.unwrap_err();
    let expected = "Failed to connect to the host via ssh: hs-plain@127.0.0.1: Permission denied (publickey,password).";
    assert_eq!((error.kind(), error.message()), (Kind::Unreachable, expected));
    let log = fs::read_to_string(sshd.path("log")).unwrap();
    assert_eq!(log.matches("Failed password").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_refused_in_sshs_words() {
    if !possible() {
        return;
    }
    let sshd = Sshd::start();
    let target = Target { private_key: Some(sshd.path("host")), ..without_key(&sshd) };
    let error = fleet().run(&target, job("ping", "{}")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.message().ends_with("hs-plain@127.0.0.1: Permission denied (publickey,password)."), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_opens_a_key() {
    if !possible() {
        return;
    }
    let sshd = Sshd::start();
    let key = sshd.path("locked");
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "open sesame", "-f"]).arg(&key));
    let both =
        fs::read_to_string(sshd.path("user.pub")).unwrap() + &fs::read_to_string(sshd.path("locked.pub")).unwrap();
    fs::write(sshd.path("user.pub"), both).unwrap();
    let locked = Target { private_key: Some(key), ..without_key(&sshd) };
    let target = Target { key_passphrase: Some(Secret::new("open sesame")), ..locked.clone() };
    let fleet = fleet();
    assert_eq!(stdout(&fleet.run(&target, shell("id -un")).await.unwrap()), "hs-plain");
    let target = Target { key_passphrase: Some(Secret::new("open sesam")), ..locked };
    let error = fleet.run(&target, shell("id -un")).await.unwrap_err();
    assert!(error.message().contains("Permission denied"), "{error}");
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_key_is_refused_unless_told_otherwise() {
    if !possible() {
        return;
    }
    let sshd = Sshd::start();
    fs::write(sshd.path("known_hosts"), "").unwrap();
    user("hs-plain", "/bin/sh");
    let target = sshd.target("hs-plain");
    let error = fleet().run(&target, job("ping", "{}")).await.unwrap_err();
    let expected = "Failed to connect to the host via ssh: Host key verification failed.";
    assert_eq!((error.kind(), error.message()), (Kind::Unreachable, expected));
    let with_password = Target { password: Some(Secret::new(PASSWORD)), ..target.clone() };
    let error = fleet().run(&with_password, job("ping", "{}")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Action);
    assert!(error.message().starts_with("Using a SSH password instead of a key is not possible"), "{error}");
    let trusting = Target { host_key_checking: false, ..target.clone() };
    let fleet = fleet();
    fleet.run(&trusting, job("ping", "{}")).await.unwrap();
    fleet.close().await;
    // The key is known from now on; another one in its place is not.
    let changed = fs::read_to_string(sshd.path("user.pub")).unwrap();
    fs::write(sshd.path("known_hosts"), format!("[127.0.0.1]:{} {changed}", sshd.port)).unwrap();
    let error = crate::fleet().run(&target, job("ping", "{}")).await.unwrap_err();
    assert!(error.message().contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_behind_another_one_with_passwords_for_both() {
    if !possible() {
        return;
    }
    let sshd = Sshd::start();
    user("hs-other", "/bin/sh");
    let known = sshd.path("known_hosts");
    let jump = format!(
        "ProxyCommand=ssh -F /dev/null -o UserKnownHostsFile={} -W %h:%p -p {} hs-other@127.0.0.1",
        known.display(),
        sshd.port
    );
    let target =
        Target { password: Some(Secret::new(PASSWORD)), ssh_extra_args: vec!["-o".into(), jump], ..without_key(&sshd) };
    let fleet = fleet();
    assert_eq!(stdout(&fleet.run(&target, shell("id -un")).await.unwrap()), "hs-plain");
    let log = fs::read_to_string(sshd.path("log")).unwrap();
    assert!(log.contains("Accepted password for hs-other") && log.contains("Accepted password for hs-plain"), "{log}");
    fleet.close().await;
}
