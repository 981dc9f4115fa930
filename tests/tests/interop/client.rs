//! A client program at work, step by step.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use pinzero::time::ms;
use serde_json::Value;

use crate::bench::LIMIT;

pub(crate) struct Client {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    /// It waits to be told to go on.
    is_waiting: bool,
}

impl Client {
    pub(crate) fn python(program: &str, port: u16) -> Self {
        let mut command = python();
        command.arg(programs().join(program));
        Client::start(command, port)
    }

    pub(crate) fn node(program: &str, arguments: &[&str], port: u16) -> Self {
        let modules = std::env::var_os("PINZERO_NODE_PATH").expect("run `cargo xtask interop`");
        let mut command = Command::new("node");
        command.arg(programs().join(program)).args(arguments).env("NODE_PATH", modules);
        Client::start(command, port)
    }

    fn start(mut command: Command, port: u16) -> Self {
        command.env("PIGPIO_ADDR", "127.0.0.1").env("PIGPIO_PORT", port.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Client { stdin: child.stdin.take().unwrap(), child, lines, is_waiting: false }
    }

    /// Lets the program go on to its next step, and returns what it sees there.
    pub(crate) fn at(&mut self, step: &str) -> Value {
        self.at_while(step, || {})
    }

    /// The same, and compares.
    #[track_caller]
    pub(crate) fn sees(&mut self, step: &str, expected: impl Into<Value>) {
        assert_eq!(self.at(step), expected.into(), "at {step:?}");
    }

    /// Lets the program go on, and does something again and again until it is at its next step.
    pub(crate) fn at_while(&mut self, step: &str, act: impl FnMut()) -> Value {
        let (name, saw) = self.next(step, act);
        assert_eq!(name, step, "it sees {saw}");
        saw
    }

    /// Lets the program go on as far as that, whatever it sees on the way.
    pub(crate) fn skip_to(&mut self, step: &str) {
        while self.next(step, || {}).0 != step {}
    }

    fn next(&mut self, step: &str, mut act: impl FnMut()) -> (String, Value) {
        self.go_on();
        let start = Instant::now();
        let line = loop {
            match self.lines.recv_timeout(ms(5)) {
                Ok(line) => break line,
                Err(RecvTimeoutError::Timeout) if start.elapsed() < LIMIT => act(),
                Err(RecvTimeoutError::Timeout) => panic!("the client does not come to {step:?}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the client ended before {step:?}: {}", self.child.wait().unwrap())
                }
            }
        };
        self.is_waiting = true;
        let mut said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it says {line:?}"));
        (said["step"].as_str().unwrap_or_default().to_owned(), said["saw"].take())
    }

    /// Lets the program go on to its end, which is a good one.
    pub(crate) fn ends(mut self) {
        self.go_on();
        match self.lines.recv_timeout(LIMIT) {
            Err(RecvTimeoutError::Disconnected) => assert!(self.child.wait().unwrap().success()),
            other => panic!("it does not end: {other:?}"),
        }
    }

    /// Ends the program as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn go_on(&mut self) {
        if std::mem::take(&mut self.is_waiting) {
            // If it has gone, the next thing that is read tells.
            let _ = self.stdin.write_all(b"\n");
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Of a test that fails. Otherwise it has gone by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The interpreter that has the clients, ready for programs and for commands of theirs.
pub(crate) fn python() -> Command {
    let mut command = Command::new(interpreter());
    // The tree stays clean, and nothing of the user's gets in.
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1").env_remove("PYTHONPATH");
    command.env("GPIOZERO_PIN_FACTORY", "pigpio");
    command
}

/// A command that came with the clients, against the daemon at a port. Returns whether it went well, and what it wrote.
pub(crate) fn tool(name: &str, arguments: &[&str], port: u16) -> (bool, String) {
    let mut command = python();
    command.arg(interpreter().with_file_name(name)).args(arguments);
    finish(command, port)
}

/// A test of gpiozero's own, from its source package, on the factory for a daemon at a port. Returns the same.
pub(crate) fn gpiozero_test(file: &str, port: u16) -> (bool, String) {
    let sources = interpreter().parent().and_then(Path::parent).unwrap().join("sources");
    let folders = std::fs::read_dir(&sources).expect("run `cargo xtask interop`").flatten();
    let test = folders.map(|folder| folder.path().join("tests").join(file)).find(|test| test.exists());
    let test = test.unwrap_or_else(|| panic!("no {file} in {}", sources.display()));
    let mut command = python();
    // Nothing is written beside the sources, and their configuration, which asks for more tools, is not read.
    command.args(["-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "-rs", "--tb=short"]);
    command
        .args(["-p", "gpiozero_fixtures", "-k", "pigpio and not rpigpio"])
        .arg(test)
        .env("PYTHONPATH", programs());
    let lock = std::env::temp_dir().join(format!("pinzero-interop-{}.lock", std::process::id()));
    command.env("GPIOZERO_TEST_LOCK", lock);
    finish(command, port)
}

/// Runs a command against the daemon at a port to its end.
fn finish(mut command: Command, port: u16) -> (bool, String) {
    command.env("PIGPIO_ADDR", "127.0.0.1").env("PIGPIO_PORT", port.to_string());
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let text = thread::spawn(move || std::io::read_to_string(&mut stdout).unwrap());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(5));
    };
    (status.success(), text.join().unwrap())
}

fn interpreter() -> PathBuf {
    std::env::var_os("PINZERO_PYTHON").expect("run `cargo xtask interop`").into()
}

pub(crate) fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/clients")
}
