//! `default`: what `ansible-playbook` shows when nobody asks for anything else.

use super::result;
use super::screen::{Display, Screen};
use super::settings::Settings;
use super::{Listener, diff};
use crate::error::Warning;
use crate::event::{Event, Outcome, Report, Tally, TaskInfo};
use crate::value::{Dict, Value};
use std::path::Path;
use std::sync::Arc;

/// The listener.
#[derive(Default)]
pub struct Default {
    /// The play's hosts do not wait for each other.
    free: bool,
    /// The task whose banner was shown last.
    banner: Option<u32>,
    /// The title that the task in hand began with; each host's rendering may differ later.
    title: Option<String>,
}

impl Listener for Default {
    fn hear(&mut self, event: &Event, screen: &mut Screen) {
        let settings = screen.settings().clone();
        match event {
            Event::PlaybookStarted { path } => playbook_started(path, &settings, screen),
            Event::PlayStarted { name, check, free, .. } => self.play_started(name, *check, *free, screen),
            Event::NoHostsMatched => screen.colored("skipping: no hosts matched", &settings.palette.skip),
            Event::NoHostsRemaining => screen.banner("NO MORE HOSTS LEFT"),
            Event::TaskStarted(task) => self.task_started(task, screen),
            Event::HostStarted { host, task } if settings.show_per_host_start && !result::is_hidden(task) => {
                screen.colored(&format!(" [started TASK: {} on {host}]", task.title), &settings.palette.ok);
            }
            Event::ItemEnded(report) => self.item_ended(report, screen),
            Event::TaskEnded(report) => self.task_ended(report, screen),
            Event::Retrying { report, left, .. } => retrying(report, *left, screen),
            Event::AsyncPolled { host, job, finished, result } => {
                let started = result.get("started").map_or_else(|| "None".into(), |value| value.to_text());
                let finished =
                    result.get("finished").map_or_else(|| u8::from(*finished).to_string().into(), |f| f.to_text());
                let text = format!("ASYNC POLL on {host}: jid={job} started={started} finished={finished}");
                screen.colored(&text, &settings.palette.debug);
            }
            Event::Notified { handler, host } if settings.verbosity > 1 => {
                let how = Display { color: Some(&settings.palette.verbose), screen_only: true, ..Display::default() };
                screen.display(&format!("NOTIFIED HANDLER {handler} for {host}"), how);
            }
            Event::Included { file, hosts, label } => included(file, hosts, label.as_ref(), screen),
            Event::Ended { tallies, custom } => ended(tallies, custom, screen),
            _ => {}
        }
    }
}

fn playbook_started(path: &str, settings: &Settings, screen: &mut Screen) {
    if settings.verbosity > 1 {
        let name = Path::new(path).file_name().map_or_else(|| path.into(), |name| name.to_string_lossy());
        screen.banner(&format!("PLAYBOOK: {name}"));
    }
    if settings.verbosity > 3 {
        let how = Display { color: Some(&settings.palette.verbose), screen_only: true, ..Display::default() };
        if !settings.positional.is_empty() {
            screen.display(&format!("Positional arguments: {}", settings.positional.join(" ")), how);
        }
        for (name, value) in &settings.options {
            screen.display(&format!("{name}: {value}"), how);
        }
    }
    if settings.check && settings.check_mode_markers {
        screen.banner("DRY RUN");
    }
}

fn retrying(report: &Report, left: u32, screen: &mut Screen) {
    let settings = screen.settings().clone();
    let task = &report.task;
    let name = if task.name.is_empty() { &task.title } else { &task.name };
    let shown = result::of(report);
    let mut text = format!("FAILED - RETRYING: [{}]: {name} ({left} retries left).", result::host_label(report));
    if result::is_verbose(&shown, &settings, 2) {
        text.push_str(&format!("Result was: {}", result::dump(&shown, &settings, None)));
    }
    screen.colored(&text, &settings.palette.debug);
}

fn included(file: &str, hosts: &[Arc<str>], label: Option<&Value>, screen: &mut Screen) {
    let mut text = format!("included: {file} for {}", hosts.join(", "));
    if let Some(label) = label.filter(|label| label.truthy()) {
        text.push_str(&format!(" => (item={})", label.to_text()));
    }
    let color = screen.settings().palette.included.clone();
    screen.colored(&text, &color);
}

impl Default {
    fn play_started(&mut self, name: &str, check: bool, free: bool, screen: &mut Screen) {
        self.free = free;
        let mark = marker(check, screen.settings());
        match name.trim() {
            "" => screen.banner(&format!("PLAY{mark}")),
            name => screen.banner(&format!("PLAY [{name}]{mark}")),
        }
    }

    fn task_started(&mut self, task: &TaskInfo, screen: &mut Screen) {
        if result::is_hidden(task) {
            return;
        }
        if self.free {
            self.title = None;
            return;
        }
        self.title = Some(task.title.trim().to_string());
        if screen.settings().display_skipped_hosts && screen.settings().display_ok_hosts {
            self.show_banner(task, screen);
        }
    }

    /// Shows the task's banner, unless it was the last.
    fn need_banner(&mut self, task: &TaskInfo, screen: &mut Screen) {
        if self.banner != Some(task.id) {
            self.show_banner(task, screen);
        }
    }

    fn show_banner(&mut self, task: &TaskInfo, screen: &mut Screen) {
        let settings = screen.settings().clone();
        let prefix = if task.handler { "RUNNING HANDLER" } else { "TASK" };
        let title = self.title.as_deref().unwrap_or_else(|| task.title.trim());
        let mut arguments = String::new();
        if settings.display_args_to_stdout && !task.no_log {
            let one = |(key, value): (&Value, &Value)| format!("{}={}", key.to_text(), value.to_text());
            arguments = format!(" {}", task.arguments.iter().map(one).collect::<Vec<_>>().join(", "));
        }
        screen.banner(&format!("{prefix} [{title}{arguments}]{}", marker(task.check, &settings)));
        if settings.verbosity >= 2 {
            show_path(task, screen);
        }
        self.banner = Some(task.id);
    }

    fn task_ended(&mut self, report: &Report, screen: &mut Screen) {
        if result::is_hidden(&report.task) {
            return;
        }
        let mut shown = result::of(report);
        match report.outcome {
            Outcome::Ok => self.ok(report, &mut shown, screen),
            Outcome::Failed => self.failed(report, &mut shown, screen),
            Outcome::Skipped => self.skipped(report, &mut shown, screen),
            Outcome::Unreachable => self.unreachable(report, &mut shown, screen),
        }
    }

    fn ok(&mut self, report: &Report, shown: &mut Dict, screen: &mut Screen) {
        let settings = screen.settings().clone();
        self.difference(report, shown, screen);
        if result::is_include(&report.task) {
            return self.need_banner(&report.task, screen);
        }
        let Some((word, color)) = self.fine(report, &settings, screen) else { return };
        tell(report, shown, screen);
        if report.task.looping && shown.remove("results").is_some() {
            return;
        }
        result::clean_debug(shown, &report.task);
        let mut text = format!("{word}: [{}]", result::host_label(report));
        if result::is_verbose(shown, &settings, 0) {
            text.push_str(&format!(" => {}", result::dump(shown, &settings, None)));
        }
        screen.colored(&text, color);
    }

    /// The word and colour of a host that is fine, its banner shown; `None` when such hosts are not shown.
    fn fine<'a>(
        &mut self,
        report: &Report,
        settings: &'a Settings,
        screen: &mut Screen,
    ) -> Option<(&'static str, &'a str)> {
        if !report.changed && !settings.display_ok_hosts {
            return None;
        }
        self.need_banner(&report.task, screen);
        let palette = &settings.palette;
        Some(if report.changed { ("changed", palette.changed.as_str()) } else { ("ok", palette.ok.as_str()) })
    }

    fn failed(&mut self, report: &Report, shown: &mut Dict, screen: &mut Screen) {
        let settings = screen.settings().clone();
        self.need_banner(&report.task, screen);
        tell(report, shown, screen);
        result::clean_debug(shown, &report.task);
        if !(report.task.looping && shown.remove("results").is_some()) {
            if settings.verbosity < 2 && settings.show_task_path_on_failure {
                show_path(&report.task, screen);
            }
            let dumped = result::dump(shown, &settings, None);
            let text = format!("fatal: [{}]: FAILED! => {dumped}", result::host_label(report));
            show_failure(&text, &settings.palette.error, &settings, screen);
        }
        if report.ignored {
            screen.colored("...ignoring", &settings.palette.skip);
        }
    }

    fn skipped(&mut self, report: &Report, shown: &mut Dict, screen: &mut Screen) {
        let settings = screen.settings().clone();
        if !settings.display_skipped_hosts {
            return;
        }
        result::clean_debug(shown, &report.task);
        self.need_banner(&report.task, screen);
        tell(report, shown, screen);
        if report.task.looping {
            shown.remove("results");
        }
        let mut text = format!("skipping: [{}]", report.host);
        if result::is_verbose(shown, &settings, 0) {
            text.push_str(&format!(" => {}", result::dump(shown, &settings, None)));
        }
        screen.colored(&text, &settings.palette.skip);
    }

    fn unreachable(&mut self, report: &Report, shown: &mut Dict, screen: &mut Screen) {
        let settings = screen.settings().clone();
        self.need_banner(&report.task, screen);
        tell(report, shown, screen);
        let dumped = result::dump(shown, &settings, None);
        let text = format!("fatal: [{}]: UNREACHABLE! => {dumped}", result::host_label(report));
        show_failure(&text, &settings.palette.unreachable, &settings, screen);
        if report.ignored {
            screen.colored("...ignoring", &settings.palette.skip);
        }
    }

    fn item_ended(&mut self, report: &Report, screen: &mut Screen) {
        let settings = screen.settings().clone();
        let mut shown = result::of(report);
        match report.outcome {
            Outcome::Ok => {
                self.difference(report, &shown, screen);
                if result::is_include(&report.task) {
                    return;
                }
                let Some((word, color)) = self.fine(report, &settings, screen) else { return };
                tell(report, &mut shown, screen);
                let item = result::label(report, &shown);
                result::clean_debug(&mut shown, &report.task);
                let mut text = format!("{word}: [{}] => (item={item})", result::host_label(report));
                if result::is_verbose(&shown, &settings, 0) {
                    text.push_str(&format!(" => {}", result::dump(&shown, &settings, None)));
                }
                screen.colored(&text, color);
            }
            Outcome::Failed | Outcome::Unreachable => {
                self.need_banner(&report.task, screen);
                tell(report, &mut shown, screen);
                let item = result::label(report, &shown);
                result::clean_debug(&mut shown, &report.task);
                let dumped = result::dump(&shown, &settings, None);
                let text = format!("failed: [{}] (item={item}) => {dumped}", result::host_label(report));
                show_failure(&text, &settings.palette.error, &settings, screen);
            }
            Outcome::Skipped if settings.display_skipped_hosts => {
                self.need_banner(&report.task, screen);
                tell(report, &mut shown, screen);
                let item = result::label(report, &shown);
                result::clean_debug(&mut shown, &report.task);
                let mut text = format!("skipping: [{}] => (item={item}) ", report.host);
                if result::is_verbose(&shown, &settings, 0) {
                    text.push_str(&format!(" => {}", result::dump(&shown, &settings, None)));
                }
                screen.colored(&text, &settings.palette.skip);
            }
            Outcome::Skipped => {}
        }
    }

    /// Shows what changed, in diff mode.
    fn difference(&mut self, report: &Report, shown: &Dict, screen: &mut Screen) {
        if !report.task.diff || !report.changed {
            return;
        }
        let Some(found) = shown.get("diff").filter(|diff| diff.truthy()) else { return };
        let text = diff::render(found, screen.settings());
        if !text.is_empty() {
            self.need_banner(&report.task, screen);
            screen.line(&text);
        }
    }
}

fn marker(check: bool, settings: &Settings) -> &'static str {
    if check && settings.check_mode_markers { " [CHECK MODE]" } else { "" }
}

fn show_path(task: &TaskInfo, screen: &mut Screen) {
    if let Some(origin) = &task.origin {
        let color = screen.settings().palette.debug.clone();
        screen.colored(&format!("task path: {}:{}", origin.source, origin.line), &color);
    }
}

fn show_failure(text: &str, color: &str, settings: &Settings, screen: &mut Screen) {
    screen.display(text, Display { color: Some(color), stderr: settings.display_failed_stderr, ..Display::default() });
}

/// Shows the warnings, deprecations and the error of a result, and takes them out of it.
pub(super) fn tell(report: &Report, shown: &mut Dict, screen: &mut Screen) {
    for warning in listed(shown.remove("warnings")) {
        screen.warning_text(&warning.to_text());
    }
    for deprecation in listed(shown.remove("deprecations")) {
        screen.warning(&deprecation_of(&deprecation));
    }
    shown.remove("exception");
    if let Some(error) = report.error.as_ref().filter(|_| !result_of_loop(report)) {
        let stderr = screen.settings().display_failed_stderr;
        screen.error(error, stderr);
    }
}

/// The errors of a loop's items were shown with the items.
fn result_of_loop(report: &Report) -> bool {
    report.task.looping && report.label.is_none() && report.result.contains("results")
}

fn listed(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::List(items)) => items.to_vec(),
        Some(Value::None) | None => Vec::new(),
        Some(one) => vec![one],
    }
}

/// A module's deprecation: a text, or a mapping with `msg`, `version`, `date` and `collection_name`.
fn deprecation_of(value: &Value) -> Warning {
    let get = |key: &str| value.get(key).filter(|value| !value.is_none()).map(|value| value.to_text().into_owned());
    let message = get("msg").unwrap_or_else(|| value.to_text().into_owned());
    let message = match message.trim() {
        text if text.is_empty() || text.ends_with(['.', '!', '?']) => text.to_string(),
        text => format!("{text}."),
    };
    let collection = get("collection_name");
    let from = match collection.as_deref() {
        None => String::new(),
        Some("ansible.builtin") => " from ansible-core".into(),
        Some(name) => format!(" from collection '{name}'"),
    };
    let when = match (collection.is_some(), get("date"), get("version")) {
        (false, ..) => "in the future".to_string(),
        (true, Some(date), _) => format!("in a release after {date}"),
        (true, None, Some(version)) => format!("version {version}"),
        (true, None, None) => "in a future release".into(),
    };
    Warning::deprecation(format!("{message} This feature will be removed{from} {when}."))
}

fn ended(tallies: &[(Arc<str>, Tally)], custom: &Dict, screen: &mut Screen) {
    let settings = screen.settings().clone();
    screen.banner("PLAY RECAP");
    let mut tallies: Vec<_> = tallies.iter().collect();
    tallies.sort_by(|a, b| a.0.cmp(&b.0));
    for (host, tally) in tallies {
        let line = recap(host, tally, Some(&settings), screen);
        screen.display(&line, Display { screen_only: true, ..Display::default() });
        let line = recap(host, tally, None, screen);
        screen.display(&line, Display { log_only: true, ..Display::default() });
    }
    let gap = Display { screen_only: true, ..Display::default() };
    screen.display("", gap);
    if settings.show_custom_stats && !custom.is_empty() {
        show_custom(custom, &settings, screen);
    }
    if settings.check && settings.check_mode_markers {
        screen.banner("DRY RUN");
    }
}

fn show_custom(custom: &Dict, settings: &Settings, screen: &mut Screen) {
    let gap = Display { screen_only: true, ..Display::default() };
    let dumped = |value: &Value| match value.as_dict() {
        Some(dict) => result::dump(dict, settings, Some(1)).replace('\n', ""),
        None => value.to_text().into_owned(),
    };
    screen.banner("CUSTOM STATS: ");
    let mut owners: Vec<_> = custom.iter().map(|(owner, value)| (owner.to_text(), value)).collect();
    owners.sort_by(|a, b| a.0.cmp(&b.0));
    for (owner, value) in owners.iter().filter(|(owner, _)| owner != "_run") {
        screen.line(&format!("\t{owner}: {}", dumped(value)));
    }
    if let Some(value) = custom.get("_run") {
        screen.display("", gap);
        screen.line(&format!("\tRUN: {}", dumped(value)));
    }
    screen.display("", gap);
}

/// A host's line of the recap; in colours with settings that want them.
fn recap(host: &str, tally: &Tally, colors: Option<&Settings>, screen: &Screen) -> String {
    let colors = colors.filter(|settings| settings.color);
    let name = match colors {
        None => format!("{host:<26}"),
        Some(settings) => {
            let palette = &settings.palette;
            let color = match tally {
                tally if tally.failed != 0 || tally.unreachable != 0 => &palette.error,
                tally if tally.changed != 0 => &palette.changed,
                _ => &palette.ok,
            };
            format!("{:<37}", screen.paint(host, color))
        }
    };
    let count = |word: &str, number: u32, color: fn(&super::color::Palette) -> &String| {
        let text = format!("{word}={number:<4}");
        match colors {
            Some(settings) if number != 0 => screen.paint(&text, color(&settings.palette)),
            _ => text,
        }
    };
    [
        format!("{name} :"),
        count("ok", tally.ok, |palette| &palette.ok),
        count("changed", tally.changed, |palette| &palette.changed),
        count("unreachable", tally.unreachable, |palette| &palette.unreachable),
        count("failed", tally.failed, |palette| &palette.error),
        count("skipped", tally.skipped, |palette| &palette.skip),
        count("rescued", tally.rescued, |palette| &palette.ok),
        count("ignored", tally.ignored, |palette| &palette.warn),
    ]
    .join(" ")
}
