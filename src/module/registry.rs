//! The modules by name. A new module is one file and one line here.

use super::spec::Spec;
use super::{Failure, Outcome, Params, Run};
use super::{
    assemble, blockinfile, copy, copy_tree, fetch, file, find, get_url, lineinfile, replace, slurp, stat, tempfile, uri,
};

use super::{
    command, cron, getent, group, hostname, ping, reboot, script, service, service_facts, setup, systemd, sysvinit,
    user, wait_for,
};

/// A native module.
#[derive(Clone, Copy)]
pub struct Module {
    /// What it accepts.
    pub spec: &'static Spec,
    /// Does it.
    pub run: fn(&mut Run, &Params) -> Result<Outcome, Failure>,
}

/// All native modules.
pub const MODULES: &[Module] = &[
    Module { spec: &assemble::SPEC, run: assemble::run },
    Module { spec: &blockinfile::SPEC, run: blockinfile::run },
    Module { spec: &command::SHELL, run: command::run },
    Module { spec: &command::SPEC, run: command::run },
    Module { spec: &copy::SPEC, run: copy::run },
    Module { spec: &copy_tree::SPEC, run: copy_tree::run },
    Module { spec: &cron::SPEC, run: cron::run },
    Module { spec: &fetch::SPEC, run: fetch::run },
    Module { spec: &file::SPEC, run: file::run },
    Module { spec: &find::SPEC, run: find::run },
    Module { spec: &get_url::SPEC, run: get_url::run },
    Module { spec: &getent::SPEC, run: getent::run },
    Module { spec: &group::SPEC, run: group::run },
    Module { spec: &hostname::SPEC, run: hostname::run },
    Module { spec: &lineinfile::SPEC, run: lineinfile::run },
    Module { spec: &ping::SPEC, run: ping::run },
    Module { spec: &reboot::SPEC, run: reboot::run },
    Module { spec: &replace::SPEC, run: replace::run },
    Module { spec: &script::SPEC, run: script::run },
    Module { spec: &service::SPEC, run: service::run },
    Module { spec: &service_facts::SPEC, run: service_facts::run },
    Module { spec: &setup::SPEC, run: setup::run },
    Module { spec: &slurp::SPEC, run: slurp::run },
    Module { spec: &stat::SPEC, run: stat::run },
    Module { spec: &systemd::SERVICE_SPEC, run: systemd::run },
    Module { spec: &systemd::SPEC, run: systemd::run },
    Module { spec: &sysvinit::SPEC, run: sysvinit::run },
    Module { spec: &tempfile::SPEC, run: tempfile::run },
    Module { spec: &uri::SPEC, run: uri::run },
    Module { spec: &user::SPEC, run: user::run },
    Module { spec: &wait_for::SPEC, run: wait_for::run },
];

/// The module of this short name (`copy`, not `ansible.builtin.copy`).
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.spec.name == name)
}
