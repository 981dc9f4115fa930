//! `pinzero pinout --live`: the pins on the terminal, read again and again.

mod reader;
mod view;

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use pinzero::Gpio;
use ratatui::crossterm::event::{Event, KeyEvent, KeyEventKind};

use self::reader::Reading;
use self::view::View;
use crate::screen::{self, Latest, Message, Screen};
use crate::verdict::{Outcome, Verdict};

/// The longest time between two pictures: a mark ends without a reading.
const TICK: Duration = Duration::from_millis(100);

/// # Errors
/// If the command does not run on a terminal.
pub(super) fn check_terminal() -> Result<(), &'static str> {
    match screen::is_usable() {
        true => Ok(()),
        false => Err("--live needs a terminal; --json prints the state of the pins once, for programs"),
    }
}

/// Shows the pins until the user or a signal ends the view, or the terminal is gone.
pub(super) fn run(gpio: &Gpio, every_ms: u32) -> Outcome {
    let (sender, messages) = mpsc::channel();
    screen::end_on_signals(&sender)?;
    // A lost connection is in the view; a message would be written across the table.
    gpio.on_error(|_| ());

    let every = Duration::from_millis(every_ms.into());
    let mut view = View::new(gpio, every);
    let mut screen = Screen::open(&sender)?;
    let latest = Latest::new();
    reader::start(gpio, view.lines(), every, latest.clone(), sender)?;
    watch(&mut screen, &mut view, &latest, &messages);
    Ok(Verdict::Good)
}

fn watch(screen: &mut Screen, view: &mut View, latest: &Latest<Reading>, messages: &Receiver<Message<()>>) {
    // An error of the terminal means that it is gone.
    while screen.draw(|buffer| view.draw(buffer, Instant::now())).is_ok() {
        match messages.recv_timeout(TICK) {
            Ok(Message::News(())) => {
                if let Some(reading) = latest.take() {
                    view.take(reading, Instant::now());
                }
            }
            Ok(Message::Event(Event::Key(key))) if screen::is_end(key) => return,
            Ok(Message::Event(Event::Key(KeyEvent { code, kind: KeyEventKind::Press, .. }))) => {
                view.scroll(code);
            }
            Ok(Message::Event(Event::Resize(..))) if screen.resize().is_err() => return,
            Ok(Message::Event(_)) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
