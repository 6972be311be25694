//! `to_yaml`, `to_nice_yaml`, `from_yaml`, `from_yaml_all`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter};
use crate::value::Value;
use crate::yaml::{self, Options, write::Style};

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("to_yaml", |_, input, args| dump("to_yaml", input, args, Style::default())),
    Filter::new("to_nice_yaml", |_, input, mut args| {
        let indent = args.take("indent");
        args.named.extend(indent.map(|indent| ("indent".into(), indent)));
        dump("to_nice_yaml", input, args, Style::nice())
    }),
    Filter::new("from_yaml", from_yaml),
    Filter::new("from_yaml_all", from_yaml_all),
];

fn dump(function: &str, input: Value, mut args: Args, mut style: Style) -> Result<Value> {
    // further positional arguments have no meaning, but were always allowed
    args.rest();
    for fixed in ["allow_unicode", "Dumper"] {
        if args.take_named(fixed).is_some() {
            let message = format!("yaml.dump() got multiple values for keyword argument '{fixed}'");
            return Err(Error::template(message));
        }
    }
    let mut encode = false;
    for (name, value) in std::mem::take(&mut args.named) {
        let number = || match &value {
            Value::None => Ok(0),
            value => match value.as_i64() {
                Some(number) => Ok(i32::try_from(number).unwrap_or(i32::MAX)),
                None => Err(Error::template("an integer is required")),
            },
        };
        match &*name {
            "default_flow_style" => style.flow = if value.is_none() { None } else { Some(value.truthy()) },
            "default_style" => style.scalar = value.as_str().and_then(|text| text.chars().next()),
            "indent" => style.indent = number()?,
            "width" => style.width = number()?,
            "canonical" => style.canonical = value.truthy(),
            "explicit_start" => style.explicit_start = value.truthy(),
            "explicit_end" => style.explicit_end = value.truthy(),
            "sort_keys" => style.sort_keys = value.truthy(),
            "encoding" => encode = !value.is_none(),
            "line_break" => {
                style.line_break = match value.as_str() {
                    Some("\r") => "\r",
                    Some("\r\n") => "\r\n",
                    _ => "\n",
                }
            }
            "version" if value.is_none() => {}
            "version" => match arg::items(&value)?.as_slice() {
                [major, minor] => style.version = Some((arg::index(major)? as i32, arg::index(minor)? as i32)),
                _ => return Err(Error::template("not enough values to unpack (expected 2)")),
            },
            "tags" => {
                let tags = arg::mapping(&value);
                style.tags =
                    tags.iter().flat_map(|tags| tags.iter()).map(|(k, v)| (arg::text(k), arg::text(v))).collect();
            }
            other => {
                let message = format!("dump_all() got an unexpected keyword argument '{other}'");
                return Err(Error::template(message));
            }
        }
    }
    args.finish(function)?;
    let text = yaml::write::to_string(&input, &style)?;
    Ok(if encode { Value::Bytes(text.into_bytes().into()) } else { text.into() })
}

/// What is no text is handed on, with a word of warning.
fn ignored(ctx: &dyn Context, filter: &str, input: Value) -> Value {
    if let Some(warn) = &ctx.environment().warn {
        let kind = input.type_name();
        let message = format!(
            "The {filter} filter ignored non-string input of type '{kind}'. This feature will be removed from ansible-core \
             version 2.23."
        );
        warn(message, true);
    }
    input
}

fn from_yaml(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("from_yaml")?;
    match &input {
        Value::None => Ok(Value::None),
        Value::Str(text) => yaml::parse_value(text, "<unicode string>", &Options::untrusted()),
        _ => Ok(ignored(ctx, "from_yaml", input)),
    }
}

fn from_yaml_all(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("from_yaml_all")?;
    match &input {
        Value::None => Ok(Value::list([])),
        Value::Str(text) => {
            let documents = yaml::parse_all(text, "<unicode string>", &Options::untrusted())?.content;
            Ok(Value::list(documents.iter().map(yaml::Node::to_value)))
        }
        _ => Ok(ignored(ctx, "from_yaml_all", input)),
    }
}
