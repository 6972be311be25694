//! Where secrets come from: files, scripts, client scripts, prompts.

use super::envelope::is_encrypted;
use super::keyring::Vault;
use super::secret::Secret;
use crate::error::{Error, Kind, Result, Warning, Warnings};
use crate::template::pypath::unfrack;
use nix::unistd::{AccessFlags, access};
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// Asks the user for a secret, without showing it.
pub type Ask<'a> = dyn FnMut(&str) -> Result<Zeroizing<String>> + 'a;

/// What the command line and the configuration say about secrets.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--vault-id`: `name@source`, or `source` alone. A source is a file, a script or `prompt`.
    pub ids: Vec<String>,
    /// `--vault-password-file`.
    pub files: Vec<String>,
    /// `--ask-vault-pass`.
    pub ask: bool,
    /// Asks when nothing else gives a secret.
    pub auto_ask: bool,
    /// Whether a new secret is chosen: it is asked for twice.
    pub new: bool,
    /// Name of secrets without one (`DEFAULT_VAULT_IDENTITY`); `default` when empty.
    pub default_id: String,
    /// Whether only the secret an envelope names is tried (`DEFAULT_VAULT_ID_MATCH`).
    pub match_ids: bool,
}

/// The source that `--ask-vault-pass` stands for; its prompt has no name in it.
const ASK: &str = "prompt_ask_vault_pass";

impl Sources {
    /// Reads all secrets. One that cannot be read is a warning while another can.
    pub fn load(&self, ask: &mut Ask<'_>, warnings: &Warnings) -> Result<Vault> {
        let default_id = if self.default_id.is_empty() { "default" } else { &self.default_id };
        let mut vault = Vault::default().matching_ids(self.match_ids);
        let mut last = None;
        for slug in self.slugs(default_id) {
            let (name, source) = match slug.split_once('@') {
                Some((name, source)) => (Some(name), source),
                None => (None, slug.as_str()),
            };
            let id = name.filter(|name| !name.is_empty()).unwrap_or(default_id);
            let shown = name.unwrap_or("None");
            if matches!(source, "prompt" | ASK) {
                let secret = self.prompted(source, id, ask).inspect_err(|error| {
                    warnings.push(Warning::new(format!("Error in vault password prompt ({shown}): {error}")));
                })?;
                vault.add(id, secret);
                continue;
            }
            match from_file(source, name, &vault) {
                Ok(secret) => vault.add(id, secret),
                Err(Failed { error, loading }) => {
                    let what = if loading { "in vault password file loading" } else { "getting vault password file" };
                    warnings.push(Warning::new(format!("Error {what} ({shown}): {error}")));
                    last = Some(error);
                }
            }
        }
        match last {
            Some(error) if !vault.has_secrets() => Err(error),
            _ => Ok(vault),
        }
    }

    fn slugs(&self, default_id: &str) -> Vec<String> {
        let mut slugs = self.ids.clone();
        slugs.extend(self.files.iter().map(|file| format!("{default_id}@{file}")));
        if self.ask || (slugs.is_empty() && self.auto_ask) {
            slugs.push(format!("{default_id}@{ASK}"));
        }
        slugs
    }

    fn prompted(&self, source: &str, id: &str, ask: &mut Ask<'_>) -> Result<Secret> {
        let prompts = match (source, self.new) {
            (ASK, false) => vec!["Vault password: ".to_string()],
            (ASK, true) => vec!["New Vault password: ".into(), "Confirm New Vault password: ".into()],
            (_, false) => vec![format!("Vault password ({id}): ")],
            (_, true) => vec![format!("New vault password ({id}): "), format!("Confirm new vault password ({id}): ")],
        };
        let mut first: Option<Secret> = None;
        for prompt in prompts {
            let answer = ask(&prompt)?;
            let secret = Secret::checked(answer.trim().as_bytes(), "")?;
            match &first {
                Some(first) if first.bytes() != secret.bytes() => {
                    return Err(Error::new(Kind::Vault, "Passwords do not match"));
                }
                Some(_) => {}
                None => first = Some(secret),
            }
        }
        first.ok_or_else(|| Error::new(Kind::Vault, "Invalid vault password was provided"))
    }
}

/// Why a file gave no secret: it could not be found, or not be read.
struct Failed {
    error: Error,
    loading: bool,
}

fn from_file(source: &str, name: Option<&str>, vault: &Vault) -> Result<Secret, Failed> {
    let path = unfrack(source);
    let file = Path::new(&path);
    let missing = |message: String| Failed { error: Error::new(Kind::Vault, message), loading: false };
    if !file.exists() {
        return Err(missing(format!("The vault password file {path} was not found")));
    }
    if file.is_dir() {
        return Err(missing(format!("The vault password file provided '{path}' can not be a directory")));
    }
    let secret = if !is_executable(file) {
        read(&path, vault)
    } else if is_client(source) {
        run_client(&path, name)
    } else {
        run_script(&path)
    };
    secret.map_err(|error| Failed { error, loading: true })
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    access(path, AccessFlags::X_OK).is_ok()
        && std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
}

/// Scripts called `something-client`, with or without an extension, are told which secret is wanted.
fn is_client(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rfind('.').filter(|at| *at > 0).map_or(name, |at| &name[..at]);
    stem.ends_with("-client")
}

/// A password file; it may itself be encrypted with a secret that came before it.
fn read(path: &str, vault: &Vault) -> Result<Secret> {
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
        Error::new(Kind::Vault, format!("Could not read vault password file '{path}'."))
            .because(Error::general(error.to_string()))
    })?;
    let whence = format!(" from file ({path})");
    let content = bytes.trim_ascii();
    if is_encrypted(content) {
        let plain = Zeroizing::new(vault.decrypt(&String::from_utf8_lossy(content))?);
        return Secret::checked(without_breaks(&plain), &whence);
    }
    Secret::checked(without_breaks(content), &whence)
}

fn without_breaks(mut bytes: &[u8]) -> &[u8] {
    while let [b'\r' | b'\n', rest @ ..] | [rest @ .., b'\r' | b'\n'] = bytes {
        bytes = rest;
    }
    bytes
}

/// A script that prints the password; it may talk to the user.
fn run_script(path: &str) -> Result<Secret> {
    let output = Command::new(path).stderr(Stdio::inherit()).stdin(Stdio::inherit()).output();
    let output = output.map_err(|error| not_run(path, "script", &error))?;
    if let Some(code) = failure(output.status) {
        let message = format!("Vault password script {path} returned non-zero ({code}): None");
        return Err(Error::new(Kind::Vault, message));
    }
    let printed = Zeroizing::new(output.stdout);
    Secret::checked(without_breaks(&printed), &format!(" from script ({path})"))
}

/// A client script that prints the password of the secret it is asked for.
fn run_client(path: &str, name: Option<&str>) -> Result<Secret> {
    let mut command = Command::new(path);
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        command.args(["--vault-id", name]);
    }
    let output = command.stdin(Stdio::inherit()).output().map_err(|error| not_run(path, "client script", &error))?;
    if let Some(code) = failure(output.status) {
        let name = name.unwrap_or("None");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stderr = stderr.trim_end();
        return Err(Error::new(
            Kind::Vault,
            if code == 2 {
                format!("Vault password client script {path} did not find a secret for vault-id={name}: {stderr}")
            } else {
                format!(
                    "Vault password client script {path} returned non-zero ({code}) when getting secret for vault-id={name}: {stderr}"
                )
            },
        ));
    }
    let printed = Zeroizing::new(output.stdout);
    Secret::checked(without_breaks(&printed), &format!(" from script ({path})"))
}

fn failure(status: std::process::ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    match status.code() {
        Some(0) => None,
        Some(code) => Some(code),
        None => Some(status.signal().map_or(-1, |signal| -signal)),
    }
}

fn not_run(path: &str, what: &str, error: &std::io::Error) -> Error {
    Error::new(
        Kind::Vault,
        format!(
            "Problem running vault password {what} {path} ({error}). \
             If this is not a script, remove the executable bit from the file."
        ),
    )
}
