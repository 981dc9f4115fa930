//! Starts the threads next to the loop.

use std::io;
use std::thread;

/// Starts a thread with the least timer slack that the system allows: by default, most systems wake sleepers a little late.
pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let body = move || {
        be_punctual();
        body();
    };
    thread::Builder::new().name(name.into()).spawn(body).map(drop)
}

#[cfg(target_os = "linux")]
fn be_punctual() {
    if let Err(error) = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1)) {
        log::debug!("a thread keeps the default timer slack: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn be_punctual() {}
