//! `add_host`: adds a host to the inventory of this run.

use super::{Context, Future};
use crate::error::{Error, Result};
use crate::value::{Dict, Value};

/// Runs it.
pub fn run(context: &mut Context) -> Future<'_> {
    Box::pin(async move { add_host(context) })
}

fn add_host(context: &Context) -> Result<Dict> {
    let mut arguments = context.arguments.clone();
    if arguments.contains("_raw_params") && arguments.len() == 1 {
        return Err(Error::action("Invalid raw parameter: a name is needed, as in name=HOST"));
    }
    let names: Vec<Value> = ["name", "hostname", "host"].into_iter().filter_map(|key| arguments.remove(key)).collect();
    let name = names.into_iter().next().map(|name| name.to_text().trim().to_string()).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::action("name, host or hostname needs to be provided"))?;
    let (name, port) = split_port(&name);
    let mut groups = Vec::new();
    for key in ["groups", "groupname", "group"] {
        match arguments.remove(key) {
            None | Some(Value::None) => {}
            Some(Value::List(items)) => groups.extend(items.iter().map(|item| item.to_text().trim().to_string())),
            Some(other) => groups.extend(other.to_text().split(',').map(|part| part.trim().to_string())),
        }
    }
    groups.retain(|group| !group.is_empty());
    let mut vars = arguments;
    if let Some(port) = port {
        vars.insert("ansible_ssh_port", port);
    }
    let added = Dict::from_iter([
        ("host_name", Value::str(name)),
        ("groups", Value::list(groups.into_iter().map(Value::from))),
        ("host_vars", Value::dict(vars)),
    ]);
    Ok(Dict::from_iter([("changed", Value::Bool(true)), ("add_host", Value::dict(added))]))
}

/// `host:port`, not mistaking an IPv6 address for one.
fn split_port(name: &str) -> (String, Option<i64>) {
    let (host, port) = match name.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        _ => return (name.to_string(), None),
    };
    match port.parse() {
        Ok(port) => (host.trim_matches(['[', ']']).to_string(), Some(port)),
        Err(_) => (name.to_string(), None),
    }
}
