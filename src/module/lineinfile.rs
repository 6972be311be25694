//! `lineinfile`: sees that a line is in a file, or that none like it is.

use super::attributes::Diff;
use super::replace_file::backup;
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, edited, oserror};
use crate::error::Error;
use crate::pyregex::{BytesMatch, BytesRegex, Flags};
use std::path::Path;

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("path", Kind::Path).required().aliases(&["dest", "destfile", "name"]),
        Arg::new("state", Kind::Str).default("present").choices(&["absent", "present"]),
        Arg::new("regexp", Kind::Str).aliases(&["regex"]),
        Arg::new("search_string", Kind::Str),
        Arg::new("line", Kind::Str).aliases(&["value"]),
        Arg::new("insertafter", Kind::Str),
        Arg::new("insertbefore", Kind::Str),
        Arg::new("backrefs", Kind::Bool).default("no"),
        Arg::new("create", Kind::Bool).default("no"),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("firstmatch", Kind::Bool).default("no"),
        Arg::new("validate", Kind::Str),
    ],
    mutually_exclusive: &[
        &["insertbefore", "insertafter"],
        &["regexp", "search_string"],
        &["backrefs", "search_string"],
    ],
    file_arguments: true,
    ..Spec::new("lineinfile")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    warn_of_empty(run, params);
    let name = params.str("path").unwrap_or_default();
    let path = Path::new(name);
    if path.is_dir() {
        return Err(Failure::new(format!("Path {name} is a directory !")).with("rc", 256i64));
    }
    if params.str("state") == Some("absent") {
        if !["regexp", "search_string", "line"].iter().any(|name| params.is_set(name)) {
            return Err(Failure::new("one of line, search_string, or regexp is required with state=absent"));
        }
        return absent(run, params, name);
    }
    if params.bool("backrefs") && !params.is_set("regexp") {
        return Err(Failure::new("regexp is required with backrefs=true"));
    }
    if !params.is_set("line") {
        return Err(Failure::new("line is required with state=present"));
    }
    present(run, params, name)
}

fn warn_of_empty(run: &mut Run, params: &Params) {
    let hint = " If this is desired, use '^' to match every line in the file and avoid this warning.";
    let (what, hint) = match (params.str("regexp"), params.str("search_string")) {
        (Some(""), _) => ("regular expression", hint),
        (_, Some("")) => ("search string", ""),
        _ => return,
    };
    run.warn(format!(
        "The {what} is an empty string, which will match every line in the file. This may have unintended consequences, \
         such as replacing the last line in the file rather than appending.{hint}"
    ));
}

pub(super) fn raise(error: Error) -> Failure {
    Failure::raised(error.message())
}

fn compile(pattern: &str) -> Result<BytesRegex, Failure> {
    BytesRegex::compile(pattern, Flags::default()).map_err(raise)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::raised(oserror::bytes(&error, path)))
}

/// Lines with their ends.
fn lines_of(content: &[u8]) -> Vec<Vec<u8>> {
    content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn bare(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    &line[..end]
}

fn with_end(line: &[u8]) -> Vec<u8> {
    [line, b"\n"].concat()
}

/// What finds the line to replace or remove.
enum Search<'a> {
    Regex(BytesRegex),
    Text(&'a [u8]),
    None,
}

impl Search<'_> {
    fn new(params: &Params) -> Result<Search<'_>, Failure> {
        Ok(match (params.str("regexp"), params.str("search_string")) {
            (Some(pattern), _) => Search::Regex(compile(pattern)?),
            (_, Some(text)) => Search::Text(text.as_bytes()),
            _ => Search::None,
        })
    }

    /// Whether it finds the line, with what a regular expression found in it.
    fn find(&self, line: &[u8]) -> Result<Option<Option<BytesMatch>>, Failure> {
        match self {
            Search::Regex(regex) => Ok(regex.search(line).map_err(raise)?.map(Some)),
            Search::Text(text) => {
                let found = text.is_empty() || memchr::memmem::find(line, text).is_some();
                Ok(found.then_some(None))
            }
            Search::None => Ok(None),
        }
    }
}

/// Where a line goes that is not there yet.
enum Place {
    Start,
    End,
    After(BytesRegex),
    Before(BytesRegex),
}

impl Place {
    fn new(params: &Params) -> Result<Place, Failure> {
        Ok(match (params.str("insertafter"), params.str("insertbefore")) {
            (Some("BOF"), _) | (_, Some("BOF")) => Place::Start,
            (Some("EOF" | ""), _) | (None, Some("") | None) => Place::End,
            (Some(pattern), _) => Place::After(compile(pattern)?),
            (None, Some(pattern)) => Place::Before(compile(pattern)?),
        })
    }
}

struct Edit<'a> {
    line: &'a [u8],
    search: Search<'a>,
    place: Place,
    first: bool,
    backrefs: bool,
}

impl Edit<'_> {
    /// Changes the lines; says how, or nothing.
    fn apply(&self, lines: &mut Vec<Vec<u8>>) -> Result<&'static str, Failure> {
        if let Some((at, found)) = self.find(lines)? {
            let new = match (&self.search, &found) {
                (Search::Regex(regex), Some(found)) if self.backrefs => {
                    let line = String::from_utf8_lossy(self.line);
                    regex.expand(found, &lines[at], &line).map_err(raise)?
                }
                _ => self.line.to_vec(),
            };
            let new = if new.ends_with(b"\n") { new } else { with_end(&new) };
            if lines[at] == new {
                return Ok("");
            }
            lines[at] = new;
            return Ok("line replaced");
        }
        let (exact, insert_at) = self.scan(lines)?;
        if let Some(at) = exact {
            let new = with_end(bare_end(self.line));
            if lines[at] == new {
                return Ok("");
            }
            lines[at] = new;
            return Ok("line replaced");
        }
        if self.backrefs {
            // without a match there is nothing to refer to
            return Ok("");
        }
        Ok(if self.insert(lines, insert_at) { "line added" } else { "" })
    }

    /// The line that the search finds: the last one, or the first if told so.
    fn find(&self, lines: &[Vec<u8>]) -> Result<Option<(usize, Option<BytesMatch>)>, Failure> {
        let mut last = None;
        for (at, line) in lines.iter().enumerate() {
            if let Some(found) = self.search.find(line)? {
                last = Some((at, found));
                if self.first {
                    break;
                }
            }
        }
        Ok(last)
    }

    /// The place of the line itself, and the place to insert it at.
    fn scan(&self, lines: &[Vec<u8>]) -> Result<(Option<usize>, Option<usize>), Failure> {
        let (mut exact, mut insert_at) = (None, None);
        for (at, line) in lines.iter().enumerate() {
            if bare(line) == self.line {
                exact = Some(at);
                continue;
            }
            let hit = match &self.place {
                Place::After(regex) => regex.search(line).map_err(raise)?.map(|_| at + 1),
                Place::Before(regex) => regex.search(line).map_err(raise)?.map(|_| at),
                _ => None,
            };
            if hit.is_some() {
                insert_at = hit;
                if self.first {
                    break;
                }
            }
        }
        Ok((exact, insert_at))
    }

    fn insert(&self, lines: &mut Vec<Vec<u8>>, at: Option<usize>) -> bool {
        let new = with_end(self.line);
        match (&self.place, at) {
            (Place::Start, _) => lines.insert(0, new),
            (Place::After(_), Some(at)) if at == lines.len() => {
                if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
                    last.push(b'\n');
                }
                lines.push(new);
            }
            (Place::After(_), Some(at)) => {
                if bare(&lines[at]) == self.line {
                    return false;
                }
                lines.insert(at, new);
            }
            (Place::Before(_), Some(at)) => lines.insert(at, new),
            _ => {
                if lines.last().is_some_and(|last| !last.ends_with(b"\n") && !last.ends_with(b"\r")) {
                    lines.push(b"\n".to_vec());
                }
                lines.push(new);
            }
        }
        true
    }
}

/// A line as given may bring its own end.
fn bare_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

fn present(run: &mut Run, params: &Params, name: &str) -> Result<Outcome, Failure> {
    let path = Path::new(name);
    let exists = path.exists();
    let before = if exists {
        read(path)?
    } else {
        if !params.bool("create") {
            return Err(Failure::new(format!("Destination {name} does not exist !")).with("rc", 257i64));
        }
        if !run.check {
            edited::make_directory(path).map_err(|error| {
                let parent = path.parent().unwrap_or(path);
                Failure::new(format!("Error creating {} ({})", parent.display(), oserror::bytes(&error, parent)))
            })?;
        }
        Vec::new()
    };
    let edit = Edit {
        line: params.str("line").unwrap_or_default().as_bytes(),
        search: Search::new(params)?,
        place: Place::new(params)?,
        first: params.bool("firstmatch"),
        backrefs: params.bool("backrefs"),
    };
    let mut lines = lines_of(&before);
    let mut message = edit.apply(&mut lines)?.to_string();
    let after = lines.concat();
    finish(run, params, name, Change { before, after, changed: !message.is_empty() }, &mut message)
}

struct Change {
    before: Vec<u8>,
    after: Vec<u8>,
    changed: bool,
}

fn finish(
    run: &mut Run,
    params: &Params,
    name: &str,
    change: Change,
    message: &mut String,
) -> Result<Outcome, Failure> {
    let path = Path::new(name);
    let mut changed = change.changed;
    let mut backup_file = String::new();
    if changed && !run.check {
        if params.bool("backup") {
            backup_file = backup(path, run)?.unwrap_or_default();
        }
        edited::write(path, &change.after, params, run)?;
    }
    let mut attributes = Diff::default();
    // a file that check mode did not make has no attributes yet
    if path.exists() {
        changed |= edited::apply_attributes(path, params, run, message, &mut attributes)?;
    }
    let mut diff = edited::diffs(name, &change.before, &change.after, attributes, run);
    if run.check && !path.exists() {
        diff = diff.as_slice().and_then(<[_]>::first).cloned().unwrap_or_default();
    }
    Ok(Outcome::new(changed).with("msg", message.as_str()).with("backup", backup_file).with("diff", diff))
}

fn absent(run: &mut Run, params: &Params, name: &str) -> Result<Outcome, Failure> {
    let path = Path::new(name);
    if !path.exists() {
        return Ok(Outcome::new(false).with("msg", "file not present"));
    }
    let before = read(path)?;
    let search = Search::new(params)?;
    let line = params.str("line").unwrap_or_default().as_bytes();
    let mut kept = Vec::new();
    let mut found = 0usize;
    for current in lines_of(&before) {
        let hit = match &search {
            Search::None => bare(&current) == line,
            search => search.find(&current)?.is_some(),
        };
        if hit {
            found += 1;
        } else {
            kept.push(current);
        }
    }
    let mut message = if found > 0 { format!("{found} line(s) removed") } else { String::new() };
    let change = Change { before, after: kept.concat(), changed: found > 0 };
    let outcome = finish(run, params, name, change, &mut message)?;
    Ok(outcome.with("found", found))
}

#[cfg(test)]
mod tests;
