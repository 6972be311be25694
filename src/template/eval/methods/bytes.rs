//! Methods of `bytes`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::Value;

pub const NAMES: &[&str] =
    &["decode", "endswith", "find", "hex", "lower", "replace", "split", "startswith", "strip", "upper"];

fn part(value: Option<&Value>) -> Result<&[u8]> {
    match value {
        Some(Value::Bytes(bytes)) => Ok(bytes),
        other => {
            let kind = other.map_or("NoneType", Value::type_name);
            Err(Error::template(format!("a bytes-like object is required, not '{kind}'")))
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() { Some(0) } else { bytes.windows(part.len()).position(|window| window == part) }
}

pub fn call(bytes: &[u8], name: &str, args: Args) -> Result<Value> {
    if name == "decode" {
        return decode(bytes, args);
    }
    let given = arg::positional(args, name, 0, 3)?;
    Ok(match name {
        "hex" => Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        "lower" => Value::Bytes(bytes.to_ascii_lowercase().into()),
        "upper" => Value::Bytes(bytes.to_ascii_uppercase().into()),
        "strip" => Value::Bytes(bytes.trim_ascii().into()),
        "startswith" => Value::Bool(bytes.starts_with(part(given.first())?)),
        "endswith" => Value::Bool(bytes.ends_with(part(given.first())?)),
        "find" => find(bytes, part(given.first())?).map_or(Value::Int(-1), Value::from),
        "split" => {
            let mut parts = Vec::new();
            if let Some(separator) = given.first().filter(|separator| !separator.is_none()) {
                let separator = part(Some(separator))?;
                if separator.is_empty() {
                    return Err(Error::template("empty separator"));
                }
                let mut rest = bytes;
                while let Some(at) = find(rest, separator) {
                    parts.push(Value::Bytes(rest[..at].into()));
                    rest = &rest[at + separator.len()..];
                }
                parts.push(Value::Bytes(rest.into()));
            } else {
                let words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
                parts.extend(words.map(|word| Value::Bytes(word.into())));
            }
            Value::list(parts)
        }
        _ => {
            let (old, new) = (part(given.first())?, part(given.get(1))?);
            let mut out = Vec::with_capacity(bytes.len());
            let mut rest = bytes;
            while let Some(at) = find(rest, old).filter(|_| !old.is_empty()) {
                out.extend_from_slice(&rest[..at]);
                out.extend_from_slice(new);
                rest = &rest[at + old.len()..];
            }
            out.extend_from_slice(rest);
            Value::Bytes(out.into())
        }
    })
}

fn decode(bytes: &[u8], mut args: Args) -> Result<Value> {
    let encoding = args.take("encoding").map_or_else(|| "utf-8".to_string(), |name| name.to_text().into_owned());
    let errors = args.take("errors").map_or_else(|| "strict".to_string(), |name| name.to_text().into_owned());
    args.finish("decode")?;
    match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" | "u8" => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::str(text)),
            Err(_) if errors == "ignore" => {
                Ok(Value::from(bytes.utf8_chunks().map(|chunk| chunk.valid()).collect::<String>()))
            }
            Err(error) if errors == "strict" => {
                let at = error.valid_up_to();
                Err(Error::template(format!(
                    "'utf-8' codec can't decode byte {:#04x} in position {at}: invalid start byte",
                    bytes.get(at).copied().unwrap_or(0)
                )))
            }
            Err(_) => Ok(Value::from(String::from_utf8_lossy(bytes))),
        },
        "ascii" | "us-ascii" => match bytes.iter().position(|byte| !byte.is_ascii()) {
            Some(at) if errors == "strict" => Err(Error::template(format!(
                "'ascii' codec can't decode byte {:#04x} in position {at}: ordinal not in range(128)",
                bytes[at]
            ))),
            _ => {
                let keep = |byte: &u8| {
                    if byte.is_ascii() { Some(*byte as char) } else { (errors != "ignore").then_some('\u{fffd}') }
                };
                Ok(Value::from(bytes.iter().filter_map(keep).collect::<String>()))
            }
        },
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => {
            Ok(Value::from(bytes.iter().map(|byte| *byte as char).collect::<String>()))
        }
        "utf-16" | "utf16" | "utf-16-le" | "utf-16le" => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            let units = units.strip_prefix(&[0xfeff]).unwrap_or(&units);
            Ok(Value::from(String::from_utf16_lossy(units)))
        }
        _ => Err(Error::template(format!("unknown encoding: {encoding}"))),
    }
}
