//! A model of pigpiod, version 79, with simulated pins: for tests of whatever speaks its socket protocol.
//!
//! A [`Fake`] listens on a port of its own on this machine and answers as the genuine daemon on a Raspberry Pi 3 does. The
//! test is the world around the pins: it drives them, wires them, and looks at them. It can also have things go wrong:
//! replies in pieces, replies that do not come, reports that are lost, connections that end, daemons that are started anew.
//!
//! ```
//! use fake_pigpiod::Fake;
//! use std::io::{Read, Write};
//!
//! let fake = Fake::start();
//! let mut client = std::net::TcpStream::connect(fake.address())?;
//! client.write_all(&[4, 17, 1, 0].map(u32::to_le_bytes).concat())?; // WRITE 17 1
//! client.read_exact(&mut [0; 16])?;
//! assert!(fake.level(17));
//! assert_eq!((fake.journal()[0].command, fake.journal()[0].p1), (4, 17));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Where nobody knows what the genuine daemon would do, it does something simple. It sees every change of a line, however
//! short. What it leaves out: the pins' part of waves and scripts, files, programs.

mod bus;
mod code;
mod frame;
mod gpio;
mod i2c;
mod lines;
mod model;
mod notify;
mod pwm;
mod rest;
mod serial;
mod server;
mod waves;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use frame::Frame;
pub use pwm::{Pwm, PwmKind};
use server::{Running, Shared};

/// What a fake is like from the start.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The GPIO that clients may change, GPIO 0 in the lowest bit; 2 to 27 if nothing is said.
    pub permitted: u64,
    /// The revision code of the board.
    pub revision: u32,
    /// The tick to begin with.
    pub tick: u32,
    /// Whether the daemon's time goes on only by [`advance`](Fake::advance) and [`drive_for`](Fake::drive_for).
    pub is_frozen: bool,
    /// The length of a sample, and so of a step of PWM: 1, 2, 4, 5, 8 or 10 us.
    pub sample: u32,
    /// After how long without a report a handle gets one that says just that.
    pub keep_alive: Duration,
    /// How often reports are sent.
    pub latency: Duration,
    /// Whether those who begin to listen are told of changes up to 2 ms before, as happens with the genuine daemon.
    pub late_reports: bool,
    /// Whether all that is sent goes in pieces of 1 to so many bytes.
    pub piece: Option<usize>,
    /// How long each piece may be delayed.
    pub delay: Duration,
    /// What the pieces and delays hang on.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            permitted: 0x0fff_fffc,
            revision: 0x00a0_2082,
            tick: 1_000_000_000,
            is_frozen: false,
            sample: 5,
            keep_alive: Duration::from_secs(60),
            latency: Duration::from_millis(1),
            late_reports: false,
            piece: None,
            delay: Duration::ZERO,
            seed: 0,
        }
    }
}

/// How many handles clients have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handles {
    /// For notifications.
    pub notify: usize,
    /// For SPI.
    pub spi: usize,
    /// For I2C.
    pub i2c: usize,
    /// For SPI made bit by bit.
    pub bit_spi: usize,
    /// For I2C made bit by bit.
    pub bit_i2c: usize,
    /// For serial ports.
    pub serial: usize,
}

/// A change of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When, in the daemon's time.
    pub tick: u32,
    /// When, in ours; wrong for changes before an [`advance`](Fake::advance).
    pub at: Instant,
    /// The level that the line went to.
    pub level: bool,
}

/// A daemon and its board. It ends when this is dropped.
///
/// GPIO are numbers from 0 to 53; all methods that take one panic if it is another.
#[derive(Debug)]
pub struct Fake {
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

/// # The daemon
impl Fake {
    /// Starts one like any other.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn start() -> Self {
        Fake::with(Options::default())
    }

    /// Starts one with these options.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn with(options: Options) -> Self {
        let listener = server::listen().unwrap_or_else(|error| panic!("no free port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let shared = Arc::new(Shared::new(options, address));
        let running = Running::new(&shared, listener);
        Fake { shared, running: Mutex::new(Some(running)) }
    }

    /// Where it listens, in all of its lives.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Ends the daemon: all connections end, and its port refuses new ones. PWM stops where it is; modes and levels stay.
    pub fn kill(&self) {
        let running = self.running().take();
        if let Some(running) = running {
            running.kill();
        }
    }

    /// Starts the daemon anew, without whatever clients had set up. Modes and levels stay, and ticks go on.
    ///
    /// # Panics
    /// If somebody has taken its port.
    pub fn restart(&self) {
        self.kill();
        self.revive();
    }

    /// Starts the board anew: all GPIO are inputs with the pulls they have after power-up, and ticks start from 0. What
    /// is around it stays.
    ///
    /// # Panics
    /// If somebody has taken its port.
    pub fn reboot(&self) {
        self.kill();
        self.shared.model().reset();
        self.revive();
    }

    fn revive(&self) {
        let running =
            Running::again(&self.shared).unwrap_or_else(|error| panic!("{}: {error}", self.address()));
        *self.running() = Some(running);
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All requests so far, in the order in which they came, those to earlier lives included.
    pub fn journal(&self) -> Vec<Frame> {
        self.shared.network().journal.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_journal(&self) {
        self.shared.network().journal.clear();
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.network().connections.len()
    }

    /// How many handles clients have open.
    pub fn handles(&self) -> Handles {
        let model = self.shared.model();
        let [spi, i2c, bit_spi, bit_i2c] = model.daemon.buses.open();
        let serial = model.daemon.serial.len();
        Handles { notify: model.daemon.notify.open_handles(), spi, i2c, bit_spi, bit_i2c, serial }
    }

    /// Waits until `is_so`, at most so long; tells whether it is.
    pub fn wait_until(&self, limit: Duration, mut is_so: impl FnMut(&Fake) -> bool) -> bool {
        let start = Instant::now();
        while !is_so(self) {
            if start.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// The daemon's time.
    pub fn tick(&self) -> u32 {
        self.shared.model().settle() as u32
    }

    /// Has the daemon's time jump forward. All that would have happened meanwhile happens now.
    pub fn advance(&self, time: Duration) {
        self.shared.model().advance(time.as_micros() as u64);
    }
}

/// # The pins
impl Fake {
    /// Drives a line from outside, or lets go of it.
    pub fn drive(&self, gpio: u32, level: Option<bool>) {
        self.drive_all(&[(gpio, level)]);
    }

    /// Drives several lines at the same moment.
    pub fn drive_all(&self, levels: &[(u32, Option<bool>)]) {
        let mut model = self.shared.model();
        model.settle();
        levels.iter().for_each(|&(gpio, level)| model.lines.drive(gpio, level));
        model.look(0);
    }

    /// Drives a line to one level after the other, for so many microseconds each, with ticks as exact as that: however
    /// busy this machine is, the daemon sees just these pulses. The last level stays. Nobody waits: the daemon's time runs
    /// ahead, and then stands still until ours has caught up.
    pub fn drive_for(&self, gpio: u32, levels: &[(bool, u32)]) {
        let mut model = self.shared.model();
        model.settle();
        let mut later = 0;
        for &(level, micros) in levels {
            model.pass(later);
            model.lines.drive(gpio, Some(level));
            model.look(0);
            later = micros.into();
        }
        model.pass(later);
    }

    /// Joins two lines by a wire.
    pub fn wire(&self, one: u32, other: u32) {
        let mut model = self.shared.model();
        model.settle();
        model.lines.wire(one, other);
        model.look(0);
    }

    /// The level of a line.
    pub fn level(&self, gpio: u32) -> bool {
        let mut model = self.shared.model();
        model.settle();
        model.look(0);
        model.lines.is_high(gpio)
    }

    /// The mode of a GPIO: 0 for an input, 1 for an output.
    pub fn mode(&self, gpio: u32) -> u32 {
        self.shared.model().lines.line(gpio).mode
    }

    /// The pull of a GPIO: 0 for none, 1 for down, 2 for up.
    pub fn pull(&self, gpio: u32) -> u32 {
        self.shared.model().lines.line(gpio).pull
    }

    /// The pulses that a GPIO has.
    pub fn pwm(&self, gpio: u32) -> Option<Pwm> {
        self.shared.model().daemon.pulses.get(gpio)
    }

    /// The changes of a line so far, those by PWM of up to 10 kHz included; after a hundred thousand the oldest are
    /// forgotten.
    pub fn changes(&self, gpio: u32) -> Vec<Change> {
        let mut model = self.shared.model();
        model.settle();
        let mut last = model.lines.first_level(gpio);
        let mut changes = Vec::new();
        for sample in model.lines.changes() {
            let level = sample.levels >> gpio & 1 == 1;
            if level != last {
                changes.push(Change { tick: sample.time as u32, at: model.instant(sample.time), level });
            }
            last = level;
        }
        changes
    }

    /// Puts a device on an SPI channel: 0 and 1, or 16 to 18 for those of the auxiliary bus. It is given what is sent and
    /// says what it answers; it must not use the fake. Where there is none, what is sent comes back.
    pub fn spi_device(&self, channel: u32, device: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) {
        self.shared.model().bus.spi.insert(channel, Box::new(device));
    }

    /// Puts a device with 256 registers on an I2C bus, 0 or 1. There is one at 0x48 of bus 1.
    pub fn i2c_device(&self, bus: u32, address: u32) {
        self.shared.model().bus.i2c.devices.insert((bus, address), i2c::Device::default());
    }

    /// Takes the driver of an I2C bus away: the daemon cannot open the bus any more.
    pub fn remove_i2c_bus(&self, bus: u32) {
        self.shared.model().bus.no_i2c.insert(bus);
    }

    /// Puts such a device on the bus that is made bit by bit on this data line, whichever line its clock is.
    pub fn bit_i2c_device(&self, data: u32, address: u32) {
        self.i2c_device(bus::bit_bus(data), address);
    }

    /// What the lists of operations have sent over all I2C buses, from start to stop: `48<10 48>2` for a write of 0x10 to 0x48
    /// and then, without a stop in between, a read of two bytes. A message that nobody takes ends with `!`.
    pub fn i2c_traffic(&self) -> Vec<String> {
        self.shared.model().bus.i2c.traffic.clone()
    }

    /// Adds a serial port by the name of its device file. There is none at first.
    pub fn serial_port(&self, name: &str) {
        self.shared.model().ports.insert(name.to_owned(), serial::Port::default());
    }

    /// Has bytes arrive at a serial port.
    ///
    /// # Panics
    /// If there is no such port.
    pub fn serial_arrive(&self, name: &str, bytes: &[u8]) {
        let mut model = self.shared.model();
        let port = model.ports.get_mut(name).unwrap_or_else(|| panic!("there is no {name}"));
        port.arrived.extend(bytes);
    }

    /// What a serial port has sent so far.
    ///
    /// # Panics
    /// If there is no such port.
    pub fn serial_sent(&self, name: &str) -> Vec<u8> {
        let model = self.shared.model();
        model.ports.get(name).unwrap_or_else(|| panic!("there is no {name}")).sent.clone()
    }
}

/// # What goes wrong
impl Fake {
    /// Has the daemon accept and read, but neither do nor answer nor report anything.
    pub fn silence(&self, is_silent: bool) {
        self.shared.network().faults.is_silent = is_silent;
    }

    /// Has the daemon close new connections at once, as it does with clients that it does not like.
    pub fn refuse(&self, refuses: bool) {
        self.shared.network().faults.refuses = refuses;
    }

    /// Has the replies on each connection wait until there are so many, and then go all at once; 0 ends that.
    pub fn hold(&self, replies: usize) {
        let mut network = self.shared.network();
        network.faults.hold = replies;
        let connections: Vec<_> = network.connections.values().cloned().collect();
        drop(network);
        connections.iter().for_each(|connection| connection.release(replies));
    }

    /// Loses the next so many reports: they are counted, but not sent.
    pub fn lose_reports(&self, count: usize) {
        self.shared.model().daemon.notify.to_lose = count;
    }

    /// Ends all connections. The daemon goes on.
    pub fn hang_up(&self) {
        self.shared.network().hang_up();
    }

    /// Ends all connections as if their other end had never been: clients get an error rather than an end. The daemon goes
    /// on.
    pub fn reset(&self) {
        let connections = std::mem::take(&mut self.shared.network().connections);
        connections.values().for_each(|connection| connection.reset());
    }

    /// Ends the connection that the request after so many more comes on, and does not do that request.
    pub fn hang_up_after(&self, requests: usize) {
        self.shared.network().faults.hang_up_after = Some(requests);
    }

    /// Has the next reply repeat its request wrongly: the command for 0, a parameter for 1 and 2.
    pub fn misquote(&self, word: usize) {
        self.shared.network().faults.misquote = Some(word);
    }

    /// Sends only so many bytes of the next reply, and then ends its connection.
    pub fn cut_reply(&self, bytes: usize) {
        self.shared.network().faults.cut = Some(bytes);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.kill();
    }
}
