//! Encrypted files and texts: the `$ANSIBLE_VAULT` format, and the secrets that open it.
//!
//! An envelope names its format (1.1, or 1.2 with the name of a secret) and holds salt, checksum and ciphertext in hex. Keys are
//! derived from a secret and the salt by PBKDF2, once for each pair. Format 1.0, which ansible-core no longer reads, is read.

mod cipher;
mod envelope;
mod keyring;
mod legacy;
mod secret;
mod sources;

pub use envelope::{Envelope, is_encrypted};
pub use keyring::{Opened, Vault};
pub use secret::Secret;
pub use sources::{Ask, Sources};

#[cfg(test)]
mod tests;
