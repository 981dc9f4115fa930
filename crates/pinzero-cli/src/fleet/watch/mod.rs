//! `pinzero fleet watch`: the nodes on the terminal, as they are.

mod view;

use std::convert::Infallible;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use ratatui::crossterm::event::{Event, KeyEvent, KeyEventKind};

use self::view::View;
use super::link::{self, Link};
use crate::screen::{self, Message, Screen};
use crate::verdict::{Outcome, Verdict};

/// The time between two pictures. However many messages come, there are no more pictures.
const TICK: Duration = Duration::from_millis(100);

/// # Errors
/// If the command does not run on a terminal.
pub(super) fn check_terminal() -> Result<(), &'static str> {
    match screen::is_usable() {
        true => Ok(()),
        false => Err("watch needs a terminal; `pinzero fleet list` prints the nodes once"),
    }
}

/// Shows the nodes until the user or a signal ends the view, or the terminal is gone.
pub(super) fn run(link: &Link, broker: &str) -> Outcome {
    let (sender, messages) = mpsc::channel();
    screen::end_on_signals(&sender)?;
    let mut view = View::new(broker);
    let mut screen = Screen::open(&sender)?;
    let ended = watch(link, &mut screen, &mut view, &messages);
    drop(screen);
    link.state().leave();
    ended.map(|()| Verdict::Good).map_err(Into::into)
}

fn watch(
    link: &Link,
    screen: &mut Screen,
    view: &mut View,
    messages: &Receiver<Message<Infallible>>,
) -> Result<(), String> {
    // An error of the terminal means that it is gone.
    while screen.draw(|buffer| view.draw(buffer, &link.state(), link::now())).is_ok() {
        if let Some(error) = link.state().error.as_ref().filter(|error| error.is_final) {
            return Err(error.to_string());
        }
        match messages.recv_timeout(TICK) {
            Ok(Message::Event(Event::Key(key))) if screen::is_end(key) => break,
            Ok(Message::Event(Event::Key(KeyEvent { code, kind: KeyEventKind::Press, .. }))) => {
                view.press(code);
            }
            Ok(Message::Event(Event::Resize(..))) if screen.resize().is_err() => break,
            Ok(Message::Event(_)) | Err(RecvTimeoutError::Timeout) => link.settle(),
            Ok(Message::News(never)) => match never {},
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}
