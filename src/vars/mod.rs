//! Variables: where each comes from, which wins, and how templates reach those of other hosts.
//!
//! Nothing is merged: a [`View`] is a list of shared layers in the order of precedence, asked from the top. Layers, from
//! the highest: loop items; magic variables; `--extra-vars`; parameters of includes and roles; `set_fact` and registered
//! results; `include_vars`; `vars:` of task, blocks and includes; `vars/` of roles; `vars_files`, `vars_prompt` and `vars:`
//! of the play; facts; host variables; group variables; role defaults.
//! (<https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#understanding-variable-precedence>)

mod hostvars;
mod magic;
pub mod reserved;
mod store;
mod view;

pub use hostvars::HostVars;
pub use magic::{Magic, PlayFacts, RunFacts};
pub use store::{HostStore, Store};
pub use view::{Layers, View};
