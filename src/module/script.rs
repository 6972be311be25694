//! The far end of `script`: runs a script that came along as blob 0.
//!
//! `_raw_params` is the line as the task has it: the script's name, then its arguments, which a shell reads.

use super::process::{self, Command};
use super::{Arg, Blob, Failure, Kind, Outcome, Params, Run, Spec, shlex};
use std::path::{Path, PathBuf};

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("_raw_params", Kind::Str),
        Arg::new("cmd", Kind::Str),
        Arg::new("creates", Kind::Str),
        Arg::new("removes", Kind::Str),
        Arg::new("chdir", Kind::Str),
        Arg::new("executable", Kind::Str),
    ],
    required_one_of: &[&["_raw_params", "cmd"]],
    mutually_exclusive: &[&["_raw_params", "cmd"]],
    free_form: true,
    ..Spec::new("script")
};

/// Runs it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let given = |name| params.str(name).filter(|text| !text.is_empty());
    if let Some(creates) = given("creates").filter(|path| Path::new(path).exists()) {
        return Ok(skipped(format!("{creates} exists, matching creates option")));
    }
    if let Some(removes) = given("removes").filter(|path| !Path::new(path).exists()) {
        return Ok(skipped(format!("{removes} does not exist, matching removes option")));
    }
    if let Some(chdir) = given("chdir").filter(|dir| !dir.starts_with('/')) {
        return Err(Failure::new(format!("chdir {chdir} must be an absolute path for a Unix-aware remote node")));
    }
    let line = given("_raw_params").or(given("cmd")).unwrap_or_default();
    let split = shlex::split_first(line).map_err(|error| Failure::new(error.to_string()))?;
    let (name, arguments) = split.ok_or_else(|| Failure::new("script needs the name of a script"))?;
    if run.check {
        return Ok(match given("creates").or(given("removes")) {
            Some(_) => Outcome::new(true),
            None => skipped("Check mode is not supported for this task.".to_string()),
        });
    }
    let dir = tempfile::Builder::new()
        .prefix("script-")
        .tempdir_in(&run.tmpdir)
        .map_err(|error| Failure::new(format!("cannot keep the script in {}: {error}", run.tmpdir.display())))?;
    let script = place(run, dir.path(), &name)?;
    let shell = shell_line(given("chdir"), given("executable"), &script, arguments);
    let output = Command::shell(&shell, None).run(run)?;
    let outcome = Outcome::new(true).with("rc", output.rc).with("stdout", output.out()).with("stderr", output.err());
    if output.ok() {
        return Ok(outcome);
    }
    let mut failure = Failure::new("non-zero return code");
    *failure.result = outcome.result;
    Err(failure)
}

fn skipped(message: String) -> Outcome {
    Outcome::new(false).with("skipped", true).with("msg", message)
}

/// Puts the script into our directory under its own name, executable.
///
/// A child writes it: a descriptor of ours could slip into a process that another thread starts just then, and the
/// kernel executes no file that somebody holds open for writing.
fn place(run: &Run, dir: &Path, name: &str) -> Result<PathBuf, Failure> {
    let content = match run.blobs.first() {
        Some(Blob::Memory(content)) => content.clone(),
        Some(Blob::File(path)) => {
            std::fs::read(path).map_err(|error| Failure::new(process::os_error(&error, &path.display().to_string())))?
        }
        None => return Err(Failure::new("the script did not come along")),
    };
    let path = dir.join(Path::new(name).file_name().unwrap_or("script".as_ref()));
    let target = path.to_string_lossy();
    let writer = Command::new(["/bin/sh", "-c", "umask 077; cat > \"$1\" && chmod 0700 \"$1\"", "sh", &target]);
    let output = writer.stdin(content).run(run)?;
    if output.ok() { Ok(path) } else { Err(Failure::new(format!("cannot keep the script: {}", output.err().trim()))) }
}

fn shell_line(chdir: Option<&str>, executable: Option<&str>, script: &Path, arguments: &str) -> String {
    let mut line = String::new();
    if let Some(dir) = chdir {
        line.push_str(&format!("cd {} && ", shlex::quote(dir)));
    }
    if let Some(executable) = executable {
        line.push_str(&format!("{executable} "));
    }
    line.push_str(&shlex::quote(&script.to_string_lossy()));
    line.push_str(arguments);
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn go(script: &str, given: &[(&'static str, &str)]) -> Result<Outcome, Failure> {
        let dir = tempfile::tempdir().unwrap();
        let blobs = vec![Blob::Memory(script.as_bytes().to_vec())];
        let mut run = Run { tmpdir: dir.path().into(), blobs, ..Run::default() };
        let params = Params(given.iter().map(|(key, value)| (*key, Value::str(*value))).collect());
        let outcome = super::run(&mut run, &params);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
        outcome
    }

    fn stdout(outcome: &Outcome) -> String {
        outcome.result.get("stdout").unwrap().to_text().into_owned()
    }

    #[test]
    fn a_script_gets_its_name_its_arguments_and_its_directory() {
        let script = "#!/bin/sh\nbasename \"$0\"; pwd; for a; do echo \"<$a>\"; done";
        let outcome = go(script, &[("_raw_params", "'files/my script.sh' 'a b' c"), ("chdir", "/usr")]).unwrap();
        assert_eq!(stdout(&outcome), "my script.sh\n/usr\n<a b>\n<c>\n");
        assert_eq!(outcome.result.get("changed"), Some(&true.into()));
    }

    #[test]
    fn an_executable_runs_it() {
        let outcome = go("echo $0 $1 $-", &[("cmd", "x.sh one"), ("executable", "/bin/sh -e")]).unwrap();
        assert!(stdout(&outcome).ends_with("x.sh one e\n"), "{}", stdout(&outcome));
    }

    #[test]
    fn failures_and_skips() {
        let failure = go("#!/bin/sh\necho no >&2\nexit 4", &[("_raw_params", "x")]).unwrap_err();
        assert_eq!(failure.result.get("rc"), Some(&4.into()));
        assert_eq!(failure.result.get("stderr"), Some(&"no\n".into()));
        let outcome = go("exit 1", &[("_raw_params", "x"), ("creates", "/")]).unwrap();
        assert_eq!(outcome.result.get("msg"), Some(&"/ exists, matching creates option".into()));
        let outcome = go("exit 1", &[("_raw_params", "x"), ("removes", "/no/such")]).unwrap();
        assert_eq!(outcome.result.get("skipped"), Some(&true.into()));
    }
}
