//! Global functions: Jinja2's (`range`, `dict`, `namespace`...) and Ansible's (`lookup`, `query`, `now`, `undef`).

use super::context::{Args, Context};
use super::eval::objects::{self, Cycler, Joiner, Namespace, Range};
use super::registry::Function;
use crate::error::{Error, Result};
use crate::value::{Dict, Moment, Undefined, Value};
use std::sync::Arc;

pub const FUNCTIONS: &[Function] = &[
    Function { name: "range", run: range },
    Function { name: "dict", run: dict },
    Function { name: "lipsum", run: lipsum },
    Function { name: "cycler", run: cycler },
    Function { name: "joiner", run: joiner },
    Function { name: "namespace", run: namespace },
    Function { name: "lookup", run: lookup },
    Function { name: "query", run: query },
    Function { name: "q", run: query },
    Function { name: "now", run: now },
    Function { name: "undef", run: undef },
    // a name that stands for the placeholder; calling it is an error, as in Python
    Function { name: "omit", run: omit },
];

fn omit(_: &mut dyn Context, _: Args) -> Result<Value> {
    Err(Error::template("'_OmitType' object is not callable"))
}

fn range(_: &mut dyn Context, args: Args) -> Result<Value> {
    if !args.named.is_empty() {
        return Err(Error::template("range() takes no keyword arguments"));
    }
    let int = |value: &Value| {
        value.as_i64().ok_or_else(|| {
            Error::template(format!("'{}' object cannot be interpreted as an integer", value.type_name()))
        })
    };
    let (start, stop, step) = match args.positional.as_slice() {
        [] => return Err(Error::template("range expected at least 1 argument, got 0")),
        [stop] => (0, int(stop)?, 1),
        [start, stop] => (int(start)?, int(stop)?, 1),
        [start, stop, step] => (int(start)?, int(stop)?, int(step)?),
        more => return Err(Error::template(format!("range expected at most 3 arguments, got {}", more.len()))),
    };
    if step == 0 {
        return Err(Error::template("range() arg 3 must not be zero"));
    }
    Ok(objects::value(Range { start, stop, step }))
}

fn dict(ctx: &mut dyn Context, args: Args) -> Result<Value> {
    let mut made = Dict::new();
    let given = args.positional.len();
    if given > 1 {
        return Err(Error::template(format!("dict expected at most 1 argument, got {given}")));
    }
    if let Some(source) = args.positional.first() {
        made.extend(super::eval::dict_entries(ctx, source)?);
    }
    for (name, value) in args.named {
        made.insert(name, value);
    }
    Ok(Value::dict(made))
}

fn cycler(_: &mut dyn Context, args: Args) -> Result<Value> {
    if args.positional.is_empty() {
        return Err(Error::template("at least one item has to be provided"));
    }
    Ok(objects::value(Cycler::new(args.positional)))
}

fn joiner(_: &mut dyn Context, mut args: Args) -> Result<Value> {
    let separator = args.take("sep").unwrap_or_else(|| Value::str(", "));
    args.finish("__init__")?;
    Ok(objects::value(Joiner::new(separator)))
}

fn namespace(ctx: &mut dyn Context, args: Args) -> Result<Value> {
    let Value::Dict(attributes) = dict(ctx, args)? else {
        return Ok(Value::None);
    };
    Ok(objects::value(Namespace::new((*attributes).clone())))
}

fn query(ctx: &mut dyn Context, mut args: Args) -> Result<Value> {
    args.take_named("wantlist");
    args.named.push((Arc::from("wantlist"), Value::Bool(true)));
    lookup(ctx, args)
}

fn lookup(ctx: &mut dyn Context, mut args: Args) -> Result<Value> {
    let Some(name) = args.take("plugin_name") else {
        return Err(Error::template("_lookup() missing 1 required positional argument: 'plugin_name'"));
    };
    let name = match ctx.resolve(&name)? {
        Value::Str(name) => name,
        Value::Undefined(undefined) => return Ok(Value::Undefined(undefined)),
        other => return Err(Error::template(format!("The lookup plugin {} was not found.", other.repr()))),
    };
    let flag = |value: Option<Value>| value.is_some_and(|value| value.truthy());
    let terms = args.rest();
    let is_undefined = |value: &&Value| matches!(value, Value::Undefined(undefined) if !undefined.lenient);
    let (wants_terms, wants_options) = match name.as_str().rsplit('.').next() {
        Some("first_found") => (true, true),
        Some("env") => (false, true),
        _ => (false, false),
    };
    let in_terms = terms.iter().find(is_undefined).filter(|_| !wants_terms);
    let in_options = args.named.iter().map(|(_, value)| value).find(is_undefined).filter(|_| !wants_options);
    if let Some(undefined) = in_terms.or(in_options) {
        return Ok(undefined.clone());
    }
    let wantlist = flag(args.take_named("wantlist"));
    let errors = args.take_named("errors").map_or_else(|| "strict".to_string(), |errors| errors.to_text().into_owned());
    let mut options = Dict::new();
    for (key, value) in args.named {
        options.insert(key, ctx.resolve(&value)?);
    }
    let found = match ctx.lookup(&name, terms, options) {
        Ok(found) => found,
        Err(error) if matches!(errors.as_str(), "warn" | "ignore") && !error.message().ends_with("was not found.") => {
            if errors == "warn"
                && let Some(warn) = &ctx.environment().warn
            {
                let cause = error.cause().map_or_else(|| error.one_line(), Error::one_line);
                warn(format!("An error occurred while running the lookup plugin '{name}': {cause}"), false);
            }
            return Ok(if wantlist { Value::list([]) } else { Value::None });
        }
        Err(error) => return Err(error),
    };
    if wantlist || found.is_empty() {
        return Ok(Value::list(found));
    }
    joined(ctx, found)
}

/// What a lookup without `wantlist` gives: its only result, or texts with commas between them.
fn joined(ctx: &mut dyn Context, mut found: Vec<Value>) -> Result<Value> {
    if found.len() == 1 {
        return ctx.touch(&found.remove(0));
    }
    let mut text = String::new();
    for (at, value) in found.iter().enumerate() {
        match ctx.touch(value)? {
            Value::Str(piece) => {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&piece);
            }
            _ => return Ok(Value::list(found)),
        }
    }
    Ok(Value::from(text))
}

fn now(ctx: &mut dyn Context, mut args: Args) -> Result<Value> {
    let utc = args.take("utc").is_some_and(|utc| utc.truthy());
    let format = args.take("fmt");
    args.finish("_now")?;
    let zone = if utc { jiff::tz::TimeZone::UTC } else { jiff::tz::TimeZone::system() };
    let at = jiff::Timestamp::now().to_zoned(zone).datetime();
    let micros = at.subsec_nanosecond() / 1000 * 1000;
    let at = at.with().subsec_nanosecond(micros).build().unwrap_or(at);
    let moment = Moment::DateTime(at, None);
    match format {
        Some(format) if format.truthy() => {
            let format = ctx.resolve(&format)?;
            super::eval::methods::moment::strftime(&moment, &format.to_text()).map(Value::from)
        }
        _ => Ok(Value::Moment(Arc::new(moment))),
    }
}

fn undef(_: &mut dyn Context, mut args: Args) -> Result<Value> {
    let hint = args.take("hint").unwrap_or_default();
    args.finish("_undef")?;
    let message = match hint {
        Value::None => "Mandatory variable has not been overridden".to_string(),
        Value::Str(text) if text.is_empty() => "Mandatory variable has not been overridden".to_string(),
        Value::Str(text) => text.to_string(),
        Value::Undefined(undefined) => {
            return Err(
                Error::template("The 'hint' argument must be of type 'str' or 'NoneType'.").because(undefined.error())
            );
        }
        other => {
            return Err(Error::template(format!(
                "The 'hint' argument must be of type 'str' or 'NoneType', not '{}'.",
                other.type_name()
            )));
        }
    };
    Ok(Value::Undefined(Arc::new(Undefined::new(message))))
}

const WORDS: &str = "a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit \
    class commodo condimentum congue consectetuer consequat conubia convallis cras cubilia cum curabitur curae cursus dapibus \
    diam dictum dictumst dignissim dis dolor donec dui duis egestas eget eleifend elementum elit enim erat eros est et etiam eu \
    euismod facilisi facilisis fames faucibus felis fermentum feugiat fringilla fusce gravida habitant habitasse hac hendrerit \
    hymenaeos iaculis id imperdiet in inceptos integer interdum ipsum justo lacinia lacus laoreet lectus leo libero ligula \
    litora lobortis lorem luctus maecenas magna magnis malesuada massa mattis mauris metus mi molestie mollis montes morbi mus \
    nam nascetur natoque nec neque netus nibh nisi nisl non nonummy nostra nulla nullam nunc odio orci ornare parturient pede \
    pellentesque penatibus per pharetra phasellus placerat platea porta porttitor posuere potenti praesent pretium primis proin \
    pulvinar purus quam quis quisque rhoncus ridiculus risus rutrum sagittis sapien scelerisque sed sem semper senectus sit \
    sociis sociosqu sodales sollicitudin suscipit suspendisse taciti tellus tempor tempus tincidunt torquent tortor tristique \
    turpis ullamcorper ultrices ultricies urna ut varius vehicula vel velit venenatis vestibulum vitae vivamus viverra volutpat \
    vulputate";

fn random(below: u64) -> u64 {
    let mut bytes = [0; 8];
    // without a source of randomness the text is the same each time, which harms nobody
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes) % below.max(1)
}

fn lipsum(_: &mut dyn Context, mut args: Args) -> Result<Value> {
    let count = args.take("n").and_then(|n| n.as_i64()).unwrap_or(5).clamp(0, 10_000);
    let html = args.take("html").is_none_or(|html| html.truthy());
    let least = args.take("min").and_then(|n| n.as_i64()).unwrap_or(20).max(0);
    let most = args.take("max").and_then(|n| n.as_i64()).unwrap_or(100);
    args.finish("generate_lorem_ipsum")?;
    if most <= least {
        return Err(Error::template(format!("empty range in randrange({least}, {most})")));
    }
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let paragraph = |_| {
        let len = least + random((most - least).min(100_000) as u64) as i64;
        let mut text = String::new();
        let mut capital = true;
        for at in 0..len {
            let word = words[random(words.len() as u64) as usize];
            if at > 0 {
                text.push(' ');
            }
            if capital {
                text.push_str(&super::eval::strings::capitalize(word))
            } else {
                text.push_str(word)
            }
            capital = at + 1 < len && random(12) == 0;
            if capital {
                text.push('.');
            } else if random(8) == 0 && at + 1 < len {
                text.push(',');
            }
        }
        text.push('.');
        if html { format!("<p>{text}</p>") } else { text }
    };
    let paragraphs: Vec<String> = (0..count).map(paragraph).collect();
    Ok(Value::from(paragraphs.join(if html { "\n" } else { "\n\n" })))
}
