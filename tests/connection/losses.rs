//! What is lost on the way, what is taken back, and what must not stay behind.

use crate::sshd::{Sshd, possible, user};
use crate::{fleet, shell, stdout};
use heliostat::connection::{Become, Fleet, Target};
use heliostat::error::Kind;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

fn setup() -> (Sshd, Target) {
    user("hs-plain", "/bin/sh");
    let sshd = Sshd::start();
    let target = sshd.target("hs-plain");
    (sshd, target)
}

/// A task that writes its process id, tells it to a file and lasts.
fn long_task(file: &Path) -> heliostat::connection::fleet::Job {
    shell(&format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 600; echo done", file.display()))
}

/// A file name in a directory that everybody may write to.
fn pid_file(name: &str) -> PathBuf {
    let path = PathBuf::from(format!("/tmp/hs-pid-{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

async fn pid_in(file: &Path) -> u32 {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok(text) = fs::read_to_string(file) {
            let _ = fs::remove_file(file);
            return text.trim().parse().unwrap();
        }
        assert!(Instant::now() < deadline, "the task has not begun");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn parent_of(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits for the end of a process; for long enough to tell an end from none.
pub async fn ends(pid: u32) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while lives(pid) {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(Instant::now() < deadline, "process {pid} goes on running: {line}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn kill(pid: u32) {
    crate::sshd::run(Command::new("kill").args(["-9", &pid.to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_lost_in_the_middle_of_a_task_is_unreachable() {
    if !possible() {
        return;
    }
    let (_sshd, target) = setup();
    let fleet = fleet();
    let file = pid_file("lost");
    let task = fleet.run(&target, long_task(&file));
    let cut = async {
        let pid = pid_in(&file).await;
        let agent = parent_of(pid);
        // The daemon's process for this connection: the one that forks for the user stands above it.
        kill(parent_of(agent));
        (pid, agent)
    };
    let (result, (pid, agent)) = tokio::join!(task, cut);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    let expected = "Failed to connect to the host via ssh: Shared connection to 127.0.0.1 closed: the host was lost";
    assert!(error.message().starts_with(expected), "{error}");
    ends(pid).await;
    ends(agent).await;
    assert_eq!(stdout(&fleet.run(&target, shell("echo back")).await.unwrap()), "back", "the next task connects anew");
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_killed_fails_its_task_and_is_replaced() {
    if !possible() {
        return;
    }
    let (_sshd, target) = setup();
    let fleet = fleet();
    let file = pid_file("agent");
    let task = fleet.run(&target, long_task(&file));
    let cut = async {
        let pid = pid_in(&file).await;
        kill(parent_of(pid));
        pid
    };
    let (result, pid) = tokio::join!(task, cut);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), Kind::Action);
    assert!(error.message().starts_with("The agent on the host ended while the task was running"), "{error}");
    assert_eq!(stdout(&fleet.run(&target, shell("echo back")).await.unwrap()), "back");
    kill(pid);
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_nobody_waits_for_ends_at_the_host() {
    if !possible() {
        return;
    }
    let (_sshd, target) = setup();
    let fleet = fleet();
    let local = Target { transport: "local".into(), ..Target::default() };
    let mut limited = long_task(&pid_file("timeout"));
    limited.timeout = Some(Duration::from_secs(1));
    let error = fleet.run(&target, limited).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Action, "Timed out after 1 second(s)."));
    ends(pid_in(&pid_file_name("timeout")).await).await;
    for (name, target) in [("ssh", &target), ("local", &local)] {
        let file = pid_file(name);
        let pid = tokio::select! {
            _ = fleet.run(target, long_task(&file)) => unreachable!("it lasts"),
            pid = pid_in(&file) => pid,
        };
        ends(pid).await;
    }
    assert_eq!(stdout(&fleet.run(&target, shell("echo fine")).await.unwrap()), "fine");
    fleet.close().await;
}

fn pid_file_name(name: &str) -> PathBuf {
    PathBuf::from(format!("/tmp/hs-pid-{name}-{}", std::process::id()))
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_what_other_users_run_too() {
    if !possible() {
        return;
    }
    crate::becoming::users();
    let sshd = Sshd::start();
    let target = Target { becoming: Some(Become::default()), ..sshd.target("hs-nopass") };
    let fleet = fleet();
    let file = pid_file("close");
    let task = fleet.run(&target, long_task(&file));
    let close = async {
        let pid = pid_in(&file).await;
        fleet.close().await;
        pid
    };
    let (result, pid) = tokio::join!(task, close);
    assert_eq!(result.unwrap_err().kind(), Kind::Interrupted);
    assert!(!lives(pid), "when close returns, nothing of a task runs there any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_what_runs_on_this_machine() {
    let fleet = fleet();
    let local = Target { transport: "local".into(), ..Target::default() };
    let file = pid_file("here");
    let close = async {
        let pid = pid_in(&file).await;
        fleet.close().await;
        pid
    };
    let (result, pid) = tokio::join!(fleet.run(&local, long_task(&file)), close);
    assert_eq!(result.unwrap_err().kind(), Kind::Interrupted);
    assert!(!lives(pid));
}

/// Not a test by itself: the controller that the next one kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_controller() {
    let Ok(port) = std::env::var("HELIOSTAT_TEST_PORT") else { return };
    let dir = std::env::var("HELIOSTAT_TEST_DIR").unwrap();
    let target = Target {
        address: "127.0.0.1".into(),
        port: port.parse().ok(),
        user: Some("hs-plain".into()),
        private_key: Some(format!("{dir}/user").into()),
        ssh_args: ["-F", "/dev/null", "-o", &format!("UserKnownHostsFile={dir}/known_hosts")]
            .map(String::from)
            .to_vec(),
        ..Target::default()
    };
    let _ = fleet().run(&target, long_task(&PathBuf::from(format!("/tmp/hs-pid-controller-{port}")))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_is_killed_leaves_nothing_behind() {
    if !possible() {
        return;
    }
    let (sshd, _) = setup();
    let file = PathBuf::from(format!("/tmp/hs-pid-controller-{}", sshd.port));
    let mut controller = Command::new(std::env::current_exe().unwrap());
    controller.args(["--exact", "losses::a_controller"]);
    controller.env("HELIOSTAT_TEST_PORT", sshd.port.to_string());
    controller.env("HELIOSTAT_TEST_DIR", sshd.path("user").parent().unwrap());
    let mut controller = controller.stdout(std::process::Stdio::null()).spawn().unwrap();
    let pid = pid_in(&file).await;
    let agent = parent_of(pid);
    let masters = children_of(controller.id());
    assert_eq!(masters.len(), 1, "the master is the only child");
    let session = rustix::process::getsid(rustix::process::Pid::from_raw(masters[0] as i32)).unwrap();
    assert_eq!(session.as_raw_nonzero().get() as u32, masters[0], "no signal of a terminal reaches a master");
    controller.kill().unwrap();
    controller.wait().unwrap();
    for pid in [pid, agent, masters[0]] {
        ends(pid).await;
    }
}

fn children_of(pid: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
        let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(text.split_whitespace().map(|pid| pid.parse::<u32>().unwrap()));
    }
    children
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_connects_anew() {
    if !possible() {
        return;
    }
    let (_sshd, target) = setup();
    let fleet: Fleet = fleet();
    let agent = stdout(&fleet.run(&target, shell("echo $PPID")).await.unwrap());
    fleet.reset(&target).await.unwrap();
    ends(agent.parse().unwrap()).await;
    assert_ne!(stdout(&fleet.run(&target, shell("echo $PPID")).await.unwrap()), agent);
    fleet.close().await;
}
