//! Jinja2's filters for HTML, URLs and JSON in HTML.

use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::eval::strings;
use crate::template::registry::Filter;
use crate::value::{Value, json};
use fancy_regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

pub const FILTERS: &[Filter] = &[
    Filter::new("e", escape_filter),
    Filter::new("escape", escape_filter),
    Filter::new("forceescape", escape_filter),
    Filter::new("safe", safe),
    Filter::new("striptags", striptags),
    Filter::new("tojson", tojson),
    Filter::new("urlencode", urlencode),
    Filter::new("urlize", urlize),
    Filter::new("xmlattr", xmlattr),
];

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

fn escape_filter(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("escape")?;
    Ok(Value::from(escape(&input.to_text())))
}

fn safe(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_mark_safe")?;
    Ok(match input {
        Value::Str(_) => input,
        other => Value::from(other.to_text()),
    })
}

fn striptags(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_striptags")?;
    let mut text = input.to_text().into_owned();
    for (open, close) in [("<!--", "-->"), ("<", ">")] {
        let mut from = 0;
        while let Some(start) = text[from..].find(open).map(|at| from + at) {
            let Some(end) = text[start..].find(close).map(|at| start + at + close.len()) else {
                break;
            };
            text.replace_range(start..end, "");
            from = start;
        }
    }
    let words: Vec<&str> = text.split(strings::is_space).filter(|word| !word.is_empty()).collect();
    Ok(Value::from(unescape(&words.join(" "))))
}

const ENTITIES: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("pound", '£'),
    ("cent", '¢'),
    ("yen", '¥'),
    ("sect", '§'),
    ("deg", '°'),
    ("plusmn", '±'),
    ("micro", 'µ'),
    ("para", '¶'),
    ("middot", '·'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("times", '×'),
    ("divide", '÷'),
    ("szlig", 'ß'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("agrave", 'à'),
    ("ccedil", 'ç'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bull", '•'),
    ("hellip", '…'),
    ("larr", '←'),
    ("rarr", '→'),
];

/// The characters that entities stand for; the named ones are those that texts use.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 12);
        let found = end.and_then(|end| {
            let name = &rest[1..end];
            let c = match name.strip_prefix('#') {
                Some(number) => {
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok(),
                        None => number.parse().ok(),
                    };
                    code.and_then(char::from_u32)
                }
                None => ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c),
            };
            c.map(|c| (c, end + 1))
        });
        let (c, len) = found.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[len..];
    }
    out + rest
}

fn tojson(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let indent = args.take("indent").filter(|indent| !indent.is_none());
    args.finish("do_tojson")?;
    if let Some(kind) = unserializable(&input) {
        return Err(Error::template(format!("Object of type {kind} is not JSON serializable")));
    }
    let indent = match indent {
        None => None,
        Some(Value::Str(text)) => Some(Cow::Owned(text.to_string())),
        Some(width) => {
            Some(Cow::Owned(" ".repeat(usize::try_from(width.as_i64().unwrap_or(0)).unwrap_or(0).min(1000))))
        }
    };
    let item_separator = Cow::Borrowed(if indent.is_some() { "," } else { ", " });
    let style = json::Style { indent, sort_keys: true, item_separator, ..json::Style::PYTHON };
    let text = json::to_string(&input, &style);
    let safe = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027");
    Ok(Value::from(safe))
}

/// The type of something that JSON has no form for.
fn unserializable(value: &Value) -> Option<String> {
    match value {
        Value::Bytes(_) | Value::Set(_) | Value::Moment(_) => Some(value.type_name().to_string()),
        Value::Undefined(_) => Some("Undefined".into()),
        Value::Object(object) if object.keys().is_none() => Some(object.type_name().to_string()),
        Value::List(items) | Value::Tuple(items) => items.iter().find_map(unserializable),
        Value::Dict(dict) => dict.values().find_map(unserializable),
        _ => None,
    }
}

/// Percent-encodes for a path, or for a query where `/` is encoded too and blanks are `+`.
fn quote(value: &Value, query: bool) -> String {
    use std::fmt::Write as _;
    let bytes = match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => other.to_text().into_owned().into_bytes(),
    };
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(byte as char),
            b'/' if !query => out.push('/'),
            b' ' if query => out.push('+'),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

fn urlencode(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("do_urlencode")?;
    let pairs = match &input {
        Value::Dict(dict) => dict.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        Value::List(_) | Value::Tuple(_) | Value::Set(_) => {
            let mut pairs = Vec::new();
            for item in ctx.items(&input)? {
                let parts = ctx.items(&item)?;
                let [key, value] = <[Value; 2]>::try_from(parts).map_err(|parts| {
                    Error::template(if parts.len() > 2 {
                        "too many values to unpack (expected 2)".to_string()
                    } else {
                        format!("not enough values to unpack (expected 2, got {})", parts.len())
                    })
                })?;
                pairs.push((key, value));
            }
            pairs
        }
        other => return Ok(Value::from(quote(other, false))),
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value): &(Value, Value)| format!("{}={}", quote(key, true), quote(value, true)))
        .collect();
    Ok(Value::from(pairs.join("&")))
}

fn xmlattr(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let autospace = args.take("autospace").is_none_or(|space| space.truthy());
    args.finish("do_xmlattr")?;
    let mut items = Vec::new();
    if !matches!(input, Value::Dict(_)) {
        return Err(Error::template(format!("'{}' object has no attribute 'items'", input.type_name())));
    }
    for (key, value) in crate::template::eval::dict_entries(ctx, &input)? {
        if value.is_none() || value.is_undefined() {
            continue;
        }
        let name = key.to_text();
        if name.contains(|c: char| c.is_ascii_whitespace() || matches!(c, '\u{b}' | '/' | '>' | '=')) {
            return Err(Error::template(format!("Invalid character in attribute name: {}", key.repr())));
        }
        items.push(format!("{}=\"{}\"", escape(&name), escape(&value.to_text())));
    }
    let text = items.join(" ");
    Ok(Value::from(if autospace && !text.is_empty() { format!(" {text}") } else { text }))
}

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^(?:(?:https?://|www\.)(?:(?:[\w%-]+\.)+)?(?:[a-z]{2,63}|xn--[\w%]{2,59})",
        r"|(?:[\w%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)",
        r"|https?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\]))",
        r"(?::\d{1,5})?(?:[/?#]\S*)?$"
    ))
});
static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^\S+@\w[\w.-]*\.\w+$"));
static SCHEME: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^[\w.+-]{2,}:/{0,2}$"));

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text).unwrap_or(false))
}

fn urlize(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let limit = args.take("trim_url_limit").and_then(|limit| limit.as_i64());
    let nofollow = args.take("nofollow").is_some_and(|nofollow| nofollow.truthy());
    let target = args.take("target").filter(|target| !target.is_none());
    let rel = args.take("rel").filter(|rel| !rel.is_none()).map(|rel| rel.to_text().into_owned()).unwrap_or_default();
    let schemes = args.take("extra_schemes").filter(|schemes| !schemes.is_none());
    args.finish("do_urlize")?;
    let mut rel: Vec<&str> = rel.split_whitespace().chain(["noopener"]).collect();
    if nofollow {
        rel.push("nofollow");
    }
    rel.sort_unstable();
    rel.dedup();
    let schemes = match &schemes {
        Some(schemes) => ctx.items(schemes)?,
        None => Vec::new(),
    };
    if let Some(bad) = schemes.iter().find(|scheme| !matches(&SCHEME, &scheme.to_text())) {
        return Err(Error::template(format!("{} is not a valid URI scheme prefix.", bad.repr())));
    }
    let attributes = format!(
        " rel=\"{}\"{}",
        escape(&rel.join(" ")),
        target.map_or_else(String::new, |target| format!(" target=\"{}\"", escape(&target.to_text())))
    );
    let shown = |url: &str| match limit {
        Some(limit) if url.chars().count() as i64 > limit => {
            format!("{}...", strings::head(url, limit.max(0) as usize))
        }
        _ => url.to_string(),
    };
    let text = escape(&input.to_text());
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let blanks = rest.find(|c| !strings::is_space(c)).unwrap_or(rest.len());
        out.push_str(&rest[..blanks]);
        rest = &rest[blanks..];
        let end = rest.find(strings::is_space).unwrap_or(rest.len());
        out.push_str(&link(&rest[..end], &attributes, &shown, &schemes));
        rest = &rest[end..];
    }
    Ok(Value::from(out))
}

/// One word, as a link if it is one; brackets and punctuation around it stay outside.
fn link(word: &str, attributes: &str, shown: &dyn Fn(&str) -> String, schemes: &[Value]) -> String {
    let strip = |text: &mut &str, marks: &[&str], from_end: bool| {
        loop {
            let cut =
                marks.iter().find_map(|mark| if from_end { text.strip_suffix(mark) } else { text.strip_prefix(mark) });
            match cut {
                Some(cut) => *text = cut,
                None => break,
            }
        }
    };
    let mut middle = word;
    strip(&mut middle, &["(", "<", "&lt;"], false);
    let head = &word[..word.len() - middle.len()];
    let with_tail = middle;
    strip(&mut middle, &[")", ">", ".", ",", "&gt;"], true);
    let mut tail = &with_tail[middle.len()..];
    let mut middle = middle.to_string();
    for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
        let opened = middle.matches(open).count();
        if opened <= middle.matches(close).count() {
            continue;
        }
        for _ in 0..opened.min(tail.matches(close).count()) {
            if let Some(at) = tail.find(close) {
                let end = at + close.len();
                middle.push_str(&tail[..end]);
                tail = &tail[end..];
            }
        }
    }
    let linked = if matches(&URL, &middle) {
        let scheme = if middle.starts_with("https://") || middle.starts_with("http://") { "" } else { "https://" };
        format!("<a href=\"{scheme}{middle}\"{attributes}>{}</a>", shown(&middle))
    } else if let Some(address) = middle.strip_prefix("mailto:").filter(|address| matches(&MAIL, address)) {
        format!("<a href=\"{middle}\">{address}</a>")
    } else if middle.contains('@')
        && !middle.starts_with("www.")
        && !middle.starts_with('@')
        && !middle.contains(':')
        && matches(&MAIL, &middle)
    {
        format!("<a href=\"mailto:{middle}\">{middle}</a>")
    } else {
        let by_scheme = schemes.iter().any(|scheme| {
            let scheme = scheme.to_text();
            middle != scheme && middle.starts_with(&*scheme)
        });
        if by_scheme { format!("<a href=\"{middle}\"{attributes}>{middle}</a>") } else { middle }
    };
    format!("{head}{linked}{tail}")
}
