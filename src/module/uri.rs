//! `uri`: talks to a web service.
//!
//! Files that the controller's half sends: the body named by `src` is blob `_src_blob`; a field of a multipart body whose
//! file came along has `_blob` beside `filename`, the position of its blob.

mod form;

use super::attributes::FileArgs;
use super::digest::{self, Algorithm};
use super::replace_file::{Keep, Source, replace};
use super::spec::{Arg, Kind, Params, Spec};
use super::web::{self, ARGUMENTS};
use super::{Blob, Failure, Outcome, Run, oserror};
use crate::http::{Payload, Request, Response};
use crate::value::url::{Url, join, mask, unquote_bytes};
use crate::value::{Dict, Value, codec, json};
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
        Arg::new("url_username", Kind::Str).aliases(&["user"]),
        Arg::new("url_password", Kind::Str).aliases(&["password"]).no_log(),
        ARGUMENTS[4],
        ARGUMENTS[5],
        ARGUMENTS[6],
        ARGUMENTS[7],
        Arg::new("follow_redirects", Kind::Str)
            .default("safe")
            .choices(&["all", "no", "none", "safe", "urllib2", "yes"]),
        Arg::new("dest", Kind::Path),
        Arg::new("body", Kind::Raw),
        Arg::new("body_format", Kind::Str).default("raw").choices(&[
            "form-urlencoded",
            "json",
            "raw",
            "form-multipart",
        ]),
        Arg::new("src", Kind::Path),
        Arg::new("method", Kind::Str).default("GET"),
        Arg::new("return_content", Kind::Bool).default("no"),
        Arg::new("creates", Kind::Path),
        Arg::new("removes", Kind::Path),
        Arg::new("status_code", Kind::List(&Kind::Int)).default("200"),
        Arg::new("timeout", Kind::Int).default("30"),
        Arg::new("headers", Kind::Dict).default("{}"),
        Arg::new("unix_socket", Kind::Path),
        Arg::new("remote_src", Kind::Bool).default("no"),
        Arg::new("ca_path", Kind::Path),
        Arg::new("unredirected_headers", Kind::List(&Kind::Str)).default(""),
        Arg::new("decompress", Kind::Bool).default("yes"),
        Arg::new("ciphers", Kind::List(&Kind::Str)),
        Arg::new("use_netrc", Kind::Bool).default("yes"),
        Arg::new("_src_blob", Kind::Int).hidden(),
    ],
    mutually_exclusive: &[&["body", "src"]],
    check_mode: false,
    file_arguments: true,
    ..Spec::new("uri")
};

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let method = params.str("method").unwrap_or("GET").to_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = "Parameter 'method' needs to be a single word in uppercase, like GET or POST.";
        return Err(Failure::new(message));
    }
    let url = params.str("url").unwrap_or_default();
    let mut request = web::request(params, url, run)?;
    request.method = method;
    add_body(&mut request, params, run)?;
    for (name, there, words) in [("creates", true, "exists"), ("removes", false, "does not exist")] {
        if let Some(path) = params.str(name)
            && Path::new(path).exists() == there
        {
            return Ok(Outcome::new(false).with("stdout", format!("skipped, since '{path}' {words}")));
        }
    }
    if matches!(params.str("follow_redirects"), Some("yes" | "no")) {
        let message = "Using 'yes' or 'no' for 'follow_redirects' parameter is deprecated.";
        run.deprecations.push((message.into(), "2.22".into()));
    }
    if let Some(dest) = params.str("dest").map(Path::new).filter(|dest| dest.is_file()) {
        let modified = dest.metadata().and_then(|meta| meta.modified()).ok();
        request.modified_since = modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
    }
    let start = Instant::now();
    let answer = request.send();
    let elapsed = start.elapsed().as_secs() as i64;
    let mut result = Dict::new();
    match answer {
        Ok(response) => receive(response, params, run, &mut result)?,
        Err(failure) => {
            let message =
                web::trouble(&failure).map_err(|failure| failure.with("url", mask(url)).with("status", -1i64))?;
            result.insert("redirected", false);
            result.insert("url", mask(url));
            result.insert("status", -1i64);
            result.insert("msg", message);
            result.insert("changed", false);
            if params.bool("return_content") {
                result.insert("content", "");
            }
        }
    }
    result.insert("elapsed", elapsed);
    judge(result, params)
}

/// Fails unless the status is one of those wanted.
fn judge(mut result: Dict, params: &Params) -> Result<Outcome, Failure> {
    let status = result.get("status").and_then(Value::as_i64).unwrap_or(-1);
    let wanted = params.value("status_code");
    if params.list("status_code").contains(&Value::Int(status)) {
        return Ok(Outcome { result });
    }
    let message = result.remove("msg").unwrap_or_default();
    let message = format!("Status code was {status} and not {}: {}", wanted.repr(), message.to_text());
    Err(Failure { result: Box::new(result), ..Failure::new(message) })
}

fn add_header(request: &mut Request, name: &str, value: &str) {
    if !request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
        request.headers.push((name.into(), value.into()));
    }
}

fn add_body(request: &mut Request, params: &Params, run: &Run) -> Result<(), Failure> {
    let body = params.value("body");
    match params.str("body_format") {
        Some("json") => {
            let text = match body {
                Value::Str(text) => text.to_string(),
                other => json::to_string(other, &json::Style::PYTHON),
            };
            request.payload = Some(Payload::Bytes(text.into_bytes()));
            add_header(request, "Content-Type", "application/json");
        }
        Some("form-urlencoded") => {
            request.payload = form::urlencoded(body)?.map(|text| Payload::Bytes(text.into_bytes()));
            add_header(request, "Content-Type", "application/x-www-form-urlencoded");
        }
        Some("form-multipart") => {
            let (kind, content) = form::multipart(body, run)?;
            request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            request.headers.push(("Content-Type".into(), kind));
            request.payload = Some(Payload::Bytes(content));
        }
        _ => {
            request.payload = match body {
                Value::None => None,
                Value::Bytes(bytes) => Some(Payload::Bytes(bytes.to_vec())),
                Value::Dict(_) | Value::List(_) => {
                    let message = "body is a structure: set body_format to json, form-urlencoded or form-multipart";
                    return Err(Failure::new(message));
                }
                other => Some(Payload::Bytes(other.to_text().into_owned().into_bytes())),
            };
        }
    }
    if let Some(src) = params.str("src") {
        request.payload = Some(file_payload(src, params, run)?);
    }
    Ok(())
}

fn file_payload(src: &str, params: &Params, run: &Run) -> Result<Payload, Failure> {
    let position = params.int("_src_blob").and_then(|at| usize::try_from(at).ok());
    match position.and_then(|at| run.blobs.get(at)) {
        Some(Blob::Memory(bytes)) => Ok(Payload::Bytes(bytes.clone())),
        Some(Blob::File(path)) => Ok(Payload::File(path.clone())),
        None if std::fs::File::open(src).is_ok() => Ok(Payload::File(PathBuf::from(src))),
        None => Err(Failure::new(format!("Unable to open source file {src}")).with("elapsed", 0i64)),
    }
}

/// What the headers say of the content.
struct Content {
    charset: String,
    json: bool,
}

impl Content {
    fn new(response: &Response) -> Content {
        let value = response.header("content-type").unwrap_or_else(|| "text/plain".into());
        let kind = value.split([';', ',']).next().unwrap_or_default().trim().to_ascii_lowercase();
        let subtype = kind.split_once('/').map_or("plain", |(_, subtype)| subtype);
        let format = subtype.split_once('+').map_or(subtype, |(_, suffix)| suffix);
        let charset = web::parameter(&value, "charset").unwrap_or_else(|| "utf-8".into());
        Content {
            charset: charset.split(',').next().unwrap_or_default().to_string(),
            json: matches!(format, "json" | "javascript"),
        }
    }
}

fn receive(mut response: Response, params: &Params, run: &Run, result: &mut Dict) -> Result<(), Failure> {
    let url = params.str("url").unwrap_or_default();
    let status = i64::from(response.status);
    let accepted = params.list("status_code").contains(&Value::Int(status));
    let about = Content::new(&response);
    let wanted = about.json || params.bool("return_content") || !accepted;
    let info = web::info(&response);
    // Ansible looks at where an error came from only when it is none
    let from = if response.error.is_some() { mask(url) } else { mask(&response.url) };
    let dest = params.str("dest").map(|dest| destination(dest, &response));
    let mut content = Vec::new();
    // what an error says is told in any case
    let told = !wanted && response.error.is_some();
    if wanted || told || dest.is_some() {
        let read = response.body.read_to_end(&mut content);
        read.map_err(|error| {
            Failure::new(format!("HTTP Error while fetching {}: {}", mask(url), oserror::plain(&error)))
        })?;
    }
    for (name, value) in info {
        let name = name.to_text().replace('-', "_");
        // what the exchange is described by is not for a server to say
        if !matches!(name.as_str(), "changed" | "failed" | "elapsed" | "invocation" | "redirected") {
            result.insert(name, value);
        }
    }
    result.insert("redirected", from != mask(url));
    result.insert("url", from.as_str());
    if let Some(location) = result.get("location").map(|value| value.to_text().into_owned()) {
        result.insert("location", join(&mask(url), &location).unwrap_or(location));
    }
    result.insert("changed", false);
    if let Some(dest) = dest {
        if accepted && status != 304 {
            write(&dest, &content, params, run)?;
            result.insert("changed", true);
        }
        result.insert("path", dest);
    }
    if told {
        result.insert("body", String::from_utf8_lossy(&content));
    }
    if wanted {
        let text = codec::decode(&content, &about.charset, false);
        let text = text.unwrap_or_else(|_| String::from_utf8_lossy(&content).into_owned());
        if about.json
            && let Ok(value) = json::parse(&text)
        {
            result.insert("json", value);
        }
        if params.bool("return_content") {
            result.insert("content", text);
        }
    }
    Ok(())
}

/// The file that content goes to: a directory takes the answer's name for it.
fn destination(dest: &str, response: &Response) -> String {
    if !Path::new(dest).is_dir() {
        return dest.to_string();
    }
    let name = web::disposition(response).or_else(|| {
        let path = Url::split(&response.url).unwrap_or_default().path;
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let name = String::from_utf8_lossy(&unquote_bytes(name)).into_owned();
        // a decoded name must stay a name
        (!name.is_empty() && !name.contains('/') && name != "..").then_some(name)
    });
    Path::new(dest).join(name.unwrap_or_else(|| "index.html".into())).to_string_lossy().into_owned()
}

fn write(dest: &str, content: &[u8], params: &Params, run: &Run) -> Result<(), Failure> {
    let path = Path::new(dest);
    let same = path.is_file() && digest::sha1(path)? == digest::of_bytes(content, Algorithm::Sha1);
    if !same {
        replace(path, Source::Bytes(content), Keep::Dest, params.bool("unsafe_writes")).map_err(|failure| {
            let why = failure.cause.unwrap_or(failure.message);
            Failure::new(format!("failed to copy the content to {dest}: {why}"))
        })?;
    }
    FileArgs::new(params, path).apply(run, None)?;
    Ok(())
}

#[cfg(test)]
mod tests;
