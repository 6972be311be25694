//! What the modules for services share: init scripts, their links in the runlevels, looking for processes.

use super::{Failure, Run, glob};
use std::path::Path;

/// Where the init script of a service would be.
pub fn script(name: &str) -> String {
    if name.starts_with('/') { name.to_string() } else { format!("/etc/init.d/{name}") }
}

/// Whether a service has an init script.
pub fn has_script(name: &str) -> bool {
    Path::new(&script(name)).exists()
}

/// Whether a service starts in a runlevel, or in any.
pub fn is_enabled(name: &str, runlevel: Option<&str>) -> bool {
    has_links("S", name, runlevel)
}

/// Whether the runlevels stop a service.
pub fn is_stopped_somewhere(name: &str) -> bool {
    has_links("K", name, None)
}

fn has_links(kind: &str, name: &str, runlevel: Option<&str>) -> bool {
    let dir = if Path::new("/etc/rc0.d").is_dir() { "/etc" } else { "/etc/init.d" };
    let pattern = format!("{dir}/rc{}.d/{kind}??{name}", runlevel.unwrap_or("?"));
    !glob::glob(Path::new("/"), &pattern).is_empty()
}

/// The failure for a service that is not there.
pub fn missing(name: &str, place: &str) -> Failure {
    Failure::new(format!("Could not find the requested service {name}: {place}"))
}

/// Whether a process other than ours has the pattern in its command line, as `ps` shows it.
pub fn is_running(pattern: &str) -> bool {
    let own = std::process::id();
    let Ok(entries) = std::fs::read_dir("/proc") else { return false };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != own).any(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        let line = words.join(" ");
        if line.trim().is_empty() {
            // a kernel thread, or a zombie
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            return format!("[{}]", name.trim_end()).contains(pattern);
        }
        line.trim_end().contains(pattern)
    })
}

/// Whether systemd may be unable to answer, for it does not run what we see.
pub fn is_offline(run: &Run) -> bool {
    super::facts::small::is_chroot(run) || run.var("SYSTEMD_OFFLINE").as_deref() == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_found_by_their_command_line() {
        let mut child = std::process::Command::new("sleep").arg("98765.4321").spawn().unwrap();
        let found = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            is_running("sleep 98765.4321")
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found);
        assert!(!is_running("sleep 98765.4321"));
    }
}
