//! Where lookups find files: around the task (`ansible_search_path`), in its role, beside the playbook.

use crate::error::{Error, Kind, Result};
use crate::template::{Context, pycodec, pypath};
use crate::value::Value;
use std::path::Path;

/// The directory of the playbook.
pub fn base_dir(ctx: &dyn Context) -> String {
    let dir = ctx.environment().playbook_dir.to_string_lossy().into_owned();
    if dir.is_empty() { pypath::cwd() } else { dir }
}

/// The directories around the task, nearest first.
pub fn task_dirs(ctx: &mut dyn Context) -> Result<Vec<String>> {
    match ctx.variable("ansible_search_path")? {
        Some(Value::List(dirs)) => return Ok(dirs.iter().map(|dir| dir.to_text().into_owned()).collect()),
        Some(Value::Tuple(dirs)) => return Ok(dirs.iter().map(|dir| dir.to_text().into_owned()).collect()),
        _ => {}
    }
    Ok(vec![match ctx.variable("role_path")? {
        Some(role) => role.to_text().into_owned(),
        None => base_dir(ctx),
    }])
}

/// Every place where `needle` may lie, in order; `subdir` is the folder for its kind of file (`files`, `templates`).
pub fn candidates(ctx: &mut dyn Context, subdir: Option<&str>, needle: &str) -> Result<Vec<String>> {
    if needle.starts_with('/') || needle.starts_with('~') {
        return Ok(vec![pypath::unfrack(needle)]);
    }
    let in_role = ctx.variable("role_path")?.is_some();
    // whoever names the folder in the path means it once
    let subdir = subdir.filter(|subdir| needle.split('/').next() != Some(subdir));
    let mut places = Vec::new();
    for dir in task_dirs(ctx)? {
        let dir = pypath::unfrack(&dir);
        let above = pypath::dirname(&dir);
        if above.ends_with("/tasks") && (in_role || is_role(&dir)) {
            let role = pypath::dirname(above);
            places.extend(subdir.map(|subdir| pypath::join([role, subdir, needle])));
            places.push(pypath::join([above, needle]));
        }
        places.extend(subdir.map(|subdir| pypath::join([&dir, subdir, needle])));
        places.push(pypath::join([&dir, needle]));
    }
    let base = pypath::unfrack(&base_dir(ctx));
    places.extend(subdir.map(|subdir| pypath::join([&base, subdir, needle])));
    places.push(pypath::join([&base, needle]));
    Ok(places)
}

/// Whether a directory looks like a role, or like a folder of one.
fn is_role(dir: &str) -> bool {
    let mains = ["main.yml", "main.yaml", "main"];
    let has = |dir: &str, folder: &str| mains.iter().any(|main| Path::new(dir).join(folder).join(main).exists());
    let tasks_itself = dir.trim_end_matches('/').ends_with("/tasks") && has(dir, "");
    let above = pypath::dirname(dir);
    tasks_itself || [dir, above].iter().any(|dir| has(dir, "tasks") || has(dir, "meta"))
}

/// The first place that exists.
pub fn find(ctx: &mut dyn Context, subdir: Option<&str>, needle: &Value) -> Result<Option<String>> {
    let Some(needle) = needle.as_str() else {
        return Err(Error::template(format!("'{}' object has no attribute 'startswith'", needle.type_name())));
    };
    Ok(candidates(ctx, subdir, needle)?.into_iter().find(|place| pypath::exists(place)))
}

/// Like [`find`], with Ansible's warning when there is none.
pub fn find_or_warn(ctx: &mut dyn Context, subdir: Option<&str>, needle: &Value) -> Result<Option<String>> {
    let found = find(ctx, subdir, needle)?;
    if found.is_none()
        && let Some(warn) = &ctx.environment().warn
    {
        let needle = needle.to_text();
        warn(format!("Unable to find '{needle}' in expected paths (use -vvvvv to see paths)"), false);
    }
    Ok(found)
}

/// The text of a file, opened if it is a vault. A file that is no text gets replacement characters.
pub fn read(ctx: &dyn Context, path: &str, encoding: &str) -> Result<String> {
    let unreadable = |why: std::io::Error| {
        let cause = Error::new(Kind::Parser, crate::template::filters::paths::os_error(&why));
        cause.context(format!("an error occurred while trying to read the file {}.", Value::str(path).repr()))
    };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if !bytes.starts_with(b"$ANSIBLE_VAULT;") {
        return pycodec::decode(&bytes, encoding, false);
    }
    match &ctx.environment().decrypt {
        Some(decrypt) => decrypt(&String::from_utf8_lossy(&bytes)),
        None => Err(Error::new(Kind::Vault, "Attempting to decrypt but no vault secrets found.")),
    }
}
