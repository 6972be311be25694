//! The delimiters and blank rules of a template, and the `#jinja2:` header that changes them.

use super::literal;
use crate::error::{Error, Result};
use crate::value::Value;
use std::borrow::Cow;

/// Starts a header line with overrides. A text that starts so is a template, even without delimiters.
pub const HEADER: &str = "#jinja2:";

/// How the templates of one text are written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SyntaxOverrides {
    /// `{%`
    pub block_start: Cow<'static, str>,
    /// `%}`
    pub block_end: Cow<'static, str>,
    /// `{{`
    pub variable_start: Cow<'static, str>,
    /// `}}`
    pub variable_end: Cow<'static, str>,
    /// `{#`
    pub comment_start: Cow<'static, str>,
    /// `#}`
    pub comment_end: Cow<'static, str>,
    /// Starts a line that is a statement; off unless set.
    pub line_statement_prefix: Option<Cow<'static, str>>,
    /// Starts a comment that ends with its line; off unless set.
    pub line_comment_prefix: Option<Cow<'static, str>>,
    /// The line break after a block is dropped. On, where plain Jinja2 has it off.
    pub trim_blocks: bool,
    /// The blanks before a block that starts its line are dropped.
    pub lstrip_blocks: bool,
    /// What every line break becomes.
    pub newline_sequence: Cow<'static, str>,
    /// Keeps the line break at the end of the text.
    pub keep_trailing_newline: bool,
}

impl SyntaxOverrides {
    /// Ansible's defaults.
    pub const DEFAULT: SyntaxOverrides = SyntaxOverrides {
        block_start: Cow::Borrowed("{%"),
        block_end: Cow::Borrowed("%}"),
        variable_start: Cow::Borrowed("{{"),
        variable_end: Cow::Borrowed("}}"),
        comment_start: Cow::Borrowed("{#"),
        comment_end: Cow::Borrowed("#}"),
        line_statement_prefix: None,
        line_comment_prefix: None,
        trim_blocks: true,
        lstrip_blocks: false,
        newline_sequence: Cow::Borrowed("\n"),
        keep_trailing_newline: false,
    };

    /// Whether a text may hold a template: a header, or one of the opening delimiters.
    pub fn finds_template(&self, text: &str) -> bool {
        text.starts_with(HEADER)
            || [&self.variable_start, &self.block_start, &self.comment_start].iter().any(|mark| text.contains(&***mark))
    }

    /// Whether a text looks like nothing but templates: starts and ends with delimiters.
    pub fn is_all_template(&self, text: &str) -> bool {
        text.starts_with(HEADER)
            || ([&self.variable_start, &self.block_start, &self.comment_start]
                .iter()
                .any(|mark| text.starts_with(&***mark))
                && [&self.variable_end, &self.block_end, &self.comment_end].iter().any(|mark| text.ends_with(&***mark)))
    }

    /// Sets one override by its documented name.
    pub fn set(&mut self, key: &str, value: &Value) -> Result<()> {
        fn text(key: &str, value: &Value) -> Result<Cow<'static, str>> {
            match value.as_str() {
                Some(text) if !text.is_empty() => Ok(Cow::Owned(text.to_string())),
                Some(_) => Err(Error::template(format!("Template override '{key}' must not be empty."))),
                None => Err(wrong_type(key, value, "str")),
            }
        }
        fn flag(key: &str, value: &Value) -> Result<bool> {
            match value {
                Value::Bool(flag) => Ok(*flag),
                other => Err(wrong_type(key, other, "bool")),
            }
        }
        let prefix = |value: &Value| if value.is_none() { Ok(None) } else { text(key, value).map(Some) };
        match key {
            "block_start_string" => self.block_start = text(key, value)?,
            "block_end_string" => self.block_end = text(key, value)?,
            "variable_start_string" => self.variable_start = text(key, value)?,
            "variable_end_string" => self.variable_end = text(key, value)?,
            "comment_start_string" => self.comment_start = text(key, value)?,
            "comment_end_string" => self.comment_end = text(key, value)?,
            "line_statement_prefix" => self.line_statement_prefix = prefix(value)?,
            "line_comment_prefix" => self.line_comment_prefix = prefix(value)?,
            "trim_blocks" => self.trim_blocks = flag(key, value)?,
            "lstrip_blocks" => self.lstrip_blocks = flag(key, value)?,
            "keep_trailing_newline" => self.keep_trailing_newline = flag(key, value)?,
            "newline_sequence" => {
                let sequence = text(key, value)?;
                if !matches!(&*sequence, "\n" | "\r\n" | "\r") {
                    return Err(Error::template(format!(
                        "newline_sequence must be one of '\\n', '\\r\\n' or '\\r', not {}.",
                        value.repr()
                    )));
                }
                self.newline_sequence = sequence;
            }
            _ => return Err(unknown_key(key)),
        }
        Ok(())
    }

    /// Fails when two opening delimiters are the same.
    pub fn check(&self) -> Result<()> {
        if self.block_start == self.variable_start
            || self.variable_start == self.comment_start
            || self.comment_start == self.block_start
        {
            return Err(Error::template("Block, variable and comment start strings must be different."));
        }
        Ok(())
    }
}

impl Default for SyntaxOverrides {
    fn default() -> Self {
        SyntaxOverrides::DEFAULT
    }
}

const KEYS: &[&str] = &[
    "block_end_string",
    "block_start_string",
    "comment_end_string",
    "comment_start_string",
    "keep_trailing_newline",
    "line_comment_prefix",
    "line_statement_prefix",
    "lstrip_blocks",
    "newline_sequence",
    "trim_blocks",
    "variable_end_string",
    "variable_start_string",
];

fn unknown_key(key: &str) -> Error {
    let error = Error::template(format!("Invalid '#jinja2:' override key {}.", Value::str(key).repr()));
    match KEYS.iter().max_by(|a, b| strsim::jaro(a, key).total_cmp(&strsim::jaro(b, key))) {
        Some(near) if strsim::jaro(near, key) > 0.75 => error.help(format!("Did you mean '{near}'?")),
        _ => error,
    }
}

fn wrong_type(key: &str, value: &Value, wanted: &str) -> Error {
    Error::template(format!("{key} must be <class '{wanted}'> instead of <class '{}'>", value.type_name()))
}

/// Splits a `#jinja2: key: value, ...` header from the text below it. Without a header the text comes back as it is.
pub fn parse_overrides<'t>(text: &'t str, base: &SyntaxOverrides) -> Result<(&'t str, SyntaxOverrides)> {
    let mut overrides = base.clone();
    let Some(header) = text.strip_prefix(HEADER) else {
        return Ok((text, overrides));
    };
    let Some((line, body)) = header.split_once('\n') else {
        return Err(Error::template("Missing newline after '#jinja2:' override."));
    };
    for pair in line.split(',') {
        if pair.trim().is_empty() {
            return Err(Error::template("Empty '#jinja2:' override pair not allowed."));
        }
        let Some((key, value)) = pair.split_once(':') else {
            return Err(Error::template(format!(
                "Missing key-value separator `:` in '#jinja2:' override pair {}.",
                Value::str(pair).repr()
            )));
        };
        let key = key.trim();
        if !KEYS.contains(&key) {
            return Err(unknown_key(key));
        }
        overrides.set(key, &literal::python_literal(value.trim())?)?;
    }
    overrides.check()?;
    Ok((body, overrides))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_changes_the_delimiters() {
        let text = "#jinja2: variable_start_string:'[%', variable_end_string: \"%]\", trim_blocks: False\n[% x %]";
        let (body, overrides) = parse_overrides(text, &SyntaxOverrides::DEFAULT).unwrap();
        assert_eq!(body, "[% x %]");
        assert_eq!(overrides.variable_start, "[%");
        assert!(!overrides.trim_blocks);
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_likely_one() {
        let error = parse_overrides("#jinja2: trim_block: True\nx", &SyntaxOverrides::DEFAULT).unwrap_err();
        assert_eq!(error.message(), "Invalid '#jinja2:' override key 'trim_block'.");
        assert_eq!(error.help_text(), Some("Did you mean 'trim_blocks'?"));
    }
}
