//! The program that runs on the board: a process of its own, told by its environment where the pins are.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long a program has to end by itself after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How often a program is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// The lines of output that are kept.
const LINES: usize = 500;

/// The most bytes of a line. The rest makes lines of its own: output without an end of line is neither kept back nor without bound.
const LONGEST: usize = 256;

/// The output of the program, for a view that has the terminal for itself. Clones are the same console.
#[derive(Debug, Clone, Default)]
pub(crate) struct Console(Arc<Mutex<VecDeque<String>>>);

impl Console {
    /// Returns the last lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().iter().cloned().collect()
    }

    fn push(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        let mut lines = self.0.lock();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Collects the lines of a stream until its end.
    fn follow(&self, stream: impl Read + Send + 'static) -> io::Result<()> {
        let console = self.clone();
        let read = move || console.read(stream);
        thread::Builder::new().name("pinzero-console".into()).spawn(read).map(drop)
    }

    /// Collects the lines of a stream until its end. The states of a progress bar, which end with a carriage return, are lines, too.
    fn read(&self, stream: impl Read) {
        let (mut line, mut last) = (Vec::new(), b'\n');
        for byte in BufReader::new(stream).bytes().map_while(Result::ok) {
            let ends = matches!(byte, b'\r' | b'\n');
            // No character of UTF-8 is cut; what is none has at most three such bytes more.
            let continues = byte & 0b1100_0000 == 0b1000_0000 && line.len() < LONGEST + 3;
            if ends || line.len() >= LONGEST && !continues {
                // A line may end with both.
                if !line.is_empty() || byte == b'\n' && last != b'\r' {
                    self.push(&line);
                }
                line.clear();
            }
            if !ends {
                line.push(byte);
            }
            last = byte;
        }
        if !line.is_empty() {
            self.push(&line);
        }
    }
}

/// A program that runs. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
}

impl Program {
    /// Starts a program on the board that listens on this port of the local computer. With a console, the output goes there.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub(crate) fn start(words: &[String], port: u16, console: Option<&Console>) -> Result<Self, String> {
        let [name, arguments @ ..] = words else { return Err("no program is named after `--`".to_owned()) };
        let mut command = Command::new(name);
        command.args(arguments);
        for (variable, value) in environment(port) {
            command.env(variable, value);
        }
        if console.is_some() {
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let failed = |error: io::Error| format!("{name:?} cannot be started: {error}");
        let mut child = command.spawn().map_err(failed)?;
        if let Some(console) = console {
            let out = child.stdout.take().map(|out| console.follow(out));
            let err = child.stderr.take().map(|err| console.follow(err));
            out.into_iter().chain(err).collect::<io::Result<()>>().map_err(failed)?;
        }
        Ok(Program { name: name.clone(), child })
    }

    /// Returns how the program has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks the program to end, and kills it if it does not.
    pub(crate) fn stop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        ask_to_end(&mut self.child);
        let deadline = Instant::now() + GRACE;
        while self.ended().is_none() {
            if Instant::now() > deadline {
                // This fails only if the program has just ended.
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Returns whether Ctrl-C has ended the program.
    #[cfg(unix)]
    pub(crate) fn is_interrupted(&mut self) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let signal = self.ended().and_then(|status| status.signal());
        signal == Some(rustix::process::Signal::INT.as_raw())
    }

    #[cfg(not(unix))]
    pub(crate) fn is_interrupted(&mut self) -> bool {
        false
    }

    /// Says how the program has failed, if it has: `"python3" has ended with exit status: 1`.
    pub(crate) fn failure(&mut self) -> Option<String> {
        let status = self.ended().filter(|status| !status.success())?;
        Some(format!("{:?} has ended with {status}", self.name))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns the variables that bring a program to the board.
pub(crate) fn environment(port: u16) -> [(&'static str, String); 4] {
    [
        ("GPIOZERO_PIN_FACTORY", "pigpio".to_owned()),
        ("PINZERO_PIN_FACTORY", format!("pigpio://127.0.0.1:{port}")),
        ("PIGPIO_ADDR", "127.0.0.1".to_owned()),
        ("PIGPIO_PORT", port.to_string()),
    ]
}

#[cfg(unix)]
fn ask_to_end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // This fails only if the program has just ended.
    let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
}

#[cfg(not(unix))]
fn ask_to_end(child: &mut Child) {
    let _ = child.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_lines_of_bounded_length() {
        let long = |count| "x".repeat(count);
        let cases: [(Vec<u8>, Vec<String>); 5] = [
            (b"one\n\ntwo \r\nthree".to_vec(), ["one", "", "two", "three"].map(str::to_owned).to_vec()),
            (b"10 %\r20 %\r\r\nend\n".to_vec(), ["10 %", "20 %", "end"].map(str::to_owned).to_vec()),
            (format!("{}\n\n", long(600)).into_bytes(), vec![long(256), long(256), long(88), String::new()]),
            (format!("{}\nend", long(512)).into_bytes(), vec![long(256), long(256), "end".to_owned()]),
            (format!("{}€\n", long(255)).into_bytes(), vec![long(255) + "€"]),
        ];
        for (bytes, lines) in cases {
            let console = Console::default();
            console.read(&bytes[..]);
            assert_eq!(console.lines(), lines);
        }
        let console = Console::default();
        console.read(&[0x80; 10_000][..]);
        assert!(console.lines().iter().all(|line| line.chars().count() <= 259));
    }
}
