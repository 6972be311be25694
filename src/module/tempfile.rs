//! `tempfile`: makes a temporary file or directory.

use super::replace_file::random_name;
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, oserror};
use crate::value::Value;
use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("state", Kind::Str).default("file").choices(&["file", "directory"]),
        Arg::new("path", Kind::Path),
        Arg::new("prefix", Kind::Str).default("ansible."),
        Arg::new("suffix", Kind::Str).default(""),
    ],
    check_mode: false,
    ..Spec::new("tempfile")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let part = |name: &str| {
        let text = params.str(name).unwrap_or_default();
        if text.contains('/') {
            let shown = Value::str(text).repr();
            return Err(Failure::new(format!("{name} must be a valid file name component, got {shown}")));
        }
        Ok(text)
    };
    let (prefix, suffix) = (part("prefix")?, part("suffix")?);
    let directory = match params.str("path") {
        Some(path) => PathBuf::from(path),
        None => default_directory(run),
    };
    for _ in 0..100 {
        let path = directory.join(format!("{prefix}{}{suffix}", random_name()));
        let made = match params.str("state") {
            Some("directory") => DirBuilder::new().mode(0o700).create(&path),
            _ => OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map(drop),
        };
        match made {
            Ok(()) => return Ok(Outcome::new(true).with("path", path.to_string_lossy())),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::new(oserror::text(&error, &path))),
        }
    }
    Err(Failure::new("[Errno 17] No usable temporary file name found"))
}

/// Where Python's `tempfile` would put it: `TMPDIR`, `TEMP`, `TMP`, or a usual place.
fn default_directory(run: &Run) -> PathBuf {
    let named = ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(|name| run.var(name));
    let usual = ["/tmp", "/var/tmp", "/usr/tmp"].into_iter().map(String::from);
    let writable = |path: &String| {
        Path::new(path).is_dir() && rustix::fs::access(path.as_str(), rustix::fs::Access::WRITE_OK).is_ok()
    };
    let found = named.filter(|name| !name.is_empty()).chain(usual).find(writable);
    found.map_or_else(|| PathBuf::from("."), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::super::{invoke::invoke, registry};
    use super::*;
    use crate::value::Dict;
    use std::os::unix::fs::MetadataExt;

    fn call(arguments: &[(&str, &str)]) -> Dict {
        let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
        invoke(registry::find("tempfile").unwrap(), &arguments, &mut Run::default())
    }

    #[test]
    fn only_the_owner_gets_at_it() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().to_str().unwrap();
        for (state, mode) in [("file", 0o100_600), ("directory", 0o040_700)] {
            let result = call(&[("path", place), ("state", state), ("suffix", ".x")]);
            let path = result.get("path").unwrap().to_text().into_owned();
            assert!(path.starts_with(&format!("{place}/ansible.")) && path.ends_with(".x"), "{path}");
            assert_eq!(std::fs::metadata(&path).unwrap().mode(), mode);
        }
        let refused = call(&[("prefix", "a/b")]);
        assert_eq!(refused.get("msg"), Some(&Value::str("prefix must be a valid file name component, got 'a/b'")));
    }
}
