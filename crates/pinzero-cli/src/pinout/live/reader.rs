//! Reads the lines on a thread of its own, so that a slow network does not delay a key.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use pinzero::{Gpio, Line, LineInfo, Result};

/// The states of all lines at one time, or the reason why they could not be read.
pub(super) type Reading = Result<Vec<LineInfo>>;

pub(super) struct Reader(Receiver<Reading>);

impl Reader {
    /// Starts to read the lines, until the reader is dropped.
    pub(super) fn start(gpio: &Gpio, lines: Vec<u32>, every: Duration) -> io::Result<Reader> {
        // A view that is busy gets no readings to catch up with.
        let (sender, receiver) = sync_channel(1);
        let gpio = gpio.clone();
        thread::Builder::new()
            .name("pinout".to_owned())
            .spawn(move || read(&gpio, &lines, every, &sender))?;
        Ok(Reader(receiver))
    }

    /// Returns the next reading, if there is one.
    pub(super) fn next(&self) -> Option<Reading> {
        self.0.try_recv().ok()
    }
}

fn read(gpio: &Gpio, lines: &[u32], every: Duration, sender: &SyncSender<Reading>) {
    let mut next = Instant::now();
    loop {
        let reading = gpio.line_infos(lines.iter().map(|line| Line(*line)));
        if sender.send(reading).is_err() {
            return;
        }
        // After a long reading, the times that have passed are left out.
        next = Instant::now().max(next + every);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}
