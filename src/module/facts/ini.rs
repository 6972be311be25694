//! INI as Python's `configparser` reads it: `=` and `:`, comments, continued values, `DEFAULT`, `%(name)s`.

use crate::value::{Dict, Value};

/// One section: its options in order, names in lower case.
type Section = Vec<(String, String)>;

/// Reads it: sections with their options; those of `DEFAULT` are in every section. Nothing when it is no INI.
pub fn parse(text: &str) -> Option<Result<Dict, String>> {
    let sections = read(text)?;
    let defaults = sections.iter().find(|(name, _)| name == "DEFAULT").map(|(_, section)| section.clone());
    let defaults = defaults.unwrap_or_default();
    let mut facts = Dict::new();
    for (name, own) in sections.iter().filter(|(name, _)| name != "DEFAULT") {
        let inherited = defaults.iter().filter(|(key, _)| !own.iter().any(|(known, _)| known == key));
        let all: Section = own.iter().chain(inherited).cloned().collect();
        let mut section = Dict::new();
        for (key, value) in &all {
            let value = match interpolate(value, &all, 0) {
                Ok(value) => value,
                Err(Substitution::Missing(missing)) => {
                    return Some(Err(format!(
                        "Bad value substitution: option '{key}' in section '{name}' contains an interpolation key \
                         '{missing}' which is not a valid option name. Raw value: {}",
                        Value::str(value.as_str()).repr()
                    )));
                }
                Err(Substitution::Depth) => {
                    return Some(Err(format!(
                        "Recursion limit exceeded in value substitution: option '{key}' in section '{name}' contains an \
                         interpolation key which cannot be substituted in 10 steps. Raw value: {}",
                        Value::str(value.as_str()).repr()
                    )));
                }
                Err(Substitution::Syntax(problem)) => return Some(Err(problem)),
            };
            section.insert(key.as_str(), value);
        }
        facts.insert(name.as_str(), Value::dict(section));
    }
    Some(Ok(facts))
}

fn read(text: &str) -> Option<Vec<(String, Section)>> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    // how far the option that may be continued is indented
    let mut option_indent: Option<usize> = None;
    for line in text.lines() {
        let bare = line.trim();
        if bare.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let open = sections.last_mut().and_then(|(_, section)| section.last_mut());
        if let (Some(at), Some((_, value))) = (option_indent, open) {
            if bare.is_empty() {
                value.push('\n');
                continue;
            }
            if indent > at {
                value.push('\n');
                value.push_str(bare);
                continue;
            }
        }
        if bare.is_empty() {
            continue;
        }
        option_indent = None;
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name) {
            if name != "DEFAULT" && sections.iter().any(|(known, _)| known == name) {
                return None;
            }
            sections.push((name.to_string(), Section::new()));
            continue;
        }
        let (key, value) = bare.split_at_checked(bare.find(['=', ':'])?)?;
        let key = key.trim().to_lowercase();
        let (_, section) = sections.last_mut()?;
        if key.is_empty() || section.iter().any(|(known, _)| *known == key) {
            return None;
        }
        section.push((key, value[1..].trim().to_string()));
        option_indent = Some(indent);
    }
    for (_, value) in sections.iter_mut().flat_map(|(_, section)| section) {
        value.truncate(value.trim_end().len());
    }
    Some(sections)
}

/// Why a value cannot be put in.
enum Substitution {
    Missing(String),
    Depth,
    Syntax(String),
}

/// Puts values in for `%(name)s`; `%%` is a percent sign.
fn interpolate(text: &str, section: &Section, depth: u8) -> Result<String, Substitution> {
    if depth > 10 {
        return Err(Substitution::Depth);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(tail) = after.strip_prefix('%') {
            out.push('%');
            rest = tail;
        } else if let Some((name, tail)) = after.strip_prefix('(').and_then(|rest| rest.split_once(")s")) {
            let name = name.to_lowercase();
            let value = section.iter().find(|(key, _)| *key == name);
            let Some((_, value)) = value else { return Err(Substitution::Missing(name)) };
            out.push_str(&interpolate(value, section, depth + 1)?);
            rest = tail;
        } else {
            let found = Value::from(format!("%{after}")).repr();
            return Err(Substitution::Syntax(format!("'%' must be followed by '%' or '(', found: {found}")));
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_options_and_continued_lines() {
        let text = "[DEFAULT]\nbase=/srv\n[one]\nKey = a = b\nlist: x\n  y\n; no\npath=%(base)s/100%%\n\n[two]\n";
        let facts = parse(text).unwrap().unwrap();
        let one = facts.get("one").unwrap();
        assert_eq!(one.get("key"), Some(&"a = b".into()));
        assert_eq!(one.get("list"), Some(&"x\ny".into()));
        assert_eq!(one.get("path"), Some(&"/srv/100%".into()));
        assert_eq!(facts.get("two").unwrap().get("base"), Some(&"/srv".into()));
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(parse("no section = 1").is_none());
        assert!(parse("[a]\nno value").is_none());
        assert!(parse("[a]\nx=1\nx=2").is_none());
        assert!(parse("[a]\nx=%(y)s").unwrap().is_err());
    }
}
