//! What the callbacks write, event by event; the expected texts are ansible-core's.

use super::{Screen, Settings, create};
use crate::error::{Error, Origin};
use crate::event::{Event, Outcome, Report, Tally, TaskInfo};
use crate::value::{Dict, Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Standard output and standard error after the events.
fn shown_by(name: &str, settings: Settings, events: &[Event]) -> (String, String) {
    let (out, err) = (Kept::default(), Kept::default());
    let mut screen = Screen::to(Arc::new(settings), Box::new(out.clone()), Box::new(err.clone()));
    let mut listener = create(name).unwrap();
    events.iter().for_each(|event| listener.hear(event, &mut screen));
    (out.text(), err.text())
}

fn shown(settings: Settings, events: &[Event]) -> String {
    shown_by("default", settings, events).0
}

fn task(title: &str) -> TaskInfo {
    let action = title.to_string();
    TaskInfo {
        id: 1,
        title: title.into(),
        full_action: format!("ansible.builtin.{action}"),
        action,
        ..TaskInfo::default()
    }
}

fn report(task: &TaskInfo, outcome: Outcome, result: &str) -> Report {
    let Value::Dict(result) = json::parse(result).unwrap() else { panic!("a result is a mapping") };
    Report {
        host: "a".into(),
        task: Arc::new(task.clone()),
        outcome,
        ignored: false,
        changed: result.get("changed").is_some_and(Value::truthy),
        result,
        delegated: None,
        label: None,
        error: None,
        seconds: 0.0,
    }
}

fn play(free: bool) -> Event {
    Event::PlayStarted { name: "a,b".into(), check: false, hosts: Vec::new(), free }
}

#[test]
fn banners_are_filled_with_stars() {
    let text = shown(Settings::default(), &[play(false), Event::TaskStarted(Arc::new(task("ping")))]);
    let expected = "\nPLAY [a,b] *********************************************************************\n\
                    \nTASK [ping] ********************************************************************\n";
    assert_eq!(text, expected);
}

#[test]
fn wide_characters_take_two_columns() {
    let text = shown(Settings::default(), &[Event::TaskStarted(Arc::new(task("界界")))]);
    assert_eq!(text, format!("\nTASK [界界] {}\n", "*".repeat(79 - 11)));
}

#[test]
fn a_result_is_one_line_unless_verbose() {
    let ok = Event::TaskEnded(report(
        &task("ping"),
        Outcome::Ok,
        r#"{"ping": "pong", "changed": false, "failed": false, "invocation": {}}"#,
    ));
    let quiet = shown(Settings::default(), std::slice::from_ref(&ok));
    assert!(quiet.ends_with("\nok: [a]\n"), "{quiet}");
    let v = shown(Settings { verbosity: 1, ..Settings::default() }, std::slice::from_ref(&ok));
    assert!(v.ends_with("\nok: [a] => {\"changed\": false, \"ping\": \"pong\"}\n"), "{v}");
    let vvv = shown(Settings { verbosity: 3, ..Settings::default() }, &[ok]);
    let expected = "ok: [a] => {\n    \"changed\": false,\n    \"invocation\": {},\n    \"ping\": \"pong\"\n}\n";
    assert!(vvv.ends_with(expected), "{vvv}");
}

#[test]
fn debug_shows_its_message_alone() {
    let result =
        r#"{"msg": "hi", "changed": false, "_ansible_verbose_always": true, "item": 1, "ansible_loop_var": "item"}"#;
    let mut ended = report(&task("debug"), Outcome::Ok, result);
    ended.label = Some(Value::str("x 1"));
    let text = shown(Settings::default(), &[Event::ItemEnded(ended)]);
    assert!(text.ends_with("\nok: [a] => (item=x 1) => {\n    \"msg\": \"hi\"\n}\n"), "{text}");
}

#[test]
fn a_failure_comes_with_its_error_and_may_be_ignored() {
    let mut failed = report(&task("fail"), Outcome::Failed, r#"{"msg": "no", "changed": false, "failed": true}"#);
    failed.ignored = true;
    failed.error = Some(
        Error::action("no").context("Action failed.").context("Task failed.").at(Some(&Origin::described("<here>"))),
    );
    let (out, err) = shown_by("default", Settings::default(), &[Event::TaskEnded(failed.clone())]);
    let expected = "[ERROR]: Task failed: Action failed: no\nOrigin: <here>\n\n\
                    fatal: [a]: FAILED! => {\"changed\": false, \"msg\": \"no\"}\n...ignoring\n";
    assert!(out.ends_with(expected), "{out}");
    assert_eq!(err, "");
    let settings = Settings { display_failed_stderr: true, ..Settings::default() };
    let (out, err) = shown_by("default", settings, &[Event::TaskEnded(failed)]);
    assert!(out.ends_with("*\n...ignoring\n"), "{out}");
    assert!(err.contains("fatal: [a]"), "{err}");
}

#[test]
fn an_error_is_told_once() {
    let mut failed = report(&task("fail"), Outcome::Failed, r#"{"msg": "no"}"#);
    failed.error = Some(Error::action("no"));
    let other = Report { host: "b".into(), ..failed.clone() };
    let text = shown(Settings::default(), &[Event::TaskEnded(failed), Event::TaskEnded(other)]);
    assert_eq!(text.matches("[ERROR]").count(), 1);
    assert_eq!(text.matches("FAILED!").count(), 2);
}

#[test]
fn no_log_hides_the_result() {
    let mut hidden = task("command");
    hidden.no_log = true;
    let failed =
        report(&hidden, Outcome::Failed, r#"{"msg": "s3cret", "changed": true, "failed": true, "stdout": "s3cret"}"#);
    let text = shown(Settings { verbosity: 3, ..Settings::default() }, &[Event::TaskEnded(failed)]);
    assert!(
        text.contains("\"censored\": \"the output has been hidden due to the fact that 'no_log: true' was specified"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn a_failed_loop_shows_its_items_only() {
    let mut looping = task("command");
    looping.looping = true;
    let result = r#"{"results": [{"rc": 1, "failed": true}], "changed": true, "failed": true, "msg": "One or more items failed"}"#;
    let mut ended = report(&looping, Outcome::Failed, result);
    ended.ignored = true;
    ended.error = Some(Error::action("One or more items failed"));
    let text = shown(Settings::default(), &[Event::TaskEnded(ended)]);
    assert!(text.ends_with("*\n...ignoring\n"), "{text}");
}

#[test]
fn delegation_is_shown_behind_the_host() {
    let mut ok = report(&task("ping"), Outcome::Ok, r#"{"_ansible_delegated_vars": {"ansible_host": "10.0.0.1"}}"#);
    ok.delegated = Some("b".into());
    let text = shown(Settings::default(), &[Event::TaskEnded(ok)]);
    assert!(text.ends_with("ok: [a -> b(10.0.0.1)]\n"), "{text}");
}

#[test]
fn free_plays_repeat_banners_where_hosts_interleave() {
    let (first, second) = (task("ping"), TaskInfo { id: 2, ..task("stat") });
    let ok = |task: &TaskInfo| Event::TaskEnded(report(task, Outcome::Ok, "{}"));
    let started = |task: &TaskInfo| Event::TaskStarted(Arc::new(task.clone()));
    let events = [play(true), started(&first), started(&second), ok(&first), ok(&second), ok(&first)];
    let text = shown(Settings::default(), &events);
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.is_empty()).map(|line| line.trim_end_matches('*')).collect();
    assert_eq!(lines, ["PLAY [a,b] ", "TASK [ping] ", "ok: [a]", "TASK [stat] ", "ok: [a]", "TASK [ping] ", "ok: [a]"]);
}

#[test]
fn hidden_hosts_hide_their_banner_too() {
    let settings = Settings { display_ok_hosts: false, display_skipped_hosts: false, ..Settings::default() };
    let events = [
        Event::TaskStarted(Arc::new(task("ping"))),
        Event::TaskEnded(report(&task("ping"), Outcome::Ok, "{}")),
        Event::TaskEnded(report(&task("ping"), Outcome::Skipped, "{}")),
    ];
    assert_eq!(shown(settings, &events), "");
}

#[test]
fn check_mode_is_marked_on_demand() {
    let mut checked = task("ping");
    checked.check = true;
    let settings = Settings { check: true, check_mode_markers: true, ..Settings::default() };
    let text = shown(settings, &[Event::TaskStarted(Arc::new(checked))]);
    assert_eq!(text, format!("\nTASK [ping] [CHECK MODE] {}\n", "*".repeat(79 - 24)));
}

#[test]
fn the_recap_sorts_hosts_and_colours_numbers() {
    let tally = Tally { ok: 8, changed: 3, ..Tally::default() };
    let ended =
        Event::Ended { tallies: vec![("b".into(), tally), ("a".into(), Tally::default())], custom: Dict::new() };
    let text = shown(Settings::default(), std::slice::from_ref(&ended));
    let expected = "\nPLAY RECAP *********************************************************************\n\
        a                          : ok=0    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   \n\
        b                          : ok=8    changed=3    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   \n\n";
    assert_eq!(text, expected);
    let text = shown(Settings { color: true, ..Settings::default() }, &[ended]);
    let line = "\u{1b}[0;33mb\u{1b}[0m                          : \u{1b}[0;32mok=8   \u{1b}[0m \u{1b}[0;33mchanged=3   \u{1b}[0m unreachable=0   ";
    assert!(text.contains(line), "{text:?}");
}

#[test]
fn retries_count_down() {
    let report = report(&task("command"), Outcome::Failed, r#"{"attempts": 1, "retries": 3}"#);
    let text = shown(Settings::default(), &[Event::Retrying { report, attempt: 1, left: 2 }]);
    assert_eq!(text, "FAILED - RETRYING: [a]: command (2 retries left).\n");
}

#[test]
fn results_as_yaml() {
    let settings = Settings { verbosity: 1, result_format: super::settings::Format::Yaml, ..Settings::default() };
    let ok = report(
        &task("command"),
        Outcome::Ok,
        r#"{"changed": true, "stdout": "a\nb", "stdout_lines": ["a", "b"], "rc": 0}"#,
    );
    let text = shown(settings, &[Event::TaskEnded(ok)]);
    let expected = "changed: [a] => \n    changed: true\n    rc: 0\n    stdout: |-\n        a\n        b\n    stdout_lines: <omitted>\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn minimal_shows_the_output_of_programs() {
    let ok = Event::TaskEnded(report(
        &task("command"),
        Outcome::Ok,
        r#"{"changed": true, "rc": 0, "stdout": "hello", "stderr": ""}"#,
    ));
    assert_eq!(shown_by("minimal", Settings::default(), &[ok]).0, "a | CHANGED | rc=0 >>\nhello\n");
    let ok = Event::TaskEnded(report(&task("ping"), Outcome::Ok, r#"{"changed": false, "ping": "pong"}"#));
    let expected = "a | SUCCESS => {\n    \"changed\": false,\n    \"ping\": \"pong\"\n}\n";
    assert_eq!(shown_by("minimal", Settings::default(), &[ok]).0, expected);
}
