//! AES-256 in counter mode with an HMAC-SHA256 checksum, keys by PBKDF2: formats 1.1 and 1.2.

use super::envelope::{hex, unhex};
use super::secret::Secret;
use crate::error::{Error, Kind, Result};
use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

const BLOCK: usize = 16;
const ITERATIONS: u32 = 10_000;

type Counter = ctr::Ctr128BE<Aes256>;

/// What a secret and a salt give: the cipher's key, the checksum's key, the counter's start.
struct Keys(Zeroizing<[u8; 80]>);

impl Keys {
    fn derive(secret: &Secret, salt: &[u8]) -> Keys {
        let mut keys = Zeroizing::new([0; 80]);
        pbkdf2::pbkdf2_hmac::<Sha256>(secret.bytes(), salt, ITERATIONS, &mut *keys);
        Keys(keys)
    }

    fn checksum(&self) -> Result<Hmac<Sha256>> {
        Hmac::new_from_slice(&self.0[32..64]).map_err(|error| Error::new(Kind::Vault, error.to_string()))
    }

    fn counter(&self) -> Result<Counter> {
        Counter::new_from_slices(&self.0[..32], &self.0[64..80])
            .map_err(|error| Error::new(Kind::Vault, error.to_string()))
    }
}

/// Encrypts and decrypts, and remembers the keys it derived: that is what takes long.
#[derive(Default)]
pub(super) struct Cipher {
    /// By a digest of secret and salt.
    keys: Mutex<HashMap<[u8; 32], Arc<Keys>>>,
}

impl Cipher {
    fn keys(&self, secret: &Secret, salt: &[u8]) -> Arc<Keys> {
        let length = (secret.bytes().len() as u64).to_be_bytes();
        let digest = Sha256::new().chain_update(length).chain_update(secret.bytes()).chain_update(salt);
        let known: [u8; 32] = digest.finalize().into();
        let lock = || self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(keys) = lock().get(&known) {
            return keys.clone();
        }
        // derived without the lock, so that several can be at once
        let keys = Arc::new(Keys::derive(secret, salt));
        lock().insert(known, keys.clone());
        keys
    }

    /// The payload of an envelope: salt, checksum and ciphertext in hex, in lines.
    pub fn encrypt(&self, plain: &[u8], secret: &Secret, salt: &[u8]) -> Result<Vec<u8>> {
        let keys = self.keys(secret, salt);
        let padding = BLOCK - plain.len() % BLOCK;
        let mut data = Vec::with_capacity(plain.len() + padding);
        data.extend_from_slice(plain);
        data.resize(plain.len() + padding, padding as u8);
        keys.counter()?.apply_keystream(&mut data);
        let mut checksum = keys.checksum()?;
        checksum.update(&data);
        let checksum = checksum.finalize().into_bytes();
        Ok([hex(salt), hex(&checksum), hex(&data)].join("\n").into_bytes())
    }

    /// The plain bytes of a payload; an error when the secret does not fit.
    pub fn decrypt(&self, payload: &[u8], secret: &Secret) -> Result<Vec<u8>> {
        let mut parts = payload.splitn(3, |byte| *byte == b'\n');
        let (Some(salt), Some(sum), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::new(Kind::Vault, FORMAT));
        };
        let (salt, sum, mut data) = (unhex(salt)?, unhex(sum)?, unhex(data)?);
        let keys = self.keys(secret, &salt);
        let mut checksum = keys.checksum()?;
        checksum.update(&data);
        checksum.verify_slice(&sum).map_err(|_| Error::new(Kind::Vault, MISMATCH))?;
        keys.counter()?.apply_keystream(&mut data);
        unpad(&mut data).ok_or_else(|| Error::new(Kind::Vault, FORMAT))?;
        Ok(data)
    }
}

/// The payload is not what it should be, whatever the secret.
pub(super) const FORMAT: &str = "Vault vaulttext format error.";
/// The secret does not fit.
pub(super) const MISMATCH: &str = "HMAC verification failed: Signature did not match digest.";

/// Takes PKCS#7 padding off.
pub(super) fn unpad(data: &mut Vec<u8>) -> Option<()> {
    let padding = usize::from(*data.last()?);
    let start = data.len().checked_sub(padding)?;
    if padding == 0 || padding > BLOCK || data[start..].iter().any(|byte| usize::from(*byte) != padding) {
        return None;
    }
    data.truncate(start);
    Some(())
}
