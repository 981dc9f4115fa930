//! The view of `pinzero sim` in the terminal.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use pinzero::Gpio;
use pinzero::prelude::*;

use crate::pty::Pty;
use crate::run::{assert_snapshot, command};

const CIRCUIT: &str = r##"
title = "A doorbell"
about = "A button, a bell and a light."

[button.door]
pin = 2
key = "d"

[buzzer.bell]
pin = 17

[led.light]
pin = 18
color = "#ffff00"

[light_sensor.day]
pin = 4
light = 0.5
"##;
/// The longest time that a program, the simulator and the screen take for anything; only a test that fails waits as long.
const PATIENCE: Duration = Duration::from_secs(20);
/// Marks the end of a program that may not hang. A busy computer needs most of it.
const SOON: Duration = Duration::from_secs(5);

/// A simulator in a terminal.
struct Sim {
    pty: Pty,
    file: PathBuf,
}

impl Sim {
    fn start(name: &str, variables: &[(&str, &str)], holds: bool) -> Sim {
        Sim::start_with(name, &[], variables, holds)
    }

    /// Starts the simulator with these words behind its file and port.
    fn start_with(name: &str, words: &[&str], variables: &[(&str, &str)], holds: bool) -> Sim {
        let file = std::env::temp_dir().join(format!("pinzero-board-{name}-{}.toml", std::process::id()));
        std::fs::write(&file, CIRCUIT).unwrap();
        let sim = ["sim", file.to_str().unwrap(), "--port", "0"];
        let pty = Pty::start(&[&sim[..], words].concat(), variables, holds);
        Sim { pty, file }
    }

    /// Returns the address of the simulator.
    fn address(&self) -> String {
        let text = self.pty.wait_for(|text| text.contains("pigpio://127.0.0.1:"));
        let start = text.find("pigpio://").unwrap();
        text[start..].split_whitespace().next().unwrap().to_owned()
    }

    /// Connects a program.
    fn program(&self) -> Gpio {
        pinzero::open_factory(&self.address()).unwrap()
    }

    fn mouse(&self, button: u8, (column, row): (usize, usize), is_down: bool) {
        self.pty.send(&format!("\x1b[<{button};{column};{row}{}", if is_down { 'M' } else { 'm' }));
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pty.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[test]
fn a_program_lights_a_led_and_hears_a_button() {
    let sim = Sim::start("program", &[], false);
    sim.pty.wait_for(|text| text.contains("no program yet"));
    let gpio = sim.program();
    let led = Led::builder(18).gpio(&gpio).open().unwrap();
    let button = Button::builder(2).gpio(&gpio).open().unwrap();
    led.on().unwrap();
    let text = sim.pty.wait_for(|text| text.contains("(●) on") && text.contains("1 program"));
    // Without the rows of the timing diagram, which move.
    let board: Vec<&str> = text.lines().take(17).collect();
    assert_snapshot("board.txt", &(board.join("\n") + "\n"));

    sim.pty.send("d");
    assert!(button.wait_for_press_timeout(PATIENCE).unwrap());
    assert!(button.wait_for_release_timeout(PATIENCE).unwrap());
    // A latch holds until it is undone.
    sim.pty.send("D");
    assert!(button.wait_for_press_timeout(PATIENCE).unwrap());
    sim.pty.wait_for(|text| text.contains("▐ d ▌ latched"));
    sim.pty.send("d");
    assert!(button.wait_for_release_timeout(PATIENCE).unwrap());

    gpio.close().unwrap();
    sim.pty.send("q");
    let mut sim = sim;
    assert!(sim.pty.wait().0.success());
    assert!(sim.pty.left().contains("A doorbell"));
}

#[test]
fn the_mouse_holds_a_button_and_drags_a_slider() {
    let sim = Sim::start("mouse", &[], false);
    let gpio = sim.program();
    let button = Button::builder(2).gpio(&gpio).open().unwrap();
    let cap = sim.pty.find("[ d ]");
    sim.mouse(0, cap, true);
    assert!(button.wait_for_press_timeout(PATIENCE).unwrap());
    sim.pty.wait_for(|text| text.contains("▐ d ▌ pressed"));
    assert!(!button.wait_for_release_timeout(ms(500)).unwrap(), "the mouse holds the button");
    sim.mouse(0, cap, false);
    assert!(button.wait_for_release_timeout(PATIENCE).unwrap());

    let (column, row) = sim.pty.find("├");
    sim.mouse(0, (column + 1, row), true);
    sim.pty.wait_for(|text| text.contains(" 0.00"));
    sim.mouse(32, (79, row), true);
    sim.pty.wait_for(|text| text.contains(" 1.00"));
    sim.mouse(0, (79, row), false);
}

#[test]
fn a_terminal_that_tells_releases_holds_a_button_as_long_as_its_key() {
    let sim = Sim::start("keyboard", &[], true);
    sim.pty.wait_for(|text| text.contains("keys press while held"));
    let gpio = sim.program();
    let button = Button::builder(2).gpio(&gpio).open().unwrap();
    sim.pty.send("d");
    assert!(button.wait_for_press_timeout(PATIENCE).unwrap());
    assert!(!button.wait_for_release_timeout(ms(500)).unwrap(), "the key holds the button");
    sim.pty.send("\x1b[100;1:3u");
    assert!(button.wait_for_release_timeout(PATIENCE).unwrap());
}

#[test]
fn the_screen_follows_the_size_of_the_window() {
    let mut sim = Sim::start("size", &[], false);
    sim.pty.wait_for(|text| text.contains("q ends"));
    sim.pty.resize(40, 10);
    sim.pty.wait_for(|text| text.contains("The board needs 44 x 11 characters. Make"));
    sim.pty.resize(100, 30);
    sim.pty.wait_for(|text| text.contains("q ends") && text.contains("[ d ]"));
}

#[test]
fn an_idle_board_writes_nothing() {
    let sim = Sim::start("idle", &[], false);
    sim.pty.wait_for(|text| text.contains("q ends"));
    let count = || sim.pty.bytes().len();
    let mut before = count();
    let start = Instant::now();
    let mut quiet = Instant::now();
    while quiet.elapsed() < Duration::from_secs(1) {
        assert!(start.elapsed() < PATIENCE, "the screen is drawn again and again");
        std::thread::sleep(ms(20));
        if count() != before {
            (before, quiet) = (count(), Instant::now());
        }
    }
}

#[test]
fn signals_give_the_terminal_back() {
    for name in ["TERM", "HUP", "INT"] {
        let mut sim = Sim::start(&format!("signal-{name}"), &[], false);
        sim.pty.wait_for(|text| text.contains("q ends"));
        sim.signal(name);
        let (status, time) = sim.pty.wait();
        assert!(status.success() && time < SOON, "{name}: {status:?} after {time:?}");
        assert!(sim.pty.left().contains("A doorbell"));
    }
}

#[test]
fn a_terminal_that_vanishes_ends_the_simulator() {
    let mut sim = Sim::start("vanish", &[], false);
    sim.pty.wait_for(|text| text.contains("q ends"));
    sim.pty.vanish("?");
    let (_, time) = sim.pty.wait();
    assert!(time < SOON, "{time:?}");
}

#[test]
fn a_terminal_that_takes_no_more_output_does_not_hold_the_simulator_up() {
    let words = ["--", "sh", "-c", "echo pid=$$.; exec sleep 60"];
    let mut sim = Sim::start_with("stall", &words, &[], false);
    let text = sim.pty.wait_for(|text| text.contains("q ends") && text.contains("pid="));
    let program = text.split_once("pid=").and_then(|(_, rest)| rest.split_once('.')).unwrap().0.to_owned();
    assert!(!sim.pty.is_cooked());
    sim.pty.stall();
    // Each picture has the help or has it not, until nothing more fits into the kernel's buffer.
    for _ in 0..150 {
        sim.pty.send("?");
        std::thread::sleep(ms(20));
    }
    sim.signal("TERM");
    let (status, time) = sim.pty.wait();
    assert!(status.success() && time < SOON, "{status:?} after {time:?}");
    assert!(sim.pty.is_cooked(), "the terminal is left in raw mode");
    let lives = Command::new("kill").args(["-0", &program]).output().unwrap();
    assert!(!lives.status.success(), "the program goes on");
}

/// A progress bar goes back to the start of its line again and again.
#[test]
fn output_without_an_end_of_line_is_shown() {
    let words = ["--", "sh", "-c", r"printf '10 %%\r20 %%\r'; exec sleep 60"];
    let sim = Sim::start_with("progress", &words, &[], false);
    sim.pty.wait_for(|text| text.contains("│ 10 %") && text.contains("│ 20 %"));
}

#[cfg(feature = "web")]
#[test]
fn the_address_of_the_page_is_on_the_screen() {
    let sim = Sim::start_with("page", &["--web=0"], &[], false);
    sim.pty.wait_for_screen(|screen| {
        screen.alternate_screen() && screen.contents().contains(" http://127.0.0.1:")
    });
    sim.pty.send("?");
    sim.pty.wait_for(|text| text.contains("The board in the browser: http://127.0.0.1:"));
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let sim = Sim::start("dumb", &[("TERM", "dumb")], false);
    let gpio = sim.pty.wait_for(|text| text.contains("PINZERO_PIN_FACTORY="));
    assert!(gpio.contains("A doorbell on a "), "{gpio}");
    assert!(!sim.pty.bytes().contains(&0x1b), "a dumb terminal knows no escape sequences");
    sim.pty.send("\x03");
}

#[test]
fn without_color_the_board_has_shades() {
    let sim = Sim::start("plain", &[("NO_COLOR", "1")], false);
    let gpio = sim.program();
    let led = PwmLed::builder(18).gpio(&gpio).open().unwrap();
    led.set_value(0.5).unwrap();
    sim.pty.wait_for(|text| text.contains("(▒) 50 %"));
    let colors = [b"\x1b[38;", b"\x1b[48;"];
    let bytes = sim.pty.bytes();
    assert!(!bytes.windows(5).any(|part| colors.iter().any(|color| part == *color)));
}

#[test]
fn without_a_terminal_the_simulator_prints_lines() {
    let sim = Sim::start("pipe", &[], false);
    let mut child = command(&["sim", sim.file.to_str().unwrap(), "--port", "0"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    let _ = child.kill();
    let _ = child.wait();
    assert!(line.starts_with("A doorbell on a "), "{line}");
}
