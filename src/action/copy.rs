//! `copy`: content or files of the controller, put into place by the target's half of the module.
//!
//! A small file takes one round trip. A bigger one is asked about first and sent only when it differs; a directory tree is
//! asked about as a whole.

use super::source::{self, Source};
use super::{Context, Future};
use crate::error::{Error, Result};
use crate::value::json::{self, Style};
use crate::value::{Dict, Value};
use std::path::Path;

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(copy(context))
}

async fn copy(context: &mut Context) -> Result<Dict> {
    let given = |name: &str| context.arguments.get(name).filter(|value| !value.is_none()).cloned();
    let (src, content) = (context.text("src"), given("content"));
    let dest = context.text("dest");
    let remote = context.flag("remote_src", false)?;
    match (&src, &content, &dest) {
        (None, None, _) => return Err(Error::action("src (or content) is required")),
        (_, _, None) => return Err(Error::action("dest is required")),
        (Some(_), Some(_), _) => return Err(Error::action("src and content are mutually exclusive")),
        (None, Some(_), Some(dest)) if dest.ends_with('/') => {
            return Err(Error::action("can not use content with a dir as dest"));
        }
        _ => {}
    }
    if remote {
        let arguments = context.arguments.clone();
        return context.module("copy", arguments).await;
    }
    if let Some(content) = content {
        let text = match &content {
            Value::Dict(_) | Value::List(_) => json::to_string(&content, &Style::PYTHON),
            other => other.to_text().into_owned(),
        };
        let mut arguments = base_arguments(context);
        arguments.insert("_content", true);
        return place(context, arguments, Source::text(text.into_bytes())).await;
    }
    let src = src.unwrap_or_default();
    let path = context.find_file("files", &src)?;
    if path.is_dir() {
        return tree(context, &path, src.ends_with('/')).await;
    }
    let decrypt = context.flag("decrypt", true)?;
    let source = Source::file(context, &path, decrypt)?;
    let mut arguments = base_arguments(context);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    arguments.insert("_original_basename", name);
    arguments.insert("_diff_header", path.display().to_string());
    preserve(&mut arguments, &path)?;
    let mut result = place(context, arguments, source).await?;
    if result.remove("_kept").is_some() {
        result.insert("src", path.display().to_string());
    }
    Ok(result)
}

/// The task's arguments for the target's half.
fn base_arguments(context: &Context) -> Dict {
    let mut arguments = context.arguments.clone();
    for name in ["src", "content", "decrypt", "remote_src"] {
        arguments.remove(name);
    }
    arguments
}

/// `mode: preserve` is the source's mode.
fn preserve(arguments: &mut Dict, path: &Path) -> Result<()> {
    if arguments.get("mode").and_then(Value::as_str) == Some("preserve") {
        arguments.insert("mode", source::mode_of(path)?);
    }
    Ok(())
}

/// Puts one content into place.
pub async fn place(context: &mut Context, mut arguments: Dict, source: Source) -> Result<Dict> {
    arguments.insert("_checksum", source.checksum.as_str());
    if !source.is_small() {
        let mut probe = arguments.clone();
        probe.insert("_probe", true);
        let mut answer = context.module("copy", probe).await?;
        if !answer.get("_needed").is_some_and(Value::truthy) {
            return Ok(std::mem::take(&mut answer));
        }
    }
    Ok(context.module_with("copy", arguments, vec![source.payload]).await?.result)
}

/// A directory tree: one question about all of it, then what is needed.
async fn tree(context: &mut Context, dir: &Path, contents_only: bool) -> Result<Dict> {
    let decrypt = context.flag("decrypt", true)?;
    let follow = context.flag("local_follow", true)?;
    let mut arguments = base_arguments(context);
    let preserving = arguments.get("mode").and_then(Value::as_str) == Some("preserve");
    if preserving {
        arguments.remove("mode");
    }
    // `src: dir` puts the directory itself below dest, `src: dir/` only what is in it
    let base = if contents_only { dir } else { dir.parent().unwrap_or(dir) };
    let mut sources = Vec::new();
    let (mut files, mut directories, mut links) = (Vec::new(), Vec::new(), Vec::new());
    if !contents_only {
        directories.push(Value::str(source::below(dir, base)));
    }
    for entry in source::walk(dir, follow)? {
        let below = source::below(entry.path(), base);
        if entry.file_type().is_dir() {
            directories.push(Value::str(below));
        } else if entry.file_type().is_symlink() {
            let target = std::fs::read_link(entry.path()).map_err(|error| Error::action(error.to_string()))?;
            let link = [("path", Value::str(below)), ("target", Value::str(target.to_string_lossy().into_owned()))];
            links.push(Value::dict(Dict::from_iter(link)));
        } else {
            let source = Source::file(context, entry.path(), decrypt)?;
            let mut file =
                Dict::from_iter([("path", Value::str(below)), ("checksum", Value::str(source.checksum.as_str()))]);
            if preserving {
                file.insert("mode", source::mode_of(entry.path())?);
            }
            files.push(Value::dict(file));
            sources.push(source);
        }
    }
    arguments.insert("_files", Value::list(files));
    arguments.insert("_directories", Value::list(directories));
    arguments.insert("_links", Value::list(links));
    let mut probe = arguments.clone();
    probe.insert("_probe", true);
    let mut result = context.module("_copy_tree", probe).await?;
    if let Some(needed) = result.get("_needed").and_then(Value::as_slice).map(<[Value]>::to_vec) {
        let wanted: Vec<usize> =
            needed.iter().filter_map(Value::as_i64).filter_map(|at| usize::try_from(at).ok()).collect();
        let payloads = wanted.iter().filter_map(|at| sources.get(*at)).map(|source| source.payload.clone()).collect();
        arguments.insert("_sent", Value::list(needed));
        result = context.module_with("_copy_tree", arguments, payloads).await?.result;
    }
    if !result.contains("src") {
        result.insert("src", dir.display().to_string() + if contents_only { "/" } else { "" });
    }
    Ok(result)
}
