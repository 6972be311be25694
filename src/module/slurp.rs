//! `slurp`: a file's content, in base64.

use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, oserror};
use base64::Engine as _;
use rustix::io::Errno;
use std::path::Path;

/// What it accepts.
pub const SPEC: Spec =
    Spec { args: &[Arg::new("src", Kind::Path).required().aliases(&["path"])], ..Spec::new("slurp") };

/// Does it.
pub fn run(_run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let source = params.str("src").unwrap_or_default();
    let content = std::fs::read(source).map_err(|error| unreadable(&error, source))?;
    Ok(Outcome::new(false)
        .with("content", base64::engine::general_purpose::STANDARD.encode(content))
        .with("source", source)
        .with("encoding", "base64"))
}

/// The failure of reading `source`.
pub(super) fn unreadable(error: &std::io::Error, source: &str) -> Failure {
    let message = match oserror::errno(error) {
        Some(Errno::NOENT) => format!("File not found: {source}"),
        Some(Errno::ACCESS) => format!("File is not readable: {source}"),
        Some(Errno::ISDIR) => format!("Source is a directory and must be a file: {source}"),
        _ => format!("Unable to slurp file: {source}"),
    };
    Failure::new(message).because(oserror::text(error, Path::new(source)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn slurp(path: &Path) -> Result<Outcome, Failure> {
        run(&mut Run::default(), &Params([("src", Value::from(path.to_string_lossy()))].into_iter().collect()))
    }

    #[test]
    fn a_file_comes_in_base64() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"\xff\x00a").unwrap();
        let outcome = slurp(file.path()).unwrap();
        assert_eq!(outcome.result.get("content"), Some(&Value::str("/wBh")));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert!(slurp(dir.path()).unwrap_err().message.starts_with("Source is a directory and must be a file: /"));
        let failure = slurp(&dir.path().join("x")).unwrap_err();
        assert!(failure.message.starts_with("File not found: /"));
        assert!(failure.cause.is_some_and(|cause| cause.starts_with("[Errno 2] No such file or directory: '/")));
    }
}
