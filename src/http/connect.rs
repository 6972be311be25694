//! The way to a server: a socket, a proxy's tunnel, TLS.

use super::proxy::{Proxies, Proxy};
use super::{Failure, Headers, Request, tls, wire};
use crate::value::url::Url;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A connection.
pub(super) struct Stream(pub Box<dyn ReadWrite>);

/// Anything to speak HTTP on.
pub(super) trait ReadWrite: Read + Write + Send {}
impl<T: Read + Write + Send> ReadWrite for T {}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Where to connect to for a URL.
pub(super) struct Route {
    host: String,
    port: u16,
    tls: bool,
    proxy: Option<Proxy>,
}

impl Route {
    pub(super) fn new(request: &Request, url: &Url, proxies: &Proxies) -> Result<Route, Failure> {
        let tls = match url.scheme.as_str() {
            "http" => false,
            "https" => true,
            other => return Err(Failure::Url(format!("unknown url type: {other}"))),
        };
        let Some(host) = url.hostname() else { return Err(Failure::Url("no host given".into())) };
        let port = url.port().map_err(|error| Failure::Fatal(format!("nonnumeric port: {}", error.message())))?;
        let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(if tls { 443 } else { 80 });
        let proxy = if request.unix_socket.is_some() { None } else { proxies.find(url) };
        Ok(Route { host, port, tls, proxy })
    }

    /// Whether the request line names the host too: what a proxy needs that is no tunnel.
    pub(super) fn names_host(&self) -> bool {
        self.proxy.is_some() && !self.tls
    }

    pub(super) fn proxy_headers(&self) -> Headers {
        match &self.proxy {
            Some(Proxy { authorization: Some(value), .. }) if !self.tls => {
                vec![("Proxy-Authorization".into(), value.clone())]
            }
            _ => Headers::new(),
        }
    }

    pub(super) fn connect(&self, request: &Request) -> Result<Stream, Failure> {
        let failed = |error: io::Error| Failure::Url(wire::words(&error));
        let stream = match (&request.unix_socket, &self.proxy) {
            (Some(path), _) => unix(path, request.timeout)?,
            (None, Some(proxy)) => {
                let mut stream = tcp(&proxy.host, proxy.port, request.timeout)?;
                if self.tls {
                    stream = self.tunnel(stream, proxy)?;
                }
                stream
            }
            (None, None) => tcp(&self.host, self.port, request.timeout)?,
        };
        if !self.tls {
            return Ok(stream);
        }
        tls::wrap(stream, &self.host, request).map_err(failed)
    }

    /// Asks the proxy for a connection to the host.
    fn tunnel(&self, mut stream: Stream, proxy: &Proxy) -> Result<Stream, Failure> {
        let failed = |error: io::Error| Failure::Url(wire::words(&error));
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let mut head = format!("CONNECT {host}:{} HTTP/1.1\r\nHost: {host}:{}\r\n", self.port, self.port);
        if let Some(value) = &proxy.authorization {
            head.push_str(&format!("Proxy-Authorization: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).map_err(failed)?;
        // one byte at a time: what comes after the head is TLS, and not ours to read
        let mut reader = BufReader::with_capacity(1, stream);
        let mut status = String::new();
        reader.by_ref().take(8192).read_line(&mut status).map_err(failed)?;
        let mut words = status.trim_end().splitn(3, ' ');
        let code = words.nth(1).unwrap_or_default();
        if code != "200" {
            let reason = words.next().unwrap_or_default();
            return Err(Failure::Url(format!("Tunnel connection failed: {code} {reason}")));
        }
        for _ in 0..100 {
            let mut line = String::new();
            reader.by_ref().take(8192).read_line(&mut line).map_err(failed)?;
            if line.trim_end().is_empty() {
                break;
            }
        }
        Ok(reader.into_inner())
    }
}

/// A timeout of zero would be none at all.
fn limit(timeout: Duration) -> Option<Duration> {
    (!timeout.is_zero()).then_some(timeout)
}

fn tcp(host: &str, port: u16, timeout: Duration) -> Result<Stream, Failure> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| Failure::Url(lookup_words(&error)))?;
    let mut last = io::Error::other("getaddrinfo returns an empty list");
    for address in addresses {
        let connected = match limit(timeout) {
            Some(timeout) => TcpStream::connect_timeout(&address, timeout),
            None => TcpStream::connect(address),
        };
        let ready = connected.and_then(|stream| {
            stream.set_read_timeout(limit(timeout))?;
            stream.set_write_timeout(limit(timeout))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        });
        match ready {
            Ok(stream) => return Ok(Stream(Box::new(stream))),
            Err(error) => last = error,
        }
    }
    Err(Failure::Url(wire::words(&last)))
}

/// The resolver's words in glibc's spelling: which library there is depends on how we were built.
fn lookup_words(error: &io::Error) -> String {
    let text = error.to_string();
    let reason = text.rsplit_once(": ").map_or(text.as_str(), |(_, reason)| reason);
    match reason {
        "Name or service not known" | "Name does not resolve" => "[Errno -2] Name or service not known".into(),
        "Temporary failure in name resolution" | "Try again" => {
            "[Errno -3] Temporary failure in name resolution".into()
        }
        "No address associated with hostname" | "Name has no usable address" => {
            "[Errno -5] No address associated with hostname".into()
        }
        reason => reason.to_string(),
    }
}

fn unix(path: &Path, timeout: Duration) -> Result<Stream, Failure> {
    let connected = UnixStream::connect(path).and_then(|stream| {
        stream.set_read_timeout(limit(timeout))?;
        stream.set_write_timeout(limit(timeout))?;
        Ok(stream)
    });
    match connected {
        Ok(stream) => Ok(Stream(Box::new(stream))),
        Err(error) => {
            let words = format!("Invalid Socket File ({}): {}", path.display(), wire::words(&error));
            Err(Failure::Url(words))
        }
    }
}
