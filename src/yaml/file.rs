//! Files that hold YAML or JSON, perhaps encrypted.

use super::{Node, NodeKind, Options, Parsed, parse};
use crate::error::{Error, Origin, Result, Warning};
use crate::value::{Dict, Tag, Text, Trust, Value, Vaulted, json};
use std::path::Path;
use std::sync::Arc;

/// What encrypted files start with.
const VAULT_HEADER: &str = "$ANSIBLE_VAULT;";

/// Reads a text as JSON or else as YAML, as Ansible reads its files; an empty one is `None`.
pub fn load(text: &str, source: impl Into<Arc<str>>, options: &Options) -> Result<Parsed<Option<Node>>> {
    let source = source.into();
    // a cheap look first: few YAML files could be JSON
    let first = text.trim_start_matches([' ', '\t', '\n', '\r']).as_bytes().first();
    if matches!(first, Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b'N' | b'I'))
        && let Ok(value) = json::parse(text)
    {
        let origin = Origin::new(source, 0, 0);
        let value = json_value(&value, options.trusted, &origin);
        let content = Some(Node::from_value(&value, &origin));
        return Ok(Parsed { content, warnings: Vec::new() });
    }
    parse(text, source, options)
}

/// A value that was JSON: its texts know their source only. `{"__ansible_unsafe": ...}` and `{"__ansible_vault": ...}` in it are
/// what they say.
pub fn json_value(value: &Value, trusted: bool, origin: &Origin) -> Value {
    let text = |text: &Text, trusted: bool| {
        let trust = if trusted { Trust::Template } else { Trust::Data };
        Value::Str(Text::tagged(text.shared(), Some(Arc::new(Tag { origin: Some(origin.clone()), trust }))))
    };
    match value {
        Value::Str(chars) => text(chars, trusted),
        Value::List(items) => Value::list(items.iter().map(|item| json_value(item, trusted, origin))),
        Value::Dict(dict) => {
            if let (1, Some((Value::Str(key), Value::Str(chars)))) = (dict.len(), dict.iter().next()) {
                match key.as_str() {
                    "__ansible_unsafe" => return text(chars, false),
                    "__ansible_vault" => {
                        let vaulted = Vaulted { ciphertext: chars.to_string(), origin: Some(origin.clone()) };
                        return Value::Vault(Arc::new(vaulted));
                    }
                    _ => {}
                }
            }
            let entry = |(key, value)| (json_value(key, trusted, origin), json_value(value, trusted, origin));
            Value::dict(dict.iter().map(entry).collect::<Dict>())
        }
        other => other.clone(),
    }
}

/// Reads a file that holds one document, encrypted or not; an empty one is null.
pub fn parse_file(path: &Path, options: &Options) -> Result<Parsed<Node>> {
    let (text, mut warnings) = read_text(path, options)?;
    let source: Arc<str> = path.to_string_lossy().into();
    let parsed = load(&text, source.clone(), options)?;
    warnings.extend(parsed.warnings);
    let empty = || Node { kind: NodeKind::Scalar(Value::None), origin: Origin::new(source, 1, 1) };
    Ok(Parsed { content: parsed.content.unwrap_or_else(empty), warnings })
}

/// The text of a file, decrypted when it is encrypted.
pub fn read_text(path: &Path, options: &Options) -> Result<(String, Vec<Warning>)> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let origin = || Origin::new(path.to_string_lossy(), 0, 0);
    if bytes.starts_with(VAULT_HEADER.as_bytes()) {
        let decrypt = options.decrypt.as_ref().ok_or_else(|| {
            Error::new(crate::error::Kind::Vault, "Attempting to decrypt but no vault secrets found.")
                .at(Some(&origin()))
        })?;
        let plain = decrypt(&String::from_utf8_lossy(&bytes)).map_err(|error| error.at(Some(&origin())))?;
        return utf8(path, plain);
    }
    utf8(path, bytes)
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<(String, Vec<Warning>)> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, Vec::new())),
        Err(error) => Err(not_utf8(path, error.as_bytes())),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Error::general(format!(
            "Unable to retrieve file contents. Could not find or access '{}' on the Ansible Controller.\n\
             If you are using a module and expect the file to exist on the remote, see the remote_src option.",
            path.display()
        ));
    }
    let path = Value::str(path.to_string_lossy()).repr();
    Error::parser(format!("An error occurred while trying to read the file {path}."))
        .because(Error::general(io_message(error)))
}

/// An I/O error without the number that Rust appends.
fn io_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}

/// The error for a file that is not UTF-8: where the first wrong bytes stand, in characters.
fn not_utf8(path: &Path, bytes: &[u8]) -> Error {
    let mut chars = 0;
    let mut wrong: Option<(usize, usize, u8)> = None;
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().chars().count();
        if let Some((start, count, first)) = wrong {
            if valid > 0 {
                break;
            }
            wrong = Some((start, count + chunk.invalid().len(), first));
        } else if let Some(first) = chunk.invalid().first() {
            wrong = Some((chars + valid, chunk.invalid().len(), *first));
        }
        chars += valid + chunk.invalid().len();
    }
    let place = match wrong {
        Some((at, 1, byte)) => format!("character '\\udc{byte:02x}' in position {at}"),
        Some((at, count, _)) => format!("characters in position {at}-{}", at + count - 1),
        None => "characters".into(),
    };
    Error::parser(format!("YAML parsing failed: 'utf-8' codec can't encode {place}: surrogates not allowed"))
        .at(Some(&Origin::new(path.to_string_lossy(), 0, 0)))
        .help("This file must be UTF-8 encoded.")
}
