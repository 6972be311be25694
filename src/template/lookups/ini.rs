//! `lookup('ini', ...)`: options of INI and properties files.

use super::options::Options;
use super::search;
use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::pyini::{DUPLICATE, Ini, Style};
use crate::template::pyregex::{self, Flags};
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("ini", run);

const OPTIONS: [&str; 9] =
    ["type", "file", "section", "re", "encoding", "default", "case_sensitive", "allow_no_value", "interpolation"];

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let mut options = Options::new("ini", options);
    let truth = |name: &str| options.get(name).is_some_and(Value::truthy);
    let mut ini = Ini::new(Style {
        case_sensitive: truth("case_sensitive"),
        allow_no_value: options.flag("allow_no_value", options.flag("allow_none", false)),
        interpolate: options.flag("interpolation", true),
        inline_comments: false,
    });
    let mut values = Vec::new();
    for term in &terms {
        let text = term
            .as_str()
            .ok_or_else(|| Error::template(format!("argument of type '{}' is not iterable", term.type_name())))?;
        let key = if text.contains('=') || text.trim().contains(' ') {
            inline(text, &mut options)?
        } else {
            text.to_string()
        };
        values.extend(look_up(ctx, &mut ini, &key, &options)?);
    }
    Ok(values)
}

/// `key section=s file=f` inside one term: the key, and the options set.
fn inline(term: &str, options: &mut Options) -> Result<String> {
    let mut words: Vec<(&str, String)> = Vec::new();
    let mut current = "key";
    for (at, word) in term.split_whitespace().enumerate() {
        if word.contains('=')
            && let Some(name) = OPTIONS.iter().rfind(|name| word.contains(&format!("{name}=")))
        {
            current = name;
        }
        match words.iter_mut().find(|(name, _)| *name == current) {
            Some((_, text)) if at > 0 => *text = format!("{text} {word}"),
            _ => words.push((current, word.to_string())),
        }
    }
    let mut key = None;
    for (_, word) in &words {
        match word.split_once('=') {
            Some((_, value)) if value.contains('=') => {
                let all: Vec<String> = words.iter().map(|(_, word)| format!("'{word}'")).collect();
                let cause = Error::template("too many values to unpack (expected 2)");
                return Err(cause.context(format!("Could not use '{word}' from [{}].", all.join(", "))));
            }
            Some((name, value)) if OPTIONS.contains(&name) => options.set(name, value.into()),
            Some((name, _)) => return Err(Error::template(format!("'{name}' is not a valid option."))),
            None if key.is_none() => key = Some(word.clone()),
            None => {}
        }
    }
    key.ok_or_else(|| {
        Error::template(format!("No key to look up was provided as first term within string inline options: {term}"))
    })
}

fn look_up(ctx: &mut dyn Context, ini: &mut Ini, key: &str, options: &Options) -> Result<Vec<Value>> {
    let file = options.text("file", "ansible.ini");
    let path = search::find_or_warn(ctx, Some("files"), &file.as_str().into())?;
    let path = path.ok_or_else(|| Error::parser("Invalid filename None."))?;
    let text = search::read(ctx, &path, &options.text("encoding", "utf-8"))?;
    let kind = options.text("type", "ini");
    if !matches!(kind.as_str(), "ini" | "properties") {
        return Err(Error::template(format!(
            "Invalid value \"{kind}\" for configuration option \"plugin_type: lookup plugin: ini setting: type \", valid \
             values are: ini, properties"
        )));
    }
    let (section, text) = match kind.as_str() {
        "properties" => ("java_properties".to_string(), format!("[java_properties]\n{text}")),
        _ => (options.text("section", "global"), text),
    };
    ini.read(&text).map_err(|why| match why.help_text() {
        Some(DUPLICATE) => why.context(format!("Duplicate option in '{file}'.")),
        _ => why,
    })?;
    if !ini.has_section(&section) {
        return Err(Error::template(format!("No section '{section}' in '{file}'.")));
    }
    if options.get("re").is_some_and(|re| arg::boolean(re).unwrap_or(false)) {
        let regex = pyregex::compile(key, Flags::default())?;
        let mut values = Vec::new();
        for (name, value) in ini.items(&section)? {
            if regex.match_start(&name)?.is_some() {
                values.push(Value::from(value.map(Value::from)));
            }
        }
        return Ok(values);
    }
    match ini.get(&section, key)? {
        Some(value) => Ok(value.map(Value::from).into_iter().collect()),
        None => match options.get("default") {
            None => Ok(vec![Value::str("")]),
            Some(Value::List(items)) => Ok(items.to_vec()),
            Some(other) => Ok(vec![other.clone()]),
        },
    }
}
