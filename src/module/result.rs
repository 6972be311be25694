//! What a result says of the file it speaks of.

use crate::value::Dict;
use nix::unistd::{Gid, Group, Uid, User};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The name of a user, or its number as text where it has none.
pub fn user_name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

/// The name of a group, or its number as text where it has none.
pub fn group_name(gid: u32) -> String {
    match Group::from_gid(Gid::from_raw(gid)) {
        Ok(Some(group)) => group.name,
        _ => gid.to_string(),
    }
}

/// Permission bits as results print them: `0644`, `01777`.
pub fn mode_text(mode: u32) -> String {
    format!("0{:03o}", mode & 0o7777)
}

/// Adds owner, group, mode, size and kind of the file that `path` or else `dest` names, if it exists.
pub fn add_path_info(result: &mut Dict) {
    let named = |key| result.get(key).filter(|value| !value.is_none());
    let Some(path) = named("path").or_else(|| named("dest")).and_then(|value| value.as_str()) else { return };
    let path = Path::new(path);
    let (Ok(target), Ok(meta)) = (std::fs::metadata(path), std::fs::symlink_metadata(path)) else { return };
    let state = if meta.file_type().is_symlink() {
        "link"
    } else if meta.is_dir() {
        "directory"
    } else if target.nlink() > 1 {
        "hard"
    } else {
        "file"
    };
    let context = super::selinux::context(path);
    result.insert("uid", meta.uid());
    result.insert("gid", meta.gid());
    result.insert("owner", user_name(meta.uid()));
    result.insert("group", group_name(meta.gid()));
    result.insert("mode", mode_text(meta.mode()));
    result.insert("state", state);
    if let Some(context) = context {
        result.insert("secontext", context);
    }
    result.insert("size", meta.size());
}
