//! Making an account with `useradd` or `luseradd`.

use super::super::process::{Command, Output};
use super::super::{Failure, account};
use super::home;
use super::task::Task;
use std::path::Path;

/// Makes it. The password's hash goes in afterwards, by a pipe: arguments are for everybody to see.
pub(super) fn create(task: &mut Task<'_>) -> Result<Output, Failure> {
    task.require_local_tools()?;
    let groups = task.groups().unwrap_or_default();
    let groups = if groups.is_empty() { groups } else { besides_primary(task, groups)? };
    let command = command(task, &groups)?;
    let mut output = task.call(&command)?;
    if !output.ok() {
        return Ok(output);
    }
    for step in steps(task, &groups)? {
        let done = task.call(&step)?;
        output.stdout.extend(&done.stdout);
        output.stderr.extend(&done.stderr);
        output.rc = done.rc;
        if !output.ok() {
            return Ok(output);
        }
    }
    Ok(output)
}

/// All groups must exist.
fn besides_primary(task: &Task<'_>, groups: Vec<String>) -> Result<Vec<String>, Failure> {
    groups.iter().try_for_each(|group| task.group(group).map(|_| ()))?;
    Ok(groups)
}

fn command(task: &mut Task<'_>, groups: &[String]) -> Result<Command, Failure> {
    let params = task.params;
    let mut argv = vec![task.program("useradd")?];
    let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| word.to_string()));
    if let Some(uid) = params.int("uid") {
        add(&["-u", &uid.to_string()]);
        if params.bool("non_unique") {
            add(&["-o"]);
        }
    }
    if let Some(user) = task.text("seuser") {
        add(&["-Z", user]);
    }
    if let Some(group) = task.text("group") {
        task.group(group)?;
        add(&["-g", group]);
    } else if account::group_by(task.run, task.name).is_some() {
        // it may not make a group of the user's name, as it is there
        add(&[if task.local { "-n" } else { "-N" }]);
    }
    if !groups.is_empty() && !task.local {
        add(&["-G", &groups.join(",")]);
    }
    if let Some(comment) = task.text("comment") {
        add(&["-c", comment]);
    }
    if let Some(place) = task.text("home") {
        let orphan = Path::new(place).parent().is_some_and(|parent| !parent.is_dir());
        if params.bool("create_home") && orphan && !task.run.check {
            home::create(Path::new(place), task.text("skeleton"))?;
        }
        add(&["-d", place]);
    }
    if let Some(shell) = task.text("shell") {
        add(&["-s", shell]);
    }
    if let Some(date) = expiry(task).filter(|_| !task.local) {
        add(&["-e", &date]);
    }
    if let Some(days) = params.int("password_expire_account_disable") {
        add(&["-f", &days.to_string()]);
    }
    if params.bool("create_home") {
        if !task.local {
            add(&["-m"]);
        }
        if let Some(skeleton) = task.text("skeleton") {
            add(&["-k", skeleton]);
        }
        if let Some(umask) = task.text("umask") {
            add(&["-K", &format!("UMASK={umask}")]);
        }
    } else {
        add(&["-M"]);
    }
    if params.bool("system") {
        add(&["-r"]);
    }
    for (name, key) in [("uid_min", "UID_MIN"), ("uid_max", "UID_MAX")] {
        if let Some(limit) = params.int(name) {
            add(&["-K", &format!("{key}={limit}")]);
        }
    }
    add(&[task.name]);
    Ok(Command::new(argv))
}

/// What `useradd` cannot do, or not in secret.
fn steps(task: &Task<'_>, groups: &[String]) -> Result<Vec<Command>, Failure> {
    let mut steps = Vec::new();
    if let Some(password) = task.text("password") {
        steps.push(set_password(task, password)?);
    }
    if task.local {
        if let Some(days) = expiry_days(task) {
            steps.push(Command::new([task.program("chage")?, "-E".into(), days.to_string(), task.name.into()]));
        }
        for group in groups {
            steps.push(Command::new([task.program("groupmod")?, "-M".into(), task.name.into(), group.clone()]));
        }
    }
    Ok(steps)
}

/// Sets the hash, locked if that is asked for.
pub(super) fn set_password(task: &Task<'_>, password: &str) -> Result<Command, Failure> {
    let lock = if task.params.bool("password_lock") { "!" } else { "" };
    let program = super::super::process::require_program(task.run, "chpasswd")?;
    Ok(Command::new([program.as_str(), "-e"]).stdin(format!("{}:{lock}{password}\n", task.name)))
}

/// The day the account expires as `useradd` and `usermod` take it; empty for never.
pub(super) fn expiry(task: &Task<'_>) -> Option<String> {
    let at = task.params.value("expires").as_f64()?;
    if at < 0.0 {
        return Some(String::new());
    }
    let time = jiff::Timestamp::from_second(at as i64).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string())
}

/// The same in days since 1970, `-1` for never.
pub(super) fn expiry_days(task: &Task<'_>) -> Option<i64> {
    let at = task.params.value("expires").as_f64()?;
    Some(if at < 0.0 { -1 } else { at as i64 / 86_400 })
}
