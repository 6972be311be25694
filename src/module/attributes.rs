//! Owner, group, mode, SELinux context and attributes of files: compared, and changed where they differ.

use super::mode::{self, BadMode};
use super::result::mode_text;
use super::{Failure, Params, Run, chattr, oserror, selinux};
use crate::value::{Dict, Value};
use nix::unistd::{Group, User};
use rustix::fs::{AtFlags, CWD};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What differs, as `diff` shows it.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// What was.
    pub before: Dict,
    /// What is, or would be.
    pub after: Dict,
}

impl Diff {
    /// Notes one difference.
    pub fn note(&mut self, key: &str, before: impl Into<Value>, after: impl Into<Value>) {
        self.before.insert(key, before);
        self.after.insert(key, after);
    }

    /// `{before: ..., after: ...}`.
    pub fn into_value(self) -> Value {
        Value::dict([("before", Value::dict(self.before)), ("after", Value::dict(self.after))].into_iter().collect())
    }
}

/// What a file is to have.
#[derive(Clone, Debug, Default)]
pub struct FileArgs {
    /// The file.
    pub path: PathBuf,
    /// Octal or symbolic.
    pub mode: Value,
    /// Name or number.
    pub owner: Option<String>,
    /// Name or number.
    pub group: Option<String>,
    /// User, role, type, level; `None` leaves it.
    pub secontext: [Option<String>; 4],
    /// As `chattr` takes it.
    pub attributes: Option<String>,
}

impl FileArgs {
    /// What the parameters ask for `path`; where `follow` is set and it is a link, for what that leads to.
    pub fn new(params: &Params, path: &Path) -> FileArgs {
        let mut path = path.to_path_buf();
        if params.bool("follow") && path.is_symlink() {
            path = real_path(&path);
        }
        let text = |name: &str| params.str(name).map(str::to_string);
        let mut secontext = ["seuser", "serole", "setype", "selevel"].map(text);
        if !selinux::mls_enabled() {
            secontext[3] = None;
        }
        if secontext.iter().any(|part| part.as_deref() == Some("_default")) {
            let default = selinux::default_context(&path).map(|context| split_context(&context)).unwrap_or_default();
            for (part, default) in secontext.iter_mut().zip(default) {
                if part.as_deref() == Some("_default") {
                    *part = default;
                }
            }
        }
        FileArgs {
            path,
            mode: params.value("mode").clone(),
            owner: text("owner"),
            group: text("group"),
            secontext,
            attributes: text("attributes"),
        }
    }

    /// The same for another file.
    pub fn at(&self, path: &Path) -> FileArgs {
        FileArgs { path: path.to_path_buf(), ..self.clone() }
    }

    /// The same with another mode.
    pub fn with_mode(mut self, mode: Value) -> FileArgs {
        self.mode = mode;
        self
    }

    /// Makes the file so. True when something changed (in check mode: would).
    pub fn apply(&self, run: &Run, diff: Option<&mut Diff>) -> Result<bool, Failure> {
        let mut none = Diff::default();
        let diff = diff.unwrap_or(&mut none);
        let mut changed = set_context(&self.path, &self.secontext, run, diff)?;
        changed |= set_owner(&self.path, self.owner.as_deref(), run, diff)?;
        changed |= set_group(&self.path, self.group.as_deref(), run, diff)?;
        changed |= set_mode(&self.path, &self.mode, run, diff)?;
        changed |= set_attributes(&self.path, self.attributes.as_deref(), run, diff)?;
        Ok(changed)
    }
}

/// Python's `realpath`: links resolved as far as there is something, the rest kept.
pub fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = std::fs::canonicalize(path) {
        return real;
    }
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    // a link that leads nowhere: one step at a time, and only so many, as links may go in circles
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => match std::fs::canonicalize(parent) {
            Ok(parent) => parent.join(name),
            Err(_) => path,
        },
        _ => path,
    }
}

fn failure(message: &str, path: &Path) -> Failure {
    Failure::new(message).with("path", path.to_string_lossy())
}

/// In check mode a file that is not there yet would be changed.
fn would_be_new(path: &Path, run: &Run) -> bool {
    run.check && !path.exists()
}

fn stat(path: &Path) -> Result<std::fs::Metadata, Failure> {
    std::fs::symlink_metadata(path).map_err(|error| Failure::raised(oserror::bytes(&error, path)))
}

fn split_context(context: &str) -> [Option<String>; 4] {
    let mut parts = context.splitn(4, ':').map(str::to_string);
    std::array::from_fn(|_| parts.next())
}

fn set_context(path: &Path, wanted: &[Option<String>; 4], run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
    if wanted.iter().all(Option::is_none) || !selinux::enabled() {
        return Ok(false);
    }
    if would_be_new(path, run) {
        return Ok(true);
    }
    let Some(current) = selinux::context(path) else {
        return Err(failure("Failed to retrieve selinux context.", path));
    };
    let new = match selinux::special_context(path) {
        Some(special) => special,
        None => {
            let mut parts = split_context(&current);
            for (part, wanted) in parts.iter_mut().zip(wanted) {
                if part.is_some() && wanted.is_some() {
                    part.clone_from(wanted);
                }
            }
            parts.into_iter().flatten().collect::<Vec<_>>().join(":")
        }
    };
    if current == new {
        return Ok(false);
    }
    let list = |context: &str| Value::list(context.splitn(4, ':').map(Value::str));
    diff.note("secontext", list(&current), list(&new));
    if !run.check {
        selinux::set_context(path, &new).map_err(|error| {
            let wanted = wanted.iter().map(|part| Value::from(part.clone()));
            failure(&format!("invalid selinux context: {}", oserror::plain(&error)), path)
                .with("new_context", list(&new))
                .with("cur_context", list(&current))
                .with("input_was", Value::list(wanted))
        })?;
    }
    Ok(true)
}

/// The number of a user given by name or number.
pub fn user_id(owner: &str) -> Option<u32> {
    let number = owner.trim().parse().ok();
    number.or_else(|| User::from_name(owner).ok().flatten().map(|user| user.uid.as_raw()))
}

/// The number of a group given by name or number.
pub fn group_id(group: &str) -> Option<u32> {
    let number = group.trim().parse().ok();
    number.or_else(|| Group::from_name(group).ok().flatten().map(|group| group.gid.as_raw()))
}

/// Changes the owner of the file itself (no link followed) if another is asked for.
pub fn set_owner(path: &Path, owner: Option<&str>, run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
    let Some(owner) = owner else { return Ok(false) };
    if would_be_new(path, run) {
        return Ok(true);
    }
    let current = stat(path)?.uid();
    let Some(wanted) = user_id(owner) else {
        return Err(failure(&format!("chown failed: failed to look up user {owner}"), path));
    };
    if current == wanted {
        return Ok(false);
    }
    diff.note("owner", current, wanted);
    if !run.check {
        let uid = rustix::fs::Uid::from_raw(wanted);
        rustix::fs::chownat(CWD, path, Some(uid), None, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| failure("chown failed", path).because(oserror::bytes(&error.into(), path)))?;
    }
    Ok(true)
}

/// Changes the group of the file itself (no link followed) if another is asked for.
pub fn set_group(path: &Path, group: Option<&str>, run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
    let Some(group) = group else { return Ok(false) };
    if would_be_new(path, run) {
        return Ok(true);
    }
    let current = stat(path)?.gid();
    let Some(wanted) = group_id(group) else {
        return Err(failure(&format!("chgrp failed: failed to look up group {group}"), path));
    };
    if current == wanted {
        return Ok(false);
    }
    diff.note("group", current, wanted);
    if !run.check {
        let gid = rustix::fs::Gid::from_raw(wanted);
        rustix::fs::chownat(CWD, path, None, Some(gid), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| failure("chgrp failed", path).because(oserror::bytes(&error.into(), path)))?;
    }
    Ok(true)
}

/// Changes the permission bits if others are asked for. A link has none of its own and stays.
pub fn set_mode(path: &Path, wanted: &Value, run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
    if wanted.is_none() {
        return Ok(false);
    }
    if would_be_new(path, run) {
        return Ok(true);
    }
    let meta = stat(path)?;
    let wanted = mode::parse(wanted, meta.mode(), mode::umask()).map_err(|bad| match bad {
        BadMode::Form(why) => failure("mode must be in octal or symbolic form", path).with("details", why),
        BadMode::Bits(bits) => {
            failure("Invalid mode supplied, only permission info is allowed", path).with("details", bits)
        }
    })?;
    let current = meta.mode() & 0o7777;
    if current == wanted || meta.file_type().is_symlink() {
        return Ok(false);
    }
    diff.note("mode", mode_text(current), mode_text(wanted));
    if run.check {
        return Ok(true);
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(wanted))
        .map_err(|error| Failure::raised(oserror::bytes(&error, path)))?;
    // a file system may not keep what it was told
    Ok(stat(path)?.mode() & 0o7777 != current)
}

fn set_attributes(path: &Path, wanted: Option<&str>, run: &Run, diff: &mut Diff) -> Result<bool, Failure> {
    let Some(wanted) = wanted else { return Ok(false) };
    if would_be_new(path, run) {
        return Ok(true);
    }
    let current = chattr::read(path).map(|attributes| attributes.flags);
    let wish = chattr::Wish::new(wanted);
    if !wish.differs(current.as_deref().unwrap_or_default()) || !chattr::Wish::possible(run) {
        return Ok(false);
    }
    diff.note("attributes", current, wish.text());
    if !run.check {
        wish.apply(path, run)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(mode: Value) -> Params {
        Params([("mode", mode)].into_iter().collect())
    }

    #[test]
    fn a_mode_is_set_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let args = FileArgs::new(&params(Value::str("u=rw,g=r,o=")), file.path());
        let mut diff = Diff::default();
        assert!(args.apply(&Run::default(), Some(&mut diff)).unwrap());
        assert_eq!(file.path().metadata().unwrap().mode() & 0o7777, 0o640);
        assert_eq!(diff.into_value().repr(), "{'before': {'mode': '0600'}, 'after': {'mode': '0640'}}");
        assert!(!args.apply(&Run::default(), None).unwrap());
    }

    #[test]
    fn check_mode_tells_and_leaves() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let args = FileArgs::new(&params(Value::str("0777")), file.path());
        let run = Run { check: true, ..Run::default() };
        assert!(args.apply(&run, None).unwrap());
        assert_eq!(file.path().metadata().unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_link_keeps_what_it_leads_to_unless_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("f"), dir.path().join("l"));
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("f", &link).unwrap();
        let mut params = params(Value::Int(0o640));
        assert!(!FileArgs::new(&params, &link).apply(&Run::default(), None).unwrap());
        assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600);
        params.0.insert("follow", true);
        assert!(FileArgs::new(&params, &link).apply(&Run::default(), None).unwrap());
        assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o640);
    }

    #[test]
    fn an_unknown_owner_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let failure = set_owner(file.path(), Some("no-such-user"), &Run::default(), &mut Diff::default()).unwrap_err();
        assert_eq!(failure.message, "chown failed: failed to look up user no-such-user");
    }

    #[test]
    fn dangling_and_circling_links_have_a_real_path() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        let link = root.join("l");
        std::os::unix::fs::symlink("gone", &link).unwrap();
        assert_eq!(real_path(&link), root.join("gone"));
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("l", &link).unwrap();
        assert_eq!(real_path(&link), link);
    }
}
