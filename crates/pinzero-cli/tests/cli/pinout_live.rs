//! `pinzero pinout --live` on a pseudo-terminal.

use std::process::{Child, Stdio};

use pinzero::Level;

use crate::pty::Pty;
use crate::run::{assert_snapshot, command};
use crate::served::Served;

/// Starts the live view in a terminal of 80 x 24.
fn start(factory: &str) -> Pty {
    let arguments = ["pinout", "--live", "--every", "20", "--factory", factory];
    Pty::start(&arguments, &[("LC_ALL", "C.UTF-8")], false)
}

/// Waits for the end, and for a terminal as it was before.
#[track_caller]
fn ends_clean(pty: &mut Pty) {
    assert!(pty.wait().0.success());
    pty.wait_for_screen(|screen| !screen.alternate_screen() && !screen.hide_cursor());
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
    let mut terminal = start(&served.factory);
    let is_whole = |row: String| row.contains("GPIO21 low") && row.contains("39");
    let text = terminal.wait_for_screen(|screen| screen.rows(0, 80).any(is_whole));
    let port = served.factory.rsplit(':').next().unwrap();
    assert_snapshot("pinout/live.txt", text.trim_end().replace(port, "PORT").as_str());

    let gpio = pinzero::open_factory(&served.factory).unwrap();
    let led = gpio.output(17).initial(Level::High).open().unwrap();
    terminal.wait_for_screen(|screen| {
        let (index, row) = row_of_17(screen);
        let is_reversed = (0..80).any(|column| screen.cell(index, column).is_some_and(vt100::Cell::inverse));
        row.contains("output") && row.contains("high") && row.contains("11*") && is_reversed
    });
    terminal.wait_for_screen(|screen| {
        let (_, row) = row_of_17(screen);
        row.contains("high") && !row.contains('*')
    });
    drop(led);
    terminal.wait_for_screen(|screen| row_of_17(screen).1.contains("input"));
    terminal.send("q");
    ends_clean(&mut terminal);
}

#[test]
fn every_way_out_restores_the_terminal() {
    for keys in ["q", "\u{1b}", "\u{3}"] {
        let mut terminal = start("mock");
        terminal.wait_for(|text| text.contains("GPIO21"));
        terminal.send(keys);
        ends_clean(&mut terminal);
    }
    for signal in ["-TERM", "-INT", "-HUP"] {
        let mut terminal = start("mock");
        terminal.wait_for(|text| text.contains("GPIO21"));
        let id = terminal.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        ends_clean(&mut terminal);
    }
}

#[test]
fn a_terminal_that_is_gone_ends_the_command() {
    let mut terminal = start("mock");
    terminal.wait_for(|text| text.contains("GPIO21"));
    // On a small terminal, a key has something to move.
    terminal.resize(50, 10);
    terminal.wait_for(|text| text.contains("rows 1 to 7 of 20"));
    terminal.vanish("\u{1b}[B");
    let (status, _) = terminal.wait();
    assert!(status.success(), "{status:?}");
}

#[test]
fn a_small_terminal_shows_a_part() {
    let mut terminal = start("mock");
    terminal.resize(50, 10);
    terminal.wait_for(|text| text.contains("rows 1 to 7 of 20"));
    // The function is left out before the pull and the level.
    terminal.wait_for_screen(|screen| {
        screen.rows(0, 50).any(|row| row.contains("down  low  GPIO4") || row.contains("GPIO14 low  down"))
    });
    let text = terminal.wait_for(|_| true);
    assert!(!text.contains("input"), "{text}");
    terminal.send("\u{1b}[B");
    terminal.wait_for(|text| text.contains("rows 2 to 8 of 20"));
    terminal.send("\u{1b}[F");
    terminal.wait_for(|text| text.contains("rows 14 to 20 of 20"));
    terminal.resize(12, 3);
    terminal.resize(80, 24);
    terminal.wait_for_screen(|screen| {
        let contents = screen.contents();
        contents.contains("GPIO2 ") && contents.contains("GPIO21") && !contents.contains("rows")
    });
    terminal.send("q");
    ends_clean(&mut terminal);
}

#[test]
fn a_lost_connection_is_shown_and_comes_back() {
    let served = Served::start(&[]);
    let factory = served.factory.clone();
    let mut terminal = start(&factory);
    terminal.wait_for_screen(|screen| row_of_17(screen).1.contains("low"));
    served.stop();
    terminal.wait_for(|text| text.contains("disconnected  Raspberry Pi 3B  q ends  pigpio at localhost:"));
    terminal.wait_for_screen(|screen| row_of_17(screen).1.contains("low"));

    let port = factory.rsplit(':').next().unwrap();
    let again = ["serve", "--port", port, "--bind", "127.0.0.1", "--factory", "mock"];
    let _daemon = Ended(command(&again).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    terminal.wait_for_screen(|screen| !screen.contents().contains("disconnected"));
    terminal.send("q");
    ends_clean(&mut terminal);
}

/// A program that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
