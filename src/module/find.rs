//! `find`: files by name, age, size, content and kind.

mod walk;

use super::digest::{self, Algorithm};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Outcome, Run, mode, oserror, stat};
use crate::error::Error;
use crate::pyregex::{self, Flags, Regex};
use crate::value::{Dict, Value, codec, fnmatch};
use nix::unistd::{Gid, Group, Uid, User};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("paths", Kind::List(&Kind::Path)).required().aliases(&["name", "path"]),
        Arg::new("patterns", Kind::List(&Kind::Str)).default("").aliases(&["pattern"]),
        Arg::new("excludes", Kind::List(&Kind::Str)).aliases(&["exclude"]),
        Arg::new("contains", Kind::Str),
        Arg::new("read_whole_file", Kind::Bool).default("no"),
        Arg::new("file_type", Kind::Str).default("file").choices(&["any", "directory", "file", "link"]),
        Arg::new("age", Kind::Str),
        Arg::new("age_stamp", Kind::Str).default("mtime").choices(&["atime", "ctime", "mtime"]),
        Arg::new("size", Kind::Str),
        Arg::new("recurse", Kind::Bool).default("no"),
        Arg::new("hidden", Kind::Bool).default("no"),
        Arg::new("follow", Kind::Bool).default("no"),
        Arg::new("get_checksum", Kind::Bool).default("no"),
        Arg::new("checksum_algorithm", Kind::Str)
            .default("sha1")
            .choices(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
            .aliases(&["checksum", "checksum_algo"]),
        Arg::new("use_regex", Kind::Bool).default("no"),
        Arg::new("depth", Kind::Int),
        Arg::new("mode", Kind::Raw),
        Arg::new("exact_mode", Kind::Bool).default("yes"),
        Arg::new("encoding", Kind::Str),
        Arg::new("limit", Kind::Int),
    ],
    ..Spec::new("find")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let criteria = Criteria::new(params)?;
    if let Some(limit) = params.int("limit").filter(|limit| *limit <= 0) {
        return Err(Failure::new(format!("limit cannot be {limit} (use None for unlimited)")));
    }
    let mut walk = walk::Walk::new(params, &criteria);
    for path in params.strs("paths") {
        if let Err(why) = walk.path(path) {
            run.warn(format!("Skipped '{path}' path due to this access issue: {why}\n"));
            walk.skip(path, &why);
            walk.incomplete = true;
        }
    }
    for warning in &walk.warnings {
        run.warn(warning.as_str());
    }
    let message = if walk.incomplete {
        "Not all paths examined, check warnings for details"
    } else if walk.is_full() {
        "Limit of matches reached"
    } else {
        "All paths examined"
    };
    Ok(Outcome::new(false)
        .with("matched", walk.found.len())
        .with("files", Value::list(walk.found))
        .with("msg", message)
        .with("examined", walk.examined)
        .with("skipped_paths", walk.skipped))
}

/// What a file has to be like.
struct Criteria<'a> {
    names: Names<'a>,
    kind: &'a str,
    age: Option<i64>,
    stamp: &'a str,
    size: Option<i64>,
    contains: Option<Contains<'a>>,
    mode: Option<u32>,
    exact_mode: bool,
    checksum: Option<Algorithm>,
    now: f64,
    /// A pattern or mode that makes no sense: told once it would be used, and no failure, as in Ansible.
    broken: Option<String>,
}

enum Names<'a> {
    Globs(Vec<&'a str>, Vec<&'a str>),
    Regexes(Vec<Arc<Regex>>, Vec<Arc<Regex>>),
}

struct Contains<'a> {
    regex: Arc<Regex>,
    whole: bool,
    encoding: Option<&'a str>,
}

/// Patterns as far as they make sense; notes the first that does not.
fn compile(patterns: &[&str], broken: &mut Option<String>) -> Vec<Arc<Regex>> {
    let mut regexes = Vec::new();
    for pattern in patterns {
        match pyregex::compile(pattern, Flags::default()) {
            Ok(regex) => regexes.push(regex),
            Err(error) => drop(broken.get_or_insert(error.message().to_string())),
        }
    }
    regexes
}

impl<'a> Criteria<'a> {
    fn new(params: &'a Params) -> Result<Criteria<'a>, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut broken = None;
        let names = Names::new(params, &mut broken);
        let contains = params.str("contains").and_then(|pattern| {
            let regex = compile(&[pattern], &mut broken).pop()?;
            Some(Contains { regex, whole: params.bool("read_whole_file"), encoding: params.str("encoding") })
        });
        let mode = wanted_mode(params.value("mode"), &mut broken)?;
        let algorithm = params.str("checksum_algorithm").and_then(digest::algorithm);
        Ok(Criteria {
            names,
            kind: params.str("file_type").unwrap_or("file"),
            age: age(params.str("age"))?,
            stamp: params.str("age_stamp").unwrap_or("mtime"),
            size: size(params.str("size"))?,
            contains,
            mode,
            exact_mode: params.bool("exact_mode"),
            checksum: algorithm.filter(|_| params.bool("get_checksum")),
            now: now.as_secs_f64(),
            broken,
        })
    }

    /// What is told of a file that fits; an error ends the search below the path it is in.
    fn check(&self, path: &Path, name: &str, meta: &Metadata) -> Result<Option<Dict>, String> {
        let kind = meta.file_type();
        let of_kind = match self.kind {
            "directory" => kind.is_dir(),
            "file" => kind.is_file(),
            "link" => kind.is_symlink(),
            _ => true,
        };
        if let (true, Some(broken)) = (of_kind, &self.broken) {
            return Err(broken.clone());
        }
        let sized = || !kind.is_file() || self.fits_size(meta);
        if !of_kind || !self.names.fit(name) || !self.fits_age(meta) || !self.fits_mode(meta) || !sized() {
            return Ok(None);
        }
        if let ("file", Some(contains)) = (self.kind, &self.contains)
            && !contains.fits(path)?
        {
            return Ok(None);
        }
        let mut told = describe(path, meta);
        if let (true, Some(algorithm)) = (kind.is_file(), self.checksum) {
            let [sum] = digest::of_file(path, [algorithm]).map_err(|error| oserror::text(&error, path))?;
            told.insert("checksum", sum);
        }
        Ok(Some(told))
    }

    fn fits_age(&self, meta: &Metadata) -> bool {
        let Some(age) = self.age else { return true };
        let (seconds, nano) = match self.stamp {
            "atime" => (meta.atime(), meta.atime_nsec()),
            "ctime" => (meta.ctime(), meta.ctime_nsec()),
            _ => (meta.mtime(), meta.mtime_nsec()),
        };
        let old = self.now - (seconds as f64 + nano as f64 * 1e-9);
        let limit = age.unsigned_abs() as f64;
        if age >= 0 { old >= limit } else { old <= limit }
    }

    fn fits_size(&self, meta: &Metadata) -> bool {
        let Some(size) = self.size else { return true };
        if size >= 0 { meta.size() >= size.unsigned_abs() } else { meta.size() <= size.unsigned_abs() }
    }

    fn fits_mode(&self, meta: &Metadata) -> bool {
        let Some(wanted) = self.mode else { return true };
        let mode = meta.mode() & 0o7777;
        if self.exact_mode { mode == wanted } else { mode & wanted != 0 }
    }
}

impl<'a> Names<'a> {
    fn new(params: &'a Params, broken: &mut Option<String>) -> Names<'a> {
        let (mut patterns, excludes) = (params.strs("patterns"), params.strs("excludes"));
        if params.bool("use_regex") {
            if patterns.is_empty() {
                patterns.push(".*");
            }
            return Names::Regexes(compile(&patterns, broken), compile(&excludes, broken));
        }
        if patterns.is_empty() {
            patterns.push("*");
        }
        Names::Globs(patterns, excludes)
    }

    fn fit(&self, name: &str) -> bool {
        match self {
            Names::Globs(wanted, unwanted) => {
                let any = |patterns: &[&str]| patterns.iter().any(|pattern| fnmatch::fnmatch(name, pattern));
                any(wanted) && !any(unwanted)
            }
            Names::Regexes(wanted, unwanted) => {
                let fits = |regex: &Arc<Regex>| matches!(regex.match_start(name), Ok(Some(_)));
                wanted.iter().any(fits) && !unwanted.iter().any(fits)
            }
        }
    }
}

impl Contains<'_> {
    fn fits(&self, path: &Path) -> Result<bool, String> {
        // what cannot be read contains nothing
        let Ok(bytes) = std::fs::read(path) else { return Ok(false) };
        let text = codec::decode(&bytes, self.encoding.unwrap_or("utf-8"), true)
            .map_err(|error| self.unreadable(path, error))?;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let search = |text: &str| {
            let found = if self.whole { self.regex.search(text) } else { self.regex.match_start(text) };
            matches!(found, Ok(Some(_)))
        };
        Ok(if self.whole { search(&text) } else { text.split_inclusive('\n').any(search) })
    }

    fn unreadable(&self, path: &Path, error: Error) -> String {
        if error.message().starts_with("unknown encoding") {
            return error.message().to_string();
        }
        let encoding = self.encoding.unwrap_or("None (default determined by the Python built-in function \"open\")");
        format!("Failed to read the file {} due to an encoding error. current encoding: {encoding}", path.display())
    }
}

fn describe(path: &Path, meta: &Metadata) -> Dict {
    let mut told = Dict::new();
    told.insert("path", path.to_string_lossy());
    told.insert("mode", format!("{:04o}", meta.mode() & 0o7777));
    stat::add_kind(&mut told, meta);
    told.insert("uid", meta.uid());
    told.insert("gid", meta.gid());
    told.insert("size", meta.size());
    told.insert("inode", meta.ino());
    told.insert("dev", meta.dev());
    told.insert("nlink", meta.nlink());
    stat::add_times(&mut told, meta);
    let user = User::from_uid(Uid::from_raw(meta.uid())).ok().flatten().map(|user| user.name);
    let group = Group::from_gid(Gid::from_raw(meta.gid())).ok().flatten().map(|group| group.name);
    told.insert("gr_name", group.unwrap_or_default());
    told.insert("pw_name", user.unwrap_or_default());
    stat::add_permissions(&mut told, meta);
    told
}

fn wanted_mode(value: &Value, broken: &mut Option<String>) -> Result<Option<u32>, Failure> {
    match value {
        Value::Str(text) if text.is_empty() => Ok(None),
        Value::Str(_) => match mode::parse(value, 0, mode::umask()) {
            Ok(bits) => Ok(Some(bits)),
            Err(mode::BadMode::Bits(bits)) => Ok(Some(bits as u32 & 0o7777)),
            Err(mode::BadMode::Form(why)) => {
                broken.get_or_insert(why);
                Ok(None)
            }
        },
        other if !other.truthy() => Ok(None),
        other => Err(Failure::new(format!(
            "argument 'mode' is not a string and conversion is not allowed, value is of type {}",
            other.type_name()
        ))),
    }
}

/// A number with a unit of one letter.
fn with_unit(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let text = text.to_lowercase();
    let (digits, factor) = match units.iter().find(|(unit, _)| text.ends_with(*unit)) {
        Some((_, factor)) => (&text[..text.len() - 1], *factor),
        None => (text.as_str(), 1),
    };
    let plain = digits.strip_prefix('-').unwrap_or(digits);
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

/// Seconds: `2d`, `-1h`.
fn age(text: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];
    let refuse = || Failure::new("failed to process age").with("age", text);
    with_unit(text, &units).map(Some).ok_or_else(refuse)
}

/// Bytes: `10m`, `-1g`.
fn size(text: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let units = [('b', 1), ('k', 1 << 10), ('m', 1 << 20), ('g', 1 << 30), ('t', 1 << 40)];
    let refuse = || Failure::new("failed to process size").with("size", text);
    with_unit(text, &units).map(Some).ok_or_else(refuse)
}

#[cfg(test)]
mod tests;
