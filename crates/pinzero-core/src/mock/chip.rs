//! Chips on the buses of a mock: the traits of their models, and [`MockChip`], the handle of one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::{Circuit, Wires};
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::spi_mode::SpiMode;
use crate::time::Instant;
use crate::types::{Level, Line};

/// The model of a chip on an I2C bus, for [`MockGpio::i2c_chip`]: what a driver talks to in a test.
///
/// ```
/// use pinzero::mock::{self, I2cChip};
///
/// /// Counts how often it is read.
/// struct Counter(u8);
///
/// impl I2cChip for Counter {
///     fn write(&mut self, byte: u8) -> bool {
///         self.0 = byte;
///         true
///     }
///
///     fn read(&mut self) -> u8 {
///         self.0 += 1;
///         self.0
///     }
/// }
///
/// let gpio = mock::gpio();
/// gpio.i2c_chip(1, 0x20, Counter(0));
/// let i2c = gpio.i2c(1).open()?;
/// let mut counts = [0; 3];
/// i2c.write_read(0x20, &[40], &mut counts)?;
/// assert_eq!(counts, [41, 42, 43]);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub trait I2cChip: Send + 'static {
    /// Begins a message to the chip, which reads or writes. Returns whether the chip acknowledges its address. Default: yes.
    fn start(&mut self, is_read: bool) -> bool {
        let _ = is_read;
        true
    }

    /// Takes a byte. Returns whether the chip acknowledges the byte.
    fn write(&mut self, byte: u8) -> bool;

    /// Returns the next byte.
    fn read(&mut self) -> u8;

    /// Ends the transaction. Default: nothing happens.
    fn stop(&mut self) {}

    /// Returns whether the chip pulls its interrupt pin low; see [`MockChip::interrupt`]. Default: never.
    fn interrupts(&self) -> bool {
        false
    }
}

/// The model of a chip on an SPI bus, for [`MockGpio::spi_chip`]. Highest bit first; the chip select is active when low.
///
/// ```
/// use pinzero::mock::{self, SpiChip};
///
/// /// Answers each byte with the next one.
/// struct Successor;
///
/// impl SpiChip for Successor {
///     fn exchange(&mut self, received: u8) -> u8 {
///         received.wrapping_add(1)
///     }
/// }
///
/// let gpio = mock::gpio();
/// gpio.spi_chip(0, 0, Successor);
/// let spi = gpio.hardware_spi(0, 0).open()?;
/// let mut data = [7, 0];
/// spi.transfer(&mut data)?;
/// assert_eq!(data, [0, 8]);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub trait SpiChip: Send + 'static {
    /// Begins a transaction. Returns the first byte that the chip sends. Default: 0.
    fn select(&mut self) -> u8 {
        0
    }

    /// Takes a byte. Returns the byte that the chip sends next.
    fn exchange(&mut self, received: u8) -> u8;

    /// Ends the transaction. Default: nothing happens.
    fn deselect(&mut self) {}

    /// Returns the mode in which the chip talks. Default: [`SpiMode::Mode0`].
    fn mode(&self) -> SpiMode {
        SpiMode::Mode0
    }

    /// Returns whether the chip pulls its interrupt pin low; see [`MockChip::interrupt`]. Default: never.
    fn interrupts(&self) -> bool {
        false
    }
}

/// A fault of a chip on a mock's bus; see [`MockChip::fail`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The chip does not answer: I2C gets no acknowledge, SPI reads ones.
    Silent,
    /// The chip takes this many bytes of each message, and refuses the next. I2C only.
    Refuses(usize),
    /// The chip holds the clock low: the transfer times out. I2C only.
    Hangs,
    /// The chip holds the clock low for this time after each byte it takes. I2C only.
    Stretches(Duration),
    /// The lowest bit of each byte read is wrong.
    Noisy,
}

/// A chip, and what is wrong with it. The lock is a leaf, taken inside the lock of the wires.
#[derive(Debug)]
pub(super) struct Faulty<C: ?Sized> {
    pub(super) fault: Option<Fault>,
    /// When a test last changed the model.
    pub(super) touched: Instant,
    pub(super) chip: C,
}

/// The handle of a chip on a bus of a mock; returned by [`MockGpio::i2c_chip`] and [`MockGpio::spi_chip`].
pub struct MockChip<C> {
    pub(super) chip: Arc<Mutex<Faulty<C>>>,
    pub(super) circuit: Arc<Circuit>,
    pub(super) interrupts: fn(&C) -> bool,
}

impl<C> Clone for MockChip<C> {
    fn clone(&self) -> Self {
        MockChip { chip: self.chip.clone(), circuit: self.circuit.clone(), interrupts: self.interrupts }
    }
}

impl<C: Send + 'static> MockChip<C> {
    /// Runs `code` with the model: to look at it, or to change what it measures. The code must not use the bus.
    pub fn with<R>(&self, code: impl FnOnce(&mut C) -> R) -> R {
        let mut faulty = self.chip.lock();
        faulty.touched = self.circuit.clock.now();
        let result = code(&mut faulty.chip);
        drop(faulty);
        self.circuit.look_again();
        result
    }

    /// Breaks the chip in this way, or mends it with `None`.
    pub fn fail(&self, fault: impl Into<Option<Fault>>) {
        self.chip.lock().fault = fault.into();
        self.circuit.look_again();
    }

    /// Wires the chip's interrupt pin to a pin of the board. The chip pulls the line low, or lets go of it (open drain).
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn interrupt(self, gpio: &MockGpio, pin: impl Into<PinSpec>) -> Self {
        let line = gpio.resolve(pin).unwrap_or_else(|error| panic!("{error}"));
        gpio.attach(Interrupt { chip: self.chip.clone(), interrupts: self.interrupts, line, level: None });
        self
    }
}

impl<C> fmt::Debug for MockChip<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MockChip({})", std::any::type_name::<C>())
    }
}

/// The interrupt pin of a chip.
struct Interrupt<C> {
    chip: Arc<Mutex<Faulty<C>>>,
    interrupts: fn(&C) -> bool,
    line: Line,
    level: Option<Level>,
}

impl<C> fmt::Debug for Interrupt<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interrupt({})", self.line)
    }
}

impl<C: Send> Component for Interrupt<C> {
    fn lines(&self) -> Vec<Line> {
        vec![self.line]
    }

    fn output(&self) -> Option<Line> {
        Some(self.line)
    }

    fn look(&mut self, at: Instant, _: &Wires) -> Option<Level> {
        let chip = self.chip.lock();
        // A change by a test that came after `at`, on another thread, has a look of its own.
        if at >= chip.touched {
            self.level = (self.interrupts)(&chip.chip).then_some(Level::Low);
        }
        self.level
    }
}
