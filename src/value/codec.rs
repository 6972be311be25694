//! Python's text encodings, the ones that files and services use.

use crate::error::{Error, Result};

enum Codec {
    Utf8,
    Utf8Sig,
    Ascii,
    Latin1,
    Utf16(Option<bool>),
    Utf32(Option<bool>),
}

fn find(encoding: &str) -> Result<Codec> {
    let name = encoding.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    Ok(match name.as_str() {
        "utf_8" | "utf8" | "u8" | "utf" | "cp65001" => Codec::Utf8,
        "utf_8_sig" | "utf8_sig" => Codec::Utf8Sig,
        "ascii" | "us_ascii" | "646" => Codec::Ascii,
        "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" | "8859" | "l1" | "latin" => Codec::Latin1,
        "utf_16" | "utf16" | "u16" => Codec::Utf16(None),
        "utf_16_le" | "utf_16le" | "utf16le" => Codec::Utf16(Some(false)),
        "utf_16_be" | "utf_16be" | "utf16be" => Codec::Utf16(Some(true)),
        "utf_32" | "utf32" | "u32" => Codec::Utf32(None),
        "utf_32_le" | "utf_32le" | "utf32le" => Codec::Utf32(Some(false)),
        "utf_32_be" | "utf_32be" | "utf32be" => Codec::Utf32(Some(true)),
        _ => return Err(Error::template(format!("unknown encoding: {encoding}"))),
    })
}

/// `bytes.decode(encoding)`. What no text can hold becomes U+FFFD unless `strict`.
pub fn decode(bytes: &[u8], encoding: &str, strict: bool) -> Result<String> {
    let bad = |name: &str, why: String| Error::template(format!("'{name}' codec can't decode {why}"));
    let byte_at = |at: usize| format!("byte 0x{:02x} in position {at}", bytes.get(at).copied().unwrap_or(0));
    let utf8 = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_string()),
        Err(why) if strict => {
            let reason = if why.error_len().is_none() { "unexpected end of data" } else { "invalid start byte" };
            Err(bad("utf-8", format!("{}: {reason}", byte_at(why.valid_up_to()))))
        }
        Err(_) => Ok(String::from_utf8_lossy(bytes).into_owned()),
    };
    match find(encoding)? {
        Codec::Utf8 => utf8(bytes),
        Codec::Utf8Sig => utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
        Codec::Latin1 => Ok(bytes.iter().map(|byte| *byte as char).collect()),
        Codec::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
            Some(at) if strict => Err(bad("ascii", format!("{}: ordinal not in range(128)", byte_at(at)))),
            _ => {
                Ok(bytes.iter().map(|b| if b.is_ascii() { *b as char } else { char::REPLACEMENT_CHARACTER }).collect())
            }
        },
        Codec::Utf16(order) => {
            let (order, body) = match (order, bytes) {
                (None, [0xff, 0xfe, rest @ ..]) => (false, rest),
                (None, [0xfe, 0xff, rest @ ..]) => (true, rest),
                (order, bytes) => (order.unwrap_or(false), bytes),
            };
            if strict && body.len() % 2 == 1 {
                return Err(bad("utf-16", format!("{}: truncated data", byte_at(bytes.len() - 1))));
            }
            let units = body.chunks_exact(2).map(|unit| match order {
                true => u16::from_be_bytes([unit[0], unit[1]]),
                false => u16::from_le_bytes([unit[0], unit[1]]),
            });
            Ok(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        Codec::Utf32(order) => {
            let (order, body) = match (order, bytes) {
                (None, [0xff, 0xfe, 0, 0, rest @ ..]) => (false, rest),
                (None, [0, 0, 0xfe, 0xff, rest @ ..]) => (true, rest),
                (order, bytes) => (order.unwrap_or(false), bytes),
            };
            let units = body.chunks_exact(4).map(|unit| match order {
                true => u32::from_be_bytes([unit[0], unit[1], unit[2], unit[3]]),
                false => u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]),
            });
            Ok(units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
    }
}

/// `str.encode(encoding)`.
pub fn encode(text: &str, encoding: &str) -> Result<Vec<u8>> {
    let narrow = |name: &str, most: u32| -> Result<Vec<u8>> {
        let byte = |(at, c): (usize, char)| {
            let code = c as u32;
            u8::try_from(code).ok().filter(|_| code < most).ok_or_else(|| {
                let shown = match code {
                    0..=0xff => format!("\\x{code:02x}"),
                    0x100..=0xffff => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                };
                Error::template(format!(
                    "'{name}' codec can't encode character '{shown}' in position {at}: ordinal not in range({most})"
                ))
            })
        };
        text.chars().enumerate().map(byte).collect()
    };
    let wide = |big: bool, units: &mut dyn Iterator<Item = u16>| {
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect::<Vec<u8>>()
    };
    Ok(match find(encoding)? {
        Codec::Utf8 => text.as_bytes().to_vec(),
        Codec::Utf8Sig => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        Codec::Ascii => narrow("ascii", 128)?,
        Codec::Latin1 => narrow("latin-1", 256)?,
        Codec::Utf16(None) => [vec![0xff, 0xfe], wide(false, &mut text.encode_utf16())].concat(),
        Codec::Utf16(Some(big)) => wide(big, &mut text.encode_utf16()),
        Codec::Utf32(order) => {
            let mark = order.is_none().then_some('\u{feff}');
            let big = order.unwrap_or(false);
            let units = mark.into_iter().chain(text.chars()).map(u32::from);
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_go_both_ways() {
        for name in ["utf-8", "UTF-16", "utf_16_be", "utf-32", "utf-8-sig"] {
            assert_eq!(decode(&encode("aé€", name).unwrap(), name, true).unwrap(), "aé€", "{name}");
        }
        assert_eq!(decode(&encode("é", "latin-1").unwrap(), "ISO-8859-1", true).unwrap(), "é");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert!(encode("é", "ascii").is_err());
        assert!(decode(b"\xff", "utf-8", true).is_err());
        assert_eq!(decode(b"a\xff", "utf-8", false).unwrap(), "a\u{fffd}");
        assert_eq!(encode("x", "foo").unwrap_err().message(), "unknown encoding: foo");
    }
}
