//! `cron`: jobs and variables in a user's crontab or a file of `/etc/cron.d`.

use super::process::{Command, require_program};
use super::replace_file::{Keep, Source, replace};
use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec, oserror};
use crate::value::{Dict, Value};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("name", Kind::Str).required(),
        Arg::new("user", Kind::Str),
        Arg::new("job", Kind::Str).aliases(&["value"]),
        Arg::new("cron_file", Kind::Path),
        Arg::new("state", Kind::Str).default("present").choices(&["present", "absent"]),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("minute", Kind::Str).default("*"),
        Arg::new("hour", Kind::Str).default("*"),
        Arg::new("day", Kind::Str).default("*").aliases(&["dom"]),
        Arg::new("month", Kind::Str).default("*"),
        Arg::new("weekday", Kind::Str).default("*").aliases(&["dow"]),
        Arg::new("special_time", Kind::Str)
            .choices(&["reboot", "yearly", "annually", "monthly", "weekly", "daily", "hourly"]),
        Arg::new("disabled", Kind::Bool).default("no"),
        Arg::new("env", Kind::Bool).default("no"),
        Arg::new("insertafter", Kind::Str),
        Arg::new("insertbefore", Kind::Str),
    ],
    mutually_exclusive: &[&["insertafter", "insertbefore"]],
    ..Spec::new("cron")
};

/// What marks the line before a job of ours.
const MARK: &str = "#Ansible: ";

/// Brings the job or variable into the state that is asked for.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("name").unwrap_or_default();
    check(run, params)?;
    let mut table = Table::read(run, params)?;
    let present = params.str("state") != Some("absent");
    check_present(params, present)?;
    let backup = if params.bool("backup") && !run.check { Some(backup(&table.render())?) } else { None };
    let mut changed = if params.bool("env") {
        change_variable(&mut table, params, name, present)?
    } else if present {
        add_job(run, &mut table, params, name)
    } else {
        let found = !table.find_job(name, None).is_empty();
        if found {
            table.update_job(name, None);
            if let Some(file) = table.file.clone().filter(|_| table.is_empty()) {
                return remove_file(run, &table, params, &file);
            }
        }
        found
    };
    // a last line without its end would be lost to cron
    changed |= !table.old.is_empty() && !table.old.ends_with(['\r', '\n']);
    if changed && !run.check {
        table.write(run)?;
    }
    let mut outcome = Outcome { result: Dict::new() };
    outcome.set("jobs", table.jobs());
    outcome.set("envs", table.variables());
    outcome.set("changed", changed);
    if changed && run.diff {
        outcome.set("diff", table.diff(Some(&table.render())));
    }
    if let Some(path) = backup {
        if changed {
            outcome.set("backup_file", path.to_string_lossy());
        } else {
            let _ = std::fs::remove_file(path);
        }
    }
    if params.is_set("cron_file") {
        outcome.set("cron_file", params.value("cron_file").clone());
    }
    Ok(outcome)
}

fn check(run: &mut Run, params: &Params) -> Result<(), Failure> {
    let Some(file) = params.str("cron_file").filter(|file| !file.is_empty()) else { return Ok(()) };
    if file == "/etc/crontab" {
        return Err(Failure::new("Will not manage /etc/crontab via cron_file, see documentation."));
    }
    let base = file.rsplit('/').next().unwrap_or_default();
    // cron passes over files of other names
    if base.is_empty() || !base.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
        run.warn(format!(
            "Filename portion of cron_file (\"{base}\") should consist solely of upper- and lower-case letters, digits, \
             underscores, and hyphens"
        ));
    }
    Ok(())
}

fn check_present(params: &Params, present: bool) -> Result<(), Failure> {
    let timed = ["minute", "hour", "day", "month", "weekday"].iter().any(|name| params.str(name) != Some("*"));
    let message = if params.is_set("special_time") && timed {
        "You cannot combine special_time with any of the time or day/date parameters."
    } else if !present {
        return Ok(());
    } else if params.is_set("cron_file") && params.str("user").is_none_or(str::is_empty) {
        "To use cron_file=... parameter you must specify user=... as well"
    } else if !params.is_set("job") {
        "You must specify 'job' to install a new cron job or variable"
    } else if (params.is_set("insertafter") || params.is_set("insertbefore")) && !params.bool("env") {
        "Insertafter and insertbefore parameters are valid only with env=yes"
    } else {
        return Ok(());
    };
    Err(Failure::new(message))
}

fn backup(content: &str) -> Result<PathBuf, Failure> {
    let made = tempfile::Builder::new().prefix("crontab").tempfile().and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.keep().map_err(std::io::Error::from)
    });
    made.map(|(_, path)| path).map_err(|error| Failure::raised(oserror::plain(&error)))
}

fn change_variable(table: &mut Table, params: &Params, name: &str, present: bool) -> Result<bool, Failure> {
    if name.contains(' ') {
        return Err(Failure::new("Invalid name for environment variable"));
    }
    let line = format!("{name}=\"{}\"", params.str("job").unwrap_or("None"));
    match (table.find_variable(name), present) {
        (None, true) => table.add_variable(&line, params.str("insertafter"), params.str("insertbefore")).map(|()| true),
        (Some(at), true) if table.lines[at] != line => {
            table
                .lines
                .iter_mut()
                .filter(|old| old.starts_with(&format!("{name}=")))
                .for_each(|old| *old = line.clone());
            Ok(true)
        }
        (Some(_), false) => {
            table.lines.retain(|old| !old.starts_with(&format!("{name}=")));
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn add_job(run: &mut Run, table: &mut Table, params: &Params, name: &str) -> bool {
    let job = params.str("job").unwrap_or_default().trim_matches(['\r', '\n']);
    if job.contains(['\r', '\n']) {
        run.warn("Job should not contain line breaks");
    }
    let line = table.job_line(params, job);
    let found = table.find_job(name, Some(&line));
    match &found[..] {
        [] => table.lines.extend([format!("{MARK}{name}"), line]),
        [_, old] if *old == line => return false,
        _ => table.update_job(name, Some(&line)),
    }
    true
}

/// A file without lines goes.
fn remove_file(run: &Run, table: &Table, params: &Params, file: &Path) -> Result<Outcome, Failure> {
    let changed = if run.check { file.is_file() } else { std::fs::remove_file(file).is_ok() };
    let diff = if run.diff { table.diff(None) } else { Dict::new() };
    let outcome = Outcome::new(changed).with("cron_file", params.value("cron_file").clone());
    Ok(outcome.with("state", params.value("state").clone()).with("diff", diff))
}

/// A crontab.
struct Table {
    file: Option<PathBuf>,
    user: Option<String>,
    crontab: Vec<String>,
    lines: Vec<String>,
    old: String,
}

impl Table {
    fn read(run: &Run, params: &Params) -> Result<Table, Failure> {
        let program = require_program(run, "crontab")?;
        let given = |name: &str| params.str(name).filter(|text| !text.is_empty());
        let user = given("user").map(String::from);
        let own = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|user| user.name);
        let mut crontab = vec![program];
        if let Some(user) = user.as_ref().filter(|user| own.as_ref() != Some(user)) {
            crontab.extend(["-u".to_string(), user.clone()]);
        }
        let file = given("cron_file").map(|file| Path::new("/etc/cron.d").join(file));
        let mut table = Table { file, user, crontab, lines: Vec::new(), old: String::new() };
        match &table.file {
            Some(file) => {
                table.old =
                    std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
                table.lines = table.old.lines().map(String::from).collect();
            }
            None => table.list(run)?,
        }
        Ok(table)
    }

    /// What `crontab -l` prints, without the header that some of them put before it.
    fn list(&mut self, run: &Run) -> Result<(), Failure> {
        let output = Command::new(self.crontab.iter().map(String::as_str).chain(["-l"])).run(run)?;
        // 1 may mean that there are no jobs
        if output.rc != 0 && output.rc != 1 {
            return Err(Failure::raised("Unable to read crontab"));
        }
        let out = output.out();
        let header = |line: &str| {
            let note = line.strip_prefix("# (");
            line.starts_with("# DO NOT EDIT THIS FILE - edit the master and reinstall.")
                || note.is_some_and(|note| note.starts_with("/tmp/") && note.contains("installed on"))
                || note.is_some_and(|note| note.contains("version"))
        };
        for (at, line) in out.split_inclusive('\n').enumerate() {
            if at > 2 || !header(line) {
                self.old.push_str(line);
                self.lines.push(line.trim_end_matches(['\r', '\n']).to_string());
            }
        }
        Ok(())
    }

    fn write(&self, run: &Run) -> Result<(), Failure> {
        let text = self.render();
        if let Some(file) = &self.file {
            let is_new = !file.exists();
            replace(file, Source::Bytes(text.as_bytes()), Keep::Dest, true)?;
            if is_new {
                // cron wants to read it, and that nobody else can write it
                std::fs::set_permissions(file, PermissionsExt::from_mode(0o644))
                    .map_err(|error| Failure::raised(oserror::text(&error, file)))?;
            }
            return Ok(());
        }
        let output =
            Command::new(self.crontab.iter().map(String::as_str).chain(["-"])).stdin(text_or_newline(text)).run(run)?;
        if output.ok() {
            return Ok(());
        }
        let failure = Failure::new("Failed to install new cronfile: -").with("rc", output.rc);
        Err(failure.with("stdout", output.out()).with("stderr", output.err()))
    }

    fn render(&self) -> String {
        let text = self.lines.join("\n");
        if text.is_empty() { text } else { text.trim_end_matches(['\r', '\n']).to_string() + "\n" }
    }

    fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.trim().is_empty())
    }

    fn job_line(&self, params: &Params, job: &str) -> String {
        let field = |name: &str| params.str(name).unwrap_or("*").to_string();
        let when = match params.str("special_time") {
            Some(word) => format!("@{word}"),
            None => ["minute", "hour", "day", "month", "weekday"].map(field).join(" "),
        };
        let disabled = if params.bool("disabled") { "#" } else { "" };
        match (&self.file, &self.user) {
            (Some(_), user) => format!("{disabled}{when} {} {job}", user.as_deref().unwrap_or("None")),
            (None, _) => format!("{disabled}{when} {job}"),
        }
    }

    /// The mark and the line of a job: by its name; else by its line, which then gets a mark. The third item says that
    /// something has to be written for it.
    fn find_job(&mut self, name: &str, line: Option<&str>) -> Vec<String> {
        let mut marked: Option<String> = None;
        for line in &self.lines {
            match marked.take() {
                Some(found) if found == name => return vec![found, line.clone()],
                Some(_) => {}
                None if line.starts_with(MARK) => marked = Some(line.replace(MARK, "")),
                None => {}
            }
        }
        let Some(line) = line else { return Vec::new() };
        for at in (0..self.lines.len()).filter(|at| self.lines[*at] == line).collect::<Vec<_>>() {
            let before = if at == 0 { self.lines.len() - 1 } else { at - 1 };
            let mark = format!("{MARK}{name}");
            if !self.lines[before].starts_with(MARK) {
                self.lines.insert(at, mark.clone());
                return vec![mark, line.to_string(), String::new()];
            }
            // as it was once written for jobs without a name
            if !name.is_empty() && self.lines[before] == format!("{MARK}None") {
                self.lines[before] = mark.clone();
                return vec![mark, line.to_string(), String::new()];
            }
        }
        Vec::new()
    }

    /// Puts another line in the place of a job's, or takes mark and line away.
    fn update_job(&mut self, name: &str, new: Option<&str>) {
        let mark = format!("{MARK}{name}");
        let mut lines = Vec::new();
        let mut old = std::mem::take(&mut self.lines).into_iter();
        while let Some(line) = old.next() {
            if line != mark {
                lines.push(line);
                continue;
            }
            // the job itself; a mark at the very end stands for nothing
            if old.next().is_some()
                && let Some(new) = new
            {
                lines.extend([mark.clone(), new.to_string()]);
            }
        }
        self.lines = lines;
    }

    fn find_variable(&self, name: &str) -> Option<usize> {
        self.lines.iter().position(|line| line.starts_with(&format!("{name}=")))
    }

    fn add_variable(&mut self, line: &str, after: Option<&str>, before: Option<&str>) -> Result<(), Failure> {
        let Some(other) = after.or(before).filter(|name| !name.is_empty()) else {
            self.lines.insert(0, line.to_string());
            return Ok(());
        };
        let at = self.find_variable(other);
        let at = at.ok_or_else(|| Failure::new(format!("Variable named '{other}' not found.")))?;
        self.lines.insert(if after.is_some() { at + 1 } else { at }, line.to_string());
        Ok(())
    }

    fn jobs(&self) -> Vec<Value> {
        self.lines.iter().filter(|line| line.starts_with(MARK)).map(|line| line.replace(MARK, "").into()).collect()
    }

    fn variables(&self) -> Vec<Value> {
        let name = |line: &String| line.split_once('=').map(|(name, _)| name.to_string());
        let is_name = |name: &String| !name.is_empty() && !name.contains(char::is_whitespace);
        self.lines.iter().filter_map(name).filter(is_name).map(Value::from).collect()
    }

    fn diff(&self, after: Option<&str>) -> Dict {
        let header = match (&self.file, &self.user) {
            (Some(file), _) => file.to_string_lossy().into_owned(),
            (None, Some(user)) => format!("crontab for user \"{user}\""),
            (None, None) => "crontab".to_string(),
        };
        let mut diff = Dict::new();
        diff.insert("before", self.old.as_str());
        diff.insert("before_header", header.as_str());
        diff.insert("after", after.unwrap_or(""));
        diff.insert("after_header", if after.is_some() { header.as_str() } else { "/dev/null" });
        diff
    }
}

/// Nothing on standard input could be taken for a terminal's.
fn text_or_newline(text: String) -> String {
    if text.is_empty() { "\n".to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `crontab` that keeps the table in a file.
    struct Stage(tempfile::TempDir);

    impl Stage {
        fn new(table: &str) -> Stage {
            let dir = tempfile::tempdir().unwrap();
            let program = dir.path().join("crontab");
            let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n[ \"$1\" = -u ] && shift 2\n\
                          case $1 in -l) [ -e table ] || exit 1; cat table;; -) cat > table;; esac\n";
            std::fs::write(&program, script).unwrap();
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
            if !table.is_empty() {
                std::fs::write(dir.path().join("table"), table).unwrap();
            }
            Stage(dir)
        }

        fn go(&self, check: bool, given: &[(&'static str, &str)]) -> Result<Outcome, Failure> {
            let path = format!("{}:/usr/bin:/bin", self.0.path().display());
            let mut run = Run { check, diff: true, environment: vec![("PATH".into(), path)], ..Run::default() };
            let mut params: Dict =
                ["minute", "hour", "day", "month", "weekday"].map(|name| (name, "*".into())).into_iter().collect();
            params.insert("state", "present");
            let flag = |value: &str| if value == "yes" { Value::Bool(true) } else { Value::str(value) };
            params.extend(given.iter().map(|(key, value)| (Value::str(*key), flag(value))));
            super::run(&mut run, &Params(params))
        }

        fn changed(&self, given: &[(&'static str, &str)]) -> bool {
            self.go(false, given).unwrap().result.get("changed").unwrap().truthy()
        }

        fn table(&self) -> String {
            std::fs::read_to_string(self.0.path().join("table")).unwrap_or_default()
        }
    }

    #[test]
    fn a_job_comes_changes_and_goes() {
        let stage = Stage::new("");
        let job = [("name", "backup"), ("job", "/bin/true\n"), ("minute", "5"), ("hour", "1,2")];
        stage.go(true, &job).unwrap();
        assert_eq!(stage.table(), "", "check mode");
        assert!(stage.changed(&job));
        assert_eq!(stage.table(), "#Ansible: backup\n5 1,2 * * * /bin/true\n");
        assert!(!stage.changed(&job));
        assert!(stage.changed(&[
            ("name", "backup"),
            ("job", "/bin/true"),
            ("special_time", "daily"),
            ("disabled", "yes")
        ]));
        assert_eq!(stage.table(), "#Ansible: backup\n#@daily /bin/true\n");
        let outcome = stage.go(false, &[("name", "backup"), ("state", "absent")]).unwrap();
        assert_eq!(outcome.result.get("jobs").unwrap().as_slice(), Some(&[][..]));
        assert_eq!(stage.table().trim(), "");
    }

    #[test]
    fn a_job_that_is_there_without_its_mark_gets_one() {
        let stage = Stage::new("# (/tmp/x installed on Monday)\n* * * * * /bin/x\n0 0 * * * /bin/y\n");
        assert!(stage.changed(&[("name", "y"), ("job", "/bin/y"), ("minute", "0"), ("hour", "0")]));
        assert_eq!(stage.table(), "* * * * * /bin/x\n#Ansible: y\n0 0 * * * /bin/y\n");
    }

    #[test]
    fn variables_stand_before_and_after_others() {
        let stage = Stage::new("A=\"1\"\n");
        assert!(stage.changed(&[("name", "B"), ("job", "2"), ("env", "yes"), ("insertafter", "A")]));
        assert!(stage.changed(&[("name", "C"), ("job", "3"), ("env", "yes")]));
        assert_eq!(stage.table(), "C=\"3\"\nA=\"1\"\nB=\"2\"\n");
        assert!(!stage.changed(&[("name", "B"), ("job", "2"), ("env", "yes")]));
        assert!(stage.changed(&[("name", "A"), ("env", "yes"), ("state", "absent")]));
        assert_eq!(stage.table(), "C=\"3\"\nB=\"2\"\n");
        let failure =
            stage.go(false, &[("name", "D"), ("job", "4"), ("env", "yes"), ("insertafter", "X")]).unwrap_err();
        assert_eq!(failure.message, "Variable named 'X' not found.");
    }

    #[test]
    fn a_file_of_its_own_goes_with_its_last_job() {
        let stage = Stage::new("");
        let file = stage.0.path().join("toy-jobs");
        let path = file.display().to_string();
        let job = [
            ("name", "j"),
            ("job", "/bin/j"),
            ("user", "root"),
            ("cron_file", path.as_str()),
            ("special_time", "reboot"),
        ];
        let outcome = stage.go(false, &job).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "#Ansible: j\n@reboot root /bin/j\n");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(outcome.result.get("diff").unwrap().get("before_header"), Some(&path.as_str().into()));
        assert!(stage.changed(&[("name", "j"), ("state", "absent"), ("cron_file", &path)]));
        assert!(!file.exists());
    }

    #[test]
    fn contradictions_are_told() {
        let stage = Stage::new("");
        let message = |given: &[_]| stage.go(false, given).unwrap_err().message;
        assert_eq!(message(&[("name", "x")]), "You must specify 'job' to install a new cron job or variable");
        assert!(
            message(&[("name", "x"), ("job", "y"), ("special_time", "daily"), ("hour", "1")])
                .starts_with("You cannot combine")
        );
        assert!(message(&[("name", "x"), ("job", "y"), ("cron_file", "z")]).starts_with("To use cron_file"));
    }
}
