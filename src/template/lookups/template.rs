//! `lookup('template', ...)`: files rendered with the variables at hand.

use super::options::Options;
use super::search;
use crate::error::{Error, Origin, Result};
use crate::template::{Context, Lookup, SyntaxOverrides, document, pypath};
use crate::value::{Dict, Text, Value};
use std::path::{Path, PathBuf};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("template", run);

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let options = Options::new("template", options);
    let extra = options.dict("template_vars")?;
    let syntax = syntax(&options)?;
    let managed = ctx.variables().raw("ansible_managed").is_none();
    let mut rendered = Vec::new();
    for term in &terms {
        let named = term.to_text();
        let Some(path) = search::find_or_warn(ctx, Some("templates"), term)? else {
            return Err(Error::template(format!("the template file {named} could not be found for the lookup")));
        };
        let text = search::read(ctx, &path, "utf-8")?;
        let text = Text::trusted(text, Some(Origin::new(path.as_str(), 1, 1)));
        let mut variables = document::variables(ctx.environment(), &named, Path::new(&path), None, managed);
        variables.extend(extra.clone());
        let places = includes(ctx, &path)?;
        rendered.push(ctx.render_document(&text, &syntax, &variables, &places)?);
    }
    Ok(rendered)
}

fn syntax(options: &Options) -> Result<SyntaxOverrides> {
    let mut syntax = SyntaxOverrides { trim_blocks: options.flag("trim_blocks", true), ..SyntaxOverrides::DEFAULT };
    for (name, place) in [
        ("variable_start_string", &mut syntax.variable_start),
        ("variable_end_string", &mut syntax.variable_end),
        ("comment_start_string", &mut syntax.comment_start),
        ("comment_end_string", &mut syntax.comment_end),
    ] {
        if let Some(mark) = options.string(name)? {
            *place = mark.into();
        }
    }
    Ok(syntax)
}

/// Where the file's includes are searched: beside it, then around the task.
fn includes(ctx: &mut dyn Context, path: &str) -> Result<Vec<PathBuf>> {
    let mut places = vec![PathBuf::from(pypath::dirname(path))];
    if let Some(Value::List(dirs)) = ctx.variable("ansible_search_path")? {
        for dir in dirs.iter() {
            let dir = PathBuf::from(&*dir.to_text());
            places.extend([dir.join("templates"), dir]);
        }
    }
    Ok(places)
}
