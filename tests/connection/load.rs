//! Many hosts at once, many channels, and content that does not fit where it should not be.

use crate::sshd::{Sshd, possible, user};
use crate::{fleet, job, shell, stdout};
use futures_util::future::join_all;
use heliostat::connection::Target;
use heliostat::connection::fleet::Payload;
use std::fs;
use std::io::{Read, Write};
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_hosts_at_once_behind_a_daemon_that_turns_crowds_away() {
    if !possible() {
        return;
    }
    user("hs-plain", "/bin/sh");
    let sshd = Sshd::with("MaxStartups 3:80:6\nListenAddress 0.0.0.0\nPerSourceMaxStartups none");
    let known = fs::read_to_string(sshd.path("known_hosts")).unwrap().replace("127.0.0.1", "127.0.1.*");
    fs::write(sshd.path("known_hosts"), known).unwrap();
    let fleet = fleet();
    let targets: Vec<Target> =
        (1..=20).map(|n| Target { address: format!("127.0.1.{n}"), ..sshd.target("hs-plain") }).collect();
    let start = Instant::now();
    let replies = join_all(targets.iter().map(|target| fleet.run(target, shell("echo $PPID")))).await;
    eprintln!("twenty hosts in {:?}", start.elapsed());
    let mut agents: Vec<String> = replies.into_iter().map(|reply| stdout(&reply.unwrap())).collect();
    agents.sort();
    agents.dedup();
    assert_eq!(agents.len(), 20, "every host has an agent of its own");
    let start = Instant::now();
    join_all(targets.iter().map(|target| fleet.run(target, job("ping", "{}")))).await.into_iter().for_each(|reply| {
        reply.unwrap();
    });
    eprintln!("and again in {:?}", start.elapsed());
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_at_once_on_one_host() {
    if !possible() {
        return;
    }
    user("hs-plain", "/bin/sh");
    let (sshd, fleet) = (Sshd::start(), fleet());
    let target = sshd.target("hs-plain");
    let tasks = (0..40).map(|n| {
        let (fleet, target) = (&fleet, &target);
        async move { stdout(&fleet.run(target, shell(&format!("sleep 0.2; echo $PPID {n}"))).await.unwrap()) }
    });
    let start = Instant::now();
    let printed = join_all(tasks).await;
    eprintln!("forty tasks of 0.2 s in {:?}", start.elapsed());
    let (agent, _) = printed[0].split_once(' ').unwrap();
    for (n, text) in printed.iter().enumerate() {
        assert_eq!(text, &format!("{agent} {n}"), "one agent, and every reply to who asked");
    }
    let raws = (0..30).map(|n| {
        let (fleet, target) = (&fleet, &target);
        async move { fleet.raw(target, &format!("echo {n}"), b"\n").await.unwrap().stdout }
    });
    for (n, text) in join_all(raws).await.into_iter().enumerate() {
        assert_eq!(String::from_utf8(text).unwrap(), format!("{n}\n"));
    }
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_megabytes_go_both_ways_in_little_memory() {
    if !possible() {
        return;
    }
    const SIZE: u64 = 200 << 20;
    user("hs-plain", "/bin/sh");
    let (sshd, fleet) = (Sshd::start(), fleet());
    let mut target = sshd.target("hs-plain");
    target.ssh_args.retain(|word| word != "-C");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let script = b"#!/bin/sh\nwc -c < $0; grep VmHWM /proc/$PPID/status; stat -c %a $0; exit 0\n";
    file.write_all(script).unwrap();
    let mut piece = vec![0u8; 1 << 20];
    getrandom::fill(&mut piece).unwrap();
    for _ in 0..SIZE >> 20 {
        file.write_all(&piece).unwrap();
    }
    let size = SIZE + script.len() as u64;
    let mut sending = job("script", r#"{"_raw_params": "x"}"#);
    sending.payloads = vec![Payload::File(file.path().to_owned())];
    let start = Instant::now();
    // A small task passes between the pieces of the large one.
    let (reply, ping) = tokio::join!(fleet.run(&target, sending), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let asked = Instant::now();
        fleet.run(&target, job("ping", "{}")).await.unwrap();
        asked.elapsed()
    });
    eprintln!("sent in {:?}, a ping meanwhile in {ping:?}", start.elapsed());
    let printed = stdout(&reply.unwrap());
    let words: Vec<&str> = printed.split_whitespace().collect();
    assert_eq!(words[0], size.to_string());
    assert!(words[2].parse::<u64>().unwrap() < 40_000, "the agent's peak: {} kB", words[2]);
    let start = Instant::now();
    let path = file.path().display();
    std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let reply = fleet.run(&target, job("_fetch", &format!(r#"{{"src": "{path}"}}"#))).await.unwrap();
    eprintln!("fetched in {:?}", start.elapsed());
    let Some(Payload::Spooled(back)) = reply.payloads.first() else { panic!("{:?}", reply.result) };
    assert!(same(file.path(), back));
    let kept = back.to_path_buf();
    drop(reply);
    assert!(!kept.exists(), "what nobody holds is gone");
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let peak: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(peak < 80_000, "the controller's peak: {peak} kB");
    fleet.close().await;
}

fn same(a: &std::path::Path, b: &std::path::Path) -> bool {
    let (mut a, mut b) = (fs::File::open(a).unwrap(), fs::File::open(b).unwrap());
    let (mut x, mut y) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let count = a.read(&mut x).unwrap();
        if count == 0 {
            return b.read(&mut y).unwrap() == 0;
        }
        if b.read_exact(&mut y[..count]).is_err() || x[..count] != y[..count] {
            return false;
        }
    }
}

/// Says how long things take; run it alone: `cargo nextest run --test connection --run-ignored only --no-capture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, tests nothing"]
async fn how_long_it_takes() {
    if !possible() {
        return;
    }
    crate::becoming::users();
    let sshd = Sshd::start();
    let target = sshd.target("hs-nopass");
    let root = Target { becoming: Some(heliostat::connection::Become::default()), ..target.clone() };
    for round in ["cold", "warm", "warm", "warm"] {
        let fleet = fleet();
        let mut times = Vec::new();
        for (what, target) in [("connect and first task", &target), ("next", &target), ("first as root", &root)] {
            let start = Instant::now();
            fleet.run(target, job("ping", "{}")).await.unwrap();
            times.push(format!("{what} {:.1?}", start.elapsed()));
        }
        for (what, target) in [("ping", &target), ("ping as root", &root)] {
            let start = Instant::now();
            for _ in 0..200 {
                fleet.run(target, job("ping", "{}")).await.unwrap();
            }
            times.push(format!("{what} {:.0?}", start.elapsed() / 200));
        }
        let start = Instant::now();
        for _ in 0..50 {
            fleet.run(&target, shell("true")).await.unwrap();
        }
        times.push(format!("shell {:.1?}", start.elapsed() / 50));
        eprintln!("{round}: {}", times.join(", "));
        fleet.close().await;
    }
    let start = Instant::now();
    let mut ssh = std::process::Command::new("ssh");
    ssh.args(&target.ssh_args).args(["-o", "ControlPath=none", "-i"]).arg(sshd.path("user"));
    ssh.args(["-p", &sshd.port.to_string(), "hs-nopass@127.0.0.1", "true"]);
    crate::sshd::run(&mut ssh);
    eprintln!("ssh itself, for a login and `true`: {:.1?}", start.elapsed());
}
