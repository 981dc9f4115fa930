//! Pins that exist in memory: hardware-free tests on virtual time, and a Raspberry Pi to play with on any computer.
//!
//! [`gpio`] makes a board of its own with a clock at zero and no threads. Time passes only where
//! [`advance`](MockGpio::advance) or a blocking wait moves it, deadline by deadline, so that what happens is exact and
//! the same in every run, and an hour takes no time. Callbacks run on the thread that moves the clock.
//!
//! ```
//! use pinzero::{Bias, Level, mock, time::ms};
//!
//! let gpio = mock::gpio();
//! let button = gpio.input(2).bias(Bias::PullUp).active(Level::Low).settle(ms(10)).open()?;
//!
//! // A finger on the button: three contacts within two milliseconds, then it is down.
//! gpio.line(2).script([(ms(0), Level::Low), (ms(1), Level::High), (ms(2), Level::Low)]);
//! button.wait_for(true)?;
//! assert_eq!(gpio.elapsed(), ms(12));
//! # Ok::<(), pinzero::Error>(())
//! ```

mod circuit;
mod factory;
mod line;
mod mcp3008;
mod script;
mod spi;
mod terminal;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pinzero_board::Board;

use crate::capability::{Capabilities, Support};
use crate::error::Result;
use crate::gpio::Gpio;
#[allow(unused_imports, reason = "for the links in the docs")]
use crate::gpio::GpioBuilder;
use crate::handle::spi::SpiMode;
use crate::pin_spec::PinSpec;
use crate::time::{Clock, Instant};
use crate::types::{Line, OnClose};
use circuit::Circuit;
pub use factory::MockFactory;
pub use line::{MockLine, Pulse};
pub use mcp3008::MockMcp3008;
pub use spi::MockSpiDevice;
use spi::{Chip, SpiPeripheral};
use terminal::Output;

/// The revision code of a Raspberry Pi 4B, which is what a mock is if nothing is said.
const PI_4B: u32 = 0x00c0_3111;

/// A mock Raspberry Pi 4B with every power, on a virtual clock.
pub fn gpio() -> MockGpio {
    builder().open()
}

/// A mock to be made to measure.
pub fn builder() -> Builder {
    let native = Support::Native;
    Builder {
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
            keep: native,
            ..Capabilities::default()
        },
        clock: Clock::manual(),
        on_close: OnClose::default(),
        is_guarded: true,
        terminal: false,
        journal: None,
    }
}

/// How to make a mock.
#[derive(Debug, Clone)]
#[must_use = "nothing is made before `open`"]
pub struct Builder {
    board: Board,
    capabilities: Capabilities,
    clock: Clock,
    on_close: OnClose,
    is_guarded: bool,
    terminal: bool,
    journal: Option<PathBuf>,
}

impl Builder {
    /// The board that it plays; a Raspberry Pi 4B if nothing is said.
    pub fn board(mut self, board: Board) -> Self {
        self.board = board;
        self
    }

    /// What it can do; everything if nothing is said. Switch powers off to see what core makes of it.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Runs on the machine's clock, with threads, as a real factory does.
    pub fn realtime(mut self) -> Self {
        self.clock = Clock::real();
        self
    }

    /// Shows every change of a pin on standard error, and lets lines on standard input drive pins; in real time.
    ///
    /// This is what `PINZERO_PIN_FACTORY=mock` gives.
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self.realtime()
    }

    /// Writes each change of a pin into this file as well, a line each: `GPIO17 output high`.
    ///
    /// This is how one process sees what became of the pins of another.
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// What outputs become on close if they say nothing themselves; see [`GpioBuilder::on_close`].
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = on_close;
        self
    }

    /// Whether the pins are closed when the program ends; see [`GpioBuilder::exit_guard`]. Only in real time.
    pub fn exit_guard(mut self, is_guarded: bool) -> Self {
        self.is_guarded = is_guarded;
        self
    }

    /// Makes it.
    ///
    /// # Panics
    /// Where [`try_open`](Builder::try_open) gives an error.
    pub fn open(self) -> MockGpio {
        self.try_open().unwrap_or_else(|error| panic!("a mock cannot be made: {error}"))
    }

    /// Makes it.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the journal cannot be written, or if it is to be in real time and the system has no
    /// descriptor left.
    pub fn try_open(self) -> Result<MockGpio> {
        let output = match (&self.journal, self.terminal) {
            (Some(path), _) => Some(Output::journal(path)?),
            (None, true) => Some(Output::Terminal),
            (None, false) => None,
        };
        let circuit = Arc::new(Circuit::new(self.board, self.capabilities, self.clock.clone(), output));
        let gpio = Gpio::builder(MockFactory::new(circuit.clone())).clock(self.clock);
        let gpio = gpio.on_close(self.on_close).exit_guard(self.is_guarded).open()?;
        let mock = MockGpio { gpio, circuit };
        if self.terminal {
            terminal::listen(&mock)?;
        }
        Ok(mock)
    }
}

/// A mock in use: a [`Gpio`], and the circuit on the other side of its pins.
#[derive(Debug, Clone)]
pub struct MockGpio {
    gpio: Gpio,
    circuit: Arc<Circuit>,
}

impl Deref for MockGpio {
    type Target = Gpio;

    fn deref(&self) -> &Gpio {
        &self.gpio
    }
}

impl MockGpio {
    /// Moves the virtual clock on, doing what is due on the way, each at its time.
    ///
    /// In real time it sleeps instead.
    pub fn advance(&self, duration: Duration) {
        self.gpio.sleep(duration);
    }

    /// The time since the virtual clock's zero.
    pub fn elapsed(&self) -> Duration {
        self.gpio.now() - Instant::ZERO
    }

    /// A bare factory of the same pins, with nothing of core around it; closing it closes what was opened by it.
    pub fn factory(&self) -> MockFactory {
        MockFactory::new(self.circuit.clone())
    }

    /// The other side of a pin: what is wired to it.
    ///
    /// # Panics
    /// If the board has no such pin.
    pub fn line(&self, pin: impl Into<PinSpec>) -> MockLine<'_> {
        MockLine::new(self, self.find(pin))
    }

    /// Joins two pins by a wire: a driver on one beats a pull on the other, and a pull crosses.
    ///
    /// # Panics
    /// If the board has no such pin.
    pub fn wire(&self, one: impl Into<PinSpec>, other: impl Into<PinSpec>) {
        self.circuit.wire(self.find(one), self.find(other));
        self.runtime().catch_up();
    }

    /// Wires an SPI device to these pins: clock, mosi, miso and select (which is active when low).
    ///
    /// # Panics
    /// If the board has no such pin.
    pub fn spi_device<P: Into<PinSpec>>(&self, pins: [P; 4], mode: SpiMode) -> MockSpiDevice {
        let exchange = Arc::default();
        let chip = Chip::Script(Arc::clone(&exchange));
        self.circuit.attach(SpiPeripheral::new(pins.map(|pin| self.find(pin)), mode, chip));
        MockSpiDevice(exchange)
    }

    /// Wires an MCP3008 to these pins: clock, mosi, miso and select. All its channels are at 0.
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
    /// If the board has no such pin.
    pub fn mcp3008<P: Into<PinSpec>>(&self, pins: [P; 4]) -> MockMcp3008 {
        let device = MockMcp3008::default();
        let chip = Chip::Mcp3008(device.clone(), Default::default());
        self.circuit.attach(SpiPeripheral::new(pins.map(|pin| self.find(pin)), SpiMode::Mode0, chip));
        device
    }

    fn find(&self, pin: impl Into<PinSpec>) -> Line {
        self.gpio.resolve(pin).unwrap_or_else(|error| panic!("{error}"))
    }
}
