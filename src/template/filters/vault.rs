//! `vault` and `unvault`.

use super::arg;
use crate::error::{Error, Kind, Result};
use crate::template::{Args, Context, Filter};
use crate::value::{Value, Vaulted};
use crate::vault::{Secret, Vault, is_encrypted};
use std::sync::Arc;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[Filter::new("vault", vault), Filter::new("unvault", unvault)];

/// The name of the secret when none is given.
const DEFAULT_ID: &str = "filter_default";

/// The secret, checked as both filters check it.
fn secret(function: &str, role: &str, args: &mut Args) -> Result<Secret> {
    match args.require(function, "secret")? {
        secret @ (Value::Str(_) | Value::Bytes(_)) => Ok(Secret::new(arg::bytes(&secret))),
        other => {
            let class = arg::class_of(&other);
            Err(Error::template(format!("Secret passed is required to be {role} string, instead we got {class}.")))
        }
    }
}

/// `vault_id`, or the undocumented `vaultid`.
fn vault_id(context: &dyn Context, given: Option<Value>, undocumented: Option<Value>) -> String {
    let given = given.map_or_else(|| DEFAULT_ID.to_string(), |id| id.to_text().into_owned());
    let Some(undocumented) = arg::given(undocumented) else { return given };
    let warn = |message: &str, deprecation| {
        if let Some(warn) = &context.environment().warn {
            warn(message.to_string(), deprecation);
        }
    };
    warn(
        "Use of undocumented `vaultid`. This feature will be removed from ansible-core version 2.20. \
         Use `vault_id` instead.",
        true,
    );
    if given == DEFAULT_ID {
        return undocumented.to_text().into_owned();
    }
    warn("Ignoring vaultid as vault_id is already set.", false);
    given
}

fn vault(context: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let secret = secret("do_vault", "a", &mut args)?;
    let salt = arg::given(args.take("salt")).map(|salt| arg::bytes(&salt));
    let id = args.take("vault_id");
    let wrap = args.take("wrap_object").is_some_and(|wrap| wrap.truthy());
    let undocumented = args.take("vaultid");
    args.finish("do_vault")?;
    if !matches!(input, Value::Str(_) | Value::Bytes(_)) {
        let class = arg::class_of(&input);
        return Err(Error::template(format!("Can only vault strings, instead we got {class}.")));
    }
    let id = vault_id(context, id, undocumented);
    let ciphertext = Vault::default()
        .encrypt(&arg::bytes(&input), &secret, Some(&id), salt.as_deref())
        .map_err(|cause| Error::new(Kind::Vault, "Unable to encrypt.").because(cause))?;
    Ok(if wrap { Value::Vault(Arc::new(Vaulted { ciphertext, origin: None })) } else { ciphertext.into() })
}

fn unvault(context: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let secret = secret("do_unvault", "as", &mut args)?;
    let (id, undocumented) = (args.take("vault_id"), args.take("vaultid"));
    args.finish("do_unvault")?;
    let text = match &input {
        Value::Str(_) | Value::Bytes(_) => arg::text(&input),
        Value::Vault(vaulted) => vaulted.ciphertext.clone(),
        other => {
            let class = arg::class_of(other);
            return Err(Error::template(format!("Vault should be in the form of a string, instead we got {class}.")));
        }
    };
    // what is no vault is handed on
    if !is_encrypted(text.as_bytes()) {
        return Ok(text.into());
    }
    let vault = Vault::new(vec![(vault_id(context, id, undocumented), secret)]);
    let plain = vault.decrypt(&text).map_err(|cause| Error::new(Kind::Vault, "Unable to decrypt.").because(cause))?;
    Ok(String::from_utf8_lossy(&plain).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Environment;
    use crate::template::templar::Templar;
    use crate::value::{Dict, Text};

    fn render(template: &str) -> Result<Value> {
        let templar = Templar::new(Arc::new(Environment::default()), Arc::new(Dict::new()));
        templar.template(&Value::Str(Text::trusted(template, None)))
    }

    #[test]
    fn what_one_closes_the_other_opens() {
        assert_eq!(render("{{ 'text' | vault('pw') | unvault('pw') }}").unwrap(), Value::str("text"));
        assert_eq!(render("{{ 'plain' | unvault('pw') }}").unwrap(), Value::str("plain"));
        assert!(render("{{ 'text' | vault('pw') | unvault('other') }}").is_err());
    }

    #[test]
    fn a_salt_makes_it_repeatable() {
        // what ansible-core 2.19 answers
        let expected = "$ANSIBLE_VAULT;1.2;AES256;me\n\
            37333631366337340a38353737626336313464356536613037383033633465306634353031383563\n\
            3665626433636536343364643939626338326162613034643666373562313566640a363538656131\n\
            6239376265626538323031306234323337356334326434386164\n";
        assert_eq!(render("{{ 'text' | vault('pw', 'salt', 'me') }}").unwrap(), Value::str(expected));
    }
}
