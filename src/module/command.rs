//! `command` and `shell`: what a task runs, with its output, exit code and times.

use super::process::{self, Command};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, glob, shlex};
use crate::value::{Moment, TimeDelta, Value};
use jiff::Zoned;
use std::path::{Path, PathBuf};

const fn args(uses_shell: &'static str) -> [Arg; 12] {
    [
        Arg::new("_raw_params", Kind::Str),
        Arg::new("_uses_shell", Kind::Bool).default(uses_shell),
        Arg::new("cmd", Kind::Str),
        Arg::new("argv", Kind::List(&Kind::Str)),
        Arg::new("chdir", Kind::Path),
        Arg::new("executable", Kind::Str),
        Arg::new("expand_argument_vars", Kind::Bool).default("yes"),
        Arg::new("creates", Kind::Path),
        Arg::new("removes", Kind::Path),
        Arg::new("stdin", Kind::Str),
        Arg::new("stdin_add_newline", Kind::Bool).default("yes"),
        Arg::new("strip_empty_ends", Kind::Bool).default("yes"),
    ]
}

const COMMAND_ARGS: [Arg; 12] = args("no");
const SHELL_ARGS: [Arg; 12] = args("yes");

/// The arguments of `command`.
pub const SPEC: Spec = Spec {
    args: &COMMAND_ARGS,
    required_one_of: &[&["_raw_params", "cmd", "argv"]],
    mutually_exclusive: &[&["_raw_params", "cmd", "argv"]],
    free_form: true,
    ..Spec::new("command")
};

/// The arguments of `shell`: the same, run by a shell.
pub const SHELL: Spec = Spec { name: "shell", args: &SHELL_ARGS, ..SPEC };

/// What is to be run.
enum Line {
    Words(Vec<String>),
    Shell(String),
}

/// Runs it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let shell = params.bool("_uses_shell");
    let mut executable = params.str("executable").filter(|text| !text.is_empty());
    if let (false, Some(name)) = (shell, executable) {
        run.warn(format!(
            "As of Ansible 2.4, the parameter 'executable' is no longer supported with the 'command' module. Not using '{name}'."
        ));
        executable = None;
    }
    let line = line(params, shell)?;
    let cmd = match &line {
        Line::Words(words) => Value::list(words.iter().map(Value::from)),
        Line::Shell(text) => Value::str(text.as_str()),
    };
    let dir = directory(params, &cmd)?;
    if let Some(outcome) = unneeded(run, params, &dir, &cmd) {
        return Ok(outcome);
    }
    if run.check {
        return Ok(only_checked(params, cmd));
    }
    let command = match line {
        Line::Words(words) if shell => Command::shell(&shlex::join(&words), executable),
        Line::Words(words) if params.bool("expand_argument_vars") => {
            Command::new(words.iter().map(|word| run.expand(word)))
        }
        Line::Words(words) => Command::new(words),
        Line::Shell(text) => Command::shell(&text, executable),
    };
    execute(run, params, command.cwd(dir), cmd)
}

fn line(params: &Params, shell: bool) -> Result<Line, Failure> {
    let text = [params.str("_raw_params"), params.str("cmd")].into_iter().flatten().find(|text| !text.is_empty());
    Ok(match text {
        Some(text) if shell => Line::Shell(text.to_string()),
        Some(text) => Line::Words(shlex::split(text).map_err(|error| Failure::raised(error.to_string()))?),
        None => Line::Words(params.strs("argv").into_iter().map(String::from).collect()),
    })
}

/// The keys that every result has, before anything ran.
fn blank(changed: bool, cmd: Value) -> Outcome {
    Outcome::new(changed)
        .with("stdout", "")
        .with("stderr", "")
        .with("rc", Value::None)
        .with("cmd", cmd)
        .with("start", Value::None)
        .with("end", Value::None)
        .with("delta", Value::None)
        .with("msg", "")
}

/// Where to run: `chdir`, which must be a directory we may enter.
fn directory(params: &Params, cmd: &Value) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let Some(chdir) = params.str("chdir").filter(|text| !text.is_empty()) else { return Ok(here) };
    let dir = here.join(chdir);
    enter(&dir).map(|()| dir).map_err(|errno| {
        let cause =
            format!("[Errno {}] {}: {}", errno.raw_os_error(), process::strerror(errno), process::bytes_repr(chdir));
        let mut failure = Failure::new("Unable to change directory before execution.").because(cause);
        *failure.result = blank(false, cmd.clone()).result;
        failure.result.remove("msg");
        failure
    })
}

fn enter(dir: &Path) -> Result<(), rustix::io::Errno> {
    let stat = rustix::fs::stat(dir)?;
    if !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() {
        return Err(rustix::io::Errno::NOTDIR);
    }
    rustix::fs::access(dir, rustix::fs::Access::EXEC_OK)
}

/// The result when `creates` is there or `removes` is not.
fn unneeded(run: &Run, params: &Params, dir: &Path, cmd: &Value) -> Option<Outcome> {
    let verb = if run.check { "Would" } else { "Did" };
    let found = |pattern: &&str| !glob::glob(dir, pattern).is_empty();
    let given = |name| params.str(name).filter(|text| !text.is_empty());
    let (path, state, skipped) = match (given("creates").filter(found), given("removes").filter(|path| !found(path))) {
        (Some(path), _) => (path, "exists", "exists"),
        (None, Some(path)) => (path, "does not exist", "does not exist"),
        (None, None) => return None,
    };
    let mut outcome = blank(false, cmd.clone());
    outcome.set("msg", format!("{verb} not run command since '{path}' {state}"));
    outcome.set("stdout", format!("skipped, since {path} {skipped}"));
    outcome.set("rc", 0);
    Some(outcome)
}

/// In check mode only `creates` and `removes` tell whether it would run; without them the task is skipped.
fn only_checked(params: &Params, cmd: Value) -> Outcome {
    let knows = params.is_set("creates") || params.is_set("removes");
    let mut outcome = blank(knows, cmd);
    outcome.set("rc", 0);
    outcome.set("msg", "Command would have run if not in check mode");
    if !knows {
        outcome.set("skipped", true);
    }
    outcome
}

fn execute(run: &Run, params: &Params, mut command: Command, cmd: Value) -> Result<Outcome, Failure> {
    if let Some(input) = params.str("stdin").filter(|text| !text.is_empty()) {
        let newline = if params.bool("stdin_add_newline") { "\n" } else { "" };
        command = command.stdin(format!("{input}{newline}"));
    }
    let start = Zoned::now();
    let output = command.run(run)?;
    let end = Zoned::now();
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if params.bool("strip_empty_ends") { text.trim_end_matches(['\r', '\n']).to_string() } else { text }
    };
    let mut outcome = blank(true, cmd);
    outcome.set("stdout", text(&output.stdout));
    outcome.set("stderr", text(&output.stderr));
    outcome.set("rc", output.rc);
    outcome.set("start", clock(&start));
    outcome.set("end", clock(&end));
    outcome.set("delta", span(&start, &end));
    if output.ok() {
        return Ok(outcome);
    }
    outcome.result.remove("msg");
    let mut failure = Failure::new("non-zero return code");
    *failure.result = outcome.result;
    Err(failure)
}

/// Local time as Python's `str(datetime.now())`.
fn clock(at: &Zoned) -> String {
    Moment::DateTime(at.datetime(), None).to_string()
}

fn span(start: &Zoned, end: &Zoned) -> String {
    let microseconds = i128::from(end.timestamp().as_microsecond() - start.timestamp().as_microsecond());
    Moment::Delta(TimeDelta { microseconds }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(given: &[(&str, Value)]) -> Params {
        let mut all: crate::value::Dict = [
            ("expand_argument_vars", Value::Bool(true)),
            ("stdin_add_newline", Value::Bool(true)),
            ("strip_empty_ends", Value::Bool(true)),
        ]
        .into_iter()
        .collect();
        all.extend(given.iter().map(|(key, value)| (Value::str(*key), value.clone())));
        Params(all)
    }

    fn go(given: &[(&str, Value)]) -> Result<Outcome, Failure> {
        run(&mut Run::default(), &params(given))
    }

    fn stdout(given: &[(&str, Value)]) -> String {
        go(given).unwrap().result.get("stdout").unwrap().to_text().into_owned()
    }

    #[test]
    fn words_are_expanded_without_a_shell() {
        let line = ("_raw_params", Value::str("echo $HEL_NOPE '~root' \"a  b\""));
        assert_eq!(stdout(std::slice::from_ref(&line)), "$HEL_NOPE /root a  b");
        assert_eq!(stdout(&[line, ("expand_argument_vars", Value::Bool(false))]), "$HEL_NOPE ~root a  b");
    }

    #[test]
    fn a_shell_runs_in_its_directory_with_its_input() {
        let given = [
            ("_uses_shell", Value::Bool(true)),
            ("cmd", Value::str("pwd; cat; echo $0 >&2; printf '\\n\\n'")),
            ("chdir", Value::str("/usr")),
            ("stdin", Value::str("in")),
            ("executable", Value::str("/bin/bash")),
        ];
        let outcome = go(&given).unwrap();
        assert_eq!(outcome.result.get("stdout"), Some(&"/usr\nin".into()));
        assert_eq!(outcome.result.get("stderr"), Some(&"/bin/bash".into()));
        assert_eq!(outcome.result.get("delta").unwrap().to_text().len(), "0:00:00.002843".len());
    }

    #[test]
    fn a_failing_command_keeps_its_result() {
        let failure =
            go(&[("_uses_shell", Value::Bool(true)), ("cmd", Value::str("echo no >&2; exit 7"))]).unwrap_err();
        assert_eq!(failure.message, "non-zero return code");
        assert_eq!(failure.result.get("rc"), Some(&7.into()));
        assert_eq!(failure.result.get("stderr"), Some(&"no".into()));
        assert_eq!(failure.result.get("changed"), Some(&true.into()));
    }

    #[test]
    fn creates_and_removes_spare_the_work() {
        let dir = tempfile::tempdir().unwrap();
        let here = ("chdir", Value::str(dir.path().display().to_string()));
        let touch = ("_raw_params", Value::str("touch made"));
        let creates = ("creates", Value::str("ma*"));
        let changed = |given: &[_]| go(given).unwrap().result.get("changed").unwrap().truthy();
        assert!(changed(&[here.clone(), touch.clone(), creates.clone()]));
        assert!(dir.path().join("made").exists());
        assert!(!changed(&[here.clone(), touch.clone(), creates]));
        let outcome = go(&[here, touch, ("removes", Value::str("gone"))]).unwrap();
        assert_eq!(outcome.result.get("msg"), Some(&"Did not run command since 'gone' does not exist".into()));
        assert_eq!(outcome.result.get("stdout"), Some(&"skipped, since gone does not exist".into()));
    }

    #[test]
    fn check_mode_runs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("made").display().to_string();
        let mut check = Run { check: true, ..Run::default() };
        let touch = ("_raw_params", Value::str(format!("touch {file}")));
        let skipped = run(&mut check, &params(std::slice::from_ref(&touch))).unwrap();
        assert_eq!(skipped.result.get("skipped"), Some(&true.into()));
        let would = run(&mut check, &params(&[touch, ("creates", Value::str(file.as_str()))])).unwrap();
        assert_eq!(would.result.get("changed"), Some(&true.into()));
        assert!(!Path::new(&file).exists());
    }

    #[test]
    fn a_missing_directory_is_told() {
        let failure = go(&[("_raw_params", Value::str("ls")), ("chdir", Value::str("/no/such"))]).unwrap_err();
        assert_eq!(failure.message, "Unable to change directory before execution.");
        assert_eq!(failure.cause.as_deref(), Some("[Errno 2] No such file or directory: b'/no/such'"));
    }
}
