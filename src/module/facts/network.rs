//! `network`: interfaces, their addresses, and the way out.

use super::gather::{Gather, content, exists, find, link_name, names};
use super::netlink::{self, Address, Route};
use super::small::one;
use crate::value::{Dict, Value};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Any address far away: what matters is the way to it. Public name servers of either family.
const FAR: (Ipv4Addr, Ipv6Addr) =
    (Ipv4Addr::new(8, 8, 8, 8), Ipv6Addr::new(0x2404, 0x6800, 0x400a, 0x800, 0, 0, 0, 0x1012));

/// What is gathered on the way through the interfaces.
struct Picture {
    interfaces: Dict,
    default_ipv4: Dict,
    default_ipv6: Dict,
    all: [Vec<Value>; 2],
}

/// Collects them.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let addresses = netlink::addresses().unwrap_or_else(|error| {
        gather.run.warn(format!("Could not read the addresses of the interfaces: {error}"));
        Vec::new()
    });
    let devices = devices();
    let way =
        |far: IpAddr| netlink::route_to(far).ok().flatten().map(|route| way_out(&route, &devices)).unwrap_or_default();
    let mut picture = Picture {
        interfaces: Dict::new(),
        default_ipv4: way(FAR.0.into()),
        default_ipv6: way(FAR.1.into()),
        all: [Vec::new(), Vec::new()],
    };
    for (index, device) in &devices {
        let mut fact = interface(device);
        if gather.has_program("ethtool") {
            fact.extend(ethtool(gather, device));
        }
        picture.interfaces.insert(device.as_str(), fact);
        let own = || addresses.iter().filter(|address| address.index == *index);
        for address in own().filter(|address| !address.secondary).chain(own().filter(|address| address.secondary)) {
            picture.add(device, address);
        }
    }
    picture.facts()
}

/// The interfaces by their number.
fn devices() -> Vec<(u32, String)> {
    let dirs = names("/sys/class/net").into_iter().filter(|name| Path::new("/sys/class/net").join(name).is_dir());
    let numbered = |name: String| Some((file(&name, "ifindex")?.parse().ok()?, name));
    let mut devices: Vec<(u32, String)> = dirs.filter_map(numbered).collect();
    devices.sort();
    devices
}

fn file(device: &str, name: &str) -> Option<String> {
    content(format!("/sys/class/net/{device}/{name}"))
}

fn way_out(route: &Route, devices: &[(u32, String)]) -> Dict {
    let device = devices.iter().find(|(index, _)| Some(*index) == route.index).map(|(_, name)| name.as_str());
    let text = |ip: Option<IpAddr>| ip.map(|ip| ip.to_string());
    let mut way = Dict::new();
    for (key, value) in
        [("gateway", text(route.gateway)), ("interface", device.map(String::from)), ("address", text(route.source))]
    {
        if let Some(value) = value {
            way.insert(key, value);
        }
    }
    way
}

/// What `/sys` tells of an interface.
fn interface(device: &str) -> Dict {
    let has = |name: &str| exists(&format!("/sys/class/net/{device}/{name}"));
    let base = format!("/sys/class/net/{device}");
    let mut fact = one("device", device);
    if let Some(address) = file(device, "address").filter(|address| address != "00:00:00:00:00:00") {
        fact.insert("macaddress", address);
    }
    if let Some(mtu) = file(device, "mtu").and_then(|text| text.parse::<i64>().ok()) {
        fact.insert("mtu", mtu);
    }
    if has("operstate") {
        fact.insert("active", file(device, "operstate").as_deref() != Some("down"));
    }
    if let Ok(module) = std::fs::canonicalize(format!("{base}/device/driver/module")) {
        fact.insert("module", module.file_name().unwrap_or_default().to_string_lossy());
    }
    fact.insert(
        "type",
        match file(device, "type").as_deref() {
            Some("1") => "ether",
            Some("32") => "infiniband",
            Some("512") => "ppp",
            Some("772") => "loopback",
            Some("65534") => "tunnel",
            _ => "unknown",
        },
    );
    if has("bridge") {
        bridge(device, &mut fact);
    }
    if has("bonding") {
        bonding(device, &mut fact);
    }
    if has("bonding_slave") {
        fact.insert("perm_macaddress", file(device, "bonding_slave/perm_hwaddr").unwrap_or_default());
    }
    if let Some(name) = link_name(format!("{base}/device")) {
        fact.insert("pciid", name);
    }
    if let Some(speed) = file(device, "speed").and_then(|text| text.parse::<i64>().ok()) {
        fact.insert("speed", speed);
    }
    let flags = file(device, "flags").and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok());
    if let Some(flags) = flags {
        fact.insert("promisc", flags & 0x100 != 0);
    }
    fact
}

fn bridge(device: &str, fact: &mut Dict) {
    fact.insert("type", "bridge");
    let ports = names(format!("/sys/class/net/{device}/brif"));
    fact.insert("interfaces", ports.into_iter().map(Value::str).collect::<Vec<_>>());
    fact.insert("id", file(device, "bridge/bridge_id").unwrap_or_default());
    fact.insert("stp", file(device, "bridge/stp_state").as_deref() == Some("1"));
}

fn bonding(device: &str, fact: &mut Dict) {
    let word = |name: &str| {
        let text = file(device, &format!("bonding/{name}")).unwrap_or_default();
        text.split_whitespace().next().unwrap_or_default().to_string()
    };
    fact.insert("type", "bonding");
    let slaves = file(device, "bonding/slaves").unwrap_or_default();
    fact.insert("slaves", slaves.split_whitespace().map(Value::str).collect::<Vec<_>>());
    for key in ["mode", "miimon", "lacp_rate"] {
        fact.insert(key, word(key));
    }
    if let Some(primary) = file(device, "bonding/primary") {
        fact.insert("primary", primary);
        if let Some(all) = file(device, "bonding/all_slaves_active") {
            fact.insert("all_slaves_active", all == "1");
        }
    }
}

/// Offloads and clocks, where `ethtool` is installed: nothing else tells them.
fn ethtool(gather: &mut Gather<'_>, device: &str) -> Dict {
    let mut fact = Dict::new();
    if let Some(out) = gather.output(&["ethtool", "-k", device]) {
        let pairs = out.lines().filter_map(|line| line.split_once(": "));
        let features = pairs.map(|(key, value)| (Value::from(key.trim().replace('-', "_")), Value::str(value.trim())));
        fact.insert("features", features.collect::<Dict>());
    }
    if let Some(out) = gather.output(&["ethtool", "-T", device]) {
        fact.insert("timestamping", words_after(&out, "SOF_TIMESTAMPING_"));
        fact.insert("hw_timestamp_filters", words_after(&out, "HWTSTAMP_FILTER_"));
        if let Some(index) = find(r"PTP Hardware Clock: (\d+)", &out).and_then(|text| text.parse::<i64>().ok()) {
            fact.insert("phc_index", index);
        }
    }
    fact
}

fn words_after(text: &str, prefix: &str) -> Vec<Value> {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let word = |rest: &str| rest.split(ends).next().unwrap_or_default().to_lowercase();
    text.split(prefix).skip(1).map(|rest| word(rest).into()).collect()
}

impl Picture {
    fn add(&mut self, device: &str, address: &Address) {
        match address.local {
            IpAddr::V4(ip) => self.add_ipv4(device, ip, address),
            IpAddr::V6(ip) => self.add_ipv6(device, ip, address),
        }
    }

    fn add_ipv4(&mut self, device: &str, ip: Ipv4Addr, address: &Address) {
        // the far end's network says nothing of ours
        let prefix = if address.peer.is_some() { 32 } else { address.prefix };
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
        let mut fact = Dict::new();
        fact.insert("address", ip.to_string());
        fact.insert(
            "broadcast",
            address.broadcast.filter(|_| address.peer.is_none()).map_or(String::new(), |ip| ip.to_string()),
        );
        fact.insert("netmask", Ipv4Addr::from(mask).to_string());
        fact.insert("network", Ipv4Addr::from(u32::from(ip) & mask).to_string());
        fact.insert("prefix", prefix.to_string());
        let label = address.label.as_deref().unwrap_or(device);
        if self.default_ipv4.get("address") == fact.get("address") {
            self.default_ipv4.extend(fact.clone());
            self.describe_default(device, false);
            self.default_ipv4.insert("alias", label);
        }
        if !ip.is_loopback() {
            self.all[0].push(ip.to_string().into());
        }
        if label != device && self.interfaces.get(label).is_none() {
            self.interfaces.insert(label, Dict::new());
        }
        let first = !address.secondary && self.interfaces.get(label).is_some_and(|known| known.get("ipv4").is_none());
        if first {
            change(&mut self.interfaces, label, |known| {
                known.insert("ipv4", fact);
            });
            return;
        }
        push(&mut self.interfaces, label, "ipv4_secondaries", fact.clone());
        if address.secondary && label != device {
            push(&mut self.interfaces, device, "ipv4_secondaries", fact);
        }
    }

    fn add_ipv6(&mut self, device: &str, ip: Ipv6Addr, address: &Address) {
        let mut fact = one("address", ip.to_string());
        fact.insert("prefix", address.prefix.to_string());
        fact.insert(
            "scope",
            match address.scope {
                0 => "global".to_string(),
                200 => "site".to_string(),
                253 => "link".to_string(),
                254 => "host".to_string(),
                other => other.to_string(),
            },
        );
        if self.default_ipv6.get("address") == fact.get("address") {
            self.default_ipv6.extend(fact.clone());
            self.describe_default(device, true);
        }
        if !ip.is_loopback() {
            self.all[1].push(ip.to_string().into());
        }
        push(&mut self.interfaces, device, "ipv6", fact);
    }

    fn describe_default(&mut self, device: &str, six: bool) {
        let known = self.interfaces.get(device).cloned().unwrap_or_default();
        let way = if six { &mut self.default_ipv6 } else { &mut self.default_ipv4 };
        way.insert("macaddress", file(device, "address").unwrap_or_default());
        for key in ["mtu", "type"] {
            way.insert(key, known.get(key).cloned().unwrap_or_default());
        }
    }

    fn facts(self) -> Dict {
        let mut facts = Dict::new();
        let [ipv4, ipv6] = self.all;
        let plain = |name: &Value| Value::from(name.to_text().replace(':', "_"));
        facts.insert("interfaces", self.interfaces.keys().map(plain).collect::<Vec<_>>());
        facts.extend(self.interfaces.iter().map(|(name, fact)| (plain(name), fact.clone())));
        facts.insert("default_ipv4", self.default_ipv4);
        facts.insert("default_ipv6", self.default_ipv6);
        facts.insert("all_ipv4_addresses", ipv4);
        facts.insert("all_ipv6_addresses", ipv6);
        let mut reachable = Dict::new();
        for (key, six) in [("ipv4", false), ("ipv6", true)] {
            reachable.insert(key, local_networks(six));
        }
        facts.insert("locally_reachable_ips", reachable);
        facts
    }
}

fn local_networks(six: bool) -> Vec<Value> {
    let full = if six { 128 } else { 32 };
    let mut texts: Vec<Value> = Vec::new();
    for (ip, prefix) in netlink::local_networks(six).unwrap_or_default() {
        let text = Value::from(if prefix == full { ip.to_string() } else { format!("{ip}/{prefix}") });
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Changes one interface's facts.
fn change(interfaces: &mut Dict, name: &str, how: impl FnOnce(&mut Dict)) {
    let mut fact = interfaces.get(name).and_then(Value::as_dict).cloned().unwrap_or_default();
    how(&mut fact);
    interfaces.insert(name, fact);
}

/// Adds to a list among one interface's facts.
fn push(interfaces: &mut Dict, name: &str, key: &str, item: Dict) {
    change(interfaces, name, |fact| {
        let mut items = fact.get(key).and_then(Value::as_slice).map(<[Value]>::to_vec).unwrap_or_default();
        items.push(Value::dict(item));
        fact.insert(key, items);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let mut interfaces = Dict::new();
        interfaces.insert("eth0", one("device", "eth0"));
        let default_ipv4 = one("address", "10.1.2.3");
        Picture { interfaces, default_ipv4, default_ipv6: Dict::new(), all: [Vec::new(), Vec::new()] }
    }

    fn address(local: [u8; 4], prefix: u8, label: &str, secondary: bool) -> Address {
        let label = Some(label.to_string());
        Address { index: 2, local: local.into(), peer: None, prefix, broadcast: None, label, scope: 0, secondary }
    }

    #[test]
    fn addresses_find_their_place() {
        let mut picture = picture();
        picture.add("eth0", &address([10, 1, 2, 3], 16, "eth0", false));
        picture.add("eth0", &address([10, 9, 9, 9], 24, "eth0:1", false));
        picture.add("eth0", &address([10, 1, 2, 4], 16, "eth0", true));
        let facts = picture.facts();
        let eth0 = facts.get("eth0").unwrap();
        assert_eq!(eth0.get("ipv4").unwrap().get("network"), Some(&"10.1.0.0".into()));
        assert_eq!(eth0.get("ipv4_secondaries").unwrap().as_slice().unwrap().len(), 1);
        assert_eq!(facts.get("eth0_1").unwrap().get("ipv4").unwrap().get("netmask"), Some(&"255.255.255.0".into()));
        assert_eq!(facts.get("default_ipv4").unwrap().get("netmask"), Some(&"255.255.0.0".into()));
        assert_eq!(facts.get("all_ipv4_addresses").unwrap().as_slice().unwrap().len(), 3);
    }
}
