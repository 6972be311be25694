//! Jinja2's `wordwrap`, which is Python's `textwrap` for each line.

use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::eval::strings;
use crate::template::registry::Filter;
use crate::value::Value;

pub const FILTERS: &[Filter] = &[Filter::new("wordwrap", wordwrap)];

fn wordwrap(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let width = args.take("width").unwrap_or(Value::Int(79));
    let break_long = args.take("break_long_words").is_none_or(|flag| flag.truthy());
    let separator = args.take("wrapstring").filter(|text| !text.is_none());
    let on_hyphens = args.take("break_on_hyphens").is_none_or(|flag| flag.truthy());
    args.finish("do_wordwrap")?;
    let Value::Str(text) = &input else {
        return Err(Error::template(format!("'{}' object has no attribute 'splitlines'", input.type_name())));
    };
    let width = match width.as_i64() {
        Some(width) if width > 0 => usize::try_from(width).unwrap_or(usize::MAX),
        Some(width) => return Err(Error::template(format!("invalid width {width} (must be > 0)"))),
        None => {
            let kind = width.type_name();
            return Err(Error::template(format!("'<=' not supported between instances of '{kind}' and 'int'")));
        }
    };
    let separator = separator.map_or_else(|| "\n".to_string(), |text| text.to_text().into_owned());
    let wrapped: Vec<String> = strings::splitlines(text, false)
        .iter()
        .map(|line| wrap(line, width, break_long, on_hyphens).join(&separator))
        .collect();
    Ok(Value::from(wrapped.join(&separator)))
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// Chunks that may not be broken: words, blanks, and the parts of hyphenated words.
fn chunks(line: &str, on_hyphens: bool) -> Vec<String> {
    let mut chunks = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let blanks = rest.find(|c| !is_blank(c)).unwrap_or(rest.len());
        if blanks > 0 {
            chunks.push(rest[..blanks].to_string());
            rest = &rest[blanks..];
            continue;
        }
        let end = rest.find(is_blank).unwrap_or(rest.len());
        if on_hyphens {
            hyphenated(&rest[..end], &mut chunks)
        } else {
            chunks.push(rest[..end].to_string())
        }
        rest = &rest[end..];
    }
    chunks
}

/// Cuts a word behind the hyphens that stand between letters, and around long dashes.
fn hyphenated(word: &str, chunks: &mut Vec<String>) {
    let chars: Vec<char> = word.chars().collect();
    let letter = |at: usize| chars.get(at).is_some_and(|c| c.is_alphabetic() || *c == '_');
    let wordish = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || "_!\"'&.,?".contains(*c));
    let mut start = 0;
    let mut at = 0;
    let mut push = |from: usize, to: usize| {
        if from < to {
            chunks.push(chars[from..to].iter().collect());
        }
    };
    while at < chars.len() {
        if chars[at] != '-' {
            at += 1;
            continue;
        }
        let dashes = chars[at..].iter().take_while(|c| **c == '-').count();
        if dashes >= 2 {
            if at > 0 && wordish(at - 1) && chars.get(at + dashes).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
                push(start, at);
                push(at, at + dashes);
                start = at + dashes;
            }
            at += dashes;
            continue;
        }
        let before = at >= 2 && letter(at - 1) && (letter(at - 2) || chars[at - 2] == '-');
        let after = letter(at + 1) && (letter(at + 2) || chars.get(at + 2) == Some(&'-'));
        if before && after {
            push(start, at + 1);
            start = at + 1;
        }
        at += 1;
    }
    push(start, chars.len());
}

fn wrap(line: &str, width: usize, break_long: bool, on_hyphens: bool) -> Vec<String> {
    let mut waiting = chunks(line, on_hyphens);
    waiting.reverse();
    let len = |text: &str| text.chars().count();
    let blank = |text: &str| text.chars().all(is_blank);
    let mut lines: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        if !lines.is_empty() && waiting.last().is_some_and(|chunk| blank(chunk)) {
            waiting.pop();
        }
        let mut current: Vec<String> = Vec::new();
        let mut used = 0;
        while let Some(chunk) = waiting.pop() {
            if used + len(&chunk) <= width {
                used += len(&chunk);
                current.push(chunk);
            } else {
                waiting.push(chunk);
                break;
            }
        }
        if let Some(chunk) = waiting.pop() {
            if len(&chunk) <= width {
                waiting.push(chunk);
            } else if break_long {
                let room = width - used;
                let mut cut = room.max(usize::from(current.is_empty()));
                // a long word breaks at its last hyphen, where one fits
                if on_hyphens && len(&chunk) > room {
                    let head: Vec<char> = chunk.chars().take(room).collect();
                    if let Some(hyphen) = head.iter().rposition(|c| *c == '-').filter(|at| *at > 0)
                        && head[..hyphen].iter().any(|c| *c != '-')
                    {
                        cut = hyphen + 1;
                    }
                }
                let (head, tail) = chunk.split_at(chunk.char_indices().nth(cut).map_or(chunk.len(), |(at, _)| at));
                if !head.is_empty() {
                    current.push(head.to_string());
                }
                waiting.push(tail.to_string());
            } else if current.is_empty() {
                current.push(chunk);
            } else {
                waiting.push(chunk);
            }
        }
        if current.last().is_some_and(|chunk| blank(chunk)) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.concat());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_between_words() {
        assert_eq!(wrap("the quick brown fox", 10, true, true), ["the quick", "brown fox"]);
        assert_eq!(wrap("abcdefgh", 3, true, true), ["abc", "def", "gh"]);
        assert_eq!(wrap("abcdefgh i", 3, false, true), ["abcdefgh", "i"]);
        assert_eq!(wrap("well-known thing", 6, true, true), ["well-", "known", "thing"]);
    }
}
