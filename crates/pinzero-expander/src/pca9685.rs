//! The PCA9685 (I2C): PWM on 16 channels, and outputs on those that carry no pulses.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::{
    Capabilities, Error, ErrorKind, Found, Gpio, GroupConfig, Host, I2c, I2cAddress, InputConfig, Level,
    Line, LineFunction, LineInfo, OnClose, OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory,
    PwmConfig, PwmPin, Release, Result, Support,
};

use crate::bus::Bus;
use crate::port;
use crate::pwm::{Channel, LINES, PwmChip, State};
use crate::registry;

const NAME: &str = "pca9685";

/// A PCA9685: 16 channels of PWM on I2C, LED0 to LED15, for LEDs and servos.
///
/// The steps are 4,096 in a period: 4.9 µs for a servo. **All channels have one frequency**, from 24 to 1,526 Hz. The first PWM device
/// sets it; another frequency is an error as long as that device is open. So give LEDs next to servos `.frequency(50.0)`. While the
/// frequency changes, all outputs of the chip stand still for a moment. Frequencies are met to 0.4 % at 50 Hz, to 1.6 % at 200 Hz, and
/// less exactly at higher ones; the duty cycle is exact to a step.
///
/// A channel is a plain output, too: always on or off. There are no inputs. A chip that sleeps, as after power-on, is woken; its other
/// registers are left as they are found: inverted or open-drain outputs are a matter of the circuit.
///
/// ```
/// use pinzero_core::{mock, time::us};
/// use pinzero_expander::Pca9685;
/// # use pinzero_parts as parts;
///
/// let gpio = mock::gpio();
/// let chip = gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
///
/// let i2c = gpio.i2c(1).open()?;
/// let channels = Pca9685::builder(&i2c).open()?;
/// let servo = channels.pwm("LED0").frequency(50.0).initial(0.075).open()?;
/// assert!(chip.with(|chip| chip.pulse(0)).abs_diff(us(1500)) < us(5));
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Pca9685;

impl Pca9685 {
    /// Returns a builder for the channels of a chip on this bus.
    pub fn builder(i2c: &I2c) -> Pca9685Builder {
        Pca9685Builder { i2c: i2c.clone(), address: 0x40.into() }
    }
}

/// Builder for the channels of a PCA9685; returned by [`Pca9685::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct Pca9685Builder {
    i2c: I2c,
    address: I2cAddress,
}

impl Pca9685Builder {
    /// Sets the chip's address, 0x40 to 0x7f by its pins A0 to A5. Default: 0x40.
    pub fn address(mut self, address: impl Into<I2cAddress>) -> Self {
        self.address = address.into();
        self
    }

    /// Takes the chip into use, and returns its channels as a `Gpio`.
    ///
    /// # Errors
    /// See [`Mcp23017Builder::open`](crate::Mcp23017Builder::open).
    #[track_caller]
    pub fn open(self) -> Result<Gpio> {
        let factory = self.factory()?;
        let base = factory.chip.gpio.clone();
        Gpio::builder(factory).through(&base).open()
    }

    /// Takes the chip into use, and returns its channels as a factory; see
    /// [`Mcp23017Builder::factory`](crate::Mcp23017Builder::factory).
    ///
    /// # Errors
    /// See [`Mcp23017Builder::open`](crate::Mcp23017Builder::open).
    #[track_caller]
    pub fn factory(self) -> Result<Pca9685Factory> {
        if !matches!(self.address, I2cAddress::Seven(0x40..=0x7f)) {
            let message = "this chip's address is 0x40 to 0x7f, by its pins A0 to A5";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_factory(NAME));
        }
        let bus = Bus::I2c(self.i2c, self.address);
        let host = bus.host(NAME, None);
        let make = |users| PwmChip::new(host.clone(), bus.clone(), users);
        let chip = registry::share(&host, (&bus, NAME), |chip: &PwmChip| Ok(chip.join()), make);
        let chip = chip.map_err(|error| error.with_factory(NAME))?;
        Ok(Pca9685Factory { chip, is_closed: AtomicBool::new(false) })
    }
}

/// The channels of a PCA9685; returned by [`Pca9685Builder::factory`].
#[derive(Debug)]
pub struct Pca9685Factory {
    chip: Arc<PwmChip>,
    is_closed: AtomicBool,
}

impl PinFactory for Pca9685Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn host(&self) -> Host {
        self.chip.host.clone()
    }

    fn capabilities(&self) -> Capabilities {
        let native = Support::Native;
        Capabilities { output: native, group: native, pwm: native, keep: native, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        Board::generic(LINES)
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        port::find_line(name, LINES, |line| format!("LED{}", line.0))
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let level = self.chip.lock().channel(line).level();
        let function = if level.is_some() { LineFunction::Output } else { LineFunction::Pwm };
        Ok(LineInfo { function: Some(function), level, ..LineInfo::default() })
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let held = Held::open(&self.chip, &[line], config.on_close, Level::Low, |state| {
            let level = config.initial.or(state.channel(line).level());
            state.set(&[(line, Channel::steady(level.unwrap_or(Level::Low)))])
        })?;
        Ok(Box::new(held))
    }

    fn open_input(&self, _: Line, _: InputConfig) -> Result<Box<dyn Pin>> {
        Err(Error::unsupported("an input"))
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let held = Held::open(&self.chip, lines, config.on_close, Level::Low, |state| {
            state.set(&steady(lines, u64::MAX, config.initial))
        })?;
        Ok(Box::new(held))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        let held = Held::open(&self.chip, &[line], config.on_close, config.rest, |state| {
            state.carry(line, config.period, config.pulse)
        })?;
        Ok(Box::new(held))
    }

    fn close(&self) -> Result<()> {
        if !self.is_closed.swap(true, Ordering::AcqRel) {
            self.chip.leave();
        }
        Ok(())
    }
}

impl Drop for Pca9685Factory {
    fn drop(&mut self) {
        // Never fails.
        let _ = PinFactory::close(self);
    }
}

/// Returns the registers for the lines whose bit is set in `mask`.
fn steady(lines: &[Line], mask: u64, levels: u64) -> Vec<(Line, Channel)> {
    let each = lines.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
    each.map(|(index, line)| (*line, Channel::steady(Level::of_bit(levels, index)))).collect()
}

/// Lines that are open, in any role.
struct Held {
    chip: Arc<PwmChip>,
    lines: Vec<Line>,
    /// The registers in which the lines were found.
    found: Vec<Channel>,
    on_close: OnClose,
    rest: Level,
    /// Read and written with the chip's lock held.
    is_open: AtomicBool,
}

impl Held {
    /// Takes lines, and sets them up. All lines are taken, or none.
    fn open(
        chip: &Arc<PwmChip>,
        lines: &[Line],
        on_close: OnClose,
        rest: Level,
        set_up: impl FnOnce(&mut State) -> Result<()>,
    ) -> Result<Held> {
        if matches!(on_close, OnClose::Input(_)) {
            return Err(Error::unsupported("an input, and so a line that is one after close"));
        }
        let mask = lines.iter().fold(0, |mask, line| mask | 1 << line.0);
        let mut state = chip.lock();
        state.take(mask)?;
        let found = lines.iter().map(|line| state.channel(*line)).collect();
        set_up(&mut state).inspect_err(|_| state.free(lines))?;
        drop(state);
        let is_open = AtomicBool::new(true);
        Ok(Held { chip: chip.clone(), lines: lines.to_vec(), found, on_close, rest, is_open })
    }

    /// Runs `work` with the chip's state. Fails if the lines are closed.
    fn with<R>(&self, work: impl FnOnce(&mut State) -> Result<R>) -> Result<R> {
        let mut state = self.chip.lock();
        let is_open = self.is_open.load(Ordering::Relaxed);
        let done = if is_open { work(&mut state) } else { Err(Error::closed()) };
        done.map_err(|error| self.explain(error))
    }

    /// Adds the first line, of which there is one always, and the factory.
    #[cold]
    fn explain(&self, error: Error) -> Error {
        error.with_pin(self.lines[0]).with_factory(NAME)
    }

    /// Returns the levels that the lines drive, after a look whether the chip is there.
    fn read(&self) -> Result<u64> {
        self.with(|state| {
            state.check(self.lines[0])?;
            let level = |line: &Line| state.channel(*line).level() == Some(Level::High);
            let each = self.lines.iter().enumerate();
            Ok(each.fold(0, |levels, (index, line)| levels | u64::from(level(line)) << index))
        })
    }

    fn give_back(&self) -> Result<()> {
        let mut state = self.chip.lock();
        if !self.is_open.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let release = |(line, found): (&Line, &Channel)| {
            let rest = (state.channel(*line).found() == Found::Function).then_some(self.rest);
            match found.found().release(self.on_close, rest) {
                Release::Output(level) => Some((*line, Channel::steady(level))),
                Release::Function => Some((*line, *found)),
                // A line that is opened has no input to return to.
                Release::AsIs | Release::Input(_) => None,
            }
        };
        let released: Vec<_> = self.lines.iter().zip(&self.found).filter_map(release).collect();
        let closed = state.set_at_last(&released);
        state.free(&self.lines);
        closed.map_err(|error| self.explain(error))
    }
}

impl Pin for Held {
    fn level(&self) -> Result<Level> {
        Ok(Level::of_bit(self.read()?, 0))
    }

    fn close(&self) -> Result<()> {
        self.give_back()
    }
}

impl OutputPin for Held {
    fn set(&self, level: Level) -> Result<()> {
        OutputGroupPins::set(self, 1, u64::from(level.is_high()))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl OutputGroupPins for Held {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        self.with(|state| state.set(&steady(&self.lines, mask, levels)))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        self.read()
    }

    fn close(&self) -> Result<()> {
        self.give_back()
    }
}

impl PwmPin for Held {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.with(|state| state.carry(self.lines[0], period, pulse))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.give_back()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Core has closed the lines, and got the error.
        let _ = self.give_back();
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({:?} of {NAME})", self.lines)
    }
}
