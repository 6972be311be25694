//! The terminal: the only place that writes to standard output and standard error, and to the log file beside them.

use super::color::paint;
use super::settings::Settings;
use crate::error::{Error, Level as Gravity, Warning, render};
use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

mod log;
use log::{Level, Log};

/// Where writing goes.
pub type Sink = Box<dyn Write + Send>;

/// How a text is displayed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Display<'a> {
    /// In this colour.
    pub color: Option<&'a str>,
    /// On standard error.
    pub stderr: bool,
    /// Not in the log file.
    pub screen_only: bool,
    /// Only in the log file.
    pub log_only: bool,
}

/// The terminal.
pub struct Screen {
    settings: Arc<Settings>,
    out: Sink,
    err: Sink,
    log: Option<Log>,
    warned: HashSet<String>,
    failed: HashSet<String>,
    deprecated: HashSet<String>,
}

impl Screen {
    /// The process's own terminal.
    pub fn new(settings: Arc<Settings>) -> Screen {
        let mut screen = Screen::to(settings, Box::new(std::io::stdout()), Box::new(std::io::stderr()));
        if let Some(path) = screen.settings.log_path.clone() {
            match Log::open(&path, screen.settings.verbosity.max(screen.settings.log_verbosity.unwrap_or(0))) {
                Ok(log) => screen.log = Some(log),
                Err(problem) => screen.warning(&Warning::new(problem)),
            }
        }
        screen
    }

    /// A screen that writes elsewhere.
    pub fn to(settings: Arc<Settings>, out: Sink, err: Sink) -> Screen {
        let (warned, failed, deprecated) = Default::default();
        Screen { settings, out, err, log: None, warned, failed, deprecated }
    }

    /// How the run is shown.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Writes a text and a newline, unless it ends with one.
    pub fn display(&mut self, text: &str, how: Display) {
        self.write(text, how, Level::Info);
    }

    fn write(&mut self, text: &str, how: Display, level: Level) {
        let text = text.replace("\r\n", "\n");
        if !how.log_only {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            let line = match how.color {
                Some(color) => self.paint(line, color),
                None => line.to_string(),
            };
            let sink = if how.stderr { &mut self.err } else { &mut self.out };
            // a reader that has gone away must not end the run: the hosts' work goes on
            let _ = sink.write_all(format!("{line}\n").as_bytes());
            let _ = sink.flush();
        }
        if !how.screen_only
            && let Some(log) = &mut self.log
        {
            log.write(level, &text);
        }
    }

    /// A plain line.
    pub fn line(&mut self, text: &str) {
        self.display(text, Display::default());
    }

    /// A line in a colour.
    pub fn colored(&mut self, text: &str, color: &str) {
        self.display(text, Display { color: Some(color), ..Display::default() });
    }

    /// The text in a colour, if colours are on.
    pub fn paint(&self, text: &str, color: &str) -> String {
        if self.settings.color { paint(text, color) } else { text.to_string() }
    }

    /// A heading: the text, filled up with stars.
    pub fn banner(&mut self, text: &str) {
        let text = text.trim();
        let stars = self.settings.columns.saturating_sub(text.width()).max(3);
        self.line(&format!("\n{text} {}", "*".repeat(stars)));
    }

    /// A text that shows from a verbosity on: 1 for `-v`, 2 for `-vv`.
    pub fn verbose(&mut self, level: u8, host: Option<&str>, text: &str) {
        let shown = self.settings.verbosity >= level;
        let logged = self.log.as_ref().is_some_and(|log| log.verbosity() >= level);
        if !shown && !logged {
            return;
        }
        let text = match host {
            Some(host) => format!("<{host}> {text}"),
            None => text.to_string(),
        };
        let color = self.settings.palette.verbose.clone();
        let stderr = self.settings.verbose_to_stderr;
        self.write(&text, Display { color: Some(&color), stderr, log_only: !shown, ..Display::default() }, Level::Info);
    }

    /// A warning or deprecation, once.
    pub fn warning(&mut self, warning: &Warning) {
        match warning.level() {
            Gravity::Deprecation => self.deprecation(&warning.to_string()),
            Gravity::Warning => self.warning_text(&warning.to_string()),
            Gravity::Error => self.error(warning.error(), true),
        }
    }

    /// A warning by its text, once.
    pub fn warning_text(&mut self, text: &str) {
        let text = format!("[WARNING]: {}", spaced(text));
        if self.warned.insert(text.clone()) {
            let color = self.settings.palette.warn.clone();
            self.write(&text, Display { color: Some(&color), stderr: true, ..Display::default() }, Level::Warning);
        }
    }

    /// A deprecation by its text, once; the first says how to switch them off.
    pub fn deprecation(&mut self, text: &str) {
        if !self.settings.deprecation_warnings {
            return;
        }
        self.warning_text(
            "Deprecation warnings can be disabled by setting `deprecation_warnings=False` in ansible.cfg.",
        );
        let text = format!("[DEPRECATION WARNING]: {}", spaced(text));
        if self.deprecated.insert(text.clone()) {
            let color = self.settings.palette.deprecate.clone();
            self.display(&text, Display { color: Some(&color), stderr: true, ..Display::default() });
        }
    }

    /// An error with its causes and places, once.
    pub fn error(&mut self, error: &Error, stderr: bool) {
        let text = format!("[ERROR]: {}", spaced(&render::verbose(error)));
        if self.failed.insert(text.clone()) {
            let color = self.settings.palette.error.clone();
            self.write(&text, Display { color: Some(&color), stderr, ..Display::default() }, Level::Error);
        }
    }
}

/// A message of several lines is set off from what follows by an empty line.
fn spaced(text: &str) -> String {
    let text = text.trim();
    if text.contains('\n') { format!("{text}\n\n") } else { format!("{text}\n") }
}
