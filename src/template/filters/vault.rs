//! `vault` and `unvault`.

use super::arg;
use crate::error::{Error, Kind, Result};
use crate::template::{Args, Context, Filter};
use crate::value::Value;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[Filter::new("vault", vault), Filter::new("unvault", unvault)];

/// The secret and the vault id, checked as both filters check them.
fn secret(function: &str, role: &str, args: &mut Args) -> Result<()> {
    let secret = args.require(function, "secret")?;
    match &secret {
        Value::Str(_) | Value::Bytes(_) => Ok(()),
        other => {
            let class = arg::class_of(other);
            Err(Error::template(format!("Secret passed is required to be {role} string, instead we got {class}.")))
        }
    }
}

fn vault(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    secret("do_vault", "a", &mut args)?;
    for name in ["salt", "vault_id", "wrap_object", "vaultid"] {
        args.take(name);
    }
    args.finish("do_vault")?;
    if !matches!(input, Value::Str(_) | Value::Bytes(_)) {
        let class = arg::class_of(&input);
        return Err(Error::template(format!("Can only vault strings, instead we got {class}.")));
    }
    Err(Error::new(Kind::Vault, "Heliostat cannot encrypt vaults in templates yet"))
}

fn unvault(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    secret("do_unvault", "as", &mut args)?;
    for name in ["vault_id", "vaultid"] {
        args.take(name);
    }
    args.finish("do_unvault")?;
    let text = match &input {
        Value::Str(_) | Value::Bytes(_) => arg::text(&input),
        other => {
            let class = arg::class_of(other);
            return Err(Error::template(format!("Vault should be in the form of a string, instead we got {class}.")));
        }
    };
    // what is no vault is handed on
    if text.starts_with("$ANSIBLE_VAULT;") {
        return Err(Error::new(
            Kind::Vault,
            "Heliostat cannot open vaults with a secret of their own in templates yet",
        ));
    }
    Ok(text.into())
}
