//! The block devices of `hardware`: disks, their partitions and the names that lead to them.

use super::gather::{Gather, content, find, link_name, names};
use crate::value::{Dict, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// Names by the device they lead to.
type Links = BTreeMap<String, Vec<String>>;

const KINDS: [&str; 4] = ["ids", "uuids", "labels", "masters"];

/// Collects them.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let links = [links("/dev/disk/by-id"), links("/dev/disk/by-uuid"), links("/dev/disk/by-label"), masters()];
    let pci = names("/sys/block").iter().any(|block| pci_address(block).is_some());
    let pci = if pci { gather.output(&["lspci", "-D"]).unwrap_or_default() } else { String::new() };
    let blocks = names("/sys/block");
    let devices: Dict = blocks.iter().map(|block| (block.as_str(), Value::dict(device(block, &links, &pci)))).collect();
    let list = |names: &[String]| Value::list(names.iter().map(Value::from));
    let all = KINDS.iter().zip(&links).map(|(kind, links)| {
        (*kind, Value::dict(links.iter().map(|(device, names)| (device.as_str(), list(names))).collect()))
    });
    let mut facts = Dict::new();
    facts.insert("devices", devices);
    facts.insert("device_links", all.collect::<Dict>());
    facts
}

fn links(dir: &str) -> Links {
    let mut links = Links::new();
    for name in names(dir) {
        if let Some(target) = link_name(format!("{dir}/{name}")) {
            links.entry(target).or_default().push(name);
        }
    }
    links
}

/// The devices that are built of others.
fn masters() -> Links {
    let mut links = Links::new();
    for block in names("/sys/block") {
        for part in names(format!("/sys/block/{block}/slaves")) {
            links.entry(part).or_default().push(block.clone());
        }
    }
    links
}

fn links_to(device: &str, links: &[Links; 4]) -> Dict {
    let of = |links: &Links| {
        links.get(device).map(|names| names.iter().map(Value::from).collect::<Vec<_>>()).unwrap_or_default()
    };
    KINDS.iter().zip(links).map(|(kind, links)| (*kind, Value::list(of(links)))).collect()
}

fn device(block: &str, links: &[Links; 4], pci: &str) -> Dict {
    let dir = format!("/sys/block/{block}");
    let file = |name: &str| content(format!("{dir}/{name}"));
    let linked = Path::new(&dir).read_link().is_ok();
    let has_device = names(&dir).iter().any(|name| name.contains("device"));
    let mut fact = Dict::new();
    // kernels with directories instead of links here are the ones Ansible can tell virtual devices on
    fact.insert("virtual", i64::from(linked || !has_device));
    fact.insert("links", links_to(block, links));
    for key in ["vendor", "model", "sas_address", "sas_device_handle"] {
        fact.insert(key, file(&format!("device/{key}")));
    }
    if let Some(serial) = file("device/serial").or_else(|| scsi_serial(&dir)) {
        fact.insert("serial", serial);
    }
    fact.insert("removable", file("removable"));
    let no_discard = file("queue/discard_max_hw_bytes").as_deref() == Some("0");
    fact.insert("support_discard", if no_discard { Some("0".to_string()) } else { file("queue/discard_granularity") });
    if let Some(wwn) = links[0].get(block).and_then(|ids| ids.iter().find_map(|id| id.strip_prefix("wwn-"))) {
        fact.insert("wwn", wwn);
    }
    let parts = names(&dir).into_iter().filter(|name| is_partition(block, name));
    fact.insert(
        "partitions",
        parts.map(|name| (Value::str(&*name), Value::dict(partition(&dir, &name, links)))).collect::<Dict>(),
    );
    fact.insert("rotational", file("queue/rotational"));
    let scheduler = file("queue/scheduler").and_then(|text| find(r"\[(.*)\]", &text));
    fact.insert("scheduler_mode", scheduler.unwrap_or_default());
    let (sector, sectors) = size(&dir);
    fact.insert("sectorsize", sector);
    fact.insert("sectors", sectors);
    fact.insert("size", human(&dir));
    let host = pci_address(block)
        .and_then(|address| pci.lines().find_map(|line| line.strip_prefix(&*address)?.strip_prefix(' ')));
    fact.insert("host", host.unwrap_or(""));
    fact.insert("holders", holders(&dir));
    fact
}

/// The unit serial number page that the kernel keeps of SCSI disks; its first word.
fn scsi_serial(dir: &str) -> Option<String> {
    let page = std::fs::read(format!("{dir}/device/vpd_pg80")).ok()?;
    let text = String::from_utf8_lossy(page.get(4..)?).into_owned();
    text.split_whitespace().next().map(String::from)
}

/// `sda1`, `nvme0n1p2`.
fn is_partition(block: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(block) else { return false };
    let number = rest.strip_prefix('p').unwrap_or(rest);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn partition(dir: &str, name: &str, links: &[Links; 4]) -> Dict {
    let part = format!("{dir}/{name}");
    let mut fact = Dict::new();
    fact.insert("links", links_to(name, links));
    fact.insert("start", content(format!("{part}/start")).map_or(Value::Int(0), Value::from));
    let (sector, sectors) = size(&part);
    fact.insert("sectorsize", sector);
    fact.insert("sectors", sectors);
    fact.insert("size", human(&part));
    fact.insert("uuid", links[1].get(name).and_then(|uuids| uuids.first()));
    fact.insert("holders", holders(&part));
    fact
}

/// The sector size as the kernel writes it, and how many sectors of that size; the kernel counts in 512 bytes.
fn size(dir: &str) -> (Value, i64) {
    let known = |name: &str| content(format!("{dir}/queue/{name}"));
    let text = known("logical_block_size").or_else(|| known("hw_sector_size"));
    let bytes = text.as_deref().and_then(|text| text.parse::<i64>().ok()).filter(|size| *size > 0).unwrap_or(512);
    (text.map_or(Value::Int(512), Value::from), half_kilobytes(dir) * 512 / bytes)
}

fn half_kilobytes(dir: &str) -> i64 {
    content(format!("{dir}/size")).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn human(dir: &str) -> String {
    human_bytes(half_kilobytes(dir) as f64 * 512.0)
}

/// `10.00 GB`.
pub fn human_bytes(bytes: f64) -> String {
    let units = ["YB", "ZB", "EB", "PB", "TB", "GB", "MB", "KB"];
    let exponents = (1..=8).rev();
    for (unit, exponent) in units.into_iter().zip(exponents) {
        let limit = 1024f64.powi(exponent);
        if bytes >= limit {
            return format!("{:.2} {unit}", bytes / limit);
        }
    }
    format!("{bytes:.2} Bytes")
}

fn holders(dir: &str) -> Vec<Value> {
    let holders = names(format!("{dir}/holders")).into_iter().filter(|name| name.starts_with("dm-"));
    holders.map(|name| content(format!("{dir}/holders/{name}/dm/name")).unwrap_or(name).into()).collect()
}

/// The PCI address of the controller a disk hangs on.
fn pci_address(block: &str) -> Option<String> {
    let path = std::fs::read_link(format!("/sys/block/{block}")).ok()?;
    find(r"^.+/([a-f0-9]{4}:[a-f0-9]{2}:[01][a-f0-9]\.[0-7])/", &path.to_string_lossy())
}

/// The UUID of the file system on a device, as udev found it.
pub fn uuid(device: &str) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let number = std::fs::metadata(device).ok()?.rdev();
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    let told = std::fs::read_to_string(format!("/run/udev/data/b{major}:{minor}")).unwrap_or_default();
    let told = told.lines().find_map(|line| line.strip_prefix("E:ID_FS_UUID=").map(String::from));
    told.or_else(|| {
        let real = std::fs::canonicalize(device).ok()?;
        let name = real.file_name()?.to_str()?;
        links("/dev/disk/by-uuid").remove(name)?.into_iter().next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        assert_eq!(human_bytes(0.0), "0.00 Bytes");
        assert_eq!(human_bytes(1536.0), "1.50 KB");
        assert_eq!(human_bytes(270_553_174_016.0), "251.97 GB");
    }

    #[test]
    fn partitions_are_numbered() {
        assert!(is_partition("sda", "sda1") && is_partition("nvme0n1", "nvme0n1p2"));
        assert!(!is_partition("sda", "sda") && !is_partition("sda", "sdaa1") && !is_partition("sda", "queue"));
    }
}
