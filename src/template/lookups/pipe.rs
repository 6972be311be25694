//! `lookup('pipe', ...)` and `lookup('lines', ...)`: what commands print.

use super::{blocking, search};
use crate::error::{Error, Result};
use crate::template::filters::text::is_blank;
use crate::template::{Context, Lookup, pycodec};
use crate::value::{Dict, Value};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

/// The output of each command.
pub const LOOKUP: Lookup = Lookup::new("pipe", run);

/// The lines of the output of all commands.
pub const LINES: Lookup = Lookup::new("lines", lines);

fn run(ctx: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let output = |term: &Value| {
        let text = pycodec::decode(&output(ctx, "pipe", &term.to_text())?, "utf-8", true)?;
        Ok(text.trim_end_matches(is_blank).into())
    };
    terms.iter().map(output).collect()
}

fn lines(ctx: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for term in &terms {
        let output = output(ctx, "lines", &term.to_text())?;
        all.extend(split_lines(&output).map(|line| Value::from(String::from_utf8_lossy(line))));
    }
    Ok(all)
}

/// Python's `bytes.splitlines()`.
pub fn split_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = &rest[..end];
        let skip = match &rest[end..] {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        rest = &rest[end + skip..];
        Some(line)
    })
}

/// Runs a command in the playbook's directory; its errors go where ours go.
fn output(ctx: &dyn Context, plugin: &str, command: &str) -> Result<Vec<u8>> {
    let dir = search::base_dir(ctx);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).current_dir(&dir).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = blocking(|| shell.output()).map_err(|why| {
        let why = crate::template::filters::paths::os_error(&why);
        Error::template(format!("{why}: {}", Value::from(dir).repr()))
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // Python gives the number of the signal as a negative code
    let code = output.status.code().or_else(|| output.status.signal().map(|signal| -signal)).unwrap_or(-1);
    Err(Error::template(format!("lookup_plugin.{plugin}({command}) returned {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_any_way() {
        let lines: Vec<&[u8]> = split_lines(b"a\r\nb\n\nc\rd").collect();
        assert_eq!(lines, [b"a" as &[u8], b"b", b"", b"c", b"d"]);
    }
}
