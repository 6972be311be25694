//! Turns an error chain into the text a user reads: what went wrong, where, the lines around it, what to do.
//!
//! The layout is ansible-core 2.19's: the whole chain on one line, then each link with its place and an excerpt,
//! joined by `<<< caused by >>>`. Links that add no place of their own are folded into the one above.

use super::{Error, Origin};
use std::fmt::Write as _;

const CONTEXT_LINES: usize = 2;
const MAX_LINE_WIDTH: usize = 120;

/// The messages of the chain on one line: `outer: inner: innermost`, without repeating what a link already quotes.
pub fn one_line(error: &Error) -> String {
    join_messages(error.chain().map(Error::message))
}

/// The chain as Ansible prints it after `[ERROR]: `; ends without a newline.
pub fn verbose(error: &Error) -> String {
    let links: Vec<&Error> = error.chain().collect();
    let mut segments = Vec::new();
    let mut next = 0;
    while next < links.len() {
        let head = links[next];
        let mut end = next + 1;
        while end < links.len() && folds_into(links[end], head) {
            end += 1;
        }
        segments.push(segment(&join_messages(links[next..end].iter().map(|link| link.message())), head));
        next = end;
    }
    let body = segments.join("\n<<< caused by >>>\n\n");
    if segments.len() > 1 { format!("{}\n\n{body}", one_line(error)) } else { body }.trim_end().to_string()
}

/// A link needs no paragraph of its own when it says nothing new about the place.
fn folds_into(link: &Error, head: &Error) -> bool {
    if link.origin().is_none() && link.help_text().is_none() {
        return true;
    }
    link.origin() == head.origin() && link.help_text() == head.help_text()
}

fn segment(message: &str, link: &Error) -> String {
    let mut text = String::new();
    match (link.origin(), link.help_text()) {
        (None, Some(help)) if !message.contains('\n') && !help.contains('\n') => {
            let _ = writeln!(text, "{message} {help}");
        }
        (origin, help) => {
            let _ = writeln!(text, "{message}");
            if let Some(origin) = origin {
                let _ = writeln!(text, "{}", excerpt(origin));
            }
            if let Some(help) = help {
                let _ = writeln!(text, "\n{help}");
            }
        }
    }
    text
}

/// Joins messages with `: `, from the innermost out, dropping what an outer message already ends with.
fn join_messages<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let parts: Vec<&str> = parts.collect();
    let mut joined = String::new();
    for part in parts.iter().rev() {
        let outer = part.trim_end_matches([' ', '.', ':']);
        if joined.is_empty() || part.ends_with(joined.as_str()) {
            joined = (*part).to_string();
        } else {
            joined = format!("{outer}: {joined}");
        }
    }
    joined
}

/// `Origin: file:line:column`, and the lines around it with a mark under the column, where the file can be read.
pub fn excerpt(origin: &Origin) -> String {
    let head = format!("Origin: {origin}");
    if origin.line == 0 || !origin.is_file() {
        return head;
    }
    match annotated_lines(origin) {
        Ok(lines) => format!("{head}\n\n{}", lines.join("\n")),
        Err(why) => format!("{head}\n\n(source not shown: {why})"),
    }
}

fn annotated_lines(origin: &Origin) -> Result<Vec<String>, &'static str> {
    let bytes = std::fs::read(&*origin.source).map_err(|_| "file not readable")?;
    let text = String::from_utf8_lossy(&bytes);
    if text.starts_with("$ANSIBLE_VAULT;") {
        return Err("content encrypted");
    }
    let target = origin.line as usize;
    let start = target.saturating_sub(1 + CONTEXT_LINES);
    let lines: Vec<&str> = text.lines().skip(start).take(target - start).collect();
    if lines.len() != target - start {
        return Err("file truncated");
    }
    let label = target.to_string().len();
    let width = MAX_LINE_WIDTH - label - 1;
    let mut usable = width;
    let mut out = Vec::new();
    for (number, line) in (start + 1..).zip(&lines) {
        let mut line = line.replace('\t', " ");
        if line.chars().count() > width {
            line = line.chars().take(width - 3).collect::<String>() + "...";
            usable = width - 3;
        }
        let gap = if line.is_empty() { "" } else { " " };
        out.push(format!("{number:>label$}{gap}{line}"));
    }
    let column = origin.column as usize;
    if column == 0 {
        let underline = lines.last().map_or(0, |line| line.chars().count().min(usable));
        out.push(format!("{:label$} {}", "", "^".repeat(underline)));
    } else if column <= usable {
        out.push(format!("{:label$} {}", "", mark(column, width)));
    }
    Ok(out)
}

fn mark(column: usize, width: usize) -> String {
    let caption = format!("column {column}");
    let before = column - 1;
    if before + 2 + caption.len() > width {
        format!("{}{caption} ^", " ".repeat(before.saturating_sub(caption.len() + 1)))
    } else {
        format!("{}^ {caption}", " ".repeat(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_reads_as_one_line() {
        let error = Error::undefined("'x' is undefined").context("Error while resolving value for 'msg'.");
        assert_eq!(one_line(&error), "Error while resolving value for 'msg': 'x' is undefined");
    }

    #[test]
    fn an_excerpt_marks_the_column() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a: 1\nb: 2\nc: {{ x }}\n").unwrap();
        let text = excerpt(&Origin::new(file.path().to_str().unwrap(), 3, 4));
        assert!(text.ends_with("\n1 a: 1\n2 b: 2\n3 c: {{ x }}\n     ^ column 4"), "{text}");
    }

    #[test]
    fn links_without_a_place_are_folded() {
        let error = Error::undefined("'x' is undefined").context("outer").at(Some(&Origin::described("<here>")));
        assert_eq!(verbose(&error), "outer: 'x' is undefined\nOrigin: <here>");
    }
}
