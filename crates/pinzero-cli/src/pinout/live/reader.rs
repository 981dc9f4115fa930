//! Reads the lines on a thread of its own, so that a slow network does not delay a key.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use pinzero::{Gpio, Line, LineInfo, Result};

use crate::screen::{Latest, Message};

/// The states of all lines at one time, or the reason why they could not be read.
pub(super) type Reading = Result<Vec<LineInfo>>;

/// Starts to put the states of the lines into `latest`, until nobody hears of them.
pub(super) fn start(
    gpio: &Gpio,
    lines: Vec<Line>,
    every: Duration,
    latest: Latest<Reading>,
    messages: Sender<Message<()>>,
) -> io::Result<()> {
    let gpio = gpio.clone();
    thread::Builder::new()
        .name("pinout".to_owned())
        .spawn(move || read(&gpio, &lines, every, &latest, &messages))
        .map(drop)
}

fn read(
    gpio: &Gpio,
    lines: &[Line],
    every: Duration,
    latest: &Latest<Reading>,
    messages: &Sender<Message<()>>,
) {
    let mut next = Instant::now();
    loop {
        let reading = gpio.line_infos(lines.iter().copied());
        if latest.put(reading, messages).is_err() {
            return;
        }
        // After a long reading, the times that have passed are left out.
        next = Instant::now().max(next + every);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}
