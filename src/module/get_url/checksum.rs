//! `checksum: sha256:...`, the sum itself or the URL of a list of sums.

use super::super::digest::{self, ALGORITHMS};
use super::super::{Failure, oserror};
use crate::value::url::Url;
use std::path::Path;

/// A checksum to be met.
pub(super) struct Expected {
    algorithm: String,
    /// In hexadecimal; at first perhaps a URL.
    pub sum: String,
}

impl Expected {
    /// `algorithm:sum`; nothing for an empty text.
    pub(super) fn parse(text: &str) -> Result<Option<Expected>, &'static str> {
        if text.is_empty() {
            return Ok(None);
        }
        let (algorithm, sum) =
            text.split_once(':').ok_or("The checksum parameter has to be in format <algorithm>:<checksum>")?;
        Ok(Some(Expected { algorithm: algorithm.to_string(), sum: sum.to_string() }))
    }

    pub(super) fn is_url(&self) -> bool {
        let scheme = Url::split(&self.sum).unwrap_or_default().scheme;
        matches!(scheme.as_str(), "http" | "https" | "ftp" | "file")
    }

    /// Takes away what is no word character (a zero-width space copied from a web page); whether it is a number then.
    pub(super) fn normalize(&mut self) -> bool {
        self.sum.retain(|c| c.is_alphanumeric() || c == '_');
        self.sum = self.sum.to_lowercase();
        !self.sum.is_empty() && self.sum.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// The sum of a file by this algorithm.
    pub(super) fn of_file(&self, path: &Path) -> Result<String, Failure> {
        let Some(algorithm) = digest::algorithm(&self.algorithm) else {
            let known: Vec<&str> = ALGORITHMS.iter().map(|(name, _)| *name).collect();
            return Err(Failure::new(format!(
                "Could not hash file '{}' with algorithm '{}'. Available algorithms: {}",
                path.display(),
                self.algorithm,
                known.join(", ")
            )));
        };
        let [sum] =
            digest::of_file(path, [algorithm]).map_err(|error| Failure::raised(oserror::bytes(&error, path)))?;
        Ok(sum)
    }
}

/// The sum of a file in a list of sums, in the form of GNU's or BSD's tools, or alone.
pub(super) fn find(list: &str, file: &str) -> Option<String> {
    let lines: Vec<&str> = list.lines().collect();
    if let [line] = lines[..]
        && line.split_whitespace().count() == 1
    {
        return Some(line.to_string());
    }
    lines.iter().find_map(|line| {
        let (sum, name) = bsd(line).or_else(|| gnu(line))?;
        (name == file).then(|| sum.to_string())
    })
}

/// `SHA256 (file) = sum`.
fn bsd(line: &str) -> Option<(&str, &str)> {
    let open = line.find('(')?;
    let word = line[..open].strip_suffix(' ').unwrap_or(&line[..open]);
    let (name, sum) = line[open + 1..].rsplit_once('=')?;
    let name = name.strip_suffix(' ').unwrap_or(name).strip_suffix(')')?;
    let sum = sum.strip_prefix(' ').unwrap_or(sum);
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    (plain(word) && !name.is_empty() && plain(&sum.replace('.', "_"))).then_some((sum, name))
}

/// `sum  file`, `sum *file`, `sum ./file`.
fn gnu(line: &str) -> Option<(&str, &str)> {
    let (sum, name) = line.split_once(char::is_whitespace)?;
    let name = name.trim_start();
    let name = name.strip_prefix('*').unwrap_or(name).trim_start_matches(['.', '/']);
    (!sum.is_empty() && sum.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')).then_some((sum, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_found_in_every_kind_of_list() {
        for list in
            ["abc", "0 x\nabc  file\n", "abc *file\n1 y", "0 a\nabc ./file", "SHA256 (file) = abc\nSHA256 (x) = 0"]
        {
            assert_eq!(find(list, "file").as_deref(), Some("abc"), "{list}");
        }
        assert_eq!(find("abc other\ndef x", "file"), None);
    }

    #[test]
    fn odd_characters_are_dropped() {
        let mut expected = Expected::parse("sha1:\u{200b}AB c1").unwrap().unwrap();
        assert!(expected.normalize());
        assert_eq!(expected.sum, "abc1");
        assert!(!Expected::parse("sha1:xyz").unwrap().unwrap().normalize());
        assert!(Expected::parse("abc").is_err());
    }
}
