//! The colours of the terminal: which role is shown in which colour, and the codes behind Ansible's colour names.

/// Colours by what they mark; names as the configuration spells them.
#[derive(Clone, Debug)]
pub struct Palette {
    /// Hosts that changed something.
    pub changed: String,
    /// Debug messages, retries and task paths.
    pub debug: String,
    /// Deprecation warnings.
    pub deprecate: String,
    /// Added lines of a difference.
    pub diff_add: String,
    /// Line numbers of a difference.
    pub diff_lines: String,
    /// Removed lines of a difference.
    pub diff_remove: String,
    /// Errors and failed hosts.
    pub error: String,
    /// Files that were included.
    pub included: String,
    /// Hosts that were fine.
    pub ok: String,
    /// Skipped hosts.
    pub skip: String,
    /// Hosts that were not reached.
    pub unreachable: String,
    /// What `-v` adds.
    pub verbose: String,
    /// Warnings.
    pub warn: String,
}

impl Default for Palette {
    fn default() -> Self {
        Palette {
            changed: "yellow".into(),
            debug: "dark gray".into(),
            deprecate: "purple".into(),
            diff_add: "green".into(),
            diff_lines: "cyan".into(),
            diff_remove: "red".into(),
            error: "red".into(),
            included: "cyan".into(),
            ok: "green".into(),
            skip: "cyan".into(),
            unreachable: "bright red".into(),
            verbose: "blue".into(),
            warn: "bright purple".into(),
        }
    }
}

/// Names and their terminal codes.
const CODES: &[(&str, &str)] = &[
    ("black", "0;30"),
    ("bright gray", "0;37"),
    ("blue", "0;34"),
    ("white", "1;37"),
    ("green", "0;32"),
    ("bright blue", "1;34"),
    ("cyan", "0;36"),
    ("bright green", "1;32"),
    ("red", "0;31"),
    ("bright cyan", "1;36"),
    ("purple", "0;35"),
    ("bright red", "1;31"),
    ("yellow", "0;33"),
    ("bright purple", "1;35"),
    ("dark gray", "1;30"),
    ("bright yellow", "1;33"),
    ("magenta", "0;35"),
    ("bright magenta", "1;35"),
    ("normal", "0"),
];

/// The terminal's code of a colour: a name, `colorN`, `rgbRGB` (digits 0 to 5) or `grayN`.
pub fn code(name: &str) -> Option<String> {
    if let Some((_, code)) = CODES.iter().find(|(known, _)| *known == name) {
        return Some((*code).to_string());
    }
    let number = |digits: &str| digits.parse::<u32>().ok();
    if let Some(digits) = name.strip_prefix("color") {
        return number(digits).map(|n| format!("38;5;{n}"));
    }
    if let Some(digits) = name.strip_prefix("gray") {
        return number(digits).map(|n| format!("38;5;{}", 232 + n));
    }
    let digits: Vec<u32> = name.strip_prefix("rgb")?.chars().filter_map(|c| c.to_digit(6)).collect();
    match digits.as_slice() {
        [red, green, blue] => Some(format!("38;5;{}", 16 + 36 * red + 6 * green + blue)),
        _ => None,
    }
}

/// The text in a colour, line by line, so that a pager shows each line right; an unknown colour changes nothing.
pub fn paint(text: &str, name: &str) -> String {
    match code(name) {
        Some(code) => text.split('\n').map(|line| format!("\x1b[{code}m{line}\x1b[0m")).collect::<Vec<_>>().join("\n"),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_codes() {
        assert_eq!(code("dark gray").as_deref(), Some("1;30"));
        assert_eq!(code("color208").as_deref(), Some("38;5;208"));
        assert_eq!(code("rgb123").as_deref(), Some("38;5;67"));
        assert_eq!(code("gray5").as_deref(), Some("38;5;237"));
        assert_eq!(code("beige"), None);
    }

    #[test]
    fn each_line_is_painted() {
        assert_eq!(paint("a\nb", "red"), "\x1b[0;31ma\x1b[0m\n\x1b[0;31mb\x1b[0m");
    }
}
