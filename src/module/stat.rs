//! `stat`: what the system knows of a file.

use super::attributes::real_path;
use super::digest::{self, Algorithm};
use super::process::{Command, find_program};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, chattr, oserror};
use crate::value::{Dict, Value};
use nix::unistd::{Gid, Group, Uid, User};
use rustix::fs::{Access, access};
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("path", Kind::Path).required().aliases(&["dest", "name"]),
        Arg::new("follow", Kind::Bool).default("no"),
        Arg::new("get_checksum", Kind::Bool).default("yes"),
        Arg::new("get_mime", Kind::Bool).default("yes").aliases(&["mime", "mime_type", "mime-type"]),
        Arg::new("get_attributes", Kind::Bool).default("yes").aliases(&["attr", "attributes"]),
        Arg::new("checksum_algorithm", Kind::Str)
            .default("sha1")
            .choices(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
            .aliases(&["checksum", "checksum_algo"]),
    ],
    ..Spec::new("stat")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("path").unwrap_or_default();
    let path = Path::new(name);
    let meta = if params.bool("follow") { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) };
    let meta = match meta {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let absent: Dict = [("exists", Value::Bool(false))].into_iter().collect();
            return Ok(Outcome::new(false).with("stat", absent));
        }
        Err(error) => {
            let words = oserror::plain(&error);
            let words = words.split_once("] ").map_or(words.as_str(), |(_, words)| words);
            return Err(Failure::new(words).because(oserror::bytes(&error, path)));
        }
    };
    let mut stat = Dict::new();
    stat.insert("exists", true);
    stat.insert("path", name);
    add_facts(&mut stat, &meta);
    let allowed = |right| access(path, right).is_ok();
    let readable = allowed(Access::READ_OK);
    stat.insert("readable", readable);
    stat.insert("writeable", allowed(Access::WRITE_OK));
    stat.insert("executable", allowed(Access::EXEC_OK));
    if meta.file_type().is_symlink() {
        stat.insert("lnk_source", real_path(path).to_string_lossy());
        stat.insert("lnk_target", std::fs::read_link(path).unwrap_or_default().to_string_lossy());
    }
    if let Ok(Some(user)) = User::from_uid(Uid::from_raw(meta.uid())) {
        stat.insert("pw_name", user.name);
    }
    if let Ok(Some(group)) = Group::from_gid(Gid::from_raw(meta.gid())) {
        stat.insert("gr_name", group.name);
    }
    if meta.is_file() && readable && params.bool("get_checksum") {
        let algorithm = params.str("checksum_algorithm").and_then(digest::algorithm).unwrap_or(Algorithm::Sha1);
        let [sum] =
            digest::of_file(path, [algorithm]).map_err(|error| Failure::raised(oserror::bytes(&error, path)))?;
        stat.insert("checksum", sum);
    }
    if params.bool("get_mime") {
        let (kind, charset) = mime(path, run).unwrap_or_else(|| ("unknown".into(), "unknown".into()));
        stat.insert("mimetype", kind);
        stat.insert("charset", charset);
    }
    if params.bool("get_attributes") {
        let read = chattr::read(path);
        let names = read.iter().flat_map(|read| &read.names).map(|name| Value::str(*name));
        stat.insert("version", read.as_ref().map(|read| read.version.clone()));
        stat.insert("attributes", Value::list(names));
        stat.insert("attr_flags", read.map_or(String::new(), |read| read.flags));
    }
    Ok(Outcome::new(false).with("stat", stat))
}

/// What comes with the inode; `find` tells a part of it.
fn add_facts(stat: &mut Dict, meta: &Metadata) {
    let mode = meta.mode();
    stat.insert("mode", format!("{:04o}", mode & 0o7777));
    add_kind(stat, meta);
    stat.insert("uid", meta.uid());
    stat.insert("gid", meta.gid());
    stat.insert("size", meta.size());
    stat.insert("inode", meta.ino());
    stat.insert("dev", meta.dev());
    stat.insert("nlink", meta.nlink());
    add_times(stat, meta);
    add_permissions(stat, meta);
    stat.insert("blocks", meta.blocks());
    stat.insert("block_size", meta.blksize());
    stat.insert("device_type", meta.rdev());
}

/// `isdir`, `isreg`...
pub(super) fn add_kind(stat: &mut Dict, meta: &Metadata) {
    let kind = meta.file_type();
    stat.insert("isdir", kind.is_dir());
    stat.insert("ischr", kind.is_char_device());
    stat.insert("isblk", kind.is_block_device());
    stat.insert("isreg", kind.is_file());
    stat.insert("isfifo", kind.is_fifo());
    stat.insert("islnk", kind.is_symlink());
    stat.insert("issock", kind.is_socket());
}

/// `atime`, `mtime`, `ctime`, in seconds.
pub(super) fn add_times(stat: &mut Dict, meta: &Metadata) {
    let seconds = |whole: i64, nano: i64| whole as f64 + nano as f64 * 1e-9;
    stat.insert("atime", seconds(meta.atime(), meta.atime_nsec()));
    stat.insert("mtime", seconds(meta.mtime(), meta.mtime_nsec()));
    stat.insert("ctime", seconds(meta.ctime(), meta.ctime_nsec()));
}

/// `wusr`, `rusr`... as booleans.
pub(super) fn add_permissions(stat: &mut Dict, meta: &Metadata) {
    const BITS: [(&str, u32); 11] = [
        ("wusr", 0o200),
        ("rusr", 0o400),
        ("xusr", 0o100),
        ("wgrp", 0o020),
        ("rgrp", 0o040),
        ("xgrp", 0o010),
        ("woth", 0o002),
        ("roth", 0o004),
        ("xoth", 0o001),
        ("isuid", 0o4000),
        ("isgid", 0o2000),
    ];
    for (name, bit) in BITS {
        stat.insert(name, meta.mode() & bit != 0);
    }
}

/// What `file` says of a file, where it is installed.
fn mime(path: &Path, run: &Run) -> Option<(String, String)> {
    let program = find_program(run, "file")?;
    let words = [program.as_str(), "--mime-type", "--mime-encoding", &path.to_string_lossy()];
    let output = Command::new(words).run(run).ok().filter(|output| output.rc == 0)?.out();
    let (kind, charset) = output.rsplit_once(':')?.1.split_once(';')?;
    let charset = charset.split_once('=')?.1.split('=').next()?;
    Some((kind.trim().to_string(), charset.trim().to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::{invoke::invoke, registry};
    use super::*;

    fn stat(arguments: &[(&str, &str)]) -> Dict {
        let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
        let result = invoke(registry::find("stat").unwrap(), &arguments, &mut Run::default());
        result.get("stat").and_then(Value::as_dict).unwrap_or_else(|| panic!("{result:?}")).clone()
    }

    #[test]
    fn a_file_is_described() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let path = file.path().to_str().unwrap();
        let stat = stat(&[("path", path), ("checksum_algorithm", "md5")]);
        let get = |key: &str| stat.get(key).unwrap_or_else(|| panic!("{key}")).repr();
        assert_eq!([get("exists"), get("isreg"), get("isdir"), get("size")], ["True", "True", "False", "3"]);
        assert_eq!([get("mode"), get("rusr"), get("xoth")], ["'0600'", "True", "False"]);
        assert_eq!(get("checksum"), "'900150983cd24fb0d6963f7d28e17f72'");
        if std::process::Command::new("file").arg("-v").output().is_ok() {
            assert_eq!([get("mimetype"), get("charset")], ["'text/plain'", "'us-ascii'"]);
        }
    }

    #[test]
    fn a_link_is_followed_when_told_so() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("l");
        std::os::unix::fs::symlink("gone", &link).unwrap();
        let link = link.to_str().unwrap();
        let itself = stat(&[("path", link)]);
        assert_eq!(itself.get("lnk_target"), Some(&Value::str("gone")));
        let real = std::fs::canonicalize(dir.path()).unwrap().join("gone");
        assert_eq!(itself.get("lnk_source"), Some(&Value::from(real.to_string_lossy())));
        assert_eq!(stat(&[("path", link), ("follow", "yes")]).get("exists"), Some(&Value::Bool(false)));
    }
}
