//! `replace`: replaces every match of a pattern in a file.

use super::attributes::Diff;
use super::lineinfile::raise;
use super::replace_file::backup;
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, edited, oserror};
use crate::pyregex::{self, Flags, Replacement};
use crate::value::{Dict, Value, codec};
use std::path::Path;

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("path", Kind::Path).required().aliases(&["dest", "destfile", "name"]),
        Arg::new("regexp", Kind::Str).required(),
        Arg::new("replace", Kind::Str).default(""),
        Arg::new("after", Kind::Str),
        Arg::new("before", Kind::Str),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("validate", Kind::Str),
        Arg::new("encoding", Kind::Str).default("utf-8"),
    ],
    file_arguments: true,
    ..Spec::new("replace")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("path").unwrap_or_default();
    let path = Path::new(name);
    if path.is_dir() {
        return Err(Failure::new(format!("Path {name} is a directory !")).with("rc", 256i64));
    }
    if !path.exists() {
        return Err(Failure::new(format!("Path {name} does not exist !")).with("rc", 257i64));
    }
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::raised(format!("Unable to read the contents of {}.", oserror::text_repr(path)))
            .because(oserror::text(&error, path))
    })?;
    let encoding = params.str("encoding").unwrap_or("utf-8");
    let content = Content::decode(&bytes, encoding)?;
    let text = &content.text;
    let (start, end) = match section(text, params)? {
        Section::At(start, end) => (start, end),
        Section::Missing(pattern) => {
            let message = format!("Pattern for before/after params did not match the given file: {pattern}");
            return Ok(Outcome::new(false).with("rc", 0i64).with("msg", message));
        }
    };
    let regex =
        pyregex::compile(params.str("regexp").unwrap_or_default(), Flags { multiline: true, ..Flags::default() })
            .map_err(raise)?;
    let replacement = Replacement::parse(params.str("replace").unwrap_or_default(), &regex).map_err(refuse)?;
    let part = &text[start..end];
    let (new, count) = regex.substitute(part, &replacement, 0).map_err(raise)?;
    let mut changed = count > 0 && part != new;
    let mut message = String::new();
    let mut outcome = Outcome::new(false).with("rc", 0i64);
    if changed {
        let new = format!("{}{new}{}", &text[..start], &text[end..]);
        message = format!("{count} replacements made");
        if run.diff {
            outcome.set("diff", diff(name, text, &new));
        }
        if !run.check {
            if params.bool("backup") {
                outcome.set("backup_file", backup(path, run)?);
            }
            edited::write(path, &content.encode(&new, encoding)?, params, run)?;
        }
    }
    changed |= edited::apply_attributes(path, params, run, &mut message, &mut Diff::default())?;
    outcome.set("changed", changed);
    outcome.set("msg", message);
    Ok(outcome)
}

/// Python's `re` refuses an unknown name in another way than all else.
fn refuse(error: crate::error::Error) -> Failure {
    match error.message() {
        message if message.starts_with("unknown group name") => Failure::raised(message),
        message => Failure::new(format!("Unable to process replace due to error: {message}")),
    }
}

fn diff(path: &str, before: &str, after: &str) -> Dict {
    let parts = [("before_header", path), ("before", before), ("after_header", path), ("after", after)];
    parts.into_iter().map(|(key, text)| (key, Value::str(text))).collect()
}

enum Section {
    At(usize, usize),
    Missing(String),
}

/// The part of the text between `after` and `before`.
fn section(text: &str, params: &Params) -> Result<Section, Failure> {
    let given = |name: &str| params.str(name).filter(|text| !text.is_empty());
    let pattern = match (given("after"), given("before")) {
        (None, None) => return Ok(Section::At(0, text.len())),
        (Some(after), Some(before)) => format!("{after}(?P<subsection>.*?){before}"),
        (Some(after), None) => format!("{after}(?P<subsection>.*)"),
        (None, Some(before)) => format!("(?P<subsection>.*){before}"),
    };
    let regex = pyregex::compile(&pattern, Flags { dot_all: true, ..Flags::default() }).map_err(raise)?;
    let number = regex.group_number("subsection").unwrap_or_default();
    let found = regex.search(text).map_err(raise)?.and_then(|found| found.group_span(number));
    Ok(found.map_or(Section::Missing(pattern), |(start, end)| Section::At(start, end)))
}

/// The first of the characters that stand for bytes which are no UTF-8: at the end of the last private area.
const ESCAPED: u32 = 0x10_FF00;

/// A file's text; bytes that are none survive.
struct Content {
    text: String,
    escaped: bool,
}

impl Content {
    fn decode(bytes: &[u8], encoding: &str) -> Result<Content, Failure> {
        let wrong = match codec::decode(bytes, encoding, true) {
            Ok(text) => return Ok(Content { text, escaped: false }),
            Err(error) => error,
        };
        let escape = |byte: &u8| char::from_u32(ESCAPED + u32::from(*byte));
        let mut text = String::with_capacity(bytes.len());
        match encoding.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "utf_8" => {
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    text.extend(chunk.invalid().iter().filter_map(escape));
                }
            }
            "ascii" | "us-ascii" => {
                text.extend(
                    bytes.iter().filter_map(
                        |byte| {
                            if byte.is_ascii() { Some(char::from(*byte)) } else { escape(byte) }
                        },
                    ),
                );
            }
            _ => return Err(raise(wrong)),
        }
        Ok(Content { text, escaped: true })
    }

    fn encode(&self, text: &str, encoding: &str) -> Result<Vec<u8>, Failure> {
        if !self.escaped {
            return codec::encode(text, encoding).map_err(raise);
        }
        let mut bytes = Vec::with_capacity(text.len());
        for c in text.chars() {
            match u8::try_from(u32::from(c).wrapping_sub(ESCAPED)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{invoke::invoke, registry};
    use super::*;

    fn call(run: &mut Run, arguments: &[(&str, &str)]) -> Dict {
        let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
        invoke(registry::find("replace").unwrap(), &arguments, run)
    }

    fn edit(before: &[u8], arguments: &[(&str, &str)]) -> (Vec<u8>, String) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), before).unwrap();
        let mut arguments = arguments.to_vec();
        arguments.push(("path", file.path().to_str().unwrap()));
        let result = call(&mut Run::default(), &arguments);
        let after = std::fs::read(file.path()).unwrap();
        assert_eq!(result.get("changed").unwrap().truthy(), after != before, "{result:?}");
        (after, result.get("msg").unwrap().to_text().into_owned())
    }

    #[test]
    fn every_match_of_every_line_is_replaced() {
        let (after, message) = edit(b"a=1\nb=2\na=3\n", &[("regexp", r"^a=(\d)$"), ("replace", r"A:\1")]);
        assert_eq!((after, message), (b"A:1\nb=2\nA:3\n".to_vec(), "2 replacements made".into()));
        assert_eq!(edit(b"x\n", &[("regexp", "nope")]), (b"x\n".to_vec(), String::new()));
    }

    #[test]
    fn a_section_bounds_the_changes() {
        let file = b"x\nBEGIN\nx\nEND\nx\n";
        assert_eq!(
            edit(file, &[("regexp", "x"), ("replace", "y"), ("after", "BEGIN"), ("before", "END")]).0,
            b"x\nBEGIN\ny\nEND\nx\n"
        );
        assert_eq!(edit(file, &[("regexp", "x"), ("replace", "y"), ("after", "END")]).0, b"x\nBEGIN\nx\nEND\ny\n");
        assert_eq!(edit(file, &[("regexp", "x"), ("replace", "y"), ("before", "BEGIN")]).0, b"y\nBEGIN\nx\nEND\nx\n");
        let (_, message) = edit(file, &[("regexp", "x"), ("after", "nowhere")]);
        assert_eq!(message, "Pattern for before/after params did not match the given file: nowhere(?P<subsection>.*)");
    }

    #[test]
    fn encodings_and_odd_bytes_survive() {
        let (after, _) = edit(b"caf\xe9 x", &[("regexp", "é x"), ("replace", "é y"), ("encoding", "latin-1")]);
        assert_eq!(after, b"caf\xe9 y");
        let (after, _) = edit(b"\xff\xfe x \xc3\xa9", &[("regexp", "x é"), ("replace", "y")]);
        assert_eq!(after, b"\xff\xfe y");
    }

    #[test]
    fn a_bad_replacement_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a").unwrap();
        let path = file.path().to_str().unwrap();
        let result = call(&mut Run::default(), &[("path", path), ("regexp", "a"), ("replace", r"\2")]);
        let message = result.get("msg").unwrap().to_text().into_owned();
        assert_eq!(message, "Unable to process replace due to error: invalid group reference 2 at position 1");
    }
}
