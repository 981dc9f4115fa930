//! Runs the command in a terminal: a pseudo-terminal, and a screen that understands its output.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long a test waits for anything. Only a test that fails takes as long.
const PATIENCE: Duration = Duration::from_secs(30);
/// The question for the type of a terminal, and the answer.
const QUESTION: &[u8] = b"\x1b[c";
const ANSWER: &[u8] = b"\x1b[?62c";
/// The answer to the question for the state of the keyboard, of a terminal that can tell the releases of keys.
const KEYBOARD: &[u8] = b"\x1b[?0u";

/// Turns the alternate screen off.
const LEAVE: &[u8] = b"\x1b[?1049l";

/// The command in a terminal.
pub(crate) struct Pty {
    child: Box<dyn Child + Send + Sync>,
    /// The terminal's side. `None` once the terminal has vanished.
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Arc<Mutex<Option<Box<dyn Write + Send>>>>,
    shared: Arc<(Mutex<Shown>, Condvar)>,
}

/// What the terminal has got.
struct Shown {
    screen: vt100::Parser,
    /// All bytes so far.
    bytes: Vec<u8>,
    /// Whether the reader lets go.
    vanishes: bool,
    /// Whether the reader reads no more.
    stalls: bool,
    /// Whether the reader has let go.
    ended: bool,
}

impl Pty {
    /// Starts the command in a terminal of 80 x 24. `holds`: whether the terminal tells the releases of keys.
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)], holds: bool) -> Pty {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_pinzero"));
        command.args(arguments);
        for variable in ["PINZERO_PIN_FACTORY", "PIGPIO_ADDR", "PIGPIO_PORT", "NO_COLOR", "COLORTERM"] {
            command.env_remove(variable);
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the command starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = Arc::new(Mutex::new(Some(pair.master.take_writer().expect("a writer"))));
        let screen = vt100::Parser::new(24, 80, 1000);
        let shown = Shown { screen, bytes: Vec::new(), vanishes: false, stalls: false, ended: false };
        let shared = Arc::new((Mutex::new(shown), Condvar::new()));
        thread::spawn({
            let (shared, writer) = (shared.clone(), writer.clone());
            move || {
                let mut buffer = [0; 4096];
                let mut answered = 0;
                // A pseudo-terminal whose other side is closed ends by an error.
                while let count @ 1.. = reader.read(&mut buffer).unwrap_or(0) {
                    let mut shown = shared.0.lock().unwrap();
                    if shown.vanishes {
                        break;
                    }
                    while shown.stalls {
                        shown = shared.1.wait(shown).unwrap();
                    }
                    shown.screen.process(&buffer[..count]);
                    shown.bytes.extend_from_slice(&buffer[..count]);
                    let questions =
                        shown.bytes.windows(QUESTION.len()).filter(|part| *part == QUESTION).count();
                    shared.1.notify_all();
                    drop(shown);
                    if let (Some(writer), true) = (&mut *writer.lock().unwrap(), questions > answered) {
                        answered = questions;
                        let answer = if holds { [KEYBOARD, ANSWER].concat() } else { ANSWER.to_vec() };
                        // The command may have ended.
                        let _ = writer.write_all(&answer).and_then(|()| writer.flush());
                    }
                }
                drop(reader);
                shared.0.lock().unwrap().ended = true;
                shared.1.notify_all();
            }
        });
        Pty { child, master: Some(pair.master), writer, shared }
    }

    /// Types.
    pub(crate) fn send(&self, bytes: &str) {
        let mut writer = self.writer.lock().unwrap();
        let writer = writer.as_mut().expect("the terminal is there");
        writer.write_all(bytes.as_bytes()).and_then(|()| writer.flush()).expect("the command reads");
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) {
        self.shared.0.lock().unwrap().screen.set_size(rows, cols);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the terminal is there").resize(size).expect("another size");
    }

    /// Takes the terminal away, as the window that is closed and the connection that is lost. The reader has to let go, too: `keys` make
    /// the command write something.
    pub(crate) fn vanish(&mut self, keys: &str) {
        self.shown().vanishes = true;
        self.send(keys);
        let mut shown = self.shown();
        while !shown.ended {
            shown = self.shared.1.wait(shown).unwrap();
        }
        drop(shown);
        *self.writer.lock().unwrap() = None;
        self.master = None;
    }

    /// Reads no more of what the command writes.
    pub(crate) fn stall(&self) {
        self.shown().stalls = true;
    }

    /// Returns whether the terminal makes lines of what is typed, as for a shell. A view turns that off.
    #[cfg(unix)]
    pub(crate) fn is_cooked(&self) -> bool {
        let master = self.master.as_ref().expect("the terminal is there");
        let state = master.get_termios().expect("the terminal has a state");
        format!("{:?}", state.local_flags).contains("ICANON")
    }

    /// Returns the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().expect("the command has been started")
    }

    /// Waits until the text on the screen is as wanted, and returns the text.
    #[track_caller]
    pub(crate) fn wait_for(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for_screen(|screen| wanted(&screen.contents()))
    }

    /// Waits until the screen is as wanted, and returns its text.
    #[track_caller]
    pub(crate) fn wait_for_screen(&self, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        let mut shown = self.shown();
        loop {
            let text = shown.screen.screen().contents();
            if wanted(shown.screen.screen()) {
                return text + "\n";
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !shown.ended, "the screen is not as wanted:\n{text}");
            shown = self.shared.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits for a text on the screen, and returns its place as the mouse tells it, from 1.
    #[track_caller]
    pub(crate) fn find(&self, wanted: &str) -> (usize, usize) {
        let text = self.wait_for(|text| text.contains(wanted));
        let (row, line) =
            text.lines().enumerate().find(|(_, line)| line.contains(wanted)).expect("it is there");
        (line[..line.find(wanted).expect("it is there")].chars().count() + 1, row + 1)
    }

    /// Returns the full screen as the command has left it. Call this once the command has ended.
    #[track_caller]
    pub(crate) fn left(&self) -> String {
        let mut shown = self.shown();
        while !shown.ended {
            shown = self.shared.1.wait(shown).unwrap();
        }
        let bytes = std::mem::take(&mut shown.bytes);
        let end = bytes
            .windows(LEAVE.len())
            .position(|part| part == LEAVE)
            .expect("the command has left its screen");
        let mut screen = vt100::Parser::new(24, 80, 0);
        screen.process(&bytes[..end]);
        screen.screen().contents() + "\n"
    }

    /// Returns all that the command has written so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shown().bytes.clone()
    }

    /// Waits for the end of the command, and returns how it ended and how long that took.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the command can be waited for") {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < PATIENCE, "the command does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shared.0.lock().unwrap()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A test that fails leaves no process.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.shown().stalls = false;
        self.shared.1.notify_all();
    }
}
