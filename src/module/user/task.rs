//! The module itself: what is asked for, what has to be done, what is told.

use super::super::process::{Command, Output, require_program};
use super::super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, account};
use super::{busybox, create, home, keys, modify};
use crate::value::Dict;
use std::path::Path;

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("state", Kind::Str).default("present").choices(&["absent", "present"]),
        Arg::new("name", Kind::Str).required().aliases(&["user"]),
        Arg::new("uid", Kind::Int),
        Arg::new("non_unique", Kind::Bool).default("no"),
        Arg::new("group", Kind::Str),
        Arg::new("groups", Kind::List(&Kind::Str)),
        Arg::new("comment", Kind::Str),
        Arg::new("home", Kind::Path),
        Arg::new("shell", Kind::Path),
        Arg::new("password", Kind::Str).no_log(),
        Arg::new("login_class", Kind::Str),
        Arg::new("password_expire_max", Kind::Int),
        Arg::new("password_expire_min", Kind::Int),
        Arg::new("password_expire_warn", Kind::Int),
        Arg::new("hidden", Kind::Bool),
        Arg::new("seuser", Kind::Str),
        Arg::new("force", Kind::Bool).default("no"),
        Arg::new("remove", Kind::Bool).default("no"),
        Arg::new("create_home", Kind::Bool).default("yes").aliases(&["createhome"]),
        Arg::new("skeleton", Kind::Str),
        Arg::new("system", Kind::Bool).default("no"),
        Arg::new("move_home", Kind::Bool).default("no"),
        Arg::new("append", Kind::Bool).default("no"),
        Arg::new("generate_ssh_key", Kind::Bool),
        Arg::new("ssh_key_bits", Kind::Int).default("0"),
        Arg::new("ssh_key_type", Kind::Str).default("rsa"),
        Arg::new("ssh_key_file", Kind::Path),
        Arg::new("ssh_key_comment", Kind::Str),
        Arg::new("ssh_key_passphrase", Kind::Str).no_log(),
        Arg::new("update_password", Kind::Str).default("always").choices(&["always", "on_create"]),
        Arg::new("expires", Kind::Float),
        Arg::new("password_lock", Kind::Bool),
        Arg::new("local", Kind::Bool),
        Arg::new("profile", Kind::Str),
        Arg::new("authorization", Kind::Str),
        Arg::new("role", Kind::Str),
        Arg::new("umask", Kind::Str),
        Arg::new("password_expire_account_disable", Kind::Int),
        Arg::new("uid_min", Kind::Int),
        Arg::new("uid_max", Kind::Int),
    ],
    ..Spec::new("user")
};

/// A task about one account.
pub(super) struct Task<'a> {
    pub run: &'a mut Run,
    pub params: &'a Params,
    pub name: &'a str,
    /// Only the host's own files count.
    pub local: bool,
    /// The host has BusyBox's tools.
    pub busybox: bool,
}

/// Makes the account as it is asked for.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("name").unwrap_or_default();
    let mut task = Task { run, params, name, local: params.bool("local"), busybox: is_busybox() };
    task.check()?;
    task.check_password();
    let state = params.str("state").unwrap_or("present");
    let mut outcome = Outcome { result: Dict::new() };
    outcome.set("name", name);
    outcome.set("state", state);
    let there = task.user()?;
    let output = match (state, there) {
        ("absent", None) => None,
        ("absent", Some(_)) if task.run.check => return Ok(Outcome::new(true)),
        ("absent", Some(_)) => {
            let output = task.remove()?;
            outcome.set("force", params.bool("force"));
            outcome.set("remove", params.bool("remove"));
            Some(output)
        }
        (_, None) if task.run.check => return Ok(Outcome::new(true)),
        (_, None) => {
            outcome.set("system", params.bool("system"));
            outcome.set("create_home", params.bool("create_home"));
            Some(task.create()?)
        }
        (_, Some(user)) => {
            outcome.set("append", params.bool("append"));
            outcome.set("move_home", params.bool("move_home"));
            if task.busybox { busybox::modify(&task, &user)? } else { modify::modify(&mut task, &user)? }
        }
    };
    task.settle(state, output, &mut outcome)?;
    Ok(outcome)
}

fn is_busybox() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID="))
        .any(|id| ["alpine", "buildroot"].contains(&id.trim_matches('"')))
}

/// What a program answered that nothing was to be done by, in check mode.
pub(super) fn pretended() -> Output {
    Output::default()
}

impl Task<'_> {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params.str(name)
    }

    /// The account, if it is there.
    pub fn user(&self) -> Result<Option<account::User>, Failure> {
        if self.local && !Path::new("/etc/passwd").exists() {
            let message = "'local: true' specified but unable to find local account file /etc/passwd to parse.";
            return Err(Failure::new(message));
        }
        Ok(if self.local { account::local_user(self.name) } else { account::user(self.run, self.name) })
    }

    /// The groups that are asked for, as they are written.
    pub fn groups(&self) -> Option<Vec<String>> {
        let words = || self.params.strs("groups").join(",");
        let list = |words: String| {
            words.split(',').map(|word| word.trim().to_string()).filter(|word| !word.is_empty()).collect()
        };
        self.params.is_set("groups").then(|| list(words()))
    }

    pub fn group(&self, key: &str) -> Result<account::Group, Failure> {
        account::group_by(self.run, key).ok_or_else(|| Failure::new(format!("Group {key} does not exist")))
    }

    /// Runs a command, unless only checking.
    pub fn call(&self, command: &Command) -> Result<Output, Failure> {
        if self.run.check { Ok(pretended()) } else { Ok(command.run(self.run)?) }
    }

    /// A program, which libuser has under another name for the host's own files.
    pub fn program(&self, name: &str) -> Result<String, Failure> {
        if self.local { require_program(self.run, &format!("l{name}")) } else { require_program(self.run, name) }
    }

    /// libuser's tools come together, and half of a change would be worse than none.
    pub fn require_local_tools(&self) -> Result<(), Failure> {
        if self.local {
            self.program("groupmod")?;
            self.program("chage")?;
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), Failure> {
        let strange = ["umask", "uid_min", "uid_max"].into_iter().find(|name| self.params.is_set(name));
        if let Some(name) = strange.filter(|_| self.local) {
            return Err(Failure::new(format!("'{name}' can not be used with 'local'")));
        }
        if let Some(at) = self.params.value("expires").as_f64()
            && jiff::Timestamp::from_second(at as i64).is_err()
        {
            return Err(Failure::new(format!("Invalid value for 'expires' None: {at} is out of range")));
        }
        if self.params.bool("append") && !self.params.is_set("groups") {
            self.run.warn(
                "'append' is set, but no 'groups' are specified. Use 'groups' for appending new groups.This will change \
                 to an error in Ansible 2.14.",
            );
        }
        Ok(())
    }

    fn check_password(&mut self) {
        let password = self.text("password").filter(|password| !password.is_empty());
        if password.is_some_and(|password| !looks_hashed(password)) {
            self.run.warn(
                "The input password appears not to have been hashed. The 'password' argument must be encrypted for this \
                 module to work properly.",
            );
        }
    }

    fn remove(&self) -> Result<Output, Failure> {
        let output = if self.busybox { busybox::remove(self)? } else { self.remove_by_userdel()? };
        if output.ok() { Ok(output) } else { Err(self.failed(&output)) }
    }

    fn remove_by_userdel(&self) -> Result<Output, Failure> {
        let mut command = Command::new([self.program("userdel")?]);
        if self.params.bool("force") && !self.local {
            command = command.arg("-f");
        }
        if self.params.bool("remove") {
            command = command.arg("-r");
        }
        self.call(&command.arg(self.name))
    }

    fn create(&mut self) -> Result<Output, Failure> {
        let home = self.text("home").filter(|_| self.params.bool("create_home")).map(String::from);
        let parent = |home: &str| Path::new(home).parent().map(Path::to_path_buf).unwrap_or_default();
        let orphan = home.filter(|home| !parent(home).is_dir());
        let output = if self.busybox { busybox::create(self)? } else { create::create(self)? };
        if let (Some(home), Some(user)) = (orphan, self.user()?) {
            home::give(Path::new(&home), user.uid, user.gid)?;
        }
        Ok(output)
    }

    pub fn failed(&self, output: &Output) -> Failure {
        Failure::new(output.err()).with("name", self.name).with("rc", output.rc)
    }

    /// What remains to be done for an account that is there, and what is told of it.
    fn settle(&mut self, state: &str, output: Option<Output>, outcome: &mut Outcome) -> Result<(), Failure> {
        if let Some(output) = output.as_ref().filter(|output| !output.ok()) {
            return Err(self.failed(output));
        }
        if state == "present" && self.params.is_set("password") {
            outcome.set("password", "NOT_LOGGING_PASSWORD");
        }
        outcome.set("changed", output.is_some());
        for (key, text) in output.iter().flat_map(|output| [("stdout", output.out()), ("stderr", output.err())]) {
            if !text.is_empty() {
                outcome.set(key, text);
            }
        }
        let Some(user) = self.user()?.filter(|_| state == "present") else { return Ok(()) };
        outcome.set("uid", user.uid);
        outcome.set("group", user.gid);
        outcome.set("comment", user.gecos.as_str());
        outcome.set("home", user.home.as_str());
        outcome.set("shell", user.shell.as_str());
        if self.params.is_set("groups") {
            outcome.set("groups", self.params.strs("groups").join(","));
        }
        let place = self.text("home").unwrap_or(&user.home).to_string();
        if !Path::new(&place).exists() && self.params.bool("create_home") {
            if !self.run.check {
                home::create(Path::new(&place), self.text("skeleton"))?;
                home::give(Path::new(&place), user.uid, user.gid)?;
            }
            outcome.set("changed", true);
        }
        if self.params.bool("generate_ssh_key") {
            keys::generate(self, &user, outcome)?;
        }
        if let Some(output) = self.limit_password()? {
            if !output.ok() {
                return Err(self.failed(&output));
            }
            outcome.set("changed", true);
        }
        Ok(())
    }

    /// The ages of the password.
    fn limit_password(&self) -> Result<Option<Output>, Failure> {
        let shadow = account::shadow(self.name);
        // who may not see them cannot compare them, nor set them
        let Some(shadow) = shadow else { return Ok(None) };
        let mut arguments = Vec::new();
        for (name, option, known) in [
            ("password_expire_min", "-m", shadow.min),
            ("password_expire_max", "-M", shadow.max),
            ("password_expire_warn", "-W", shadow.warn),
        ] {
            if let Some(days) = self.params.int(name).filter(|days| *days != known) {
                arguments.extend([option.to_string(), days.to_string()]);
            }
        }
        if arguments.is_empty() {
            return Ok(None);
        }
        let program = require_program(self.run, "chage")?;
        Ok(Some(self.call(&Command::new([vec![program], arguments, vec![self.name.to_string()]].concat()))?))
    }
}

/// Whether a text can be what `crypt` makes of a password, or one of the texts that disable an account.
fn looks_hashed(password: &str) -> bool {
    if ["*", "!", "*************"].contains(&password) {
        return true;
    }
    let fields: Vec<&str> = password.split('$').collect();
    let [_, kind, .., hash] = fields[..] else { return false };
    if fields.len() < 3 || password.contains([':', '*', '!']) {
        return false;
    }
    let fits = hash.chars().all(|c| c.is_ascii_alphanumeric() || "./=".contains(c));
    let length = match kind {
        "1" => Some(22),
        "5" | "y" => Some(43),
        "6" => Some(86),
        _ => None,
    };
    fits && length.is_none_or(|length| hash.len() == length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn hashes_are_told_from_passwords() {
        assert!(looks_hashed("!") && looks_hashed("*"));
        assert!(looks_hashed(&format!("$6$salt${}", "a".repeat(86))));
        assert!(looks_hashed("$2b$12$abcdefghijklmnopqrstuv"));
        assert!(!looks_hashed("secret") && !looks_hashed("$6$salt$short") && !looks_hashed("$x"));
        assert!(!looks_hashed(&format!("!$6$salt${}", "a".repeat(86))));
    }

    struct Account(String);

    impl Account {
        fn go(&self, check: bool, given: &[(&'static str, Value)]) -> Outcome {
            let mut params: Dict = [
                ("name", Value::from(&self.0)),
                ("state", Value::str("present")),
                ("create_home", Value::Bool(true)),
                ("update_password", Value::str("always")),
                ("ssh_key_bits", Value::Int(0)),
                ("ssh_key_type", Value::str("ed25519")),
            ]
            .into_iter()
            .collect();
            params.extend(given.iter().map(|(key, value)| (Value::str(*key), value.clone())));
            super::run(&mut Run { check, ..Run::default() }, &Params(params)).unwrap()
        }

        fn changes(&self, given: &[(&'static str, Value)]) -> bool {
            self.go(false, given).result.get("changed").unwrap().truthy()
        }
    }

    impl Drop for Account {
        fn drop(&mut self) {
            let _ = std::process::Command::new("userdel").args(["-r", "-f", &self.0]).output();
        }
    }

    #[test]
    fn an_account_comes_changes_and_goes() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let account = Account(format!("helu-{}", std::process::id()));
        let name = account.0.clone();
        let dir = tempfile::tempdir_in("/var/tmp").unwrap();
        let home = dir.path().join("deep/home").display().to_string();
        let hash = format!("$6$salt${}", "a".repeat(86));
        let full = [
            ("home", Value::from(&home)),
            ("shell", Value::str("/bin/sh")),
            ("comment", Value::str("Hel U")),
            ("groups", Value::list([Value::str("daemon"), Value::str("bin")])),
            ("password", Value::from(&hash)),
            ("expires", Value::Float(1_900_000_000.0)),
            ("password_expire_max", Value::Int(90)),
        ];
        assert!(account.go(true, &full).result.get("changed").unwrap().truthy());
        assert!(account::local_user(&name).is_none(), "check mode");
        assert!(account.changes(&full));
        let user = account::local_user(&name).unwrap();
        assert_eq!((user.home.as_str(), user.gecos.as_str()), (home.as_str(), "Hel U"));
        assert_eq!(std::fs::metadata(&home).unwrap().uid(), user.uid);
        let shadow = account::shadow(&name).unwrap();
        assert_eq!((shadow.password.as_str(), shadow.expire, shadow.max), (hash.as_str(), 1_900_000_000 / 86_400, 90));
        assert!(account::local_group("bin").unwrap().members.contains(&name));
        assert!(!account.changes(&full), "the second time");

        assert!(account.changes(&[("groups", Value::list([Value::str("sys")])), ("append", Value::Bool(true))]));
        assert!(account::local_group("daemon").unwrap().members.contains(&name));
        assert!(account.changes(&[("groups", Value::list([]))]));
        assert!(!account::local_group("sys").unwrap().members.contains(&name));
        assert!(account.changes(&[("password_lock", Value::Bool(true))]));
        assert_eq!(account::shadow(&name).unwrap().password, format!("!{hash}"));
        assert!(account.changes(&[("expires", Value::Float(-1.0))]));
        assert_eq!(account::shadow(&name).unwrap().expire, -1);

        assert!(account.changes(&[("state", Value::str("absent")), ("remove", Value::Bool(true))]));
        assert!(account::local_user(&name).is_none() && !Path::new(&home).exists());
        assert!(!account.changes(&[("state", Value::str("absent"))]));
    }

    #[test]
    fn a_key_is_made_with_its_passphrase() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let account = Account(format!("helk-{}", std::process::id()));
        let key = [("generate_ssh_key", Value::Bool(true)), ("ssh_key_passphrase", Value::str("one two three"))];
        let outcome = account.go(false, &key);
        let file = outcome.result.get("ssh_key_file").unwrap().to_text().into_owned();
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let opens = |phrase: &str| {
            std::process::Command::new("ssh-keygen")
                .args(["-y", "-P", phrase, "-f", &file])
                .output()
                .unwrap()
                .status
                .success()
        };
        assert!(opens("one two three") && !opens(""));
        assert!(outcome.result.get("ssh_public_key").unwrap().to_text().starts_with("ssh-ed25519 "));
        assert!(!account.changes(&key), "the key is kept");
    }
}
