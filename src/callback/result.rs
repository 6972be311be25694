//! A task's result as it is shown: without what is internal, hidden or said already, as JSON or YAML.

use super::settings::{Format, Settings};
use crate::event::{Report, TaskInfo};
use crate::value::json::{self, Style};
use crate::value::{Dict, Value};
use crate::yaml::write;
use std::borrow::Cow;

/// Internal keys that listeners need.
const KEPT: &[&str] =
    &["_ansible_verbose_always", "_ansible_item_label", "_ansible_no_log", "_ansible_verbose_override"];
/// What stays of a result that `no_log` hides.
const UNCENSORED: &[&str] =
    &["attempts", "changed", "retries", "_ansible_no_log", "exception", "warnings", "deprecations"];
const CENSORED: &str = "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
/// What a `debug` of a message may show beside it.
const BESIDE_MESSAGE: &[&str] = &["msg", "exception", "warnings", "deprecations"];
/// What a `debug` of a variable does not show.
const HIDDEN_IN_DEBUG: &[&str] = &[
    "changed",
    "failed",
    "skipped",
    "invocation",
    "skip_reason",
    "ansible_loop_var",
    "ansible_index_var",
    "ansible_loop",
];

/// Whether the task is `debug`, whose results are shown in its own way.
pub fn is_debug(task: &TaskInfo) -> bool {
    task.full_action == "ansible.builtin.debug"
}

/// Whether the task is one of ours that nobody wants to hear of: the flushes of handlers between sections.
pub fn is_hidden(task: &TaskInfo) -> bool {
    task.implicit && task.full_action == "ansible.builtin.meta"
}

/// Whether the task is an include, whose end shows no line.
pub fn is_include(task: &TaskInfo) -> bool {
    let short = task.full_action.strip_prefix("ansible.builtin.").unwrap_or(&task.full_action);
    matches!(short, "include_tasks" | "import_tasks" | "include_role" | "import_role")
}

/// The result for listeners: censored under `no_log`, without what the event itself says and without internal keys.
pub fn of(report: &Report) -> Dict {
    let result = &report.result;
    let mut shown = if report.task.no_log || flag(result, "_ansible_no_log") {
        let mut censored = censor(result);
        if let Some(results) = result.get("results").and_then(Value::as_slice) {
            let censor_item = |item: &Value| match item {
                Value::Dict(item) if report.task.no_log || flag(item, "_ansible_no_log") => Value::dict(censor(item)),
                other => other.clone(),
            };
            censored.insert("results", Value::list(results.iter().map(censor_item)));
        }
        censored
    } else {
        let ignored =
            |key: &str| matches!(key, "failed" | "skipped") || (key == "invocation" && is_debug(&report.task));
        let kept = result.iter().filter(|(key, _)| !key.as_str().is_some_and(ignored));
        strip(&kept.map(|(key, value)| (key.clone(), value.clone())).collect(), KEPT)
    };
    if let Some(delegated) = result.get("_ansible_delegated_vars") {
        shown.insert("_ansible_delegated_vars", delegated.clone());
    }
    shown
}

fn flag(result: &Dict, key: &str) -> bool {
    result.get(key).is_some_and(Value::truthy)
}

fn censor(result: &Dict) -> Dict {
    let mut kept: Dict = UNCENSORED.iter().filter_map(|key| Some((*key, result.get(key)?.clone()))).collect();
    kept.insert("censored", CENSORED);
    kept
}

/// Removes the keys that begin with `_ansible_`, at every depth.
fn strip(dict: &Dict, kept: &[&str]) -> Dict {
    let internal = |key: &Value| key.as_str().is_some_and(|key| key.starts_with("_ansible_") && !kept.contains(&key));
    dict.iter().filter(|(key, _)| !internal(key)).map(|(key, value)| (key.clone(), strip_value(value, kept))).collect()
}

fn strip_value(value: &Value, kept: &[&str]) -> Value {
    match value {
        Value::Dict(dict) => Value::dict(strip(dict, kept)),
        Value::List(items) => Value::list(items.iter().map(|item| strip_value(item, kept))),
        other => other.clone(),
    }
}

/// Takes out what a `debug` task does not mean to show.
pub fn clean_debug(result: &mut Dict, task: &TaskInfo) {
    if !is_debug(task) {
        return;
    }
    if result.contains("msg") {
        result.retain(|key, _| key.as_str().is_some_and(|key| BESIDE_MESSAGE.contains(&key) || key.starts_with('_')));
    } else {
        HIDDEN_IN_DEBUG.iter().for_each(|key| {
            result.remove(key);
        });
    }
}

/// Whether a result is written behind its line: from a verbosity on, or always for actions like `debug`.
pub fn is_verbose(result: &Dict, settings: &Settings, level: u8) -> bool {
    let is_true = |key: &str| matches!(result.get(key), Some(Value::Bool(true)));
    (settings.verbosity > level || is_true("_ansible_verbose_always")) && !is_true("_ansible_verbose_override")
}

/// The result written out, with at least this indentation; 0 writes lines without any.
pub fn dump(result: &Dict, settings: &Settings, indent: Option<usize>) -> String {
    let pretty = flag(result, "_ansible_verbose_always")
        || (settings.pretty_results.is_none() && settings.result_format != Format::Json)
        || settings.pretty_results == Some(true)
        || settings.verbosity > 2;
    let mut indent = indent;
    if indent.unwrap_or(0) == 0 && pretty {
        indent = Some(4);
    }
    if settings.pretty_results == Some(false) {
        indent = None;
    }
    let mut shown = strip(result, &[]);
    if settings.verbosity < 3 {
        shown.remove("invocation");
        shown.remove("diff");
    }
    for said in ["exception", "warnings", "deprecations"] {
        shown.remove(said);
    }
    match settings.result_format {
        Format::Json => as_json(&Value::dict(shown), indent),
        Format::Yaml => as_yaml(shown, settings, indent),
    }
}

fn as_json(value: &Value, indent: Option<usize>) -> String {
    let style = match indent {
        None => Style { sort_keys: true, ensure_ascii: false, ..Style::PYTHON },
        Some(width) => Style { indent: Some(Cow::Owned(" ".repeat(width))), ..Style::PRETTY },
    };
    json::to_string(value, &style)
}

fn as_yaml(mut result: Dict, settings: &Settings, indent: Option<usize>) -> String {
    let lossy = settings.pretty_results != Some(false);
    if lossy {
        for stream in ["stdout", "stderr"] {
            let lines = format!("{stream}_lines");
            if result.contains(stream) && result.contains(&lines) {
                result.insert(lines, "<omitted>");
            }
        }
    }
    let text = yaml_text(&Value::dict(result), lossy, indent);
    format!("\n{}", indented(&text, indent.unwrap_or(4)))
}

fn yaml_text(value: &Value, lossy: bool, indent: Option<usize>) -> String {
    let indent = indent.and_then(|indent| i32::try_from(indent).ok()).unwrap_or(2);
    let style = write::Style { flow: Some(false), indent, blocks: true, ..write::Style::default() };
    let written = if lossy { write::to_string(&readable(value), &style) } else { write::to_string(value, &style) };
    written.unwrap_or_else(|error| format!("{}\n", error.one_line()))
}

/// Changes texts of several lines so that YAML can write them as blocks: no tabs, no blanks before line ends, no controls.
fn readable(value: &Value) -> Value {
    match value {
        Value::Str(text) if text.contains(write::BREAKS) => Value::str(readable_text(text)),
        Value::Dict(dict) => Value::dict(dict.iter().map(|(key, value)| (readable(key), readable(value))).collect()),
        Value::List(items) => Value::list(items.iter().map(readable)),
        other => other.clone(),
    }
}

fn readable_text(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for c in text.trim_end().chars() {
        match c {
            '\t' => {
                let width = 8 - column % 8;
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            c if write::BREAKS.contains(&c) => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push(c);
                column = if c == '\n' { 0 } else { column + 1 };
            }
            '\r' => column = 0,
            '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{10ffff}' | '\u{7f}' => column += 1,
            c if (c as u32) < 0x20 || (0x80..0xa0).contains(&(c as u32)) => column += 1,
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}

/// Indents every line that is not blank, as Python's `textwrap.indent`.
fn indented(text: &str, width: usize) -> String {
    let pad = " ".repeat(width);
    let line = |line: &str| if line.trim().is_empty() { line.to_string() } else { format!("{pad}{line}") };
    text.split_inclusive('\n').map(line).collect()
}

/// One side of a difference that is a mapping, as the text that is compared.
pub fn diff_side(side: &Value, settings: &Settings) -> String {
    match settings.result_format {
        Format::Json => {
            let style = Style { ensure_ascii: true, ..Style::PRETTY };
            json::to_string(side, &style) + "\n"
        }
        Format::Yaml => {
            let lossy = settings.pretty_results != Some(false);
            format!("{}\n", indented(&yaml_text(side, lossy, Some(4)), 4))
        }
    }
}

/// The text of a loop's item for `(item=...)`.
pub fn label(report: &Report, result: &Dict) -> String {
    if flag(result, "_ansible_no_log") || report.task.no_log {
        return "(censored due to no_log)".into();
    }
    let item = report.label.as_ref().or_else(|| result.get("_ansible_item_label")).or_else(|| result.get("item"));
    item.map_or_else(|| "None".into(), |item| item.to_text().into_owned())
}

/// The host, and the one its task was delegated to.
pub fn host_label(report: &Report) -> String {
    let host = &report.host;
    let Some(delegated) = report.delegated.as_ref().filter(|delegated| *delegated != host) else {
        return host.to_string();
    };
    let vars = report.result.get("_ansible_delegated_vars").and_then(Value::as_dict);
    let address = vars.and_then(|vars| vars.get("ansible_host")).map(|address| address.to_text().into_owned());
    match address.filter(|address| **address != **delegated) {
        Some(address) => format!("{host} -> {delegated}({address})"),
        None => format!("{host} -> {delegated}"),
    }
}
