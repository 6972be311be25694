//! `lookup('password', ...)`: a password from a file, made and kept there when there is none.

use super::options::Options;
use super::{blocking, kv, search};
use crate::error::{Error, Result};
use crate::template::filters::hashing::digest;
use crate::template::filters::{arg, paths::os_error, text::is_blank};
use crate::template::pycrypt::{Scheme, Settings, random_salt};
use crate::template::pyrandom::Random;
use crate::template::{Context, Lookup, pypath};
use crate::value::{Dict, Value};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("password", run);

const PARAMETERS: [&str; 5] = ["length", "encrypt", "chars", "ident", "seed"];

/// The file that keeps nothing.
const NOWHERE: &str = "/dev/null";

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let one = |term: &Value| {
        let mut settings = Options::new("password", options.clone());
        let path = parameters(&term.to_text(), &mut settings)?;
        let path = pypath::expanduser(&pypath::expandvars(super::options::unquote(&path)));
        let path = pypath::normpath(&pypath::join([search::base_dir(ctx).as_str(), &path]));
        password(&path, &Wanted::read(&settings)?).map(Value::from)
    };
    terms.iter().map(one).collect()
}

/// Reads `path key=value ...`, sets the options and gives the path.
fn parameters(term: &str, settings: &mut Options) -> Result<String> {
    let Some((path, rest)) = term.split_once(' ') else { return Ok(term.to_string()) };
    let words = kv::parse(rest)?;
    let path = match &words.raw {
        Some(raw) => format!("{path} {raw}"),
        None => path.to_string(),
    };
    if !term.starts_with(&path) {
        return Err(Error::template("Unrecognized value after key=value parameters given to password lookup"));
    }
    let unknown: Vec<&str> =
        words.options.iter().map(|(name, _)| name.as_str()).filter(|name| !PARAMETERS.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(Error::template(format!(
            "Unrecognized parameter(s) given to password lookup: {}",
            unknown.join(", ")
        )));
    }
    if !words.options.is_empty() {
        // options inside the term replace those beside it
        *settings = Options::new("password", Dict::new());
    }
    for (name, value) in &words.options {
        settings.set(name, value.as_str().into());
    }
    Ok(path)
}

struct Wanted {
    length: usize,
    chars: String,
    seed: Option<Value>,
    encrypt: Option<String>,
    ident: Option<String>,
}

impl Wanted {
    fn read(settings: &Options) -> Result<Wanted> {
        let chars = match settings.get("chars").filter(|chars| chars.truthy()) {
            None => vec!["ascii_letters".into(), "digits".into(), ".,:-_".into()],
            Some(Value::Str(text)) => {
                let comma = text.contains(",,").then(|| ",".to_string());
                let text = text.replace(",,", ",");
                let parts = text.split(',').filter(|part| !part.is_empty()).map(String::from);
                comma.into_iter().chain(parts).collect()
            }
            Some(_) => settings.list("chars")?.unwrap_or_default().iter().map(arg::text).collect(),
        };
        let chars: String =
            chars.iter().flat_map(|name| named_chars(name).chars()).filter(|c| !"'\"".contains(*c)).collect();
        let length = settings.int("length", "integer")?.unwrap_or(20);
        Ok(Wanted {
            length: usize::try_from(length).unwrap_or(0),
            chars,
            seed: settings.string("seed")?.map(Value::from),
            encrypt: settings.get("encrypt").filter(|scheme| scheme.truthy()).map(arg::text),
            ident: settings.string("ident")?.filter(|ident| !ident.is_empty()),
        })
    }
}

/// The members of Python's `string` module; anything else stands for itself.
fn named_chars(name: &str) -> &str {
    match name {
        "ascii_letters" => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ascii_lowercase" => "abcdefghijklmnopqrstuvwxyz",
        "ascii_uppercase" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "digits" => "0123456789",
        "hexdigits" => "0123456789abcdefABCDEF",
        "octdigits" => "01234567",
        "punctuation" => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        "whitespace" => " \t\n\r\u{b}\u{c}",
        "printable" => {
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n\r\u{b}\u{c}"
        }
        other => other,
    }
}

fn random_password(wanted: &Wanted) -> Result<String> {
    let chars: Vec<char> = wanted.chars.chars().collect();
    if chars.is_empty() && wanted.length > 0 {
        return Err(Error::template("Cannot choose from an empty sequence"));
    }
    let mut source = wanted.seed.as_ref().map_or(Ok(Random::system()), Random::seeded)?;
    Ok((0..wanted.length).map(|_| chars[source.below(chars.len() as u128) as usize]).collect())
}

/// What a file holds: the password, and the salt and variant its hash was made with.
#[derive(Debug, PartialEq)]
struct Kept {
    password: String,
    salt: Option<String>,
    ident: Option<String>,
}

impl Kept {
    fn parse(content: &str) -> Kept {
        let (password, rest) = content.rsplit_once(" salt=").unwrap_or((content, ""));
        let (salt, ident) = match rest.rsplit_once(" ident=") {
            Some((salt, ident)) => (salt, Some(ident.to_string())),
            None => (rest, None),
        };
        Kept { password: password.into(), salt: (!salt.is_empty()).then(|| salt.into()), ident }
    }

    fn text(&self) -> String {
        match (&self.salt, &self.ident) {
            (None, _) => format!("{}\n", self.password),
            (Some(salt), None) => format!("{} salt={salt}\n", self.password),
            (Some(salt), Some(ident)) => format!("{} salt={salt} ident={ident}\n", self.password),
        }
    }
}

fn password(path: &str, wanted: &Wanted) -> Result<String> {
    let kept = {
        let _lock = if path == NOWHERE { None } else { Some(blocking(|| Lock::take(Path::new(path)))?) };
        kept(path, wanted)?
    };
    let Some(name) = &wanted.encrypt else { return Ok(kept.password) };
    let scheme = Scheme::find(name)
        .ok_or_else(|| Error::template(format!("Heliostat does not support the '{name}' algorithm for passwords.")))?;
    let settings = Settings { salt: kept.salt, ident: kept.ident, ..Settings::default() };
    scheme.hash(kept.password.as_bytes(), &settings)
}

fn kept(path: &str, wanted: &Wanted) -> Result<Kept> {
    let file_error = |why: std::io::Error| Error::template(format!("{}: {}", os_error(&why), Value::str(path).repr()));
    let content = match std::fs::read(path) {
        Ok(_) if path == NOWHERE => None,
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).trim_end_matches(is_blank).to_string()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
        Err(why) => return Err(file_error(why)),
    };
    let mut changed = content.is_none();
    let mut kept = match content {
        Some(content) => Kept::parse(&content),
        None => Kept { password: random_password(wanted)?, salt: None, ident: None },
    };
    let scheme = wanted.encrypt.as_deref().and_then(Scheme::find);
    if wanted.encrypt.is_some() && kept.salt.is_none() {
        changed = true;
        kept.salt = Some(random_salt(scheme.map_or(8, Scheme::salt_size)));
    }
    match (&kept.ident, &wanted.ident) {
        (None, _) => kept.ident = wanted.ident.clone(),
        (Some(stored), Some(ident)) if stored != ident => {
            return Err(Error::template(format!(
                "The ident parameter provided ({stored}) does not match the stored one ({ident})."
            )));
        }
        _ => {}
    }
    if wanted.encrypt.is_some()
        && kept.ident.is_none()
        && let Some(ident) = scheme.and_then(Scheme::implicit_ident)
    {
        changed = true;
        kept.ident = Some(ident.into());
    }
    if changed && path != NOWHERE {
        write(Path::new(path), &kept.text()).map_err(file_error)?;
    }
    Ok(kept)
}

fn make_parent(path: &Path) -> std::io::Result<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    Ok(parent.to_path_buf())
}

/// Writes a file that only we can read, whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let parent = make_parent(path)?;
    let mut file = tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o600)).tempfile_in(parent)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|why| why.error)
}

/// Keeps other hosts' tasks, and other runs, from making the same password at once.
struct Lock {
    file: PathBuf,
    _ours: std::sync::MutexGuard<'static, ()>,
}

static OURS: Mutex<()> = Mutex::new(());

impl Lock {
    fn take(path: &Path) -> Result<Lock> {
        let ours = OURS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let why = |why: std::io::Error| Error::template(format!("{}: '{}'", os_error(&why), path.display()));
        let parent = make_parent(path).map_err(why)?;
        let name = digest("sha1", path.to_string_lossy().as_bytes())?;
        let file = parent.join(format!("{name}.ansible_lockfile"));
        for wait in [1, 2, 4, 0] {
            match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file) {
                Ok(_) => return Ok(Lock { file, _ours: ours }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    std::thread::sleep(Duration::from_secs(wait));
                }
                Err(error) => return Err(why(error)),
            }
        }
        Err(Error::template(format!(
            "Password lookup cannot get the lock in 7 seconds, abort...This may caused by un-removed lockfile you can \
             manually remove it from controller machine at {} and try again",
            file.display()
        )))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(pairs: &[(&str, Value)]) -> Wanted {
        let options = pairs.iter().map(|(name, value)| (*name, value.clone())).collect();
        Wanted::read(&Options::new("password", options)).unwrap()
    }

    #[test]
    fn a_seed_makes_pythons_password() {
        let wanted = wanted(&[("length", Value::Int(8)), ("seed", "foo".into())]);
        assert_eq!(password(NOWHERE, &wanted).unwrap(), "6JUEsF6-");
    }

    #[test]
    fn a_password_is_made_once_and_kept_with_its_salt() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/secret");
        let name = path.to_str().unwrap();
        let plain = password(name, &wanted(&[("chars", "digits,,x".into())])).unwrap();
        assert!(plain.len() == 20 && plain.chars().all(|c| "0123456789,x".contains(c)), "{plain}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(password(name, &wanted(&[])).unwrap(), plain);
        let hash = password(name, &wanted(&[("encrypt", "md5_crypt".into())])).unwrap();
        assert_eq!(password(name, &wanted(&[("encrypt", "md5_crypt".into())])).unwrap(), hash);
        let kept = Kept::parse(std::fs::read_to_string(&path).unwrap().trim_end());
        assert_eq!(kept.password, plain);
        assert!(hash.starts_with(&format!("$1${}$", kept.salt.unwrap())));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "the lock is gone");
    }

    #[test]
    fn paths_may_hold_blanks() {
        let mut options = Options::new("password", Dict::new());
        assert_eq!(parameters("a dir/file length=3", &mut options).unwrap(), "a dir/file");
        assert_eq!(options.int("length", "integer").unwrap(), Some(3));
        assert!(parameters("file length=3 more", &mut options).is_err());
        let error = parameters("file size=3", &mut options).unwrap_err();
        assert_eq!(error.message(), "Unrecognized parameter(s) given to password lookup: size");
    }
}
