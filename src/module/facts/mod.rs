//! Facts of the host, subset by subset, read from `/proc`, `/sys` and `/etc`; a program is asked only where nothing else
//! tells. The `setup` module chooses among them.

mod date_time;
mod devices;
mod distribution;
mod dns;
pub mod gather;
mod ini;
mod kernel_line;
mod local;
mod lsb;
mod machine;
mod mounts;
mod netlink;
mod network;
pub mod os_release;
mod pkg_mgr;
pub mod platform;
mod processor;
mod python;
pub mod service_mgr;
pub mod small;
mod virtualization;

use crate::value::Dict;
use gather::Gather;

/// What collects the facts of a subset.
#[derive(Debug)]
pub struct Collector {
    /// The subset's name.
    pub name: &'static str,
    /// Names of facts that call for the whole subset too.
    pub facts: &'static [&'static str],
    /// Subsets it builds upon.
    pub needs: &'static [&'static str],
    /// What its facts' names begin with.
    pub prefix: &'static str,
    /// Collects, giving names without prefix.
    pub collect: fn(&mut Gather<'_>) -> Dict,
}

const fn subset(name: &'static str, facts: &'static [&'static str], collect: fn(&mut Gather<'_>) -> Dict) -> Collector {
    Collector { name, facts, needs: &[], prefix: "ansible_", collect }
}

/// The subsets, each after those it needs.
pub const COLLECTORS: &[Collector] = &[
    subset(
        "platform",
        &["system", "kernel", "kernel_version", "machine", "python_version", "architecture", "machine_id"],
        platform::collect,
    ),
    subset(
        "distribution",
        &["distribution_version", "distribution_release", "distribution_major_version", "os_family"],
        distribution::collect,
    ),
    subset("lsb", &[], lsb::collect),
    subset("selinux", &[], small::selinux),
    subset("apparmor", &[], small::apparmor),
    subset("chroot", &["is_chroot"], small::chroot),
    subset("fips", &[], small::fips),
    subset("python", &[], python::collect),
    subset("caps", &["system_capabilities", "system_capabilities_enforced"], small::caps),
    Collector { needs: &["distribution"], ..subset("pkg_mgr", &[], pkg_mgr::collect) },
    Collector { needs: &["platform", "distribution"], ..subset("service_mgr", &[], service_mgr::collect) },
    subset("cmdline", &[], kernel_line::collect),
    subset("date_time", &[], date_time::collect),
    subset("env", &[], small::env),
    subset("loadavg", &[], small::loadavg),
    subset(
        "ssh_pub_keys",
        &[
            "ssh_host_pub_keys",
            "ssh_host_key_dsa_public",
            "ssh_host_key_rsa_public",
            "ssh_host_key_ecdsa_public",
            "ssh_host_key_ed25519_public",
        ],
        small::ssh_pub_keys,
    ),
    subset(
        "user",
        &[
            "user_id",
            "user_uid",
            "user_gid",
            "user_gecos",
            "user_dir",
            "user_shell",
            "real_user_id",
            "effective_user_id",
            "effective_group_ids",
        ],
        small::user,
    ),
    subset("systemd", &[], service_mgr::systemd),
    subset(
        "virtual",
        &["virtualization_type", "virtualization_role", "virtualization_tech_guest", "virtualization_tech_host"],
        virtualization::collect,
    ),
    Collector {
        needs: &["platform"],
        ..subset("hardware", &["processor", "processor_cores", "processor_count", "mounts", "devices"], hardware)
    },
    subset("dns", &[], dns::collect),
    subset("fibre_channel_wwn", &[], small::fibre_channel),
    Collector {
        needs: &["distribution", "platform"],
        ..subset(
            "network",
            &["interfaces", "default_ipv4", "default_ipv6", "all_ipv4_addresses", "all_ipv6_addresses"],
            network::collect,
        )
    },
    subset("iscsi", &[], small::iscsi),
    subset("nvme", &[], small::nvme),
    subset("local", &[], local::collect),
    Collector { prefix: "facter_", ..subset("facter", &[], local::facter) },
    Collector { prefix: "ohai_", ..subset("ohai", &[], local::ohai) },
];

fn hardware(gather: &mut Gather<'_>) -> Dict {
    let parts = [
        processor::collect,
        processor::memory,
        machine::dmi,
        devices::collect,
        machine::uptime,
        machine::lvm,
        mounts::collect,
    ];
    let mut facts = Dict::new();
    for collect in parts {
        facts.extend(collect(gather));
    }
    facts
}
