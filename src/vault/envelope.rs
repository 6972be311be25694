//! The text around a ciphertext: a header line, and hex in lines of 80.

use crate::error::{Error, Kind, Result};

const HEADER: &str = "$ANSIBLE_VAULT";
const LINE: usize = 80;

/// Whether a text is an envelope: it starts with the header, and is ASCII throughout.
pub fn is_encrypted(text: &[u8]) -> bool {
    text.starts_with(HEADER.as_bytes()) && text.is_ascii()
}

/// An envelope taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `1.0`, `1.1` or `1.2`.
    pub version: String,
    /// `AES256`; `AES` in format 1.0.
    pub cipher: String,
    /// The name of the secret it was closed with.
    pub id: Option<String>,
    /// What the hex lines say.
    pub payload: Vec<u8>,
}

fn format_error() -> Error {
    Error::new(Kind::Vault, "Vault envelope format error.")
}

impl Envelope {
    /// Takes a text apart.
    pub fn parse(text: &str) -> Result<Envelope> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or("").trim().split(';').map(str::trim).collect();
        let (Some(version), Some(cipher)) = (header.get(1), header.get(2)) else {
            return Err(format_error().help("The first line must be $ANSIBLE_VAULT;VERSION;CIPHER."));
        };
        let hex: String = lines.collect();
        Ok(Envelope {
            version: version.to_string(),
            cipher: cipher.to_string(),
            id: header.get(3).map(|id| id.to_string()),
            payload: unhex(hex.as_bytes())?,
        })
    }

    /// Puts a payload into an envelope; a name other than `default` makes it format 1.2.
    pub fn format(payload: &[u8], id: Option<&str>) -> String {
        let header = match id.filter(|id| !id.is_empty() && *id != "default") {
            Some(id) => format!("{HEADER};1.2;AES256;{id}\n"),
            None => format!("{HEADER};1.1;AES256\n"),
        };
        let hex = hex(payload);
        let mut text = header;
        for line in hex.as_bytes().chunks(LINE) {
            text.extend(line.iter().map(|byte| char::from(*byte)));
            text.push('\n');
        }
        text
    }
}

/// Bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Hex digits as bytes.
pub(super) fn unhex(text: &[u8]) -> Result<Vec<u8>> {
    let wrong = || Error::new(Kind::Vault, "Vault format unhexlify error.");
    if !text.len().is_multiple_of(2) {
        return Err(wrong().because(Error::new(Kind::Vault, "Odd-length string")));
    }
    let digit = |byte: u8| {
        let not_hex = || wrong().because(Error::new(Kind::Vault, "Non-hexadecimal digit found"));
        char::from(byte).to_digit(16).ok_or_else(not_hex)
    };
    text.chunks(2).map(|pair| Ok((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}
