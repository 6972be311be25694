//! Patterns in the spelling of Python's `re`.

use fancy_regex::{Regex, RegexBuilder};

/// `re.MULTILINE`: `^` and `$` at every line.
pub const MULTILINE: u8 = 1;
/// `re.DOTALL`: `.` takes newlines too.
pub const DOTALL: u8 = 2;
/// `re.IGNORECASE`.
pub const IGNORECASE: u8 = 4;

/// Compiles a pattern of Python's, with flags.
pub fn compile(pattern: &str, flags: u8) -> Result<Regex, String> {
    RegexBuilder::new(&translate(pattern))
        .multi_line(flags & MULTILINE != 0)
        .dot_matches_new_line(flags & DOTALL != 0)
        .case_insensitive(flags & IGNORECASE != 0)
        .build()
        .map_err(|error| error.to_string())
}

/// What Python writes differently: `\Z` for the very end, `(?P=name)` for a group again.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find(['\\', '(']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((name, tail)) = rest.strip_prefix("(?P=").and_then(|tail| tail.split_once(')')) {
            out.push_str(&format!("\\k<{name}>"));
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("\\Z") {
            out.push_str("\\z");
            rest = tail;
        } else {
            // an escaped character stays with its backslash
            let length =
                if rest.starts_with('\\') { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { 1 };
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_spellings_are_understood() {
        assert!(compile(r"(?P<q>['|]).*(?P=q)\Z", 0).unwrap().is_match("say 'hi'").unwrap());
        assert!(!compile(r"^b$", 0).unwrap().is_match("a\nb").unwrap());
        assert!(compile(r"^b$", MULTILINE).unwrap().is_match("a\nb").unwrap());
        assert!(compile(r"a\\Z", 0).unwrap().is_match(r"a\Zx").unwrap());
        assert!(compile("(", 0).is_err());
    }
}
