//! `urlsplit`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::pyurl::Url;
use crate::template::{Args, Context, Filter};
use crate::value::{Dict, Value};

/// The filters of this file.
pub const FILTERS: &[Filter] = &[Filter::new("urlsplit", urlsplit)];

fn urlsplit(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let query = args.take("query").unwrap_or_else(|| Value::str(""));
    let alias = args.take("alias").map_or_else(|| "urlsplit".to_string(), |alias| arg::text(&alias));
    args.finish("split_url")?;
    let Some(text) = input.as_str() else {
        return Err(Error::template(format!("'{}' object has no attribute 'decode'", input.type_name())));
    };
    let url = Url::split(text)?;
    let parts: Dict = [
        ("fragment", url.fragment.as_str().into()),
        ("hostname", url.hostname().into()),
        ("netloc", url.netloc.as_str().into()),
        ("password", url.password().map(Value::str).into()),
        ("path", url.path.as_str().into()),
        ("port", url.port()?.into()),
        ("query", url.query.as_str().into()),
        ("scheme", url.scheme.as_str().into()),
        ("username", url.username().map(Value::str).into()),
    ]
    .into_iter()
    .collect();
    if !query.truthy() {
        return Ok(parts.into());
    }
    let part = query.as_str().and_then(|name| parts.get(name)).cloned();
    part.ok_or_else(|| Error::template(format!("{alias}: unknown URL component: {}", query.to_text())))
}
