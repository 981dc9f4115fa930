//! A real kernel whose chip is simulated by gpio-sim. The kernel traces each write to an output, so no change is missed.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, thread};

use gpiosim::{Bank, Sim};
use pinzero::cdev::CdevFactory;
use pinzero::time::{Instant, ms, us};
use pinzero::{Error, Gpio, Level, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;

use crate::rig::{Change, RESTS_HIGH, Rig, Watch};

/// The chip passes for that of a Raspberry Pi 4.
const LABEL: &str = "pinctrl-bcm2711";

/// Why there is no such kernel here.
pub(crate) fn missing() -> Option<&'static str> {
    env::var_os("PINZERO_RIG").is_none().then_some("no rig: run `cargo xtask kernel-rig`")
}

struct GpioSim {
    gpio: Gpio,
    sim: Arc<Sim>,
    /// The kernel's number of the chip's first line.
    base: u32,
}

/// A chip of its own.
pub(crate) fn rig() -> Result<Box<dyn Rig>> {
    let failed = |error| Error::new(pinzero::ErrorKind::Io, format!("gpio-sim: {error}"));
    let sim = gpiosim::builder().with_bank(&Bank::new(54, LABEL)).live().map_err(failed)?;
    set(&sim, RESTS_HIGH, Level::High);
    let path = sim.chips()[0].dev_path().to_str().unwrap();
    let gpio = Gpio::new(CdevFactory::builder().chip(path).open()?)?;
    Ok(Box::new(GpioSim { gpio, base: base(&sim), sim: Arc::new(sim) }))
}

/// Returns the kernel's number of the chip's first line.
fn base(sim: &Sim) -> u32 {
    let folder = Path::new("/sys/devices/platform").join(&sim.chips()[0].dev_name).join("gpio");
    let name = fs::read_dir(folder).unwrap().next().unwrap().unwrap().file_name();
    name.to_str().and_then(|name| name.strip_prefix("gpiochip")?.parse().ok()).expect("a number")
}

fn set(sim: &Sim, pin: u32, level: Level) {
    let level = if level.is_high() { gpiosim::Level::High } else { gpiosim::Level::Low };
    sim.chips()[0].set_pull(pin, level).unwrap();
}

impl Rig for GpioSim {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn drive(&self, pin: u32, level: Level) {
        set(&self.sim, pin, level);
    }

    fn level(&self, pin: u32) -> Level {
        Level::from(self.sim.chips()[0].get_level(pin).unwrap() == gpiosim::Level::High)
    }

    fn watch(&self, pins: &[u32]) -> Watch {
        let mut trace = Trace::new(self.base, pins);
        let mut levels: HashMap<u32, Level> = pins.iter().map(|pin| (*pin, self.level(*pin))).collect();
        Watch::new(move |timeout| {
            loop {
                match trace.next(timeout)? {
                    Entry { at, pin, what: What::Level(level) }
                        if levels.insert(pin, level) != Some(level) =>
                    {
                        return Some(Change { at, pin, level });
                    }
                    _ => {}
                }
            }
        })
    }

    /// Pulls the pin up after its time as an input, and down while it is an output.
    fn capacitor(&self, pin: u32, charge_time: Duration) -> Box<dyn Fn(Option<Duration>)> {
        let charge_time = Arc::new(Mutex::new(Some(charge_time)));
        let (sim, mut trace) = (self.sim.clone(), Trace::new(self.base, &[pin]));
        let shared = Arc::downgrade(&charge_time);
        thread::spawn(move || {
            // Until the trial drops its capacitor.
            while let Some(charge_time) = shared.upgrade() {
                match trace.next(ms(50)).map(|entry| entry.what) {
                    Some(What::Input) => {
                        let time = *charge_time.lock().unwrap();
                        time.into_iter().for_each(|time| {
                            thread::sleep(time);
                            set(&sim, pin, Level::High);
                        });
                    }
                    Some(What::Output) => set(&sim, pin, Level::Low),
                    Some(What::Level(_)) | None => {}
                }
            }
        });
        Box::new(move |time| *charge_time.lock().unwrap() = time)
    }

    /// Pulls a column down while a key connects the column to a row that is driven low.
    fn keypad(&self, rows: &[u32], columns: &[u32]) -> Box<dyn Fn(usize, usize, bool)> {
        let (sim, mut trace) = (self.sim.clone(), Trace::new(self.base, rows));
        let (rows, columns) = (rows.to_vec(), columns.to_vec());
        let matrix = Matrix { sim, columns, low: vec![false; rows.len()], pressed: BTreeSet::new() };
        let matrix = Arc::new(Mutex::new(matrix));
        let shared = Arc::downgrade(&matrix);
        thread::spawn(move || {
            // Until the trial drops its keypad.
            while let Some(matrix) = shared.upgrade() {
                let Some(entry) = trace.next(ms(50)) else { continue };
                let row = rows.iter().position(|row| *row == entry.pin).unwrap();
                let mut matrix = matrix.lock().unwrap();
                match entry.what {
                    What::Input | What::Level(Level::High) => matrix.low[row] = false,
                    What::Level(Level::Low) => matrix.low[row] = true,
                    // The level has come before.
                    What::Output => {}
                }
                matrix.pull();
            }
        });
        Box::new(move |row, column, is_pressed| {
            let mut matrix = matrix.lock().unwrap();
            match is_pressed {
                true => matrix.pressed.insert((row, column)),
                false => matrix.pressed.remove(&(row, column)),
            };
            matrix.pull();
        })
    }
}

/// A matrix of keys.
struct Matrix {
    sim: Arc<Sim>,
    columns: Vec<u32>,
    /// The rows that are driven low.
    low: Vec<bool>,
    /// The keys that are pressed, by row and column.
    pressed: BTreeSet<(usize, usize)>,
}

impl Matrix {
    fn pull(&self) {
        for (index, pin) in self.columns.iter().enumerate() {
            let is_low = self.pressed.iter().any(|(row, column)| *column == index && self.low[*row]);
            set(&self.sim, *pin, Level::from(!is_low));
        }
    }
}

/// The kernel's trace of some lines.
struct Trace {
    /// The trace's own folder.
    folder: PathBuf,
    pipe: File,
    base: u32,
    /// What has been read and not yet returned.
    text: String,
}

/// What has happened to a line.
struct Entry {
    at: Instant,
    pin: u32,
    what: What,
}

enum What {
    Input,
    Output,
    Level(Level),
}

impl Trace {
    fn new(base: u32, pins: &[u32]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new("/sys/kernel/debug/tracing/instances").join(format!("trial-{count}"));
        fs::create_dir(&folder).unwrap();
        let write = |file: &str, text: &str| fs::write(folder.join(file), text).unwrap();
        write("trace_clock", "mono");
        // A reader wakes up at the first entry.
        write("buffer_percent", "0");
        let lines: Vec<String> = pins.iter().map(|pin| format!("gpio=={}", base + pin)).collect();
        let lines = lines.join("||");
        write("events/gpio/gpio_value/filter", &format!("get==0&&({lines})"));
        write("events/gpio/gpio_direction/filter", &lines);
        write("events/gpio/enable", "1");
        let nonblocking = OFlags::NONBLOCK.bits() as i32;
        let pipe = OpenOptions::new().read(true).custom_flags(nonblocking).open(folder.join("trace_pipe"));
        Trace { pipe: pipe.unwrap(), folder, base, text: String::new() }
    }

    /// Returns the next entry; `None` if there is none in time.
    fn next(&mut self, timeout: Duration) -> Option<Entry> {
        let deadline = std::time::Instant::now() + timeout;
        loop {
            if let Some((line, rest)) = self.text.split_once('\n') {
                let entry = parse(line, self.base);
                self.text = rest.to_owned();
                return Some(entry);
            }
            let mut buffer = [0; 4096];
            match self.pipe.read(&mut buffer) {
                Ok(length) => self.text += std::str::from_utf8(&buffer[..length]).unwrap(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let left = deadline.checked_duration_since(std::time::Instant::now())?;
                    let left = left.try_into().unwrap();
                    poll(&mut [PollFd::new(&self.pipe, PollFlags::IN)], Some(&left)).unwrap();
                }
                Err(error) => panic!("the trace cannot be read: {error}"),
            }
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // The folder is removed once nobody has the pipe open.
        self.pipe = File::open("/dev/null").unwrap();
        fs::remove_dir(&self.folder).unwrap();
    }
}

/// Parses a line of the trace: `NAME-PID [000] ..... 12.345678: gpio_value: 529 set 1`, or `gpio_direction: 529 in (0)`.
fn parse(line: &str, base: u32) -> Entry {
    let parse = || {
        let (head, words) = line.rsplit_once(": ")?;
        let (head, event) = head.rsplit_once(": ")?;
        let (seconds, micros) = head.rsplit_once(' ')?.1.split_once('.')?;
        let at = Duration::new(seconds.parse().ok()?, 0) + us(micros.parse().ok()?);
        let words: Vec<&str> = words.split_whitespace().collect();
        let what = match (event, words[1], words[2]) {
            ("gpio_value", "set", value) => What::Level(Level::from(value == "1")),
            ("gpio_direction", "in", _) => What::Input,
            ("gpio_direction", "out", _) => What::Output,
            _ => return None,
        };
        Some(Entry { at: Instant::ZERO + at, pin: words[0].parse::<u32>().ok()? - base, what })
    };
    // A loss has a line of its own.
    parse().unwrap_or_else(|| panic!("the trace says {line:?}"))
}
