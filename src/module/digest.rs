//! Checksums of files and texts.

use super::{Failure, oserror};
use sha1::Digest as _;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A checksum algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5, for old habits only.
    Md5,
    /// SHA-1, what Ansible compares files by.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// All algorithms by name.
pub const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("md5", Algorithm::Md5),
    ("sha1", Algorithm::Sha1),
    ("sha224", Algorithm::Sha224),
    ("sha256", Algorithm::Sha256),
    ("sha384", Algorithm::Sha384),
    ("sha512", Algorithm::Sha512),
];

/// The algorithm of a name.
pub fn algorithm(name: &str) -> Option<Algorithm> {
    ALGORITHMS.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
}

/// A checksum being computed.
pub enum Hasher {
    /// MD5.
    Md5(md5::Md5),
    /// SHA-1.
    Sha1(sha1::Sha1),
    /// SHA-224.
    Sha224(sha2::Sha224),
    /// SHA-256.
    Sha256(sha2::Sha256),
    /// SHA-384.
    Sha384(sha2::Sha384),
    /// SHA-512.
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// Starts a checksum.
    pub fn new(algorithm: Algorithm) -> Hasher {
        match algorithm {
            Algorithm::Md5 => Hasher::Md5(Default::default()),
            Algorithm::Sha1 => Hasher::Sha1(Default::default()),
            Algorithm::Sha224 => Hasher::Sha224(Default::default()),
            Algorithm::Sha256 => Hasher::Sha256(Default::default()),
            Algorithm::Sha384 => Hasher::Sha384(Default::default()),
            Algorithm::Sha512 => Hasher::Sha512(Default::default()),
        }
    }

    /// Takes more content.
    pub fn update(&mut self, content: &[u8]) {
        match self {
            Hasher::Md5(hasher) => hasher.update(content),
            Hasher::Sha1(hasher) => hasher.update(content),
            Hasher::Sha224(hasher) => hasher.update(content),
            Hasher::Sha256(hasher) => hasher.update(content),
            Hasher::Sha384(hasher) => hasher.update(content),
            Hasher::Sha512(hasher) => hasher.update(content),
        }
    }

    /// The checksum in hexadecimal.
    pub fn hex(self) -> String {
        match self {
            Hasher::Md5(hasher) => hex(&hasher.finalize()),
            Hasher::Sha1(hasher) => hex(&hasher.finalize()),
            Hasher::Sha224(hasher) => hex(&hasher.finalize()),
            Hasher::Sha256(hasher) => hex(&hasher.finalize()),
            Hasher::Sha384(hasher) => hex(&hasher.finalize()),
            Hasher::Sha512(hasher) => hex(&hasher.finalize()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The checksum of content in memory.
pub fn of_bytes(content: &[u8], algorithm: Algorithm) -> String {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(content);
    hasher.hex()
}

/// The checksums of a file, by one pass over it.
pub fn of_file<const N: usize>(path: &Path, algorithms: [Algorithm; N]) -> io::Result<[String; N]> {
    let mut file = File::open(path)?;
    let mut hashers = algorithms.map(Hasher::new);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hashers.map(Hasher::hex)),
            Ok(length) => hashers.iter_mut().for_each(|hasher| hasher.update(&buffer[..length])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The SHA-1 of a file, or the failure that reading it is.
pub fn sha1(path: &Path) -> Result<String, Failure> {
    if path.is_dir() {
        return Err(Failure::new(format!("attempted to take checksum of directory: {}", path.display())));
    }
    let [sum] = of_file(path, [Algorithm::Sha1]).map_err(|error| Failure::raised(oserror::bytes(&error, path)))?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_known_ones() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let [md5, sha1] = of_file(file.path(), [Algorithm::Md5, Algorithm::Sha1]).unwrap();
        assert_eq!(md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
        let sha256 = of_bytes(b"abc", Algorithm::Sha256);
        assert!(sha256.starts_with("ba7816bf8f01cfea414140de5dae2223b00361a3"));
    }
}
