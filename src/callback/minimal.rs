//! `minimal`: a block of text for each host, without banners; the terminal output of ad hoc commands.

use super::result;
use super::screen::Screen;
use super::{Listener, default, diff};
use crate::event::{Event, Outcome, Report};
use crate::value::{Dict, Value};

/// The listener.
pub struct Minimal;

impl Listener for Minimal {
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
    let mut shown = result::of(report);
    if report.outcome == Outcome::Ok
        && report.task.diff
        && let Some(found) = shown.get("diff").filter(|diff| diff.truthy())
    {
        let text = diff::render(found, &settings);
        screen.line(&text);
    }
    default::tell(report, &mut shown, screen);
    let dump = |shown: &Dict| result::dump(shown, &settings, Some(4));
    match report.outcome {
        Outcome::Failed if has_plain_output(report) && !shown.contains("module_stderr") => {
            screen.colored(&plain(host, &shown, "FAILED"), &palette.error);
        }
        Outcome::Failed => screen.colored(&format!("{host} | FAILED! => {}", dump(&shown)), &palette.error),
        Outcome::Skipped => screen.colored(&format!("{host} | SKIPPED"), &palette.skip),
        Outcome::Unreachable => {
            screen.colored(&format!("{host} | UNREACHABLE! => {}", dump(&shown)), &palette.unreachable);
        }
        Outcome::Ok => {
            result::clean_debug(&mut shown, &report.task);
            let (color, state) = if report.changed { (&palette.changed, "CHANGED") } else { (&palette.ok, "SUCCESS") };
            if has_plain_output(report) && !shown.contains("ansible_job_id") {
                screen.colored(&plain(host, &shown, state), color);
            } else {
                screen.colored(&format!("{host} | {state} => {}", dump(&shown)), color);
            }
        }
    }
}

/// Whether a task's result is the output of a program, shown as it is.
pub(super) fn has_plain_output(report: &Report) -> bool {
    let action = report.task.full_action.strip_prefix("ansible.builtin.").unwrap_or(&report.task.full_action);
    matches!(action, "command" | "shell" | "raw" | "script" | "win_command" | "win_shell")
}

fn plain(host: &str, shown: &Dict, state: &str) -> String {
    let text = |key: &str| shown.get(key).map(|value| value.to_text().into_owned()).unwrap_or_default();
    let rc = shown.get("rc").cloned().unwrap_or(Value::Int(-1));
    format!("{host} | {state} | rc={} >>\n{}{}{}\n", rc.to_text(), text("stdout"), text("stderr"), text("msg"))
}
