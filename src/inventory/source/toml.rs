//! TOML inventories: `[group.hosts]`, `[group.vars]`, `children = [...]`.

use super::{class_of, extension, is_readable};
use crate::error::{Error, Origin, Result};
use crate::inventory::entity::GroupId;
use crate::inventory::graph::Inventory;
use crate::value::{Dict, Moment, Text, Value};
use crate::yaml;
use jiff::civil;
use std::path::Path;
use std::sync::Arc;

pub(super) fn wants(_: &Inventory, source: &str) -> bool {
    extension(source) == ".toml" && is_readable(source)
}

pub(super) fn read(inventory: &mut Inventory, source: &str) -> Result<()> {
    let (text, _) = yaml::read_text(Path::new(source), &inventory.settings.yaml)?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| invalid(source, &text, &error))?;
    let origin = Origin::described(format!("<inventory plugin 'toml' with source '{source}'>"));
    let data = dict(&table, &origin);
    if data.is_empty() {
        return Err(Error::parser("Parsed empty TOML file"));
    }
    if data.get("plugin").is_some_and(Value::truthy) {
        return Err(Error::parser("Plugin configuration TOML file, not TOML inventory"));
    }
    data.iter().try_for_each(|(name, data)| group(inventory, &name.to_text(), data).map(drop))
}

fn invalid(source: &str, text: &str, error: &toml::de::Error) -> Error {
    let outer = Error::parser(format!("TOML file '{source}' is invalid."));
    let Some(span) = error.span() else { return outer.because(Error::parser(error.message())) };
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    let origin = Origin::new(source, line as u32, column as u32);
    outer.because(Error::parser(error.message()).at(Some(&origin)))
}

fn group(inventory: &mut Inventory, name: &str, data: &Value) -> Result<Option<GroupId>> {
    let Value::Dict(sections) = data else {
        inventory.warn(format!("Skipping '{name}' as this is not a valid group definition"));
        return Ok(None);
    };
    let id = inventory.add_group(name)?;
    for (key, data) in sections.iter() {
        let key = key.to_text();
        match (&*key, data) {
            ("vars", Value::Dict(variables)) => {
                for (name, value) in variables.iter() {
                    inventory.set_group_variable(id, name, value)?;
                }
            }
            ("children", Value::List(children)) => {
                for child in children.iter() {
                    let child = inventory.add_group(&child.to_text())?;
                    inventory.put_group(id, child)?;
                }
            }
            ("hosts", Value::Dict(hosts)) => {
                for (pattern, variables) in hosts.iter() {
                    let Value::Dict(variables) = variables else {
                        let message = "Invalid data from file, expected dictionary and got:";
                        return Err(Error::parser(format!("{message}\n\n{}", variables.to_text())));
                    };
                    inventory.add_pattern(&pattern.to_text(), id, variables)?;
                }
            }
            ("vars" | "hosts" | "children", other) => {
                let wanted = if key == "children" { "list" } else { "dict" };
                return Err(Error::parser(format!(
                    "Invalid \"{key}\" entry for \"{name}\" group, requires a {wanted}, found \"{}\" instead.",
                    class_of(other)
                )));
            }
            _ => inventory.warn(format!(
                "Skipping unexpected key \"{key}\" in group \"{name}\", only \"vars\", \"children\" and \"hosts\" are valid"
            )),
        }
    }
    Ok(Some(id))
}

fn dict(table: &toml::Table, origin: &Origin) -> Dict {
    table.iter().map(|(key, item)| (Value::str(key.as_str()), value(item, origin))).collect()
}

fn value(item: &toml::Value, origin: &Origin) -> Value {
    match item {
        toml::Value::String(text) => Value::Str(Text::trusted(text.as_str(), Some(origin.clone()))),
        toml::Value::Integer(number) => Value::Int(*number),
        toml::Value::Float(number) => Value::Float(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        toml::Value::Array(items) => Value::list(items.iter().map(|item| value(item, origin))),
        toml::Value::Table(table) => Value::dict(dict(table, origin)),
        toml::Value::Datetime(at) => {
            moment(at).map_or_else(|| Value::str(at.to_string()), |at| Value::Moment(Arc::new(at)))
        }
    }
}

fn moment(at: &toml::value::Datetime) -> Option<Moment> {
    let date = match at.date {
        Some(date) => Some(civil::Date::new(date.year as i16, date.month as i8, date.day as i8).ok()?),
        None => None,
    };
    let time = match at.time {
        Some(time) => {
            let micro = time.nanosecond.unwrap_or(0) / 1000;
            let second = time.second.unwrap_or(0);
            Some(civil::Time::new(time.hour as i8, time.minute as i8, second as i8, micro as i32 * 1000).ok()?)
        }
        None => None,
    };
    let offset = at.offset.map(|offset| match offset {
        toml::value::Offset::Z => 0,
        toml::value::Offset::Custom { minutes } => i32::from(minutes) * 60,
    });
    Some(match (date, time) {
        (Some(date), Some(time)) => Moment::DateTime(date.to_datetime(time), offset),
        (Some(date), None) => Moment::Date(date),
        (None, time) => Moment::Time(time?),
    })
}
