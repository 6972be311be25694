//! Names nobody can guess.

use std::fmt::Write as _;

/// Sixteen random hex digits.
pub fn word() -> String {
    let mut bytes = [0u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // No random source: what is unique to this moment must do. Every use also creates its file exclusively.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = (now.as_nanos() as u64 ^ (u64::from(std::process::id()) << 40)).to_be_bytes();
    }
    bytes.iter().fold(String::with_capacity(16), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Lowercase letters, as Ansible's own marks for a privilege escalation look.
pub fn letters(count: usize) -> String {
    let mut text = String::with_capacity(count + 16);
    while text.len() < count {
        text.extend(word().bytes().map(|digit| match digit {
            b'0'..=b'9' => char::from(digit - b'0' + b'k'),
            other => char::from(other),
        }));
    }
    text.truncate(count);
    text
}
