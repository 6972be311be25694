//! What runs at the target, natively: one module a file, found through [`registry`].
//!
//! A module is a plain blocking function over its checked parameters and a [`Run`]; it changes the host and says what it
//! did. It knows nothing of plays, connections or callbacks: the agent calls it, or the controller itself for local hosts.

pub mod account;
pub mod assemble;
pub mod attributes;
pub mod blockinfile;
pub mod chattr;
pub mod command;
pub mod convert;
pub mod copy;
pub mod copy_tree;
pub mod cron;
pub mod digest;
pub mod edited;
pub mod expand;
pub mod facts;
pub mod fetch;
pub mod file;
pub mod find;
pub mod get_url;
pub mod getent;
pub mod glob;
pub mod group;
pub mod hostname;
pub mod init;
pub mod invoke;
pub mod lifeline;
pub mod lineinfile;
mod masking;
pub mod mode;
pub mod oserror;
pub mod params;
pub mod ping;
pub mod process;
pub mod reboot;
pub mod registry;
pub mod replace;
pub mod replace_file;
pub mod result;
pub mod run;
pub mod script;
pub mod selinux;
pub mod service;
pub mod service_facts;
pub mod setup;
pub mod slurp;
pub mod spec;
pub mod stat;
pub mod systemd;
pub mod sysvinit;
pub mod tempfile;
pub mod terminal;
pub mod uri;
pub mod user;
pub mod validation;
pub mod wait_for;
pub mod web;

pub use crate::value::{literal, shlex};
pub use run::{Blob, Failure, Outcome, Run};
pub use spec::{Arg, Kind, Params, Spec};
