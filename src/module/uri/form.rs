//! Bodies of forms.

use super::super::{Blob, Failure, Run, oserror};
use crate::value::Value;
use crate::value::url::quote;
use base64::Engine as _;
use std::path::Path;

/// `a=1&b=2` of a mapping or a list of pairs; a text stays as it is.
pub(super) fn urlencoded(body: &Value) -> Result<Option<String>, Failure> {
    let pairs: Vec<(Value, Value)> = match body {
        Value::None => return Ok(None),
        Value::Str(text) => return Ok(Some(text.to_string())),
        Value::Dict(dict) => dict.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        Value::List(items) | Value::Tuple(items) => {
            let pair = |item: &Value| match item.as_slice() {
                Some([key, value]) => Some((key.clone(), value.clone())),
                _ => None,
            };
            items.iter().map(pair).collect::<Option<_>>().ok_or_else(|| {
                Failure::new("failed to parse body as form_urlencoded: too many values to unpack (expected 2)")
                    .with("elapsed", 0i64)
            })?
        }
        other => return Ok(Some(other.to_text().into_owned())),
    };
    let encode = |value: &Value| quote(value.to_text().as_bytes(), " ").replace(' ', "+");
    let mut parts = Vec::new();
    for (key, value) in &pairs {
        let keys: Vec<Value> = match value {
            Value::List(items) | Value::Tuple(items) => items.to_vec(),
            Value::Dict(dict) => dict.keys().cloned().collect(),
            single => vec![single.clone()],
        };
        for value in keys.iter().filter(|value| !value.is_none()) {
            parts.push(format!("{}={}", encode(key), encode(value)));
        }
    }
    Ok(Some(parts.join("&")))
}

/// A `multipart/form-data` body and its content type.
pub(super) fn multipart(body: &Value, run: &Run) -> Result<(String, Vec<u8>), Failure> {
    let refuse = |why: String| Failure::new(format!("failed to parse body as form-multipart: {why}"));
    let Value::Dict(fields) = body else {
        return Err(refuse(format!("Mapping is required, cannot be type {}", body.type_name())));
    };
    let mut sorted: Vec<(String, &Value)> =
        fields.iter().map(|(key, value)| (key.to_text().into_owned(), value)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut random = [0; 12];
    getrandom::fill(&mut random).map_err(|error| Failure::raised(error.to_string()))?;
    let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let boundary = format!("==============={boundary}==");
    let mut content = Vec::new();
    for (name, value) in sorted {
        content.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        content.extend(part(&name, value, run).map_err(refuse)?);
        content.extend_from_slice(b"\r\n");
    }
    content.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((format!("multipart/form-data; boundary=\"{boundary}\""), content))
}

fn part(name: &str, value: &Value, run: &Run) -> Result<Vec<u8>, String> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let disposition = format!("Content-Disposition: form-data; name={}", quoted(name));
    let field = match value {
        Value::Str(text) => {
            let head = format!("Content-Type: text/plain\r\n{disposition}\r\n\r\n");
            return Ok([head.as_bytes(), text.as_bytes()].concat());
        }
        Value::Dict(field) => field,
        other => return Err(format!("value must be a string, or mapping, cannot be type {}", other.type_name())),
    };
    let get = |key: &str| field.get(key).filter(|value| value.truthy()).map(|value| value.to_text().into_owned());
    let (filename, content) = (get("filename"), get("content"));
    if filename.is_none() && content.is_none() {
        return Err("at least one of filename or content must be provided".into());
    }
    let kind = get("mime_type").unwrap_or_else(|| guess(filename.as_deref().unwrap_or_default()).to_string());
    let kind = if kind.contains('/') { kind } else { format!("{kind}/") };
    let base = filename.as_deref().map(|path| path.rsplit('/').next().unwrap_or_default());
    let named = base.map(|base| format!("; filename={}", quoted(base))).unwrap_or_default();
    let Some(content) = content else {
        let bytes = file_content(filename.as_deref().unwrap_or_default(), field.get("_blob"), run)?;
        let (encoding, encoded) = encode(get("multipart_encoding").as_deref(), bytes)?;
        let head =
            format!("Content-Transfer-Encoding: {encoding}\r\nContent-Type: {kind}\r\n{disposition}{named}\r\n\r\n");
        return Ok([head.as_bytes(), &encoded].concat());
    };
    let head = format!("Content-Type: {kind}\r\n{disposition}{named}\r\n\r\n");
    Ok([head.as_bytes(), content.as_bytes()].concat())
}

fn file_content(path: &str, blob: Option<&Value>, run: &Run) -> Result<Vec<u8>, String> {
    let position = blob.and_then(Value::as_i64).and_then(|at| usize::try_from(at).ok());
    let read = |path: &Path| std::fs::read(path).map_err(|error| oserror::bytes(&error, path));
    match position.and_then(|at| run.blobs.get(at)) {
        Some(Blob::Memory(bytes)) => Ok(bytes.clone()),
        Some(Blob::File(path)) => read(path),
        None => read(Path::new(path)),
    }
}

fn encode(encoding: Option<&str>, bytes: Vec<u8>) -> Result<(&'static str, Vec<u8>), String> {
    match encoding {
        None | Some("base64") => {
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            let lines: Vec<&str> =
                text.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
            Ok(("base64", (lines.join("\r\n") + "\r\n").into_bytes()))
        }
        Some("7or8bit") => Ok((if bytes.is_ascii() { "7bit" } else { "8bit" }, bytes)),
        Some(_) => Err("multipart_encoding must be one of dict_keys(['base64', '7or8bit']).".into()),
    }
}

/// What a file name says of the content: the common kinds.
fn guess(name: &str) -> &'static str {
    let suffix =
        name.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, suffix)| suffix.to_lowercase());
    match suffix.as_deref() {
        Some("txt" | "text" | "conf" | "log" | "c" | "h" | "ksh" | "pl" | "bat") => "text/plain",
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("csv") => "text/csv",
        Some("py") => "text/x-python",
        Some("xml" | "rdf" | "wsdl" | "xpdl" | "xsl") => "text/xml",
        Some("md" | "markdown") => "text/markdown",
        Some("js" | "mjs") => "text/javascript",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("zip") => "application/zip",
        Some("tar") => "application/x-tar",
        Some("tgz") => "application/x-tar",
        Some("sh") => "application/x-sh",
        Some("wasm") => "application/wasm",
        Some("doc" | "dot") => "application/msword",
        Some("xls") => "application/vnd.ms-excel",
        Some("ppt") => "application/vnd.ms-powerpoint",
        Some("png") => "image/png",
        Some("jpg" | "jpeg" | "jpe") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("svg") => "image/svg+xml",
        Some("ico") => "image/vnd.microsoft.icon",
        Some("tif" | "tiff") => "image/tiff",
        Some("mp3") => "audio/mpeg",
        Some("wav") => "audio/x-wav",
        Some("mp4") => "video/mp4",
        Some("mpeg" | "mpg") => "video/mpeg",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::json;

    #[test]
    fn forms_are_encoded() {
        let encode = |text: &str| urlencoded(&json::parse(text).unwrap()).unwrap().unwrap();
        assert_eq!(encode(r#"{"a": "x y", "b": [1, "é&", null]}"#), "a=x+y&b=1&b=%C3%A9%26");
        assert_eq!(encode(r#"[["a", 1], ["a", true]]"#), "a=1&a=True");
        assert!(urlencoded(&json::parse("[1]").unwrap()).is_err());
    }

    #[test]
    fn parts_are_sorted_and_named() {
        let run = Run { blobs: vec![Blob::Memory(b"\xff".to_vec())], ..Run::default() };
        let body =
            r#"{"z": "text", "f": {"filename": "/x/a.png", "_blob": 0}, "g": {"content": "c", "mime_type": "a/b"}}"#;
        let (kind, content) = multipart(&json::parse(body).unwrap(), &run).unwrap();
        let boundary = kind.split('"').nth(1).unwrap();
        let expected = "--B\r\nContent-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\
            Content-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\n/w==\r\n\r\n\
            --B\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name=\"g\"\r\n\r\nc\r\n\
            --B\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\ntext\r\n--B--\r\n";
        assert_eq!(String::from_utf8(content).unwrap(), expected.replace("--B", &format!("--{boundary}")));
    }
}
