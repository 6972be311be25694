//! The account's own ssh key.

use super::super::account::User;
use super::super::process::{Command, Output, require_program};
use super::super::{Failure, Outcome, oserror, terminal};
use super::task::{Task, pretended};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long `ssh-keygen` may take; a big key on a machine without entropy takes minutes.
const LIMIT: Duration = Duration::from_secs(900);

/// Makes the key if it is not there, and tells of it.
pub(super) fn generate(task: &mut Task<'_>, user: &User, outcome: &mut Outcome) -> Result<(), Failure> {
    let key = key_path(task, user)?;
    if let Some(output) = make(task, user, &key)? {
        if !output.ok() {
            return Err(task.failed(&output));
        }
        outcome.set("changed", true);
    }
    outcome.set("ssh_fingerprint", fingerprint(task, &key)?);
    outcome.set("ssh_key_file", key.to_string_lossy());
    let public = std::fs::read_to_string(public(&key)).ok();
    outcome.set("ssh_public_key", public.map(|text| text.trim().to_string()));
    Ok(())
}

fn public(key: &Path) -> PathBuf {
    let mut path = key.as_os_str().to_owned();
    path.push(".pub");
    path.into()
}

fn key_path(task: &Task<'_>, user: &User) -> Result<PathBuf, Failure> {
    let kind = task.text("ssh_key_type").unwrap_or("rsa");
    let file = task.text("ssh_key_file").map_or_else(|| format!(".ssh/id_{kind}"), String::from);
    if !file.starts_with('/') && !Path::new(&user.home).exists() && !task.run.check {
        let failure = Failure::new(format!("User {} home directory does not exist", task.name));
        return Err(failure.with("name", task.name).with("rc", 1));
    }
    Ok(Path::new(&user.home).join(file))
}

fn make(task: &mut Task<'_>, user: &User, key: &Path) -> Result<Option<Output>, Failure> {
    let dir = key.parent().unwrap_or(Path::new("/"));
    let force = task.params.bool("force");
    if !dir.exists() {
        if task.run.check {
            return Ok(Some(pretended()));
        }
        make_dir(dir, user).map_err(|error| {
            let message = format!("Failed to create {}: {}", dir.display(), oserror::text(&error, dir));
            Failure::new(message).with("name", task.name).with("rc", 1)
        })?;
    }
    let mut overwrite = false;
    for (path, what) in [(key.to_path_buf(), "private"), (public(key), "public")] {
        if !path.exists() {
            continue;
        }
        let shown = path.display();
        if !force {
            task.run.warn(format!(
                "Found existing ssh key {what} file \"{shown}\", no force, so skipping ssh-keygen generation"
            ));
            return Ok(None);
        }
        task.run.warn(format!("Overwriting existing ssh key {what} file \"{shown}\""));
        overwrite = true;
    }
    if task.run.check {
        return Ok(Some(pretended()));
    }
    if overwrite {
        // so that ssh-keygen has nothing to ask
        let _ = std::fs::remove_file(public(key));
        let _ = std::fs::remove_file(key);
    }
    let output = keygen(task, key)?;
    if output.ok() {
        for path in [key.to_path_buf(), public(key)] {
            std::os::unix::fs::chown(&path, Some(user.uid), Some(user.gid))
                .map_err(|error| Failure::new(oserror::text(&error, &path)))?;
        }
    }
    Ok(Some(output))
}

fn make_dir(dir: &Path, user: &User) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(dir)?;
    std::os::unix::fs::chown(dir, Some(user.uid), Some(user.gid))
}

fn keygen(task: &Task<'_>, key: &Path) -> Result<Output, Failure> {
    let mut argv = vec![require_program(task.run, "ssh-keygen")?];
    argv.extend(["-t".to_string(), task.text("ssh_key_type").unwrap_or("rsa").to_string()]);
    if let Some(bits) = task.params.int("ssh_key_bits").filter(|bits| *bits > 0) {
        argv.extend(["-b".to_string(), bits.to_string()]);
    }
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    let comment = task.text("ssh_key_comment").map_or_else(|| format!("ansible-generated on {}", host()), String::from);
    argv.extend(["-C".to_string(), comment, "-f".to_string(), key.to_string_lossy().into_owned()]);
    match task.text("ssh_key_passphrase") {
        // typed, for arguments are for everybody to see
        Some(phrase) => {
            let answers = [("Enter passphrase", phrase), ("Enter same passphrase again", phrase)];
            let mut output = terminal::converse(task.run, &argv, &answers, LIMIT)?;
            if !output.ok() {
                output.stderr = output.stdout.clone();
            }
            Ok(output)
        }
        None => {
            Ok(Command::new(argv.into_iter().chain(["-N".to_string(), String::new()])).timeout(LIMIT).run(task.run)?)
        }
    }
}

fn fingerprint(task: &Task<'_>, key: &Path) -> Result<String, Failure> {
    if !key.exists() {
        return Ok(String::new());
    }
    let path = key.to_string_lossy();
    let output = Command::new([&require_program(task.run, "ssh-keygen")?, "-l", "-f", &path]).run(task.run)?;
    Ok(if output.ok() { output.out().trim().to_string() } else { output.err().trim().to_string() })
}
