//! From variables, keywords and settings to the target of a task: where it runs, how it gets there, as whom.

use super::keywords::Reader;
use super::session::Session;
use crate::connection::{Become, Secret, Target};
use crate::error::{Error, Result};
use crate::template::Variables;
use crate::template::templar::Templar;
use crate::value::Value;
use crate::vars::View;
use std::time::Duration;

/// Variables of the host that is connected to (the delegated one's under `delegate_to`).
pub struct Source<'a> {
    /// The host's name in the inventory, or the text of `delegate_to`.
    pub host: &'a str,
    /// Its variables.
    pub view: &'a View,
    /// Renders them.
    pub templar: &'a Templar,
}

impl Source<'_> {
    /// The first of these variables that is set, rendered.
    fn variable(&self, names: &[&str]) -> Result<Option<Value>> {
        for name in names {
            if let Some(raw) = self.view.raw(name) {
                let value = self
                    .templar
                    .template(&raw)
                    .map_err(|error| error.context(format!("Error processing variable '{name}'.")))?;
                if !value.is_none() && !crate::template::templar::is_omit(&value) {
                    return Ok(Some(value));
                }
            }
        }
        Ok(None)
    }

    fn text(&self, names: &[&str]) -> Result<Option<String>> {
        Ok(self.variable(names)?.map(|value| value.to_text().into_owned()))
    }

    fn flag(&self, names: &[&str]) -> Result<Option<bool>> {
        Ok(self.variable(names)?.and_then(|value| value.to_bool()))
    }

    fn number(&self, names: &[&str]) -> Result<Option<u64>> {
        let Some(value) = self.variable(names)? else { return Ok(None) };
        let parsed = match &value {
            Value::Str(text) => text.trim().parse().ok(),
            other => other.as_i64().and_then(|number| u64::try_from(number).ok()),
        };
        parsed.map(Some).ok_or_else(|| {
            Error::action(format!("Invalid value for '{}': {} is not a number.", names[0], value.repr()))
        })
    }
}

/// The target of a task.
pub fn build(session: &Session, reader: &Reader, source: &Source) -> Result<Target> {
    let defaults = &session.options.connection;
    let transport = match source.text(&["ansible_connection"])? {
        Some(transport) => transport,
        None => reader.text("connection")?.unwrap_or_else(|| defaults.transport.clone()),
    };
    let transport = transport_name(&transport)?;
    let mut ssh_args = Vec::new();
    let mut extra_args = Vec::new();
    for (name, default, words_of) in [
        ("ansible_ssh_args", &defaults.ssh_args, &mut ssh_args),
        ("ansible_ssh_common_args", &defaults.ssh_common_args, &mut extra_args),
    ] {
        words_of.extend(arguments(source, name, default)?);
    }
    extra_args.extend(arguments(source, "ansible_ssh_extra_args", &defaults.ssh_extra_args)?);

    let port = match source.number(&["ansible_port", "ansible_ssh_port"])? {
        Some(port) => Some(port),
        None => reader.int("port")?.and_then(|port| u64::try_from(port).ok()),
    };
    let timeout = source.number(&["ansible_ssh_timeout", "ansible_timeout"])?.map(Duration::from_secs);
    let user = match source.text(&["ansible_user", "ansible_ssh_user"])? {
        Some(user) => Some(user),
        None => reader.text("remote_user")?.or_else(|| defaults.user.clone()),
    };
    let key = source.text(&["ansible_ssh_private_key_file", "ansible_private_key_file"])?;
    Ok(Target {
        address: source.text(&["ansible_host", "ansible_ssh_host"])?.unwrap_or_else(|| source.host.to_string()),
        port: port.and_then(|port| u16::try_from(port).ok()).or(defaults.port),
        user,
        password: source
            .text(&["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"])?
            .map(Secret::new)
            .or_else(|| defaults.password.clone()),
        private_key: key.map(expand_home).or_else(|| defaults.private_key.clone()),
        key_passphrase: source.text(&["ansible_ssh_private_key_passphrase"])?.map(Secret::new),
        pkcs11_provider: source.text(&["ansible_ssh_pkcs11_provider"])?,
        ssh_args,
        ssh_extra_args: extra_args,
        use_tty: source.flag(&["ansible_ssh_use_tty"])?.unwrap_or(true),
        ssh_executable: source.text(&["ansible_ssh_executable"])?.unwrap_or_else(|| defaults.ssh_executable.clone()),
        host_key_checking: source
            .flag(&["ansible_ssh_host_key_checking", "ansible_host_key_checking"])?
            .unwrap_or(defaults.host_key_checking),
        timeout: timeout.unwrap_or(defaults.timeout),
        retries: source
            .number(&["ansible_ssh_retries"])?
            .map_or(defaults.retries, |n| u32::try_from(n).unwrap_or(u32::MAX)),
        becoming: becoming(session, reader, source)?,
        remote_tmp: source.text(&["ansible_remote_tmp"])?.unwrap_or_else(|| defaults.remote_tmp.clone()),
        executable: source.text(&["ansible_shell_executable"])?.unwrap_or_else(|| defaults.executable.clone()),
        transport,
    })
}

/// Options for ssh as one text, in words.
fn arguments(source: &Source, name: &str, default: &str) -> Result<Vec<String>> {
    let text = source.text(&[name])?.unwrap_or_else(|| default.to_string());
    shell_words::split(&text)
        .map_err(|_| Error::action(format!("Invalid value for '{name}': unbalanced quotes in {text:?}")))
}

fn transport_name(written: &str) -> Result<String> {
    let short =
        written.strip_prefix("ansible.builtin.").or_else(|| written.strip_prefix("ansible.legacy.")).unwrap_or(written);
    match short {
        "ssh" | "smart" | "paramiko" | "paramiko_ssh" | "ansible.netcommon.libssh" => Ok("ssh".into()),
        "local" => Ok("local".into()),
        "winrm" | "psrp" | "network_cli" | "netconf" | "httpapi" => Err(Error::action(format!(
            "the connection plugin '{written}' is out of scope: Windows targets and network devices are not supported"
        ))),
        other => Err(Error::action(format!("the connection plugin '{other}' was not found"))),
    }
}

fn becoming(session: &Session, reader: &Reader, source: &Source) -> Result<Option<Become>> {
    let defaults = &session.options.connection;
    let wanted = match source.flag(&["ansible_become"])? {
        Some(flag) => flag,
        None => reader.flag("become")?.unwrap_or(defaults.becoming),
    };
    if !wanted {
        return Ok(None);
    }
    let either = |variables: &[&str], keyword: &str| -> Result<Option<String>> {
        match source.text(variables)? {
            Some(text) => Ok(Some(text)),
            None if keyword.is_empty() => Ok(None),
            None => reader.text(keyword),
        }
    };
    let method = either(&["ansible_become_method"], "become_method")?.unwrap_or_else(|| defaults.become_method.clone());
    let method = method.rsplit('.').next().unwrap_or_default().to_string();
    let own = |what: &str| format!("ansible_{method}_{what}");
    let (own_user, own_pass, own_exe, own_flags) = (own("user"), own("pass"), own("exe"), own("flags"));
    Ok(Some(Become {
        user: either(&["ansible_become_user", &own_user], "become_user")?
            .unwrap_or_else(|| defaults.become_user.clone()),
        exe: either(&["ansible_become_exe", &own_exe], "become_exe")?.or_else(|| defaults.become_exe.clone()),
        flags: either(&["ansible_become_flags", &own_flags], "become_flags")?.or_else(|| defaults.become_flags.clone()),
        password: source
            .text(&["ansible_become_password", "ansible_become_pass", &own_pass])?
            .map(Secret::new)
            .or_else(|| defaults.become_password.clone()),
        chdir: source.text(&["ansible_sudo_chdir"])?,
        prompts: prompts(source)?,
        method,
    }))
}

/// `ansible_su_prompt_l10n`: a list, or texts separated by commas.
fn prompts(source: &Source) -> Result<Vec<String>> {
    Ok(match source.variable(&["ansible_su_prompt_l10n"])? {
        None => Vec::new(),
        Some(Value::List(items)) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        Some(other) => other.to_text().split(',').map(|part| part.trim().to_string()).collect(),
    })
}

fn expand_home(path: String) -> std::path::PathBuf {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => std::path::Path::new(&home).join(rest),
        _ => path.into(),
    }
}
