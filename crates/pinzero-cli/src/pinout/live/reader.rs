//! Reads the lines on a thread of its own, so that a slow network does not delay a key.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use pinzero::{Gpio, Line, LineInfo, Result};

use crate::screen::Message;

/// The states of all lines at one time, or the reason why they could not be read.
pub(super) type Reading = Result<Vec<LineInfo>>;

/// Starts to send the states of the lines, until nobody receives them.
pub(super) fn start(
    gpio: &Gpio,
    lines: Vec<Line>,
    every: Duration,
    messages: Sender<Message<Reading>>,
) -> io::Result<()> {
    let gpio = gpio.clone();
    thread::Builder::new()
        .name("pinout".to_owned())
        .spawn(move || read(&gpio, &lines, every, &messages))
        .map(drop)
}

fn read(gpio: &Gpio, lines: &[Line], every: Duration, messages: &Sender<Message<Reading>>) {
    let mut next = Instant::now();
    loop {
        let reading = gpio.line_infos(lines.iter().copied());
        if messages.send(Message::News(reading)).is_err() {
            return;
        }
        // After a long reading, the times that have passed are left out.
        next = Instant::now().max(next + every);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}
