//! The event parser, with its rough edge taken off.

use super::problem::Problem;
use libyaml_safer::{Error, ErrorKind, Event, EventData, Parser, ScalarStyle};
use std::borrow::Cow;

/// Yields the events of a text.
///
/// The parser below panics on a block scalar that ends at the end of the text without a line break. So a text without one at
/// its end gets one, and the block scalar that took it in gives it back.
pub(super) struct Events<'a> {
    parser: Parser<&'a mut &'a [u8]>,
    text: &'a str,
    /// Characters of the text together with the line break lent to it; `None` when none was lent.
    lent: Option<u64>,
}

/// The text with a line break at its end.
pub(super) fn terminated(text: &str) -> Cow<'_, str> {
    if text.is_empty() || text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{text}\n"))
    }
}

impl<'a> Events<'a> {
    /// `input` is what [`terminated`] made of `text` and must outlive the reader.
    pub fn new(text: &'a str, input: &'a mut &'a [u8], lent: bool) -> Events<'a> {
        let mut parser = Parser::new();
        parser.set_input_string(input);
        Events { parser, text, lent: lent.then(|| text.chars().count() as u64 + 1) }
    }

    /// The next event; `None` after the last.
    pub fn next(&mut self) -> Result<Option<Event>, Problem> {
        let mut event = match self.parser.next() {
            None => return Ok(None),
            Some(Ok(event)) => event,
            Some(Err(error)) => return Err(self.problem(&error)),
        };
        if let (Some(lent), EventData::Scalar { value, style, .. }) = (self.lent, &mut event.data)
            && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
            && event.end_mark.index >= lent
            && took_in_lent_break(self.text, event.start_mark.line as usize, value)
        {
            value.pop();
        }
        Ok(Some(event))
    }

    fn problem(&self, error: &Error) -> Problem {
        if error.kind() == ErrorKind::Reader {
            return self.unreadable(error.problem());
        }
        let mut mark = error.problem_mark().map(|mark| (mark.line as u32, mark.column as u32));
        // a quoted text without its end runs into the lent line break: the place is the end of the text itself
        if let (Some(lent), Some(at)) = (self.lent, error.problem_mark())
            && at.index >= lent
            && error.problem() == "found unexpected end of stream"
        {
            let last = self.text.rsplit('\n').next().unwrap_or("").chars().count() as u32;
            let start = error.context_mark().map_or(0, |mark| mark.index as usize);
            if self.text.ends_with('\\') && self.text.chars().nth(start) == Some('"') {
                let place = (at.line as u32 - 1, last - 1);
                return Problem::marked("while parsing a quoted scalar", "found unknown escape character", place);
            }
            mark = Some((at.line as u32 - 1, last));
        }
        let context = error.context().unwrap_or("");
        Problem::marked(context, error.problem(), mark.unwrap_or_default())
    }

    /// Names the character that YAML does not allow.
    fn unreadable(&self, why: &str) -> Problem {
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        match self.text.char_indices().find(|(_, c)| !allowed(*c)) {
            Some((at, c)) => Problem::unmarked(format!(
                "unacceptable character #x{:04x}: {why} in \"<unicode string>\", position {at}",
                c as u32
            )),
            None => Problem::unmarked(why.to_string()),
        }
    }
}

/// Whether the last line break in a block scalar's value is the lent one.
fn took_in_lent_break(text: &str, start_line: usize, value: &str) -> bool {
    if !value.ends_with('\n') {
        return false;
    }
    let last = text.rsplit('\n').next().unwrap_or("");
    if last.contains(|c| c != ' ') || value == "\n" || value.ends_with("\n\n") {
        return true;
    }
    // The last line is blank. It belongs to the value when it is longer than the indentation, which the first line with
    // something on it tells: here and in the value.
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let filled = |line: &&str| !line.trim().is_empty();
    let here = text.split('\n').skip(start_line + 1).find(filled).map(blanks);
    let there = value.split('\n').find(filled).map(blanks);
    match (here, there) {
        (Some(here), Some(there)) => last.len() > here.saturating_sub(there),
        _ => value.strip_suffix('\n').is_some_and(|value| value.ends_with(' ')),
    }
}
