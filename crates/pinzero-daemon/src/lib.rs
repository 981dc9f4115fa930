//! pigpiod's socket protocol, served on top of any [`Gpio`]: what `pinzero serve` is made of.
//!
//! Programs that talk to pigpiod (gpiozero's `PiGPIOFactory`, `pigpio.py`, `pigpio-client`, `pigs`) talk to a [`Daemon`]
//! instead, and so drive the pins of a board that pigpiod does not know, or a mock that is none. The protocol has no
//! authentication and no encryption: whoever can connect can drive the pins. See `docs/daemon.md`.

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
mod network;
mod pwm_range;
mod script;
mod server;
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
pub use pinzero_pigpio::protocol::PORT;

/// A client: its place among the connections, and which one it is of those that have had this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientId {
    slot: u32,
    serial: u32,
}

/// A daemon that serves the pins of a [`Gpio`]. Dropping it stops it.
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
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Daemon {
    addrs: Vec<SocketAddr>,
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Where it listens.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Ends all connections and gives all lines back. Returns when that is done; idempotent.
    pub fn stop(&mut self) {
        self.inbox.push(Message::Stop);
        self.join();
    }

    /// Waits until it ends, which by itself it does only if the system fails it.
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
