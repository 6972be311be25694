//! Differences as the terminal shows them: unified diffs of what was before and after.

use super::color::paint;
use super::result;
use super::sequence::{Change, groups, steps};
use super::settings::Settings;
use crate::value::{Dict, Value};

/// The text of a result's `diff`: one difference or a list of them.
pub fn render(diff: &Value, settings: &Settings) -> String {
    match diff {
        Value::List(items) => items.iter().filter_map(Value::as_dict).map(|diff| one(diff, settings)).collect(),
        Value::Dict(diff) => one(diff, settings),
        _ => String::new(),
    }
}

fn one(diff: &Dict, settings: &Settings) -> String {
    let mut text = String::new();
    for (key, what) in
        [("dst_binary", "destination file appears to be binary"), ("src_binary", "source file appears to be binary")]
    {
        if diff.contains(key) {
            text.push_str(&format!("diff skipped: {what}\n"));
        }
    }
    for (key, which) in [("dst_larger", "destination"), ("src_larger", "source")] {
        if let Some(size) = diff.get(key) {
            text.push_str(&format!("diff skipped: {which} file size is greater than {}\n", size.to_text()));
        }
    }
    if let (Some(before), Some(after)) = (diff.get("before"), diff.get("after")) {
        let header = |side: &str| match diff.get(&format!("{side}_header")) {
            Some(name) => format!("{side}: {}", name.to_text()),
            None => side.to_string(),
        };
        let lines = unified(
            &as_text(before, settings),
            &as_text(after, settings),
            (&header("before"), &header("after")),
            settings.diff_context,
        );
        for line in &lines {
            text.push_str(&colored(line, settings));
        }
        if !lines.is_empty() {
            text.push('\n');
        }
    }
    if let Some(prepared) = diff.get("prepared") {
        text.push_str(&prepared.to_text());
    }
    text
}

fn as_text(side: &Value, settings: &Settings) -> String {
    match side {
        Value::None => String::new(),
        Value::Dict(_) => result::diff_side(side, settings),
        other => other.to_text().into_owned(),
    }
}

fn colored(line: &str, settings: &Settings) -> String {
    let palette = &settings.palette;
    let color = match line.as_bytes() {
        [b'+', ..] => &palette.diff_add,
        [b'-', ..] => &palette.diff_remove,
        [b'@', b'@', ..] => &palette.diff_lines,
        _ => return line.to_string(),
    };
    if settings.color { paint(line, color) } else { line.to_string() }
}

const NO_NEWLINE: &str = "\n\\ No newline at end of file\n";

/// Lines with their ends; a last line without one says so.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = split_lines(text).into_iter().map(str::to_string).collect();
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
        last.push_str(NO_NEWLINE);
    }
    lines
}

/// Python's `splitlines(True)`: more characters end a line than newline alone.
fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}' | '\u{1d}' | '\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        );
        if !ends {
            continue;
        }
        let mut end = at + c.len_utf8();
        if c == '\r'
            && let Some((_, '\n')) = chars.peek()
        {
            chars.next();
            end += 1;
        }
        lines.push(&text[start..end]);
        start = end;
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

fn unified(before: &str, after: &str, (from, to): (&str, &str), context: usize) -> Vec<String> {
    let (before, after) = (lines(before), lines(after));
    let a: Vec<&str> = before.iter().map(String::as_str).collect();
    let b: Vec<&str> = after.iter().map(String::as_str).collect();
    let mut out = Vec::new();
    for group in groups(steps(&a, &b), context) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        if out.is_empty() {
            out.push(format!("--- {from}\n"));
            out.push(format!("+++ {to}\n"));
        }
        out.push(format!("@@ -{} +{} @@\n", range(first.a.0, last.a.1), range(first.b.0, last.b.1)));
        for step in group {
            if step.change == Change::Equal {
                out.extend(a[step.a.0..step.a.1].iter().map(|line| format!(" {line}")));
                continue;
            }
            out.extend(a[step.a.0..step.a.1].iter().map(|line| format!("-{line}")));
            out.extend(b[step.b.0..step.b.1].iter().map(|line| format!("+{line}")));
        }
    }
    out
}

fn range(start: usize, stop: usize) -> String {
    match stop - start {
        1 => format!("{}", start + 1),
        0 => format!("{start},0"),
        length => format!("{},{length}", start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let diff = Dict::from_iter([("before", Value::str(before)), ("after", Value::str(after))]);
        render(&Value::dict(diff), &Settings::default())
    }

    #[test]
    fn a_change_is_shown_in_its_context() {
        let text = shown("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
        assert_eq!(text, "--- before\n+++ after\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\n");
    }

    #[test]
    fn a_missing_newline_is_said() {
        let text = shown("a", "a\n");
        assert_eq!(text, "--- before\n+++ after\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n\n");
    }

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(shown("a\n", "a\n"), "");
    }

    #[test]
    fn far_changes_stand_in_groups_of_their_own() {
        let before: String = (0..20).map(|n| format!("{n}\n")).collect();
        let after = before.replace("2\n3\n", "2\nnew\n").replace("17\n", "");
        let text = shown(&before, &after);
        assert_eq!(text.matches("@@ ").count(), 2, "{text}");
    }

    #[test]
    fn mappings_are_compared_as_json() {
        let side = |path: &str| Value::dict(Dict::from_iter([("path", Value::str(path))]));
        let diff = Dict::from_iter([("before", side("a")), ("after", side("b"))]);
        let text = render(&Value::dict(diff), &Settings::default());
        assert_eq!(
            text,
            "--- before\n+++ after\n@@ -1,3 +1,3 @@\n {\n-    \"path\": \"a\"\n+    \"path\": \"b\"\n }\n\n"
        );
    }
}
