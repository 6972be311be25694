//! The firmware's names for the machine, its uptime and its volume groups: parts of `hardware`.

use super::gather::{Gather, content, exists, find};
use super::small::one;
use crate::value::{Dict, Value};

/// Fact, file of the kernel, keyword of `dmidecode`.
const DMI: [(&str, &str, &str); 18] = [
    ("bios_date", "bios_date", "bios-release-date"),
    ("bios_vendor", "bios_vendor", "bios-vendor"),
    ("bios_version", "bios_version", "bios-version"),
    ("board_asset_tag", "board_asset_tag", "baseboard-asset-tag"),
    ("board_name", "board_name", "baseboard-product-name"),
    ("board_serial", "board_serial", "baseboard-serial-number"),
    ("board_vendor", "board_vendor", "baseboard-manufacturer"),
    ("board_version", "board_version", "baseboard-version"),
    ("chassis_asset_tag", "chassis_asset_tag", "chassis-asset-tag"),
    ("chassis_serial", "chassis_serial", "chassis-serial-number"),
    ("chassis_vendor", "chassis_vendor", "chassis-manufacturer"),
    ("chassis_version", "chassis_version", "chassis-version"),
    ("form_factor", "chassis_type", "chassis-type"),
    ("product_name", "product_name", "system-product-name"),
    ("product_serial", "product_serial", "system-serial-number"),
    ("product_uuid", "product_uuid", "system-uuid"),
    ("product_version", "product_version", "system-version"),
    ("system_vendor", "sys_vendor", "system-manufacturer"),
];

/// The SMBIOS specification's types of chassis, by number.
const FORM_FACTORS: [&str; 37] = [
    "Unknown",
    "Other",
    "Unknown",
    "Desktop",
    "Low Profile Desktop",
    "Pizza Box",
    "Mini Tower",
    "Tower",
    "Portable",
    "Laptop",
    "Notebook",
    "Hand Held",
    "Docking Station",
    "All In One",
    "Sub Notebook",
    "Space-saving",
    "Lunch Box",
    "Main Server Chassis",
    "Expansion Chassis",
    "Sub Chassis",
    "Bus Expansion Chassis",
    "Peripheral Chassis",
    "RAID Chassis",
    "Rack Mount Chassis",
    "Sealed-case PC",
    "Multi-system",
    "CompactPCI",
    "AdvancedTCA",
    "Blade",
    "Blade Enclosure",
    "Tablet",
    "Convertible",
    "Detachable",
    "IoT Gateway",
    "Embedded PC",
    "Mini PC",
    "Stick PC",
];

/// Collects the firmware's names, from the kernel or `dmidecode`; on a mainframe from the hypervisor.
pub fn dmi(gather: &mut Gather<'_>) -> Dict {
    let sys = exists("/sys/devices/virtual/dmi/id/product_name");
    let program = !sys && gather.has_program("dmidecode");
    let mut facts = Dict::new();
    for (fact, file, keyword) in DMI {
        let value = if sys {
            content(format!("/sys/devices/virtual/dmi/id/{file}"))
                .map(|text| if fact == "form_factor" { form_factor(&text) } else { text })
        } else if program {
            let out = gather.output(&["dmidecode", "-s", keyword]);
            out.map(|out| out.lines().filter(|line| !line.starts_with('#')).collect())
        } else {
            None
        };
        facts.insert(fact, value.unwrap_or_else(|| "NA".to_string()));
    }
    if exists("/proc/sysinfo") {
        facts.extend(mainframe(&content("/proc/sysinfo").unwrap_or_default()));
    }
    facts
}

fn form_factor(number: &str) -> String {
    let name = number.parse::<usize>().ok().and_then(|number| FORM_FACTORS.get(number));
    name.map_or_else(|| format!("unknown ({number})"), |name| name.to_string())
}

fn mainframe(sysinfo: &str) -> Dict {
    let mut facts: Dict = ["system_vendor", "product_version", "product_serial", "product_name", "product_uuid"]
        .into_iter()
        .map(|key| (key, Value::str("NA")))
        .collect();
    for (key, pattern) in [
        ("system_vendor", r"(?m)^Manufacturer:\s+(.+)"),
        ("product_name", r"(?m)^Type:\s+(.+)"),
        ("product_serial", r"(?m)^Sequence Code:\s+0+(.+)"),
    ] {
        if let Some(value) = find(pattern, sysinfo) {
            facts.insert(key, value);
        }
    }
    facts
}

/// Collects the uptime.
pub fn uptime(_: &mut Gather<'_>) -> Dict {
    let text = content("/proc/uptime").unwrap_or_default();
    let seconds = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    seconds.map(|seconds| one("uptime_seconds", seconds as i64)).unwrap_or_default()
}

/// Collects volume groups, their logical and physical volumes; only root can see them.
pub fn lvm(gather: &mut Gather<'_>) -> Dict {
    if !gather.has_program("vgs") {
        return one("lvm", "N/A");
    }
    if !nix::unistd::getuid().is_root() {
        return one("lvm", "N/A");
    }
    let mut table = |program: &str, fields: &[(&'static str, i32)]| -> Dict {
        let options = ["--noheadings", "--nosuffix", "--units", "g", "--separator", ","];
        let out = gather.output(&[&[program][..], &options[..]].concat()).unwrap_or_default();
        out.lines().filter_map(|line| row(line, fields)).collect()
    };
    let vgs = table("vgs", &[("size_g", -2), ("free_g", -1), ("num_lvs", 2), ("num_pvs", 1)]);
    let lvs = table("lvs", &[("size_g", 3), ("vg", 1)]);
    let pvs = table("pvs", &[("size_g", 4), ("free_g", 5), ("vg", 1)]);
    let named = |(device, row): (Value, Value)| (Value::from(mapper_name(&device.to_text())), row);
    let mut lvm = Dict::new();
    lvm.insert("lvs", lvs);
    lvm.insert("vgs", vgs);
    lvm.insert("pvs", pvs.into_iter().map(named).collect::<Dict>());
    one("lvm", lvm)
}

/// One line of a table: the name, and fields by their place (from the end where negative).
fn row(line: &str, fields: &[(&'static str, i32)]) -> Option<(Value, Value)> {
    let items: Vec<&str> = line.trim().split(',').collect();
    let at = |place: i32| {
        if place < 0 { items.len().checked_sub(place.unsigned_abs() as usize) } else { Some(place as usize) }
    };
    let field = |(key, place): &(&'static str, i32)| Some((*key, Value::str(*items.get(at(*place)?)?)));
    let row: Option<Dict> = fields.iter().map(field).collect();
    Some((Value::str(*items.first().filter(|name| !name.is_empty())?), Value::dict(row?)))
}

/// `/dev/dm-0` by the name people gave it.
fn mapper_name(device: &str) -> String {
    let name = device.strip_prefix("/dev/dm-").and_then(|number| content(format!("/sys/block/dm-{number}/dm/name")));
    name.map_or_else(|| device.to_string(), |name| format!("/dev/mapper/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_names() {
        assert_eq!(form_factor("23"), "Rack Mount Chassis");
        assert_eq!(form_factor("99"), "unknown (99)");
    }

    #[test]
    fn rows_of_volume_tables() {
        let (name, fields) = row("  vg0,1,2,0,wz--n-,10.00,4.00", &[("size_g", -2), ("num_lvs", 2)]).unwrap();
        assert_eq!(name, Value::str("vg0"));
        assert_eq!((fields.get("size_g"), fields.get("num_lvs")), (Some(&"10.00".into()), Some(&"2".into())));
        assert!(row("", &[("x", 1)]).is_none());
    }
}
