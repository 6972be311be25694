//! Splitting and quoting command lines as Python's `shlex` does, which `command` and many options are defined by.

/// Why a line cannot be split, in Python's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A quote is left open.
    #[error("No closing quotation")]
    Quote,
    /// A backslash ends the line.
    #[error("No escaped character")]
    Escape,
}

/// `shlex.split(line)`: POSIX quoting, no comments.
pub fn split(line: &str) -> Result<Vec<String>, SplitError> {
    words_of(line, false)
}

/// `shlex.split(line, comments=True)`: a `#` outside quotes starts a comment, in the middle of a word too.
pub fn split_with_comments(line: &str) -> Result<Vec<String>, SplitError> {
    words_of(line, true)
}

fn words_of(line: &str, comments: bool) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if comments => {
                words.extend(word.take());
                let _ = chars.by_ref().find(|c| *c == '\n');
            }
            '\'' => single_quoted(&mut chars, word.get_or_insert_default())?,
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next().ok_or(SplitError::Escape)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The first word of a line, unquoted, and what follows it, as it stands.
pub fn split_first(line: &str) -> Result<Option<(String, &str)>, SplitError> {
    let line = line.trim_start_matches([' ', '\t', '\r', '\n']);
    if line.is_empty() {
        return Ok(None);
    }
    let mut word = String::new();
    let mut chars = line.chars();
    loop {
        let rest = chars.as_str();
        match chars.next() {
            None | Some(' ' | '\t' | '\r' | '\n') => return Ok(Some((word, rest))),
            Some('\'') => single_quoted(&mut chars, &mut word)?,
            Some('"') => double_quoted(&mut chars, &mut word)?,
            Some('\\') => word.push(chars.next().ok_or(SplitError::Escape)?),
            Some(c) => word.push(c),
        }
    }
}

fn single_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), SplitError> {
    loop {
        match chars.next().ok_or(SplitError::Quote)? {
            '\'' => return Ok(()),
            c => word.push(c),
        }
    }
}

/// Between double quotes a backslash escapes only the quote and itself.
fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), SplitError> {
    loop {
        match chars.next().ok_or(SplitError::Quote)? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or(SplitError::Escape)? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

/// `shlex.quote(word)`: one word for a shell.
pub fn quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%_+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

/// A command line that a shell reads back as these words.
pub fn join<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_split_as_pythons() {
        let cases: [(&str, &[&str]); 7] = [
            ("a  b\tc\n", &["a", "b", "c"]),
            (r#"a "b c"d 'e f'"#, &["a", "b cd", "e f"]),
            (r#""\$x \" \\ \n""#, &[r#"\$x " \ \n"#]),
            (r"a\ b '\n'", &["a b", r"\n"]),
            ("a '' \"\"", &["a", "", ""]),
            ("a #no comment", &["a", "#no", "comment"]),
            ("", &[]),
        ];
        for (line, words) in cases {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn comments_end_a_line_when_asked_for() {
        assert_eq!(split_with_comments("a b#c d").unwrap(), ["a", "b"]);
        assert_eq!(split_with_comments("a 'b#c' # d").unwrap(), ["a", "b#c"]);
    }

    #[test]
    fn the_first_word_leaves_the_rest_alone() {
        assert_eq!(split_first(r#" 'my script'.sh  "a b" c"#), Ok(Some(("my script.sh".into(), r#"  "a b" c"#))));
        assert_eq!(split_first("one"), Ok(Some(("one".into(), ""))));
        assert_eq!(split_first("  "), Ok(None));
    }

    #[test]
    fn open_quotes_are_errors() {
        assert_eq!(split("'a"), Err(SplitError::Quote));
        assert_eq!(split("\"a"), Err(SplitError::Quote));
        assert_eq!(split("a\\"), Err(SplitError::Escape));
    }

    #[test]
    fn quoted_words_survive_splitting() {
        let words = ["plain", "", "two words", "it's", "$x"];
        assert_eq!(join(&words), r#"plain '' 'two words' 'it'"'"'s' '$x'"#);
        assert_eq!(split(&join(&words)).unwrap(), words);
    }
}
