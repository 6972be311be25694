//! `pkg_mgr`: the package manager that belongs to the distribution.

use super::gather::{Gather, exists};
use super::small::one;
use crate::value::Dict;

/// Where there are several, the last one found counts.
const MANAGERS: [(&str, &str); 26] = [
    ("/usr/bin/rpm-ostree", "atomic_container"),
    ("/usr/bin/yum", "dnf"),
    ("/usr/bin/dnf-3", "dnf"),
    ("/usr/bin/dnf5", "dnf5"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/sbin/urpmi", "urpmi"),
    ("/usr/bin/pacman", "pacman"),
    ("/bin/opkg", "opkg"),
    ("/usr/pkg/bin/pkgin", "pkgin"),
    ("/opt/local/bin/pkgin", "pkgin"),
    ("/opt/tools/bin/pkgin", "pkgin"),
    ("/opt/local/bin/port", "macports"),
    ("/usr/local/bin/brew", "homebrew"),
    ("/opt/homebrew/bin/brew", "homebrew"),
    ("/sbin/apk", "apk"),
    ("/usr/sbin/pkg", "pkgng"),
    ("/usr/sbin/swlist", "swdepot"),
    ("/usr/bin/emerge", "portage"),
    ("/usr/sbin/pkgadd", "svr4pkg"),
    ("/usr/bin/pkg", "pkg5"),
    ("/usr/bin/xbps-install", "xbps"),
    ("/usr/local/sbin/pkg", "pkgng"),
    ("/usr/bin/swupd", "swupd"),
    ("/usr/sbin/sorcery", "sorcery"),
    ("/usr/bin/installp", "installp"),
];

/// Collects it.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let family = gather.known("os_family").to_string();
    // on ALT, /usr/bin/pkg is a tool for Perl
    let counts = |path: &str| exists(path) && !(family == "Altlinux" && path == "/usr/bin/pkg");
    let found = MANAGERS.iter().rev().find(|(path, _)| counts(path)).map_or("unknown", |(_, name)| name);
    let name = match family.as_str() {
        "RedHat" => red_hat(),
        "Debian" => "apt",
        "Altlinux" if found == "apt" => "apt_rpm",
        _ => found,
    };
    one("pkg_mgr", if name == "apt" { apt_flavour(gather) } else { name })
}

/// `dnf` may stand for either generation; what it points to tells.
fn red_hat() -> &'static str {
    if exists("/run/ostree-booted") {
        return "atomic_container";
    }
    match ["/usr/bin/dnf", "/usr/bin/microdnf"].into_iter().find(|path| exists(path)) {
        Some(path) => match std::fs::canonicalize(path) {
            Ok(real) if real.as_os_str() == "/usr/bin/dnf5" => "dnf5",
            _ => "dnf",
        },
        None => "unknown",
    }
}

/// An apt that came in a package of rpm works on rpm.
fn apt_flavour(gather: &mut Gather<'_>) -> &'static str {
    let rpm = "/usr/bin/rpm";
    if exists(rpm) && gather.output(&[rpm, "-q", "--whatprovides", "/usr/bin/apt-get"]).is_some() {
        "apt_rpm"
    } else {
        "apt"
    }
}
