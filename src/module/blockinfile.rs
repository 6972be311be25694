//! `blockinfile`: sees that a block of lines between two markers is in a file, or not.

use super::attributes::Diff;
use super::lineinfile::raise;
use super::replace_file::backup;
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, edited, oserror};
use crate::pyregex::{BytesRegex, Flags};
use std::path::Path;

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("path", Kind::Path).required().aliases(&["dest", "destfile", "name"]),
        Arg::new("state", Kind::Str).default("present").choices(&["absent", "present"]),
        Arg::new("marker", Kind::Str).default("# {mark} ANSIBLE MANAGED BLOCK"),
        Arg::new("block", Kind::Str).default("").aliases(&["content"]),
        Arg::new("insertafter", Kind::Str),
        Arg::new("insertbefore", Kind::Str),
        Arg::new("create", Kind::Bool).default("no"),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("validate", Kind::Str),
        Arg::new("marker_begin", Kind::Str).default("BEGIN"),
        Arg::new("marker_end", Kind::Str).default("END"),
        Arg::new("append_newline", Kind::Bool).default("no"),
        Arg::new("prepend_newline", Kind::Bool).default("no"),
    ],
    mutually_exclusive: &[&["insertbefore", "insertafter"]],
    file_arguments: true,
    ..Spec::new("blockinfile")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let name = params.str("path").unwrap_or_default();
    let path = Path::new(name);
    if path.is_dir() {
        return Err(Failure::new(format!("Path {name} is a directory !")).with("rc", 256i64));
    }
    let present = params.str("state") != Some("absent");
    let original = if path.exists() {
        Some(std::fs::read(path).map_err(|error| Failure::raised(oserror::text(&error, path)))?)
    } else {
        if !params.bool("create") {
            return Err(Failure::new(format!("Path {name} does not exist !")).with("rc", 257i64));
        }
        if !run.check {
            make_directory(path)?;
        }
        None
    };
    if original.is_none() && !present {
        return Ok(Outcome::new(false).with("msg", format!("File {name} not present")));
    }
    let before = original.as_deref().unwrap_or_default();
    let edit = Edit::new(params, present)?;
    let after = edit.apply(before, params)?;
    let mut message = match &original {
        Some(original) if *original == after => "",
        None => "File created",
        Some(_) if edit.block.is_empty() => "Block removed",
        Some(_) => "Block inserted",
    }
    .to_string();
    let mut changed = !message.is_empty();
    let mut backup_file = None;
    if changed && !run.check {
        if params.bool("backup") && original.is_some() {
            backup_file = backup(path, run)?;
        }
        edited::write(path, &after, params, run)?;
    }
    let mut attributes = Diff::default();
    if path.exists() {
        changed |= edited::apply_attributes(path, params, run, &mut message, &mut attributes)?;
    }
    let diff = edited::diffs(name, before, &after, attributes, run);
    let mut outcome = Outcome::new(changed).with("msg", message).with("diff", diff);
    if let Some(name) = backup_file {
        outcome.set("backup_file", name);
    }
    Ok(outcome)
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    edited::make_directory(path).map_err(|error| {
        let parent = path.parent().unwrap_or(path).display();
        let words = oserror::plain(&error);
        let (code, words) = words.trim_start_matches("[Errno ").split_once("] ").unwrap_or(("", &words));
        Failure::new(format!("Error creating {parent} Error code: {code} Error description: {words}"))
    })
}

/// Lines with their ends: `\n`, `\r\n` or `\r`.
fn lines_of(content: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < content.len() {
        let end = match content[at] {
            b'\n' => at + 1,
            b'\r' if content.get(at + 1) == Some(&b'\n') => at + 2,
            b'\r' => at + 1,
            _ => {
                at += 1;
                continue;
            }
        };
        lines.push(content[start..end].to_vec());
        (start, at) = (end, end);
    }
    if start < content.len() {
        lines.push(content[start..].to_vec());
    }
    lines
}

struct Edit {
    begin: Vec<u8>,
    end: Vec<u8>,
    /// The lines to be there, markers and all; none when the block is to go.
    block: Vec<Vec<u8>>,
    present: bool,
    place: Place,
}

/// Where a block goes that is not there yet.
enum Place {
    Start,
    End,
    After(BytesRegex),
    Before(BytesRegex),
}

impl Edit {
    fn new(params: &Params, present: bool) -> Result<Edit, Failure> {
        let marker = params.str("marker").unwrap_or_default();
        let line = |name: &str| {
            let mark = params.str(name).unwrap_or_default();
            (marker.replace("{mark}", mark) + "\n").into_bytes()
        };
        let (begin, end) = (line("marker_begin"), line("marker_end"));
        let text = params.str("block").unwrap_or_default();
        let mut block = Vec::new();
        if present && !text.is_empty() {
            let text = if text.ends_with('\n') { text.to_string() } else { format!("{text}\n") };
            block.push(begin.clone());
            block.extend(lines_of(text.as_bytes()));
            block.push(end.clone());
        }
        Ok(Edit { begin, end, block, present, place: Place::new(params)? })
    }

    fn apply(&self, before: &[u8], params: &Params) -> Result<Vec<u8>, Failure> {
        let mut lines = lines_of(before);
        let begin = lines.iter().rposition(|line| *line == self.begin);
        let end = lines.iter().rposition(|line| *line == self.end);
        let mut at = match (begin, end) {
            (Some(begin), Some(end)) => {
                let (first, last) = (begin.min(end), begin.max(end));
                lines.drain(first..=last);
                first
            }
            _ => self.place.find(&lines, before)?,
        };
        if let Some(previous) = at.checked_sub(1).and_then(|at| lines.get_mut(at))
            && !previous.ends_with(b"\n")
        {
            previous.push(b'\n');
        }
        let blank = || b"\n".to_vec();
        if self.present && params.bool("prepend_newline") && at > 0 && lines[at - 1] != b"\n" {
            lines.insert(at, blank());
            at += 1;
        }
        lines.splice(at..at, self.block.iter().cloned());
        let after = at + self.block.len();
        if self.present && params.bool("append_newline") && after < lines.len() && lines[after] != b"\n" {
            lines.insert(after, blank());
        }
        Ok(lines.concat())
    }
}

impl Place {
    fn new(params: &Params) -> Result<Place, Failure> {
        let compile = |pattern| BytesRegex::compile(pattern, Flags::default()).map_err(raise);
        Ok(match (params.str("insertafter"), params.str("insertbefore")) {
            (Some("EOF"), _) | (None, None) => Place::End,
            (None, Some("BOF")) => Place::Start,
            (Some(pattern), _) => Place::After(compile(pattern)?),
            (None, Some(pattern)) => Place::Before(compile(pattern)?),
        })
    }

    /// Before which line that is.
    fn find(&self, lines: &[Vec<u8>], content: &[u8]) -> Result<usize, Failure> {
        let (regex, after) = match self {
            Place::Start => return Ok(0),
            Place::End => return Ok(lines.len()),
            Place::After(regex) => (regex, true),
            Place::Before(regex) => (regex, false),
        };
        let mut found = None;
        if regex.is_multiline() {
            found = regex.search(content).map_err(raise)?.map(|found| {
                let (start, end) = found.span();
                memchr::memchr_iter(b'\n', &content[..if after { end } else { start }]).count()
            });
        } else {
            for (at, line) in lines.iter().enumerate() {
                if regex.search(line).map_err(raise)?.is_some() {
                    found = Some(at);
                }
            }
        }
        Ok(found.map_or(lines.len(), |at| (at + usize::from(after)).min(lines.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{invoke::invoke, registry};
    use super::*;
    use crate::value::{Dict, Value};

    fn call(run: &mut Run, arguments: &[(&str, &str)]) -> Dict {
        let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
        invoke(registry::find("blockinfile").unwrap(), &arguments, run)
    }

    fn edit(before: &str, arguments: &[(&str, &str)]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), before).unwrap();
        let mut arguments = arguments.to_vec();
        arguments.push(("path", file.path().to_str().unwrap()));
        let result = call(&mut Run::default(), &arguments);
        let after = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(result.get("changed").unwrap().truthy(), after != before, "{result:?}");
        assert_eq!(call(&mut Run::default(), &arguments).get("changed"), Some(&Value::Bool(false)));
        after
    }

    const BLOCK: &str = "# BEGIN ANSIBLE MANAGED BLOCK\nx\n# END ANSIBLE MANAGED BLOCK\n";

    #[test]
    fn a_block_is_added_replaced_and_removed() {
        assert_eq!(edit("a", &[("block", "x")]), format!("a\n{BLOCK}"));
        assert_eq!(
            edit(&format!("a\n{BLOCK}b\n"), &[("block", "x\ny")]),
            format!("a\n{}b\n", BLOCK.replace("x\n", "x\ny\n"))
        );
        assert_eq!(edit(&format!("a\n{BLOCK}b\n"), &[("state", "absent")]), "a\nb\n");
        assert_eq!(edit(&format!("a\n{BLOCK}b\n"), &[("block", "")]), "a\nb\n");
    }

    #[test]
    fn a_block_goes_where_it_is_told_to() {
        assert_eq!(edit("a\nb\n", &[("block", "x"), ("insertafter", "^a")]), format!("a\n{BLOCK}b\n"));
        assert_eq!(edit("a\nb\n", &[("block", "x"), ("insertbefore", "^b")]), format!("a\n{BLOCK}b\n"));
        assert_eq!(edit("a\nb\n", &[("block", "x"), ("insertbefore", "BOF")]), format!("{BLOCK}a\nb\n"));
        assert_eq!(edit("a\nb\nc\n", &[("block", "x"), ("insertafter", "(?m)^a\nb$")]), format!("a\nb\n{BLOCK}c\n"));
        assert_eq!(
            edit("a\nb\n", &[("block", "x"), ("insertafter", "^a"), ("append_newline", "y"), ("prepend_newline", "y")]),
            format!("a\n\n{BLOCK}\nb\n")
        );
    }

    #[test]
    fn markers_are_of_ones_own() {
        let wish = [("block", "x"), ("marker", "<!-- {mark} -->"), ("marker_begin", "Open"), ("marker_end", "Close")];
        assert_eq!(edit("", &wish), "<!-- Open -->\nx\n<!-- Close -->\n");
    }

    #[test]
    fn a_missing_file_is_refused_or_created() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d/f");
        let mut arguments = vec![("path", path.to_str().unwrap()), ("block", "x")];
        assert_eq!(call(&mut Run::default(), &arguments).get("rc"), Some(&Value::Int(257)));
        arguments.push(("create", "yes"));
        let result = call(&mut Run::default(), &arguments);
        assert_eq!(result.get("msg"), Some(&Value::str("File created")));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), BLOCK);
    }
}
