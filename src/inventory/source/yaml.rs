//! YAML inventories: groups with `hosts`, `vars` and `children`. And files that name a plugin.

use super::{class_of, extension, is_readable};
use crate::error::{Error, Result};
use crate::inventory::entity::GroupId;
use crate::inventory::graph::Inventory;
use crate::value::{Dict, Value};
use crate::yaml;
use std::path::Path;

pub(super) fn wants(inventory: &Inventory, source: &str) -> bool {
    let extension = extension(source);
    is_readable(source)
        && (extension.is_empty() || inventory.settings.yaml_inventory_extensions.iter().any(|known| known == extension))
}

pub(super) fn wants_plugin(_: &Inventory, source: &str) -> bool {
    (source.ends_with(".yml") || source.ends_with(".yaml")) && is_readable(source)
}

fn load(inventory: &Inventory, source: &str) -> Result<Value> {
    let parsed = yaml::parse_file(Path::new(source), &inventory.settings.yaml)?;
    inventory.warnings.extend(parsed.warnings);
    Ok(parsed.content.to_value())
}

/// A file with `plugin: NAME` at its top is for the inventory plugin of that name.
pub(super) fn read_plugin(inventory: &mut Inventory, source: &str) -> Result<()> {
    let data = load(inventory, source)?;
    let plugin = data.get("plugin").filter(|plugin| plugin.truthy()).ok_or_else(|| {
        Error::parser(format!(
            "no root 'plugin' key found, '{source}' is not a valid YAML inventory plugin config file"
        ))
    })?;
    let name = plugin.to_text();
    match name.strip_prefix("ansible.builtin.").unwrap_or(&name) {
        "constructed" => super::constructed::read(inventory, source),
        "generator" => super::constructed::read_generator(inventory, source),
        _ => Err(Error::parser(format!("inventory config '{source}' specifies unknown plugin '{name}'"))
            .at(plugin.origin())
            .help("Built in are constructed and generator. For others, an inventory script can stand in.")),
    }
}

pub(super) fn read(inventory: &mut Inventory, source: &str) -> Result<()> {
    // the message alone: the parser for plugins has shown the place, and many files here are INI
    let data = load(inventory, source).map_err(|error| Error::parser(error.one_line()))?;
    if !data.truthy() {
        return Err(Error::parser("Parsed empty YAML file"));
    }
    let Value::Dict(groups) = &data else {
        return Err(Error::parser(format!(
            "YAML inventory has invalid structure, it should be a dictionary, got: {}",
            class_of(&data)
        )));
    };
    if groups.get("plugin").is_some_and(Value::truthy) {
        return Err(Error::parser("Plugin configuration YAML file, not YAML inventory"));
    }
    for (name, data) in groups.iter() {
        group(inventory, name, data)?;
    }
    Ok(())
}

/// Reads a group and those below it; `None` when it was no group.
fn group(inventory: &mut Inventory, name: &Value, data: &Value) -> Result<Option<GroupId>> {
    let empty = Dict::new();
    let sections = match data {
        Value::Dict(sections) => sections,
        Value::None => &empty,
        _ => {
            inventory.warn(format!("Skipping '{}' as this is not a valid group definition", name.to_text()));
            return Ok(name.as_str().and_then(|name| inventory.groups.get_index_of(name)));
        }
    };
    let id = match name {
        Value::Str(name) => inventory.add_group(name),
        other => Err(Error::general(format!(
            "Invalid group name supplied, expected a string but got {} for {}",
            class_of(other),
            other.to_text()
        ))),
    };
    let id = id.map_err(|error| Error::parser(format!("Unable to add group {}: {error}", name.to_text())))?;
    let name = inventory.groups[id].name.clone();
    for section in ["vars", "children", "hosts"] {
        if let Some(found) = sections.get(section)
            && !matches!(found, Value::Dict(_) | Value::None | Value::Str(_))
        {
            return Err(Error::parser(format!(
                "Invalid \"{section}\" entry for \"{name}\" group, requires a dictionary, found \"{}\" instead.",
                class_of(found)
            ))
            .at(found.origin()));
        }
    }
    for (key, data) in sections.iter() {
        let key = key.to_text();
        let single;
        let entries = match data {
            Value::Dict(entries) => &**entries,
            Value::None => continue,
            // one name stands for a mapping with that name in it
            Value::Str(_) if matches!(&*key, "vars" | "children" | "hosts") => {
                single = Dict::from_iter([(data.clone(), Value::None)]);
                &single
            }
            other => {
                let class = class_of(other);
                inventory
                    .warn(format!("Skipping key ({key}) in group ({name}) as it is not a mapping, it is a {class}"));
                continue;
            }
        };
        read_section(inventory, id, &key, entries)?;
    }
    Ok(Some(id))
}

fn read_section(inventory: &mut Inventory, id: GroupId, key: &str, entries: &Dict) -> Result<()> {
    match key {
        "vars" => {
            for (name, value) in entries {
                inventory.set_group_variable(id, name, value)?;
            }
        }
        "children" => {
            for (name, data) in entries {
                match group(inventory, name, data)? {
                    Some(child) => inventory.put_group(id, child)?,
                    None => return Err(Error::general(format!("{} is not a known host nor group", name.to_text()))),
                };
            }
        }
        "hosts" => {
            let none = Dict::new();
            for (pattern, data) in entries {
                let Value::Str(pattern) = pattern else {
                    return Err(Error::parser(format!(
                        "Host pattern {} must be a string. Enclose integers/floats in quotation marks.",
                        pattern.to_text()
                    ))
                    .at(pattern.origin()));
                };
                let variables = match data {
                    Value::Dict(variables) => variables,
                    other if !other.truthy() => &none,
                    other => {
                        return Err(Error::parser(format!(
                            "Invalid data from file, expected dictionary and got:\n\n{}",
                            other.to_text()
                        ))
                        .at(other.origin()));
                    }
                };
                inventory.add_pattern(pattern, id, variables)?;
            }
        }
        other => {
            let name = inventory.groups[id].name.clone();
            inventory.warn(format!(
                "Skipping unexpected key ({other}) in group ({name}), only \"vars\", \"children\" and \"hosts\" are valid"
            ));
        }
    }
    Ok(())
}
