//! Permission bits from octal and symbolic notation.

use crate::value::Value;
use std::path::Path;

const ALL: u32 = 0o7777;

/// Why a mode cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum BadMode {
    /// Neither octal nor symbolic; with Python's words for it.
    Form(String),
    /// More than permission bits.
    Bits(i64),
}

/// The permission bits that `mode` gives to a file that has `current` (with its type bits) now.
pub fn parse(mode: &Value, current: u32, umask: u32) -> Result<u32, BadMode> {
    let text = match mode {
        Value::Int(_) | Value::Bool(_) => return Ok((mode.as_i64().unwrap_or_default() as u32) & ALL),
        Value::Str(text) => text,
        other => {
            let kind = other.type_name();
            return Err(BadMode::Form(format!("'{kind}' object has no attribute 'split'")));
        }
    };
    let bits = match octal(text) {
        Some(bits) => bits,
        None => i64::from(symbolic(text, current, umask).map_err(BadMode::Form)?),
    };
    match u32::try_from(bits) {
        Ok(bits) if bits <= ALL => Ok(bits),
        _ => Err(BadMode::Bits(bits)),
    }
}

/// Python's `int(text, 8)`.
fn octal(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.strip_prefix("0o").or_else(|| digits.strip_prefix("0O")).unwrap_or(digits);
    let number = i64::from_str_radix(&digits.replace('_', ""), 8).ok().filter(|_| !digits.starts_with(['+', '-']))?;
    Some(if negative { -number } else { number })
}

/// `u=rw,g-x,o+X`.
fn symbolic(text: &str, current: u32, umask: u32) -> Result<u32, String> {
    let is_directory = current & 0o170_000 == 0o040_000;
    let mut bits = current & ALL;
    for clause in text.split(',') {
        let refuse = || format!("bad symbolic permission for mode: {clause}");
        let start = clause.find(['+', '-', '=']).unwrap_or(clause.len());
        let (who, mut rest) = clause.split_at(start);
        // without users the umask has a say, as with chmod
        let masked = if who.is_empty() { umask } else { 0 };
        let users = if matches!(who, "" | "a") { "ugo" } else { who };
        if users.contains(|c| !"ugo".contains(c)) {
            return Err(refuse());
        }
        while let Some(operator) = rest.chars().next() {
            let perms = &rest[1..];
            let end = perms.find(['+', '-', '=']).unwrap_or(perms.len());
            let (perms, next) = perms.split_at(end);
            rest = next;
            if perms.contains(|c| !"rwxXstugo".contains(c)) {
                return Err(refuse());
            }
            for user in users.chars() {
                let executable = is_directory || bits & 0o111 != 0;
                let applied = perms.chars().fold(0, |sum, perm| sum | granted(user, perm, bits, executable, masked));
                bits = match operator {
                    '=' => bits & !mask(user) | applied,
                    '+' => bits | applied,
                    _ => bits & !applied,
                };
            }
        }
    }
    Ok(bits)
}

fn shift(user: char) -> u32 {
    match user {
        'u' => 6,
        'g' => 3,
        _ => 0,
    }
}

/// What `=` sets anew for a user.
fn mask(user: char) -> u32 {
    let special = match user {
        'u' => 0o4000,
        'g' => 0o2000,
        _ => 0o1000,
    };
    (0o7 << shift(user)) | special
}

fn granted(user: char, perm: char, bits: u32, executable: bool, masked: u32) -> u32 {
    let place = |perm: u32| perm << shift(user);
    match perm {
        'r' => place(4) & !masked,
        'w' => place(2) & !masked,
        'x' => place(1) & !masked,
        'X' if executable => place(1),
        's' if user == 'u' => 0o4000,
        's' if user == 'g' => 0o2000,
        't' if user == 'o' => 0o1000,
        'u' | 'g' | 'o' => place((bits >> shift(perm)) & 0o7),
        _ => 0,
    }
}

/// The umask of this process; read from /proc, since asking the system sets it for all threads.
pub fn umask() -> u32 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|text| u32::from_str_radix(text.trim(), 8).ok()).unwrap_or(0o022)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str, current: u32) -> Result<u32, BadMode> {
        parse(&Value::str(text), current, 0o022)
    }

    #[test]
    fn octal_modes() {
        assert_eq!(mode("0644", 0), Ok(0o644));
        assert_eq!(mode("0o1755", 0), Ok(0o1755));
        assert_eq!(parse(&Value::Int(0o600), 0, 0), Ok(0o600));
        assert_eq!(mode("100644", 0), Err(BadMode::Bits(0o100_644)));
        assert_eq!(mode("+-7", 0), Err(BadMode::Form("bad symbolic permission for mode: +-7".into())));
    }

    #[test]
    fn symbolic_modes() {
        for (text, current, expected) in [
            ("u=rw,g-x,o+X", 0o100_751, 0o641),
            ("u=rwX,g=rX,o=rX", 0o100_600, 0o644),
            ("u=rwX,g=rX,o=rX", 0o040_600, 0o755),
            ("a+x", 0o100_644, 0o755),
            ("+w", 0o100_444, 0o644),
            ("=", 0o100_777, 0),
            ("u=rw-x+X,g=r-x+X", 0o100_777, 0o757),
            ("g=u,o=g", 0o100_740, 0o777),
            ("u+s,g+s,o+t", 0o100_755, 0o7755),
            ("u=x", 0o104_755, 0o155),
        ] {
            assert_eq!(mode(text, current), Ok(expected), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["u=z", "q+r", "abc", "x", ""] {
            let clause = format!("bad symbolic permission for mode: {text}");
            let expected = if matches!(text, "") { Ok(0o644) } else { Err(BadMode::Form(clause)) };
            assert_eq!(mode(text, 0o100_644), expected, "{text}");
        }
        let list = parse(&Value::list([]), 0, 0);
        assert_eq!(list, Err(BadMode::Form("'list' object has no attribute 'split'".into())));
    }
}
