//! Writes the libraries' log to standard error, where systemd's journal finds it.
//!
//! A thread of its own writes, so that an output that nobody reads delays no pin and no client. It has a bounded queue. Each place
//! in the code is bounded too: clients must not be able to fill a disk with what they do wrong.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::panic;
use std::thread;
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::{Condvar, Mutex};

/// The most lines that wait for the writer.
const LINES: usize = 256;

/// The time in which one place in the code may log a limited number of lines.
const WINDOW: Duration = Duration::from_secs(1);

/// The longest wait for the writer at the end of the program.
const PATIENCE: Duration = Duration::from_millis(200);

static WRITER: Writer =
    Writer { state: Mutex::new(State::new()), changed: Condvar::new(), written: Condvar::new() };

#[derive(Debug, Clone, Copy)]
enum Stream {
    Output,
    Error,
}

#[derive(Debug)]
struct Line(Stream, String);

/// The place in the code that logs.
type Place = (&'static str, u32);

/// What a place has logged in the current window.
#[derive(Debug)]
struct Tally {
    since: Instant,
    written: u32,
    /// How many lines were left out.
    left_out: u64,
    /// The last line that was not left out.
    text: String,
}

#[derive(Debug)]
struct State {
    /// The most warnings of a place in a window.
    warnings: u32,
    lines: VecDeque<Line>,
    /// How many lines found no room since the writer last said so.
    dropped: u64,
    tallies: BTreeMap<Place, Tally>,
    is_writing: bool,
    is_ending: bool,
}

struct Writer {
    state: Mutex<State>,
    /// Notified when there is something to write.
    changed: Condvar,
    /// Notified when everything is written.
    written: Condvar,
}

/// The most lines of a place in a window.
pub(crate) const MANY: u32 = 20;

impl State {
    const fn new() -> Self {
        State {
            warnings: MANY,
            lines: VecDeque::new(),
            dropped: 0,
            tallies: BTreeMap::new(),
            is_writing: false,
            is_ending: false,
        }
    }

    /// Admits a line of a place, or leaves it out. Returns how many lines of the place have been left out, 0 if this one is not.
    fn admit(&mut self, place: Place, level: Level, now: Instant) -> u64 {
        let new = || Tally { since: now, written: 0, left_out: 0, text: String::new() };
        let tally = self.tallies.entry(place).or_insert_with(new);
        if tally.left_out == 0 && now >= tally.since + WINDOW {
            (tally.since, tally.written) = (now, 0);
        }
        let limit = if level <= Level::Warn { self.warnings } else { MANY };
        if tally.written < limit {
            tally.written += 1;
            return 0;
        }
        tally.left_out += 1;
        tally.left_out
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() < LINES {
            self.lines.push_back(line);
        } else {
            self.dropped += 1;
        }
    }

    /// Returns the next line to write. Lines that were dropped or left out are counted after the others.
    fn next(&mut self, now: Instant) -> Option<Line> {
        if let Some(line) = self.lines.pop_front() {
            return Some(line);
        }
        if self.dropped > 0 {
            let count = std::mem::take(&mut self.dropped);
            let text = format!("pinzero: warn: {count} lines are missing here: nobody read them in time");
            return Some(Line(Stream::Error, text));
        }
        let is_ending = self.is_ending;
        let is_due = |tally: &Tally| tally.left_out > 0 && (is_ending || now >= tally.since + WINDOW);
        let tally = self.tallies.values_mut().find(|tally| is_due(tally))?;
        // This line is the first of the next window.
        (tally.since, tally.written) = (now, 1);
        let count = std::mem::take(&mut tally.left_out);
        Some(Line(Stream::Error, format!("{} (and {count} more of this kind)", tally.text)))
    }

    /// Returns when lines that were left out must be counted.
    fn due(&self) -> Option<Instant> {
        self.tallies.values().filter(|tally| tally.left_out > 0).map(|tally| tally.since + WINDOW).min()
    }
}

impl Writer {
    fn say(&self, line: Line) {
        self.state.lock().push(line);
        self.changed.notify_one();
    }

    fn run(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some(Line(stream, text)) = state.next(Instant::now()) {
                state.is_writing = true;
                drop(state);
                // A closed output is no reason to end.
                let _ = match stream {
                    Stream::Output => writeln!(io::stdout(), "{text}"),
                    Stream::Error => io::stderr().write_all(format!("{text}\n").as_bytes()),
                };
                state = self.state.lock();
                state.is_writing = false;
                continue;
            }
            self.written.notify_all();
            match state.due() {
                Some(due) => _ = self.changed.wait_until(&mut state, due),
                None => self.changed.wait(&mut state),
            }
        }
    }
}

impl Log for Writer {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let place = (record.file_static().unwrap_or_default(), record.line().unwrap_or_default());
        let left_out = self.state.lock().admit(place, record.level(), Instant::now());
        if left_out == 1 {
            // From now on the writer has lines to count.
            self.changed.notify_one();
        }
        if left_out > 0 {
            return;
        }
        // Without the lock: the arguments may be anyone's code.
        let text = format!("pinzero: {}: {}", record.level().as_str().to_lowercase(), record.args());
        let mut state = self.state.lock();
        if let Some(tally) = state.tallies.get_mut(&place) {
            tally.text.clone_from(&text);
        }
        state.push(Line(Stream::Error, text));
        drop(state);
        self.changed.notify_one();
    }

    fn flush(&self) {
        let mut state = self.state.lock();
        state.is_ending = true;
        self.changed.notify_one();
        let is_busy =
            |state: &mut State| state.is_writing || !state.lines.is_empty() || state.due().is_some();
        self.written.wait_while_for(&mut state, is_busy, PATIENCE);
    }
}

/// Starts the log: messages of this level and above, and of each place in the code this number of warnings in a second. Use 1 where
/// clients make the warnings.
///
/// # Errors
/// Any error of the system that starts the thread.
pub(crate) fn start(level: LevelFilter, warnings: u32) -> io::Result<()> {
    thread::Builder::new().name("pinzero-log".into()).spawn(|| WRITER.run())?;
    WRITER.state.lock().warnings = warnings;
    log::set_max_level(level);
    // This fails only if there is a logger already, and this function is called once.
    let _ = log::set_logger(&WRITER);
    // The default hook writes to standard error itself, and a thread that panics must not wait for that.
    panic::set_hook(Box::new(|info| log::error!("{info}")));
    Ok(())
}

/// Prints a line on standard output.
pub(crate) fn print(line: String) {
    WRITER.say(Line(Stream::Output, line));
}

/// Waits a moment until everything is written.
pub(crate) fn finish() {
    WRITER.flush();
}
