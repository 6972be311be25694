//! The callbacks by name.

use super::Listener;
use super::{default, minimal, oneline};

type Make = fn() -> Box<dyn Listener>;

const CALLBACKS: &[(&str, Make)] = &[
    ("default", || Box::new(default::Default::default())),
    ("minimal", || Box::new(minimal::Minimal)),
    ("oneline", || Box::new(oneline::Oneline)),
];

/// The callback of a name, short or with its collection; `None` for an unknown one.
pub fn create(name: &str) -> Option<Box<dyn Listener>> {
    let short = name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name);
    CALLBACKS.iter().find(|(known, _)| *known == short).map(|(_, make)| make())
}

/// All names, for hints.
pub fn names() -> impl Iterator<Item = &'static str> {
    CALLBACKS.iter().map(|(name, _)| *name)
}
