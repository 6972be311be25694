//! What every collector of facts works with: the run, what is known so far, and safe ways to read the system.

use super::super::Run;
use super::super::process::{self, Command};
use crate::pyregex;
use crate::value::Dict;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One gathering of facts.
pub struct Gather<'a> {
    /// The run it belongs to.
    pub run: &'a mut Run,
    /// How long a single source (a program, a mount) may take.
    pub timeout: Duration,
    /// Where local facts lie.
    pub fact_path: Option<String>,
    /// The Python that would be used, where the controller knows it.
    pub interpreter: Option<String>,
    /// The Python that was found, once it was looked for.
    pub python: Option<super::python::Python>,
    /// What is known so far, without prefix.
    pub known: Dict,
}

impl Gather<'_> {
    /// A fact that was collected before; empty when it was not.
    pub fn known(&self, name: &str) -> &str {
        self.known.get(name).and_then(|value| value.as_str()).unwrap_or("")
    }

    /// What a program prints, if it is installed and succeeds.
    pub fn output(&mut self, argv: &[&str]) -> Option<String> {
        let (program, arguments) = argv.split_first()?;
        let path = process::find_program(self.run, program)?;
        let command = Command::new(std::iter::once(path.as_str()).chain(arguments.iter().copied()));
        match command.plain_locale().timeout(self.timeout).run(self.run) {
            Ok(output) => output.ok().then(|| output.out()),
            Err(error) => {
                self.run.warn(format!("Could not query {program}: {error}"));
                None
            }
        }
    }

    /// Whether a program is installed.
    pub fn has_program(&self, name: &str) -> bool {
        process::find_program(self.run, name).is_some()
    }
}

/// A file's content without the blanks around it; nothing when it is empty or cannot be read.
pub fn content(path: impl AsRef<Path>) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim();
    if text.is_empty() { None } else { Some(text.to_string()) }
}

/// A file's lines; none when it cannot be read.
pub fn lines(path: impl AsRef<Path>) -> Vec<String> {
    content(path).map(|text| text.lines().map(String::from).collect()).unwrap_or_default()
}

/// The names in a directory, sorted; none when it cannot be read.
pub fn names(dir: impl AsRef<Path>) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Whether something is there.
pub fn exists(path: &str) -> bool {
    Path::new(path).exists()
}

/// The last part of a link's target.
pub fn link_name(path: impl AsRef<Path>) -> Option<String> {
    let target: PathBuf = std::fs::read_link(path).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

/// What the first group of a pattern finds.
pub fn find(pattern: &str, text: &str) -> Option<String> {
    let regex = pyregex::compile(pattern, pyregex::Flags::default()).ok()?;
    let found = regex.search(text).ok()??;
    found.group(text, 1).map(String::from)
}
