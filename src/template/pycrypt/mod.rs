//! Password hashes in the formats of `/etc/shadow`: MD5, SHA-256, SHA-512 and bcrypt, with the limits that passlib sets.

mod blowfish;
mod md5;
mod sha2;

use super::pyrandom::Random;
use crate::error::{Error, Result};
use crate::value::Value;

/// One of the schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Md5,
    Bcrypt,
    Sha256,
    Sha512,
}

/// What a hash is made with, as far as it is given.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Without one a random salt is taken.
    pub salt: Option<String>,
    /// The length of a random salt.
    pub salt_size: Option<i64>,
    /// Rounds, or bcrypt's cost.
    pub rounds: Option<i64>,
    /// bcrypt's variant.
    pub ident: Option<String>,
}

impl Scheme {
    /// A scheme by passlib's name.
    pub fn find(name: &str) -> Option<Scheme> {
        Some(match name {
            "md5_crypt" => Scheme::Md5,
            "bcrypt" => Scheme::Bcrypt,
            "sha256_crypt" => Scheme::Sha256,
            "sha512_crypt" => Scheme::Sha512,
            _ => return None,
        })
    }

    /// passlib's name.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Md5 => "md5_crypt",
            Scheme::Bcrypt => "bcrypt",
            Scheme::Sha256 => "sha256_crypt",
            Scheme::Sha512 => "sha512_crypt",
        }
    }

    /// The length of its salts.
    pub fn salt_size(self) -> usize {
        match self {
            Scheme::Md5 => 8,
            Scheme::Bcrypt => 22,
            Scheme::Sha256 | Scheme::Sha512 => 16,
        }
    }

    /// The variant that is written where none is named.
    pub fn implicit_ident(self) -> Option<&'static str> {
        (self == Scheme::Bcrypt).then_some("2b")
    }

    fn bounds(self) -> (i64, i64, i64) {
        match self {
            Scheme::Md5 => (1000, 1000, 1000),
            Scheme::Bcrypt => (4, 31, 12),
            Scheme::Sha256 => (1000, 999_999_999, 535_000),
            Scheme::Sha512 => (1000, 999_999_999, 656_000),
        }
    }

    /// Hashes a password.
    pub fn hash(self, password: &[u8], settings: &Settings) -> Result<String> {
        let rounds = self.rounds(settings)?;
        let salt = self.salt(settings).map_err(refused)?;
        Ok(match self {
            Scheme::Md5 => md5::hash(password, &salt),
            Scheme::Sha256 => sha2::hash::<::sha2::Sha256>(&sha2::SHA256, password, &salt, rounds),
            Scheme::Sha512 => sha2::hash::<::sha2::Sha512>(&sha2::SHA512, password, &salt, rounds),
            Scheme::Bcrypt => {
                let ident = settings.ident.as_deref().unwrap_or("2b").trim_matches('$');
                if !matches!(ident, "2" | "2a" | "2b" | "2y") {
                    return Err(refused(format!("invalid ident: {}", Value::str(ident).repr())));
                }
                blowfish::hash(password, &salt, rounds as u32, ident)?
            }
        })
    }

    fn rounds(self, settings: &Settings) -> Result<u64> {
        let (least, most, usual) = self.bounds();
        let rounds = settings.rounds.filter(|rounds| *rounds != 0);
        if self == Scheme::Md5 && rounds.is_some() {
            return Err(Error::template("MinimalHandler.using() got an unexpected keyword argument 'rounds'"));
        }
        let (rounds, name) = (rounds.unwrap_or(usual), self.name());
        if rounds < least {
            let why = format!("{name}: min_desired_rounds ({rounds}) is too low, must be at least {least}");
            return Err(refused(why));
        }
        if rounds > most {
            let why = format!("{name}: min_desired_rounds ({rounds}) is too large, cannot be more than {most}");
            return Err(refused(why));
        }
        Ok(rounds as u64)
    }

    fn salt(self, settings: &Settings) -> std::result::Result<String, String> {
        let (size, name) = (self.salt_size(), self.name());
        let Some(salt) = settings.salt.as_deref().filter(|salt| !salt.is_empty()) else {
            return Ok(match self {
                Scheme::Bcrypt => blowfish::repair(&random_salt(size)),
                _ => random_salt(self.random_size(settings.salt_size)?),
            });
        };
        if !salt.bytes().all(|byte| ALPHABET.contains(&byte)) {
            return Err(format!("invalid characters in {name} salt"));
        }
        let exact = if self == Scheme::Bcrypt { "exactly" } else { "<=" };
        if salt.len() > size {
            return Err(format!("salt too large ({name} requires {exact} {size} chars)"));
        }
        if self == Scheme::Bcrypt && salt.len() < size {
            return Err(format!("salt too small ({name} requires {exact} {size} chars)"));
        }
        Ok(if self == Scheme::Bcrypt { blowfish::repair(salt) } else { salt.to_string() })
    }

    fn random_size(self, wanted: Option<i64>) -> std::result::Result<usize, String> {
        let (most, name) = (self.salt_size(), self.name());
        match wanted.filter(|size| *size != 0) {
            None => Ok(most),
            Some(size) if size < 0 => Err(format!("{name}: salt_size ({size}) below min_salt_size (0)")),
            Some(size) if size > most as i64 => Err(format!("{name}: salt_size ({size}) above max_salt_size ({most})")),
            Some(size) => Ok(size as usize),
        }
    }
}

fn refused(why: String) -> Error {
    Error::template(why).context("Could not hash the secret.")
}

/// A salt of letters, digits, dots and slashes.
pub fn random_salt(size: usize) -> String {
    let mut source = Random::system();
    (0..size).map(|_| ALPHABET[source.below(ALPHABET.len() as u128) as usize] as char).collect()
}

/// The digits of `crypt`'s base 64, least significant bits first.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes up to three bytes, the first the most significant, as `digits` digits.
fn push_digits(bytes: [u8; 3], digits: usize, out: &mut String) {
    let mut number = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
    for _ in 0..digits {
        out.push(ALPHABET[(number & 0x3f) as usize] as char);
        number >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(scheme: Scheme, salt: &str, rounds: i64, ident: &str) -> String {
        let ident = (!ident.is_empty()).then(|| ident.to_string());
        let settings = Settings { salt: Some(salt.into()), rounds: Some(rounds), ident, salt_size: None };
        scheme.hash(b"pw", &settings).unwrap_or_else(|why| why.one_line())
    }

    #[test]
    fn hashes_are_those_of_crypt() {
        assert_eq!(hash(Scheme::Md5, "abcdefgh", 0, ""), "$1$abcdefgh$IQtUouv7y7Q9dRWkQEPCc.");
        assert_eq!(
            hash(Scheme::Sha512, "abcdefgh", 5000, ""),
            "$6$abcdefgh$KQeXafAQAaOoKTevphVU215RvJdgzyfASRasIOuh12hO8u0r1bGW92ZnTmC9IjsiQ8VPiTXBiZF49dFL1U4wX/"
        );
        assert_eq!(
            hash(Scheme::Sha256, "saltstring", 10000, ""),
            "$5$rounds=10000$saltstring$MW6NeDhvVBmZSB1EYQsOKPSh3WpnmvW.n7uWK6jNWSC"
        );
        let salt = "abcdefghijklmnopqrstuv";
        assert_eq!(hash(Scheme::Bcrypt, salt, 4, ""), "$2b$04$abcdefghijklmnopqrstuuyvPXIbu7xe6/CED2DzX8z6Si09MlzlW");
        assert_eq!(hash(Scheme::Bcrypt, salt, 5, "2"), "$2$05$abcdefghijklmnopqrstuulV9dPB1PIWty6bNe/q2PvEHdItCL0pi");
    }

    #[test]
    fn what_passlib_refuses_is_refused() {
        for (text, why) in [
            (hash(Scheme::Md5, "abcdefghi", 0, ""), "salt too large (md5_crypt requires <= 8 chars)"),
            (hash(Scheme::Bcrypt, "abc", 0, ""), "salt too small (bcrypt requires exactly 22 chars)"),
            (hash(Scheme::Sha256, "a b", 5000, ""), "invalid characters in sha256_crypt salt"),
            (
                hash(Scheme::Sha512, "ab", 10, ""),
                "sha512_crypt: min_desired_rounds (10) is too low, must be at least 1000",
            ),
            (hash(Scheme::Bcrypt, "abcdefghijklmnopqrstuu", 4, "x"), "invalid ident: 'x'"),
        ] {
            assert_eq!(text, format!("Could not hash the secret: {why}"));
        }
    }
}
