//! `lookup('config', ...)`: settings as they are in force.

use super::options::Options;
use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("config", run);

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let options = Options::new("config", options);
    let plugin = (options.string("plugin_type")?, options.string("plugin_name")?);
    match plugin {
        (None, None) => {}
        (Some(kind), Some(name)) => {
            return Err(Error::template(format!(
                "the config lookup does not know the settings of plugins ({kind} {name})"
            )));
        }
        _ => {
            return Err(Error::template(
                "Both plugin_type and plugin_name are required, cannot use one without the other.",
            ));
        }
    }
    if options.flag("show_origin", false) {
        return Err(Error::template("the config lookup cannot show where a setting comes from (show_origin)"));
    }
    let missing = options.string("on_missing")?.unwrap_or_else(|| "error".into());
    let mut values = Vec::new();
    for term in &terms {
        let Some(name) = term.as_str() else {
            let (shown, class) = (term.repr(), arg::class_of(term));
            return Err(Error::template(format!(
                "Invalid setting identifier, {shown} is not a <class 'str'>, its a {class}."
            )));
        };
        let value = ctx.environment().setting.as_ref().and_then(|setting| setting(name));
        match (value, missing.as_str()) {
            (Some(value), _) => values.push(value),
            (None, "skip") => {}
            (None, "warn") => {
                if let Some(warn) = &ctx.environment().warn {
                    warn(format!("Skipping {name}: No config definition exists for '{name}'."), false);
                }
            }
            (None, "error") => {
                return Err(Error::template(format!("No config definition exists for '{name}'.")).at(term.origin()));
            }
            (None, other) => {
                return Err(Error::template(format!(
                    "Invalid option for error handling, missing must be error, warn or skip, got: {other}."
                )));
            }
        }
    }
    Ok(values)
}
