//! `distribution`: name, version, release and family, by the file that tells best.

use super::gather::{Gather, content, find, lines};
use super::os_release::{self, Identity};
use crate::value::Dict;
use std::path::Path;

/// The files, in the order they are asked, and the distribution whose kind of file each is.
const FILES: [(&str, &str); 23] = [
    ("/etc/altlinux-release", "Altlinux"),
    ("/etc/oracle-release", "OracleLinux"),
    ("/etc/slackware-version", "Slackware"),
    ("/etc/centos-release", "CentOS"),
    ("/etc/redhat-release", "RedHat"),
    ("/etc/vmware-release", "VMwareESX"),
    ("/etc/openwrt_release", "OpenWrt"),
    ("/etc/os-release", "Amazon"),
    ("/etc/system-release", "Amazon"),
    ("/etc/alpine-release", "Alpine"),
    ("/etc/arch-release", "Archlinux"),
    ("/etc/os-release", "Archlinux"),
    ("/etc/os-release", "SUSE"),
    ("/etc/SuSE-release", "SUSE"),
    ("/etc/gentoo-release", "Gentoo"),
    ("/etc/os-release", "Debian"),
    ("/etc/lsb-release", "Debian"),
    ("/etc/lsb-release", "Mandriva"),
    ("/etc/sourcemage-release", "SMGL"),
    ("/usr/lib/os-release", "ClearLinux"),
    ("/etc/coreos/update.conf", "Coreos"),
    ("/etc/os-release", "Flatcar"),
    ("/etc/os-release", "NA"),
];

/// These tell by being there, even empty.
const MAY_BE_EMPTY: [(&str, &str); 2] = [("/etc/vmware-release", "VMwareESX"), ("/etc/arch-release", "Archlinux")];

const FAMILIES: [(&str, &[&str]); 11] = [
    (
        "RedHat",
        &[
            "RedHat",
            "RHEL",
            "Fedora",
            "CentOS",
            "Scientific",
            "SLC",
            "Ascendos",
            "CloudLinux",
            "PSBM",
            "OracleLinux",
            "OVS",
            "OEL",
            "Amazon",
            "Amzn",
            "Virtuozzo",
            "XenServer",
            "Alibaba",
            "EulerOS",
            "openEuler",
            "AlmaLinux",
            "Rocky",
            "TencentOS",
            "EuroLinux",
            "Kylin Linux Advanced Server",
            "MIRACLE",
        ],
    ),
    (
        "Debian",
        &[
            "Debian",
            "Ubuntu",
            "Raspbian",
            "Neon",
            "KDE neon",
            "Linux Mint",
            "SteamOS",
            "Devuan",
            "Kali",
            "Cumulus Linux",
            "Pop!_OS",
            "Parrot",
            "Pardus GNU/Linux",
            "Uos",
            "Deepin",
            "OSMC",
            "Linux Mint Debian Edition",
        ],
    ),
    (
        "Suse",
        &[
            "SuSE",
            "SLES",
            "SLED",
            "openSUSE",
            "openSUSE Tumbleweed",
            "SLES_SAP",
            "SUSE_LINUX",
            "openSUSE Leap",
            "ALP-Dolomite",
            "SL-Micro",
            "openSUSE MicroOS",
        ],
    ),
    ("Archlinux", &["Archlinux", "Antergos", "Manjaro"]),
    ("Mandrake", &["Mandrake", "Mandriva"]),
    ("Slackware", &["Slackware"]),
    ("Altlinux", &["Altlinux"]),
    ("SMGL", &["SMGL"]),
    ("Gentoo", &["Gentoo", "Funtoo"]),
    ("Alpine", &["Alpine"]),
    ("ClearLinux", &["Clear Linux OS", "Clear Linux Mix"]),
];

/// Collects them.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let identity = os_release::identity(gather);
    let mut facts = guess(&identity);
    if let Some((path, name, told)) = FILES.iter().find_map(|(path, name)| read(path, name, &identity, &facts)) {
        facts.insert("distribution", name);
        facts.insert("distribution_file_path", path);
        facts.insert("distribution_file_variety", name);
        if let Some(told) = told {
            facts.insert("distribution_file_parsed", true);
            facts.extend(told);
        }
    }
    let name = facts.get("distribution").map(|value| value.to_text().into_owned()).unwrap_or_default();
    facts.insert("os_family", family(&name));
    facts
}

fn family(name: &str) -> &str {
    FAMILIES.iter().find(|(_, names)| names.contains(&name)).map_or(name, |(family, _)| family)
}

/// What the identity alone tells.
fn guess(identity: &Identity) -> Dict {
    let mut initial = identity.id.chars();
    let capital: String = initial.next().into_iter().flat_map(char::to_uppercase).chain(initial).collect();
    let name = match capital.as_str() {
        "Amzn" => "Amazon",
        "Rhel" => "Redhat",
        "" => "OtherLinux",
        other => other,
    };
    let or_na = |text: &str| if text.is_empty() { "NA".to_string() } else { text.to_string() };
    let mut facts = Dict::new();
    facts.insert("distribution", name);
    facts.insert("distribution_version", or_na(&identity.version));
    facts.insert("distribution_release", identity.codename.as_deref().unwrap_or("NA"));
    facts.insert("distribution_major_version", or_na(or_na(&identity.version).split('.').next().unwrap_or_default()));
    facts
}

type Told = (&'static str, &'static str, Option<Dict>);

fn read(path: &'static str, name: &'static str, identity: &Identity, known: &Dict) -> Option<Told> {
    let size = std::fs::metadata(path).ok().filter(|meta| meta.is_file())?.len();
    if MAY_BE_EMPTY.contains(&(path, name)) {
        return Some((path, name, None));
    }
    if size == 0 {
        return None;
    }
    let content = content(path)?;
    let content = content.trim_matches(&['\'', '"', '\\'][..]);
    parse(name, path, content, identity, known).map(|told| (path, name, Some(told)))
}

/// What a file of this kind tells; nothing when it is not of this kind after all.
fn parse(name: &str, path: &str, data: &str, identity: &Identity, known: &Dict) -> Option<Dict> {
    let mut told = Facts::new();
    match name {
        "OracleLinux" => told.by_words(name, "Oracle Linux", data),
        "RedHat" => told.by_words(name, "Red Hat", data),
        "Altlinux" => told.by_words(name, "ALT", data),
        "SMGL" => told.by_words(name, "Source Mage GNU/Linux", data),
        "Archlinux" => data.contains("Arch Linux").then(|| told.set("distribution", name))?,
        "Slackware" => {
            data.contains("Slackware").then_some(())?;
            told.set("distribution", name);
            told.found("distribution_version", r"(\w+[.]\w+\+?)", data);
        }
        "Amazon" => amazon(&mut told, path, data)?,
        "OpenWrt" | "Mandriva" => {
            data.contains(name).then_some(())?;
            told.set("distribution", name);
            told.found("distribution_version", "DISTRIB_RELEASE=\"(.*)\"", data);
            told.found("distribution_release", "DISTRIB_CODENAME=\"(.*)\"", data);
        }
        "Alpine" => {
            told.set("distribution", name);
            told.set("distribution_version", data);
        }
        "SUSE" => suse(&mut told, path, data, known)?,
        "Debian" => debian(&mut told, path, data)?,
        "CentOS" if data.contains("CentOS Stream") => told.set("distribution_release", "Stream"),
        "CentOS" if data.contains("TencentOS Server") => told.set("distribution", "TencentOS"),
        "ClearLinux" => clear_linux(&mut told, data)?,
        "Coreos" => {
            (identity.id == "coreos").then_some(())?;
            if let Some(group) = find("^GROUP=(.*)", data) {
                told.set("distribution_release", group.trim_matches('"'));
            }
        }
        "Flatcar" => {
            (identity.id == "flatcar").then_some(())?;
            if let Some(version) = find("VERSION=(.*)", data) {
                let version = version.trim_matches('"');
                told.set("distribution_major_version", version.split('.').next().unwrap_or_default());
                told.set("distribution_version", version);
            }
        }
        "NA" => {
            for line in data.lines() {
                if let Some(name) = line.strip_prefix("NAME=") {
                    told.set("distribution", name.trim_matches('"'));
                }
                let unknown = known.get("distribution_version").and_then(|version| version.as_str()) == Some("NA");
                if let Some(version) = line.strip_prefix("VERSION=").filter(|_| unknown) {
                    told.set("distribution_version", version.trim_matches('"'));
                }
            }
        }
        _ => return None,
    }
    Some(told.0)
}

/// The facts that a file tells.
struct Facts(Dict);

impl Facts {
    fn new() -> Facts {
        Facts(Dict::new())
    }

    fn set(&mut self, key: &str, value: &str) {
        self.0.insert(key, value);
    }

    /// Sets what a pattern finds; whether it did.
    fn found(&mut self, key: &str, pattern: &str, data: &str) -> bool {
        let found = find(pattern, data);
        found.iter().for_each(|text| self.set(key, text));
        found.is_some()
    }

    /// The version of `VERSION_ID="..."`, and its part before the first point.
    fn version_id(&mut self, data: &str) {
        if let Some(version) = find("VERSION_ID=\"(.*)\"", data) {
            self.set("distribution_version", &version);
            self.set("distribution_major_version", version.split('.').next().unwrap_or_default());
        }
    }

    /// By words that the file must hold; else its first word is the name.
    fn by_words(&mut self, name: &str, words: &str, data: &str) {
        if data.contains(words) {
            self.set("distribution", name);
            self.set("distribution_file_search_string", words);
        } else {
            self.set("distribution", data.split_whitespace().next().unwrap_or(name));
        }
    }
}

fn amazon(told: &mut Facts, path: &str, data: &str) -> Option<()> {
    data.contains("Amazon").then_some(())?;
    told.set("distribution", "Amazon");
    if path == "/etc/os-release" {
        if let Some(version) = find("VERSION_ID=\"(.*)\"", data) {
            let (major, minor) = version.split_once('.').unwrap_or((&version, "NA"));
            told.set("distribution_version", &version);
            told.set("distribution_major_version", major);
            told.set("distribution_minor_version", minor);
        }
    } else {
        let number = data.split_whitespace().find(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        told.set("distribution_version", number.unwrap_or("NA"));
    }
    Some(())
}

fn clear_linux(told: &mut Facts, data: &str) -> Option<()> {
    if let Some(name) = find("NAME=\"(.*)\"", data) {
        name.contains("Clear Linux").then_some(())?;
        told.set("distribution", &name);
    }
    told.found("distribution_major_version", "VERSION_ID=(.*)", data);
    told.found("distribution_version", "VERSION_ID=(.*)", data);
    told.found("distribution_release", "ID=(.*)", data);
    Some(())
}

fn suse(told: &mut Facts, path: &str, data: &str, known: &Dict) -> Option<()> {
    let lower = data.to_lowercase();
    lower.contains("suse").then_some(())?;
    let (open, enterprise) = (lower.contains("open"), lower.contains("enterprise"));
    if path == "/etc/os-release" {
        for line in data.lines() {
            if let Some(name) = line.strip_prefix("NAME=") {
                told.set("distribution", name.trim_matches('"'));
            }
            if let Some(version) = find(r#"^VERSION_ID="?([0-9]+\.?[0-9]*)"?"#, line) {
                told.set("distribution_major_version", version.split('.').next().unwrap_or_default());
                told.set("distribution_version", &version);
            }
            if let Some(minor) = find(r#"^VERSION_ID="?[0-9]+\.?([0-9]*)"?"#, line) {
                // SLES has numbers for release names, and its first release none
                let release = if !open && minor.is_empty() { "0" } else { &minor };
                if open || enterprise {
                    told.set("distribution_release", release);
                }
            }
        }
    } else if open {
        told.set("distribution", data.split_whitespace().next().unwrap_or_default());
        told.found("distribution_release", r"CODENAME *= *([^\n]*\S)", data);
    } else if enterprise {
        told.set("distribution", data.split_whitespace().next().unwrap_or_default());
        if let Some(kind) = [("Server", "SLES"), ("Desktop", "SLED")].iter().find(|(word, _)| data.contains(word)) {
            told.set("distribution", kind.1);
        }
        if let Some(level) = find("PATCHLEVEL = ([0-9]+)", data) {
            let version = known.get("distribution_version").map(|value| value.to_text().into_owned());
            told.set("distribution_version", &format!("{}.{level}", version.unwrap_or_default()));
            told.set("distribution_release", &level);
        }
    }
    suse_variant(told, data);
    Some(())
}

fn suse_variant(told: &mut Facts, data: &str) {
    let variant = find("(?m)^VARIANT_ID=\"?([^\"\\n]*)\"?", data);
    let product = || Path::new("/etc/products.d/baseproduct").canonicalize().ok();
    let product = product().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
    match (variant.as_deref(), product.as_deref()) {
        (Some("server-sap" | "sles-sap"), _) | (None, Some("SLES_SAP.prod")) => told.set("distribution", "SLES_SAP"),
        (Some("transactional"), _) | (None, Some("SL-Micro.prod")) => told.set("distribution", "SL-Micro"),
        _ => {}
    }
}

fn debian(told: &mut Facts, path: &str, data: &str) -> Option<()> {
    let has = |words: &[&str]| words.iter().any(|word| data.contains(word));
    if has(&["Debian", "Raspbian"]) {
        told.set("distribution", "Debian");
        told.found("distribution_release", r"PRETTY_NAME=[^(]+ \(?([^)]+?)\)", data);
        for line in lines("/etc/debian_version") {
            told.found("distribution_minor_version", r"\d+\.(\d+)", &line);
        }
    } else if has(&["Ubuntu"]) {
        told.set("distribution", "Ubuntu");
    } else if has(&["SteamOS"]) {
        told.set("distribution", "SteamOS");
    } else if has(&["Kali", "Parrot"]) && ["/etc/lsb-release", "/etc/os-release"].contains(&path) {
        told.set("distribution", if has(&["Kali"]) { "Kali" } else { "Parrot" });
        told.found("distribution_release", "DISTRIB_RELEASE=(.*)", data);
    } else if has(&["Devuan"]) {
        told.set("distribution", "Devuan");
        told.found("distribution_release", r#"PRETTY_NAME="?[^("]+ \(?([^) "]+)\)?"#, data);
        told.version_id(data);
    } else if has(&["Cumulus"]) {
        told.set("distribution", "Cumulus Linux");
        if told.found("distribution_version", "VERSION_ID=(.*)", data) {
            told.found("distribution_major_version", r"VERSION_ID=([^.\n]*)", data);
        }
        told.found("distribution_release", "VERSION=\"(.*)\"", data);
    } else if has(&["Mint"]) {
        told.set("distribution", "Linux Mint");
        told.version_id(data);
    } else if has(&["UOS", "Uos", "uos", "Deepin", "deepin"]) {
        told.set("distribution", if has(&["UOS", "Uos", "uos"]) { "Uos" } else { "Deepin" });
        told.found("distribution_release", "VERSION_CODENAME=\"?([^\"]+)\"?", data);
        told.version_id(data);
    } else if has(&["LMDE"]) {
        told.set("distribution", "Linux Mint Debian Edition");
    } else {
        return None;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, path: &str, data: &str) -> Option<Dict> {
        parse(name, path, data, &Identity::default(), &Dict::new())
    }

    fn text(facts: &Option<Dict>, key: &str) -> String {
        facts.as_ref().and_then(|facts| facts.get(key)).map(|value| value.to_text().into_owned()).unwrap_or_default()
    }

    #[test]
    fn red_hats_and_their_kin() {
        let redhat = told("RedHat", "/etc/redhat-release", "Red Hat Enterprise Linux release 9.4 (Plow)");
        assert_eq!(text(&redhat, "distribution"), "RedHat");
        assert_eq!(
            text(&told("RedHat", "/etc/redhat-release", "Rocky Linux release 9.4 (Blue Onyx)"), "distribution"),
            "Rocky"
        );
        assert!(told("CentOS", "/etc/centos-release", "CentOS Linux release 7.9.2009 (Core)").is_none());
        assert_eq!(
            text(&told("CentOS", "/etc/centos-release", "CentOS Stream release 9"), "distribution_release"),
            "Stream"
        );
        assert_eq!(family("Rocky"), "RedHat");
    }

    #[test]
    fn suse_by_its_os_release() {
        let leap = told("SUSE", "/etc/os-release", "NAME=\"openSUSE Leap\"\nVERSION_ID=\"15.5\"\n");
        assert_eq!(text(&leap, "distribution"), "openSUSE Leap");
        assert_eq!(text(&leap, "distribution_release"), "5");
        let sles = told(
            "SUSE",
            "/etc/os-release",
            "NAME=\"SLES\"\nVERSION_ID=\"15\"\nPRETTY_NAME=\"SUSE Linux Enterprise Server 15\"\n",
        );
        assert_eq!(
            (text(&sles, "distribution_version"), text(&sles, "distribution_release")),
            ("15".into(), "0".into())
        );
        assert_eq!(family("SLES"), "Suse");
    }

    #[test]
    fn debians_kin() {
        let ubuntu = "NAME=\"Ubuntu\"\nID_LIKE=debian\nVERSION_ID=\"22.04\"\nPRETTY_NAME=\"Ubuntu 22.04.4 LTS\"\n";
        assert_eq!(text(&told("Debian", "/etc/os-release", ubuntu), "distribution"), "Ubuntu");
        let mint = "NAME=\"Linux Mint\"\nVERSION_ID=\"21.3\"\n";
        assert_eq!(text(&told("Debian", "/etc/os-release", mint), "distribution_major_version"), "21");
        assert!(told("Debian", "/etc/os-release", "NAME=\"Fedora Linux\"").is_none());
    }
}
