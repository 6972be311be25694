//! `b64encode`, `b64decode`, `to_uuid`, `urldecode`, `quote`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter, pycodec, pyurl};
use crate::value::Value;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("b64encode", b64encode),
    Filter::new("b64decode", b64decode),
    Filter::new("to_uuid", to_uuid),
    Filter::new("urldecode", urldecode),
    Filter::new("quote", quote),
];

fn encoding_of(args: &mut Args) -> Result<String> {
    match args.take("encoding") {
        None => Ok("utf-8".into()),
        Some(Value::Str(text)) => Ok(text.to_string()),
        Some(other) => {
            Err(Error::template(format!("encode() argument 'encoding' must be str, not {}", other.type_name())))
        }
    }
}

fn b64encode(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let encoding = encoding_of(&mut args)?;
    let url_safe = arg::flag(args.take("urlsafe"), false);
    args.finish("b64encode")?;
    let bytes = match &input {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => pycodec::encode(&other.to_text(), &encoding)?,
    };
    Ok(if url_safe { URL_SAFE.encode(bytes) } else { STANDARD.encode(bytes) }.into())
}

fn b64decode(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let encoding = encoding_of(&mut args)?;
    let url_safe = arg::flag(args.take("urlsafe"), false);
    args.finish("b64decode")?;
    let text = arg::text(&input);
    let text = if url_safe { text.replace('-', "+").replace('_', "/") } else { text };
    pycodec::decode(&decode_base64(&text)?, &encoding, false).map(Value::from)
}

/// Python's lenient decoding: what is no base64 is skipped, reading ends at the padding.
pub fn decode_base64(text: &str) -> Result<Vec<u8>> {
    let mut data = String::new();
    let mut padding = 0;
    for c in text.chars() {
        match c {
            '=' => {
                padding += 1;
                if data.len() % 4 >= 2 && (data.len() + padding).is_multiple_of(4) {
                    break;
                }
            }
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => {
                padding = 0;
                data.push(c);
            }
            _ => {}
        }
    }
    if data.len() % 4 == 1 {
        return Err(Error::template(format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            data.len()
        )));
    }
    if !data.len().is_multiple_of(4) && !(data.len() + padding).is_multiple_of(4) {
        return Err(Error::template("Incorrect padding"));
    }
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        STANDARD_NO_PAD.config().with_decode_allow_trailing_bits(true),
    );
    engine.decode(data).map_err(|why| Error::template(why.to_string()))
}

/// Ansible's own namespace for UUIDs made from names.
const NAMESPACE: &str = "361E6D51-FAEC-444A-9079-341386DA8E2E";

fn to_uuid(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let namespace = args.take("namespace").unwrap_or_else(|| Value::str(NAMESPACE));
    args.finish("to_uuid")?;
    let namespace = arg::text(&namespace);
    let bytes = uuid_bytes(&namespace)
        .map_err(|why| Error::template(format!("Invalid value '{namespace}' for 'namespace': {why}")))?;
    Ok(uuid5(&bytes, &arg::text(&input)).into())
}

fn uuid_bytes(text: &str) -> std::result::Result<[u8; 16], String> {
    let hex = text.replace("urn:", "").replace("uuid:", "");
    let hex = hex.trim_matches(['{', '}']).replace('-', "");
    if hex.chars().count() != 32 {
        return Err("badly formed hexadecimal UUID string".into());
    }
    let number = u128::from_str_radix(&hex, 16)
        .map_err(|_| format!("invalid literal for int() with base 16: {}", Value::str(hex.as_str()).repr()))?;
    Ok(number.to_be_bytes())
}

fn uuid5(namespace: &[u8; 16], name: &str) -> String {
    use sha1::Digest as _;
    let digest = sha1::Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let mut number = digest.iter().take(16).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    // version 5, RFC 4122 variant
    number = number & !(0xf << 76) | 5 << 76;
    number = number & !(0x3 << 62) | 2 << 62;
    let hex = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn urldecode(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let encoding = args.take("encoding").map_or_else(|| "utf-8".to_string(), |value| arg::text(&value));
    let errors = args.take("errors").map_or_else(|| "replace".to_string(), |value| arg::text(&value));
    args.finish("unquote_plus")?;
    let Some(text) = input.as_str() else {
        return Err(Error::template(format!("'{}' object has no attribute 'replace'", input.type_name())));
    };
    let bytes = pyurl::unquote_bytes(&text.replace('+', " "));
    pycodec::decode(&bytes, &encoding, errors == "strict").map(Value::from)
}

fn quote(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    args.finish("quote")?;
    Ok(shell_quote(&if input.is_none() { String::new() } else { arg::text(&input) }).into())
}

/// `shlex.quote`.
pub fn shell_quote(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if text.is_empty() {
        "''".into()
    } else if text.chars().all(safe) {
        text.into()
    } else {
        format!("'{}'", text.replace('\'', "'\"'\"'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_leniently() {
        assert_eq!(decode_base64("aGVs\nbG8=").unwrap(), b"hello");
        assert_eq!(decode_base64("aGk").unwrap_err().message(), "Incorrect padding");
        assert!(decode_base64("a").unwrap_err().message().starts_with("Invalid base64-encoded string"));
        assert_eq!(decode_base64("aGk=ignored").unwrap(), b"hi");
    }

    #[test]
    fn uuids_are_version_5() {
        let namespace = uuid_bytes("6ba7b810-9dad-11d1-80b4-00c04fd430c8").unwrap();
        assert_eq!(uuid5(&namespace, "a"), "4f3f2898-69e3-5a0d-820a-c4e87987dbce");
    }

    #[test]
    fn quotes_inside_quotes_are_spliced() {
        assert_eq!(shell_quote("it's"), "'it'\"'\"'s'");
        assert_eq!(shell_quote("a/b=c"), "a/b=c");
    }
}
