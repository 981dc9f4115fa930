//! Pins that exist in memory: for tests without hardware on virtual time, and for a simulated Raspberry Pi on any computer.
//!
//! [`gpio`] returns a new board with a clock at zero and no threads. Time passes only when [`advance`](MockGpio::advance) or a
//! blocking wait moves the clock, deadline by deadline. So every run has exactly the same result, and an hour takes no time.
//! Callbacks run on the thread that moves the clock. A callback that fails or panics does not fail a test by itself: give
//! [`Gpio::on_error`] a function, or check [`Gpio::panics`].
//!
//! ```
//! use pinzero::{Bias, Level, mock, time::ms};
//!
//! let gpio = mock::gpio();
//! let button = gpio.input(2).bias(Bias::PullUp).active(Level::Low).settle(ms(10)).open()?;
//!
//! // A finger on the button: the contact bounces for two milliseconds.
//! gpio.line(2).script([(ms(0), Level::Low), (ms(1), Level::High), (ms(2), Level::Low)]);
//! button.wait_for(true)?;
//! assert_eq!(gpio.elapsed(), ms(12));
//! # Ok::<(), pinzero::Error>(())
//! ```
//!
//! What is outside the pins is up to the test: a finger or a meter on a [`line`](MockGpio::line), a [`wire`](MockGpio::wire) from pin
//! to pin, or a whole circuit, such as a [`capacitor`](MockGpio::capacitor), a [`dht22`](MockGpio::dht22), an
//! [`echo`](MockGpio::echo), an [`encoder`](MockGpio::encoder), a [`keypad`](MockGpio::keypad), a [`motor`](MockGpio::motor) or a
//! [`servo`](MockGpio::servo).

mod ads1115;
mod capacitor;
mod chip;
mod circuit;
mod component;
mod controller;
mod dht;
mod ds18b20;
mod echo;
mod encoder;
mod factory;
mod hx711;
mod i2c;
mod keypad;
mod line;
mod mcp3xxx;
mod motor;
mod pulse;
mod registers;
mod script;
mod serial;
mod servo;
mod spi;
mod terminal;
mod view;
mod waves;

use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use pinzero_board::Board;

use crate::bus::I2cAddress;
use crate::capability::{Capabilities, Support};
use crate::error::Result;
use crate::gpio::Gpio;
#[allow(unused_imports, reason = "for the links in the docs")]
use crate::open::GpioBuilder;
use crate::pin_spec::PinSpec;
use crate::spi_mode::SpiMode;
use crate::time::{Clock, Instant};
use crate::types::{Line, OnClose};
pub use ads1115::MockAds1115;
pub use capacitor::MockCapacitor;
use chip::Faulty;
pub use chip::{Fault, I2cChip, MockChip, SpiChip};
use circuit::{Circuit, MEMORY};
pub use dht::MockDht;
pub use ds18b20::MockDs18b20;
pub use echo::MockEcho;
pub use encoder::MockEncoder;
pub use factory::MockFactory;
pub use hx711::MockHx711;
use i2c::{ClockHold, I2cWires};
pub use keypad::MockKeypad;
pub use line::MockLine;
use mcp3xxx::Conversion;
pub use mcp3xxx::MockMcp3xxx;
pub use motor::MockMotor;
pub use pulse::Pulse;
pub use registers::Registers;
pub use serial::MockSerial;
pub use servo::MockServo;
pub use spi::MockSpiDevice;
use spi::{Bits, Bytes, Script, SpiPeripheral};
use view::Output;
use waves::CircuitTask;

/// The revision code of a Raspberry Pi 4B, the default board.
const PI_4B: u32 = 0x00c0_3111;

/// The first midnight of 2026, after 1970.
const MIDNIGHT: Duration = Duration::from_secs(1_767_225_600);

/// Returns a mock Raspberry Pi 4B with every capability that a mock has, on a virtual clock.
pub fn gpio() -> MockGpio {
    builder().open()
}

/// Returns a builder for a customised mock.
///
/// ```
/// use pinzero::{Capabilities, Support, mock};
///
/// // How does a program do on a backend without PWM?
/// let native = Support::Native;
/// let capabilities = Capabilities { output: native, input: native, ..Capabilities::NONE };
/// let gpio = mock::builder().capabilities(capabilities).open();
/// assert!(gpio.pwm(18).open()?.is_software());
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn builder() -> MockBuilder {
    let native = Support::Native;
    MockBuilder {
        board: Board::from_revision(PI_4B).unwrap_or_else(|_| Board::generic(54)),
        capabilities: Capabilities {
            output: native,
            input: native,
            bias: native,
            edges: native,
            inputs: native,
            group: native,
            flex: native,
            pwm: native,
            hardware_spi: native,
            i2c: native,
            serial: native,
            keep: native,
            ..Capabilities::default()
        },
        clock: Clock::manual(true),
        wall_time: SystemTime::UNIX_EPOCH + MIDNIGHT,
        on_close: OnClose::default(),
        is_guarded: true,
        is_shown: false,
        terminal: false,
        journal: None,
        memory: MEMORY,
    }
}

/// Builder for a [`MockGpio`]; returned by [`builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is made before `open`"]
pub struct MockBuilder {
    board: Board,
    capabilities: Capabilities,
    clock: Clock,
    /// At the zero of a virtual clock.
    wall_time: SystemTime,
    on_close: OnClose,
    is_guarded: bool,
    is_shown: bool,
    terminal: bool,
    journal: Option<PathBuf>,
    memory: usize,
}

impl MockBuilder {
    /// Sets the board to simulate. Default: a Raspberry Pi 4B.
    pub fn board(mut self, board: Board) -> Self {
        self.board = board;
        self
    }

    /// Sets the capabilities. Default: all that the mock has, which is all but a settle time. Switch some off to test
    /// core's emulation.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Uses the machine's clock and threads, as a real factory does. Default: a virtual clock.
    pub fn realtime(mut self) -> Self {
        self.clock = Clock::real();
        self
    }

    /// Leaves the clock to [`advance`](MockGpio::advance): waits, `sleep` and `async` code wait until another thread or future has moved time
    /// far enough. Default: a wait moves the clock itself, and panics if nothing scheduled can end the wait. So does a future when
    /// it is polled: with several futures at once, such as in `join!`, one must not wait for what another is to do.
    ///
    /// Do not wait on the thread that advances, except in handlers: such a wait never ends.
    ///
    /// For a program that waits in a thread while the test plays the outside world:
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::builder().time_by_hand().open();
    /// let button = Button::builder(21).gpio(&gpio).open()?;
    /// let mut events = button.events(); // from now on, so that no press comes before the thread listens
    /// let program = std::thread::spawn(move || events.next());
    /// gpio.line(21).press(ms(80));
    /// gpio.advance(secs(1));
    /// assert_eq!(program.join().unwrap().unwrap().kind, EventKind::Pressed);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn time_by_hand(mut self) -> Self {
        self.clock = Clock::manual(false);
        self
    }

    /// Sets the wall time at the zero of the virtual clock, for devices such as a `TimeOfDay`. Default: 2026-01-01 00:00:00 UTC. No effect
    /// in real time.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use pinzero::{mock, time::secs};
    ///
    /// let gpio = mock::builder().wall_time(SystemTime::UNIX_EPOCH).open();
    /// gpio.advance(secs(60));
    /// assert_eq!(gpio.wall_time(), SystemTime::UNIX_EPOCH + secs(60));
    /// ```
    pub fn wall_time(mut self, at_zero: SystemTime) -> Self {
        self.wall_time = at_zero;
        self
    }

    /// Prints changes of pins on standard error: `GPIO17 -> ● high` for an output, `GPIO2  <- ○ low` for an input. Runs in real
    /// time. Default: prints nothing.
    ///
    /// Shows at most ten changes of a pin in a second, and then the number of the others and the last one.
    pub fn show_changes(mut self) -> Self {
        self.is_shown = true;
        self.realtime()
    }

    /// Prints changes of pins, as [`show_changes`](MockBuilder::show_changes) does, and reads commands from standard
    /// input that drive pins, and connect circuits to them; `help` explains them. Runs in real time.
    ///
    /// `PINZERO_PIN_FACTORY=mock` starts such a mock. Default: no terminal.
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self.show_changes()
    }

    /// Appends a line to this file for each change of a pin: `GPIO17 output high`. Default: no journal.
    ///
    /// A test reads the journal to see the pins of another process.
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Sets how many changes [`MockLine::history`] keeps of each line. Default: 262,144.
    ///
    /// A mock that runs for long needs few: the edges of PWM that nobody listens to are worked out afterwards, as many as the history
    /// keeps.
    ///
    /// ```
    /// use pinzero::{Level, mock};
    ///
    /// let gpio = mock::builder().history_limit(2).open();
    /// let lamp = gpio.output(17).open()?;
    /// (0..10).try_for_each(|number| lamp.set(Level::from(number % 2 == 0)))?;
    /// assert!(gpio.line(17).history().len() <= 2);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn history_limit(mut self, changes: usize) -> Self {
        self.memory = changes.max(1);
        self
    }

    /// Sets the state of closed outputs that have no `on_close` of their own; see [`GpioBuilder::on_close`].
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = on_close;
        self
    }

    /// Sets whether the pins are closed when the program ends; see [`GpioBuilder::exit_guard`]. No effect on a virtual clock.
    pub fn exit_guard(mut self, is_guarded: bool) -> Self {
        self.is_guarded = is_guarded;
        self
    }

    /// Creates the mock.
    ///
    /// # Panics
    /// If [`try_open`](MockBuilder::try_open) returns an error.
    pub fn open(self) -> MockGpio {
        self.try_open().unwrap_or_else(|error| panic!("a mock cannot be made: {error}"))
    }

    /// Creates the mock.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the journal cannot be written or the terminal's thread cannot be started, and
    /// [`Closed`](crate::ErrorKind::Closed) if the program is ending.
    pub fn try_open(self) -> Result<MockGpio> {
        let output = match (&self.journal, self.is_shown) {
            (Some(path), _) => Some(Output::journal(path)?),
            (None, true) => Some(Output::Terminal),
            (None, false) => None,
        };
        let clock = self.clock.starting_at(self.wall_time);
        let circuit =
            Arc::new(Circuit::new(self.board, self.capabilities, clock.clone(), output, self.memory));
        let gpio = Gpio::builder(MockFactory::new(circuit.clone())).clock(clock);
        let gpio = gpio.on_close(self.on_close).exit_guard(self.is_guarded).open()?;
        let mock = MockGpio { gpio, circuit };
        CircuitTask::add(&mock);
        if self.is_shown {
            // Its threads show changes that were left out at first.
            mock.runtime().start()?;
        }
        if self.terminal {
            terminal::listen(&mock)?;
        }
        Ok(mock)
    }
}

/// A mock: a [`Gpio`], and the circuit outside its pins.
#[derive(Clone)]
pub struct MockGpio {
    gpio: Gpio,
    circuit: Arc<Circuit>,
}

impl UnwindSafe for MockGpio {}
impl RefUnwindSafe for MockGpio {}

impl fmt::Debug for MockGpio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MockGpio({} lines, at {:?})", self.board().lines(), self.elapsed())
    }
}

impl Deref for MockGpio {
    type Target = Gpio;

    fn deref(&self) -> &Gpio {
        &self.gpio
    }
}

impl MockGpio {
    /// Moves the virtual clock forward, and fires each deadline on the way at its time. Sleeps instead in real time.
    pub fn advance(&self, duration: Duration) {
        self.gpio.runtime().advance(duration);
    }

    /// Returns the time since the virtual clock's zero.
    pub fn elapsed(&self) -> Duration {
        self.gpio.now() - Instant::ZERO
    }

    /// Returns a bare backend on the same pins, for tests of the [`PinFactory`](crate::PinFactory) trait itself.
    pub fn factory(&self) -> MockFactory {
        MockFactory::new(self.circuit.clone())
    }

    /// Returns the outside of a pin: the place where a finger, a wire or a meter would be.
    ///
    /// # Panics
    /// If the board has no such pin.
    pub fn line(&self, pin: impl Into<PinSpec>) -> MockLine<'_> {
        MockLine::new(self, self.find(pin))
    }

    /// Connects two pins by a wire. A driver on one overrules a pull on the other; a pull reaches the other pin, too.
    ///
    /// PWM crosses the wire. An input there reports each edge with its exact time. On virtual time, each of these edges is a
    /// deadline, so a fast signal takes long to pass. In real time, the input reports at most once in a millisecond and at most 64
    /// cycles at a time; of a faster signal it loses edges and counts them. If no input listens, the pulses cost nothing, and a read
    /// still gives the level of that moment.
    ///
    /// ```
    /// use pinzero::{mock, time::ms};
    ///
    /// let gpio = mock::gpio();
    /// gpio.wire(22, 27);
    /// let fan = gpio.pwm(22).frequency(100.0).initial(0.3).open()?;
    /// let meter = gpio.input(27).open()?;
    /// gpio.advance(ms(2));
    /// assert!(meter.level()?.is_high());
    /// gpio.advance(ms(2));
    /// assert!(!meter.level()?.is_high());
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn wire(&self, one: impl Into<PinSpec>, other: impl Into<PinSpec>) {
        // The threads report edges of PWM, to inputs of other factories of this mock too.
        self.runtime().start().unwrap_or_else(|error| panic!("{error}"));
        self.circuit.wire(self.find(one), self.find(other));
        self.runtime().catch_up();
    }

    /// Wires an SPI device to these pins: clock, mosi, miso and chip select (active when low).
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn spi_device<P: Into<PinSpec>>(&self, pins: [P; 4], mode: SpiMode) -> MockSpiDevice {
        let exchange = Arc::default();
        self.wire_spi(pins.map(|pin| self.find(pin)), mode, Script::new(Arc::clone(&exchange)));
        MockSpiDevice(exchange)
    }

    /// Wires an MCP3008 ADC to these pins: clock, mosi, miso and chip select. All its channels start at 0.
    ///
    /// ```
    /// use pinzero::mock;
    ///
    /// let gpio = mock::gpio();
    /// gpio.mcp3008([11, 10, 9, 8]).set(7, 700);
    ///
    /// let spi = gpio.spi(11).mosi(10).miso(9).select(8).open()?;
    /// let mut data = [0x01, 0xf0, 0x00];
    /// spi.transfer(&mut data)?;
    /// assert_eq!(u16::from_be_bytes([data[1], data[2]]), 700);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn mcp3008<P: Into<PinSpec>>(&self, pins: [P; 4]) -> MockMcp3xxx {
        self.mcp3xxx("MCP3008", pins)
    }

    /// Wires an ADC of the same family to these pins: clock, mosi, miso and chip select. The chip has one of gpiozero's names: `MCP3001`,
    /// `MCP3208`, `MCP3304`.
    ///
    /// ```
    /// use pinzero::{Mcp3304, mock};
    ///
    /// let gpio = mock::gpio();
    /// gpio.mcp3xxx("MCP3304", [11, 10, 9, 8]).set(1, 4095);
    ///
    /// let difference = Mcp3304::builder(0).differential(true).gpio(&gpio).open()?;
    /// assert_eq!(difference.raw_value()?, -4095);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such chip, or the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn mcp3xxx<P: Into<PinSpec>>(&self, chip: &str, pins: [P; 4]) -> MockMcp3xxx {
        let device =
            MockMcp3xxx::named(chip).unwrap_or_else(|| panic!("there is no {chip:?}: MCP3008, for one"));
        let lines = pins.map(|pin| self.find(pin));
        self.wire_spi(lines, SpiMode::Mode0, Conversion::of(device.clone()));
        device
    }

    /// Wires an SPI chip to the pins of a controller: bus 0 and chip select 0 are GPIO11, 10, 9 and 8.
    ///
    /// [`Gpio::hardware_spi`] reaches the chip, and so does [`Gpio::spi`] on these pins. The example is at [`SpiChip`].
    ///
    /// # Panics
    /// If the board has no such chip select. In real time, if the runtime's threads cannot be started.
    pub fn spi_chip<C: SpiChip>(&self, bus: u32, select: u32, chip: C) -> MockChip<C> {
        let (lines, select) = (self.board().spi_lines(bus), self.board().spi_select(bus, select));
        let (Some([clock, mosi, miso]), Some(select)) = (lines, select) else {
            panic!("the board has no SPI bus {bus} with this chip select")
        };
        self.spi_chip_on([clock, mosi, miso, select], chip)
    }

    /// Wires an SPI chip to these pins: clock, mosi, miso and chip select.
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn spi_chip_on<P: Into<PinSpec>, C: SpiChip>(&self, pins: [P; 4], chip: C) -> MockChip<C> {
        let mode = chip.mode();
        let chip = Arc::new(Mutex::new(Faulty { fault: None, touched: Instant::ZERO, chip }));
        self.wire_spi(pins.map(|pin| self.find(pin)), mode, Bytes::new(chip.clone()));
        MockChip { chip, circuit: self.circuit.clone(), interrupts: C::interrupts }
    }

    /// Wires an I2C chip to the pins of a controller: bus 1 is GPIO2 and GPIO3.
    ///
    /// [`Gpio::i2c`] reaches the chip, and so does [`Gpio::soft_i2c`] on these pins. The example is at [`I2cChip`].
    ///
    /// # Panics
    /// If the board has no such bus, and for an address that is out of range or has a chip already. In real time, if the runtime's
    /// threads cannot be started.
    pub fn i2c_chip<C: I2cChip>(&self, bus: u32, address: impl Into<I2cAddress>, chip: C) -> MockChip<C> {
        let lines = self.board().i2c_lines(bus);
        let [data, clock] = lines.unwrap_or_else(|| panic!("the board has no I2C bus {bus}"));
        self.i2c_chip_on(data, clock, address, chip)
    }

    /// Wires an I2C chip to these pins: data and clock.
    ///
    /// # Panics
    /// See [`i2c_chip`](MockGpio::i2c_chip).
    pub fn i2c_chip_on<C: I2cChip>(
        &self,
        data: impl Into<PinSpec>,
        clock: impl Into<PinSpec>,
        address: impl Into<I2cAddress>,
        chip: C,
    ) -> MockChip<C> {
        let (data, clock, address) = (self.find(data), self.find(clock), address.into());
        address.check().unwrap_or_else(|error| panic!("{error}"));
        let chip = Arc::new(Mutex::new(Faulty { fault: None, touched: Instant::ZERO, chip }));
        let mut chips = self.circuit.chips.lock();
        let found = chips.i2c.iter().find(|wires| wires.lock().is_on([data, clock])).cloned();
        let is_new = found.is_none();
        let wires = found.unwrap_or_else(|| Arc::new(Mutex::new(I2cWires::new(data, clock))));
        let is_free = wires.lock().find(address).is_none();
        assert!(is_free, "a chip at {address} is on this bus already");
        wires.lock().add(address, chip.clone());
        if is_new {
            chips.i2c.push(wires.clone());
        }
        drop(chips);
        if is_new {
            self.attach(wires.clone());
            self.attach(ClockHold { clock, chips: wires });
        }
        MockChip { chip, circuit: self.circuit.clone(), interrupts: C::interrupts }
    }

    /// Connects a device to a serial port, which exists from then on. The example is at [`Serial`](crate::Serial).
    pub fn serial_device(&self, port: &str) -> MockSerial {
        let device = MockSerial::new();
        self.circuit.ports.lock().insert(port.to_owned(), device.clone());
        device
    }

    fn wire_spi(&self, lines: [Line; 4], mode: SpiMode, chip: impl Bits + 'static) {
        let chip = Arc::new(Mutex::new(SpiPeripheral::new(lines, mode, chip)));
        self.circuit.chips.lock().spi.push(chip.clone());
        self.attach(chip);
    }

    fn find(&self, pin: impl Into<PinSpec>) -> Line {
        self.gpio.resolve(pin).unwrap_or_else(|error| panic!("{error}"))
    }
}
