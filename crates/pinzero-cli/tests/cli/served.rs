//! Programs that run beside a test, and end with it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::run::command;

/// The longest wait for a program.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `pinzero serve` with a mock.
pub(crate) struct Served {
    program: Program,
    /// `pigpio://127.0.0.1:port`
    pub(crate) factory: String,
}

impl Served {
    pub(crate) fn start(arguments: &[&str]) -> Served {
        let mut serve = command(&["serve", "--port", "0", "--bind", "127.0.0.1", "--factory", "mock"]);
        let mut child =
            serve.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a daemon");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap();
        Served { factory: format!("pigpio://{address}"), program: Program(Some(child)) }
    }

    /// Ends the daemon.
    #[cfg(unix)]
    pub(crate) fn stop(self) {
        drop(self.program);
    }
}

/// A program that runs beside the test.
pub(crate) struct Program(Option<Child>);

impl Program {
    /// Starts the command, and waits until a line on standard error begins with `ready`. Returns the rest of standard error, too.
    pub(crate) fn start(arguments: &[&str], ready: &str) -> (Program, BufReader<ChildStderr>) {
        Program::start_command(&mut command(arguments), ready)
    }

    /// Starts a command that has been made, as [`Program::start`] does.
    pub(crate) fn start_command(command: &mut Command, ready: &str) -> (Program, BufReader<ChildStderr>) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let program = Program(Some(child));
        loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "{command:?} ended before {ready:?}");
            if line.starts_with(ready) {
                return (program, stderr);
            }
        }
    }

    /// Sends a signal: "INT", "TERM".
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Reads no more of what the program prints, as `head` does.
    pub(crate) fn close_stdout(&mut self) {
        drop(self.0.as_mut().unwrap().stdout.take());
    }

    /// Waits for the end; returns the status and what the program has printed.
    pub(crate) fn finish(mut self) -> Output {
        let mut child = self.0.take().unwrap();
        let end = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                let _ = child.kill();
                panic!("the program does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Reads to the end.
pub(crate) fn rest(mut reader: impl Read) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}
