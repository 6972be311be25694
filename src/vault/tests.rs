use super::*;
use crate::error::Warnings;
use std::os::unix::fs::PermissionsExt;
use zeroize::Zeroizing;

/// Closed by ansible-core 2.19 with the password `secret`.
const FROM_ANSIBLE: &str = include_str!("testdata/v1.1");
/// The same with the name `prod`.
const NAMED: &str = include_str!("testdata/v1.2");

fn vault(id: &str, password: &str) -> Vault {
    Vault::new(vec![(id.into(), Secret::new(password))])
}

#[test]
fn envelopes_of_the_reference_open() {
    assert_eq!(vault("default", "secret").decrypt_text(FROM_ANSIBLE).unwrap(), "hello: wörld\n");
    assert_eq!(vault("prod", "secret").decrypt_text(NAMED).unwrap(), "hello: wörld\n");
}

#[test]
fn a_wrong_secret_opens_nothing() {
    let error = vault("default", "wrong").decrypt(FROM_ANSIBLE).unwrap_err();
    assert_eq!(error.message(), "Decryption failed (no vault secrets were found that could decrypt).");
    let tampered = FROM_ANSIBLE.replace("3", "4");
    assert!(vault("default", "secret").decrypt(&tampered).is_err());
}

#[test]
fn what_is_closed_opens_again() {
    let vault = vault("default", "pw");
    let (id, secret) = vault.secret_for(None).unwrap();
    for length in [0, 1, 15, 16, 17, 1000] {
        let plain = vec![7; length];
        let envelope = vault.encrypt(&plain, secret, Some(id), None).unwrap();
        assert!(envelope.starts_with("$ANSIBLE_VAULT;1.1;AES256\n") && envelope.lines().all(|line| line.len() <= 80));
        assert_eq!(vault.decrypt(&envelope).unwrap(), plain);
    }
    assert!(vault.encrypt(b"x", secret, Some("dev"), None).unwrap().starts_with("$ANSIBLE_VAULT;1.2;AES256;dev\n"));
}

#[test]
fn the_named_secret_is_tried_first_and_alone_when_told_so() {
    let secrets = || vec![("dev".to_string(), Secret::new("other")), ("other".to_string(), Secret::new("secret"))];
    assert!(Vault::new(secrets()).decrypt(NAMED).is_ok());
    assert!(Vault::new(secrets()).matching_ids(true).decrypt(NAMED).is_err());
}

#[test]
fn format_1_0_is_read() {
    let text = include_str!("testdata/v1.0");
    assert_eq!(vault("default", "ansible").decrypt_text(text).unwrap(), "foo: bar\n");
}

#[test]
fn what_is_no_envelope_says_so() {
    let vault = vault("default", "x");
    assert_eq!(vault.decrypt("plain").unwrap_err().message(), "Input is not vault encrypted data.");
    assert_eq!(vault.decrypt("$ANSIBLE_VAULT\n00").unwrap_err().message(), "Vault envelope format error.");
    assert_eq!(vault.decrypt("$ANSIBLE_VAULT;1.1;AES256\nzz").unwrap_err().message(), "Vault format unhexlify error.");
    assert_eq!(
        vault.decrypt("$ANSIBLE_VAULT;1.1;ROT13\n00").unwrap_err().message(),
        "Cipher 'ROT13' could not be found."
    );
}

#[test]
fn secrets_come_from_files_scripts_and_prompts() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(path("file"), "  from file \n").unwrap();
    for (name, text) in [("script", "#!/bin/sh\necho from script\n"), ("my-client.sh", "#!/bin/sh\necho \"for $2\"\n")]
    {
        std::fs::write(path(name), text).unwrap();
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let sources = Sources {
        ids: vec![
            path("file"),
            format!("a@{}", path("script")),
            format!("b@{}", path("my-client.sh")),
            "c@prompt".into(),
        ],
        ..Sources::default()
    };
    let mut prompts = Vec::new();
    let mut ask = |prompt: &str| {
        prompts.push(prompt.to_string());
        Ok(Zeroizing::new("typed\n".to_string()))
    };
    let vault = sources.load(&mut ask, &Warnings::default()).unwrap();
    let secret = |id: &str| String::from_utf8_lossy(vault.secret_for(Some(id)).unwrap().1.bytes()).into_owned();
    assert_eq!(secret("default"), "from file");
    assert_eq!(secret("a"), "from script");
    assert_eq!(secret("b"), "for b");
    assert_eq!(secret("c"), "typed");
    assert_eq!(prompts, ["Vault password (c): "]);
}

#[test]
fn a_missing_file_is_an_error_unless_another_secret_is_found() {
    let warnings = Warnings::default();
    let mut sources = Sources { files: vec!["/nonexistent/pw".into()], ..Sources::default() };
    let mut ask = |_: &str| Ok(Zeroizing::new("typed".to_string()));
    let error = sources.load(&mut ask, &warnings).err().unwrap();
    assert_eq!(error.message(), "The vault password file /nonexistent/pw was not found");
    sources.ask = true;
    assert!(sources.load(&mut ask, &warnings).unwrap().has_secrets());
    assert_eq!(warnings.take().len(), 1);
}

#[test]
fn a_new_secret_is_confirmed() {
    let sources = Sources { ask: true, new: true, ..Sources::default() };
    let mut answers = vec!["two", "one"];
    let mut ask = |_: &str| Ok(Zeroizing::new(answers.pop().unwrap_or("").to_string()));
    let error = sources.load(&mut ask, &Warnings::default()).err().unwrap();
    assert_eq!(error.message(), "Passwords do not match");
}
