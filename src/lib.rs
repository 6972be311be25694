//! Heliostat: `ansible-playbook`, rewritten natively. ARCHITECTURE.md describes the floors; here they stand bottom first.

pub mod error;

pub mod value;

pub mod pyregex;

pub mod http;

#[cfg(test)]
#[path = "http/server.rs"]
mod http_server;

pub mod yaml;

pub mod vault;

pub mod template;

pub mod inventory;

pub mod playbook;

pub mod vars;

pub mod module;

pub mod agent;

pub mod connection;

pub mod event;

pub mod action;

pub mod engine;

pub mod config;

pub mod callback;

pub mod cli;
