//! Tests of the controller's file system: `is file`, `is mount`, `is same_file`...

use crate::error::{Error, Result};
use crate::template::filters::{arg, paths::os_error};
use crate::template::{Args, Context, Test};
use crate::value::Value;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    Test::new("directory", |_, input, args| on_path("isdir", input, args, Path::is_dir)),
    Test::new("is_dir", |_, input, args| on_path("isdir", input, args, Path::is_dir)),
    Test::new("file", |_, input, args| on_path("isfile", input, args, Path::is_file)),
    Test::new("is_file", |_, input, args| on_path("isfile", input, args, Path::is_file)),
    Test::new("link", |_, input, args| on_path("islink", input, args, Path::is_symlink)),
    Test::new("is_link", |_, input, args| on_path("islink", input, args, Path::is_symlink)),
    Test::new("exists", |_, input, args| on_path("exists", input, args, Path::exists)),
    Test::new("link_exists", |_, input, args| on_path("lexists", input, args, |p| p.symlink_metadata().is_ok())),
    Test::new("abs", |_, input, args| on_path("isabs", input, args, Path::is_absolute)),
    Test::new("is_abs", |_, input, args| on_path("isabs", input, args, Path::is_absolute)),
    Test::new("same_file", same_file),
    Test::new("is_same_file", same_file),
    Test::new("mount", |_, input, args| on_path("ismount", input, args, is_mount)),
    Test::new("is_mount", |_, input, args| on_path("ismount", input, args, is_mount)),
];

fn on_path(function: &str, input: Value, mut args: Args, test: fn(&Path) -> bool) -> Result<bool> {
    args.finish(function)?;
    // Python takes a number for the descriptor of an open file
    if let (Some(number), "isdir" | "isfile" | "exists") = (input.as_i64(), function) {
        return Ok(test(Path::new(&format!("/proc/self/fd/{number}"))));
    }
    let path = arg::path(&input).map_err(|why| match function {
        "isabs" => why,
        "islink" | "lexists" | "ismount" => {
            Error::template(format!("lstat: path should be string, bytes or os.PathLike, not {}", input.type_name()))
        }
        _ => Error::template(format!(
            "stat: path should be string, bytes, os.PathLike or integer, not {}",
            input.type_name()
        )),
    })?;
    Ok(test(Path::new(&path)))
}

/// A directory on another device than its parent, or its own parent.
fn is_mount(path: &Path) -> bool {
    let Ok(here) = path.symlink_metadata() else { return false };
    if here.is_symlink() {
        return false;
    }
    let Ok(parent) = path.join("..").canonicalize().and_then(|parent| parent.symlink_metadata()) else { return false };
    here.dev() != parent.dev() || here.ino() == parent.ino()
}

fn same_file(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    let other = args.require("samefile", "f2")?;
    args.finish("samefile")?;
    let stat = |value: &Value| {
        let path = arg::path(value)?;
        let metadata = std::fs::metadata(&path);
        metadata.map_err(|why| Error::template(format!("{}: {}", os_error(&why), Value::from(path).repr())))
    };
    let (a, b) = (stat(&input)?, stat(&other)?);
    Ok(a.dev() == b.dev() && a.ino() == b.ino())
}
