//! `fetch`: brings a file of the target here.

use super::source::file_checksum;
use super::{Context, Future, failed};
use crate::connection::fleet::Payload;
use crate::error::{Error, Result};
use crate::value::{Dict, Value};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(fetch(context))
}

async fn fetch(context: &mut Context) -> Result<Dict> {
    if context.check {
        return Ok(Dict::from_iter([
            ("changed", Value::Bool(false)),
            ("skipped", Value::Bool(true)),
            ("msg", Value::str("check mode not (yet) supported for this module")),
        ]));
    }
    let (Some(src), Some(dest)) = (context.text("src"), context.text("dest")) else {
        return Ok(failed("src and dest are required"));
    };
    let flat = context.flag("flat", false)?;
    let fail_on_missing = context.flag("fail_on_missing", true)?;
    let validate = context.flag("validate_checksum", true)?;
    let path = local_path(context, &src, &dest, flat)?;
    let have = if path.is_file() { file_checksum(&path).ok() } else { None };
    let mut arguments = Dict::from_iter([("src", Value::str(src.as_str()))]);
    if let Some(have) = &have {
        arguments.insert("_have", have.as_str());
    }
    let mut reply = context.module_with("_fetch", arguments, Vec::new()).await?;
    if reply.result.get("failed").is_some_and(Value::truthy) {
        let missing = reply.result.remove("_missing").is_some_and(|flag| flag.truthy());
        if missing && !fail_on_missing {
            let message = reply.result.get("msg").map(|message| message.to_text().into_owned()).unwrap_or_default();
            return Ok(Dict::from_iter([
                ("changed", Value::Bool(false)),
                ("file", Value::str(src)),
                ("msg", Value::str(format!("{message}, ignored"))),
            ]));
        }
        return Ok(reply.result);
    }
    let remote = reply.result.get("checksum").map(|sum| sum.to_text().into_owned()).unwrap_or_default();
    let dest = path.display().to_string();
    let mut result = Dict::from_iter([("file", Value::str(src)), ("dest", Value::str(dest.as_str()))]);
    let Some(payload) = reply.payloads.into_iter().next() else {
        result.insert("changed", false);
        result.insert("checksum", remote);
        result.insert("md5sum", Value::None);
        return Ok(result);
    };
    store(&path, &payload)?;
    let new = file_checksum(&path).map_err(|error| Error::action(format!("cannot read {dest}: {error}")))?;
    result.insert("changed", true);
    result.insert("checksum", new.as_str());
    result.insert("remote_checksum", remote.as_str());
    result.insert("remote_md5sum", Value::None);
    result.insert("md5sum", Value::None);
    if validate && new != remote {
        result.insert("failed", true);
        result.insert("msg", "checksum mismatch");
    }
    Ok(result)
}

/// Where the file goes: `dest/HOST/path/at/the/target`, or with `flat` as `dest` says.
fn local_path(context: &Context, src: &str, dest: &str, flat: bool) -> Result<PathBuf> {
    let name = Path::new(src).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let base = context.loader.playbook_dir.join(expand_home(dest));
    if !flat {
        let below = src.trim_start_matches('/');
        // a target must not choose a place outside of dest
        if Path::new(below).components().any(|part| part == std::path::Component::ParentDir) {
            let clean: PathBuf =
                Path::new(below).components().filter(|part| *part != std::path::Component::ParentDir).collect();
            return Ok(base.join(&*context.host).join(clean));
        }
        return Ok(base.join(&*context.host).join(below));
    }
    if base.is_dir() && !dest.ends_with('/') {
        return Err(Error::action(format!(
            "dest is an existing directory, use a trailing slash if you want to fetch src into that directory: {dest}"
        )));
    }
    Ok(if dest.ends_with('/') { base.join(name) } else { base })
}

fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Writes the content beside its place and moves it there.
fn store(path: &Path, payload: &Payload) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let failed = |error: std::io::Error| Error::action(format!("cannot write {}: {error}", path.display()));
    std::fs::create_dir_all(dir).map_err(failed)?;
    let mode = std::fs::metadata(path)
        .map(|metadata| std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()))
        .unwrap_or(0o644);
    let temporary =
        dir.join(format!(".{}.{}", std::process::id(), path.file_name().unwrap_or_default().to_string_lossy()));
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode & 0o7777).open(&temporary)?;
        match payload {
            Payload::Memory(bytes) => file.write_all(bytes)?,
            Payload::Spooled(source) => {
                std::io::copy(&mut std::fs::File::open(&**source)?, &mut file)?;
            }
            Payload::File(source) => {
                std::io::copy(&mut std::fs::File::open(source)?, &mut file)?;
            }
        }
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        failed(error)
    })
}
