//! ssh with keys.

use crate::sshd::{Sshd, possible, user};
use crate::{fleet, job, shell, stdout};
use heliostat::error::Kind;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn a_module_runs_at_the_host_as_the_login_user() {
    if !possible() {
        return;
    }
    user("hs-plain", "/bin/sh");
    let sshd = Sshd::start();
    let fleet = fleet();
    let target = sshd.target("hs-plain");
    let start = Instant::now();
    let reply = fleet.run(&target, job("ping", r#"{"data": "über"}"#)).await.unwrap();
    let first = start.elapsed();
    assert_eq!(reply.result.get("ping").and_then(|v| v.as_str()), Some("über"));
    let start = Instant::now();
    for _ in 0..100 {
        fleet.run(&target, job("ping", "{}")).await.unwrap();
    }
    eprintln!("first {first:?}, then {:?} each", start.elapsed() / 100);
    let start = Instant::now();
    let reply = fleet.run(&target, shell("id -un; echo $PPID")).await.unwrap();
    eprintln!("shell {:?}", start.elapsed());
    let text = stdout(&reply);
    let (name, agent) = text.split_once('\n').unwrap();
    assert_eq!(name, "hs-plain");
    let line = std::fs::read_to_string(format!("/proc/{agent}/cmdline")).unwrap();
    assert!(line.contains("--agent"), "{line}");
    fleet.close().await;
    crate::losses::ends(agent.parse().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_unreachable_in_sshs_words() {
    let target = heliostat::connection::Target {
        address: "127.0.0.1".into(),
        port: Some(1),
        ssh_args: vec!["-F".into(), "/dev/null".into()],
        ..Default::default()
    };
    let error = fleet().run(&target, job("ping", "{}")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    let expected = "Failed to connect to the host via ssh: ssh: connect to host 127.0.0.1 port 1: Connection refused";
    assert_eq!(error.message(), expected);
}
