//! The secrets of a run, and what they open.

use super::cipher::{Cipher, FORMAT};
use super::envelope::{Envelope, is_encrypted};
use super::legacy;
use super::secret::Secret;
use crate::error::{Error, Kind, Result};
use std::sync::Arc;

/// Named secrets in the order in which they are tried.
#[derive(Default)]
pub struct Vault {
    secrets: Vec<(String, Secret)>,
    /// Whether only the secret an envelope names is tried (`DEFAULT_VAULT_ID_MATCH`).
    match_ids: bool,
    cipher: Cipher,
}

/// What was in an envelope, and whose secret opened it.
pub struct Opened<'a> {
    /// The plain bytes.
    pub plain: Vec<u8>,
    /// The name of the secret that fitted.
    pub id: &'a str,
    /// The secret that fitted.
    pub secret: &'a Secret,
}

fn error(message: impl Into<String>) -> Error {
    Error::new(Kind::Vault, message)
}

impl Vault {
    /// A vault with these secrets, named, best first.
    pub fn new(secrets: Vec<(String, Secret)>) -> Vault {
        Vault { secrets, ..Vault::default() }
    }

    /// Tries only the secret that an envelope names.
    pub fn matching_ids(self, match_ids: bool) -> Vault {
        Vault { match_ids, ..self }
    }

    /// Adds a secret, to be tried after the others.
    pub fn add(&mut self, id: impl Into<String>, secret: Secret) {
        self.secrets.push((id.into(), secret));
    }

    /// Whether there is any secret.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// The names of the secrets.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|(id, _)| id.as_str())
    }

    /// Opens an envelope.
    pub fn decrypt(&self, text: &str) -> Result<Vec<u8>> {
        self.open(text).map(|opened| opened.plain)
    }

    /// Opens an envelope that holds text.
    pub fn decrypt_text(&self, text: &str) -> Result<String> {
        String::from_utf8(self.decrypt(text)?).map_err(|_| error("The decrypted content is no UTF-8 text."))
    }

    /// Opens an envelope, and says with whose secret.
    pub fn open(&self, text: &str) -> Result<Opened<'_>> {
        if !is_encrypted(text.as_bytes()) {
            return Err(error("Input is not vault encrypted data."));
        }
        let envelope = Envelope::parse(text)?;
        if !matches!(envelope.cipher.as_str(), "AES256" | "AES") {
            return Err(error(format!("Cipher '{}' could not be found.", envelope.cipher)));
        }
        if self.secrets.is_empty() {
            return Err(error("Attempting to decrypt but no vault secrets found."));
        }
        for (id, secret) in self.candidates(envelope.id.as_deref().unwrap_or("default")) {
            let plain = match envelope.cipher.as_str() {
                "AES" => legacy::decrypt(&envelope.payload, secret),
                _ => self.cipher.decrypt(&envelope.payload, secret),
            };
            match plain {
                Ok(plain) => return Ok(Opened { plain, id, secret }),
                // no other secret would help
                Err(problem) if problem.message() == FORMAT || problem.cause().is_some() => return Err(problem),
                Err(_) => {}
            }
        }
        let help = match (&envelope.id, self.match_ids) {
            (Some(id), true) => format!("Only secrets named '{id}' were tried."),
            _ => format!("Tried: {}.", self.ids().collect::<Vec<_>>().join(", ")),
        };
        Err(error("Decryption failed (no vault secrets were found that could decrypt).").help(help))
    }

    /// The secrets to try: those of the envelope's name first, in their order, then the others.
    fn candidates(&self, id: &str) -> impl Iterator<Item = (&str, &Secret)> {
        let named = move |fits: bool| self.secrets.iter().filter(move |(name, _)| (name == id) == fits);
        let others = if self.match_ids { 0 } else { usize::MAX };
        named(true).chain(named(false).take(others)).map(|(name, secret)| (name.as_str(), secret))
    }

    /// The secret to encrypt with: the one called `id`, or the first.
    pub fn secret_for(&self, id: Option<&str>) -> Result<(&str, &Secret)> {
        let found = match id {
            Some(id) => self.secrets.iter().find(|(name, _)| name == id),
            None => self.secrets.first(),
        };
        found.map(|(name, secret)| (name.as_str(), secret)).ok_or_else(|| match id {
            Some(id) => {
                let known: Vec<String> = self.ids().map(|name| format!("'{name}'")).collect();
                let known = known.join(", ");
                error(format!("Did not find a match for --encrypt-vault-id={id} in the known vault-ids [{known}]"))
            }
            None => error("A vault password must be specified to encrypt data"),
        })
    }

    /// Puts bytes into an envelope. `id` is written into it unless it is `default`; without a `salt` a random one is taken.
    pub fn encrypt(&self, plain: &[u8], secret: &Secret, id: Option<&str>, salt: Option<&[u8]>) -> Result<String> {
        if is_encrypted(plain) {
            return Err(error("input is already encrypted"));
        }
        let random;
        let salt = match salt {
            Some([]) => return Err(error("Empty or invalid salt passed to encrypt()")),
            Some(salt) => salt,
            None => {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).map_err(|problem| error(format!("No randomness for a salt: {problem}")))?;
                random = bytes;
                &random
            }
        };
        Ok(Envelope::format(&self.cipher.encrypt(plain, secret, salt)?, id))
    }

    /// The function by which other floors open files.
    pub fn decryptor(self: &Arc<Vault>) -> crate::yaml::Decrypt {
        let vault = self.clone();
        Arc::new(move |text| vault.decrypt(text))
    }
}
