//! `-i host1,host2,`: the hosts themselves as a source.

use crate::error::Result;
use crate::inventory::address::{expand, parse_address};
use crate::inventory::graph::{Inventory, UNGROUPED};
use std::path::Path;

pub(super) fn wants(_: &Inventory, source: &str) -> bool {
    source.contains(',') && !Path::new(source).exists()
}

pub(super) fn read(inventory: &mut Inventory, source: &str) -> Result<()> {
    for item in items(source) {
        let (host, port) = parse_address(item, false).unwrap_or_else(|_| (item.to_string(), None));
        add(inventory, &host, port)?;
    }
    Ok(())
}

/// The same with ranges: `web[1:9],`.
pub(super) fn read_advanced(inventory: &mut Inventory, source: &str) -> Result<()> {
    for item in items(source) {
        let (hosts, port) = expand(item).unwrap_or_else(|_| (vec![item.to_string()], None));
        for host in hosts {
            add(inventory, &host, port)?;
        }
    }
    Ok(())
}

fn items(source: &str) -> impl Iterator<Item = &str> {
    source.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn add(inventory: &mut Inventory, host: &str, port: Option<u32>) -> Result<()> {
    if !inventory.hosts.contains_key(host) {
        inventory.add_host(host, Some(UNGROUPED), port)?;
    }
    Ok(())
}
