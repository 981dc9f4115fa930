//! Serves any [`Gpio`] over pigpiod's socket protocol; the library behind `pinzero serve`.
//!
//! Programs for pigpiod (gpiozero's `PiGPIOFactory`, `pigpio.py`, `pigpio-client`, `pigs`) can use a [`Daemon`] instead. So
//! they drive the pins of a board that pigpiod does not support, or of a mock. The protocol has no authentication and no
//! encryption: anyone who can connect can drive the pins. See `docs/daemon.md`.

mod answer;
mod builder;
mod bus;
mod commands;
mod connection;
mod executor;
mod filter;
mod held;
mod inbox;
mod lines;
mod listener;
mod network;
mod pwm_range;
mod script;
mod server;
mod stopwatch;
mod thread;
mod timer;
mod watch;
mod wave;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

#[allow(unused_imports, reason = "for the links in the docs")]
use pinzero_core::Gpio;

pub use builder::DaemonBuilder;
use inbox::{Inbox, Message};
pub use network::{BadNetwork, Network};
use pinzero_core::time::Instant;
pub use pinzero_pigpio::protocol::PORT;

/// Identifies a client: its slot among the connections, and a serial number, because slots are reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientId {
    slot: u32,
    serial: u32,
}

/// A daemon that serves the pins of a [`Gpio`]. Dropping the daemon stops it.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// use pinzero_core::mock;
/// use pinzero_daemon::Daemon;
/// use pinzero_pigpio::protocol::{Command, Request};
///
/// let gpio = mock::builder().realtime().open();
/// let daemon = Daemon::builder(&gpio).port(0).start()?;
///
/// let mut client = TcpStream::connect(daemon.addrs()[0])?;
/// let mut frame = Vec::new();
/// Request::new(Command::Write, 17, 1).encode(&mut frame);
/// client.write_all(&frame)?;
/// client.read_exact(&mut frame)?;
/// assert!(gpio.line(17).level().is_high());
/// assert!(daemon.last_request() > pinzero_core::time::Instant::ZERO);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Daemon {
    addrs: Vec<SocketAddr>,
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Returns the addresses on which the daemon listens.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Returns the number of programs that are connected. A client's second connection, which only takes notifications, does not
    /// count.
    pub fn programs(&self) -> usize {
        self.inbox.programs()
    }

    /// Returns the GPIOs that some client watches, as a bit mask.
    pub fn watched(&self) -> u32 {
        self.inbox.watched()
    }

    /// Returns when a client last sent a request, on the clock of the [`Gpio`]; [`Instant::ZERO`] before the first request.
    pub fn last_request(&self) -> Instant {
        self.inbox.last_request()
    }

    /// Ends all connections, gives all lines back, and returns when that is done. Idempotent.
    pub fn stop(&mut self) {
        self.inbox.push(Message::Stop);
        self.join();
    }

    /// Blocks until the daemon ends. The daemon ends by itself only if a system call that it needs fails.
    pub fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                log::error!("the daemon's thread has panicked");
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}
