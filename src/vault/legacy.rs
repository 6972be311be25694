//! Format 1.0 (Ansible 1.3 to 1.5): AES-256 in CBC mode as `openssl enc` does it, with a SHA-256 line before the text.

use super::cipher::{MISMATCH, unpad};
use super::secret::Secret;
use crate::error::{Error, Kind, Result};
use aes::Aes256;
use cbc::cipher::{Array, BlockModeDecrypt, KeyIvInit};
use md5::{Digest, Md5};
use sha2::Sha256;
use zeroize::Zeroizing;

const BLOCK: usize = 16;
const MAGIC: &[u8] = b"Salted__";

/// The plain bytes of a payload; an error when the secret does not fit.
pub(super) fn decrypt(payload: &[u8], secret: &Secret) -> Result<Vec<u8>> {
    let wrong = || Error::new(Kind::Vault, MISMATCH);
    let salt = payload.strip_prefix(MAGIC).and_then(|rest| rest.get(..BLOCK - MAGIC.len())).ok_or_else(wrong)?;
    let mut data = payload[BLOCK..].to_vec();
    if data.is_empty() || !data.len().is_multiple_of(BLOCK) {
        return Err(wrong());
    }
    let keys = keys(secret.bytes(), salt);
    let mut cipher = cbc::Decryptor::<Aes256>::new_from_slices(&keys[..32], &keys[32..48]).map_err(|_| wrong())?;
    for block in data.chunks_exact_mut(BLOCK) {
        let block = <&mut Array<u8, _>>::try_from(block).map_err(|_| wrong())?;
        cipher.decrypt_block(block);
    }
    unpad(&mut data).ok_or_else(wrong)?;
    let line = data.iter().position(|byte| *byte == b'\n').ok_or_else(wrong)?;
    let plain = data[line + 1..].to_vec();
    let sum = super::envelope::hex(&Sha256::digest(&plain));
    if sum.as_bytes() != &data[..line] {
        return Err(wrong());
    }
    Ok(plain)
}

/// OpenSSL's old key derivation: MD5 over what it gave before, the password and the salt.
fn keys(password: &[u8], salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut keys = Zeroizing::new(Vec::with_capacity(48));
    let mut last = Vec::new();
    while keys.len() < 48 {
        last = Md5::new().chain_update(&last).chain_update(password).chain_update(salt).finalize().to_vec();
        keys.extend_from_slice(&last);
    }
    keys
}
