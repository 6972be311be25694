//! Login shells of all sorts, and homes that make it hard.

use crate::sshd::{Sshd, possible, user};
use crate::{fleet, shell, stdout};
use heliostat::connection::Target;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Runs two tasks as this user and looks where the agent lives.
async fn works(sshd: &Sshd, name: &str) {
    let fleet = fleet();
    let target = sshd.target(name);
    assert_eq!(stdout(&fleet.run(&target, shell("id -un")).await.unwrap()), name);
    let agent = stdout(&fleet.run(&target, shell("readlink /proc/$PPID/exe")).await.unwrap());
    assert!(agent.contains("/.ansible/tmp/heliostat-"), "{agent}");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(Path::new(&agent)), mode(Path::new(&agent).parent().unwrap())), (0o700, 0o700));
    fleet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_bashrc_does_not_matter() {
    if !possible() {
        return;
    }
    let home = user("hs-noisy", "/bin/bash");
    fs::write(home.join(".bashrc"), "echo Welcome to the machine; printf 'no newline> '; echo grumble >&2\n").unwrap();
    works(&Sshd::start(), "hs-noisy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn csh_and_fish_will_do() {
    if !possible() {
        return;
    }
    let sshd = Sshd::start();
    for (shell, name) in [("/bin/tcsh", "hs-tcsh"), ("/usr/bin/fish", "hs-fish")] {
        if !Path::new(shell).exists() {
            eprintln!("skipped: there is no {shell}");
            continue;
        }
        let home = user(name, shell);
        if name == "hs-tcsh" {
            fs::write(home.join(".cshrc"), "echo hello from csh\n").unwrap();
        }
        works(&sshd, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_is_sent_once() {
    if !possible() {
        return;
    }
    let home = user("hs-once", "/bin/sh");
    let _ = fs::remove_dir_all(home.join(".ansible"));
    let sshd = Sshd::start();
    works(&sshd, "hs-once").await;
    let program = || {
        let entries = fs::read_dir(home.join(".ansible/tmp")).unwrap().flatten();
        let mut files: Vec<_> = entries.map(|entry| (entry.file_name(), entry.metadata().unwrap())).collect();
        assert_eq!(files.len(), 1, "nothing else is left behind: {files:?}");
        files.remove(0).1
    };
    let first = program();
    works(&sshd, "hs-once").await;
    use std::os::unix::fs::MetadataExt;
    assert_eq!((first.ino(), first.mtime_nsec()), (program().ino(), program().mtime_nsec()));
    // What is not whole is not run.
    let file = fs::read_dir(home.join(".ansible/tmp")).unwrap().flatten().next().unwrap().path();
    fs::write(&file, "#!/bin/sh\necho I am not the agent\n").unwrap();
    works(&sshd, "hs-once").await;
    assert_eq!(program().len(), first.len());
    // Nor what is another user's.
    let uid = nix::unistd::User::from_name("hs-once").unwrap().unwrap().uid;
    nix::unistd::chown(&file, Some(nix::unistd::Uid::from_raw(0)), None).unwrap();
    works(&sshd, "hs-once").await;
    assert_eq!(program().uid(), uid.as_raw());
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_of_old_are_swept_from_the_host() {
    if !possible() {
        return;
    }
    let home = user("hs-old", "/bin/sh");
    let sshd = Sshd::start();
    works(&sshd, "hs-old").await;
    let place = |name: &str| home.join(".ansible/tmp").join(name);
    let (old, young, other) = (
        place(&format!("heliostat-{}", "a".repeat(64))),
        place(&format!("heliostat-{}", "b".repeat(64))),
        place("heliostat-notes"),
    );
    for (path, days) in [(&old, 40), (&young, 4), (&other, 400)] {
        fs::write(path, "").unwrap();
        nix::unistd::chown(path, nix::unistd::User::from_name("hs-old").unwrap().map(|user| user.uid), None).unwrap();
        let past = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 24 * 3600);
        fs::File::open(path).unwrap().set_modified(past).unwrap();
    }
    works(&sshd, "hs-old").await;
    assert!(!old.exists() && young.exists() && other.exists());
    fs::remove_file(young).unwrap();
    fs::remove_file(other).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_places_for_temporary_files() {
    if !possible() {
        return;
    }
    let home = user("hs-odd", "/bin/sh");
    let sshd = Sshd::start();
    for place in ["~/a b/it's \"$LOGNAME\"/ü", "$HOME/x", "/tmp/hs-odd/y"] {
        let fleet = fleet();
        let target = Target { remote_tmp: place.into(), ..sshd.target("hs-odd") };
        assert_eq!(stdout(&fleet.run(&target, shell("id -un")).await.unwrap()), "hs-odd");
        fleet.close().await;
    }
    assert!(home.join("a b/it's \"hs-odd\"/ü").is_dir());
    assert!(home.join("x").is_dir() && Path::new("/tmp/hs-odd/y").is_dir());
    fs::remove_dir_all("/tmp/hs-odd").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_cannot_be_written_is_no_obstacle() {
    if !possible() {
        return;
    }
    let home = user("hs-homeless", "/bin/sh");
    let _ = fs::remove_dir_all(home.join(".ansible"));
    fs::set_permissions(&home, fs::Permissions::from_mode(0o555)).unwrap();
    let sshd = Sshd::start();
    for _ in 0..2 {
        let fleet = fleet();
        let target = sshd.target("hs-homeless");
        let agent = stdout(&fleet.run(&target, shell("readlink /proc/$PPID/exe")).await.unwrap());
        assert!(agent.starts_with("/var/tmp/.heliostat-"), "{agent}");
        fleet.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_may_run_raw_still_does() {
    if !possible() {
        return;
    }
    user("hs-plain", "/bin/sh");
    let sshd = Sshd::start();
    // A host of another make, as far as it says itself.
    let strange = sshd.path("strange");
    fs::write(&strange, "#!/bin/sh\nPATH=$(dirname $0)/bin:$PATH\nexport PATH\nexec /bin/sh \"$@\"\n").unwrap();
    fs::create_dir(sshd.path("bin")).unwrap();
    fs::write(sshd.path("bin/uname"), "#!/bin/sh\n[ $1 = -s ] && echo Linux || echo sparc64\n").unwrap();
    for file in ["strange", "bin/uname"] {
        fs::set_permissions(sshd.path(file), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let fleet = fleet();
    let target = Target {
        executable: strange.display().to_string(),
        remote_tmp: "/tmp/hs-strange".into(),
        ..sshd.target("hs-plain")
    };
    let error = fleet.run(&target, shell("id -un")).await.unwrap_err();
    assert!(error.message().contains("its processor is sparc64"), "{error}");
    assert!(fleet.without_agent(&target).await.is_some_and(|why| why.contains("sparc64")));
    assert_eq!(fleet.raw(&target, "id -un", b"\n").await.unwrap().stdout, b"hs-plain\n");
    fleet.close().await;
    let _ = fs::remove_dir_all("/tmp/hs-strange");
}

#[tokio::test(flavor = "multi_thread")]
async fn busybox_will_do() {
    if !possible() {
        return;
    }
    if !Path::new("/bin/busybox").exists() {
        return eprintln!("skipped: there is no busybox");
    }
    let home = user("hs-busybox", "/bin/sh");
    let _ = fs::remove_dir_all(home.join(".ansible"));
    let sshd = Sshd::start();
    // Nothing but busybox along the path, and its own shell.
    crate::sshd::run(std::process::Command::new("mkdir").arg(sshd.path("bin")));
    crate::sshd::run(std::process::Command::new("/bin/busybox").args(["--install", "-s"]).arg(sshd.path("bin")));
    let shell_path = sshd.path("shell");
    let text = format!("#!/bin/sh\nPATH={}\nexport PATH\nexec busybox sh \"$@\"\n", sshd.path("bin").display());
    fs::write(&shell_path, text).unwrap();
    fs::set_permissions(&shell_path, fs::Permissions::from_mode(0o755)).unwrap();
    for _ in 0..2 {
        let fleet = fleet();
        let target = Target { executable: shell_path.display().to_string(), ..sshd.target("hs-busybox") };
        assert_eq!(stdout(&fleet.run(&target, shell("id -un")).await.unwrap()), "hs-busybox");
        fleet.close().await;
    }
}
