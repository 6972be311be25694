//! What is wrong with a document, worded as Ansible words it, with its hints.

use crate::error::{Error, Origin};
use fancy_regex::Regex;

/// A problem found while reading YAML, before it knows its file.
#[derive(Debug)]
pub(super) struct Problem {
    message: String,
    /// Zero-based line and column.
    mark: Option<(u32, u32)>,
    /// Whether the line may show a common mistake that explains it better.
    analyse: bool,
}

impl Problem {
    /// A problem at a place. A sentence is made of context and problem.
    pub fn marked(context: &str, problem: impl AsRef<str>, mark: (u32, u32)) -> Problem {
        let joined = format!("{context} {}", problem.as_ref());
        let joined = joined.trim();
        let mut chars = joined.chars();
        let mut message: String = chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default();
        if !message.ends_with('.') {
            message.push('.');
        }
        Problem { message, mark: Some(mark), analyse: true }
    }

    /// A problem whose place is not known.
    pub fn unmarked(message: String) -> Problem {
        Problem { message, mark: None, analyse: false }
    }

    /// The same problem, never explained by a look at its line.
    pub fn certain(self) -> Problem {
        Problem { analyse: false, ..self }
    }

    /// The error for the user. `text` is the document, `first_line` the line of the source it starts at.
    pub fn into_error(self, source: &std::sync::Arc<str>, text: &str, first_line: u32) -> Error {
        let mut origin = Origin::new(source.clone(), 0, 0);
        let mut message = self.message.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut help = None;
        if let Some((line, column)) = self.mark {
            origin.line = line + first_line;
            origin.column = column + 1;
            if self.analyse
                && origin.is_file()
                && let Some(target) = text.lines().nth(line as usize)
                && let Some(hint) = Hint::find(target)
            {
                origin.column = hint.column as u32 + 1;
                message = hint.message.to_string();
                help = hint.help;
            }
        }
        let error = Error::parser(format!("YAML parsing failed: {message}")).at(Some(&origin));
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

/// A mistake that many make, seen in the line that the parser stumbled over.
struct Hint {
    message: &'static str,
    help: Option<String>,
    /// Zero-based, in characters.
    column: usize,
}

impl Hint {
    fn find(line: &str) -> Option<Hint> {
        tab(line).or_else(|| template(line)).or_else(|| colon(line)).or_else(|| quotes(line))
    }
}

fn example(wrong: &str, right: &str) -> Option<String> {
    Some(format!("\nFor example:\n\n    raw: {wrong}\n\nShould be:\n\n    raw: {right}\n"))
}

/// The column where the group `value` of a pattern starts, with its text.
fn value_of<'a>(pattern: &str, line: &'a str) -> Option<(usize, &'a str)> {
    let value = Regex::new(pattern).ok()?.captures(line).ok()??.name("value")?;
    Some((line[..value.start()].chars().count(), value.as_str()))
}

fn tab(line: &str) -> Option<Hint> {
    let column = line.chars().position(|c| c == '\t')?;
    Some(Hint { message: "Tabs are usually invalid in YAML.", help: None, column })
}

fn template(line: &str) -> Option<Hint> {
    let (column, _) = value_of(r"^\s*(?:-\s+)*(?:[\w\s]+:\s+)?(?P<value>\{\{.*}})", line)?;
    Some(Hint {
        message: "This may be an issue with missing quotes around a template block.",
        help: example("{{ some_var }}", "\"{{ some_var }}\""),
        column,
    })
}

fn colon(line: &str) -> Option<Hint> {
    if line.trim_start().starts_with(':') {
        return None;
    }
    let (column, value) = value_of(r"^\s*(?:-\s+)*(?:[\w\s\[\]{}]+:\s+)?(?P<value>.*)$", line)?;
    if is_quoted(value) {
        return None;
    }
    let chars: Vec<char> = value.chars().collect();
    let at = (0..chars.len()).find(|&at| chars[at] == ':' && matches!(chars.get(at + 1), None | Some(' ')))?;
    Some(Hint {
        message: "Colons in unquoted values must be followed by a non-space character.",
        help: example("echo 'name: ansible'", "\"echo 'name: ansible'\""),
        column: column + at,
    })
}

/// One quoted text and nothing else.
fn is_quoted(value: &str) -> bool {
    let value = value.trim();
    ['\'', '"'].iter().any(|quote| {
        value
            .strip_prefix(*quote)
            .and_then(|rest| rest.strip_suffix(*quote))
            .is_some_and(|inner| !inner.contains(*quote))
    })
}

fn quotes(line: &str) -> Option<Hint> {
    let (column, value) = value_of(r#"^\s*(?:-\s+)*(?:[\w\s]+:\s+)?(?P<value>["'].*?\s*)$"#, line)?;
    let (first, last) = (value.chars().next()?, value.chars().next_back()?);
    if first != last {
        Some(Hint {
            message: "Values starting with a quote must end with the same quote.",
            help: example("\"foo\" in bar", "'\"foo\" in bar'"),
            column,
        })
    } else if line.matches(first).count() > 2 {
        Some(Hint {
            message: "Values starting with a quote must end with the same quote, and not contain that quote.",
            help: example("\"foo\" in \"bar\"", "'\"foo\" in \"bar\"'"),
            column,
        })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_recognised() {
        let hint = |line| Hint::find(line).map(|hint| (hint.message.split(' ').next().unwrap(), hint.column));
        assert_eq!(hint("\t- debug:"), Some(("Tabs", 0)));
        assert_eq!(hint("    a: {{ foo }}"), Some(("This", 7)));
        assert_eq!(hint("    a: foo: bar"), Some(("Colons", 10)));
        assert_eq!(hint("    a: \"foo\" in bar"), Some(("Values", 7)));
        assert_eq!(hint("    a: \"foo: bar\""), None);
        assert_eq!(hint("  - c"), None);
    }
}
