//! SELinux contexts, through the kernel's own interfaces: the binary is static and has no libselinux.

use rustix::fs::StatVfsMountFlags;
use std::path::Path;
use std::process::{Command, Stdio};

const MAGIC: u64 = 0xf97c_ff8c;
const XATTR: &str = "security.selinux";

fn mount_point() -> Option<&'static str> {
    ["/sys/fs/selinux", "/selinux"].into_iter().find(|path| {
        let is_selinuxfs = rustix::fs::statfs(*path).is_ok_and(|stat| (stat.f_type as u64) & 0xffff_ffff == MAGIC);
        // a container sees the host's selinuxfs read-only: for it SELinux is off
        is_selinuxfs && rustix::fs::statvfs(*path).is_ok_and(|stat| !stat.f_flag.contains(StatVfsMountFlags::RDONLY))
    })
}

/// Whether SELinux is in force or permissive here.
pub fn enabled() -> bool {
    mount_point().is_some()
}

/// Whether contexts have a level.
pub fn mls_enabled() -> bool {
    mount_point()
        .and_then(|dir| std::fs::read_to_string(format!("{dir}/mls")).ok())
        .is_some_and(|text| text.trim() == "1")
}

/// The context of a file itself (no link followed), if SELinux is on.
pub fn context(path: &Path) -> Option<String> {
    if !enabled() {
        return None;
    }
    let mut buffer = vec![0; 4096];
    let length = rustix::fs::lgetxattr(path, XATTR, &mut buffer[..]).ok()?;
    buffer.truncate(length);
    let text = String::from_utf8(buffer).ok()?;
    Some(text.trim_end_matches('\0').to_string())
}

/// Sets the context of a file itself.
pub fn set_context(path: &Path, context: &str) -> std::io::Result<()> {
    let mut value = context.as_bytes().to_vec();
    value.push(0);
    Ok(rustix::fs::lsetxattr(path, XATTR, &value, rustix::fs::XattrFlags::empty())?)
}

/// The context that the policy has for a path; asks `matchpathcon`, since the policy's rules are libselinux's to read.
pub fn default_context(path: &Path) -> Option<String> {
    if !enabled() {
        return None;
    }
    let output = Command::new("matchpathcon").arg("-n").arg(path).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && text.contains(':')).then(|| text.to_string())
}

/// File systems without contexts of their own: what is on them has the mount's.
const SPECIAL: &[&str] = &["fuse", "nfs", "vboxsf", "ramfs", "9p", "vfat"];

/// The context of the mount, for a path on a file system that cannot keep contexts.
pub fn special_context(path: &Path) -> Option<String> {
    let path = std::fs::canonicalize(path).ok()?;
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let (point, kind) = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let point = fields.nth(1)?.replace("\\040", " ");
            Some((point, fields.next()?))
        })
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())?;
    if SPECIAL.iter().any(|special| kind.contains(special)) { context(Path::new(&point)) } else { None }
}
