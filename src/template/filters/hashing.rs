//! `hash`, `md5`, `sha1`, `checksum`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Filter};
use crate::value::Value;
use sha2::Digest;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("hash", |_, input, mut args| {
        let kind = args.take("hashtype").unwrap_or_else(|| Value::str("sha1"));
        args.finish("get_hash")?;
        match kind.as_str() {
            Some(kind) => digest(kind, &arg::bytes(&input)).map(Value::from),
            None => Err(Error::template("name must be a string")),
        }
    }),
    Filter::new("md5", |_, input, args| fixed("md5", input, args)),
    Filter::new("sha1", |_, input, args| fixed("sha1", input, args)),
    Filter::new("checksum", |_, input, args| fixed("sha1", input, args)),
];

fn fixed(kind: &str, input: Value, mut args: Args) -> Result<Value> {
    args.finish(if kind == "md5" { "md5s" } else { "secure_hash_s" })?;
    digest(kind, &arg::bytes(&input)).map(Value::from)
}

/// The digest of some bytes in hexadecimal, by the name that Python's `hashlib` gives the algorithm.
pub fn digest(kind: &str, data: &[u8]) -> Result<String> {
    let bytes = match kind.to_ascii_lowercase().as_str() {
        "md5" => md5::Md5::digest(data).to_vec(),
        "sha1" => sha1::Sha1::digest(data).to_vec(),
        "sha224" => sha2::Sha224::digest(data).to_vec(),
        "sha256" => sha2::Sha256::digest(data).to_vec(),
        "sha384" => sha2::Sha384::digest(data).to_vec(),
        "sha512" => sha2::Sha512::digest(data).to_vec(),
        "sha512_224" => sha2::Sha512_224::digest(data).to_vec(),
        "sha512_256" => sha2::Sha512_256::digest(data).to_vec(),
        "sha3_224" => sha3::Sha3_224::digest(data).to_vec(),
        "sha3_256" => sha3::Sha3_256::digest(data).to_vec(),
        "sha3_384" => sha3::Sha3_384::digest(data).to_vec(),
        "sha3_512" => sha3::Sha3_512::digest(data).to_vec(),
        "blake2b" => blake2::Blake2b512::digest(data).to_vec(),
        "blake2s" => blake2::Blake2s256::digest(data).to_vec(),
        "ripemd160" => ripemd::Ripemd160::digest(data).to_vec(),
        "shake_128" | "shake_256" => {
            return Err(Error::template("hexdigest() missing required argument 'length' (pos 1)"));
        }
        _ => return Err(Error::template(format!("unsupported hash type {kind}"))),
    };
    Ok(hex(&bytes))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_hashlibs() {
        assert_eq!(digest("md5", b"a").unwrap(), "0cc175b9c0f1b6a831c399e269772661");
        assert!(digest("blake2b", b"a").unwrap().starts_with("333fcb4ee1aa7c11"));
        assert_eq!(digest("nope", b"").unwrap_err().message(), "unsupported hash type nope");
    }
}
