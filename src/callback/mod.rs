//! What a person (or a machine) sees of a run: listeners to events. A new callback is one file and one line in `registry`.

pub mod color;
mod default;
mod diff;
mod minimal;
mod oneline;
mod registry;
mod reporter;
mod result;
mod screen;
mod sequence;
pub mod settings;
#[cfg(test)]
mod tests;

pub use registry::{create, names};
pub use reporter::Reporter;
pub use screen::{Display, Screen};
pub use settings::Settings;

use crate::event::Event;

/// Something that hears of everything that happens, in order, and may write to the screen.
pub trait Listener: Send {
    /// Takes in an event.
    fn hear(&mut self, event: &Event, screen: &mut Screen);
}
