//! `is uri`, `is url`, `is urn`.

use crate::error::Result;
use crate::template::filters::arg;
use crate::template::pyurl::Url;
use crate::template::{Args, Test};
use crate::value::Value;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    Test::new("uri", |_, input, mut args| {
        let schemes = args.take("schemes");
        args.finish("is_uri")?;
        Ok(is_uri(&input, schemes.as_ref()).is_some())
    }),
    Test::new("url", |_, input, args| is_url(input, args)),
    Test::new("urn", |_, input, mut args| {
        args.finish("is_urn")?;
        Ok(is_uri(&input, Some(&Value::list([Value::str("urn")]))).is_some())
    }),
];

/// The parts, if the value can be read as a URI of one of the schemes.
fn is_uri(value: &Value, schemes: Option<&Value>) -> Option<Url> {
    let url = Url::split(value.as_str()?).ok()?;
    let Some(schemes) = schemes.filter(|schemes| schemes.truthy()) else { return Some(url) };
    let known = match schemes {
        Value::Str(text) => text.contains(&url.scheme),
        other => arg::items(other).ok()?.contains(&Value::str(url.scheme.as_str())),
    };
    known.then_some(url)
}

fn is_url(input: Value, mut args: Args) -> Result<bool> {
    let schemes = args.take("schemes");
    args.finish("is_url")?;
    let url = is_uri(&input, schemes.as_ref());
    Ok(url.is_some_and(|url| !url.netloc.is_empty() || url.scheme == "file"))
}
