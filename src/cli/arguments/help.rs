//! Usage lines and help pages, laid out as `argparse` lays them out.

use super::{Action, Command, Group, Opt};

const HELP_COLUMN: usize = 24;

/// The width to fill: two less than the terminal's.
pub fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok()).filter(|n| *n > 0);
    let terminal = || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    columns.or_else(terminal).filter(|columns| *columns > 0).unwrap_or(80).saturating_sub(2).max(11)
}

/// The usage line, wrapped; ends with a newline.
pub fn usage(command: &Command, width: usize) -> String {
    let prefix = "usage: ";
    let name = command.name;
    let options = option_parts(command);
    let positional = positional_parts(command);
    let whole = [&[name.to_string()], &options[..], &positional[..]].concat().join(" ");
    if prefix.len() + whole.len() <= width {
        return format!("{prefix}{whole}\n");
    }
    let lines = if prefix.len() + name.len() <= width * 3 / 4 {
        let indent = prefix.len() + name.len() + 1;
        let first: Vec<String> = std::iter::once(name.to_string()).chain(options).collect();
        let mut lines = fill(&first, indent, prefix.len(), width);
        if let Some(first) = lines.first_mut() {
            *first = first[indent..].to_string();
        }
        lines.extend(fill(&positional, indent, indent, width));
        lines
    } else {
        let indent = prefix.len();
        let mut lines = vec![name.to_string()];
        lines.extend(fill(&options, indent, indent, width));
        lines.extend(fill(&positional, indent, indent, width));
        lines
    };
    format!("{prefix}{}\n", lines.join("\n"))
}

fn fill(parts: &[String], indent: usize, start: usize, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line: Vec<&str> = Vec::new();
    let pad = " ".repeat(indent);
    let mut length = start - 1;
    for part in parts {
        if length + 1 + part.len() > width && !line.is_empty() {
            lines.push(format!("{pad}{}", line.join(" ")));
            line.clear();
            length = indent - 1;
        }
        line.push(part);
        length += part.len() + 1;
    }
    if !line.is_empty() {
        lines.push(format!("{pad}{}", line.join(" ")));
    }
    lines
}

fn option_parts(command: &Command) -> Vec<String> {
    let one = |opt: &Opt| match opt.takes_value() {
        true => format!("{} {}", opt.flags[0], opt.metavar()),
        false => opt.flags[0].to_string(),
    };
    let mut parts = Vec::new();
    let mut options = command.options.iter().peekable();
    while let Some(opt) = options.next() {
        let together = |next: &&Opt| opt.exclusive.is_some() && next.exclusive == opt.exclusive;
        match options.next_if(together) {
            Some(other) => parts.push(format!("[{} | {}]", one(opt), one(other))),
            None => parts.push(format!("[{}]", one(opt))),
        }
    }
    parts
}

fn positional_parts(command: &Command) -> Vec<String> {
    let name = command.positional.metavar;
    let mut parts = vec![if command.positional.required { name.to_string() } else { format!("[{name}]") }];
    if command.positional.many {
        parts.push(format!("[{name} ...]"));
    }
    parts
}

/// The whole help page.
pub fn text(command: &Command, width: usize) -> String {
    let mut page = usage(command, width);
    page.push('\n');
    page.push_str(&(wrap(command.about, width).join("\n") + "\n"));
    page.push_str("\npositional arguments:\n");
    page.push_str(&entry(command.positional.metavar, command.positional.help, width));
    let mut groups = vec![Group::Options];
    for opt in &command.options {
        if !groups.contains(&opt.group) {
            groups.push(opt.group);
        }
    }
    for group in groups {
        let mut options: Vec<&Opt> = command.options.iter().filter(|opt| opt.group == group).collect();
        options.sort_by_key(|opt| opt.flags);
        let (heading, about) = group.heading();
        page.push_str(&format!("\n{heading}:\n"));
        if !about.is_empty() {
            page.push_str(&format!("  {about}\n\n"));
        }
        for opt in options {
            page.push_str(&entry(&invocation(opt), &opt.help, width));
        }
    }
    if !command.epilog.is_empty() {
        page.push_str(&format!("\n{}\n", wrap(command.epilog, width).join("\n")));
    }
    page
}

fn invocation(opt: &Opt) -> String {
    let one = |flag: &&str| match opt.action {
        Action::Store | Action::Int | Action::Append => format!("{flag} {}", opt.metavar()),
        _ => flag.to_string(),
    };
    opt.flags.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn entry(head: &str, help: &str, width: usize) -> String {
    let room = width.saturating_sub(HELP_COLUMN).max(11);
    let mut lines = wrap(help, room).into_iter();
    let pad = " ".repeat(HELP_COLUMN);
    let mut text = if head.len() <= HELP_COLUMN - 4 {
        format!("  {head:<20}  {}\n", lines.next().unwrap_or_default())
    } else {
        format!("  {head}\n")
    };
    for line in lines {
        text.push_str(&format!("{pad}{line}\n"));
    }
    text
}

/// Breaks a text into lines, at blanks and behind hyphens within words.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        for (at, piece) in pieces(word).into_iter().enumerate() {
            let gap = if at == 0 && !line.is_empty() { " " } else { "" };
            if !line.is_empty() && line.chars().count() + gap.len() + piece.chars().count() > width {
                lines.push(std::mem::take(&mut line));
                line.push_str(piece);
            } else {
                line.push_str(gap);
                line.push_str(piece);
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in pieces that may stand on different lines: behind a hyphen between letters.
fn pieces(word: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = word.char_indices().collect();
    let mut pieces = Vec::new();
    let mut start = 0;
    for window in letters.windows(4) {
        let [(_, a), (_, b), (at, hyphen), (_, after)] = window else { continue };
        if a.is_alphanumeric() && b.is_alphabetic() && *hyphen == '-' && after.is_alphanumeric() {
            pieces.push(&word[start..at + 1]);
            start = at + 1;
        }
    }
    pieces.push(&word[start..]);
    pieces
}
