//! `lookup('template', ...)`: files rendered with the variables at hand.

use super::options::Options;
use super::search;
use crate::error::{Error, Result};
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("template", run);

/// Options that change the syntax, and what they are without it.
const SYNTAX: [(&str, &str); 4] = [
    ("variable_start_string", "{{"),
    ("variable_end_string", "}}"),
    ("comment_start_string", "{#"),
    ("comment_end_string", "#}"),
];

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let options = Options::new("template", options);
    let extra = options.dict("template_vars")?;
    for (name, usual) in SYNTAX {
        if options.text(name, usual) != usual {
            return Err(Error::template(format!("the template lookup cannot change {name} yet")));
        }
    }
    if !options.flag("trim_blocks", true) {
        return Err(Error::template("the template lookup cannot change trim_blocks yet"));
    }
    let mut rendered = Vec::new();
    for term in &terms {
        let Some(path) = search::find_or_warn(ctx, Some("templates"), term)? else {
            let name = term.to_text();
            return Err(Error::template(format!("the template file {name} could not be found for the lookup")));
        };
        let text = search::read(ctx, &path, "utf-8")?;
        rendered.push(ctx.render(&text, &extra)?);
    }
    Ok(rendered)
}
