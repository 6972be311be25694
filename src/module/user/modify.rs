//! Changing an account with `usermod` or `lusermod`.

use super::super::Failure;
use super::super::account::{self, User};
use super::super::process::{Command, Output};
use super::create;
use super::task::Task;

/// What there is to change.
#[derive(Default)]
struct Change {
    argv: Vec<String>,
    password: Option<String>,
    expire: Option<i64>,
    join: Vec<String>,
    leave: Vec<String>,
}

impl Change {
    fn add(&mut self, words: &[&str]) {
        self.argv.extend(words.iter().map(|word| word.to_string()));
    }
}

/// Changes what differs; nothing when nothing does.
pub(super) fn modify(task: &mut Task<'_>, user: &User) -> Result<Option<Output>, Failure> {
    task.require_local_tools()?;
    let program = task.program("usermod")?;
    let mut change = Change::default();
    plain(task, user, &mut change)?;
    groups(task, &mut change)?;
    secrets(task, user, &mut change);
    let mut commands = Vec::new();
    if !change.argv.is_empty() {
        commands.push(Command::new([vec![program], change.argv, vec![task.name.to_string()]].concat()));
    }
    if let Some(password) = &change.password {
        commands.push(create::set_password(task, password)?);
    }
    if let Some(days) = change.expire {
        commands.push(Command::new([task.program("chage")?, "-E".into(), days.to_string(), task.name.into()]));
    }
    for (option, groups) in [("-M", &change.join), ("-m", &change.leave)] {
        for group in groups {
            commands.push(Command::new([task.program("groupmod")?, option.into(), task.name.into(), group.clone()]));
        }
    }
    let mut total: Option<Output> = None;
    for command in commands {
        let done = task.call(&command)?;
        let total = total.get_or_insert_default();
        total.stdout.extend(&done.stdout);
        total.stderr.extend(&done.stderr);
        total.rc = done.rc;
        if !total.ok() {
            break;
        }
    }
    Ok(total)
}

fn plain(task: &Task<'_>, user: &User, change: &mut Change) -> Result<(), Failure> {
    let params = task.params;
    if let Some(uid) = params.int("uid").filter(|uid| *uid != i64::from(user.uid)) {
        change.add(&["-u", &uid.to_string()]);
        if params.bool("non_unique") {
            change.add(&["-o"]);
        }
    }
    if let Some(group) = task.text("group") {
        let group = task.group(group)?;
        if group.gid != user.gid {
            change.add(&["-g", &group.gid.to_string()]);
        }
    }
    if let Some(comment) = task.text("comment").filter(|comment| *comment != user.gecos) {
        change.add(&["-c", comment]);
    }
    if let Some(home) = task.text("home").filter(|home| *home != user.home) {
        change.add(&["-d", home]);
        if params.bool("move_home") {
            change.add(&["-m"]);
        }
    }
    if let Some(shell) = task.text("shell").filter(|shell| *shell != user.shell) {
        change.add(&["-s", shell]);
    }
    Ok(())
}

fn groups(task: &Task<'_>, change: &mut Change) -> Result<(), Failure> {
    let Some(wanted) = task.groups() else { return Ok(()) };
    let append = task.params.bool("append");
    let mut names: Vec<String> = Vec::new();
    for key in &wanted {
        let name = task.group(key)?.name;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let all = account::groups(task.run).into_iter();
    let current: Vec<String> =
        all.filter(|group| group.members.iter().any(|member| member == task.name)).map(|group| group.name).collect();
    let missing: Vec<String> = names.iter().filter(|name| !current.contains(name)).cloned().collect();
    let spare: Vec<String> = current.iter().filter(|name| !names.contains(name)).cloned().collect();
    if missing.is_empty() && (append || spare.is_empty()) {
        return Ok(());
    }
    if task.local {
        change.join = missing;
        change.leave = if append { Vec::new() } else { spare };
        return Ok(());
    }
    if append {
        change.add(&["-a"]);
    }
    change.add(&["-G", &names.join(",")]);
    Ok(())
}

fn secrets(task: &Task<'_>, user: &User, change: &mut Change) {
    let params = task.params;
    let shadow = account::shadow(task.name);
    let known = shadow.as_ref().map_or(0, |shadow| shadow.expire);
    if let (Some(days), Some(date)) = (create::expiry_days(task), create::expiry(task)) {
        let differs = if days < 0 { known >= 0 } else { known != days };
        match (differs, task.local) {
            (true, true) => change.expire = Some(days),
            (true, false) => change.add(&["-e", &date]),
            _ => {}
        }
    }
    let inactive = shadow.as_ref().map(|shadow| shadow.inactive);
    if let Some(days) = params.int("password_expire_account_disable").filter(|days| Some(*days) != inactive) {
        change.add(&["-f", &days.to_string()]);
    }
    let hash = match (user.password.len(), shadow) {
        (0 | 1, shadow) => shadow.map(|shadow| shadow.password).unwrap_or_default(),
        _ => user.password.clone(),
    };
    let wanted = task.text("password").filter(|_| task.text("update_password") != Some("on_create"));
    if let Some(password) = wanted.filter(|wanted| hash.trim_start_matches('!') != wanted.trim_start_matches('!')) {
        // the new hash is set locked or not, which settles that too
        change.password = Some(password.to_string());
        return;
    }
    if params.is_set("password_lock") {
        match (params.bool("password_lock"), hash.starts_with('!')) {
            (true, false) => change.add(&["-L"]),
            (false, true) => change.add(&["-U"]),
            _ => {}
        }
    }
}
