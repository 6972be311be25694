//! Plugin configurations `plugin: constructed` and `plugin: generator`: variables, groups and hosts made by templates.

use super::{extension, is_readable};
use crate::error::{Error, Result};
use crate::inventory::entity::{GroupId, HostId};
use crate::inventory::graph::{ALL, Inventory};
use crate::inventory::vars_files::combined;
use crate::template::templar::{Templar, is_omit};
use crate::value::{Dict, Text, Value};
use crate::yaml;
use std::path::Path;
use std::sync::Arc;

pub(super) fn wants(inventory: &Inventory, source: &str) -> bool {
    let extension = extension(source);
    is_readable(source)
        && (matches!(extension, "" | ".config")
            || inventory.settings.yaml_extensions.iter().any(|known| known == extension))
}

/// The configuration in a file, which must name this plugin.
fn config(inventory: &Inventory, source: &str, plugin: &str) -> Result<Value> {
    let parsed = yaml::parse_file(Path::new(source), &inventory.settings.yaml)?;
    inventory.warnings.extend(parsed.warnings);
    let config = parsed.content.to_value();
    if !config.truthy() {
        return Err(Error::parser(format!("{source} is empty")));
    }
    if config.as_dict().is_none() {
        let found = super::class_of(&config);
        let message = format!("inventory source has invalid structure, it should be a dictionary, got: {found}");
        return Err(Error::parser(message));
    }
    let named = config.get("plugin").map_or("none found".into(), Value::to_text);
    if named.strip_prefix("ansible.builtin.").unwrap_or(&named) != plugin {
        return Err(Error::parser(format!("Incorrect plugin name in file: {named}")));
    }
    Ok(config)
}

pub(super) fn read(inventory: &mut Inventory, source: &str) -> Result<()> {
    let config = config(inventory, source, "constructed")?;
    let options = Options::of(&config, inventory)?;
    let build = |inventory: &mut Inventory| {
        (0..inventory.hosts.len()).try_for_each(|host| construct(inventory, &options, host))
    };
    build(inventory)
        .map_err(|error| Error::parser(format!("Failed to parse {}.", Value::str(source).repr())).because(error))
}

/// The options of the plugin.
struct Options {
    strict: bool,
    leading_separator: bool,
    vars_files: bool,
    extra: Option<Arc<Dict>>,
    compose: Option<Value>,
    groups: Option<Value>,
    keyed_groups: Vec<Value>,
}

impl Options {
    fn of(config: &Value, inventory: &Inventory) -> Result<Options> {
        let flag = |name: &str, default: bool| match config.get(name) {
            None | Some(Value::None) => Ok(default),
            Some(value) => value.to_bool().ok_or_else(|| {
                Error::parser(format!("Option {name} of an inventory plugin must be a boolean, got {}", value.repr()))
                    .at(value.origin())
            }),
        };
        let keyed_groups = match config.get("keyed_groups") {
            None | Some(Value::None) => Vec::new(),
            Some(Value::List(entries)) => entries.to_vec(),
            Some(other) => {
                return Err(
                    Error::parser(format!("keyed_groups must be a list, got {}", other.type_name())).at(other.origin())
                );
            }
        };
        let use_extra = flag("use_extra_vars", inventory.settings.use_extra_vars)?;
        Ok(Options {
            strict: flag("strict", false)?,
            leading_separator: flag("leading_separator", true)?,
            vars_files: flag("use_vars_plugins", false)?,
            extra: use_extra.then(|| inventory.settings.extra_vars.clone()),
            compose: config.get("compose").cloned(),
            groups: config.get("groups").cloned(),
            keyed_groups,
        })
    }
}

fn construct(inventory: &mut Inventory, options: &Options, host: HostId) -> Result<()> {
    let name = inventory.hosts[host].name.clone();
    let templar = templar(inventory, options, host, true)?;
    for (key, template) in options.compose.as_ref().and_then(Value::as_dict).into_iter().flatten() {
        match evaluate(&templar, template) {
            Ok(value) => inventory.set_host_variables(&[host], &Dict::from_iter([(key.clone(), value)])),
            Err(error) if options.strict => {
                return Err(error.context(format!("Could not set {} for host {name}", key.to_text())));
            }
            Err(_) => {}
        }
    }
    let templar = self::templar(inventory, options, host, false)?;
    for (group, condition) in options.groups.as_ref().and_then(Value::as_dict).into_iter().flatten() {
        let group = sanitized(&group.to_text());
        match templar.conditional(condition) {
            Ok(true) => {
                let id = inventory.add_group(&group)?;
                inventory.put_host(id, host);
            }
            Ok(false) => {}
            Err(error) if options.strict => {
                return Err(error.context(format!("Could not add host {name} to group {group}")));
            }
            Err(_) => {}
        }
    }
    let templar = self::templar(inventory, options, host, true)?;
    options.keyed_groups.iter().try_for_each(|entry| keyed_group(inventory, options, &templar, host, entry))
}

/// Templates with what the sources so far say of a host.
fn templar(inventory: &Inventory, options: &Options, host: HostId, extra: bool) -> Result<Templar> {
    let entity = &inventory.hosts[host];
    let mut groups = inventory.groups_of(entity);
    if entity.groups.iter().any(|group| *group == ALL || inventory.ancestors(*group).contains(&ALL)) {
        groups.insert(0, ALL);
    }
    let mut layers: Vec<Arc<Dict>> = groups.iter().map(|id| inventory.groups[*id].vars.clone()).collect();
    if options.vars_files {
        for dir in &inventory.source_dirs {
            for id in &groups {
                let name = &inventory.groups[*id].name;
                let (settings, warnings) = (&inventory.settings, &inventory.warnings);
                layers.extend(inventory.vars_files.load(dir, "group_vars", name, settings, warnings)?);
            }
        }
    }
    layers.push(entity.vars.clone());
    layers.push(Arc::new(Dict::from_iter([
        ("inventory_hostname", Value::str(entity.name.clone())),
        ("inventory_hostname_short", Value::str(entity.name.split('.').next().unwrap_or(""))),
        ("group_names", inventory.group_names(&entity.name)),
    ])));
    if options.vars_files {
        for dir in &inventory.source_dirs {
            let (settings, warnings) = (&inventory.settings, &inventory.warnings);
            layers.extend(inventory.vars_files.load(dir, "host_vars", &entity.name, settings, warnings)?);
        }
    }
    if extra {
        layers.extend(options.extra.clone());
    }
    let variables = combined(&layers, inventory.settings.merge_hashes);
    Ok(Templar::new(inventory.settings.templates.clone(), Arc::new(variables)))
}

fn evaluate(templar: &Templar, template: &Value) -> Result<Value> {
    match template {
        Value::Str(text) => templar.evaluate(text),
        other => {
            Err(Error::template(format!("Expressions must be strings, got {}", other.type_name())).at(other.origin()))
        }
    }
}

/// Characters that could not stand in a variable's name become underscores here, whatever the setting says.
fn sanitized(name: &str) -> String {
    let odd = |at: usize, c: char| !(c.is_alphanumeric() || c == '_') || (at == 0 && c.is_numeric());
    name.chars().enumerate().map(|(at, c)| if odd(at, c) { '_' } else { c }).collect()
}

/// Adds a host to the groups that the value of an expression names.
fn keyed_group(
    inventory: &mut Inventory,
    options: &Options,
    templar: &Templar,
    host: HostId,
    entry: &Value,
) -> Result<()> {
    let name = inventory.hosts[host].name.clone();
    if !entry.truthy() || entry.as_dict().is_none() {
        let message = format!("Invalid keyed group entry, it must be a dictionary: {} ", entry.to_text());
        return Err(Error::parser(message).at(entry.origin()));
    }
    let expression = entry.get("key").cloned().unwrap_or_default();
    let shown = expression.to_text();
    let key = match evaluate(templar, &expression) {
        Ok(key) => key,
        Err(error) if options.strict => {
            return Err(error.context(format!("Could not generate group for host {name} from {shown} entry")));
        }
        Err(_) => return Ok(()),
    };
    let default = entry.get("default_value").filter(|value| !value.is_none());
    let trailing = entry.get("trailing_separator").filter(|value| !value.is_none());
    if default.is_some() && trailing.is_some() {
        let message = "parameters are mutually exclusive for keyed groups: default_value|trailing_separator";
        return Err(Error::parser(message).at(entry.origin()));
    }
    if !key.truthy() && (default.is_none() || !is_blank(&key)) {
        let harmless = matches!(&key, Value::List(_) | Value::Dict(_));
        if options.strict && !harmless {
            let message = format!("No key or key resulted empty for {shown} in host {name}, invalid entry");
            return Err(Error::parser(message).at(expression.origin()));
        }
        return Ok(());
    }
    let parent = match parent_group(templar, entry) {
        Ok(parent) => parent,
        Err(error) if options.strict => {
            return Err(error.context(format!("Could not generate parent group for group {}", key.repr())));
        }
        Err(_) => return Ok(()),
    };
    let text_of =
        |name: &str, usual: &str| entry.get(name).map_or(usual.to_string(), |text| text.to_text().into_owned());
    let (prefix, separator) = (text_of("prefix", ""), text_of("separator", "_"));
    let trailing = trailing.is_none_or(|trailing| trailing.to_bool().unwrap_or(true));
    let leading = if prefix.is_empty() && !options.leading_separator { "" } else { separator.as_str() };
    for bare in bare_names(&key, default, &separator, trailing)? {
        let group = inventory.add_group(&sanitized(&format!("{prefix}{leading}{bare}")))?;
        inventory.put_host(group, host);
        if let Some(parent) = &parent {
            let parent = inventory.add_group(&sanitized(parent))?;
            inventory.put_group(parent, group)?;
        }
    }
    Ok(())
}

fn is_blank(value: &Value) -> bool {
    value.is_none() || value.as_str() == Some("")
}

fn parent_group(templar: &Templar, entry: &Value) -> Result<Option<String>> {
    let Some(raw) = entry.get("parent_group").filter(|raw| !raw.is_none()) else { return Ok(None) };
    let rendered = templar.template(raw)?;
    Ok((rendered.truthy() && !is_omit(&rendered)).then(|| rendered.to_text().into_owned()))
}

/// What the value of an expression calls groups, without prefix: itself, its items, or its keys with their values.
fn bare_names(key: &Value, default: Option<&Value>, separator: &str, trailing: bool) -> Result<Vec<String>> {
    let or_default = |value: &Value| match default {
        Some(default) if is_blank(value) => default.to_text().into_owned(),
        _ => value.to_text().into_owned(),
    };
    Ok(match key {
        key if is_blank(key) => vec![or_default(key)],
        Value::Str(name) => vec![name.to_string()],
        Value::List(names) => names.iter().map(or_default).collect(),
        Value::Dict(dict) => dict
            .iter()
            .map(|(name, value)| match (is_blank(value), default) {
                (true, None) if !trailing => name.to_text().into_owned(),
                _ => format!("{}{separator}{}", name.to_text(), or_default(value)),
            })
            .collect(),
        other => {
            let class = super::class_of(other);
            let message = "Invalid group name format, expected a string or a list of them or dictionary, got";
            return Err(Error::parser(format!("{message}: {class}")));
        }
    })
}

/// `plugin: generator`: hosts from all combinations of the items of its layers.
pub(super) fn read_generator(inventory: &mut Inventory, source: &str) -> Result<()> {
    let config = config(inventory, source, "generator")?;
    let missing = |name: &str| Error::parser(format!("'{name}'"));
    let layers = config.get("layers").and_then(Value::as_dict).ok_or_else(|| missing("layers"))?;
    let hosts = config.get("hosts").ok_or_else(|| missing("hosts"))?;
    let name = hosts.get("name").ok_or_else(|| missing("name"))?;
    let mut combinations = vec![Dict::new()];
    for (layer, items) in layers {
        let items = items
            .as_slice()
            .ok_or_else(|| Error::parser(format!("The layer {} must be a list", layer.to_text())).at(layer.origin()))?;
        let with = |combination: &Dict, item: &Value| {
            let mut combination = combination.clone();
            combination.insert_value(layer.clone(), item.clone());
            combination
        };
        combinations = combinations.iter().flat_map(|known| items.iter().map(move |item| with(known, item))).collect();
    }
    for combination in combinations {
        let templar = Templar::new(inventory.settings.templates.clone(), Arc::new(combination));
        let host = inventory.add_host(&render(&templar, name)?.to_text(), None, None)?;
        let shown = inventory.hosts[host].name.to_string();
        add_parents(inventory, &templar, &shown, Child::Host(host), hosts)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Child {
    Host(HostId),
    Group(GroupId),
}

fn render(templar: &Templar, value: &Value) -> Result<Value> {
    match value {
        Value::Str(_) => templar.template(value),
        other => Ok(other.clone()),
    }
}

fn add_parents(inventory: &mut Inventory, templar: &Templar, shown: &str, child: Child, of: &Value) -> Result<()> {
    for parent in of.get("parents").and_then(Value::as_slice).unwrap_or_default() {
        let name = parent.get("name").map(|name| render(templar, name)).transpose()?.filter(Value::truthy);
        let name = name.ok_or_else(|| Error::parser(format!("Element {shown} has a parent with no name.")))?;
        let name = name.to_text();
        let group = inventory.add_group(&name)?;
        for (key, value) in parent.get("vars").and_then(Value::as_dict).into_iter().flatten() {
            let value = render(templar, value)?;
            inventory.set_group_variable(group, &Value::Str(Text::plain(key.to_text())), &value)?;
        }
        match child {
            Child::Host(host) => inventory.put_host(group, host),
            Child::Group(below) => inventory.put_group(group, below)?,
        };
        add_parents(inventory, templar, &name, Child::Group(group), parent)?;
    }
    Ok(())
}
