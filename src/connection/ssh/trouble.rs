//! ssh's complaints in Ansible's words.

use crate::connection::Target;
use crate::error::{Error, Kind};

/// The error for a connection that could not be made.
pub fn connecting(target: &Target, complaints: &str) -> Error {
    if target.password.is_some() && target.host_key_checking && complaints.contains("Host key verification failed") {
        return Error::action(
            "Using a SSH password instead of a key is not possible because Host Key checking is enabled. Please add \
             this host's fingerprint to your known_hosts file to manage this host.",
        );
    }
    Error::new(Kind::Unreachable, format!("Failed to connect to the host via ssh: {complaints}"))
}

/// The error for a connection that was lost while something ran.
pub fn lost(address: &str, complaints: &str) -> Error {
    let said = match complaints.trim() {
        "" => String::new(),
        said => format!(" ({said})"),
    };
    let message = format!(
        "Failed to connect to the host via ssh: Shared connection to {address} closed: the host was lost while the \
         task was running there{said}"
    );
    Error::new(Kind::Unreachable, message)
}

/// Whether the far end turned us away before the login: too many at once, or a daemon that is just starting.
pub fn is_turned_away(complaints: &str) -> bool {
    let early = complaints.contains("exchange_identification") || complaints.contains("banner exchange");
    let closed = ["Connection closed by remote host", "Connection reset by peer", "Not allowed at this time"];
    (early && closed.iter().any(|text| complaints.contains(text))) || complaints.contains("Exceeded MaxStartups")
}

/// Whether trying again cannot help, and could lock the account.
pub fn is_refused(complaints: &str) -> bool {
    complaints.contains("Permission denied (") || complaints.contains("Host key verification failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_daemon_is_told_from_a_closed_port() {
        assert!(is_turned_away("kex_exchange_identification: read: Connection reset by peer\nConnection reset by ::1"));
        assert!(is_turned_away("kex_exchange_identification: Connection closed by remote host"));
        assert!(!is_turned_away("ssh: connect to host a port 22: Connection refused"));
        assert!(!is_turned_away("Connection closed by 10.0.0.1 port 22"));
    }
}
