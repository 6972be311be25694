//! A password.

use crate::error::{Error, Kind, Result};
use std::fmt;
use zeroize::Zeroizing;

/// A password, forgotten when it is dropped and never shown.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A secret from its bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// A secret that must not be empty; `whence` completes the error's sentence.
    pub(super) fn checked(bytes: &[u8], whence: &str) -> Result<Secret> {
        if bytes.is_empty() {
            return Err(Error::new(Kind::Vault, format!("Invalid vault password was provided{whence}")));
        }
        Ok(Secret::new(bytes))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}
