//! The processors and the memory of `hardware`.

use super::gather::{Gather, content, exists, lines};
use crate::value::{Dict, Value};

/// Collects the processors.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let text = content("/proc/cpuinfo").unwrap_or_default();
    let xen = exists("/proc/xen") || content("/sys/hypervisor/type").as_deref() == Some("xen");
    let allowed = lines("/proc/self/status").iter().find_map(|line| line.strip_prefix("Cpus_allowed:").map(count_bits));
    parse(&text, gather.known("architecture"), xen, allowed)
}

fn count_bits(mask: &str) -> i64 {
    mask.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| i64::from(digit.count_ones())).sum()
}

/// What the lines of `/proc/cpuinfo` count up to.
#[derive(Default)]
struct Counts {
    listed: Vec<Value>,
    flags: Vec<Value>,
    vendors: i64,
    models: i64,
    processors: i64,
    /// Cores of each socket, by first appearance.
    sockets: Vec<(String, i64)>,
    /// Threads of each core's socket, by first appearance.
    cores: Vec<(String, i64)>,
    socket: String,
    core: String,
    total: i64,
    mainframe: (i64, i64),
    without_vme: bool,
}

impl Counts {
    fn line(&mut self, key: &str, value: &str) {
        let number = || value.parse::<i64>().unwrap_or(0);
        match key {
            "flags" => {
                self.flags = value.split_whitespace().map(Value::str).collect();
                self.without_vme |= !value.contains("vme");
            }
            "model name" | "Processor" | "vendor_id" | "cpu" | "Vendor" | "processor" => {
                self.listed.push(value.into());
                self.vendors += i64::from(key == "vendor_id");
                self.models += i64::from(key == "model name");
                self.processors += i64::from(key == "processor");
                self.total += 1;
            }
            "physical id" => {
                self.socket = value.to_string();
                entry(&mut self.sockets, &self.socket);
            }
            "core id" => {
                self.core = value.to_string();
                entry(&mut self.cores, &self.core);
            }
            "cpu cores" => *entry(&mut self.sockets, &self.socket) = number(),
            "siblings" => *entry(&mut self.cores, &self.core) = number(),
            "# processors" => self.mainframe.0 = number(),
            "max thread id" => self.mainframe.1 = number() + 1,
            "ncpus active" => self.total = number(),
            _ => {}
        }
    }
}

fn entry<'a>(counts: &'a mut Vec<(String, i64)>, key: &str) -> &'a mut i64 {
    let at = counts.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
        counts.push((key.to_string(), 1));
        counts.len() - 1
    });
    &mut counts[at].1
}

fn parse(cpuinfo: &str, architecture: &str, xen: bool, allowed: Option<i64>) -> Dict {
    let mut counts = Counts::default();
    for line in cpuinfo.lines() {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        counts.line(key.trim(), value.trim());
    }
    let mut facts = Dict::new();
    if cpuinfo.is_empty() {
        return facts;
    }
    facts.insert("processor", counts.listed);
    if !counts.flags.is_empty() {
        facts.insert("flags", counts.flags);
    }
    let mut total = counts.total;
    if counts.vendors > 0 && counts.vendors == counts.models {
        total = counts.vendors;
    }
    if ["armv", "aarch", "ppc"].iter().any(|family| architecture.starts_with(family)) {
        total = counts.processors;
    }
    let (sockets, cores, threads, vcpus, nproc) = if architecture == "s390x" {
        let (processors, threads) = counts.mainframe;
        (1, processors / threads.max(1), threads, processors, processors)
    } else if xen && counts.without_vme {
        // a paravirtualised guest sees processors one by one, without sockets and cores
        (total, total, 1, total, total)
    } else {
        let sockets = if counts.sockets.is_empty() { total } else { counts.sockets.len() as i64 };
        let cores = counts.sockets.first().map_or(1, |(_, cores)| (*cores).max(1));
        let siblings = counts.cores.first().map_or(1, |(_, threads)| *threads);
        let threads = round_half_even(siblings, cores);
        (sockets, cores, threads, threads * sockets * cores, counts.processors)
    };
    facts.insert("processor_count", sockets);
    facts.insert("processor_cores", cores);
    facts.insert("processor_threads_per_core", threads);
    facts.insert("processor_vcpus", vcpus);
    facts.insert("processor_nproc", allowed.unwrap_or(nproc));
    facts
}

/// Python's `round(a / b)`.
fn round_half_even(a: i64, b: i64) -> i64 {
    (a as f64 / b as f64).round_ties_even() as i64
}

/// Collects the memory.
pub fn memory(_: &mut Gather<'_>) -> Dict {
    parse_memory(&content("/proc/meminfo").unwrap_or_default())
}

fn parse_memory(meminfo: &str) -> Dict {
    let mb = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<i64>().ok().map(|kilobytes| kilobytes / 1024)
    };
    let mut facts = Dict::new();
    if meminfo.is_empty() {
        return facts;
    }
    let names = ["MemTotal", "SwapTotal", "MemFree", "SwapFree", "Buffers", "Cached", "SwapCached"];
    let [total, swap_total, free, swap_free, buffers, cached, swap_cached] = names.map(mb);
    let minus = |a: Option<i64>, b: Option<i64>| Some(a? - b?);
    for (key, value) in
        [("memtotal_mb", total), ("memfree_mb", free), ("swaptotal_mb", swap_total), ("swapfree_mb", swap_free)]
    {
        if let Some(value) = value {
            facts.insert(key, value);
        }
    }
    let without_cache = cached.zip(free).zip(buffers).map(|((cached, free), buffers)| cached + free + buffers);
    let group = |entries: &[(&'static str, Option<i64>)]| -> Dict {
        entries.iter().map(|(key, value)| (*key, Value::from(*value))).collect()
    };
    let mut memory = Dict::new();
    memory.insert("real", group(&[("total", total), ("used", minus(total, free)), ("free", free)]));
    memory.insert("nocache", group(&[("free", without_cache), ("used", minus(total, without_cache))]));
    let used = minus(swap_total, swap_free);
    memory
        .insert("swap", group(&[("total", swap_total), ("free", swap_free), ("used", used), ("cached", swap_cached)]));
    facts.insert("memory_mb", memory);
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(cpuinfo: &str, architecture: &str) -> [i64; 5] {
        let facts = parse(cpuinfo, architecture, false, None);
        ["count", "cores", "threads_per_core", "vcpus", "nproc"]
            .map(|key| facts.get(&format!("processor_{key}")).unwrap().as_i64().unwrap())
    }

    #[test]
    fn two_sockets_of_two_cores_with_two_threads() {
        let mut cpuinfo = String::new();
        for number in 0..8 {
            let (socket, core) = (number % 2, number / 2 % 2);
            cpuinfo.push_str(&format!(
                "processor\t: {number}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: {socket}\n\
                 siblings\t: 4\ncore id\t\t: {core}\ncpu cores\t: 2\nflags\t\t: fpu vme\n\n"
            ));
        }
        assert_eq!(counts(&cpuinfo, "x86_64"), [2, 2, 2, 8, 8]);
    }

    #[test]
    fn an_arm_counts_its_processors() {
        let cpuinfo = "processor\t: 0\nBogoMIPS\t: 50\n\nprocessor\t: 1\nBogoMIPS\t: 50\n";
        assert_eq!(counts(cpuinfo, "aarch64"), [2, 1, 1, 2, 2]);
    }

    #[test]
    fn memory_is_told_in_megabytes() {
        let facts = parse_memory(
            "MemTotal: 4096 kB\nMemFree: 1024 kB\nBuffers: 1024 kB\nCached: 1024 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nSwapCached: 0 kB\n",
        );
        assert_eq!(facts.get("memtotal_mb"), Some(&4.into()));
        let nocache = facts.get("memory_mb").unwrap().get("nocache").unwrap();
        assert_eq!((nocache.get("free"), nocache.get("used")), (Some(&3.into()), Some(&1.into())));
    }
}
