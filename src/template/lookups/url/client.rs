//! One GET request, with Ansible's authentication, redirects and trust.

use super::netrc;
use crate::template::pyurl::{Url, unquote_bytes};
use base64::Engine as _;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use ureq::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// What a server may make us do.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Redirects {
    Follow,
    Refuse,
}

/// How to ask.
pub(super) struct Request {
    pub validate_certs: bool,
    pub use_proxy: bool,
    pub username: Option<String>,
    pub password: Option<String>,
    pub headers: Vec<(String, String)>,
    pub no_cache: bool,
    pub timeout: Duration,
    pub agent: String,
    pub force_basic_auth: bool,
    pub redirects: Redirects,
    pub use_netrc: bool,
    pub unix_socket: Option<String>,
    pub ca_path: Option<String>,
    /// In lower case.
    pub unredirected: Vec<String>,
}

/// What went wrong, as Python tells failures apart.
pub(super) enum Failure {
    Status(u16, String),
    Certificate(String),
    Url(String),
    Connection(String),
}

/// As many as urllib follows.
const MOST_REDIRECTS: usize = 10;

/// No answer that belongs into a variable is larger.
const MOST_BYTES: u64 = 1 << 30;

type Answer = (StatusCode, HeaderMap, Vec<u8>);

impl Request {
    /// The body of a successful answer.
    pub(super) fn get(&self, url: &str) -> Result<Vec<u8>, Failure> {
        let parts = Url::split(url).map_err(|why| Failure::Url(why.message().into()))?;
        match parts.scheme.as_str() {
            "file" => return local_file(&parts),
            "http" | "https" => {}
            "" => return Err(Failure::Url(format!("unknown url type: {}", crate::value::Value::str(url).repr()))),
            other => return Err(Failure::Url(format!("unknown url type: {other}"))),
        }
        let (user, first) = self.credentials(&parts);
        let mut sent_auth = first.is_some();
        let mut auth = first;
        let mut here = without_user(url, &parts);
        let host = |url: &str| Url::split(url).ok().map(|parts| (parts.hostname(), parts.port().ok().flatten()));
        let origin = host(&here);
        let mut redirected = false;
        for _ in 0..=MOST_REDIRECTS {
            // another host gets no password of this one
            let ours = host(&here) == origin;
            let (status, headers, body) = self.send(&here, auth.as_ref().filter(|_| ours), redirected)?;
            let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            if status.is_success() {
                return Ok(body);
            }
            let reason = status.canonical_reason().unwrap_or("").to_string();
            if status == StatusCode::UNAUTHORIZED && !sent_auth && ours {
                let basic = text(header::WWW_AUTHENTICATE)
                    .is_some_and(|scheme| scheme.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("basic")));
                if let Some((name, password)) = user.as_ref().filter(|_| basic) {
                    auth = Some(basic_auth(name, password));
                    sent_auth = true;
                    continue;
                }
            }
            let target = text(header::LOCATION).filter(|_| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308));
            let Some(target) = target.filter(|_| self.redirects == Redirects::Follow) else {
                return Err(Failure::Status(status.as_u16(), reason));
            };
            here = resolve(&here, target);
            redirected = true;
        }
        Err(Failure::Status(
            302,
            "The HTTP server returned a redirect error that would lead to an infinite loop.".into(),
        ))
    }

    /// Name and password, and the header to send before anyone asks.
    fn credentials(&self, url: &Url) -> (Option<(String, String)>, Option<String>) {
        let decoded = |text: &str| String::from_utf8_lossy(&unquote_bytes(text)).into_owned();
        let named = match &self.username {
            Some(name) => Some((name.clone(), self.password.clone().unwrap_or_default())),
            None => url.username().map(|name| (decoded(name), decoded(url.password().unwrap_or("")))),
        };
        if let Some((name, password)) = named {
            let first = self.force_basic_auth.then(|| basic_auth(&name, &password));
            return (Some((name, password)), first);
        }
        let file = std::env::var("NETRC").ok().or_else(|| Some(format!("{}/.netrc", std::env::var("HOME").ok()?)));
        let text = file.filter(|_| self.use_netrc).and_then(|file| std::fs::read_to_string(file).ok());
        let found = text.and_then(|text| netrc::find(&text, &url.hostname()?));
        let first = found.as_ref().map(|(name, password)| basic_auth(name, password));
        (found, first)
    }

    fn headers(&self, auth: Option<&String>, redirected: bool) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = vec![("User-Agent".into(), self.agent.clone())];
        let mut set = |name: &str, value: &str| {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            headers.push((name.into(), value.into()));
        };
        if self.no_cache {
            set("Cache-Control", "no-cache");
        }
        for (name, value) in &self.headers {
            if !(redirected && self.unredirected.contains(&name.to_lowercase())) {
                set(name, value);
            }
        }
        if let Some(auth) = auth {
            set("Authorization", auth);
        }
        headers
    }

    fn send(&self, url: &str, auth: Option<&String>, redirected: bool) -> Result<Answer, Failure> {
        let headers = self.headers(auth, redirected);
        if let Some(socket) = &self.unix_socket {
            return self.send_to_socket(socket, url, &headers);
        }
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(self.timeout))
            .timeout_recv_response(Some(self.timeout))
            .timeout_per_read(Some(self.timeout));
        if !self.use_proxy {
            config = config.proxy(None);
        }
        if url.starts_with("https:") {
            config = config.tls_config(self.tls()?);
        }
        let agent = config.build().new_agent();
        let mut request = agent.get(url);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let answer: Response<ureq::Body> = request.call().map_err(failure)?;
        let (parts, mut body) = answer.into_parts();
        let body = body.with_config().limit(MOST_BYTES).read_to_vec().map_err(failure)?;
        Ok((parts.status, parts.headers, body))
    }

    fn tls(&self) -> Result<TlsConfig, Failure> {
        let config = TlsConfig::builder();
        if !self.validate_certs {
            return Ok(config.disable_verification(true).build());
        }
        let bundle = match &self.ca_path {
            Some(path) => Some(std::fs::read(path).map_err(|why| Failure::Url(format!("{path}: {why}")))?),
            None => system_bundle(),
        };
        let Some(bundle) = bundle else { return Ok(config.build()) };
        let certificates: Vec<Certificate<'static>> = parse_pem(&bundle)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        Ok(config.root_certs(RootCerts::new_with_certs(&certificates)).build())
    }

    /// HTTP/1.0 over a socket of this host: the answer ends where the connection does.
    fn send_to_socket(&self, socket: &str, url: &str, headers: &[(String, String)]) -> Result<Answer, Failure> {
        let failed = |why: std::io::Error| Failure::Url(format!("Invalid Socket File ({socket}): {why}"));
        let parts = Url::split(url).map_err(|why| Failure::Url(why.message().into()))?;
        if parts.scheme == "https" {
            return Err(Failure::Url("https over a UNIX socket is not supported".into()));
        }
        let mut stream = UnixStream::connect(socket).map_err(failed)?;
        stream.set_read_timeout(Some(self.timeout)).map_err(failed)?;
        let path = if parts.path.is_empty() { "/" } else { &parts.path };
        let query = if parts.query.is_empty() { String::new() } else { format!("?{}", parts.query) };
        let mut text = format!("GET {path}{query} HTTP/1.0\r\nHost: {}\r\n", parts.netloc);
        for (name, value) in headers {
            if [name, value].iter().any(|part| part.contains(['\r', '\n'])) {
                return Err(Failure::Url(format!("Invalid header value for {name}")));
            }
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{text}\r\n").as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        stream.take(MOST_BYTES).read_to_end(&mut answer).map_err(failed)?;
        parse_answer(&answer).ok_or_else(|| Failure::Connection("the server's answer is no HTTP".into()))
    }
}

fn parse_answer(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let name = header::HeaderName::try_from(name.trim()).ok();
        if let (Some(name), Ok(value)) = (name, HeaderValue::try_from(value.trim())) {
            headers.append(name, value);
        }
    }
    Some((status, headers, answer[end + 4..].to_vec()))
}

fn local_file(url: &Url) -> Result<Vec<u8>, Failure> {
    let path = String::from_utf8_lossy(&unquote_bytes(&url.path)).into_owned();
    std::fs::read(&path).map_err(|why| {
        let why = crate::template::filters::paths::os_error(&why);
        Failure::Url(format!("{why}: {}", crate::value::Value::from(path).repr()))
    })
}

fn basic_auth(name: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}")))
}

/// The URL without name and password, which belong into a header.
fn without_user(url: &str, parts: &Url) -> String {
    match parts.netloc.rsplit_once('@') {
        Some((_, host)) => url.replacen(&parts.netloc, host, 1),
        None => url.to_string(),
    }
}

/// A redirect's target, which may be relative.
fn resolve(base: &str, target: &str) -> String {
    let target = target.replace(' ', "%20");
    if target.contains("://") {
        return target;
    }
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    if let Some(rest) = target.strip_prefix("//") {
        return format!("{scheme}://{rest}");
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    if target.starts_with('/') {
        return format!("{scheme}://{host}{target}");
    }
    let path = path.split(['?', '#']).next().unwrap_or("");
    let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
    let joined = crate::template::pypath::normpath(&format!("{folder}{target}"));
    format!("{scheme}://{host}{joined}")
}

/// The certificates that this host trusts; without any, those that come with us.
fn system_bundle() -> Option<Vec<u8>> {
    let named = std::env::var("SSL_CERT_FILE").ok();
    let places = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    named.iter().map(String::as_str).chain(places).find_map(|path| std::fs::read(path).ok())
}

fn failure(why: ureq::Error) -> Failure {
    match why {
        ureq::Error::Rustls(why) => Failure::Certificate(why.to_string()),
        ureq::Error::Tls(why) => Failure::Certificate(why.to_string()),
        ureq::Error::Io(why) => match why.raw_os_error() {
            Some(_) => Failure::Url(crate::template::filters::paths::os_error(&why)),
            None if why.to_string().contains("certificate") => Failure::Certificate(why.to_string()),
            None => Failure::Url(why.to_string()),
        },
        ureq::Error::Timeout(_) => Failure::Url("timed out".into()),
        ureq::Error::HostNotFound => Failure::Url("[Errno -2] Name or service not known".into()),
        ureq::Error::Protocol(why) => Failure::Connection(why.to_string()),
        other => Failure::Url(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;

    fn request() -> Request {
        Request {
            validate_certs: true,
            use_proxy: false,
            username: None,
            password: None,
            headers: Vec::new(),
            no_cache: false,
            timeout: Duration::from_secs(10),
            agent: "ansible-httpget".into(),
            force_basic_auth: false,
            redirects: Redirects::Follow,
            use_netrc: false,
            unix_socket: None,
            ca_path: None,
            unredirected: Vec::new(),
        }
    }

    /// Answers each request with the next answer; gives the port and what was asked.
    fn serve(answers: Vec<String>) -> (u16, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut head = String::new();
                while reader.read_line(&mut head).unwrap() > 2 {}
                asked.push(head);
                stream.write_all(answer.as_bytes()).unwrap();
            }
            asked
        });
        (port, asked)
    }

    fn answer(head: &str, body: &str) -> String {
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    }

    #[test]
    fn a_redirect_is_followed_with_the_headers() {
        let (port, asked) = serve(vec![answer("302 Found\r\nLocation: next?x=1", ""), answer("200 OK", "hello")]);
        let mut request = request();
        request.headers = vec![("X-A".into(), "1".into()), ("X-Once".into(), "2".into())];
        request.unredirected = vec!["x-once".into()];
        let body = request.get(&format!("http://127.0.0.1:{port}/a/b")).ok().unwrap();
        assert_eq!(body, b"hello");
        let asked = asked.join().unwrap();
        assert!(asked[0].to_lowercase().contains("x-once: 2"));
        assert!(asked[1].starts_with("GET /a/next?x=1 "), "{}", asked[1]);
        let second = asked[1].to_lowercase();
        assert!(
            second.contains("x-a: 1") && !second.contains("x-once") && second.contains("user-agent: ansible-httpget")
        );
    }

    #[test]
    fn a_password_is_sent_when_the_server_asks() {
        let (port, asked) =
            serve(vec![answer("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x", ""), answer("200 OK", "in")]);
        let body = request().get(&format!("http://bob:p%40ss@127.0.0.1:{port}/")).ok().unwrap();
        assert_eq!(body, b"in");
        let asked = asked.join().unwrap();
        assert!(!asked[0].to_lowercase().contains("authorization"));
        assert!(asked[1].contains("Basic Ym9iOnBAc3M="), "{}", asked[1]);
    }

    #[test]
    fn a_refusal_names_its_status() {
        let (port, _asked) = serve(vec![answer("404 Not Found", "no")]);
        match request().get(&format!("http://127.0.0.1:{port}/")) {
            Err(Failure::Status(404, reason)) => assert_eq!(reason, "Not Found"),
            _ => panic!("a missing page is an error"),
        }
    }

    #[test]
    fn a_unix_socket_is_asked_in_place_of_the_host() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while reader.read_line(&mut head).unwrap() > 2 {}
            stream.write_all(b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nsocket").unwrap();
            head
        });
        let mut request = request();
        request.unix_socket = Some(path.to_string_lossy().into_owned());
        assert_eq!(request.get("http://localhost/containers?all=1").ok().unwrap(), b"socket");
        assert!(server.join().unwrap().starts_with("GET /containers?all=1 HTTP/1.0\r\nHost: localhost\r\n"));
    }
}
