//! One request on one connection.

use super::connect::Route;
use super::wire::{self, Body};
use super::{Failure, Headers, Payload, Request, Response};
use crate::value::url::{self, Url};
use std::fs::File;
use std::io::{self, Write};

/// What is asked of one server.
pub(super) struct Asked {
    pub method: String,
    pub url: String,
    pub headers: Headers,
    /// Headers for this server only.
    pub once: Headers,
    pub payload: Option<Payload>,
}

/// What the request line asks for.
pub(super) fn target(url: &Url) -> String {
    let path = if url.path.is_empty() { "/" } else { &url.path };
    let path = ascii(path);
    if url.query.is_empty() { path } else { format!("{path}?{}", ascii(&url.query)) }
}

/// What may not stand in a request line is percent-encoded.
fn ascii(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text.to_string();
    }
    url::quote(text.as_bytes(), "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}")
}

pub(super) fn run(
    request: &Request,
    asked: &Asked,
    url: &Url,
    route: &Route,
    cookies: Option<String>,
) -> Result<Response, Failure> {
    let mut stream = route.connect(request)?;
    let head = head(asked, url, route, cookies)?;
    let sent =
        stream.write_all(head.as_bytes()).and_then(|()| send_payload(asked, &mut stream)).and_then(|()| stream.flush());
    match sent {
        // a server that has said all it wants may close before it heard all
        Err(error) if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
            return Err(Failure::Url(wire::words(&error)));
        }
        _ => {}
    }
    let (answer, reader) = wire::read_head(stream)?;
    let body = Body::new(&answer, reader, &asked.method, request.decompress);
    Ok(Response {
        status: answer.status,
        reason: answer.reason,
        url: asked.url.clone(),
        headers: answer.headers,
        cookies: Vec::new(),
        body,
        error: None,
    })
}

fn head(asked: &Asked, url: &Url, route: &Route, cookies: Option<String>) -> Result<String, Failure> {
    let host = url.netloc.rsplit('@').next().unwrap_or_default();
    let target = if route.names_host() { format!("{}://{host}{}", url.scheme, target(url)) } else { target(url) };
    let mut headers: Headers = vec![
        ("Accept-Encoding".into(), "identity".into()),
        ("Host".into(), host.to_string()),
        ("Connection".into(), "close".into()),
    ];
    if let Some(payload) = &asked.payload {
        headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        headers.push(("Content-Length".into(), length(payload)?.to_string()));
    } else if matches!(asked.method.as_str(), "POST" | "PUT" | "PATCH") {
        headers.push(("Content-Length".into(), "0".into()));
    }
    headers.extend(route.proxy_headers());
    if let Some(cookies) = cookies {
        headers.push(("Cookie".into(), cookies));
    }
    for (name, value) in asked.headers.iter().chain(&asked.once) {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.clone(), value.clone()));
    }
    let mut text = format!("{} {target} HTTP/1.1\r\n", asked.method);
    for (name, value) in &headers {
        check(name, value)?;
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    Ok(text)
}

/// A line break in a header would be a second header.
fn check(name: &str, value: &str) -> Result<(), Failure> {
    let shown = |text: &str| crate::value::Value::Bytes(text.as_bytes().into()).repr();
    let token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if !token {
        return Err(Failure::Fatal(format!("Invalid header name {}", shown(name))));
    }
    if value.contains(['\r', '\n', '\0']) {
        return Err(Failure::Fatal(format!("Invalid header value {}", shown(value))));
    }
    Ok(())
}

fn length(payload: &Payload) -> Result<u64, Failure> {
    match payload {
        Payload::Bytes(bytes) => Ok(bytes.len() as u64),
        Payload::File(path) => {
            std::fs::metadata(path).map(|meta| meta.len()).map_err(|error| Failure::Url(wire::words(&error)))
        }
    }
}

fn send_payload(asked: &Asked, stream: &mut dyn Write) -> io::Result<()> {
    match &asked.payload {
        None => Ok(()),
        Some(Payload::Bytes(bytes)) => stream.write_all(bytes),
        Some(Payload::File(path)) => io::copy(&mut File::open(path)?, stream).map(drop),
    }
}
