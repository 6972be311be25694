//! Users and groups of the host: its own files first, and `getent` where the host also asks a directory.
//!
//! A static binary cannot load the C library's name service modules; `getent` is the door to them.

use super::Run;
use super::process::{Command, find_program};

/// A line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Mostly `x`: the password is elsewhere.
    pub password: String,
    /// Number.
    pub uid: u32,
    /// Number of the primary group.
    pub gid: u32,
    /// Full name and more.
    pub gecos: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of `/etc/group`.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Number.
    pub gid: u32,
    /// The users that have it beside their primary group.
    pub members: Vec<String>,
}

/// A line of `/etc/shadow`: days, `-1` where nothing is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    /// The hash.
    pub password: String,
    /// Days before the password may be changed.
    pub min: i64,
    /// Days after which it must be changed.
    pub max: i64,
    /// Days of warning.
    pub warn: i64,
    /// Days after which the account is disabled.
    pub inactive: i64,
    /// The day it expires.
    pub expire: i64,
}

fn user_line(line: &str) -> Option<User> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, password, uid, gid, gecos, home, shell] = fields[..] else { return None };
    Some(User {
        name: name.to_string(),
        password: password.to_string(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        gecos: gecos.to_string(),
        home: home.to_string(),
        shell: shell.to_string(),
    })
}

fn group_line(line: &str) -> Option<Group> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields[..] else { return None };
    let members = members.split(',').filter(|name| !name.is_empty()).map(String::from).collect();
    Some(Group { name: name.to_string(), gid: gid.parse().ok()?, members })
}

fn file(path: &str) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Whether the host asks others than its files for this database.
fn has_directory(database: &str) -> bool {
    let config = file("/etc/nsswitch.conf");
    let line = config.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == database);
    let sources = line.map_or("", |(_, sources)| sources.split('#').next().unwrap_or_default());
    sources.split_whitespace().any(|source| !source.starts_with('[') && !["files", "systemd", "db"].contains(&source))
}

fn getent(run: &Run, database: &str, key: Option<&str>) -> String {
    if !has_directory(database) {
        return String::new();
    }
    let Some(program) = find_program(run, "getent") else { return String::new() };
    let command = Command::new([program.as_str(), database].into_iter().chain(key));
    command.plain_locale().run(run).map(|output| output.out()).unwrap_or_default()
}

/// A user by name.
pub fn user(run: &Run, name: &str) -> Option<User> {
    let own = local_user(name);
    own.or_else(|| getent(run, "passwd", Some(name)).lines().find_map(user_line).filter(|user| user.name == name))
}

/// A user of the host's own file.
pub fn local_user(name: &str) -> Option<User> {
    file("/etc/passwd").lines().filter_map(user_line).find(|user| user.name == name)
}

/// A group by name.
pub fn group(run: &Run, name: &str) -> Option<Group> {
    let own = local_group(name);
    own.or_else(|| getent(run, "group", Some(name)).lines().find_map(group_line).filter(|group| group.name == name))
}

/// A group of the host's own file.
pub fn local_group(name: &str) -> Option<Group> {
    file("/etc/group").lines().filter_map(group_line).find(|group| group.name == name)
}

/// A group by its number as text, or by name.
pub fn group_by(run: &Run, key: &str) -> Option<Group> {
    let by_number = key.parse::<u32>().ok().and_then(|gid| {
        let own = file("/etc/group").lines().filter_map(group_line).find(|group| group.gid == gid);
        own.or_else(|| getent(run, "group", Some(key)).lines().find_map(group_line).filter(|group| group.gid == gid))
    });
    by_number.or_else(|| group(run, key))
}

/// All groups.
pub fn groups(run: &Run) -> Vec<Group> {
    let mut groups: Vec<Group> = file("/etc/group").lines().filter_map(group_line).collect();
    for group in getent(run, "group", None).lines().filter_map(group_line) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// What `/etc/shadow` has of a user; only root may know.
pub fn shadow(name: &str) -> Option<Shadow> {
    shadow_line(file("/etc/shadow").lines().find(|line| line.split(':').next() == Some(name))?)
}

fn shadow_line(line: &str) -> Option<Shadow> {
    let fields: Vec<&str> = line.split(':').collect();
    let days = |at: usize| fields.get(at).and_then(|text| text.parse().ok()).unwrap_or(-1);
    let password = fields.get(1)?.to_string();
    Some(Shadow { password, min: days(3), max: days(4), warn: days(5), inactive: days(6), expire: days(7) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_name_and_number() {
        let run = Run::default();
        let root = user(&run, "root").unwrap();
        assert_eq!((root.uid, root.home.as_str()), (0, "/root"));
        assert_eq!(group_by(&run, "0").unwrap().name, "root");
        assert_eq!(group_by(&run, "root").unwrap().gid, 0);
        assert!(user(&run, "no-such-user").is_none());
    }

    #[test]
    fn unset_days_are_minus_one() {
        let shadow = shadow_line("x:!$6$a:19000:0:99999:7::20000:").unwrap();
        assert_eq!((shadow.password.as_str(), shadow.inactive, shadow.expire, shadow.warn), ("!$6$a", -1, 20000, 7));
    }
}
