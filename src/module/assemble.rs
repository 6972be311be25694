//! `assemble`: makes one file of the fragments in a directory.
//!
//! The controller's half, for fragments at the controller, joins them with [`fragments`] and [`join`] too, and sends the
//! whole as a `copy`.

use super::attributes::FileArgs;
use super::digest::{self, Algorithm};
use super::replace_file::{Keep, Source, backup, replace};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, oserror, validation};
use crate::pyregex::{self, Flags, Regex};
use crate::value::Dict;
use std::io;
use std::path::{Path, PathBuf};

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("src", Kind::Path).required(),
        Arg::new("delimiter", Kind::Str),
        Arg::new("dest", Kind::Path).required(),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("remote_src", Kind::Bool).default("yes"),
        Arg::new("regexp", Kind::Str),
        Arg::new("ignore_hidden", Kind::Bool).default("no"),
        Arg::new("validate", Kind::Str),
        Arg::new("decrypt", Kind::Bool).default("yes"),
    ],
    file_arguments: true,
    ..Spec::new("assemble")
};

/// The fragments of a directory, sorted by name.
pub fn fragments(directory: &Path, pattern: Option<&Regex>, ignore_hidden: bool) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let wanted = pattern.is_none_or(|pattern| matches!(pattern.search(&name), Ok(Some(_))));
        if wanted && !(ignore_hidden && name.starts_with('.')) && entry.path().is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// The fragments in one: each begins a line, the delimiter stands between them on lines of its own.
pub fn join(fragments: &[Vec<u8>], delimiter: Option<&str>) -> Vec<u8> {
    let delimiter = delimiter.filter(|text| !text.is_empty()).map(unescape);
    let mut whole: Vec<u8> = Vec::new();
    for (at, fragment) in fragments.iter().enumerate() {
        if at > 0 && !fragments[at - 1].ends_with(b"\n") {
            whole.push(b'\n');
        }
        if let Some(delimiter) = delimiter.as_ref().filter(|_| at > 0) {
            whole.extend_from_slice(delimiter);
            if !delimiter.ends_with(b"\n") {
                whole.push(b'\n');
            }
        }
        whole.extend_from_slice(fragment);
    }
    whole
}

/// Python's escapes in bytes.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' || at + 1 == bytes.len() {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let rest = &text.as_bytes()[at + 1..];
        let number =
            |digits: &[u8], radix| std::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, radix).ok());
        let (byte, length) = match rest[0] {
            b'\n' => (None, 1),
            b'\\' | b'\'' | b'"' => (Some(rest[0]), 1),
            b'a' => (Some(7), 1),
            b'b' => (Some(8), 1),
            b'f' => (Some(12), 1),
            b'n' => (Some(b'\n'), 1),
            b'r' => (Some(b'\r'), 1),
            b't' => (Some(b'\t'), 1),
            b'v' => (Some(11), 1),
            b'x' => {
                match rest.get(1..3).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit)).and_then(|hex| number(hex, 16))
                {
                    Some(code) => (Some(code as u8), 3),
                    None => (Some(b'\\'), 0),
                }
            }
            b'0'..=b'7' => {
                let length = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                (number(&rest[..length], 8).map(|code| code as u8), length)
            }
            _ => (Some(b'\\'), 0),
        };
        out.extend(byte);
        at += 1 + length;
    }
    out
}

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let (src, dest) = (params.str("src").unwrap_or_default(), params.str("dest").unwrap_or_default());
    let (directory, path) = (Path::new(src), Path::new(dest));
    if !directory.is_dir() {
        let what = if directory.exists() { "is not a directory" } else { "does not exist" };
        return Err(Failure::new(format!("Source ({src}) {what}")));
    }
    let pattern = match params.str("regexp") {
        Some(text) => Some(
            pyregex::compile(text, Flags::default())
                .map_err(|error| Failure::new(format!("Invalid Regexp ({}) in \"{text}\"", error.message())))?,
        ),
        None => None,
    };
    let command = params.str("validate").filter(|command| !command.is_empty());
    if let Some(command) = command.filter(|command| !command.contains("%s")) {
        return Err(Failure::new(format!("validate must contain %s: {command}")));
    }
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| Failure::raised(oserror::text(&error, path)));
    let names = fragments(directory, pattern.as_deref(), params.bool("ignore_hidden"))
        .map_err(|error| Failure::raised(oserror::text(&error, directory)))?;
    let contents = names.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let content = join(&contents, params.str("delimiter"));
    let sum = digest::of_bytes(&content, Algorithm::Sha1);
    let old = if path.exists() { Some(digest::sha1(path)?) } else { None };
    let mut outcome = Outcome::new(false)
        .with("src", src)
        .with("dest", dest)
        .with("checksum", sum.as_str())
        .with("md5sum", digest::of_bytes(&content, Algorithm::Md5));
    let mut changed = old.as_deref() != Some(sum.as_str());
    if changed {
        if let Some(command) = command {
            outcome.set("validation", validate(command, &content, run)?);
        }
        if params.bool("backup")
            && let Some(name) = backup(path, run)?
        {
            outcome.set("backup_file", name);
        }
        if !run.check {
            replace(path, Source::Bytes(&content), Keep::Dest, params.bool("unsafe_writes"))?;
        }
    }
    changed |= FileArgs::new(params, path).apply(run, None)?;
    outcome.set("changed", changed);
    outcome.set("msg", "OK");
    Ok(outcome)
}

fn validate(command: &str, content: &[u8], run: &Run) -> Result<Dict, Failure> {
    let staged = validation::stage(Source::Bytes(content), "", run)?;
    let output = validation::run(command, &staged, run)?;
    if !output.ok() {
        return Err(Failure::new(format!("failed to validate: rc:{} error:{}", output.rc, output.err())));
    }
    let mut told = Dict::new();
    told.insert("rc", output.rc);
    told.insert("stdout", output.out());
    told.insert("stderr", output.err());
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::super::{invoke::invoke, registry};
    use super::*;
    use crate::value::Value;

    fn call(run: &mut Run, arguments: &[(&str, &str)]) -> Dict {
        let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
        invoke(registry::find("assemble").unwrap(), &arguments, run)
    }

    #[test]
    fn fragments_are_joined_in_order_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let src = dir.path().join("src");
        std::fs::create_dir_all(src.join("sub")).unwrap();
        for (name, content) in [("20-b", "b\n"), ("10-a", "a"), (".hidden", "h\n"), ("30-c.bak", "c\n")] {
            std::fs::write(src.join(name), content).unwrap();
        }
        let dest = dir.path().join("dest");
        let arguments = [
            ("src", src.to_str().unwrap()),
            ("dest", dest.to_str().unwrap()),
            ("delimiter", r"\x23 --"),
            ("ignore_hidden", "yes"),
            ("regexp", r"-\w$"),
            ("validate", "grep -q a %s"),
            ("mode", "0640"),
        ];
        let mut run = Run { tmpdir: dir.path().to_path_buf(), ..Run::default() };
        let first = call(&mut run, &arguments);
        assert_eq!(first.get("changed"), Some(&Value::Bool(true)), "{first:?}");
        assert_eq!(std::fs::read_to_string(&dest).unwrap(), "a\n# --\nb\n");
        assert_eq!(first.get("mode"), Some(&Value::str("0640")));
        assert_eq!(call(&mut run, &arguments).get("changed"), Some(&Value::Bool(false)));
    }

    #[test]
    fn a_source_that_is_none_is_told() {
        let result = call(&mut Run::default(), &[("src", "/no/such"), ("dest", "/tmp/x")]);
        assert_eq!(result.get("msg"), Some(&Value::str("Source (/no/such) does not exist")));
    }

    #[test]
    fn escapes_are_pythons() {
        assert_eq!(unescape(r"a\n\x41\101\q\\"), b"a\nAA\\q\\");
    }
}
