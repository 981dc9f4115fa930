//! Serial ports: handles, and the ports behind them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::{Error, ErrorKind, Gpio, Serial};
use pinzero_pigpio::protocol::Code;

use super::BusId;
use super::handles::{Handle, Handles};
use super::ports::{Port, Ports};
use super::queue::Job;
use crate::ClientId;
use crate::answer::Answer;
use crate::inbox::Inbox;
use crate::lines::{Lines, refusal};

/// The most handles.
const HANDLES: u32 = 16;

/// The port on the header, its lines, and the mode that clients see on them.
const HEADER: [&str; 3] = ["/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0"];
const LINES: [u32; 2] = [14, 15];
const ALT0: u32 = 4;

/// The most bytes that wait for a client beside those in the system's own buffer.
const MOST: usize = 65_535;

/// A port of this computer, by its device file.
pub(crate) type Name = Arc<str>;

impl From<Name> for BusId {
    fn from(name: Name) -> Self {
        BusId::Serial(name)
    }
}

/// A task for the thread of a port.
#[derive(Debug)]
pub(crate) enum SerialTask {
    /// Returns the bytes that have come, up to this many.
    Read(usize),
    /// Returns one byte that has come.
    ReadByte,
    /// Returns how many bytes have come.
    Count,
    Write(Vec<u8>),
}

/// A port, as its thread has it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    serial: Serial,
    rate: u32,
    /// The bytes that have come and that no client has asked for.
    pending: Arc<Mutex<VecDeque<u8>>>,
}

impl Port for Line {
    type Key = Name;
    type Task = SerialTask;

    fn run(&self, task: SerialTask, _: &dyn Fn() -> bool) -> Result<Answer, Code> {
        if let SerialTask::Write(bytes) = task {
            return self.serial.write(&bytes).map(|()| Answer::Number(0)).map_err(|error| {
                log::warn!("a write to a serial port failed: {error}");
                Code::SER_WRITE_FAILED
            });
        }
        self.fetch().map_err(|error| {
            log::warn!("a read from a serial port failed: {error}");
            Code::SER_READ_FAILED
        })?;
        let mut pending = self.pending.lock();
        Ok(match task {
            SerialTask::Read(count) => {
                let count = count.min(pending.len());
                Answer::Bytes(pending.drain(..count).collect())
            }
            SerialTask::ReadByte => Answer::Number(pending.pop_front().ok_or(Code::SER_READ_NO_DATA)?.into()),
            _ => Answer::Number(pending.len() as i32),
        })
    }

    fn close(&self) {
        if let Err(error) = self.serial.close() {
            log::warn!("a serial port was not closed properly: {error}");
        }
    }

    fn ends_at_once(&self) -> bool {
        false
    }
}

impl Line {
    /// Takes what has come, without waiting.
    fn fetch(&self) -> pinzero_core::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let room = MOST - self.pending.lock().len();
            let count = self.serial.read(&mut buffer[..room.min(4096)])?;
            if count == 0 {
                return Ok(());
            }
            self.pending.lock().extend(&buffer[..count]);
        }
    }
}

/// All open handles and ports.
#[derive(Debug)]
pub(crate) struct SerialPorts {
    gpio: Gpio,
    ports: Ports<Line>,
    handles: Handles<Name>,
}

impl SerialPorts {
    pub(crate) fn new(gpio: Gpio, inbox: Arc<Inbox>) -> Self {
        SerialPorts { gpio, ports: Ports::new(inbox), handles: Handles::default() }
    }

    /// Returns the lines that a port would need and does not have yet.
    pub(crate) fn needs(&self, name: &Name) -> &'static [u32] {
        if self.ports.get(name).is_some() { &[] } else { lines_of(name) }
    }

    /// Opens a port, or joins its other users; returns the lowest free handle.
    pub(crate) fn open(
        &mut self,
        lines: &mut Lines,
        name: Name,
        rate: u32,
        owner: ClientId,
    ) -> Result<u32, Code> {
        let is_used = self.handles.iter().any(|handle| handle.device == name && handle.is_used());
        if !is_used {
            // Clients that are gone may have left the port open, at another rate.
            self.close_each(lines, |handle| handle.device == name);
        }
        let free = self.handles.free(HANDLES).or_else(|| {
            let left = self.handles.left()?;
            let device = self.handles.remove(left)?;
            self.ports.leave(lines, &device, None);
            Some(left)
        });
        let free = free.ok_or(Code::NO_HANDLE)?;
        if self.ports.get(&name).is_some_and(|port| port.rate != rate) {
            log::warn!("{name} is open at another rate");
            return Err(Code::SER_OPEN_FAILED);
        }
        let modes: Vec<(u32, u32)> = lines_of(&name).iter().map(|gpio| (*gpio, ALT0)).collect();
        let open = || {
            let serial = self.gpio.serial(&*name).rate(rate).timeout(Duration::ZERO).open();
            let serial = serial.map_err(no_port)?;
            Ok(Line { serial, rate, pending: Arc::default() })
        };
        self.ports.join(lines, name.clone(), &modes, open)?;
        self.handles.insert(free, name, owner);
        Ok(free)
    }

    /// Returns whether a handle is open.
    pub(crate) fn check(&self, handle: u32) -> Result<(), Code> {
        if self.handles.contains(handle) { Ok(()) } else { Err(Code::BAD_HANDLE) }
    }

    /// Runs a task on a port. The answer comes later.
    pub(crate) fn run(&mut self, handle: u32, task: SerialTask, client: ClientId) -> Result<Answer, Code> {
        let name = self.handles.used_by(handle, client).ok_or(Code::BAD_HANDLE)?;
        let (size, full) = match &task {
            SerialTask::Write(bytes) => (bytes.len(), Code::SER_WRITE_FAILED),
            _ => (0, Code::SER_READ_FAILED),
        };
        if self.ports.push(name, Job { client, size, task }) { Ok(Answer::Later) } else { Err(full) }
    }

    /// Closes a handle. If it was the last of its port, the answer comes when the port is closed.
    pub(crate) fn close(&mut self, lines: &mut Lines, handle: u32, client: ClientId) -> Result<Answer, Code> {
        let name = self.handles.remove(handle).ok_or(Code::BAD_HANDLE)?;
        Ok(self.ports.leave(lines, &name, Some(client)).0)
    }

    /// Returns whether a connected client uses a port on a line.
    pub(crate) fn uses(&self, gpio: u32) -> bool {
        self.handles.iter().any(|handle| handle.is_used() && lines_of(&handle.device).contains(&gpio))
    }

    /// Closes the ports on a line.
    pub(crate) fn close_on(&mut self, lines: &mut Lines, gpio: u32) {
        self.close_each(lines, |handle| lines_of(&handle.device).contains(&gpio));
    }

    /// Ends the tasks of a client that is gone. Its ports stay open for others.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.ports.cancel(client);
        self.handles.forget(client);
    }

    /// Closes the handles that a client has opened.
    pub(crate) fn close_all(&mut self, lines: &mut Lines, client: ClientId) {
        self.close_each(lines, |handle| handle.owner == client);
    }

    fn close_each(&mut self, lines: &mut Lines, is_meant: impl Fn(&Handle<Name>) -> bool) {
        for name in self.handles.take_if(is_meant) {
            self.ports.leave(lines, &name, None);
        }
    }

    /// Takes back the lines of a port that its thread has closed.
    pub(crate) fn closed(&mut self, lines: &mut Lines, name: &Name) {
        self.ports.closed(lines, name);
    }
}

/// Returns the lines of a port, as far as they are known.
fn lines_of(name: &str) -> &'static [u32] {
    if HEADER.contains(&name) { &LINES } else { &[] }
}

fn no_port(error: Error) -> Code {
    match error.kind() {
        ErrorKind::Busy | ErrorKind::PinInUse => refusal(error),
        kind => {
            log::warn!("a serial port cannot be opened: {error}");
            match kind {
                ErrorKind::InvalidValue | ErrorKind::InvalidFrequency => Code::BAD_SER_SPEED,
                _ => Code::SER_OPEN_FAILED,
            }
        }
    }
}
