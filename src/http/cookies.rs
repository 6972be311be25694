//! Cookies, for as long as one exchange lasts.

use super::Headers;
use crate::value::url::Url;

struct Cookie {
    name: String,
    value: String,
    /// The host it is for; with a dot in front, the hosts below it too.
    domain: String,
    path: String,
    secure: bool,
}

/// The cookies that servers gave us.
#[derive(Default)]
pub(super) struct Jar(Vec<Cookie>);

impl Jar {
    /// Takes the cookies of an answer.
    pub(super) fn take(&mut self, url: &Url, headers: &Headers) {
        let host = url.hostname().unwrap_or_default();
        for (_, text) in headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let Some((cookie, gone)) = parse(text, &host, &url.path) else { continue };
            let same = |known: &Cookie| {
                known.name == cookie.name && known.domain == cookie.domain && known.path == cookie.path
            };
            let at = self.0.iter().position(same);
            match (at, gone) {
                (Some(at), true) => drop(self.0.remove(at)),
                (None, true) => {}
                (Some(at), false) => self.0[at] = cookie,
                (None, false) => self.0.push(cookie),
            }
        }
    }

    /// The value of `Cookie` for a URL.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let host = url.hostname().unwrap_or_default();
        let path = if url.path.is_empty() { "/" } else { &url.path };
        let mut fitting: Vec<&Cookie> = self
            .0
            .iter()
            .filter(|cookie| in_domain(&host, &cookie.domain) && in_path(path, &cookie.path))
            .filter(|cookie| !cookie.secure || url.scheme == "https")
            .collect();
        // the most exact path first
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Names and values of all.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.0.iter().map(|cookie| (cookie.name.clone(), cookie.value.clone())).collect()
    }
}

fn in_domain(host: &str, domain: &str) -> bool {
    match domain.strip_prefix('.') {
        Some(bare) => host == bare || host.ends_with(domain),
        None => host == domain,
    }
}

fn in_path(path: &str, wanted: &str) -> bool {
    match path.strip_prefix(wanted) {
        Some(rest) => rest.is_empty() || wanted.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// A cookie, and whether it is to be forgotten; `None` for one that the server may not set.
fn parse(text: &str, host: &str, path: &str) -> Option<(Cookie, bool)> {
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let directory = path.rfind('/').map_or("/", |at| if at == 0 { "/" } else { &path[..at] });
    let mut cookie = Cookie {
        name: name.trim().to_string(),
        value: value.trim().to_string(),
        domain: host.to_string(),
        path: directory.to_string(),
        secure: false,
    };
    let (mut gone, mut aged) = (false, false);
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "domain" if !value.is_empty() => {
                cookie.domain = format!(".{}", value.trim_start_matches('.').to_ascii_lowercase());
            }
            "path" if value.starts_with('/') => cookie.path = value.to_string(),
            "secure" => cookie.secure = true,
            "max-age" => {
                aged = true;
                gone = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0);
            }
            // Max-Age wins over Expires
            "expires" if !aged => gone = is_past(value),
            _ => {}
        }
    }
    (!cookie.name.is_empty() && in_domain(host, &cookie.domain)).then_some((cookie, gone))
}

fn is_past(date: &str) -> bool {
    let date = date.replace('-', " ");
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date);
    parsed.is_ok_and(|time| time <= jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(cookies: &[&str]) -> Jar {
        let headers: Headers = cookies.iter().map(|text| ("Set-Cookie".to_string(), text.to_string())).collect();
        let mut jar = Jar::default();
        jar.take(&Url::split("http://www.example.org/a/b").unwrap(), &headers);
        jar
    }

    #[test]
    fn cookies_go_where_they_belong() {
        let jar = jar(&["x=1", "y=2; Path=/; Domain=example.org", "z=3; secure", "w=4; Domain=other.org"]);
        let header = |url: &str| jar.header(&Url::split(url).unwrap());
        assert_eq!(header("http://www.example.org/a/c").as_deref(), Some("x=1; y=2"));
        assert_eq!(header("https://www.example.org/a").as_deref(), Some("x=1; z=3; y=2"));
        assert_eq!(header("http://api.example.org/a").as_deref(), Some("y=2"));
        assert_eq!(header("http://example.com/a"), None);
    }

    #[test]
    fn a_cookie_can_be_taken_back() {
        let jar = jar(&["x=1", "y=2", "x=; Max-Age=0", "y=; expires=Thu, 01-Jan-1970 00:00:00 GMT"]);
        assert!(jar.all().is_empty());
    }
}
