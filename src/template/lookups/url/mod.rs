//! `lookup('url', ...)`: what a web server answers.

mod client;
mod netrc;

use super::options::Options;
use super::{blocking, pipe::split_lines};
use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};
use client::{Failure, Redirects, Request};
use std::time::Duration;

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("url", run);

/// Options that variables and the environment may set, and what they are called there after the common beginning.
const ELSEWHERE: [(&str, &str); 10] = [
    ("force", "force"),
    ("timeout", "timeout"),
    ("http_agent", "agent"),
    ("force_basic_auth", "force_basic_auth"),
    ("follow_redirects", "follow_redirects"),
    ("use_gssapi", "use_gssapi"),
    ("use_netrc", "use_netrc"),
    ("unix_socket", "unix_socket"),
    ("ca_path", "ca_path"),
    ("unredirected_headers", "unredir_headers"),
];

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let mut options = Options::new("url", options);
    for (option, name) in ELSEWHERE {
        if options.get(option).is_some() {
            continue;
        }
        let variable = ctx.variable(&format!("ansible_lookup_url_{name}"))?;
        let environment = || std::env::var(format!("ANSIBLE_LOOKUP_URL_{}", name.to_uppercase())).ok().map(Value::from);
        if let Some(value) = variable.or_else(environment) {
            options.set(option, value);
        }
    }
    let request = request(ctx, &options)?;
    let split = options.flag("split_lines", true);
    let mut content = Vec::new();
    for term in &terms {
        let url = arg::text(term);
        let body = blocking(|| request.get(&url)).map_err(|failure| worded(&url, failure))?;
        let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
        if split {
            content.extend(split_lines(&body).map(text));
        } else {
            content.push(text(&body));
        }
    }
    Ok(content)
}

fn request(ctx: &dyn Context, options: &Options) -> Result<Request> {
    for (option, what) in [("use_gssapi", "GSSAPI"), ("ciphers", "a choice of ciphers")] {
        if options.get(option).is_some_and(|value| arg::boolean(value).unwrap_or(value.truthy())) {
            return Err(Error::template(format!("the url lookup does not support {what} ({option})")));
        }
    }
    let headers = options.dict("headers")?;
    let follow = options.text("follow_redirects", "urllib2");
    if matches!(follow.as_str(), "yes" | "no")
        && let Some(warn) = &ctx.environment().warn
    {
        let message = "Using 'yes' or 'no' for 'follow_redirects' parameter is deprecated. This feature will be removed \
                       from lookup plugin 'url' in ansible-core version 2.22.";
        warn(message.into(), true);
    }
    let unredirected = options.list("unredirected_headers")?.unwrap_or_default();
    Ok(Request {
        validate_certs: options.flag("validate_certs", true),
        use_proxy: options.flag("use_proxy", true),
        username: options.string("username")?,
        password: options.string("password")?,
        headers: headers.iter().map(|(name, value)| (arg::text(name), arg::text(value))).collect(),
        no_cache: options.flag("force", false),
        timeout: Duration::try_from_secs_f64(options.float("timeout")?.unwrap_or(10.0)).unwrap_or(Duration::MAX),
        agent: options.text("http_agent", "ansible-httpget"),
        force_basic_auth: options.flag("force_basic_auth", false),
        redirects: match follow.as_str() {
            "none" | "no" | "False" | "false" => Redirects::Refuse,
            _ => Redirects::Follow,
        },
        use_netrc: options.flag("use_netrc", true),
        unix_socket: options.string("unix_socket")?,
        ca_path: options.string("ca_path")?,
        unredirected: unredirected.iter().map(|name| arg::text(name).to_lowercase()).collect(),
    })
}

/// Ansible's words for what went wrong, with the password out of the URL.
fn worded(url: &str, failure: Failure) -> Error {
    let url = mask(url);
    let (message, cause) = match failure {
        Failure::Status(code, reason) => {
            (format!("Received HTTP error for {url}"), format!("HTTP Error {code}: {reason}"))
        }
        Failure::Certificate(why) => (format!("Error validating the server's certificate for {url}"), why),
        Failure::Url(why) => (format!("Failed lookup url for {url}"), format!("<urlopen error {why}>")),
        Failure::Connection(why) => (format!("Error connecting to {url}"), why),
    };
    Error::template(cause).context(message)
}

fn mask(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_string() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let name = user.split(':').next().unwrap_or("");
            format!("{scheme}://{name}:********@{host}{}", &rest[end..])
        }
        _ => url.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_out_of_messages() {
        assert_eq!(mask("https://bob:secret@host/x?a@b"), "https://bob:********@host/x?a@b");
        assert_eq!(mask("https://host/x@y:z"), "https://host/x@y:z");
    }
}
