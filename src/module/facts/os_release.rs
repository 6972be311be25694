//! Which distribution this is by `os-release`, `lsb_release` and the old release files, most telling first.

use super::gather::{Gather, content, find, names};
use super::lsb;
use crate::pyregex;
use crate::value::Dict;

/// What is known of the distribution before its own files are looked at.
#[derive(Debug, Default, PartialEq)]
pub struct Identity {
    /// Lower case, as os-release's `ID`.
    pub id: String,
    /// The most exact version where that is wanted.
    pub version: String,
    /// `bookworm`; `None` where there is none, empty where the distribution says that it has none.
    pub codename: Option<String>,
}

/// Finds it.
pub fn identity(gather: &mut Gather<'_>) -> Identity {
    let os = ["/etc/os-release", "/usr/lib/os-release"].into_iter().find_map(content);
    let os = parse(&os.unwrap_or_default());
    let file = release_file();
    let needs_lsb = os.get("id").is_none() || os.get("version_id").is_none();
    let lsb = if needs_lsb { lsb::read(gather) } else { Dict::new() };
    judge(&os, &lsb, &file, content("/etc/debian_version").as_deref().unwrap_or(""))
}

fn text<'a>(dict: &'a Dict, key: &str) -> &'a str {
    dict.get(key).and_then(|value| value.as_str()).unwrap_or("")
}

fn judge(os: &Dict, lsb: &Dict, file: &Dict, debian_version: &str) -> Identity {
    let id = id(os, lsb, file);
    let from_pretty = parse_release_line(text(os, "pretty_name"));
    let from_description = parse_release_line(text(lsb, "description"));
    let mut versions = vec![
        text(os, "version_id"),
        text(lsb, "release"),
        text(file, "version_id"),
        text(&from_pretty, "version_id"),
        text(&from_description, "version_id"),
    ];
    if id == "debian" || text(os, "id_like").split_whitespace().any(|like| like == "debian") {
        versions.push(debian_version.lines().next().unwrap_or_default().trim());
    }
    let first = versions.iter().find(|version| !version.is_empty()).copied().unwrap_or_default();
    let dots = |version: &str| version.matches('.').count();
    let best = versions
        .iter()
        .copied()
        .filter(|version| !version.is_empty())
        .fold("", |best, version| if best.is_empty() || dots(version) > dots(best) { version } else { best });
    let version = match id.as_str() {
        // the users of CentOS want the minor number, but not the date behind it
        "centos" => best.split('.').take(2).collect::<Vec<_>>().join("."),
        "debian" => best.to_string(),
        _ => first.to_string(),
    };
    Identity { version, codename: codename(os, lsb, file, &id), id }
}

fn id(os: &Dict, lsb: &Dict, file: &Dict) -> String {
    let plain = |id: &str| id.to_lowercase().replace(' ', "_");
    match (text(os, "id"), text(lsb, "id"), text(file, "id")) {
        (id, _, _) if !id.is_empty() => match plain(id).as_str() {
            "ol" => "oracle".to_string(),
            "opensuse-leap" => "opensuse".to_string(),
            id => id.to_string(),
        },
        (_, id, _) if !id.is_empty() => match plain(id).as_str() {
            "enterpriseenterpriseas" | "enterpriseenterpriseserver" => "oracle".to_string(),
            "redhatenterpriseworkstation" | "redhatenterpriseserver" | "redhatenterprisecomputenode" => {
                "rhel".to_string()
            }
            id => id.to_string(),
        },
        (_, _, id) if plain(id) == "redhat" => "rhel".to_string(),
        (_, _, id) => plain(id),
    }
}

fn codename(os: &Dict, lsb: &Dict, file: &Dict, id: &str) -> Option<String> {
    let own = |dict: &Dict, key: &str| dict.get(key).and_then(|value| value.as_str()).map(String::from);
    own(os, "version_codename")
        .or_else(|| own(os, "ubuntu_codename"))
        .or_else(|| own(lsb, "codename").filter(|_| id == "ubuntu"))
        .or_else(|| {
            let in_version =
                find(r"\((\D+)\)", text(os, "version")).or_else(|| find(r",\s*(\D+)", text(os, "version")));
            in_version
                .or_else(|| own(lsb, "codename"))
                .or_else(|| own(file, "codename"))
                .filter(|name| !name.is_empty())
        })
}

/// `os-release`: assignments as a shell reads them, keys in lower case.
fn parse(content: &str) -> Dict {
    let mut values = Dict::new();
    for line in content.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Ok(words) = super::super::shlex::split(line) else { continue };
        for (key, value) in words.iter().filter_map(|word| word.split_once('=')) {
            values.insert(key.to_lowercase(), value);
        }
    }
    values
}

/// The first file in `/etc` that is named like a release file and holds something.
fn release_file() -> Dict {
    const OTHERS: [&str; 9] = [
        "debian_version",
        "lsb-release",
        "oem-release",
        "os-release",
        "system-release",
        "plesk-release",
        "iredmail-release",
        "board-release",
        "ec2_version",
    ];
    for name in names("/etc").iter().filter(|name| !OTHERS.contains(&name.as_str())) {
        let Some(id) = find(r"^(\w+)[-_](?:release|version)$", name) else { continue };
        let Some(content) = content(format!("/etc/{name}")) else { continue };
        let mut values = parse_release_line(content.lines().next().unwrap_or_default());
        if values.contains("name") {
            let cloud = text(&values, "name").to_lowercase().contains("cloudlinux");
            values.insert("id", if cloud { "cloudlinux".to_string() } else { id });
            return values;
        }
    }
    Dict::new()
}

/// `Name release 1.2 (Codename)`: the version is the last number in it.
fn parse_release_line(line: &str) -> Dict {
    let line = line.trim();
    let mut values = Dict::new();
    if line.is_empty() {
        return values;
    }
    let pattern = r"^(.+?)(?: *release)? *(?<![\w.+-])(\d[\d.+\-a-z]*)(?: LTS)? *(?:\((.*)\)[^)]*)?$";
    let regex = pyregex::compile(pattern, pyregex::Flags::default()).ok();
    match regex.and_then(|regex| regex.search(line).ok().flatten()) {
        Some(found) => {
            for (at, key) in [(1, "name"), (2, "version_id"), (3, "codename")] {
                if let Some(text) = found.group(line, at).filter(|text| !text.is_empty()) {
                    values.insert(key, text.trim_end());
                }
            }
        }
        None => {
            values.insert("name", line);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(os: &str, file: &str, debian_version: &str) -> Identity {
        let mut file = parse_release_line(file);
        if !file.is_empty() {
            file.insert("id", "redhat");
        }
        judge(&parse(os), &Dict::new(), &file, debian_version)
    }

    #[test]
    fn distributions_are_told_apart() {
        let debian =
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        let identity = known(debian, "", "12.11\n");
        assert_eq!((identity.id.as_str(), identity.version.as_str()), ("debian", "12.11"));
        assert_eq!(identity.codename.as_deref(), Some("bookworm"));

        let centos = "NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nVERSION_ID=\"7\"\n";
        let identity = known(centos, "CentOS Linux release 7.9.2009 (Core)", "");
        assert_eq!((identity.version.as_str(), identity.codename.as_deref()), ("7.9", Some("Core")));

        let identity = known("", "Red Hat Enterprise Linux Server release 6.10 (Santiago)", "");
        assert_eq!((identity.id.as_str(), identity.version.as_str()), ("rhel", "6.10"));
        assert_eq!(identity.codename.as_deref(), Some("Santiago"));

        let identity = known("ID=\"ol\"\nVERSION=\"8.9\"\nVERSION_ID=\"8.9\"\n", "", "");
        assert_eq!((identity.id.as_str(), identity.codename), ("oracle", None));
    }

    #[test]
    fn release_lines_give_name_version_and_codename() {
        let parts = |line| {
            let values = parse_release_line(line);
            ["name", "version_id", "codename"].map(|key| text(&values, key).to_string())
        };
        assert_eq!(parts("Fedora release 40 (Forty)"), ["Fedora", "40", "Forty"]);
        assert_eq!(parts("Ubuntu 22.04.4 LTS"), ["Ubuntu", "22.04.4", ""]);
        assert_eq!(parts("openSUSE Leap 15.5"), ["openSUSE Leap", "15.5", ""]);
        assert_eq!(parts("Arch Linux"), ["Arch Linux", "", ""]);
    }
}
