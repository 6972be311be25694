//! Rewrites Python's pattern syntax for `fancy-regex`, checking it as Python does.
//!
//! Every literal is escaped, every set spelled out and every group numbered, so that nothing that only one of the two
//! engines gives a meaning to gets through.

use super::Flags;
use super::class::{self, Escape, push_literal};
use super::cursor::{Cursor, is_identifier};
use crate::error::{Error, Result};

/// A rewritten pattern.
pub(super) struct Translation {
    pub pattern: String,
    pub groups: usize,
    pub names: Vec<(String, usize)>,
    /// With those that the pattern sets itself.
    pub flags: Flags,
}

/// Deeper than any pattern written by a person, and far from the end of the stack.
const MAX_DEPTH: usize = 200;

/// Rewrites `pattern`; `last_newline` makes `$` match before a newline that ends the text.
pub(super) fn translate(pattern: &str, flags: Flags, last_newline: bool) -> Result<Translation> {
    let mut translator = Translator {
        cursor: Cursor::new(pattern),
        out: String::new(),
        groups: 0,
        open: Vec::new(),
        names: Vec::new(),
        depth: 0,
        last_newline,
    };
    let flags = translator.global_flags(flags)?;
    translator.alternatives(flags)?;
    if translator.cursor.peek().is_some() {
        return Err(translator.cursor.error("unbalanced parenthesis", translator.cursor.at));
    }
    let body = translator.out;
    let pattern = if flags.ignore_case { format!("(?i:{body})") } else { body };
    Ok(Translation { pattern, groups: translator.groups, names: translator.names, flags })
}

/// The engine's refusal, in Python's words where it has some.
pub(super) fn refused(pattern: &str, why: &fancy_regex::Error) -> Error {
    let text = why.to_string();
    if text.to_ascii_lowercase().contains("look-behind") || text.to_ascii_lowercase().contains("lookbehind") {
        return Error::template("look-behind requires fixed-width pattern");
    }
    Error::template(format!("cannot compile the regular expression {pattern:?}: {text}"))
}

/// What a quantifier would repeat.
#[derive(PartialEq)]
enum Atom {
    Nothing,
    Place,
    Repeat,
    Other,
}

struct Translator {
    cursor: Cursor,
    out: String,
    groups: usize,
    /// Groups that are not closed yet: no pattern may refer to them.
    open: Vec<usize>,
    names: Vec<(String, usize)>,
    depth: usize,
    last_newline: bool,
}

impl Translator {
    /// Reads `(?imsx)` at the very start.
    fn global_flags(&mut self, mut flags: Flags) -> Result<Flags> {
        loop {
            let start = self.cursor.at;
            if !(self.cursor.eat('(') && self.cursor.eat('?')) {
                self.cursor.at = start;
                return Ok(flags);
            }
            let letters = self.cursor.take_while(usize::MAX, |c| "aiLmsux".contains(c));
            if letters.is_empty() || !self.cursor.eat(')') {
                self.cursor.at = start;
                return Ok(flags);
            }
            letters.chars().for_each(|letter| set_flag(&mut flags, letter, true));
        }
    }

    fn alternatives(&mut self, flags: Flags) -> Result<()> {
        loop {
            self.sequence(flags)?;
            if !self.cursor.eat('|') {
                return Ok(());
            }
            self.out.push('|');
        }
    }

    fn sequence(&mut self, flags: Flags) -> Result<()> {
        let mut last = Atom::Nothing;
        let mut last_start = self.out.len();
        while let Some(c) = self.cursor.peek() {
            let start = self.cursor.at;
            match c {
                '|' | ')' => return Ok(()),
                c if flags.verbose && c.is_ascii_whitespace() => {
                    self.cursor.at += 1;
                    continue;
                }
                '#' if flags.verbose => {
                    self.cursor.take_while(usize::MAX, |c| c != '\n');
                    continue;
                }
                '*' | '+' | '?' | '{' => {
                    if let Some((least, most)) = self.repeat(start)? {
                        match last {
                            Atom::Nothing | Atom::Place => return Err(self.cursor.error("nothing to repeat", start)),
                            Atom::Repeat => return Err(self.cursor.error("multiple repeat", start)),
                            Atom::Other => self.push_repeat(last_start, least, most),
                        }
                        last = Atom::Repeat;
                        continue;
                    }
                    // a brace that opens no count is a brace
                    last_start = self.out.len();
                    push_literal('{', &mut self.out);
                    last = Atom::Other;
                }
                _ => {
                    let at = self.out.len();
                    let atom = self.atom(flags)?;
                    if atom != Atom::Nothing {
                        last_start = at;
                        last = atom;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads a quantifier's bounds; `None` when a `{` is only a brace.
    fn repeat(&mut self, start: usize) -> Result<Option<(u64, Option<u64>)>> {
        match self.cursor.next() {
            Some('*') => return Ok(Some((0, None))),
            Some('+') => return Ok(Some((1, None))),
            Some('?') => return Ok(Some((0, Some(1)))),
            _ => {}
        }
        if self.cursor.peek() == Some('}') {
            return Ok(None);
        }
        let digits = |cursor: &mut Cursor| cursor.take_while(usize::MAX, |c| c.is_ascii_digit());
        let low = digits(&mut self.cursor);
        let high = if self.cursor.eat(',') { digits(&mut self.cursor) } else { low.clone() };
        if !self.cursor.eat('}') {
            self.cursor.at = start + 1;
            return Ok(None);
        }
        let count = |text: &str| text.parse().map_err(|_| Error::template("the repetition number is too large"));
        let least = if low.is_empty() { 0 } else { count(&low)? };
        let most = if high.is_empty() { None } else { Some(count(&high)?) };
        if most.is_some_and(|most| most < least) {
            return Err(self.cursor.error("min repeat greater than max repeat", start + 1));
        }
        Ok(Some((least, most)))
    }

    fn push_repeat(&mut self, atom: usize, least: u64, most: Option<u64>) {
        let lazy = self.cursor.eat('?');
        let possessive = !lazy && self.cursor.eat('+');
        if possessive {
            self.out.insert_str(atom, "(?>");
        }
        self.out.push_str(&match (least, most) {
            (0, None) => "*".to_string(),
            (1, None) => "+".to_string(),
            (0, Some(1)) => "?".to_string(),
            (least, None) => format!("{{{least},}}"),
            (least, Some(most)) => format!("{{{least},{most}}}"),
        });
        if lazy {
            self.out.push('?');
        }
        if possessive {
            self.out.push(')');
        }
    }

    fn atom(&mut self, flags: Flags) -> Result<Atom> {
        let start = self.cursor.at;
        match self.cursor.next() {
            Some('(') => return self.group(start, flags),
            Some('[') => {
                let set = class::set(&mut self.cursor, flags)?;
                self.out.push_str(&set);
            }
            Some('\\') => return self.escape(start, flags),
            Some('.') => self.out.push_str(if flags.dot_all { "(?s:.)" } else { "." }),
            Some('^') => {
                self.out.push_str(if flags.multiline { "(?m:^)" } else { r"\A" });
                return Ok(Atom::Place);
            }
            Some('$') => {
                self.out.push_str(match (flags.multiline, self.last_newline) {
                    (true, _) => "(?m:$)",
                    (false, true) => r"(?=\n?\z)",
                    (false, false) => r"\z",
                });
                return Ok(Atom::Place);
            }
            Some(c) => push_literal(c, &mut self.out),
            None => return Ok(Atom::Nothing),
        }
        Ok(Atom::Other)
    }

    fn escape(&mut self, start: usize, flags: Flags) -> Result<Atom> {
        let c = self.cursor.next().ok_or_else(|| self.cursor.error("bad escape (end of pattern)", start))?;
        let place = match c {
            'A' => r"\A",
            'Z' => r"\z",
            'b' => r"\b",
            'B' => r"\B",
            '0' => {
                let c = class::octal(&mut self.cursor, c, 2, start)?;
                push_literal(c, &mut self.out);
                return Ok(Atom::Other);
            }
            '1'..='9' => return self.reference(c, start),
            c => {
                match class::escape(&mut self.cursor, c, start, flags)? {
                    Some(Escape::Char(c)) => push_literal(c, &mut self.out),
                    Some(Escape::Set(set)) => self.out.push_str(&format!("[{set}]")),
                    None => return Err(self.cursor.error(&format!("bad escape \\{c}"), start)),
                }
                return Ok(Atom::Other);
            }
        };
        self.out.push_str(place);
        Ok(Atom::Place)
    }

    /// `\1` to `\99`, or three octal digits.
    fn reference(&mut self, first: char, start: usize) -> Result<Atom> {
        let mut digits = first.to_string();
        if let Some(second) = self.cursor.peek().filter(char::is_ascii_digit) {
            let octal = |c: char| ('0'..='7').contains(&c);
            if octal(first) && octal(second) && self.cursor.peek_at(1).is_some_and(octal) {
                let c = class::octal(&mut self.cursor, first, 2, start)?;
                push_literal(c, &mut self.out);
                return Ok(Atom::Other);
            }
            self.cursor.at += 1;
            digits.push(second);
        }
        let number = digits.parse().unwrap_or(usize::MAX);
        if number > self.groups {
            return Err(self.cursor.error(&format!("invalid group reference {digits}"), start + 1));
        }
        self.push_reference(number, start)
    }

    fn push_reference(&mut self, number: usize, start: usize) -> Result<Atom> {
        if self.open.contains(&number) {
            return Err(self.cursor.error("cannot refer to an open group", start));
        }
        self.out.push_str(&format!(r"(?:\{number})"));
        Ok(Atom::Other)
    }

    fn group(&mut self, start: usize, flags: Flags) -> Result<Atom> {
        if !self.cursor.eat('?') {
            return self.capture(start, None, flags);
        }
        let c = self.cursor.next().ok_or_else(|| self.cursor.error("unexpected end of pattern", self.cursor.at))?;
        match c {
            'P' => self.named(start, flags),
            ':' => self.body(start, "(?:", flags),
            '>' => self.body(start, "(?>", flags),
            '=' => self.body(start, "(?=", flags),
            '!' => self.body(start, "(?!", flags),
            '<' => match self.cursor.next() {
                Some('=') => self.body(start, "(?<=", flags),
                Some('!') => self.body(start, "(?<!", flags),
                Some(c) => Err(self.cursor.error(&format!("unknown extension ?<{c}"), start + 1)),
                None => Err(self.cursor.error("unexpected end of pattern", self.cursor.at)),
            },
            '#' => {
                self.cursor.take_while(usize::MAX, |c| c != ')');
                if !self.cursor.eat(')') {
                    return Err(self.cursor.error("missing ), unterminated comment", start));
                }
                Ok(Atom::Nothing)
            }
            '(' => self.conditional(start, flags),
            c if c == '-' || "aiLmsux".contains(c) => {
                self.cursor.at -= 1;
                self.scoped_flags(start, flags)
            }
            c => Err(self.cursor.error(&format!("unknown extension ?{c}"), start + 1)),
        }
    }

    fn named(&mut self, start: usize, flags: Flags) -> Result<Atom> {
        match self.cursor.next() {
            Some('<') => {
                let at = self.cursor.at;
                let name = self.cursor.name('>')?;
                self.check_name(&name, at)?;
                self.capture(start, Some((name, at)), flags)
            }
            Some('=') => {
                let at = self.cursor.at;
                let name = self.cursor.name(')')?;
                self.check_name(&name, at)?;
                let number = self.number_of(&name, at)?;
                self.push_reference(number, at)
            }
            Some(c) => Err(self.cursor.error(&format!("unknown extension ?P{c}"), start + 1)),
            None => Err(self.cursor.error("unexpected end of pattern", self.cursor.at)),
        }
    }

    fn check_name(&self, name: &str, at: usize) -> Result<()> {
        if is_identifier(name) {
            return Ok(());
        }
        let name = crate::value::Value::str(name).repr();
        Err(self.cursor.error(&format!("bad character in group name {name}"), at))
    }

    fn number_of(&self, name: &str, at: usize) -> Result<usize> {
        let known = self.names.iter().find(|(known, _)| known == name);
        known.map(|(_, number)| *number).ok_or_else(|| {
            self.cursor.error(&format!("unknown group name {}", crate::value::Value::str(name).repr()), at)
        })
    }

    fn capture(&mut self, start: usize, name: Option<(String, usize)>, flags: Flags) -> Result<Atom> {
        self.groups += 1;
        let number = self.groups;
        if let Some((name, at)) = name {
            if let Some((_, was)) = self.names.iter().find(|(known, _)| *known == name) {
                let message = format!("redefinition of group name '{name}' as group {number}; was group {was}");
                return Err(self.cursor.error(&message, at));
            }
            self.names.push((name, number));
        }
        self.open.push(number);
        let atom = self.body(start, "(", flags)?;
        self.open.pop();
        Ok(atom)
    }

    fn body(&mut self, start: usize, open: &str, flags: Flags) -> Result<Atom> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.cursor.error("too many nested groups", start));
        }
        self.out.push_str(open);
        self.alternatives(flags)?;
        if !self.cursor.eat(')') {
            return Err(self.cursor.error("missing ), unterminated subpattern", start));
        }
        self.out.push(')');
        self.depth -= 1;
        Ok(Atom::Other)
    }

    fn conditional(&mut self, start: usize, flags: Flags) -> Result<Atom> {
        let at = self.cursor.at;
        let name = self.cursor.name(')')?;
        let number = match name.parse::<usize>() {
            Ok(0) => return Err(self.cursor.error("bad group number", at)),
            Ok(number) if number > self.groups => {
                return Err(self.cursor.error(&format!("invalid group reference {number}"), at));
            }
            Ok(number) => number,
            Err(_) => {
                self.check_name(&name, at)?;
                self.number_of(&name, at)?
            }
        };
        self.body(start, &format!("(?({number})"), flags)
    }

    /// `(?i-s:...)`; `(?i)` is for the start of a pattern only.
    fn scoped_flags(&mut self, start: usize, outer: Flags) -> Result<Atom> {
        let mut flags = outer;
        let letters = self.cursor.take_while(usize::MAX, |c| "aiLmsux".contains(c));
        letters.chars().for_each(|letter| set_flag(&mut flags, letter, true));
        if self.cursor.peek() == Some(')') {
            return Err(self.cursor.error("global flags not at the start of the expression", start));
        }
        if self.cursor.eat('-') {
            let off = self.cursor.take_while(usize::MAX, |c| "imsx".contains(c));
            if off.is_empty() {
                return Err(self.cursor.error("missing flag", self.cursor.at));
            }
            off.chars().for_each(|letter| set_flag(&mut flags, letter, false));
        }
        match self.cursor.next() {
            Some(':') => {}
            Some(c) if c.is_alphabetic() => return Err(self.cursor.error("unknown flag", self.cursor.at - 1)),
            _ => return Err(self.cursor.error("missing -, : or )", self.cursor.at)),
        }
        let open = if flags.ignore_case { "(?i:" } else { "(?-i:" };
        self.body(start, open, flags)
    }
}

fn set_flag(flags: &mut Flags, letter: char, on: bool) {
    match letter {
        'i' => flags.ignore_case = on,
        'm' => flags.multiline = on,
        's' => flags.dot_all = on,
        'x' => flags.verbose = on,
        'a' => flags.ascii = on,
        _ => {}
    }
}
