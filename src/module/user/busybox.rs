//! Accounts with BusyBox's tools, which know less.

use super::super::Failure;
use super::super::account::{self, User};
use super::super::process::{Command, Output, require_program};
use super::task::Task;

/// Makes the account.
pub(super) fn create(task: &Task<'_>) -> Result<Output, Failure> {
    let params = task.params;
    let mut argv = vec![require_program(task.run, "adduser")?, "-D".to_string()];
    let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| word.to_string()));
    if let Some(uid) = params.int("uid") {
        add(&["-u", &uid.to_string()]);
    }
    if let Some(group) = task.text("group") {
        task.group(group)?;
        add(&["-G", group]);
    }
    for (name, option) in [("comment", "-g"), ("home", "-h"), ("shell", "-s")] {
        if let Some(value) = task.text(name) {
            add(&[option, value]);
        }
    }
    if !params.bool("create_home") {
        add(&["-H"]);
    }
    if let Some(skeleton) = task.text("skeleton") {
        add(&["-k", skeleton]);
    }
    if params.bool("system") {
        add(&["-S"]);
    }
    add(&[task.name]);
    let mut output = done(task, &Command::new(argv))?;
    if let Some(password) = task.text("password") {
        output = done(task, &super::create::set_password(task, password)?)?;
    }
    for group in task.groups().unwrap_or_default() {
        output = join(task, &group)?;
    }
    Ok(output)
}

fn done(task: &Task<'_>, command: &Command) -> Result<Output, Failure> {
    let output = task.call(command)?;
    if output.ok() { Ok(output) } else { Err(task.failed(&output)) }
}

fn join(task: &Task<'_>, group: &str) -> Result<Output, Failure> {
    task.group(group)?;
    done(task, &Command::new([&require_program(task.run, "adduser")?, task.name, group]))
}

/// Takes the account away.
pub(super) fn remove(task: &Task<'_>) -> Result<Output, Failure> {
    let mut command = Command::new([require_program(task.run, "deluser")?]);
    if task.params.bool("remove") {
        command = command.arg("--remove-home");
    }
    task.call(&command.arg(task.name))
}

/// Changes groups and password; nothing else can be changed.
pub(super) fn modify(task: &Task<'_>, user: &User) -> Result<Option<Output>, Failure> {
    let mut output = None;
    let wanted = task.groups().unwrap_or_default();
    if !wanted.is_empty() {
        let all = account::groups(task.run).into_iter().filter(|group| group.gid != user.gid);
        let current: Vec<String> = all
            .filter(|group| group.members.iter().any(|member| member == task.name))
            .map(|group| group.name)
            .collect();
        for group in wanted.iter().filter(|group| !current.contains(group)) {
            output = Some(join(task, group)?);
        }
        for group in current.iter().filter(|group| !wanted.contains(group) && !task.params.bool("append")) {
            output = Some(done(task, &Command::new([&require_program(task.run, "delgroup")?, task.name, group]))?);
        }
    }
    let hash = account::shadow(task.name).map(|shadow| shadow.password).unwrap_or_default();
    let password = task.text("password").filter(|password| *password != hash);
    if let Some(password) = password.filter(|_| task.text("update_password") != Some("on_create")) {
        output = Some(done(task, &super::create::set_password(task, password)?)?);
    }
    Ok(output)
}
