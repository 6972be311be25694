//! The mounts of `hardware`, with the room on them.

use super::devices;
use super::gather::{Gather, lines};
use super::small::one;
use crate::value::{Dict, Value};
use std::sync::mpsc;
use std::time::Instant;

/// What a mount tells when it is asked; a dead server may never answer.
type Answer = (usize, Option<rustix::fs::StatVfs>, Option<String>);

/// Collects them.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let mut mounts = entries();
    let (sender, receiver) = mpsc::channel::<Answer>();
    for (at, mount) in mounts.iter().enumerate() {
        let sender = sender.clone();
        let text = |key| mount.get(key).map(|value: &Value| value.to_text().into_owned()).unwrap_or_default();
        let (path, device) = (text("mount"), text("device"));
        // a thread for each, so that one that hangs holds up nobody
        std::thread::spawn(move || {
            let _ = sender.send((at, rustix::fs::statvfs(&path).ok(), devices::uuid(&device)));
        });
    }
    drop(sender);
    let mut answered = vec![false; mounts.len()];
    let deadline = Instant::now() + gather.timeout;
    while let Ok((at, size, uuid)) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        answered[at] = true;
        size.iter().for_each(|size| add_size(&mut mounts[at], size));
        mounts[at].insert("uuid", uuid.unwrap_or_else(|| "N/A".to_string()));
    }
    for (mount, _) in mounts.iter_mut().zip(&answered).filter(|(_, answered)| !**answered) {
        let path = mount.get("mount").map(|value| value.to_text().into_owned()).unwrap_or_default();
        gather.run.warn(format!("Timeout exceeded when getting mount info for {path}"));
        mount.insert("note", "Could not get extra information due to timeout");
    }
    one("mounts", mounts.into_iter().map(Value::dict).collect::<Vec<_>>())
}

fn add_size(mount: &mut Dict, size: &rustix::fs::StatVfs) {
    mount.insert("size_total", size.f_frsize * size.f_blocks);
    mount.insert("size_available", size.f_frsize * size.f_bavail);
    mount.insert("block_size", size.f_bsize);
    mount.insert("block_total", size.f_blocks);
    mount.insert("block_available", size.f_bavail);
    mount.insert("block_used", size.f_blocks.saturating_sub(size.f_bavail));
    mount.insert("inode_total", size.f_files);
    mount.insert("inode_available", size.f_favail);
    mount.insert("inode_used", size.f_files.saturating_sub(size.f_favail));
}

/// The mounts of real devices and of servers, the later one where two share a place.
fn entries() -> Vec<Dict> {
    let table = ["/etc/mtab", "/proc/mounts"].into_iter().map(lines).find(|lines| !lines.is_empty());
    parse(&table.unwrap_or_default(), &bind_mounts(&lines("/proc/self/mountinfo")))
}

fn parse(table: &[String], binds: &[String]) -> Vec<Dict> {
    let mut mounts: Vec<Dict> = Vec::new();
    for line in table {
        let fields: Vec<String> = line.split_whitespace().map(unescape).collect();
        let [device, mount, kind, options, rest @ ..] = &fields[..] else { continue };
        let real = device.starts_with(['/', '\\']) || device.contains(":/");
        if !real || kind == "none" {
            continue;
        }
        let bind = binds.contains(mount) && !options.contains("bind");
        let number = |at: usize| rest.get(at).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        let mut fact = Dict::new();
        fact.insert("mount", mount);
        fact.insert("device", device);
        fact.insert("fstype", kind);
        fact.insert("options", if bind { format!("{options},bind") } else { options.clone() });
        fact.insert("dump", number(0));
        fact.insert("passno", number(1));
        match mounts.iter_mut().find(|known| known.get("mount") == Some(&mount.into())) {
            Some(known) => *known = fact,
            None => mounts.push(fact),
        }
    }
    mounts
}

/// The places where a part of a file system is mounted, not its root.
fn bind_mounts(mountinfo: &[String]) -> Vec<String> {
    let fields = mountinfo.iter().map(|line| line.split(' ').collect::<Vec<_>>());
    fields.filter(|fields| fields.len() > 4 && fields[3] != "/").map(|fields| unescape(fields[4])).collect()
}

/// The kernel writes blanks and backslashes as three octal digits.
fn unescape(field: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = field.as_bytes();
    while let Some((&byte, rest)) = bytes.split_first() {
        let octal =
            rest.get(..3).filter(|digits| byte == b'\\' && digits.iter().all(|digit| (b'0'..b'8').contains(digit)));
        let value = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        out.push(value.unwrap_or(byte));
        bytes = if value.is_some() { &rest[3..] } else { rest };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_mounts_count_and_binds_are_marked() {
        let table = [
            "proc /proc proc rw 0 0",
            "/dev/sda1 /a\\040b ext4 rw 0 1",
            "srv:/x /n nfs rw 0 0",
            "/dev/sda1 /c ext4 rw 0 0",
        ];
        let info = ["1 0 8:1 / / rw - ext4 /dev/sda1 rw", "2 1 8:1 /part /c rw - ext4 /dev/sda1 rw"];
        let lines = |lines: &[&str]| lines.iter().map(|line| line.to_string()).collect::<Vec<_>>();
        let mounts = parse(&lines(&table), &bind_mounts(&lines(&info)));
        let seen: Vec<(String, String)> = mounts
            .iter()
            .map(|mount| (mount.get("mount").unwrap().to_text().into(), mount.get("options").unwrap().to_text().into()))
            .collect();
        let expected = [("/a b", "rw"), ("/n", "rw"), ("/c", "rw,bind")];
        assert_eq!(seen, expected.map(|(mount, options)| (mount.to_string(), options.to_string())));
        assert_eq!(mounts[0].get("passno"), Some(&1.into()));
    }
}
