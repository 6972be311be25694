//! What is asked for, and the way to an answer.

use super::auth::{self, Challenge};
use super::connect::Route;
use super::cookies::Jar;
use super::exchange::{self, Asked};
use super::netrc;
use super::proxy::Proxies;
use super::redirect::{self, Next};
use super::tls::Trust;
use super::{Failure, Headers, Response};
use crate::value::url::{self, Url};
use std::path::PathBuf;
use std::time::Duration;

/// What to send as body.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Content in memory.
    Bytes(Vec<u8>),
    /// A file, streamed.
    File(PathBuf),
}

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// None.
    None,
    /// Those of GET and HEAD.
    Safe,
    /// All.
    All,
    /// As Python's `urllib` does.
    Urllib,
}

/// A user and a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// `http`, `https`; user and password may be in it.
    pub url: String,
    /// The user's own headers, which win over ours.
    pub headers: Headers,
    /// Names of headers that are not sent on after a redirect.
    pub unredirected: Vec<String>,
    /// The body.
    pub payload: Option<Payload>,
    /// How long a connection attempt or a silence may last.
    pub timeout: Duration,
    /// `User-agent`.
    pub agent: String,
    /// Wants nothing cached.
    pub no_cache: bool,
    /// Wants it only if it is newer.
    pub modified_since: Option<jiff::Timestamp>,
    /// User and password.
    pub credentials: Option<Credentials>,
    /// Sends them at once, not only when asked for.
    pub force_basic: bool,
    /// Takes them from `~/.netrc` when there are no others.
    pub use_netrc: bool,
    /// Goes through the proxies that the environment names.
    pub use_proxy: bool,
    /// Which redirects are followed.
    pub redirects: Redirects,
    /// Speaks to this socket, whatever host the URL names.
    pub unix_socket: Option<PathBuf>,
    /// Undoes gzip.
    pub decompress: bool,
    /// Whom to trust, and who we are.
    pub trust: Trust,
    /// The environment: proxies, `NETRC`, `HOME`, certificates.
    pub environment: Vec<(String, String)>,
}

/// Python's limit.
const MAX_REDIRECTS: usize = 10;

/// As often as Python tries a password.
const MAX_DIGESTS: usize = 5;

impl Request {
    /// A GET with what Ansible's modules set if they are told nothing.
    pub fn new(url: impl Into<String>) -> Request {
        Request {
            method: "GET".into(),
            url: url.into(),
            headers: Headers::new(),
            unredirected: Vec::new(),
            payload: None,
            timeout: Duration::from_secs(10),
            agent: "ansible-httpget".into(),
            no_cache: false,
            modified_since: None,
            credentials: None,
            force_basic: false,
            use_netrc: true,
            use_proxy: true,
            redirects: Redirects::Urllib,
            unix_socket: None,
            decompress: true,
            trust: Trust::default(),
            environment: Vec::new(),
        }
    }

    /// Asks until there is an answer to give back.
    pub fn send(&self) -> Result<Response, Failure> {
        Attempt::new(self)?.run()
    }

    pub(super) fn var(&self, name: &str) -> Option<String> {
        let own = self.environment.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        own.or_else(|| std::env::var(name).ok())
    }
}

/// A request under way.
struct Attempt<'a> {
    request: &'a Request,
    asked: Asked,
    jar: Jar,
    proxies: Proxies,
    credentials: Option<Credentials>,
    /// The host that the credentials are for.
    home: String,
    visited: Vec<String>,
}

impl Attempt<'_> {
    fn new(request: &Request) -> Result<Attempt<'_>, Failure> {
        let mut url = Url::split(&request.url).map_err(|error| Failure::Fatal(error.message().to_string()))?;
        if url.scheme.is_empty() {
            let shown = crate::value::Value::str(request.url.as_str()).repr();
            return Err(Failure::Fatal(format!("unknown url type: {shown}")));
        }
        let mut credentials = request.credentials.clone().filter(|credentials| !credentials.user.is_empty());
        if credentials.is_none() {
            credentials = take_credentials(&mut url);
        }
        let mut attempt = Attempt {
            request,
            home: url.netloc.clone(),
            asked: Asked {
                method: request.method.clone(),
                url: if request.url.contains('@') { url.to_string() } else { request.url.clone() },
                headers: Headers::new(),
                once: Headers::new(),
                payload: request.payload.clone(),
            },
            jar: Jar::default(),
            proxies: Proxies::new(request),
            credentials,
            visited: Vec::new(),
        };
        attempt.add_headers(&url);
        Ok(attempt)
    }

    fn add_headers(&mut self, url: &Url) {
        let request = self.request;
        let mut headers = vec![("User-Agent".to_string(), request.agent.clone())];
        if request.agent.is_empty() {
            headers.clear();
        }
        if request.no_cache {
            headers.push(("Cache-Control".into(), "no-cache".into()));
        } else if let Some(time) = request.modified_since {
            let text = time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            headers.push(("If-Modified-Since".into(), text));
        }
        match &self.credentials {
            Some(credentials) if request.force_basic => {
                self.asked.once.push(("Authorization".into(), auth::basic(credentials)));
            }
            None if request.use_netrc => {
                if let Some(credentials) = url.hostname().and_then(|host| netrc::find(request, &host)) {
                    self.asked.once.push(("Authorization".into(), auth::basic(&credentials)));
                }
            }
            _ => {}
        }
        for (name, value) in &request.headers {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            self.asked.once.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if request.unredirected.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                self.asked.once.push((name.clone(), value.clone()));
            } else {
                headers.push((name.clone(), value.clone()));
            }
        }
        self.asked.headers = headers;
    }

    fn run(&mut self) -> Result<Response, Failure> {
        let mut digests = 0;
        loop {
            let mut response = self.exchange()?;
            if response.status == 401
                && let Some(answer) = self.answer(&response, &mut digests)
            {
                self.asked.once.retain(|(name, _)| !name.eq_ignore_ascii_case("Authorization"));
                self.asked.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Authorization"));
                self.asked.once.push(("Authorization".into(), answer));
                continue;
            }
            if (200..300).contains(&response.status) {
                response.cookies = self.jar.all();
                return Ok(response);
            }
            match redirect::next(&response, &self.asked, self.request.redirects) {
                Next::Stop => {}
                Next::Refuse(why) => {
                    response.error = Some(why);
                    return Ok(response);
                }
                Next::Go(next) => {
                    if self.visited.len() >= MAX_REDIRECTS || self.visits(&next.url) >= 4 {
                        response.error = Some(format!(
                            "HTTP Error {}: The HTTP server returned a redirect error that would lead to an infinite \
                             loop.\nThe last 30x error message was:\n{}",
                            response.status, response.reason
                        ));
                        return Ok(response);
                    }
                    self.visited.push(next.url.clone());
                    self.asked = *next;
                    continue;
                }
            }
            let reason = if digests >= MAX_DIGESTS { "digest auth failed" } else { response.reason.as_str() };
            response.error = Some(format!("HTTP Error {}: {reason}", response.status));
            return Ok(response);
        }
    }

    fn visits(&self, url: &str) -> usize {
        self.visited.iter().filter(|visited| *visited == url).count()
    }

    fn exchange(&mut self) -> Result<Response, Failure> {
        let url = Url::split(&self.asked.url).map_err(|error| Failure::Url(error.message().to_string()))?;
        let route = Route::new(self.request, &url, &self.proxies)?;
        let cookies = self.jar.header(&url);
        let response = exchange::run(self.request, &self.asked, &url, &route, cookies)?;
        self.jar.take(&url, &response.headers);
        Ok(response)
    }

    /// What answers the server's challenge, if we can and have not tried already.
    fn answer(&self, response: &Response, digests: &mut usize) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        let url = Url::split(&self.asked.url).ok()?;
        if url.netloc.rsplit('@').next() != self.home.rsplit('@').next() {
            return None;
        }
        match auth::challenge(&response.headers)? {
            Challenge::Digest(challenge) if *digests < MAX_DIGESTS => {
                *digests += 1;
                let target = exchange::target(&url);
                challenge.answer(credentials, &self.asked.method, &target, *digests as u32)
            }
            Challenge::Basic => {
                let answer = auth::basic(credentials);
                let tried = self.asked.once.iter().any(|(_, value)| *value == answer);
                (!tried).then_some(answer)
            }
            Challenge::Digest(_) => None,
        }
    }
}

/// Takes user and password out of the URL.
fn take_credentials(url: &mut Url) -> Option<Credentials> {
    let (credentials, host) = url.netloc.split_once('@').map(|(user, host)| (user.to_string(), host.to_string()))?;
    let (user, password) = credentials.split_once(':').unwrap_or((&credentials, ""));
    let plain = |text: &str| String::from_utf8_lossy(&url::unquote_bytes(text)).into_owned();
    let credentials = Credentials { user: plain(user), password: plain(password) };
    url.netloc = host;
    (!credentials.user.is_empty()).then_some(credentials)
}
