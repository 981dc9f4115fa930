//! `pinzero pinout --live` on a pseudo-terminal.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pinzero::Level;
use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::run::{assert_snapshot, command};
use crate::served::Served;

const PATIENCE: Duration = Duration::from_secs(60);

/// A command on a terminal of its own.
struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<Box<dyn Write + Send>>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    reader: Option<JoinHandle<()>>,
    is_leaving: Arc<AtomicBool>,
}

impl Terminal {
    fn start(arguments: &[&str], rows: u16, cols: u16) -> Terminal {
        let pair = native_pty_system().openpty(size(rows, cols)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_pinzero"));
        command.args(arguments);
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        for variable in ["PINZERO_PIN_FACTORY", "PIGPIO_ADDR", "PIGPIO_PORT", "NO_COLOR"] {
            command.env_remove(variable);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let (copy, is_leaving) = (screen.clone(), Arc::new(AtomicBool::new(false)));
        let leaving = is_leaving.clone();
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                copy.lock().unwrap().process(&bytes[..count]);
                if leaving.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Terminal {
            master: Some(pair.master),
            keyboard: Some(keyboard),
            child,
            screen,
            reader: Some(reader),
            is_leaving,
        }
    }

    /// Waits until the screen has something to show.
    #[track_caller]
    fn wait(&self, what: &str, is_there: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let parser = self.screen.lock().unwrap();
            if is_there(parser.screen()) {
                return;
            }
            assert!(Instant::now() < end, "not on the screen: {what}\n{}", parser.screen().contents());
            drop(parser);
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&self, rows: u16, cols: u16) {
        self.screen.lock().unwrap().set_size(rows, cols);
        self.master.as_ref().unwrap().resize(size(rows, cols)).unwrap();
    }

    /// Closes the terminal, as a window is closed.
    fn close(&mut self) {
        self.is_leaving.store(true, Ordering::Relaxed);
        // The command draws once more. The reader, which has the terminal open as well, then ends.
        self.resize(20, 70);
        self.reader.take().unwrap().join().unwrap();
        self.keyboard = None;
        self.master = None;
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits for the end of the command.
    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the command does not end:\n{}", self.contents());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end, and for a terminal as it was before.
    #[track_caller]
    fn ends_clean(&mut self) {
        assert!(self.end().success());
        self.wait("the first screen, with a cursor", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor()
        });
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// The row of GPIO17, which is at the left.
fn row_of_17(screen: &vt100::Screen) -> (u16, String) {
    let rows: Vec<String> = screen.rows(0, 80).collect();
    let index = rows.iter().position(|row| row.contains("GPIO17")).unwrap_or_default();
    (index as u16, rows[index].clone())
}

#[test]
fn a_change_by_another_program_is_marked_for_a_second() {
    let served = Served::start(&[]);
    let mut terminal =
        Terminal::start(&["pinout", "--live", "--every", "20", "--factory", &served.factory], 24, 80);
    let is_whole = |row: String| row.contains("GPIO21 low") && row.contains("39");
    terminal.wait("the last row", |screen| screen.rows(0, 80).any(is_whole));
    let port = served.factory.rsplit(':').next().unwrap();
    assert_snapshot("pinout/live.txt", &terminal.contents().replace(port, "PORT"));

    let gpio = pinzero::open_factory(&served.factory).unwrap();
    let led = gpio.output(17).initial(Level::High).open().unwrap();
    terminal.wait("a marked row", |screen| {
        let (index, row) = row_of_17(screen);
        let is_reversed = (0..80).any(|column| screen.cell(index, column).is_some_and(vt100::Cell::inverse));
        row.contains("output") && row.contains("high") && row.contains("11*") && is_reversed
    });
    terminal.wait("a row without a mark", |screen| {
        let (_, row) = row_of_17(screen);
        row.contains("high") && !row.contains('*')
    });
    drop(led);
    terminal.wait("the line given back", |screen| row_of_17(screen).1.contains("input"));
    terminal.press("q");
    terminal.ends_clean();
}

#[test]
fn every_way_out_restores_the_terminal() {
    for keys in ["q", "\u{1b}", "\u{3}"] {
        let mut terminal = Terminal::start(&["pinout", "--live", "--factory", "mock"], 24, 80);
        terminal.wait_for("GPIO21");
        terminal.press(keys);
        terminal.ends_clean();
    }
    for signal in ["-TERM", "-INT", "-HUP"] {
        let mut terminal = Terminal::start(&["pinout", "--live", "--factory", "mock"], 24, 80);
        terminal.wait_for("GPIO21");
        let id = terminal.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        terminal.ends_clean();
    }
}

#[test]
fn a_terminal_that_is_gone_ends_the_command() {
    let mut terminal = Terminal::start(&["pinout", "--live", "--factory", "mock"], 24, 80);
    terminal.wait_for("GPIO21");
    terminal.close();
    let status = terminal.end();
    assert!(status.success(), "{status:?}");
}

#[test]
fn a_small_terminal_shows_a_part() {
    let mut terminal = Terminal::start(&["pinout", "--live", "--factory", "mock"], 10, 50);
    terminal.wait_for("rows 1 to 7 of 20");
    // The function is left out before the pull and the level.
    terminal.wait("both sides", |screen| {
        screen.rows(0, 50).any(|row| row.contains("down  low  GPIO4") || row.contains("GPIO14 low  down"))
    });
    assert!(!terminal.contents().contains("input"), "{}", terminal.contents());
    terminal.press("\u{1b}[B");
    terminal.wait_for("rows 2 to 8 of 20");
    terminal.press("\u{1b}[F");
    terminal.wait_for("rows 14 to 20 of 20");
    terminal.resize(3, 12);
    terminal.resize(24, 80);
    terminal.wait("all rows", |screen| {
        let contents = screen.contents();
        contents.contains("GPIO2 ") && contents.contains("GPIO21") && !contents.contains("rows")
    });
    terminal.press("q");
    terminal.ends_clean();
}

#[test]
fn a_lost_connection_is_shown_and_comes_back() {
    let served = Served::start(&[]);
    let factory = served.factory.clone();
    let mut terminal = Terminal::start(&["pinout", "--live", "--every", "20", "--factory", &factory], 24, 80);
    terminal.wait("a reading", |screen| row_of_17(screen).1.contains("low"));
    served.stop();
    terminal.wait_for("disconnected  Raspberry Pi 3B  q ends  pigpio at localhost:");
    assert!(row_of_17(terminal.screen.lock().unwrap().screen()).1.contains("low"), "the last reading stays");

    let port = factory.rsplit(':').next().unwrap();
    let again = ["serve", "--port", port, "--bind", "127.0.0.1", "--factory", "mock"];
    let _daemon = Ended(command(&again).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    terminal.wait("the connection", |screen| !screen.contents().contains("disconnected"));
    terminal.press("q");
    terminal.ends_clean();
}

/// A program that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
