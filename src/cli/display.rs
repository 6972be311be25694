//! How a run is shown: the callback's settings from configuration and command line.

use super::options::Options;
use crate::callback::settings::{Format, terminal_columns, terminal_has_color};
use crate::callback::{self, Listener, Screen, Settings, color::Palette};
use crate::config::Config;
use crate::error::{Error, Result, Warning};
use std::sync::Arc;

/// The settings of the terminal.
pub fn settings(config: &Config, options: &Options) -> Result<Settings> {
    let default = |option: &str| config.plugin("callback", "default", option);
    let flag = |option: &str| -> Result<bool> { Ok(default(option)?.truthy()) };
    let color = config.flag("ANSIBLE_FORCE_COLOR") || (!config.flag("ANSIBLE_NOCOLOR") && terminal_has_color());
    let pretty = default("pretty_results")?;
    Ok(Settings {
        verbosity: options.verbosity(),
        check: options.flag("check"),
        positional: options.positional.clone(),
        options: options.shown(),
        color,
        palette: palette(config),
        columns: terminal_columns(),
        display_skipped_hosts: flag("display_skipped_hosts")?,
        display_ok_hosts: flag("display_ok_hosts")?,
        display_failed_stderr: flag("display_failed_stderr")?,
        show_custom_stats: flag("show_custom_stats")?,
        show_per_host_start: flag("show_per_host_start")?,
        check_mode_markers: flag("check_mode_markers")?,
        show_task_path_on_failure: flag("show_task_path_on_failure")?,
        display_args_to_stdout: config.flag("DISPLAY_ARGS_TO_STDOUT"),
        result_format: if default("result_format")?.as_str() == Some("yaml") { Format::Yaml } else { Format::Json },
        pretty_results: pretty.to_bool(),
        diff_context: usize::try_from(config.int("DIFF_CONTEXT")).unwrap_or(3),
        deprecation_warnings: config.flag("DEPRECATION_WARNINGS"),
        verbose_to_stderr: config.flag("VERBOSE_TO_STDERR"),
        log_path: config.path("DEFAULT_LOG_PATH"),
        log_verbosity: config.get("LOG_VERBOSITY").and_then(|value| value.as_i64()).and_then(|n| u8::try_from(n).ok()),
    })
}

fn palette(config: &Config) -> Palette {
    let color = |name: &str| config.text(name).unwrap_or_else(|| "normal".into());
    Palette {
        changed: color("COLOR_CHANGED"),
        debug: color("COLOR_DEBUG"),
        deprecate: color("COLOR_DEPRECATE"),
        diff_add: color("COLOR_DIFF_ADD"),
        diff_lines: color("COLOR_DIFF_LINES"),
        diff_remove: color("COLOR_DIFF_REMOVE"),
        error: color("COLOR_ERROR"),
        included: color("COLOR_INCLUDED"),
        ok: color("COLOR_OK"),
        skip: color("COLOR_SKIP"),
        unreachable: color("COLOR_UNREACHABLE"),
        verbose: color("COLOR_VERBOSE"),
        warn: color("COLOR_WARN"),
    }
}

/// The screen, with what every command says first: version and configuration file for `-v`, warnings about settings.
pub fn open(program: &str, config: &Config, options: &Options) -> Result<Screen> {
    let mut screen = Screen::new(Arc::new(settings(config, options)?));
    screen.verbose(2, None, &super::version::text(program, config));
    match config.file() {
        Some(file) => screen.verbose(1, None, &format!("Using {} as config file", file.display())),
        None => screen.verbose(1, None, "No config file found; using defaults"),
    }
    for warning in config.warnings().iter().chain(&options.warnings) {
        screen.warning(warning);
    }
    Ok(screen)
}

/// The listeners: the one that writes to the terminal first, then those that are enabled beside it.
pub fn listeners(name: &str, enabled: bool, config: &Config, screen: &mut Screen) -> Result<Vec<Box<dyn Listener>>> {
    let first = callback::create(name).ok_or_else(|| {
        let error = Error::general(format!("Invalid callback for stdout specified: {name}"));
        let known: Vec<&str> = callback::names().collect();
        error.help(format!("There are: {}.", known.join(", ")))
    })?;
    if name.rsplit('.').next() == Some("oneline") {
        screen.warning(&Warning::deprecated("The oneline callback plugin is deprecated.", "2.23"));
    }
    let mut listeners = vec![first];
    for name in config.list("CALLBACKS_ENABLED").iter().filter(|name| enabled && !name.is_empty()) {
        match callback::create(name) {
            Some(listener) => listeners.push(listener),
            None => screen.warning(&Warning::new(format!("Skipping callback plugin '{name}', unable to load"))),
        }
    }
    Ok(listeners)
}
