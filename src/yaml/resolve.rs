//! YAML 1.1: what a plain scalar means, as PyYAML's resolver sees it.

/// What a node is, by its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Str,
    Binary,
    Timestamp,
    Seq,
    Map,
    Set,
    Omap,
    Pairs,
    /// `<<`
    Merge,
    /// `=`
    Default,
    Unsafe,
    Vault,
    VaultEncrypted,
    /// Anything that no one here knows how to build.
    Unknown(String),
}

const PREFIX: &str = "tag:yaml.org,2002:";

impl Tag {
    /// The tag by its full name.
    pub fn named(name: String) -> Tag {
        match name.as_str() {
            "!unsafe" => return Tag::Unsafe,
            "!vault" => return Tag::Vault,
            "!vault-encrypted" => return Tag::VaultEncrypted,
            _ => {}
        }
        match name.strip_prefix(PREFIX) {
            Some("null") => Tag::Null,
            Some("bool") => Tag::Bool,
            Some("int") => Tag::Int,
            Some("float") => Tag::Float,
            Some("str" | "python/unicode") => Tag::Str,
            Some("binary") => Tag::Binary,
            Some("timestamp") => Tag::Timestamp,
            Some("seq") => Tag::Seq,
            Some("map" | "python/dict") => Tag::Map,
            Some("set") => Tag::Set,
            Some("omap") => Tag::Omap,
            Some("pairs") => Tag::Pairs,
            Some("merge") => Tag::Merge,
            Some("value") => Tag::Default,
            _ => Tag::Unknown(name),
        }
    }
}

/// The tag of a plain scalar without one.
pub(super) fn plain(text: &str) -> Tag {
    // a `$` in a pattern of PyYAML also matches before one last line break
    let text = text.strip_suffix('\n').unwrap_or(text);
    let Some(first) = text.bytes().next() else { return Tag::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text),
        b'<' if text == "<<" => Tag::Merge,
        b'=' if text == "=" => Tag::Default,
        _ => Tag::Str,
    }
}

fn word(text: &str) -> Tag {
    match text {
        "yes" | "Yes" | "YES" | "no" | "No" | "NO" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE" | "on"
        | "On" | "ON" | "off" | "Off" | "OFF" => Tag::Bool,
        "~" | "null" | "Null" | "NULL" => Tag::Null,
        _ => Tag::Str,
    }
}

fn number(text: &str) -> Tag {
    if is_float(text) {
        Tag::Float
    } else if is_int(text) {
        Tag::Int
    } else if is_timestamp(text) {
        Tag::Timestamp
    } else {
        Tag::Str
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn all(text: &str, test: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(test)
}

fn digits(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn is_int(text: &str) -> bool {
    let text = unsigned(text);
    if text == "0" {
        return true;
    }
    if let Some(rest) = text.strip_prefix('0') {
        return match rest.as_bytes() {
            [b'b', rest @ ..] => !rest.is_empty() && rest.iter().all(|b| matches!(b, b'0' | b'1' | b'_')),
            [b'x', rest @ ..] => !rest.is_empty() && rest.iter().all(|b| b.is_ascii_hexdigit() || *b == b'_'),
            rest => rest.iter().all(|b| matches!(b, b'0'..=b'7' | b'_')),
        };
    }
    let mut parts = text.split(':');
    let head = parts.next().unwrap_or("");
    starts_with_digit(head) && all(head, digits) && parts.all(is_sixtieth)
}

fn starts_with_digit(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_digit())
}

/// `[0-5]?[0-9]`
fn is_sixtieth(text: &str) -> bool {
    match text.as_bytes() {
        [unit] => unit.is_ascii_digit(),
        [tens, unit] => (b'0'..=b'5').contains(tens) && unit.is_ascii_digit(),
        _ => false,
    }
}

fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    if let Some(rest) = text.strip_prefix('.')
        && starts_with_digit(rest)
    {
        return is_fraction(rest);
    }
    let text = unsigned(text);
    if matches!(text, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let Some((whole, fraction)) = text.split_once('.') else { return false };
    let mut parts = whole.split(':');
    let head = parts.next().unwrap_or("");
    if !starts_with_digit(head) || !all(head, digits) {
        return false;
    }
    if whole.contains(':') { parts.all(is_sixtieth) && all(fraction, digits) } else { is_fraction(fraction) }
}

/// `[0-9_]*(?:[eE][-+][0-9]+)?`
fn is_fraction(text: &str) -> bool {
    match text.split_once(['e', 'E']) {
        None => all(text, digits),
        Some((fraction, exponent)) => {
            all(fraction, digits)
                && exponent
                    .strip_prefix(['-', '+'])
                    .is_some_and(|digits| !digits.is_empty() && all(digits, |b| b.is_ascii_digit()))
        }
    }
}

fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain_date = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, b)| if at == 4 || at == 7 { *b == b'-' } else { b.is_ascii_digit() });
    plain_date || super::scalar::Stamp::parse(text).is_some_and(|stamp| stamp.time.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_yaml_1_1() {
        for text in ["0", "-0", "12", "1_000", "0644", "0x1F", "0b10", "1:30", "+190:20:30", "0_"] {
            assert_eq!(plain(text), Tag::Int, "{text}");
        }
        for text in ["1.", "1.5e+3", ".5", "._5".trim_start_matches("._"), "-.inf", ".NaN", "1:30.5", "6.02_2"] {
            assert!(matches!(plain(text), Tag::Float | Tag::Int), "{text}");
        }
        for text in ["08", "0o14", "1e3", "1.5e3", "-.5", "1:60", "1:", "0x", "-", "+", ".", "1-2", "12a", "=x"] {
            assert_eq!(plain(text), Tag::Str, "{text}");
        }
    }

    #[test]
    fn words_are_those_of_yaml_1_1() {
        assert_eq!(plain("Yes"), Tag::Bool);
        assert_eq!(plain("yEs"), Tag::Str);
        assert_eq!(plain("y"), Tag::Str);
        assert_eq!(plain(""), Tag::Null);
        assert_eq!(plain("Null"), Tag::Null);
        assert_eq!(plain("<<"), Tag::Merge);
    }

    #[test]
    fn a_date_needs_two_digits_unless_a_time_follows() {
        assert_eq!(plain("2020-01-02"), Tag::Timestamp);
        assert_eq!(plain("2020-1-2"), Tag::Str);
        assert_eq!(plain("2020-1-2 3:04:05"), Tag::Timestamp);
        assert_eq!(plain("2020-01-02T03:04:05.5 -03:30"), Tag::Timestamp);
        assert_eq!(plain("2020-01-02 03:04"), Tag::Str);
    }
}
