//! `python`: the interpreter that modules in Python would get, read from its files where they tell.

use super::gather::{Gather, find, names};
use crate::pyregex;
use crate::value::{Dict, Value};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What an interpreter is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Python {
    executable: String,
    /// Major, minor, micro.
    version: [i64; 3],
    level: String,
    serial: i64,
    ssl: bool,
}

impl Python {
    /// `3.11.2`, or nothing where there is no Python.
    pub fn version_text(&self) -> String {
        if self.executable.is_empty() {
            return String::new();
        }
        let level = match self.level.as_str() {
            "alpha" => format!("a{}", self.serial),
            "beta" => format!("b{}", self.serial),
            "candidate" => format!("rc{}", self.serial),
            _ => String::new(),
        };
        let [major, minor, micro] = self.version;
        format!("{major}.{minor}.{micro}{level}")
    }
}

/// In the order Ansible tries them.
const NAMES: [&str; 9] = [
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python3.9",
    "python3.8",
    "/usr/bin/python3",
    "python3",
    "/usr/libexec/platform-python",
];

/// Collects them. A host without Python has the fact too, with nothing in it but nulls.
pub fn collect(gather: &mut Gather<'_>) -> Dict {
    let python = probe(gather);
    let mut facts = Dict::new();
    if python.executable.is_empty() {
        let keys = ["version", "version_info", "executable", "has_sslcontext", "type"];
        facts.insert("python", keys.into_iter().map(|key| (key, Value::None)).collect::<Dict>());
        return facts;
    }
    let [major, minor, micro] = python.version;
    let mut version = Dict::new();
    version.insert("major", major);
    version.insert("minor", minor);
    version.insert("micro", micro);
    version.insert("releaselevel", python.level.as_str());
    version.insert("serial", python.serial);
    let info: Vec<Value> = version.values().cloned().collect();
    let mut fact = Dict::new();
    fact.insert("version", version);
    fact.insert("version_info", info);
    fact.insert("executable", python.executable.as_str());
    fact.insert("has_sslcontext", python.ssl);
    fact.insert("type", "cpython");
    facts.insert("python", fact);
    facts
}

/// Finds the interpreter and its version; the files of the usual builds tell, others are asked.
pub fn probe(gather: &mut Gather<'_>) -> Python {
    if let Some(known) = &gather.python {
        return known.clone();
    }
    let given = gather.interpreter.clone();
    let found = given.and_then(|name| look_at(gather, &name, true));
    let python = found.or_else(|| NAMES.iter().find_map(|name| look_at(gather, name, false))).unwrap_or_default();
    gather.python = Some(python.clone());
    python
}

/// A script under the name of an interpreter is a version manager's stub: slow to ask, and it may stand for nothing.
fn look_at(gather: &mut Gather<'_>, name: &str, even_scripts: bool) -> Option<Python> {
    let path = super::super::process::find_program(gather.run, name)?;
    read(&path).or_else(|| if even_scripts || !is_script(&path) { ask(gather, &path) } else { None })
}

fn is_script(path: &str) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

/// Reads the version from the name and the text constants of the interpreter or its library.
fn read(executable: &str) -> Option<Python> {
    let binary = std::fs::canonicalize(executable).ok()?;
    let file_name = binary.file_name()?.to_str()?;
    let series = find(r"^python(3\.\d+)$", file_name)?;
    let (dir, prefix) = (binary.parent()?, binary.parent()?.parent()?);
    let text = version_in(&binary, &series).or_else(|| {
        let library = format!("libpython{series}.so.1.0");
        library_dirs(prefix, dir).into_iter().find_map(|dir| version_in(&dir.join(&library), &series))
    })?;
    let mut python = parse(&text)?;
    python.executable = executable.to_string();
    // a virtual environment has its own prefix but the base's standard library, which is beside the real binary
    let modules = ["lib", "lib64"].map(|lib| prefix.join(lib).join(format!("python{series}")));
    let compiled_in = !modules.iter().any(|dir| dir.join("lib-dynload").is_dir());
    let has = |dir: &PathBuf| names(dir.join("lib-dynload")).iter().any(|name| name.starts_with("_ssl."));
    python.ssl = modules.iter().any(|dir| dir.join("ssl.py").exists()) && (compiled_in || modules.iter().any(has));
    Some(python)
}

fn library_dirs(prefix: &Path, dir: &Path) -> Vec<PathBuf> {
    let mut dirs = vec![prefix.join("lib64"), prefix.join("lib"), dir.to_path_buf()];
    let multiarch = names(prefix.join("lib")).into_iter().filter(|name| name.contains("-linux-gnu"));
    dirs.extend(multiarch.map(|name| prefix.join("lib").join(name)));
    dirs
}

/// The first constant that is a version of this series: a text of its own between two NULs.
fn version_in(path: &Path, series: &str) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let needle = format!("\0{series}.");
    memchr::memmem::find_iter(&bytes, needle.as_bytes()).find_map(|at| {
        let rest = &bytes[at + 1..];
        let text = &rest[..rest.iter().take(24).position(|byte| *byte == 0)?];
        let text = std::str::from_utf8(text).ok()?;
        parse(text).map(|_| text.to_string())
    })
}

/// `3.13.0rc1` and the like; a `+` marks a build between releases.
fn parse(text: &str) -> Option<Python> {
    let regex = pyregex::compile(r"^(\d+)\.(\d+)\.(\d+)(?:(a|b|rc)(\d+))?\+?$", pyregex::Flags::default()).ok()?;
    let found = regex.search(text).ok()??;
    let number = |at| found.group(text, at).and_then(|digits| digits.parse().ok());
    let level = match found.group(text, 4) {
        Some("a") => "alpha",
        Some("b") => "beta",
        Some(_) => "candidate",
        None => "final",
    };
    Some(Python {
        version: [number(1)?, number(2)?, number(3)?],
        level: level.to_string(),
        serial: number(5).unwrap_or(0),
        ..Python::default()
    })
}

/// Starts it to tell about itself.
fn ask(gather: &mut Gather<'_>, executable: &str) -> Option<Python> {
    let script = "import sys\ntry:\n import ssl; s=hasattr(ssl,'create_default_context')\nexcept ImportError: s=False\n\
                  print('%d %d %d %s %d %d' % (tuple(sys.version_info) + (s,)))";
    let out = gather.output(&[executable, "-c", script])?;
    let words: Vec<&str> = out.split_whitespace().collect();
    let [major, minor, micro, level, serial, ssl] = words[..] else { return None };
    let number = |text: &str| text.parse().ok();
    Some(Python {
        executable: executable.to_string(),
        version: [number(major)?, number(minor)?, number(micro)?],
        level: level.to_string(),
        serial: number(serial)?,
        ssl: ssl == "1",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_their_level() {
        let python = parse("3.13.0rc2").unwrap();
        assert_eq!((python.version, python.level.as_str(), python.serial), ([3, 13, 0], "candidate", 2));
        assert!(parse("3.13.0rc2 (main)").is_none());
        assert_eq!(parse("3.11.2+").unwrap().level, "final");
    }
}
