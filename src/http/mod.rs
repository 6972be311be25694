//! HTTP as Ansible's `open_url` speaks it: what `uri` and `get_url` are defined by.
//!
//! One [`Request`] is one exchange, with the redirects, the authentication and the proxy it takes. The words of failures
//! are Python's, since playbooks look at them. Every connection carries one request and is closed.

mod auth;
mod connect;
mod cookies;
mod exchange;
mod netrc;
mod proxy;
mod redirect;
mod request;
mod tls;
mod wire;

pub use request::{Credentials, Payload, Redirects, Request};
pub use wire::Body;

/// Headers in the order they came, names as they were written.
pub type Headers = Vec<(String, String)>;

/// The value of a header; several of one name are joined, as their meaning allows.
pub fn header(headers: &Headers, name: &str) -> Option<String> {
    let values: Vec<&str> =
        headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// What came back: also a status that is an error.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The words beside it.
    pub reason: String,
    /// Where it came from in the end.
    pub url: String,
    /// The headers.
    pub headers: Headers,
    /// The cookies that the exchange left: name and value.
    pub cookies: Vec<(String, String)>,
    /// The content.
    pub body: Body,
    /// For a status that Python raises as an error: its words, `HTTP Error 404: Not Found`.
    pub error: Option<String>,
}

impl Response {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.headers, name)
    }
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection, no name, no trust: Python's `URLError`.
    #[error("<urlopen error {0}>")]
    Url(String),
    /// Trouble on an open connection.
    #[error("{0}")]
    Broken(String),
    /// The request cannot be made at all: Ansible gives up at once.
    #[error("{0}")]
    Fatal(String),
}
