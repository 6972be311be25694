//! `is vault_encrypted`, `is vaulted_file`.

use crate::error::{Error, Result};
use crate::template::filters::{arg, paths::os_error};
use crate::template::{Args, Context, Test};
use crate::value::Value;
use std::io::Read as _;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    Test::new("vault_encrypted", |_, input, mut args| {
        args.finish("vault_encrypted")?;
        Ok(matches!(input, Value::Vault(_)))
    }),
    Test::new("vaulted_file", vaulted_file),
];

const HEADER: &[u8] = b"$ANSIBLE_VAULT";

fn vaulted_file(_: &mut dyn Context, input: Value, mut args: Args) -> Result<bool> {
    args.finish("vaulted_file")?;
    let path = arg::text(&input);
    let begins_as_vault = || {
        let mut start = Vec::new();
        std::fs::File::open(&path)?.take(HEADER.len() as u64).read_to_end(&mut start)?;
        Ok::<_, std::io::Error>(start == HEADER)
    };
    begins_as_vault().map_err(|why| {
        let cause = Error::template(format!("{}: b{}", os_error(&why), Value::str(path.as_str()).repr()));
        cause.context(format!("Cannot test if the file {} is a vault.", input.repr()))
    })
}
