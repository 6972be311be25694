//! Becoming another user: what each method runs, how it asks and refuses. How that is carried out is the agent's trade.

mod flags;
mod su;
mod sudo;

use super::{Become, Target};
use crate::agent::escalate::{Plan, Prompt};
use crate::agent::{bootstrap, noise};
use crate::error::{Error, Result};
use std::borrow::Cow;

/// What a method runs around a command.
#[derive(Debug, Default)]
struct Method {
    /// Its name in messages.
    name: &'static str,
    /// The shell line that runs the command as the other user.
    command: String,
    /// It must see a terminal as its standard input.
    terminal: bool,
    /// How it asks; `None` when it never does.
    prompt: Option<Prompt>,
    /// What it says of a wrong password.
    wrong: &'static [&'static str],
    /// What it says when a password would be needed.
    missing: &'static [&'static str],
}

/// What a method is asked to do.
struct Wish<'a> {
    becoming: &'a Become,
    /// Random letters, as they stand in the marks.
    id: &'a str,
    /// The other user's command for a shell, printing the mark of success first.
    command: &'a str,
    /// The shell that runs it.
    shell: &'a str,
}

impl Wish<'_> {
    fn exe<'a>(&'a self, default: &'a str) -> &'a str {
        self.becoming.exe.as_deref().filter(|exe| !exe.is_empty()).unwrap_or(default)
    }

    fn flags<'a>(&'a self, default: &'a str) -> &'a str {
        self.becoming.flags.as_deref().unwrap_or(default)
    }

    /// The command as one word of an outer shell line, run by the shell.
    fn in_shell(&self) -> String {
        format!("{} -c {}", self.shell, quote(self.command))
    }
}

/// A text as one word of a shell line.
fn quote(text: &str) -> Cow<'_, str> {
    shell_words::quote(text)
}

/// Words of a shell line, without the empty ones between.
fn join(words: &[&str]) -> String {
    words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// The plan to start an agent as another user.
///
/// # Errors
/// When there is no such method.
pub fn plan_agent(target: &Target, becoming: &Become) -> Result<Plan> {
    let mark = format!("HELIOSTAT-{}", noise::word());
    let tmp = bootstrap::shell_path(&target.remote_tmp);
    let (programs, options) = (Plan::PROGRAMS, Plan::OPTIONS);
    let command = format!(
        "for p in {programs}; do if test -x $p; then exec $p --agent {mark} --tmp {tmp} {options}; fi; done; \
         echo {mark} NONE"
    );
    plan(target, becoming, &command, mark)
}

/// The plan to run a command line as another user.
///
/// # Errors
/// When there is no such method.
pub fn plan_command(target: &Target, becoming: &Become, command: &str) -> Result<Plan> {
    plan(target, becoming, command, String::new())
}

fn plan(target: &Target, becoming: &Become, command: &str, mark: String) -> Result<Plan> {
    let id = noise::letters(32);
    let success = format!("BECOME-SUCCESS-{id}");
    let command = format!("echo {success} ; {command}");
    let wish = Wish { becoming, id: &id, command: &command, shell: &target.executable };
    let method = match short_name(&becoming.method) {
        "sudo" => sudo::method(&wish),
        "su" => su::method(&wish),
        other => flags::method(other, &wish).ok_or_else(|| unknown(&becoming.method))?,
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect();
    let command = match becoming.chdir.as_deref().filter(|dir| !dir.is_empty()) {
        Some(dir) => format!("cd {} && {}", quote(dir), method.command),
        None => method.command,
    };
    Ok(Plan {
        method: method.name.into(),
        user: becoming.user.clone(),
        command,
        terminal: method.terminal,
        prompt: method.prompt,
        password: becoming.password.as_ref().map(|password| password.reveal().to_string()),
        success,
        wrong: texts(method.wrong),
        missing: texts(method.missing),
        mark,
        timeout: target.timeout.as_secs() + 2,
    })
}

/// The plugin's short name.
fn short_name(method: &str) -> &str {
    method.rsplit('.').next().unwrap_or(method)
}

fn unknown(method: &str) -> Error {
    Error::action(format!(
        "Invalid become method specified, could not find matching plugin: '{method}'. Use `ansible-doc -t become -l` to \
         list available plugins."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Secret;

    fn planned(becoming: Become) -> Plan {
        let mut plan = plan_command(&Target::default(), &becoming, "id -un").expect("a plan");
        let id = plan.success.trim_start_matches("BECOME-SUCCESS-").to_string();
        plan.command = plan.command.replace(&id, "ID");
        plan
    }

    #[test]
    fn sudo_is_called_as_ansible_calls_it() {
        let plan = planned(Become::default());
        assert_eq!(plan.command, "sudo -H -S -n -u root /bin/sh -c 'echo BECOME-SUCCESS-ID ; id -un'");
        let becoming = Become { password: Some(Secret::new("hush")), user: "bob".into(), ..Become::default() };
        let plan = planned(becoming);
        let expected = "sudo -H -S -p \"[sudo via ansible, key=ID] password:\" -u bob /bin/sh -c \
                        'echo BECOME-SUCCESS-ID ; id -un'";
        assert_eq!(plan.command, expected);
        assert!(!plan.command.contains("hush") && !plan.terminal);
    }

    #[test]
    fn with_a_password_sudo_may_ask() {
        let flags = |flags: &str| {
            let becoming = Become { password: Some(Secret::new("x")), flags: Some(flags.into()), ..Become::default() };
            planned(becoming).command.split(" -p ").next().unwrap_or_default().to_string()
        };
        assert_eq!(flags("-nHS --non-interactive -n --preserve-env"), "sudo -HS --preserve-env");
        assert_eq!(flags("-u x"), "sudo -u x");
    }

    #[test]
    fn su_is_called_as_ansible_calls_it() {
        let plan = planned(Become { method: "ansible.builtin.su".into(), user: "bob".into(), ..Become::default() });
        assert_eq!(plan.command, r#"su bob -c '/bin/sh -c '\''echo BECOME-SUCCESS-ID ; id -un'\'''"#);
        assert!(plan.terminal);
        let sudo_su = Become { method: "su".into(), exe: Some("sudo su -".into()), ..Become::default() };
        assert!(planned(sudo_su).command.starts_with("sudo su - root -c "));
    }

    #[test]
    fn a_method_that_does_not_exist_is_named() {
        let becoming = Become { method: "magic".into(), ..Become::default() };
        let error = plan_command(&Target::default(), &becoming, "x").expect_err("no method");
        assert!(error.message().contains("'magic'"));
    }
}
