//! Python's regular expressions: [`translate`] rewrites a pattern for `fancy-regex`, this file matches as Python's `re`
//! does (its empty matches, its `$` before a last newline), [`template`] reads replacement texts.

mod bytes;
mod class;
mod cursor;
mod template;
mod translate;

pub use bytes::{BytesMatch, BytesRegex};
pub use template::Replacement;

use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

/// `re.I`, `re.M`, `re.S`, `re.X`, `re.A`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Letters match in both cases.
    pub ignore_case: bool,
    /// `^` and `$` match at every line.
    pub multiline: bool,
    /// `.` matches a newline.
    pub dot_all: bool,
    /// Blanks and comments in the pattern mean nothing.
    pub verbose: bool,
    /// `\w`, `\d`, `\s` match ASCII only.
    pub ascii: bool,
}

/// Where a match and its groups lie, in bytes; group 0 is the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match(Vec<Option<(usize, usize)>>);

impl Match {
    /// Start and end of the whole.
    pub fn span(&self) -> (usize, usize) {
        self.0.first().copied().flatten().unwrap_or_default()
    }

    /// The text of a group, `None` when it took no part.
    pub fn group<'t>(&self, text: &'t str, number: usize) -> Option<&'t str> {
        let (start, end) = self.0.get(number).copied().flatten()?;
        text.get(start..end)
    }

    /// Start and end of a group, `None` when it took no part.
    pub fn group_span(&self, number: usize) -> Option<(usize, usize)> {
        self.0.get(number).copied().flatten()
    }

    /// How many groups there are, the whole not counted.
    pub fn groups(&self) -> usize {
        self.0.len().saturating_sub(1)
    }
}

#[derive(Clone, Copy)]
enum Mode {
    Search,
    /// From the start of the text.
    Match,
    /// The whole text.
    Full,
    /// Not the empty text where the search starts: what follows an empty match.
    Advance,
}

/// A compiled pattern.
pub struct Regex {
    pattern: String,
    flags: Flags,
    groups: usize,
    names: Vec<(String, usize)>,
    multiline: bool,
    /// By mode, and by whether the text ends with a newline (`$` is dearer then).
    programs: [OnceLock<Result<fancy_regex::Regex>>; 8],
}

/// Far more than a sane pattern needs: Python has no limit, but a host must not hang for ever.
const BACKTRACK_LIMIT: usize = 50_000_000;

/// Patterns kept compiled, as Python's `re` does.
const CACHE_SIZE: usize = 512;

type Cache = Mutex<HashMap<(String, Flags), Arc<Regex>>>;
static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);

/// Compiles a pattern, or finds it compiled. The error is worded as Python's.
pub fn compile(pattern: &str, flags: Flags) -> Result<Arc<Regex>> {
    let key = (pattern.to_string(), flags);
    let mut cache = CACHE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(regex) = cache.get(&key) {
        return Ok(regex.clone());
    }
    let translation = translate::translate(pattern, flags, false)?;
    let regex = Arc::new(Regex {
        pattern: pattern.to_string(),
        flags,
        groups: translation.groups,
        names: translation.names,
        multiline: translation.flags.multiline,
        programs: Default::default(),
    });
    regex.program(Mode::Search, "")?;
    if cache.len() >= CACHE_SIZE {
        cache.clear();
    }
    cache.insert(key, regex.clone());
    Ok(regex)
}

impl Regex {
    /// How many groups the pattern has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The number of a named group.
    pub fn group_number(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }

    /// Whether `re.M` is on, by the flags or at the start of the pattern.
    pub fn is_multiline(&self) -> bool {
        self.multiline
    }

    /// The names of groups, with their numbers.
    pub fn names(&self) -> &[(String, usize)] {
        &self.names
    }

    /// `re.search`.
    pub fn search(&self, text: &str) -> Result<Option<Match>> {
        self.run(Mode::Search, text, 0)
    }

    /// `re.match`.
    pub fn match_start(&self, text: &str) -> Result<Option<Match>> {
        self.run(Mode::Match, text, 0)
    }

    /// `re.fullmatch`.
    pub fn full_match(&self, text: &str) -> Result<Option<Match>> {
        self.run(Mode::Full, text, 0)
    }

    /// `re.finditer`, at most `limit` matches (0: all).
    pub fn find_all(&self, text: &str, limit: usize) -> Result<Vec<Match>> {
        let mut found = Vec::new();
        let mut at = 0;
        let mut mode = Mode::Search;
        while let Some(next) = self.run(mode, text, at)? {
            let (start, end) = next.span();
            // an empty match may be followed by one from the same place, but not by the same one
            mode = if start == end { Mode::Advance } else { Mode::Search };
            at = end;
            found.push(next);
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// `re.subn`: the new text and how many places changed.
    pub fn substitute(&self, text: &str, replacement: &Replacement, limit: usize) -> Result<(String, usize)> {
        let matches = self.find_all(text, limit)?;
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        for found in &matches {
            let (start, end) = found.span();
            out.push_str(&text[last..start]);
            replacement.expand(found, text, &mut out);
            last = end;
        }
        out.push_str(&text[last..]);
        Ok((out, matches.len()))
    }

    fn run(&self, mode: Mode, text: &str, at: usize) -> Result<Option<Match>> {
        let found = self.program(mode, text)?.captures_from_pos(text, at);
        let captures = found.map_err(|why| Error::template(format!("cannot match {:?}: {why}", self.pattern)))?;
        Ok(captures.map(|captures| {
            let group = |number| captures.get(number).map(|group| (group.start(), group.end()));
            Match((0..=self.groups).map(group).collect())
        }))
    }

    fn program(&self, mode: Mode, text: &str) -> Result<&fancy_regex::Regex> {
        let last_newline = text.ends_with('\n');
        let cell = &self.programs[mode as usize * 2 + usize::from(last_newline)];
        let program = cell.get_or_init(|| {
            let body = translate::translate(&self.pattern, self.flags, last_newline)?.pattern;
            let pattern = match mode {
                Mode::Search => body,
                Mode::Match => format!(r"\A(?:{body})"),
                Mode::Full => format!(r"\A(?:{body})\z"),
                Mode::Advance => format!(r"(?:{body})(?!\G)"),
            };
            let built = fancy_regex::RegexBuilder::new(&pattern).backtrack_limit(BACKTRACK_LIMIT).build();
            built.map_err(|why| translate::refused(&self.pattern, &why))
        });
        program.as_ref().map_err(Clone::clone)
    }
}

/// `re.escape`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pattern: &str, text: &str) -> Vec<String> {
        let regex = compile(pattern, Flags::default()).unwrap();
        let found = regex.find_all(text, 0).unwrap();
        found.iter().map(|m| m.group(text, 0).unwrap().to_string()).collect()
    }

    fn sub(pattern: &str, replacement: &str, text: &str) -> String {
        let regex = compile(pattern, Flags::default()).unwrap();
        let replacement = Replacement::parse(replacement, &regex).unwrap();
        regex.substitute(text, &replacement, 0).unwrap().0
    }

    fn error(pattern: &str) -> String {
        compile(pattern, Flags::default()).err().map(|why| why.message().to_string()).unwrap_or_default()
    }

    #[test]
    fn empty_matches_follow_pythons_rules() {
        assert_eq!(all("x*", "abxd"), ["", "", "x", "", ""]);
        assert_eq!(all("a??", "a"), ["", "a", ""]);
        assert_eq!(sub("x*", "-", "abxd"), "-a-b--d-");
        assert_eq!(sub("", "-", "é"), "-é-");
    }

    #[test]
    fn a_dollar_matches_before_a_last_newline() {
        assert_eq!(sub("$", "#", "a\n"), "a#\n#");
        assert_eq!(sub("b$", "#", "ab\n"), "a#\n");
        assert_eq!(sub(r"\Z", "#", "a\n"), "a\n#");
        assert!(compile("a$", Flags::default()).unwrap().search("a\nb").unwrap().is_none());
    }

    #[test]
    fn groups_are_found_by_name_and_number() {
        assert_eq!(sub(r"(?P<a>\w+)-(\d+)(?P=a)?", r"\g<2>:\g<a>\1", "xx-12xx"), "12:xxxx");
        assert_eq!(sub(r"(a)|b", r"[\1]", "ab"), "[a][]");
        assert_eq!(sub(r"(\w)\1", r"<\g<0>>", "aabb"), "<aa><bb>");
    }

    #[test]
    fn what_python_reads_literally_is_literal() {
        assert_eq!(all("{a}x{,2}y{", "{a}xxy{"), ["{a}xxy{"]);
        assert_eq!(all(r"[]&&[~-]+", "]&[~-"), ["]&[~-"]);
        assert_eq!(all(r"\<\/\-\@", "</-@"), ["</-@"]);
        assert_eq!(all(r"[\w.-]+@[^]\s]+", "me@host.org x"), ["me@host.org"]);
        assert_eq!(all(r"\x41\u0042\103\0", "ABC\0"), ["ABC\0"]);
    }

    #[test]
    fn possessive_and_atomic_groups_do_not_give_back() {
        assert!(all("a++a", "aaa").is_empty());
        assert!(all("(?>a{1,3}+)a", "aaa").is_empty());
        assert_eq!(all("a{1,2}?", "aaa"), ["a", "a", "a"]);
    }

    #[test]
    fn flags_work_inline_and_scoped() {
        assert_eq!(all("(?i)aB", "Ab ab"), ["Ab", "ab"]);
        assert_eq!(all("(?im)^a$", "a\nA"), ["a", "A"]);
        assert_eq!(all("(?x) a b  # comment\n c", "abc"), ["abc"]);
        assert_eq!(all("x(?s:.)y", "x\ny"), ["x\ny"]);
        assert_eq!(all("(?a)\\w+", "aé"), ["a"]);
    }

    #[test]
    fn lookarounds_and_conditionals_work() {
        assert_eq!(all(r"(?<=\$)\d+(?!\d)", "$12 34"), ["12"]);
        assert_eq!(all(r"(<)?a(?(1)>)", "<a> a <a"), ["<a>", "a", "a"]);
    }

    #[test]
    fn errors_are_pythons() {
        for (pattern, message) in [
            ("(", "missing ), unterminated subpattern at position 0"),
            ("a)", "unbalanced parenthesis at position 1"),
            ("[a", "unterminated character set at position 0"),
            ("*a", "nothing to repeat at position 0"),
            ("a**", "multiple repeat at position 2"),
            (r"\q", r"bad escape \q at position 0"),
            ("a\\", r"bad escape (end of pattern) at position 1"),
            ("[b-a]", "bad character range b-a at position 1"),
            (r"(a)\2", "invalid group reference 2 at position 4"),
            ("(?P<a>x)(?P<a>y)", "redefinition of group name 'a' as group 2; was group 1 at position 12"),
            ("(?P=zz)", "unknown group name 'zz' at position 4"),
            ("(?P<1>x)", "bad character in group name '1' at position 4"),
            ("a(?i)b", "global flags not at the start of the expression at position 1"),
            ("a{3,2}", "min repeat greater than max repeat at position 2"),
            ("(?z)", "unknown extension ?z at position 1"),
            ("\n(", "missing ), unterminated subpattern at position 1 (line 2, column 1)"),
        ] {
            assert_eq!(error(pattern), message, "{pattern}");
        }
    }

    #[test]
    fn escape_spares_letters_and_underscores() {
        assert_eq!(escape("a_b.c d%é"), r"a_b\.c\ d%é");
    }
}
