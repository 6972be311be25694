//! Python's `configparser`: sections of options, with defaults, continued lines and `%(name)s`.

use crate::error::{Error, Result};
use crate::template::filters::text::is_blank;
use crate::value::Value;
use indexmap::IndexMap;

/// Options by name; `None` for a name without a value.
type Section = IndexMap<String, Option<String>>;

/// How to read a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Names keep their case.
    pub case_sensitive: bool,
    /// A name may stand alone.
    pub allow_no_value: bool,
    /// `%(name)s` stands for another option.
    pub interpolate: bool,
    /// A semicolon behind a blank starts a comment, as in `ansible.cfg`.
    pub inline_comments: bool,
}

/// The sections of one or more files.
#[derive(Debug, Default)]
pub struct Ini {
    defaults: Section,
    sections: IndexMap<String, Section>,
    style: Style,
}

/// Deeper chains of `%(name)s` are an error, as in Python.
const MAX_DEPTH: usize = 10;

impl Ini {
    /// Nothing yet.
    pub fn new(style: Style) -> Ini {
        Ini { style, ..Ini::default() }
    }

    /// The name of an option as it is kept.
    fn name(&self, name: &str) -> String {
        if self.style.case_sensitive { name.to_string() } else { name.to_lowercase() }
    }

    /// Reads a text over what is known already. One text may name an option once.
    pub fn read(&mut self, text: &str) -> Result<()> {
        let mut reader = Reader { section: None, option: None, indent: 0, seen: Vec::new(), number: 0 };
        let mut lines: IndexMap<(Option<String>, String), Option<Vec<String>>> = IndexMap::new();
        let mut wrong = Vec::new();
        for line in text.lines() {
            reader.number += 1;
            self.line(line, &mut reader, &mut lines, &mut wrong)?;
        }
        if !wrong.is_empty() {
            return Err(Error::template(format!("Source contains parsing errors: '<???>'\n{}", wrong.join("\n"))));
        }
        for ((section, option), value) in lines {
            let value = value.map(|lines| lines.join("\n").trim_end_matches(is_blank).to_string());
            match section {
                None => self.defaults.insert(option, value),
                Some(section) => self.sections.entry(section).or_default().insert(option, value),
            };
        }
        Ok(())
    }

    fn line(
        &mut self,
        line: &str,
        reader: &mut Reader,
        lines: &mut IndexMap<(Option<String>, String), Option<Vec<String>>>,
        wrong: &mut Vec<String>,
    ) -> Result<()> {
        let mut content = line.trim_matches(is_blank);
        let mut comment = content.starts_with(['#', ';']);
        if self.style.inline_comments
            && !comment
            && let Some(at) = inline_comment(content)
        {
            (content, comment) = (content[..at].trim_matches(is_blank), true);
        }
        if content.is_empty() || content.starts_with(['#', ';']) {
            // an empty line belongs to the value it stands in, a comment does not
            if !comment
                && let Some(key) = &reader.option
                && let Some(Some(value)) = lines.get_mut(key)
            {
                value.push(String::new());
            }
            return Ok(());
        }
        let indent = line.chars().take_while(|c| is_blank(*c)).count();
        if let Some(key) = &reader.option
            && indent > reader.indent
        {
            match lines.get_mut(key) {
                Some(Some(value)) => value.push(content.to_string()),
                _ => wrong.push(format!("\t[line {:2}]: {}", reader.number, Value::str(format!("{line}\n")).repr())),
            }
            return Ok(());
        }
        reader.indent = indent;
        if let Some(header) = content.strip_prefix('[').and_then(|rest| rest.rfind(']').map(|end| &rest[..end]))
            && !header.is_empty()
        {
            return self.header(header, reader);
        }
        let Some(section) = &reader.section else {
            let shown = Value::str(format!("{line}\n")).repr();
            return Err(Error::template(format!(
                "File contains no section headers.\nfile: '<???>', line: {}\n{shown}",
                reader.number
            )));
        };
        let (name, value) = match content.find(['=', ':']) {
            Some(at) => (&content[..at], Some(content[at + 1..].trim_matches(is_blank).to_string())),
            None => (content, None),
        };
        let name = self.name(name.trim_end_matches(is_blank));
        if name.is_empty() || (value.is_none() && !self.style.allow_no_value) {
            wrong.push(format!("\t[line {:2}]: {}", reader.number, Value::str(format!("{line}\n")).repr()));
            return Ok(());
        }
        let key = (section.clone(), name);
        if lines.contains_key(&key) {
            let (section, name) = (key.0.as_deref().unwrap_or("DEFAULT"), &key.1);
            return Err(Error::template(format!(
                "While reading from '<???>' [line {:2}]: option '{name}' in section '{section}' already exists",
                reader.number
            ))
            .help(DUPLICATE));
        }
        lines.insert(key.clone(), value.map(|value| vec![value]));
        reader.option = Some(key);
        Ok(())
    }

    fn header(&mut self, header: &str, reader: &mut Reader) -> Result<()> {
        reader.option = None;
        if header == "DEFAULT" {
            reader.section = Some(None);
            return Ok(());
        }
        if reader.seen.iter().any(|seen| seen == header) {
            return Err(Error::template(format!(
                "While reading from '<???>' [line {:2}]: section '{header}' already exists",
                reader.number
            )));
        }
        reader.seen.push(header.into());
        self.sections.entry(header.into()).or_default();
        reader.section = Some(Some(header.into()));
        Ok(())
    }

    /// Whether a section is there (or means the defaults).
    pub fn has_section(&self, section: &str) -> bool {
        section == "DEFAULT" || self.sections.contains_key(section)
    }

    /// The value of an option; `None` when there is no such option, `Some(None)` when it has no value.
    pub fn get(&self, section: &str, option: &str) -> Result<Option<Option<String>>> {
        let option = self.name(option);
        match self.raw(section, &option) {
            None => Ok(None),
            Some(value) => self.interpolated(section, &option, value).map(Some),
        }
    }

    /// Names and values of a section, those of the defaults first.
    pub fn items(&self, section: &str) -> Result<Vec<(String, Option<String>)>> {
        let mut names: Vec<&String> = self.defaults.keys().collect();
        let own = self.sections.get(section);
        names.extend(own.into_iter().flat_map(|own| own.keys()).filter(|name| !self.defaults.contains_key(*name)));
        let item = |name: &String| {
            let value = self.raw(section, name).unwrap_or(&None);
            Ok((name.clone(), self.interpolated(section, name, value)?))
        };
        names.into_iter().map(item).collect()
    }

    fn raw(&self, section: &str, option: &str) -> Option<&Option<String>> {
        self.sections.get(section).and_then(|own| own.get(option)).or_else(|| self.defaults.get(option))
    }

    fn interpolated(&self, section: &str, option: &str, value: &Option<String>) -> Result<Option<String>> {
        let Some(value) = value else { return Ok(None) };
        if !self.style.interpolate {
            return Ok(Some(value.clone()));
        }
        let mut out = String::new();
        self.interpolate(section, option, value, value, 1, &mut out)?;
        Ok(Some(out))
    }

    fn interpolate(
        &self,
        section: &str,
        option: &str,
        raw: &str,
        text: &str,
        depth: usize,
        out: &mut String,
    ) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(Error::template(format!(
                "Recursion limit exceeded in value substitution: option '{option}' in section '{section}' contains an \
                 interpolation key which cannot be substituted in {MAX_DEPTH} steps. Raw value: {}",
                Value::str(raw).repr()
            )));
        }
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("%%") {
                out.push('%');
                rest = after;
                continue;
            }
            let Some(inner) = rest.strip_prefix("%(") else {
                let shown = Value::str(rest).repr();
                return Err(Error::template(format!("'%' must be followed by '%' or '(', found: {shown}")));
            };
            let Some(end) = inner.find(")s").filter(|end| inner.find(')') == Some(*end)) else {
                let shown = Value::str(rest).repr();
                return Err(Error::template(format!("bad interpolation variable reference {shown}")));
            };
            let name = self.name(&inner[..end]);
            let Some(value) = self.raw(section, &name) else {
                return Err(Error::template(format!(
                    "Bad value substitution: option '{option}' in section '{section}' contains an interpolation key \
                     '{name}' which is not a valid option name. Raw value: {}",
                    Value::str(raw).repr()
                )));
            };
            let value = value.as_deref().unwrap_or("");
            self.interpolate(section, option, raw, value, depth + 1, out)?;
            rest = &inner[end + 2..];
        }
        out.push_str(rest);
        Ok(())
    }
}

/// Where a comment behind a blank starts.
fn inline_comment(line: &str) -> Option<usize> {
    let starts = |at: &usize| line[..*at].chars().next_back().is_some_and(is_blank);
    line.match_indices(';').map(|(at, _)| at).find(starts)
}

/// Marks the error of an option that a text names twice.
pub const DUPLICATE: &str = "Name the option once.";

struct Reader {
    /// `Some(None)` inside the defaults.
    section: Option<Option<String>>,
    option: Option<(Option<String>, String)>,
    indent: usize,
    seen: Vec<String>,
    number: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# top\n[s1]\nkey=val\nfoo : bar\n multi\n\n more\nUP=1\nint=%(key)s/%%/%(def)s\n[s2]\nkey=v2\n[DEFAULT]\ndef=dd\n";

    fn ini(style: Style) -> Ini {
        let mut ini = Ini::new(style);
        ini.read(TEXT).unwrap();
        ini
    }

    fn get(ini: &Ini, section: &str, option: &str) -> Option<String> {
        ini.get(section, option).unwrap().flatten()
    }

    #[test]
    fn options_are_read_with_their_continuations() {
        let ini = ini(Style { interpolate: true, ..Style::default() });
        assert_eq!(get(&ini, "s1", "FOO").as_deref(), Some("bar\nmulti\n\nmore"));
        assert_eq!(get(&ini, "s1", "int").as_deref(), Some("val/%/dd"));
        assert_eq!(get(&ini, "s2", "def").as_deref(), Some("dd"));
        assert_eq!(get(&ini, "s2", "nope"), None);
        let names: Vec<String> = ini.items("s1").unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["def", "key", "foo", "up", "int"]);
    }

    #[test]
    fn case_counts_when_told() {
        let ini = ini(Style { case_sensitive: true, ..Style::default() });
        assert_eq!(get(&ini, "s1", "up"), None);
        assert_eq!(get(&ini, "s1", "UP").as_deref(), Some("1"));
    }

    #[test]
    fn mistakes_are_pythons_errors() {
        let message = |text: &str| Ini::new(Style::default()).read(text).unwrap_err().message().to_string();
        assert!(message("a=1\n").starts_with("File contains no section headers."));
        assert!(message("[s]\na=1\nA=2\n").ends_with("option 'a' in section 's' already exists"));
        assert!(message("[s]\nalone\n").starts_with("Source contains parsing errors"));
        let mut ini = Ini::new(Style { interpolate: true, ..Style::default() });
        ini.read("[s]\na=%(b)s\nb=%(a)s\nc=%x\n").unwrap();
        assert!(ini.get("s", "a").unwrap_err().message().starts_with("Recursion limit exceeded"));
        assert!(ini.get("s", "c").unwrap_err().message().starts_with("'%' must be followed"));
    }
}
