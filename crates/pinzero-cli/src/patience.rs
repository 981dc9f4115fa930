//! Waits for what may hang, but not for long.

use std::io::IsTerminal;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::output;

/// After this time, people are told what takes so long.
const A_MOMENT: Duration = Duration::from_secs(1);

/// The longest wait.
pub(crate) const LONGEST: Duration = Duration::from_secs(2);

/// Runs `code` on a thread of its own; returns `None` if it takes longer than two seconds. Then the thread is left behind.
pub(crate) fn within<T: Send + 'static>(what: &str, code: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = channel();
    let body = move || {
        // Without a receiver, nobody waits any more.
        let _ = sender.send(code());
    };
    std::thread::Builder::new().name("pinzero-patience".into()).spawn(body).ok()?;
    receiver.recv_timeout(A_MOMENT).ok().or_else(|| {
        if std::io::stderr().is_terminal() {
            output::note(&format!("{what} …"));
        }
        receiver.recv_timeout(LONGEST - A_MOMENT).ok()
    })
}
