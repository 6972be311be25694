//! `get_url`: downloads a file.

mod checksum;

use super::attributes::FileArgs;
use super::digest::{self, Algorithm};
use super::replace_file::{Keep, Source, backup, replace};
use super::spec::{Arg, Kind, Params, Spec};
use super::web::{self, ARGUMENTS};
use super::{Failure, Outcome, Run, oserror};
use crate::http::Response;
use crate::value::url::{Url, mask};
use crate::value::{Dict, Value};
use checksum::Expected;
use rustix::fs::{Access, access};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What it accepts.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("url", Kind::Str).required(),
        ARGUMENTS[0],
        ARGUMENTS[1],
        ARGUMENTS[2],
        ARGUMENTS[3],
        Arg::new("url_username", Kind::Str).aliases(&["username"]),
        Arg::new("url_password", Kind::Str).aliases(&["password"]).no_log(),
        ARGUMENTS[4],
        ARGUMENTS[5],
        ARGUMENTS[6],
        ARGUMENTS[7],
        Arg::new("dest", Kind::Path).required(),
        Arg::new("backup", Kind::Bool).default("no"),
        Arg::new("checksum", Kind::Str).default(""),
        Arg::new("timeout", Kind::Int).default("10"),
        Arg::new("headers", Kind::Dict),
        Arg::new("tmp_dest", Kind::Path),
        Arg::new("unredirected_headers", Kind::List(&Kind::Str)).default(""),
        Arg::new("decompress", Kind::Bool).default("yes"),
        Arg::new("ciphers", Kind::List(&Kind::Str)),
        Arg::new("use_netrc", Kind::Bool).default("yes"),
    ],
    file_arguments: true,
    ..Spec::new("get_url")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    Download { params, run, url: params.str("url").unwrap_or_default(), dest: params.str("dest").unwrap_or_default() }
        .get()
}

struct Download<'a> {
    params: &'a Params,
    run: &'a Run,
    url: &'a str,
    dest: &'a str,
}

/// Something that came.
struct Got {
    file: tempfile::TempPath,
    /// The answer's head; its content is read.
    response: Option<Response>,
    elapsed: i64,
}

impl Download<'_> {
    /// The keys that most failures and all successes have.
    fn result(&self, dest: &str, elapsed: i64) -> Dict {
        let mut result = Dict::new();
        result.insert("changed", false);
        result.insert("checksum_dest", Value::None);
        result.insert("checksum_src", Value::None);
        result.insert("dest", dest);
        result.insert("elapsed", elapsed);
        result.insert("url", mask(self.url));
        result
    }

    fn get(&self) -> Result<Outcome, Failure> {
        let fail = |message: &str| fail_with(message, self.result(self.dest, 0));
        let mut expected = match Expected::parse(self.params.str("checksum").unwrap_or_default()) {
            Ok(expected) => expected,
            Err(message) => return Err(fail(message)),
        };
        if let Some(expected) = &mut expected {
            self.complete(expected)?;
        }
        let dest = Path::new(self.dest);
        let mut force = self.params.bool("force");
        let mut since = None;
        if !dest.is_dir() && dest.exists() {
            if let (false, Some(expected)) = (force, &expected) {
                if expected.of_file(dest)? == expected.sum {
                    return self.keep();
                }
                // it is another one: the server may not say that it is no newer
                force = true;
            }
            let modified = dest.metadata().and_then(|meta| meta.modified()).ok();
            since = modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
        }
        let got = self.fetch(self.url, if self.run.check { "HEAD" } else { "GET" }, force, since)?;
        match got {
            Fetched::File(got) => self.place(*got, expected.as_ref()),
            Fetched::NotModified(outcome) => Ok(*outcome),
        }
    }

    /// The file is there and has the checksum: only attributes may differ.
    fn keep(&self) -> Result<Outcome, Failure> {
        let changed = FileArgs::new(self.params, Path::new(self.dest)).apply(self.run, None)?;
        let mut result = self.result(self.dest, 0);
        result.insert("changed", changed);
        let message = if changed { "file already exists but file attributes changed" } else { "file already exists" };
        result.insert("msg", message);
        Ok(Outcome { result })
    }

    /// Finds the checksum in the file that the parameter names instead of one.
    fn complete(&self, expected: &mut Expected) -> Result<(), Failure> {
        if expected.is_url() {
            let url = expected.sum.clone();
            let Fetched::File(got) = self.fetch(&url, "GET", self.params.bool("force"), None)? else { return Ok(()) };
            let content =
                std::fs::read(&got.file).map_err(|error| Failure::raised(oserror::text(&error, &got.file)))?;
            let name = file_name(self.url);
            let Some(sum) = checksum::find(&String::from_utf8_lossy(&content), &name) else {
                return Err(Failure::new(format!("Unable to find a checksum for file '{name}' in '{}'", mask(&url))));
            };
            expected.sum = sum;
        }
        if expected.normalize() {
            return Ok(());
        }
        Err(fail_with("The checksum format is invalid", self.result(self.dest, 0)))
    }

    fn fetch(&self, url: &str, method: &str, force: bool, since: Option<jiff::Timestamp>) -> Result<Fetched, Failure> {
        let start = Instant::now();
        let seconds = || start.elapsed().as_secs() as i64;
        let told = |failure: Failure| failure.with("url", mask(url)).with("dest", self.dest).with("elapsed", seconds());
        let parts = Url::split(url).unwrap_or_default();
        if parts.scheme == "file" {
            return self.read_local(&parts).map_err(told);
        }
        let mut request = web::request(self.params, url, self.run)?;
        request.method = method.to_string();
        request.no_cache = force;
        request.modified_since = since.filter(|_| !force);
        let mut response = match request.send() {
            Ok(response) => response,
            Err(failure) => {
                return Err(match web::trouble(&failure) {
                    Ok(message) => told(Failure::new(message)),
                    Err(failure) => failure.with("url", mask(url)).with("status", -1i64),
                });
            }
        };
        let message = response.error.clone().unwrap_or_default();
        if response.status == 304 {
            let outcome = Outcome::new(false).with("url", mask(url)).with("dest", self.dest).with("msg", message);
            let outcome = outcome.with("status_code", 304i64).with("elapsed", seconds());
            return Ok(Fetched::NotModified(Box::new(outcome)));
        }
        if response.status != 200 {
            let message = if message.is_empty() { info_message(&response) } else { message };
            let failure = Failure::new("Request failed").with("status_code", i64::from(response.status));
            return Err(told(failure.with("response", message)));
        }
        let file = self.spool(&mut response, seconds)?;
        Ok(Fetched::File(Box::new(Got { file, response: Some(response), elapsed: seconds() })))
    }

    /// `file:` URLs name files of this host.
    fn read_local(&self, parts: &Url) -> Result<Fetched, Failure> {
        let path = crate::value::url::unquote_bytes(&parts.path);
        let path = PathBuf::from(String::from_utf8_lossy(&path).into_owned());
        let mut file = std::fs::File::open(&path)
            .and_then(|file| if file.metadata()?.is_dir() { Err(rustix::io::Errno::ISDIR.into()) } else { Ok(file) })
            .map_err(|error| {
                let why = oserror::text(&error, &path);
                Failure::new(format!("Request failed: <urlopen error {why}>"))
            })?;
        let file = self.spool(&mut file, || 0)?;
        Ok(Fetched::File(Box::new(Got { file, response: None, elapsed: 0 })))
    }

    /// Writes the content into a temporary file.
    fn spool(&self, content: &mut dyn Spoolable, seconds: impl Fn() -> i64) -> Result<tempfile::TempPath, Failure> {
        let told = |message: String| Failure::new(message).with("elapsed", seconds());
        let directory = match self.params.str("tmp_dest").filter(|path| !path.is_empty()) {
            Some(path) if Path::new(path).is_dir() => PathBuf::from(path),
            Some(path) if Path::new(path).exists() => {
                return Err(told(format!("{path} is a file but should be a directory.")));
            }
            Some(path) => return Err(told(format!("{path} directory does not exist."))),
            None => self.run.tmpdir.clone(),
        };
        let failed = |error: std::io::Error| {
            told(format!("failed to create temporary content file: {}", oserror::plain(&error)))
        };
        let mut file = tempfile::Builder::new().prefix("tmp").tempfile_in(directory).map_err(failed)?;
        std::io::copy(content.reader(), &mut file).map_err(failed)?;
        Ok(file.into_temp_path())
    }

    fn place(&self, got: Got, expected: Option<&Expected>) -> Result<Outcome, Failure> {
        let mut dest = self.dest.to_string();
        if Path::new(&dest).is_dir() {
            let given = got.response.as_ref().and_then(web::disposition);
            let from = got.response.as_ref().map_or(self.url, |response| response.url.as_str());
            dest = Path::new(&dest).join(given.unwrap_or_else(|| file_name(from))).to_string_lossy().into_owned();
        }
        let mut result = self.result(&dest, got.elapsed);
        let source: &Path = &got.file;
        result.insert("src", source.to_string_lossy());
        let [sha1, md5] = digest::of_file(source, [Algorithm::Sha1, Algorithm::Md5])
            .map_err(|error| Failure::raised(oserror::text(&error, source)))?;
        result.insert("checksum_src", sha1.as_str());
        let path = Path::new(&dest);
        if let Err(message) = check_destination(path) {
            return Err(fail_with(&message, result));
        }
        let old = if path.exists() { Some(digest::sha1(path)?) } else { None };
        result.insert("checksum_dest", old.clone());
        let message = got
            .response
            .as_ref()
            .map_or_else(|| format!("OK ({} bytes)", source.metadata().map_or(0, |meta| meta.len())), info_message);
        if self.run.check {
            result.insert("changed", old.as_deref() != Some(sha1.as_str()));
            result.insert("msg", message);
            return Ok(Outcome { result });
        }
        if let Some(expected) = expected {
            let sum = expected.of_file(source)?;
            if sum != expected.sum {
                let source = source.to_string_lossy();
                let message = format!("The checksum for {source} did not match {}; it was {sum}.", expected.sum);
                return Err(fail_with(&message, result));
            }
        }
        let mut changed = false;
        if old.as_deref() != Some(sha1.as_str()) {
            if self.params.bool("backup")
                && let Some(name) = backup(path, self.run)?
            {
                result.insert("backup_file", name);
            }
            replace(path, Source::File(source), Keep::Dest, self.params.bool("unsafe_writes")).map_err(|failure| {
                let why = failure.cause.unwrap_or(failure.message);
                fail_with(&format!("failed to copy {} to {dest}: {why}", source.to_string_lossy()), result.clone())
            })?;
            changed = true;
        }
        changed |= FileArgs::new(self.params, path).apply(self.run, None)?;
        result.insert("changed", changed);
        result.insert("md5sum", md5);
        result.insert("msg", message);
        let status = got.response.as_ref().map(|response| i64::from(response.status));
        result.insert("status_code", status);
        Ok(Outcome { result })
    }
}

enum Fetched {
    File(Box<Got>),
    NotModified(Box<Outcome>),
}

/// What content can be read from.
trait Spoolable {
    fn reader(&mut self) -> &mut dyn Read;
}

impl Spoolable for Response {
    fn reader(&mut self) -> &mut dyn Read {
        &mut self.body
    }
}

impl Spoolable for std::fs::File {
    fn reader(&mut self) -> &mut dyn Read {
        self
    }
}

fn fail_with(message: &str, result: Dict) -> Failure {
    Failure { result: Box::new(result), ..Failure::new(message) }
}

fn info_message(response: &Response) -> String {
    web::info(response).get("msg").map(|message| message.to_text().into_owned()).unwrap_or_default()
}

/// The last part of a URL's path.
fn file_name(url: &str) -> String {
    let path = Url::split(url).unwrap_or_default().path;
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { "index.html".into() } else { name.into() }
}

fn check_destination(dest: &Path) -> Result<(), String> {
    let may = |path: &Path, right| access(path, right).is_ok();
    let shown = dest.display();
    if dest.exists() {
        if !may(dest, Access::WRITE_OK) {
            return Err(format!("Destination {shown} is not writable"));
        }
        if !may(dest, Access::READ_OK) {
            return Err(format!("Destination {shown} is not readable"));
        }
        return Ok(());
    }
    let directory = match dest.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.exists() {
        return Err(format!("Destination {} does not exist", directory.display()));
    }
    if !may(directory, Access::WRITE_OK) {
        return Err(format!("Destination {} is not writable", directory.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
