//! Paths: `basename`, `realpath`, `path_join`, `win_dirname`..., and `fileglob`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter, pyglob, pypath};
use crate::value::Value;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("basename", |_, input, args| one("basename", input, args, |p| pypath::basename(p).into())),
    Filter::new("dirname", |_, input, args| one("dirname", input, args, |p| pypath::dirname(p).into())),
    Filter::new("expanduser", |_, input, args| one("expanduser", input, args, |p| pypath::expanduser(p).into())),
    Filter::new("expandvars", |_, input, args| one("expandvars", input, args, |p| pypath::expandvars(p).into())),
    Filter::new("realpath", realpath),
    Filter::new("normpath", |_, input, args| one("normpath", input, args, |p| pypath::normpath(p).into())),
    Filter::new("splitext", |_, input, args| one("splitext", input, args, |p| pair(pypath::splitext(p)))),
    Filter::new("relpath", relpath),
    Filter::new("path_join", path_join),
    Filter::new("commonpath", commonpath),
    Filter::new("fileglob", fileglob),
    Filter::new("win_basename", |_, input, args| one("basename", input, args, |p| pypath::win_basename(p).into())),
    Filter::new("win_dirname", |_, input, args| one("dirname", input, args, |p| pypath::win_dirname(p).into())),
    Filter::new("win_splitdrive", |_, input, args| one("splitdrive", input, args, |p| pair(pypath::win_splitdrive(p)))),
];

fn one(function: &str, input: Value, mut args: Args, apply: fn(&str) -> Value) -> Result<Value> {
    args.finish(function)?;
    Ok(apply(&arg::path(&input)?))
}

fn pair((left, right): (&str, &str)) -> Value {
    Value::tuple([left.into(), right.into()])
}

fn realpath(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let strict = arg::flag(args.take_named("strict"), false);
    args.finish("realpath")?;
    let path = arg::path(&input)?;
    if strict {
        let mut so_far = String::new();
        for part in pypath::abspath(&path, &pypath::cwd()).split('/') {
            so_far = pypath::join([so_far.as_str(), "/", part].into_iter().filter(|part| !part.is_empty()));
            std::fs::symlink_metadata(&so_far)
                .map_err(|why| Error::template(format!("{}: {}", os_error(&why), Value::from(&so_far).repr())))?;
        }
    }
    Ok(pypath::realpath(&path).into())
}

/// `[Errno 2] No such file or directory`, as Python prints it.
pub fn os_error(why: &std::io::Error) -> String {
    match why.raw_os_error() {
        Some(code) => format!("[Errno {code}] {}", nix::errno::Errno::from_raw(code).desc()),
        None => why.to_string(),
    }
}

fn relpath(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let start = arg::given(args.take("start")).map(|start| arg::path(&start)).transpose()?;
    args.finish("relpath")?;
    let path = arg::path(&input)?;
    if path.is_empty() {
        return Err(Error::template("no path specified"));
    }
    Ok(pypath::relpath(&path, start.as_deref().unwrap_or(".")).into())
}

fn path_join(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("path_join")?;
    if input.as_str().is_some() {
        return Ok(input);
    }
    if !arg::is_sequence(&input) {
        let class = arg::class_of(&input);
        return Err(Error::template(format!("|path_join expects string or sequence, got {class} instead.")));
    }
    let parts = arg::items(&input)?;
    if parts.is_empty() {
        return Err(Error::template("join() missing 1 required positional argument: 'a'"));
    }
    // Python words a wrong first part in another way than a wrong later one
    arg::path(&parts[0])?;
    let text = |part: &Value| {
        let name = part.type_name();
        arg::path(part).map_err(|_| {
            Error::template(format!("join() argument must be str, bytes, or os.PathLike object, not '{name}'"))
        })
    };
    let parts = parts.iter().map(text).collect::<Result<Vec<_>>>()?;
    Ok(pypath::join(parts.iter().map(String::as_str)).into())
}

fn commonpath(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("commonpath")?;
    if !arg::is_sequence(&input) {
        let class = arg::class_of(&input);
        return Err(Error::template(format!("|commonpath expects sequence, got {class} instead.")));
    }
    let paths = arg::items(&input)?.iter().map(arg::path).collect::<Result<Vec<_>>>()?;
    pypath::commonpath(&paths).map(Value::from).map_err(Error::template)
}

fn fileglob(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("fileglob")?;
    let pattern = arg::path(&input)?;
    let found = pyglob::glob(&pattern).into_iter().filter(|path| std::path::Path::new(path).is_file());
    Ok(Value::list(found.map(Value::from)))
}
