//! Where an answer sends us next.

use super::exchange::Asked;
use super::{Redirects, Response};
use crate::value::url::{self, Url};

pub(super) enum Next {
    /// The answer is the last one.
    Stop,
    /// It leads where we do not go; Python's words for that.
    Refuse(String),
    Go(Box<Asked>),
}

pub(super) fn next(response: &Response, asked: &Asked, redirects: Redirects) -> Next {
    let status = response.status;
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Next::Stop;
    }
    let Some(location) = response.header("location").or_else(|| response.header("uri")) else { return Next::Stop };
    let Ok(target) = url::join(&asked.url, &location) else { return Next::Stop };
    let (Ok(parts), Ok(here)) = (Url::split(&target), Url::split(&asked.url)) else { return Next::Stop };
    if !matches!(parts.scheme.as_str(), "http" | "https" | "ftp" | "") {
        return Next::Refuse(format!(
            "HTTP Error {status}: {} - Redirection to url '{target}' is not allowed",
            response.reason
        ));
    }
    let reading = matches!(asked.method.as_str(), "GET" | "HEAD");
    let allowed = match redirects {
        Redirects::None => false,
        Redirects::Safe => reading,
        Redirects::All => true,
        Redirects::Urllib => reading || (asked.method == "POST" && matches!(status, 301..=303)),
    };
    if !allowed {
        return Next::Stop;
    }
    let keeps_body = redirects != Redirects::Urllib && matches!(status, 307 | 308);
    let mut next = Asked {
        method: method(asked, status, redirects),
        url: target.replace(' ', "%20"),
        headers: asked.headers.clone(),
        once: Vec::new(),
        payload: if keeps_body { asked.payload.clone() } else { None },
    };
    if !keeps_body {
        let of_body = ["content-length", "content-type", "transfer-encoding"];
        next.headers.retain(|(name, _)| !of_body.contains(&name.to_ascii_lowercase().as_str()));
    }
    if parts.hostname() == here.hostname() && parts.port().ok() == here.port().ok() && parts.scheme == here.scheme {
        // what proves who we are stays with the server that it was meant for
        next.once.extend(asked.once.iter().filter(|(name, _)| name == "Authorization").cloned());
    }
    Next::Go(Box::new(next))
}

fn method(asked: &Asked, status: u16, redirects: Redirects) -> String {
    let get = match (asked.method.as_str(), status) {
        ("HEAD", _) => false,
        _ if redirects == Redirects::Urllib => true,
        (_, 302 | 303) => true,
        ("POST", 301) => true,
        _ => false,
    };
    if get { "GET".into() } else { asked.method.clone() }
}
