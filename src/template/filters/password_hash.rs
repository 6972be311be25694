//! `password_hash`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::pycrypt::{Scheme, Settings};
use crate::template::{Args, Context, Filter};
use crate::value::Value;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[Filter::new("password_hash", password_hash)];

fn password_hash(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let kind = args.take("hashtype").map_or_else(|| "sha512".to_string(), |kind| arg::text(&kind));
    let salt = args.take("salt").filter(Value::truthy);
    let salt_size = arg::given(args.take("salt_size"));
    let rounds = args.take("rounds").filter(Value::truthy);
    let ident = args.take("ident").filter(Value::truthy);
    args.finish("get_encrypted_password")?;
    let name = match kind.as_str() {
        "md5" => "md5_crypt",
        "blowfish" => "bcrypt",
        "sha256" => "sha256_crypt",
        "sha512" => "sha512_crypt",
        other => other,
    };
    let scheme = Scheme::find(name).ok_or_else(|| {
        Error::template(format!(
            "{name} is not in the list of supported passlib algorithms: md5, blowfish, sha256, sha512"
        ))
    })?;
    let salt_size = match salt_size {
        None => None,
        Some(size) => Some(size.as_i64().ok_or_else(|| Error::template("salt_size must be an integer"))?),
    };
    let settings = Settings {
        salt: salt.map(|salt| arg::text(&salt)),
        salt_size,
        rounds: rounds.map(|rounds| whole(&rounds)).transpose()?,
        ident: ident.map(|ident| arg::text(&ident)),
    };
    let password = match &input {
        Value::Str(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        other => {
            let name = if other.is_none() { "None" } else { other.type_name() };
            return Err(Error::template(format!("secret must be unicode or bytes, not {name}")));
        }
    };
    scheme.hash(&password, &settings).map(Value::from)
}

fn whole(value: &Value) -> Result<i64> {
    match value {
        Value::Str(text) => text.trim().parse().map_err(|_| {
            let why = format!("invalid literal for int() with base 10: {}", value.repr());
            Error::template(why).context("Could not hash the secret.")
        }),
        other => arg::index(other).map_err(|_| Error::template("rounds must be an integer")),
    }
}
