//! The one that hears the events of a run, in order, and hands each to the listeners. Nobody else writes to the terminal
//! while it works.

use super::{Listener, Screen};
use crate::event::{Event, Receiver};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A reporter at work on a thread of its own, so that a slow terminal never holds up the run.
pub struct Reporter {
    thread: JoinHandle<Screen>,
    stop: oneshot::Sender<()>,
}

impl Reporter {
    /// Starts one.
    pub fn start(
        mut screen: Screen,
        mut listeners: Vec<Box<dyn Listener>>,
        mut events: Receiver,
    ) -> std::io::Result<Reporter> {
        let (stop, mut stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let thread = std::thread::Builder::new().name("reporter".into()).spawn(move || {
            runtime.block_on(async {
                loop {
                    let event = tokio::select! {
                        biased;
                        event = events.recv() => event,
                        _ = &mut stopped => break,
                    };
                    match event {
                        Some(event) => tell(&event, &mut listeners, &mut screen),
                        None => return,
                    }
                }
                // what was sent before the end is still told
                events.close();
                while let Some(event) = events.recv().await {
                    tell(&event, &mut listeners, &mut screen);
                }
            });
            screen
        })?;
        Ok(Reporter { thread, stop })
    }

    /// Lets it tell what was sent so far, and gives the screen back.
    pub fn finish(self) -> Option<Screen> {
        let _ = self.stop.send(());
        self.thread.join().ok()
    }
}

/// What every callback shows alike is shown here; the rest is the listeners' business.
fn tell(event: &Event, listeners: &mut [Box<dyn Listener>], screen: &mut Screen) {
    match event {
        Event::Warning(warning) => screen.warning(warning),
        Event::Error(error) => screen.error(error, true),
        Event::Verbose { level, host, text } => screen.verbose(*level, host.as_deref(), text),
        Event::VarsFile { path, found: true } => screen.verbose(3, None, &format!("Read `vars_file` '{path}'.")),
        Event::Text(text) => screen.line(text),
        _ => {}
    }
    for listener in listeners {
        listener.hear(event, screen);
    }
}
