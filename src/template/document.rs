//! The variables that a template file has beside those of its task.

use super::context::Environment;
use super::pytime::{Broken, strftime};
use crate::value::{Dict, Moment, Text, Value};
use jiff::{Timestamp, Zoned};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

/// `template_path` (as the user `named` it), `template_fullpath`, `template_host`... With `managed` also `ansible_managed`,
/// for users who have not set it themselves.
pub fn variables(env: &Environment, named: &str, file: &Path, destination: Option<&str>, managed: bool) -> Dict {
    let metadata = std::fs::metadata(file).ok();
    let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
    let modified = modified.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let owner = metadata.map(|metadata| match nix::unistd::User::from_uid(metadata.uid().into()) {
        Ok(Some(user)) => Value::from(user.name),
        _ => Value::from(metadata.uid()),
    });
    let host = nix::sys::utsname::uname().ok().map(|name| name.nodename().to_string_lossy().into_owned());
    let full = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    let mut variables = Dict::new();
    variables.insert("template_host", host);
    variables.insert("template_path", named);
    variables.insert("template_mtime", local(modified));
    variables.insert("template_uid", owner);
    variables.insert("template_run_date", local(Timestamp::now()));
    variables.insert("template_destpath", destination.map(Value::from));
    variables.insert("template_fullpath", full.display().to_string());
    if managed {
        variables.insert("ansible_managed", managed_text(env, modified));
    }
    variables
}

fn local(timestamp: Timestamp) -> Value {
    let at = timestamp.to_zoned(jiff::tz::TimeZone::system()).datetime();
    // Python's clock ends at microseconds
    let at = at.round(jiff::civil::DateTimeRound::new().smallest(jiff::Unit::Microsecond).mode(jiff::RoundMode::Trunc));
    Value::Moment(Arc::new(Moment::DateTime(at.unwrap_or_else(|_| Zoned::now().datetime()), None)))
}

/// The setting's text, with the file's time in it and templates where it names host, owner and file.
fn managed_text(env: &Environment, modified: Timestamp) -> Value {
    let setting = env.setting.as_ref().and_then(|setting| setting("DEFAULT_MANAGED_STR"));
    let text = setting.map_or_else(|| "Ansible managed".to_string(), |text| text.to_text().into_owned());
    let text = [("host", "template_host"), ("uid", "template_uid"), ("file", "template_path")]
        .iter()
        .fold(text, |text, (word, name)| text.replace(&format!("{{{word}}}"), &format!("{{{{ {name} }}}}")));
    Text::trusted(strftime(&text, &Broken::local(modified)), None).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_managed_text_names_host_and_time() {
        let setting =
            |name: &str| (name == "DEFAULT_MANAGED_STR").then(|| Value::str("by {uid} on {host} in %Y, {file}"));
        let env = Environment { setting: Some(Arc::new(setting)), ..Environment::default() };
        let text = managed_text(&env, Timestamp::from_second(1_600_000_000).unwrap());
        assert_eq!(text.to_text(), "by {{ template_uid }} on {{ template_host }} in 2020, {{ template_path }}");
        assert!(matches!(text, Value::Str(text) if text.is_trusted()));
    }

    #[test]
    fn a_file_is_described() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let variables = variables(&Environment::default(), "x.j2", file.path(), None, true);
        assert_eq!(variables.get("template_path").unwrap().to_text(), "x.j2");
        assert_eq!(variables.get("template_mtime").unwrap().type_name(), "datetime");
        assert_eq!(variables.get("ansible_managed").unwrap().to_text(), "Ansible managed");
        assert!(variables.get("template_destpath").unwrap().is_none());
    }
}
