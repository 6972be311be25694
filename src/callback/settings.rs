//! How a run is shown: what the command line and the configuration say about the terminal.

use super::color::Palette;
use std::path::PathBuf;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON on one line, or indented.
    #[default]
    Json,
    /// YAML.
    Yaml,
}

/// How a run is shown.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `-v` count.
    pub verbosity: u8,
    /// The run as a whole is in check mode.
    pub check: bool,
    /// Positional arguments, for `-vvvv`.
    pub positional: Vec<String>,
    /// Options by name, for `-vvvv`; never secrets.
    pub options: Vec<(String, String)>,
    /// Write colours.
    pub color: bool,
    /// Which.
    pub palette: Palette,
    /// Width that banners fill.
    pub columns: usize,
    /// Show skipped hosts.
    pub display_skipped_hosts: bool,
    /// Show hosts that are fine.
    pub display_ok_hosts: bool,
    /// Failed hosts go to standard error.
    pub display_failed_stderr: bool,
    /// Show `set_stats` values after the recap.
    pub show_custom_stats: bool,
    /// Show when a host begins a task.
    pub show_per_host_start: bool,
    /// Mark check mode.
    pub check_mode_markers: bool,
    /// Show where a failed task stands.
    pub show_task_path_on_failure: bool,
    /// Show a task's arguments in its banner.
    pub display_args_to_stdout: bool,
    /// How results are written.
    pub result_format: Format,
    /// Indented or on one line, whatever the verbosity.
    pub pretty_results: Option<bool>,
    /// Lines around a difference.
    pub diff_context: usize,
    /// Show deprecation warnings.
    pub deprecation_warnings: bool,
    /// What `-v` adds goes to standard error.
    pub verbose_to_stderr: bool,
    /// Everything goes to this file, too.
    pub log_path: Option<PathBuf>,
    /// Verbosity of that file, when higher than the terminal's.
    pub log_verbosity: Option<u8>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            verbosity: 0,
            check: false,
            positional: Vec::new(),
            options: Vec::new(),
            color: false,
            palette: Palette::default(),
            columns: 79,
            display_skipped_hosts: true,
            display_ok_hosts: true,
            display_failed_stderr: false,
            show_custom_stats: false,
            show_per_host_start: false,
            check_mode_markers: false,
            show_task_path_on_failure: false,
            display_args_to_stdout: false,
            result_format: Format::Json,
            pretty_results: None,
            diff_context: 3,
            deprecation_warnings: true,
            verbose_to_stderr: false,
            log_path: None,
            log_verbosity: None,
        }
    }
}

/// The width that banners fill on this terminal: one less than its own, never under 79.
pub fn terminal_columns() -> usize {
    let width = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    width.saturating_sub(1).max(79)
}

/// Whether colours are written by default: standard output is a terminal that knows them.
pub fn terminal_has_color() -> bool {
    use std::io::IsTerminal;
    let term = std::env::var("TERM").unwrap_or_default();
    std::io::stdout().is_terminal() && !matches!(term.as_str(), "" | "dumb" | "unknown")
}
