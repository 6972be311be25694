//! Content of the controller that goes to a target: read once, checksummed, opened when it is encrypted.

use super::Context;
use crate::connection::fleet::Payload;
use crate::error::{Error, Result};
use sha1::{Digest, Sha1};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Content up to this size goes along with the first message.
pub const SMALL: u64 = 64 * 1024;

/// Content to send.
pub struct Source {
    /// SHA-1 of the content, in hex.
    pub checksum: String,
    /// The content itself.
    pub payload: Payload,
    /// Its size in bytes.
    pub size: u64,
}

impl Source {
    /// Content that is there already.
    pub fn text(content: Vec<u8>) -> Source {
        Source { checksum: hex(&Sha1::digest(&content)), size: content.len() as u64, payload: Payload::Memory(content) }
    }

    /// A file; an encrypted one is opened with `decrypt`. Big files stay on disk.
    pub fn file(context: &Context, path: &Path, decrypt: bool) -> Result<Source> {
        let failed = |error: std::io::Error| Error::action(format!("could not read {}: {error}", path.display()));
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size <= SMALL || (decrypt && is_vault(path).map_err(failed)?) {
            let content = std::fs::read(path).map_err(failed)?;
            return Ok(Source::text(opened(context, content, decrypt)?));
        }
        let checksum = file_checksum(path).map_err(failed)?;
        Ok(Source { checksum, payload: Payload::File(path.to_path_buf()), size })
    }

    /// Whether it goes along with the first message.
    pub fn is_small(&self) -> bool {
        self.size <= SMALL
    }
}

/// The content, opened when it is an encrypted file.
pub fn opened(context: &Context, content: Vec<u8>, decrypt: bool) -> Result<Vec<u8>> {
    if !decrypt || !content.starts_with(b"$ANSIBLE_VAULT;") {
        return Ok(content);
    }
    match &context.loader.decrypt {
        None => Err(Error::new(crate::error::Kind::Vault, "Attempting to decrypt but no vault secrets found.")),
        Some(decrypt) => decrypt(&String::from_utf8_lossy(&content)),
    }
}

fn is_vault(path: &Path) -> std::io::Result<bool> {
    let mut head = [0u8; 15];
    let mut file = std::fs::File::open(path)?;
    Ok(file.read_exact(&mut head).is_ok() && &head == b"$ANSIBLE_VAULT;")
}

/// SHA-1 of a file, in hex.
pub fn file_checksum(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha1::new();
    let mut chunk = vec![0u8; 256 * 1024];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&chunk[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The permission bits of a file as Ansible writes them: `0644`.
pub fn mode_of(path: &Path) -> Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path)
        .map_err(|error| Error::action(format!("could not read {}: {error}", path.display())))?;
    Ok(format!("0{:03o}", metadata.permissions().mode() & 0o7777))
}

/// All files below a directory, or an error that names what cannot be read.
pub fn walk(dir: &Path, follow: bool) -> Result<Vec<walkdir::DirEntry>> {
    let mut entries = Vec::new();
    for entry in walkdir::WalkDir::new(dir).min_depth(1).follow_links(follow).sort_by_file_name() {
        entries.push(entry.map_err(|error| Error::action(format!("could not read {}: {error}", dir.display())))?);
    }
    Ok(entries)
}

/// A path relative to a directory, with `/` between its parts.
pub fn below(path: &Path, dir: &Path) -> String {
    path.strip_prefix(dir).map(PathBuf::from).unwrap_or_else(|_| path.to_path_buf()).to_string_lossy().into_owned()
}
