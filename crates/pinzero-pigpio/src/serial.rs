//! Serial ports of the daemon's host.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pinzero_core::{Result, SerialConfig, SerialPort};

use crate::client::Client;
use crate::error;
use crate::pipeline::{Answer, Frame};
use crate::protocol::{Code, Command, MAX_EXTENSION};
use crate::remote_handle::RemoteHandle;

/// The port on the header, and the line that carries its data.
const HEADER: [&str; 3] = ["/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0"];
const TRANSMIT: u32 = 14;

/// The most bytes that are sent at once, and that may be on their way before more are sent. The daemon never waits for room in
/// the port's buffer of 4096 bytes: it fails, and does not say how many bytes were sent.
const PIECE: usize = 1024;

/// The pauses between two questions for data: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The bits on the wire for a byte: with a start and a stop.
const BITS: u32 = 10;

/// A serial port; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioSerial {
    port: RemoteHandle,
    rate: u32,
    /// When all bytes are on the wire. The daemon cannot tell, so this is computed from the rate.
    sent: Mutex<Instant>,
}

impl PigpioSerial {
    pub(crate) fn open(client: &Arc<Client>, config: SerialConfig) -> Result<Self> {
        let line = HEADER.contains(&config.port.as_str()).then_some(TRANSMIT);
        // The daemon answers a name that is too long for a request in the same way.
        let name = config.port.into_bytes();
        if name.len() > MAX_EXTENSION {
            return Err(error::refused(Command::Sero, Code::BAD_SER_DEVICE.0));
        }
        let open = Frame::new(Command::Sero, config.rate, 0).with(name);
        let port = RemoteHandle::open(client, open, Command::Serc, None, line)?;
        Ok(PigpioSerial { port, rate: config.rate.max(1), sent: Mutex::new(Instant::now()) })
    }

    /// Returns the bytes that have come, up to `count`.
    fn take(&self, count: usize) -> Result<Vec<u8>> {
        let Answer { command, result, payload } =
            self.port.ask_raw(Duration::ZERO, |number| Frame::new(Command::Serr, number, count as u32))?;
        match result {
            _ if result == Code::SER_READ_NO_DATA.0 => Ok(Vec::new()),
            ..0 => Err(error::refused(command, result)),
            _ => Ok(payload),
        }
    }

    /// Returns how long so many bytes are on the wire.
    fn time(&self, bytes: usize) -> Duration {
        Duration::from_secs(1) * (bytes as u32 * BITS) / self.rate
    }

    /// Waits until at most `bytes` are on their way, or the port is closed.
    fn drain_to(&self, bytes: usize) -> Result<()> {
        loop {
            self.port.check()?;
            let left = self.sent.lock().saturating_duration_since(Instant::now());
            let left = left.saturating_sub(self.time(bytes));
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(LONGEST_PAUSE));
        }
    }
}

impl SerialPort for PigpioSerial {
    fn read(&self, data: &mut [u8], timeout: Duration) -> Result<usize> {
        if data.is_empty() {
            return self.port.check().map(|()| 0);
        }
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let read = self.take(data.len().min(MAX_EXTENSION))?;
            let left = timeout.saturating_sub(start.elapsed());
            if !read.is_empty() || left.is_zero() {
                // No more than were asked for, or the reply is not of this request.
                let count = read.len().min(data.len());
                data[..count].copy_from_slice(&read[..count]);
                return Ok(count);
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn write(&self, data: &[u8]) -> Result<()> {
        self.port.check()?;
        for piece in data.chunks(PIECE) {
            self.drain_to(PIECE)?;
            let time = self.time(piece.len());
            self.port.ask(time, |number| Frame::new(Command::Serw, number, 0).with(piece))?;
            let mut sent = self.sent.lock();
            *sent = (*sent).max(Instant::now()) + time;
        }
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        self.drain_to(0)
    }

    fn close(&self) -> Result<()> {
        self.port.close()
    }
}
