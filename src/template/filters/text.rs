//! `split` and `comment`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter};
use crate::value::{Dict, Value};

/// The filters of this file.
pub const FILTERS: &[Filter] = &[Filter::new("split", split), Filter::new("comment", comment)];

fn split(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let separator = arg::given(args.take("sep"));
    let most = args.take("maxsplit").map_or(Ok(-1), |most| arg::index(&most))?;
    args.finish("split")?;
    let Some(text) = input.as_str() else {
        let name = input.type_name();
        return Err(Error::template(format!(
            "descriptor 'split' for 'str' objects doesn't apply to a '{name}' object"
        )));
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX - 1);
    let parts: Vec<&str> = match &separator {
        None => split_blanks(text, most),
        Some(Value::Str(separator)) if separator.is_empty() => return Err(Error::template("empty separator")),
        Some(Value::Str(separator)) => text.splitn(most + 1, separator.as_str()).collect(),
        Some(other) => return Err(Error::template(format!("must be str or None, not {}", other.type_name()))),
    };
    Ok(Value::list(parts.into_iter().map(Value::str)))
}

/// What Python's `str` methods take for blank.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.split()`: at runs of blanks, at most `most` times.
pub fn split_blanks(text: &str, most: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while !rest.is_empty() {
        if parts.len() == most {
            parts.push(rest.trim_end_matches(is_blank));
            break;
        }
        let end = rest.find(is_blank).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = rest[end..].trim_start_matches(is_blank);
    }
    parts
}

/// The beginning, decoration and end of each style.
const STYLES: [(&str, [&str; 3]); 5] = [
    ("plain", ["", "# ", ""]),
    ("erlang", ["", "% ", ""]),
    ("c", ["", "// ", ""]),
    ("cblock", ["/*", " * ", " */"]),
    ("xml", ["<!--", " - ", "-->"]),
];

fn comment(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let style = args.take("style").unwrap_or_else(|| Value::str("plain"));
    if !args.rest().is_empty() {
        return Err(Error::template("comment() takes from 1 to 2 positional arguments but more were given"));
    }
    let known = STYLES.iter().find(|(name, _)| style.as_str() == Some(name));
    let Some((_, [beginning, decoration, end])) = known else {
        let names = STYLES.map(|(name, _)| name).join(", ");
        let message = format!("Invalid style {}.", style.repr());
        return Err(Error::template(message).help(format!("Available styles: {names}")).at(style.origin()));
    };
    let options: Dict = args.named.drain(..).map(|(name, value)| (Value::str(name), value)).collect();
    let Some(text) = input.as_str() else {
        return Err(Error::template(format!("'{}' object has no attribute 'replace'", input.type_name())));
    };
    let option = |name: &str, default: &str| options.get(name).map_or_else(|| default.to_string(), arg::text);
    let count = |name: &str| {
        options.get(name).map_or(Ok(1), |value| match value {
            Value::Str(text) => text
                .trim()
                .parse()
                .map_err(|_| Error::template(format!("invalid literal for int() with base 10: {}", value.repr()))),
            other => arg::index(other),
        })
    };
    let decoration = option("decoration", decoration);
    let style = Style {
        newline: option("newline", "\n"),
        beginning: option("beginning", beginning),
        prefix: option("prefix", decoration.trim_end()),
        prefix_count: usize::try_from(count("prefix_count")?).unwrap_or(0),
        postfix: option("postfix", decoration.trim_end()),
        postfix_count: usize::try_from(count("postfix_count")?).unwrap_or(0),
        end: option("end", end),
        decoration,
    };
    Ok(style.apply(text).into())
}

struct Style {
    newline: String,
    beginning: String,
    prefix: String,
    prefix_count: usize,
    decoration: String,
    postfix: String,
    postfix_count: usize,
    end: String,
}

impl Style {
    fn apply(&self, text: &str) -> String {
        let newline = &self.newline;
        let mut out = String::new();
        if !self.beginning.is_empty() {
            out = format!("{}{newline}", self.beginning);
        }
        if !self.prefix.is_empty() {
            let line = if self.prefix == *newline { newline.clone() } else { format!("{}{newline}", self.prefix) };
            out.push_str(&line.repeat(self.prefix_count));
        }
        let decorated =
            format!("{}{}", self.decoration, text.replace(newline, &format!("{newline}{}", self.decoration)));
        // a line that holds the decoration only must not end in blanks
        let bare = format!("{}{newline}", self.decoration.trim_end());
        out.push_str(&decorated.replace(&format!("{}{newline}", self.decoration), &bare));
        for _ in 0..self.postfix_count {
            out.push_str(newline);
            out.push_str(&self.postfix);
        }
        if !self.end.is_empty() {
            out.push_str(newline);
            out.push_str(&self.end);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_split_as_pythons() {
        assert_eq!(split_blanks("  a  b ", usize::MAX), ["a", "b"]);
        assert_eq!(split_blanks(" a b  c ", 1), ["a", "b  c"]);
        assert!(split_blanks(" ", usize::MAX).is_empty());
    }
}
