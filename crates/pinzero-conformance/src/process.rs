//! Another process that holds a line.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pinzero_core::{Error, ErrorKind, Result};

/// The environment variable with the other process's task.
const TASK: &str = "PINZERO_CONFORMANCE_TASK";

/// The line that the other process prints when it holds the line.
const READY: &str = "the line is taken";

/// The longest time to take the line, and to end. Only a process that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(20);

/// A second instance of this program, as a process that holds a line until this is dropped.
///
/// Use it for [`Rig::take_elsewhere`](crate::Rig::take_elsewhere) if processes share the pins:
///
/// ```no_run
/// use pinzero_conformance::OtherProcess;
/// # fn take(_: &str) -> pinzero_core::Result<()> { Ok(()) }
///
/// fn main() -> pinzero_core::Result<()> {
///     if let Some(task) = OtherProcess::task() {
///         return OtherProcess::hold(take(&task)?);
///     }
///     let other = OtherProcess::start("/dev/gpiochip0 17")?;
///     // Here the line is in use by another process.
///     drop(other);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct OtherProcess(Child);

impl OtherProcess {
    /// Starts the process with a task in a format of your choice, and waits until it holds the line.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the process cannot be started, ends without taking the line, or needs more than 20
    /// seconds. [`Unsupported`](ErrorKind::Unsupported) if this is the other process already.
    pub fn start(task: &str) -> Result<Self> {
        if OtherProcess::task().is_some() {
            return Err(Error::unsupported("another process for another process"));
        }
        let failed =
            |error: io::Error| Error::new(ErrorKind::Io, "another process cannot be had").with_source(error);
        let program = env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.env(TASK, task).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut other = OtherProcess(command.spawn().map_err(failed)?);
        let output = other.0.stdout.take();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let ready = output.is_some_and(|output| {
                BufReader::new(output).lines().map_while(io::Result::ok).any(|line| line == READY)
            });
            // The receiver may have timed out.
            let _ = sender.send(ready);
        });
        if receiver.recv_timeout(LIMIT) == Ok(true) {
            return Ok(other);
        }
        other.0.kill().map_err(failed)?;
        Err(Error::new(ErrorKind::Io, "another process was to take the line, and has not"))
    }

    /// Returns the number of the process, for signals.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until the process ends, without asking it to; returns its status, or `None` if it has not ended within `limit`.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the system cannot tell.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        self.wait_for(limit).map_err(|error| {
            Error::new(ErrorKind::Io, "the end of another process cannot be seen").with_source(error)
        })
    }

    /// Tells the process that the first one is done, and waits until it ends, as [`wait`](OtherProcess::wait) does.
    ///
    /// # Errors
    /// See [`wait`](OtherProcess::wait).
    pub fn finish(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        drop(self.0.stdin.take());
        self.wait(limit)
    }

    fn wait_for(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let start = Instant::now();
        loop {
            let status = self.0.try_wait()?;
            if status.is_some() || start.elapsed() > limit {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns the task, if this is the other process. Call this first in `main`.
    pub fn task() -> Option<String> {
        env::var(TASK).ok()
    }

    /// Reports, in the other process, that it holds the line, and keeps `line` until the first process is done.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the first process is gone.
    pub fn hold<T>(line: T) -> Result<()> {
        let tell = || {
            // `println` would panic.
            writeln!(io::stdout(), "{READY}")?;
            // The end of the input is the signal to leave.
            io::stdin().read_to_end(&mut Vec::new())
        };
        let wanted = tell();
        drop(line);
        wanted.map(drop).map_err(|error| {
            Error::new(ErrorKind::Io, "the process that wanted the line is gone").with_source(error)
        })
    }
}

/// Ends the process, and waits for that; a process that does not end is killed.
impl Drop for OtherProcess {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if let Err(error) = self.end() {
            log::warn!("another process that held a line: {error}");
        }
    }
}

impl OtherProcess {
    fn end(&mut self) -> io::Result<()> {
        if self.wait_for(LIMIT)?.is_none() {
            self.0.kill()?;
            self.0.wait()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it would not end, and was killed"));
        }
        Ok(())
    }
}
