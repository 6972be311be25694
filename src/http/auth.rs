//! Who we are: basic and digest authentication.

use super::{Credentials, Headers};
use base64::Engine as _;
use sha1::Digest as _;

/// The value of `Authorization` for basic authentication.
pub(super) fn basic(credentials: &Credentials) -> String {
    let pair = format!("{}:{}", credentials.user, credentials.password);
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// What a server asks for.
pub(super) enum Challenge {
    Basic,
    Digest(DigestChallenge),
}

/// The strongest challenge that we can meet.
pub(super) fn challenge(headers: &Headers) -> Option<Challenge> {
    let offers = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    let mut basic = None;
    for (_, value) in offers {
        let (scheme, rest) = value.trim().split_once([' ', '\t']).unwrap_or((value.trim(), ""));
        if scheme.eq_ignore_ascii_case("digest")
            && let Some(challenge) = DigestChallenge::parse(rest)
        {
            return Some(Challenge::Digest(challenge));
        }
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        }
    }
    basic
}

/// A digest challenge.
pub(super) struct DigestChallenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Option<String>,
    qop: bool,
}

impl DigestChallenge {
    fn parse(text: &str) -> Option<DigestChallenge> {
        let fields = fields(text);
        let get = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let algorithm = get("algorithm");
        if !matches!(algorithm.as_deref(), None | Some("MD5" | "SHA" | "SHA-256")) {
            return None;
        }
        let qop = get("qop");
        // protection of the content as a whole is not spoken by anyone
        if qop.as_deref().is_some_and(|qop| !qop.split(',').any(|part| part.trim() == "auth")) {
            return None;
        }
        Some(DigestChallenge {
            realm: get("realm")?,
            nonce: get("nonce")?,
            opaque: get("opaque"),
            algorithm,
            qop: qop.is_some(),
        })
    }

    fn hash(&self, text: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match self.algorithm.as_deref() {
            Some("SHA") => hex(&sha1::Sha1::digest(text)),
            Some("SHA-256") => hex(&sha2::Sha256::digest(text)),
            _ => hex(&md5::Md5::digest(text)),
        }
    }

    /// The value of `Authorization` that meets it.
    pub(super) fn answer(&self, credentials: &Credentials, method: &str, target: &str, count: u32) -> Option<String> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).ok()?;
        let cnonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(self.answer_with(credentials, method, target, count, &cnonce))
    }

    fn answer_with(&self, credentials: &Credentials, method: &str, target: &str, count: u32, cnonce: &str) -> String {
        let secret = self.hash(&format!("{}:{}:{}", credentials.user, self.realm, credentials.password));
        let what = self.hash(&format!("{method}:{target}"));
        let response = if self.qop {
            self.hash(&format!("{secret}:{}:{count:08x}:{cnonce}:auth:{what}", self.nonce))
        } else {
            self.hash(&format!("{secret}:{}:{what}", self.nonce))
        };
        let mut text = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{target}\", response=\"{response}\"",
            credentials.user, self.realm, self.nonce
        );
        if let Some(opaque) = &self.opaque {
            text.push_str(&format!(", opaque=\"{opaque}\""));
        }
        text.push_str(&format!(", algorithm=\"{}\"", self.algorithm.as_deref().unwrap_or("MD5")));
        if self.qop {
            text.push_str(&format!(", qop=auth, nc={count:08x}, cnonce=\"{cnonce}\""));
        }
        text
    }
}

/// `name="value", name=value`, names in lower case.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',', '\t']);
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, tail) = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                (&quoted[..end], quoted.get(end + 1..).unwrap_or(""))
            }
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        fields.push((name.trim().to_ascii_lowercase(), value.trim().to_string()));
        rest = tail.trim_start_matches([' ', ',', '\t']);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_rfcs_example() {
        let challenge = DigestChallenge::parse(
            r#"realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#,
        );
        let credentials = Credentials { user: "Mufasa".into(), password: "Circle Of Life".into() };
        let answer = challenge.unwrap().answer_with(&credentials, "GET", "/dir/index.html", 1, "0a4f113b");
        assert!(answer.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{answer}");
    }

    #[test]
    fn the_stronger_challenge_is_met() {
        let headers = vec![
            ("WWW-Authenticate".to_string(), "Basic realm=\"x\"".to_string()),
            ("www-authenticate".to_string(), "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"".to_string()),
        ];
        assert!(matches!(challenge(&headers), Some(Challenge::Basic)));
    }
}
