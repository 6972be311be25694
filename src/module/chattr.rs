//! File attributes of the file system (`lsattr`, `chattr`).

use super::process::{Command, find_program};
use super::{Failure, Run};
use rustix::fs::{Mode, OFlags};
use std::path::Path;

/// Letters and names, in the order in which `lsattr` prints them.
const FLAGS: &[(u32, char, Option<&str>)] = &[
    (0x0000_0001, 's', Some("zero")),
    (0x0000_0002, 'u', Some("undelete")),
    (0x0000_0008, 'S', Some("synchronous")),
    (0x0001_0000, 'D', Some("dirsync")),
    (0x0000_0010, 'i', Some("immutable")),
    (0x0000_0020, 'a', Some("append")),
    (0x0000_0040, 'd', Some("nodump")),
    (0x0000_0080, 'A', Some("noatime")),
    (0x0000_0004, 'c', Some("compressed")),
    (0x0000_0800, 'E', Some("encrypted")),
    (0x0000_4000, 'j', Some("journalled")),
    (0x0000_1000, 'I', Some("indexed")),
    (0x0000_8000, 't', Some("notail")),
    (0x0002_0000, 'T', Some("blockroot")),
    (0x0008_0000, 'e', Some("extents")),
    (0x0080_0000, 'C', Some("nocow")),
    (0x0200_0000, 'x', None),
    (0x4000_0000, 'F', None),
    (0x1000_0000, 'N', Some("inline")),
    (0x2000_0000, 'P', None),
    (0x0010_0000, 'V', None),
    (0x0000_0400, 'm', None),
];

/// What the file system says of a file.
pub struct Attributes {
    /// The generation number of the inode.
    pub version: String,
    /// One letter each.
    pub flags: String,
    /// The names of the letters that have one.
    pub names: Vec<&'static str>,
}

/// The attributes of a regular file or directory, where its file system has such.
pub fn read(path: &Path) -> Option<Attributes> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    if !meta.is_file() && !meta.is_dir() {
        return None;
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    let bits = rustix::fs::ioctl_getflags(&file).ok()?.bits();
    let set = || FLAGS.iter().filter(|(bit, ..)| bits & bit != 0);
    Some(Attributes {
        version: version(&file)?.to_string(),
        flags: set().map(|(_, letter, _)| letter).collect(),
        names: set().filter_map(|(.., name)| *name).collect(),
    })
}

#[allow(unsafe_code)]
fn version(file: &rustix::fd::OwnedFd) -> Option<u32> {
    use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
    const GET_VERSION: Opcode = opcode::read::<std::ffi::c_long>(b'v', 1);
    let mut number: u64 = 0;
    // SAFETY: FS_IOC_GETVERSION writes an int, or at most the long that its number announces; both fit into `number`,
    // which is initialised and borrowed for the call.
    unsafe { ioctl(file, Updater::<GET_VERSION, u64>::new(&mut number)) }.ok()?;
    Some(number.to_le() as u32)
}

/// What `attributes:` asks for.
pub struct Wish<'a> {
    operator: char,
    flags: &'a str,
}

impl<'a> Wish<'a> {
    /// `+Ai`, `-i`, `=i` or `i`.
    pub fn new(text: &'a str) -> Wish<'a> {
        match text.chars().next() {
            Some(operator @ ('+' | '-')) => Wish { operator, flags: &text[1..] },
            _ => Wish { operator: '=', flags: text },
        }
    }

    /// Whether it asks for anything that is not so now; taking away always does, as in Ansible.
    pub fn differs(&self, current: &str) -> bool {
        !self.flags.is_empty() && (current != self.flags || self.operator == '-')
    }

    /// As `chattr` takes it.
    pub fn text(&self) -> String {
        format!("{}{}", self.operator, self.flags)
    }

    /// Whether there is a `chattr` to do it.
    pub fn possible(run: &Run) -> bool {
        find_program(run, "chattr").is_some()
    }

    /// Does it.
    pub fn apply(&self, path: &Path, run: &Run) -> Result<(), Failure> {
        let text = path.to_string_lossy().into_owned();
        let fail = |why: String| Failure::new("chattr failed").with("path", text.as_str()).with("details", why);
        let output = Command::new(["chattr".to_string(), self.text(), text.clone()])
            .run(run)
            .map_err(|error| fail(error.to_string()))?;
        if output.rc != 0 || !output.stderr.is_empty() {
            return Err(fail(format!("Error while setting attributes: {}{}", output.out(), output.err())));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_where_lsattr_reads_them() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let Ok(output) = std::process::Command::new("lsattr").arg("-vd").arg(file.path()).output() else { return };
        let printed = String::from_utf8(output.stdout).unwrap();
        let read = read(file.path());
        let ours = read.map(|read| format!("{} {}", read.version, read.flags));
        let theirs = printed.split_whitespace().take(2).collect::<Vec<_>>().join(" ").replace('-', "");
        assert_eq!(ours, output.status.success().then_some(theirs));
    }
}
