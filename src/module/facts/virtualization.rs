//! `virtual`: whether the host is a guest or a host of others, and by what.

use super::gather::{Gather, content, exists, lines, names};
use crate::value::{Dict, Value};

/// What was found; the first find decides type and role, all of them are told as technologies.
#[derive(Default)]
struct Finds {
    verdict: Option<(String, &'static str)>,
    guest: Vec<String>,
    host: Vec<String>,
}

impl Finds {
    fn guest(&mut self, technology: &str) {
        self.decide(technology, "guest");
        add(&mut self.guest, technology);
    }

    fn host(&mut self, technology: &str) {
        self.decide(technology, "host");
        add(&mut self.host, technology);
    }

    fn decide(&mut self, technology: &str, role: &'static str) {
        self.verdict.get_or_insert_with(|| (technology.to_string(), role));
    }
}

fn add(technologies: &mut Vec<String>, technology: &str) {
    if !technologies.iter().any(|known| known == technology) {
        technologies.push(technology.to_string());
    }
}

/// Collects them.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let mut finds = Finds::default();
    containers(&mut finds);
    xen(&mut finds);
    machine(&mut finds, gather);
    processors(&mut finds, gather);
    modules(&mut finds);
    if exists("/dev/kvm") {
        finds.host("kvm");
    }
    let (kind, role) = finds.verdict.unwrap_or(("NA".into(), "NA"));
    let list = |technologies: Vec<String>| technologies.into_iter().map(Value::str).collect::<Vec<_>>();
    let mut facts = Dict::new();
    facts.insert("virtualization_type", kind);
    facts.insert("virtualization_role", role);
    facts.insert("virtualization_tech_guest", list(finds.guest));
    facts.insert("virtualization_tech_host", list(finds.host));
    facts
}

fn containers(finds: &mut Finds) {
    for line in lines("/proc/1/cgroup") {
        let scope = line.split("/docker-").nth(1).and_then(|rest| rest.split_once(".scope"));
        let hex = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if line.contains("/docker/") || scope.is_some_and(|(id, _)| hex(id)) {
            finds.guest("docker");
        }
        if line.contains("/lxc/") || line.contains("/machine.slice/machine-lxc") {
            finds.guest("lxc");
        }
        if line.contains("/system.slice/containerd.service") {
            finds.guest("containerd");
        }
    }
    let environment = content("/proc/1/environ").unwrap_or_default();
    for variable in environment.split('\0') {
        if variable.contains("container=lxc") {
            finds.guest("lxc");
        }
        if variable.contains("container=podman") {
            finds.guest("podman");
        }
        if variable.strip_prefix("container=").is_some_and(|value| !value.is_empty()) {
            finds.guest("container");
        }
    }
    if exists("/proc/vz") && !exists("/proc/lve") {
        if exists("/proc/bc") { finds.host("openvz") } else { finds.guest("openvz") }
    }
    let told = content("/run/systemd/container");
    if let Some(name) = &told {
        finds.guest(name);
    }
    if exists("/.dockerenv") || exists("/.dockerinit") {
        finds.guest("docker");
    }
    let known = ["docker", "lxc", "podman", "openvz", "containerd"];
    if told.is_some() || finds.guest.iter().any(|name| known.contains(&name.as_str())) {
        add(&mut finds.guest, "container");
    }
}

fn xen(finds: &mut Finds) {
    if !exists("/proc/xen") {
        return;
    }
    if lines("/proc/xen/capabilities").iter().any(|line| line.contains("control_d")) {
        finds.host("xen");
    } else {
        finds.decide("xen", "guest");
    }
}

/// By what the firmware says of the machine.
fn machine(finds: &mut Finds, gather: &mut Gather<'_>) {
    let dmi = |name: &str| content(format!("/sys/devices/virtual/dmi/id/{name}"));
    let known = dmi("product_name");
    let vendor = dmi("sys_vendor").unwrap_or_default();
    let bios = dmi("bios_vendor").unwrap_or_default();
    let product = known.clone().unwrap_or_default();
    if ["KVM", "KVM Server", "Bochs", "AHV", "CloudStack KVM Hypervisor"].contains(&product.as_str()) {
        finds.guest("kvm");
    }
    match (vendor.as_str(), dmi("product_family").as_deref(), product.as_str()) {
        ("oVirt", _, _) => finds.guest("oVirt"),
        ("Red Hat", Some("RHV"), _) => finds.guest("RHV"),
        ("Red Hat", _, "RHEV Hypervisor") => finds.guest("RHEV"),
        _ => {}
    }
    if product.starts_with("VMware") {
        finds.guest("VMware");
    }
    if product == "OpenStack Compute" || product == "OpenStack Nova" {
        finds.guest("openstack");
    }
    match bios.as_str() {
        "Xen" => finds.guest("xen"),
        "innotek GmbH" => finds.guest("virtualbox"),
        "Amazon EC2" | "DigitalOcean" | "Hetzner" | "Linode" => finds.guest("kvm"),
        _ => {}
    }
    match vendor.as_str() {
        "QEMU" | "Amazon EC2" | "DigitalOcean" | "Google" | "Scaleway" | "Nutanix" => finds.guest("kvm"),
        "KubeVirt" => finds.guest("KubeVirt"),
        "Microsoft Corporation" => finds.guest("VirtualPC"),
        "Parallels Software International Inc." => finds.guest("parallels"),
        "OpenStack Foundation" => finds.guest("openstack"),
        _ => {}
    }
    // the kernel's copy is the same text, without a process
    let product = known.or_else(|| gather.output(&["dmidecode", "-s", "system-product-name"])).unwrap_or_default();
    if product.contains("BHYVE") {
        finds.guest("bhyve");
    }
    if product.lines().any(|line| line.starts_with("VMware")) {
        finds.guest("VMware");
    }
}

fn processors(finds: &mut Finds, gather: &mut Gather<'_>) {
    for line in lines("/proc/self/status") {
        if let Some(context) = line.strip_prefix("VxID:") {
            if context.trim().starts_with('0') { finds.host("linux_vserver") } else { finds.guest("linux_vserver") }
        }
    }
    for line in lines("/proc/cpuinfo") {
        let (key, value) = line.split_once(':').unwrap_or((&line, ""));
        match (key.trim(), value) {
            ("model name", value) if value.contains("QEMU Virtual CPU") => finds.guest("kvm"),
            ("vendor_id", value) if value.contains("User Mode Linux") => finds.guest("uml"),
            ("model name", value) if value.contains("UML") => finds.guest("uml"),
            ("machine", value) if value.contains("CHRP IBM pSeries (emulated by qemu)") => finds.guest("kvm"),
            ("vendor_id", value) if value.contains("PowerVM Lx86") => finds.guest("powervm_lx86"),
            ("vendor_id", value) if value.contains("IBM/S390") => mainframe(finds, gather),
            _ => {}
        }
    }
}

fn mainframe(finds: &mut Finds, gather: &mut Gather<'_>) {
    add(&mut finds.guest, "PR/SM");
    let out = gather.output(&["lscpu"]).unwrap_or_default();
    match out.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == "Hypervisor") {
        Some((_, name)) => finds.guest(name.trim()),
        None => finds.decide("PR/SM", "LPAR"),
    }
}

fn modules(finds: &mut Finds) {
    let loaded = lines("/proc/modules");
    let has = |name: &str| loaded.iter().any(|line| line.split(' ').next() == Some(name));
    if has("kvm") {
        let vdsm = |pid: &String| {
            let comm = content(format!("/proc/{pid}/comm"));
            pid.bytes().all(|byte| byte.is_ascii_digit()) && matches!(comm.as_deref(), Some("vdsm" | "vdsmd"))
        };
        if exists("/rhev/") && names("/proc").iter().any(vdsm) {
            finds.host("RHEV");
        }
        finds.host("kvm");
    }
    if has("vboxdrv") {
        finds.host("virtualbox");
    }
    if has("virtio") {
        finds.decide("kvm", "guest");
        add(&mut finds.host, "kvm");
    }
}
