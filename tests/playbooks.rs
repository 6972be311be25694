//! Runs the real binary on the playbooks below `tests/playbooks/` and holds its output to what ansible-core 2.19 printed.
//!
//! `HELIOSTAT_RECORD=/path/to/ansible-playbook cargo test --test playbooks` writes the expectations anew with an installed
//! ansible-core. Where we differ on purpose (docs/differences.md), a file `kept` beside `expected` says how. Compared are the
//! exit code, standard output and standard error, with times and the temporary directory blanked out and the lines of
//! hosts that answer at the same time in a fixed order.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Copies a case to a directory of its own and runs a program there under the name of ansible-playbook.
fn run(case: &str, program: &Path) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/playbooks").join(case);
    let dir = tempfile::tempdir().expect("a temporary directory");
    copy_tree(&source, dir.path());
    let mut command = Command::new(program);
    command
        .arg("site.yml")
        .current_dir(dir.path())
        .env_clear()
        .env("HOME", dir.path())
        .env("PATH", path())
        .env("LC_ALL", "C.UTF-8");
    // Ansible's modules need a Python; ours need none
    command.env("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3");
    if dir.path().join("hosts").exists() {
        command.args(["-i", "hosts"]);
    }
    if let Ok(extra) = fs::read_to_string(dir.path().join("arguments")) {
        command.args(extra.lines());
    }
    let output = command.output().expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let whole = format!(
        "exit code: {}\n--- standard output\n{}--- standard error\n{}",
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr)
    );
    normal(&whole, &[dir.path().to_path_buf(), fs::canonicalize(dir.path()).unwrap_or_default()])
}

fn path() -> String {
    std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into())
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).min_depth(1) {
        let entry = entry.expect("a readable case");
        let target = to.join(entry.path().strip_prefix(from).expect("below the case"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).expect("a directory");
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Blanks out what differs from run to run, as `record` does.
fn normal(text: &str, dirs: &[PathBuf]) -> String {
    let mut text = text.to_string();
    for dir in dirs.iter().filter(|dir| !dir.as_os_str().is_empty()) {
        text = text.replace(&*dir.to_string_lossy(), "$DIR");
    }
    let mut lines: Vec<String> = text.lines().map(without_times).collect();
    sort_hosts(&mut lines);
    lines.join("\n").trim_end().to_string() + "\n"
}

fn without_times(line: &str) -> String {
    let mut line = line.to_string();
    if let (true, Some((file, hosts))) = (line.starts_with("included: "), line.split_once(" for ")) {
        let (hosts, label) =
            hosts.split_once(" => ").map_or((hosts, String::new()), |(hosts, label)| (hosts, format!(" => {label}")));
        let mut hosts: Vec<&str> = hosts.split(", ").collect();
        hosts.sort_unstable();
        return format!("{file} for {}{label}", hosts.join(", "));
    }
    for name in ["delta", "start", "end", "stop"] {
        let key = format!("\"{name}\": \"");
        if let Some(at) = line.find(&key).map(|at| at + key.len())
            && let Some(end) = line[at..].find('"')
        {
            line.replace_range(at..at + end, "T");
        }
    }
    line
}

/// Sorts the paragraphs of hosts within a task: which host answers first is chance.
fn sort_hosts(lines: &mut Vec<String>) {
    const WORDS: [&str; 7] =
        ["ok: [", "changed: [", "skipping: [", "failed: [", "fatal: [", "FAILED - RETRYING", "included: "];
    let begins = |line: &str| WORDS.iter().any(|word| line.starts_with(word));
    let mut out: Vec<String> = Vec::new();
    let mut group: Vec<Vec<String>> = Vec::new();
    // why a host failed is told before its line, and goes with it
    let mut why: Vec<String> = Vec::new();
    for line in lines.drain(..) {
        if begins(&line) {
            // sorted by the host's line, so that comes first
            let mut paragraph = vec![line];
            paragraph.append(&mut why);
            group.push(paragraph);
        } else if !why.is_empty() || line.starts_with("[ERROR]: Task failed") {
            why.push(line);
        } else if let (Some(last), false) = (group.last_mut(), line.is_empty() || line.starts_with('[')) {
            last.push(line);
        } else {
            group.sort();
            out.extend(group.drain(..).flatten());
            out.push(line);
        }
    }
    group.sort();
    out.extend(group.into_iter().flatten());
    out.extend(why);
    *lines = out;
}

fn check(case: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/playbooks").join(case);
    if let Some(reference) = std::env::var_os("HELIOSTAT_RECORD") {
        fs::write(dir.join("expected"), run(case, Path::new(&reference))).expect("the expectation is written");
        return;
    }
    let links = tempfile::tempdir().expect("a temporary directory");
    let program = links.path().join("ansible-playbook");
    symlink(env!("CARGO_BIN_EXE_heliostat"), &program).expect("a link to the binary");
    let found = run(case, &program);
    let kept = dir.join("kept");
    let place = if kept.exists() { kept } else { dir.join("expected") };
    let expected = fs::read_to_string(&place).unwrap_or_default();
    if found != expected {
        let (a, b) = (links.path().join("expected"), links.path().join("found"));
        fs::write(&a, &expected).expect("a file");
        fs::write(&b, &found).expect("a file");
        let diff = Command::new("diff").arg("-u").arg(&a).arg(&b).output().expect("diff runs");
        panic!("{case} differs:\n{}", String::from_utf8_lossy(&diff.stdout));
    }
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn no_case_is_forgotten() {
            let known = [$(stringify!($name)),*];
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/playbooks");
            let entries = fs::read_dir(dir).expect("the cases").filter_map(|entry| entry.ok());
            for entry in entries.filter(|entry| entry.path().is_dir()) {
                let name = entry.file_name().to_string_lossy().into_owned();
                assert!(known.contains(&name.as_str()), "{name} is not in the list of cases");
            }
        }
    };
}

cases! {
    batches,
    errors,
    fatal,
    keywords,
    missing_include,
    missing_role,
    no_action,
    no_hosts,
    not_a_list,
    percentage,
    results,
    roles,
    two_actions,
    unbalanced_quotes,
    unknown_handler,
    unknown_module,
    unknown_play_keyword,
    unknown_task_keyword,
    until,
    values,
}
