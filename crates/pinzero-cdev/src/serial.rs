//! A serial port by the kernel.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use pinzero_core::{Error, ErrorKind, Result, SerialPort};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, read, write};
use rustix::termios::{
    ControlModes, OptionalActions, QueueSelector, ioctl_tiocexcl, ioctl_tiocnxcl, tcdrain, tcflush,
    tcgetattr, tcsetattr,
};

use crate::device_file::DeviceFile;

/// A serial port, as core sees it; closed when dropped.
#[derive(Debug)]
pub(crate) struct CdevSerial {
    file: DeviceFile,
    /// Readable from the start of a close on, and so ends the waits of other threads.
    closing: OwnedFd,
}

impl CdevSerial {
    /// Wraps an open port, keeps others from it, and sets the rate and 8 bits without parity. Bytes that came before are
    /// dropped: they came at another rate.
    pub(crate) fn new(factory: &'static str, file: OwnedFd, path: &Path, rate: u32) -> Result<Self> {
        let what = path.display();
        let failed = |errno: Errno| {
            Error::new(ErrorKind::Io, format!("the kernel does not set up {what}"))
                .with_source(io::Error::from(errno))
        };
        let mut settings = tcgetattr(&file).map_err(|errno| match errno {
            Errno::NOTTY => Error::new(ErrorKind::NoChip, format!("{what} is no serial port")),
            errno => failed(errno),
        })?;
        // The lock is for programs of root, whom the kernel lets open an exclusive port all the same.
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
            Errno::WOULDBLOCK => Error::new(ErrorKind::Busy, format!("another program has {what}")),
            errno => failed(errno),
        })?;
        ioctl_tiocexcl(&file).map_err(failed)?;
        let mut set_up = || {
            settings.make_raw();
            settings.control_modes -= ControlModes::CSTOPB | ControlModes::PARENB | ControlModes::CRTSCTS;
            settings.control_modes |= ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL;
            let no_rate = || {
                Error::new(ErrorKind::InvalidFrequency, format!("{what} cannot send {rate} bits a second"))
            };
            if rate == 0 {
                return Err(no_rate());
            }
            settings.set_speed(rate).map_err(|_| no_rate())?;
            tcsetattr(&file, OptionalActions::Now, &settings).map_err(failed)?;
            // A driver takes the nearest rate that it has. A receiver follows a difference of some percent, no more.
            let real = tcgetattr(&file).map_err(failed)?.output_speed();
            if real.abs_diff(rate) > rate / 33 {
                return Err(no_rate());
            }
            tcflush(&file, QueueSelector::IFlush).map_err(failed)?;
            eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(failed)
        };
        let closing = set_up().inspect_err(|_| {
            // Others get the port back.
            let _ = ioctl_tiocnxcl(&file);
        })?;
        Ok(CdevSerial { file: DeviceFile::new(factory, file), closing })
    }

    /// Blocks until the port is ready for `what`, or `deadline` has passed; returns whether the port is ready.
    fn wait(&self, file: BorrowedFd<'_>, what: PollFlags, deadline: Option<Instant>) -> Result<bool> {
        let mut ready = [
            PollFd::from_borrowed_fd(file, what),
            PollFd::from_borrowed_fd(self.closing.as_fd(), PollFlags::IN),
        ];
        let count = loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut ready, left.as_ref()) {
                Err(Errno::INTR) => {}
                result => break result.map_err(failed)?,
            }
        };
        if !ready[1].revents().is_empty() {
            return Err(Error::closed());
        }
        Ok(count > 0)
    }
}

fn failed(errno: Errno) -> Error {
    // What a port that is unplugged answers.
    let message = match errno {
        Errno::IO | Errno::NXIO | Errno::NODEV => "the serial port is gone",
        _ => "the kernel refused a call on the serial port",
    };
    Error::new(ErrorKind::Io, message).with_source(io::Error::from(errno))
}

impl SerialPort for CdevSerial {
    fn read(&self, data: &mut [u8], timeout: Duration) -> Result<usize> {
        // A time out of range is without end.
        let deadline = Instant::now().checked_add(timeout);
        self.file.call(|file| {
            loop {
                match read(file, &mut *data) {
                    Ok(0) if !data.is_empty() => return Err(failed(Errno::IO)),
                    Ok(count) => return Ok(count),
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => {
                        if !self.wait(file, PollFlags::IN, deadline)? {
                            return Ok(0);
                        }
                    }
                    Err(errno) => return Err(failed(errno)),
                }
            }
        })
    }

    fn write(&self, data: &[u8]) -> Result<()> {
        self.file.call(|file| {
            let mut left = data;
            while !left.is_empty() {
                match write(file, left) {
                    Ok(count) => left = &left[count..],
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => {
                        self.wait(file, PollFlags::OUT, None)?;
                    }
                    Err(errno) => return Err(failed(errno)),
                }
            }
            Ok(())
        })
    }

    fn flush(&self) -> Result<()> {
        self.file.call(|file| {
            loop {
                match tcdrain(file) {
                    Err(Errno::INTR) => {}
                    result => return result.map_err(failed),
                }
            }
        })
    }

    fn close(&self) -> Result<()> {
        // The number only grows, so this cannot fail; other threads leave their waits, and let the file go.
        let _ = write(&self.closing, &1u64.to_ne_bytes());
        // The kernel keeps an exclusive port for as long as anyone else has it open.
        let _ = self.file.call(|file| ioctl_tiocnxcl(file).map_err(failed));
        self.file.close();
        Ok(())
    }
}

impl Drop for CdevSerial {
    fn drop(&mut self) {
        // It has no error.
        let _ = self.close();
    }
}
