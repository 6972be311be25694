//! `to_json`, `to_nice_json`, `from_json`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter};
use crate::value::{Value, json};
use std::borrow::Cow;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("to_json", |_, input, args| to_json(input, args, None)),
    Filter::new("to_nice_json", to_nice_json),
    Filter::new("from_json", from_json),
];

fn to_nice_json(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let indent = args.take("indent").unwrap_or(Value::Int(4));
    let sort_keys = args.take("sort_keys").unwrap_or(Value::Bool(true));
    args.take_named("separators");
    args.named.push(("indent".into(), indent));
    args.named.push(("sort_keys".into(), sort_keys));
    to_json(input, args, Some([",", ": "]))
}

fn to_json(input: Value, mut args: Args, separators: Option<[&'static str; 2]>) -> Result<Value> {
    let profile = arg::given(args.take("profile"));
    for name in ["vault_to_text", "preprocess_unsafe"] {
        if args.take(name).is_some() && profile.is_some() {
            return Err(Error::template(format!("Only one of `{name}` or `profile` can be specified.")));
        }
    }
    check_profile(profile.as_ref())?;
    let mut style = json::Style {
        ensure_ascii: arg::flag(args.take_named("ensure_ascii"), true),
        sort_keys: arg::flag(args.take_named("sort_keys"), false),
        ..json::Style::PYTHON
    };
    if let Some(indent) = arg::given(args.take_named("indent")) {
        style.indent = Some(match &indent {
            Value::Str(text) => Cow::Owned(text.to_string()),
            other => Cow::Owned(" ".repeat(usize::try_from(arg::index(other)?).unwrap_or(0))),
        });
        style.item_separator = Cow::Borrowed(",");
    }
    if let Some([item, key]) = separators {
        style.item_separator = Cow::Borrowed(item);
        style.key_separator = Cow::Borrowed(key);
    } else if let Some(given) = arg::given(args.take_named("separators")) {
        let [item, key] = <[Value; 2]>::try_from(arg::items(&given)?).map_err(|given| {
            let got = given.len();
            Error::template(match got {
                0 | 1 => format!("not enough values to unpack (expected 2, got {got})"),
                _ => "too many values to unpack (expected 2)".to_string(),
            })
        })?;
        style.item_separator = Cow::Owned(arg::text(&item));
        style.key_separator = Cow::Owned(arg::text(&key));
    }
    let allow_nan = arg::flag(args.take_named("allow_nan"), true);
    for ignored in ["skipkeys", "check_circular"] {
        args.take_named(ignored);
    }
    args.finish("JSONEncoder.__init__")?;
    check(&input, allow_nan)?;
    Ok(json::to_string(&input, &style).into())
}

fn check_profile(profile: Option<&Value>) -> Result<()> {
    match profile {
        None => Ok(()),
        Some(Value::Str(name)) if matches!(name.as_str(), "tagless" | "legacy") => Ok(()),
        Some(other) => Err(Error::template(format!("Unknown profile name {}.", other.repr()))),
    }
}

/// Refuses what JSON cannot say.
fn check(value: &Value, allow_nan: bool) -> Result<()> {
    match value {
        Value::Float(number) if !allow_nan && !number.is_finite() => {
            Err(Error::template("Out of range float values are not JSON compliant"))
        }
        Value::List(items) | Value::Tuple(items) => items.iter().try_for_each(|item| check(item, allow_nan)),
        Value::Dict(dict) => dict.iter().try_for_each(|(key, value)| {
            if matches!(key, Value::Tuple(_) | Value::Set(_) | Value::List(_) | Value::Object(_)) {
                return Err(Error::template(format!(
                    "Key of type '{}' is not JSON serializable by the 'tagless' profile.",
                    key.type_name()
                )));
            }
            check(value, allow_nan)
        }),
        Value::Undefined(undefined) => Err(undefined.error()),
        _ => Ok(()),
    }
}

fn from_json(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let profile = arg::given(args.take("profile"));
    args.take_named("strict");
    args.finish("JSONDecoder.__init__")?;
    check_profile(profile.as_ref())?;
    match &input {
        Value::Str(text) => json::parse(text).map_err(|why| why.with_kind(crate::error::Kind::Template)),
        Value::Bytes(bytes) => json::parse(&String::from_utf8_lossy(bytes)),
        other => {
            Err(Error::template(format!("the JSON object must be str, bytes or bytearray, not {}", other.type_name())))
        }
    }
}
