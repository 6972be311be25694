//! TLS: whom to trust, and who we are.

use super::Request;
use super::connect::Stream;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whom to trust, and who we are.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Checks the server's certificate.
    pub verify: bool,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate (PEM, the key may be in it).
    pub client_cert: Option<PathBuf>,
    /// Our key.
    pub client_key: Option<PathBuf>,
    /// The ciphers to offer, by OpenSSL's names; none is all.
    pub ciphers: Vec<String>,
}

impl Default for Trust {
    fn default() -> Trust {
        Trust { verify: true, ca_file: None, client_cert: None, client_key: None, ciphers: Vec::new() }
    }
}

/// Where distributions keep all trusted certificates in one file.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where users put certificates of their own.
const DIRECTORIES: &[&str] = &["/etc/pki/tls/certs", "/usr/share/ca-certificates/cacert.org", "/etc/ansible"];

/// Speaks TLS on a connection; the handshake is done when this returns.
pub(super) fn wrap(mut stream: Stream, host: &str, request: &Request) -> io::Result<Stream> {
    let config = config(request)?;
    let name = ServerName::try_from(host.to_string()).map_err(io::Error::other)?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| refused(&error, host))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner) => refused(inner, host),
                None if error.kind() == io::ErrorKind::UnexpectedEof => {
                    io::Error::other("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol")
                }
                None => error,
            }
        })?;
    }
    Ok(Stream(Box::new(StreamOwned::new(connection, stream))))
}

/// OpenSSL's words, which people search for.
fn refused(error: &rustls::Error, host: &str) -> io::Error {
    let verify = |why: String| format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why}");
    io::Error::other(match error {
        rustls::Error::InvalidCertificate(why) => verify(match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate has expired".into(),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "certificate is not yet valid".into()
            }
            CertificateError::UnknownIssuer => "unable to get local issuer certificate".into(),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                let what = if host.parse::<std::net::IpAddr>().is_ok() { "IP address" } else { "Hostname" };
                format!("{what} mismatch, certificate is not valid for '{host}'.")
            }
            // an authority's certificate that nobody vouches for but itself
            CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
                "self-signed certificate".into()
            }
            CertificateError::Other(other) => other.to_string(),
            why => why.to_string(),
        }),
        rustls::Error::AlertReceived(alert) => format!("[SSL] alert received: {alert:?}"),
        rustls::Error::InvalidMessage(_) => "[SSL: WRONG_VERSION_NUMBER] wrong version number".into(),
        other => format!("[SSL] {other}"),
    })
}

fn config(request: &Request) -> io::Result<ClientConfig> {
    let trust = &request.trust;
    let provider = Arc::new(provider(&trust.ciphers)?);
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error, ""))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier(request, &provider)?);
    let Some(cert) = &trust.client_cert else { return Ok(builder.with_no_client_auth()) };
    let chain = read_certificates(cert)?;
    let key = PrivateKeyDer::from_pem_file(trust.client_key.as_ref().unwrap_or(cert))
        .map_err(|_| io::Error::other("[SSL] PEM lib: no private key in the client certificate"))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| refused(&error, ""))
}

fn provider(ciphers: &[String]) -> io::Result<CryptoProvider> {
    let mut provider = ring::default_provider();
    if ciphers.is_empty() {
        return Ok(provider);
    }
    let names: Vec<&str> = ciphers.iter().flat_map(|names| names.split([':', ',', ' '])).collect();
    provider.cipher_suites.retain(|suite| names.contains(&openssl_name(&format!("{:?}", suite.suite())).as_str()));
    if provider.cipher_suites.is_empty() {
        return Err(io::Error::other("('No cipher can be selected.',)"));
    }
    Ok(provider)
}

/// `ECDHE-RSA-AES128-GCM-SHA256` of `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; those of TLS 1.3 have one name.
fn openssl_name(name: &str) -> String {
    match name.strip_prefix("TLS_").and_then(|name| name.split_once("_WITH_")) {
        Some((exchange, cipher)) => {
            let cipher = cipher.replace("AES_", "AES").replace("CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305");
            format!("{exchange}_{cipher}").replace('_', "-")
        }
        None => name.replace("TLS13_", "TLS_"),
    }
}

fn verifier(request: &Request, provider: &Arc<CryptoProvider>) -> io::Result<Arc<dyn ServerCertVerifier>> {
    if !request.trust.verify {
        return Ok(Arc::new(Lenient { provider: provider.clone(), known: None }));
    }
    let certificates = match &request.trust.ca_file {
        Some(path) => read_certificates(path)?,
        None => system_certificates(request),
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    let inner = if roots.is_empty() {
        None
    } else {
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        Some(built.map_err(io::Error::other)?)
    };
    Ok(Arc::new(Lenient { provider: provider.clone(), known: Some((inner, certificates)) }))
}

fn read_certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let bytes = std::fs::read(path)?;
    Ok(CertificateDer::pem_slice_iter(&bytes).flatten().collect())
}

fn system_certificates(request: &Request) -> Vec<CertificateDer<'static>> {
    let named = request.var("SSL_CERT_FILE").map(PathBuf::from);
    let bundles = BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file());
    let mut files: Vec<PathBuf> = named.or(bundles).into_iter().collect();
    let directories = request.var("SSL_CERT_DIR").into_iter().chain(DIRECTORIES.iter().map(|path| path.to_string()));
    for directory in directories.filter(|path| !path.is_empty()) {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
        let wanted = |path: &PathBuf| {
            let suffix = path.extension().and_then(|suffix| suffix.to_str());
            matches!(suffix, Some("pem" | "cer" | "crt" | "0")) && path.is_file()
        };
        files.extend(entries.filter(wanted));
    }
    files.iter().flat_map(|path| read_certificates(path).unwrap_or_default()).collect()
}

/// Trusts a certificate that is itself among the trusted ones, as OpenSSL does: self-signed certificates are often
/// marked as authorities. Without `known`, trusts anything.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    known: Option<(Option<Arc<WebPkiServerVerifier>>, Vec<CertificateDer<'static>>)>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some((inner, known)) = &self.known else { return Ok(ServerCertVerified::assertion()) };
        let verified = match inner {
            Some(inner) => inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        match verified {
            // an expired one is refused before the issuer is looked for
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_) | CertificateError::UnknownIssuer))
                if known.iter().any(|one| one == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_are_known_by_openssls_names() {
        assert_eq!(openssl_name("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), "ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(openssl_name("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"), "ECDHE-ECDSA-CHACHA20-POLY1305");
        assert_eq!(openssl_name("TLS13_AES_256_GCM_SHA384"), "TLS_AES_256_GCM_SHA384");
        assert_eq!(provider(&["ECDHE-RSA-AES128-GCM-SHA256".into()]).unwrap().cipher_suites.len(), 1);
        assert!(provider(&["RC4".into()]).is_err());
    }
}
