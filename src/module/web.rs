//! What `get_url` and `uri` have in common: the arguments of a request.

use super::spec::{Arg, Kind, Params};
use super::{Failure, Run};
use crate::http::{Credentials, Redirects, Request, Response, header};
use crate::value::{Dict, url};
use std::path::PathBuf;
use std::time::Duration;

/// `url_argument_spec()`, but for the user and password, which have other aliases in each module.
pub const ARGUMENTS: [Arg; 8] = [
    Arg::new("force", Kind::Bool).default("no"),
    Arg::new("http_agent", Kind::Str).default("ansible-httpget"),
    Arg::new("use_proxy", Kind::Bool).default("yes"),
    Arg::new("validate_certs", Kind::Bool).default("yes"),
    Arg::new("force_basic_auth", Kind::Bool).default("no"),
    Arg::new("client_cert", Kind::Path),
    Arg::new("client_key", Kind::Path),
    Arg::new("use_gssapi", Kind::Bool).default("no"),
];

/// The request that the parameters describe.
pub fn request(params: &Params, url: &str, run: &Run) -> Result<Request, Failure> {
    if params.bool("use_gssapi") {
        return Err(Failure::new("use_gssapi is not supported: there is no GSSAPI in this module"));
    }
    let text = |name: &str| params.str(name).unwrap_or_default().to_string();
    let mut request = Request::new(url);
    request.no_cache = params.bool("force");
    request.agent = text("http_agent");
    request.use_proxy = params.bool("use_proxy");
    request.force_basic = params.bool("force_basic_auth");
    request.use_netrc = params.bool("use_netrc");
    request.decompress = params.bool("decompress");
    request.timeout = Duration::from_secs(u64::try_from(params.int("timeout").unwrap_or(10)).unwrap_or(0));
    if params.is_set("url_username") {
        request.credentials = Some(Credentials { user: text("url_username"), password: text("url_password") });
    }
    request.unredirected = params.strs("unredirected_headers").into_iter().map(String::from).collect();
    for (name, value) in params.value("headers").as_dict().unwrap_or(&Dict::new()) {
        request.headers.push((name.to_text().into_owned(), value.to_text().into_owned()));
    }
    request.redirects = match params.str("follow_redirects") {
        Some("all" | "yes") => Redirects::All,
        Some("none" | "no") => Redirects::None,
        Some("safe") => Redirects::Safe,
        _ => Redirects::Urllib,
    };
    request.unix_socket = params.str("unix_socket").map(PathBuf::from);
    let path = |name: &str| params.str(name).map(PathBuf::from);
    request.trust.verify = params.bool("validate_certs");
    request.trust.ca_file = path("ca_path");
    request.trust.client_cert = path("client_cert");
    request.trust.client_key = path("client_key");
    request.trust.ciphers = params.strs("ciphers").into_iter().map(String::from).collect();
    request.environment.clone_from(&run.environment);
    Ok(request)
}

/// What Ansible tells of an answer, names in lower case: the headers, `url`, `status`, `msg`, `cookies`.
pub fn info(response: &Response) -> Dict {
    let mut info = Dict::new();
    info.insert("url", url::mask(&response.url));
    info.insert("status", i64::from(response.status));
    for (name, _) in &response.headers {
        info.insert(name.to_lowercase(), header(&response.headers, name));
    }
    match &response.error {
        Some(error) => {
            info.insert("msg", error.as_str());
        }
        None => {
            let pairs: Vec<String> = response.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            info.insert("cookies_string", pairs.join("; "));
            let cookies: Dict =
                response.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
            info.insert("cookies", cookies);
            let length = response.header("content-length").unwrap_or_else(|| "unknown".into());
            info.insert("msg", format!("OK ({length} bytes)"));
        }
    }
    info
}

/// `msg` for a request that has no answer; `Err` when the module gives up at once.
pub fn trouble(failure: &crate::http::Failure) -> Result<String, Failure> {
    match failure {
        crate::http::Failure::Url(_) => Ok(format!("Request failed: {failure}")),
        crate::http::Failure::Broken(_) => Ok(format!("Connection failure: {failure}")),
        crate::http::Failure::Fatal(_) => Err(Failure::new(failure.to_string())),
    }
}

/// The file name that `Content-Disposition` gives, without directories.
pub fn disposition(response: &Response) -> Option<String> {
    let value = response.header("content-disposition")?;
    let name = parameter(&value, "filename")?;
    let name = name.rsplit('/').next().unwrap_or_default().to_string();
    (!name.is_empty()).then_some(name)
}

/// A parameter of a header value: `text/html; charset="utf-8"`.
pub fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim_matches([';', ' ', '\t']);
        let after = after.trim_start();
        let (text, tail) = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut text = String::new();
                let mut chars = quoted.char_indices();
                let mut end = quoted.len();
                while let Some((at, c)) = chars.next() {
                    match c {
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        '\\' => text.extend(chars.next().map(|(_, c)| c)),
                        c => text.push(c),
                    }
                }
                (text, &quoted[end..])
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_string(), &after[end..])
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_quoted_or_not() {
        let value = r#"attachment; a="x;\"y"; filename=f.txt ; B=c"#;
        assert_eq!(parameter(value, "a").as_deref(), Some("x;\"y"));
        assert_eq!(parameter(value, "filename").as_deref(), Some("f.txt"));
        assert_eq!(parameter(value, "b").as_deref(), Some("c"));
        assert_eq!(parameter("text/html", "charset"), None);
    }
}
