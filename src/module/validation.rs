//! `validate:`: a command that looks at new content before it takes its place.

use super::process::{Command, Output};
use super::replace_file::Source;
use super::{Failure, Run, oserror};
use crate::value::shlex;
use std::path::Path;

/// A file with the content in the run's own directory; removed when dropped.
pub fn stage(content: Source, suffix: &str, run: &Run) -> Result<tempfile::TempPath, Failure> {
    let staged = tempfile::Builder::new().prefix(".source").suffix(suffix).tempfile_in(&run.tmpdir);
    let mut staged = staged.map_err(|error| Failure::raised(oserror::text(&error, &run.tmpdir)))?;
    content.write_to(staged.as_file_mut()).map_err(|error| Failure::raised(oserror::text(&error, staged.path())))?;
    Ok(staged.into_temp_path())
}

/// Runs the command on the file that `%s` stands for.
pub fn run(command: &str, file: &Path, run: &Run) -> Result<Output, Failure> {
    if !command.contains("%s") {
        return Err(Failure::new(format!("validate must contain %s: {command}")));
    }
    let words = shlex::split(command).map_err(|error| Failure::raised(error.to_string()))?;
    let path = file.to_string_lossy();
    // into the words, not into the line: a path with blanks stays one word
    let words = words.iter().map(|word| run.expand(word).replace("%s", &path).replace("%%", "%"));
    Ok(Command::new(words).run(run)?)
}
