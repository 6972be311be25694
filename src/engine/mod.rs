//! Runs playbooks. The dispatcher (`batch.rs` with its strategies) alone knows where each host stands; workers
//! (`executor.rs`) execute one task on one host; listeners hear of it through events.

mod attempt;
mod batch;
mod debugger;
mod executor;
mod free;
mod handlers;
mod include;
mod including;
mod keywords;
mod learn;
mod linear;
mod loading;
mod meta;
mod outcome;
mod play;
mod progress;
mod prompt;
mod repeat;
pub mod run;
pub mod session;
mod tallies;
mod target;

pub use loading::static_variables;
pub use play::{is_chosen, static_templar};
pub use run::Playbook;
pub use session::{ConnectionDefaults, Gathering, Options, PlayVars, Session};
