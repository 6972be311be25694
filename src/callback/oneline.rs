//! `oneline`: a line for each host.

use super::Listener;
use super::minimal::has_plain_output;
use super::result;
use super::screen::Screen;
use crate::event::{Event, Outcome, Report};
use crate::value::{Dict, Value};

/// The listener.
pub struct Oneline;

impl Listener for Oneline {
    fn hear(&mut self, event: &Event, screen: &mut Screen) {
        if let Event::TaskEnded(report) = event
            && !result::is_hidden(&report.task)
        {
            ended(report, screen);
        }
    }
}

fn ended(report: &Report, screen: &mut Screen) {
    let settings = screen.settings().clone();
    let palette = &settings.palette;
    let host = &report.host;
    let shown = result::of(report);
    let dumped = || result::dump(&shown, &settings, Some(0)).replace('\n', "");
    let (color, text) = match report.outcome {
        Outcome::Failed => {
            if let Some(error) = &report.error {
                let why = if has_plain_output(report) && !shown.contains("module_stderr") {
                    plain(host, &shown, "FAILED")
                } else {
                    format!(
                        "An exception occurred during task execution. To see the full traceback, use -vvv. The error was: {}",
                        error.one_line()
                    )
                };
                screen.colored(&why, &palette.error);
            }
            (&palette.error, format!("{host} | FAILED! => {}", dumped()))
        }
        Outcome::Skipped => (&palette.skip, format!("{host} | SKIPPED")),
        Outcome::Unreachable => {
            let message = shown.get("msg").map(|message| message.to_text().into_owned()).unwrap_or_default();
            (&palette.unreachable, format!("{host} | UNREACHABLE!: {message}"))
        }
        Outcome::Ok => {
            let (color, state) = if report.changed { (&palette.changed, "CHANGED") } else { (&palette.ok, "SUCCESS") };
            match has_plain_output(report) && !shown.contains("ansible_job_id") {
                true => (color, plain(host, &shown, state)),
                false => (color, format!("{host} | {state} => {}", dumped())),
            }
        }
    };
    screen.colored(&text, color);
}

fn plain(host: &str, shown: &Dict, state: &str) -> String {
    let text = |key: &str| {
        let value = shown.get(key).map(|value| value.to_text().into_owned()).unwrap_or_default();
        value.replace('\n', "\\n").replace('\r', "\\r")
    };
    let rc = shown.get("rc").cloned().unwrap_or(Value::Int(-1));
    let line = format!("{host} | {state} | rc={} | (stdout) {}", rc.to_text(), text("stdout"));
    match text("stderr") {
        stderr if stderr.is_empty() => line,
        stderr => format!("{line} (stderr) {stderr}"),
    }
}
