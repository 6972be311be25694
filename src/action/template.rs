//! `template`: a document of the controller, rendered for the host and put into place.

use super::copy::place;
use super::source::{Source, mode_of, opened};
use super::{Context, Future};
use crate::error::{Error, Origin, Result};
use crate::template::document;
use crate::template::syntax::SyntaxOverrides;
use crate::value::{Dict, Text, Value};
use std::path::Path;

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(template(context))
}

async fn template(context: &mut Context) -> Result<Dict> {
    let (Some(src), Some(_)) = (context.text("src"), context.text("dest")) else {
        return Err(Error::action("src and dest are required"));
    };
    if context.arguments.get("state").is_some_and(|state| !state.is_none()) {
        return Err(Error::action("'state' cannot be specified on a template"));
    }
    let newline = newline(context)?;
    let path = context.find_file("templates", &src)?;
    let rendered = render(context, &path)?;
    let rendered = if newline == "\n" { rendered } else { rendered.replace('\n', newline) };
    let content = encode(context, rendered)?;
    let mut arguments = context.arguments.clone();
    for name in [
        "src",
        "newline_sequence",
        "block_start_string",
        "block_end_string",
        "variable_start_string",
        "variable_end_string",
        "comment_start_string",
        "comment_end_string",
        "trim_blocks",
        "lstrip_blocks",
        "output_encoding",
    ] {
        arguments.remove(name);
    }
    if arguments.get("mode").and_then(Value::as_str) == Some("preserve") {
        arguments.insert("mode", mode_of(&path)?);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    arguments.insert("_original_basename", name);
    arguments.insert("_diff_header", path.display().to_string());
    if !arguments.contains("follow") {
        arguments.insert("follow", false);
    }
    let mut result = place(context, arguments, Source::text(content)).await?;
    if result.remove("_kept").is_some() {
        result.insert("src", path.display().to_string());
    }
    Ok(result)
}

fn newline(context: &Context) -> Result<&'static str> {
    match context.text("newline_sequence").as_deref() {
        None | Some("\n" | "\\n") => Ok("\n"),
        Some("\r" | "\\r") => Ok("\r"),
        Some("\r\n" | "\\r\\n") => Ok("\r\n"),
        Some(_) => Err(Error::action("newline_sequence needs to be one of: \\n, \\r or \\r\\n")),
    }
}

fn render(context: &Context, path: &Path) -> Result<String> {
    let bytes =
        std::fs::read(path).map_err(|error| Error::action(format!("could not read {}: {error}", path.display())))?;
    let text = String::from_utf8(opened(context, bytes, true)?)
        .map_err(|_| Error::action(format!("Template source files must be utf-8 encoded: {}", path.display())))?;
    let overrides = overrides(context)?;
    let mut search = context.search_places("templates");
    search.insert(0, path.parent().map(Path::to_path_buf).unwrap_or_default());
    let origin = Origin::new(path.display().to_string(), 1, 1);
    let variables = std::sync::Arc::new(variables(context, path));
    context.templar.template_document(&Text::trusted(text, Some(origin)), &overrides, variables, &search)
}

/// The delimiters and blank rules that the task asks for.
fn overrides(context: &Context) -> Result<SyntaxOverrides> {
    let mut overrides = SyntaxOverrides { keep_trailing_newline: true, ..SyntaxOverrides::DEFAULT };
    overrides.trim_blocks = context.flag("trim_blocks", true)?;
    overrides.lstrip_blocks = context.flag("lstrip_blocks", false)?;
    for (name, place) in [
        ("block_start_string", &mut overrides.block_start),
        ("block_end_string", &mut overrides.block_end),
        ("variable_start_string", &mut overrides.variable_start),
        ("variable_end_string", &mut overrides.variable_end),
        ("comment_start_string", &mut overrides.comment_start),
        ("comment_end_string", &mut overrides.comment_end),
    ] {
        if let Some(text) = context.text(name) {
            *place = text.into();
        }
    }
    Ok(overrides)
}

/// `template_path` and the other variables that a template has beside the task's.
fn variables(context: &Context, path: &Path) -> Dict {
    let managed = crate::template::Variables::raw(&*context.view, "ansible_managed").is_none();
    let named = path.display().to_string();
    document::variables(context.templar.environment(), &named, path, context.text("dest").as_deref(), managed)
}

fn encode(context: &Context, text: String) -> Result<Vec<u8>> {
    let encoding = context.text("output_encoding").unwrap_or_else(|| "utf-8".into());
    let refuse = |c: char| Error::action(format!("'{encoding}' codec can't encode character {:?}", c));
    match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" => Ok(text.into_bytes()),
        "ascii" | "us-ascii" => {
            text.chars().map(|c| u8::try_from(c).ok().filter(u8::is_ascii).ok_or_else(|| refuse(c))).collect()
        }
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => {
            text.chars().map(|c| u8::try_from(c).map_err(|_| refuse(c))).collect()
        }
        "utf-16-le" | "utf-16le" => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "utf-16-be" | "utf-16be" => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        "utf-16" => Ok(std::iter::once(0xfeffu16).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()),
        _ => Err(Error::action(format!("unknown encoding: {encoding}"))),
    }
}
