//! [`MockSerial`]: the device at the other end of a serial port.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::circuit::Circuit;
use crate::bus::SerialPort;
use crate::condvar::Condvar;
use crate::error::{Error, ErrorKind, Result};

/// The device at the other end of a mock's serial port; returned by [`MockGpio::serial_device`](super::MockGpio::serial_device).
#[derive(Clone)]
pub struct MockSerial(Arc<Wire>);

/// The serial ports of a circuit, by their device files.
pub(super) type Ports = HashMap<String, MockSerial>;

#[derive(Default)]
struct Wire {
    bytes: Mutex<Bytes>,
    /// Wakes a read.
    changed: Condvar,
}

#[derive(Default)]
struct Bytes {
    answers: VecDeque<u8>,
    received: Vec<u8>,
}

impl MockSerial {
    pub(super) fn new() -> Self {
        MockSerial(Arc::default())
    }

    /// Sends bytes to the port.
    pub fn answer(&self, bytes: &[u8]) {
        self.0.bytes.lock().answers.extend(bytes);
        self.0.changed.notify_all();
    }

    /// Returns the bytes received from the port since the last call.
    pub fn received(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.bytes.lock().received)
    }
}

impl fmt::Debug for MockSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.bytes.lock();
        write!(f, "MockSerial({} bytes to read, {} received)", bytes.answers.len(), bytes.received.len())
    }
}

/// The mock's port.
#[derive(Debug)]
pub(super) struct MockPort {
    circuit: Arc<Circuit>,
    device: MockSerial,
    closed: AtomicBool,
}

impl MockPort {
    pub(super) fn open(circuit: &Arc<Circuit>, name: &str) -> Result<Self> {
        let missing = || {
            Error::new(
                ErrorKind::NoChip,
                "no device is on this port of the mock: `serial_device` connects one",
            )
        };
        let device = circuit.ports.lock().get(name).cloned().ok_or_else(missing)?;
        Ok(MockPort { circuit: circuit.clone(), device, closed: AtomicBool::new(false) })
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed()) } else { Ok(()) }
    }
}

impl SerialPort for MockPort {
    fn read(&self, data: &mut [u8], timeout: Duration) -> Result<usize> {
        let wire = &self.device.0;
        let mut bytes = wire.bytes.lock();
        self.check_open()?;
        if bytes.answers.is_empty() {
            if self.circuit.clock.is_manual() {
                drop(bytes);
                self.circuit.clock.pass(timeout);
                bytes = wire.bytes.lock();
            } else {
                let start = Instant::now();
                while bytes.answers.is_empty() && !self.closed.load(Ordering::Acquire) {
                    if wire.changed.wait_for(&mut bytes, timeout.saturating_sub(start.elapsed())) {
                        break;
                    }
                }
            }
            self.check_open()?;
        }
        let count = data.len().min(bytes.answers.len());
        data.iter_mut().zip(bytes.answers.drain(..count)).for_each(|(byte, answer)| *byte = answer);
        Ok(count)
    }

    fn write(&self, data: &[u8]) -> Result<()> {
        self.check_open()?;
        self.device.0.bytes.lock().received.extend_from_slice(data);
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        self.check_open()
    }

    fn close(&self) -> Result<()> {
        // Under the lock, so that a read either sees it or is woken.
        let bytes = self.device.0.bytes.lock();
        self.closed.store(true, Ordering::Release);
        drop(bytes);
        self.device.0.changed.notify_all();
        Ok(())
    }
}
