//! `$2b$` and its kin: bcrypt.

use crate::error::{Error, Result};
use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// bcrypt sees no more of a password.
const MOST: usize = 72;

/// Sets the bits to zero that the last character of a salt has too many.
pub(super) fn repair(salt: &str) -> String {
    let digits = BCRYPT.as_str();
    let mut repaired = salt.to_string();
    if let Some(at) = repaired.pop().and_then(|last| digits.find(last)) {
        repaired.extend(digits.chars().nth(at & 0x30));
    }
    repaired
}

pub(super) fn hash(password: &[u8], salt: &str, cost: u32, ident: &str) -> Result<String> {
    if password.contains(&0) {
        return Err(Error::template("bcrypt does not allow NULL bytes in password"));
    }
    let engine = GeneralPurpose::new(&BCRYPT, GeneralPurposeConfig::new().with_encode_padding(false));
    let decoded = GeneralPurpose::new(
        &BCRYPT,
        GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    )
    .decode(salt);
    let bytes = decoded.ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| Error::template("invalid characters in bcrypt salt"))?;
    let mut key = [password, &[0]].concat();
    if ident == "2" {
        // the first variant has no end of text: the password follows itself
        key = if password.is_empty() { key } else { password.iter().cycle().take(MOST).copied().collect() };
    }
    key.truncate(MOST);
    let digest = bcrypt::bcrypt(cost, bytes, &key);
    Ok(format!("${ident}${cost:02}${salt}{}", engine.encode(&digest[..23])))
}
