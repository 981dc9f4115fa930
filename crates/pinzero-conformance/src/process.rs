//! Another process that holds a line.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pinzero_core::{Error, ErrorKind, Result};

/// What the other process finds its task in.
const TASK: &str = "PINZERO_CONFORMANCE_TASK";

/// What the other process says when it has the line.
const READY: &str = "the line is taken";

/// How long it may take to get the line, and to end. Only one that hangs does.
const LIMIT: Duration = Duration::from_secs(20);

/// This program once more, in a process of its own that holds a line until this is dropped.
///
/// What [`Rig::take_elsewhere`](crate::Rig::take_elsewhere) is made of where pins are shared by processes:
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
    /// Starts it, with a task in words of your own, and waits until it has the line.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if it cannot be started, ends without having taken the line, or is at it for longer than 20
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
            // Whoever wanted to know may have lost patience.
            let _ = sender.send(ready);
        });
        if receiver.recv_timeout(LIMIT) == Ok(true) {
            return Ok(other);
        }
        other.0.kill().map_err(failed)?;
        Err(Error::new(ErrorKind::Io, "another process was to take the line, and has not"))
    }

    /// What to take, if this is the other process: ask before all else in `main`.
    pub fn task() -> Option<String> {
        env::var(TASK).ok()
    }

    /// Says in the other process that it has the line, and keeps what holds it for as long as it is wanted.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the first process is gone.
    pub fn hold<T>(line: T) -> Result<()> {
        println!("{READY}");
        // The end of the input is the sign to leave.
        let wanted = io::stdin().read_to_end(&mut Vec::new());
        drop(line);
        wanted.map(drop).map_err(|error| {
            Error::new(ErrorKind::Io, "the process that wanted the line is gone").with_source(error)
        })
    }
}

/// Ends the process, and waits until it is gone; one that does not go is killed.
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
        let start = Instant::now();
        while self.0.try_wait()?.is_none() {
            if start.elapsed() > LIMIT {
                self.0.kill()?;
                self.0.wait()?;
                return Err(io::Error::new(io::ErrorKind::TimedOut, "it would not end, and was killed"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}
