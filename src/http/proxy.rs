//! The proxies that the environment names.

use super::{Credentials, Request};
use crate::value::url::{Url, unquote_bytes};

/// A proxy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Proxy {
    pub host: String,
    pub port: u16,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<String>,
}

/// Proxies by scheme, and the hosts that need none.
pub(super) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    exceptions: String,
}

impl Proxies {
    pub(super) fn new(request: &Request) -> Proxies {
        let var = |name: &str| {
            let lower = request.var(name);
            // under CGI a client's `Proxy:` header arrives as HTTP_PROXY
            let upper = || match name {
                "http_proxy" if request.var("REQUEST_METHOD").is_some() => None,
                name => request.var(&name.to_ascii_uppercase()),
            };
            lower.or_else(upper).filter(|text| !text.is_empty())
        };
        if !request.use_proxy {
            return Proxies { http: None, https: None, exceptions: String::new() };
        }
        Proxies { http: var("http_proxy"), https: var("https_proxy"), exceptions: var("no_proxy").unwrap_or_default() }
    }

    /// The proxy for a URL.
    pub(super) fn find(&self, url: &Url) -> Option<Proxy> {
        let text = if url.scheme == "https" { self.https.as_ref() } else { self.http.as_ref() }?;
        if self.is_exception(url) {
            return None;
        }
        let full = if text.contains("://") { text.clone() } else { format!("http://{text}") };
        let proxy = Url::split(&full).ok()?;
        let plain = |text: &str| String::from_utf8_lossy(&unquote_bytes(text)).into_owned();
        let authorization = proxy.username().map(|user| {
            super::auth::basic(&Credentials {
                user: plain(user),
                password: plain(proxy.password().unwrap_or_default()),
            })
        });
        let port = proxy.port().ok().flatten().and_then(|port| u16::try_from(port).ok());
        let usual = if proxy.scheme == "https" { 443 } else { 80 };
        Some(Proxy { host: proxy.hostname()?, port: port.unwrap_or(usual), authorization })
    }

    /// Whether `no_proxy` names the host: itself, a domain it is in, or `*`.
    fn is_exception(&self, url: &Url) -> bool {
        let Some(host) = url.hostname() else { return false };
        let with_port = match url.port() {
            Ok(Some(port)) => format!("{host}:{port}"),
            _ => host.clone(),
        };
        self.exceptions.split(',').map(str::trim).filter(|name| !name.is_empty()).any(|name| {
            let name = name.trim_start_matches('.').to_ascii_lowercase();
            let fits = |host: &str| host == name || host.ends_with(&format!(".{name}"));
            name == "*" || fits(&host) || fits(&with_port)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(environment: &[(&str, &str)], url: &str) -> Option<Proxy> {
        let mut request = Request::new(url);
        let unset = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"];
        request.environment = unset.iter().map(|name| (name.to_string(), String::new())).collect();
        request.environment.extend(environment.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        Proxies::new(&request).find(&Url::split(url).unwrap())
    }

    #[test]
    fn the_environment_names_proxies_and_exceptions() {
        let found = proxy(&[("http_proxy", "http://u:p%40@squid:3128/")], "http://host/").unwrap();
        assert_eq!((found.host.as_str(), found.port), ("squid", 3128));
        assert_eq!(found.authorization.as_deref(), Some("Basic dTpwQA=="));
        assert_eq!(proxy(&[("http_proxy", "squid")], "https://host/"), None);
        assert_eq!(proxy(&[("https_proxy", "squid")], "https://host/").map(|found| found.port), Some(80));
        let excepted = [("http_proxy", "squid"), ("no_proxy", "other, .example.org,host:8080")];
        assert_eq!(proxy(&excepted, "http://www.example.org/"), None);
        assert_eq!(proxy(&excepted, "http://host:8080/"), None);
        assert!(proxy(&excepted, "http://host/").is_some());
    }
}
