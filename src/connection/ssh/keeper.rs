//! The thread that starts all masters. A master asks the kernel for a signal when its parent thread ends, so that none
//! outlives a controller that was killed; this thread is that parent, and lives as long as the process.

use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Order = (Command, Handle, oneshot::Sender<io::Result<Child>>);

/// Starts a child of the keeper's thread.
pub async fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Sender<Order>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (sender, orders) = channel::<Order>();
        let thread = std::thread::Builder::new().name("masters".into());
        let _ = thread.spawn(move || {
            for (mut command, runtime, answer) in orders {
                let _inside = runtime.enter();
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (sender, answer) = oneshot::channel();
    let gone = || io::Error::other("the thread that starts connections is gone");
    keeper.send((command, Handle::current(), sender)).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}
