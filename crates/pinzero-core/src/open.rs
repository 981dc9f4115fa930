//! Takes a factory into use, and opens its lines: all that [`Gpio`] builds on the handles.

use std::time::Duration;

use crate::delay::Delay;
#[allow(unused_imports, reason = "for the links in the docs")]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::exit;
use crate::factory::PinFactory;
use crate::gpio::Gpio;
use crate::handle::flex::FlexBuilder;
use crate::handle::group::GroupBuilder;
use crate::handle::i2c::I2cBuilder;
use crate::handle::input::InputBuilder;
use crate::handle::inputs::Inputs;
use crate::handle::open_drain::OpenDrainBuilder;
use crate::handle::output::OutputBuilder;
use crate::handle::pwm::PwmBuilder;
use crate::handle::serial::SerialBuilder;
use crate::handle::spi::SpiBuilder;
use crate::outcome::Outcome;
use crate::pin_spec::PinSpec;
use crate::time::Clock;
use crate::timer::{self, Place, Timer};
use crate::types::OnClose;

/// Builder for a [`Gpio`]; returned by [`Gpio::builder`].
///
/// ```
/// use pinzero::{Level, OnClose, mock};
///
/// let gpio = mock::builder().on_close(OnClose::Low).exit_guard(false).open();
/// drop(gpio.output(17).initial(Level::High).open()?);
/// assert_eq!(gpio.line(17).history().last().map(|change| change.1), Some(Level::Low));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is opened before `open`"]
pub struct GpioBuilder {
    factory: Box<dyn PinFactory>,
    on_close: OnClose,
    is_guarded: bool,
    clock: Clock,
    base: Option<Gpio>,
}

impl GpioBuilder {
    /// Sets the state of closed outputs that have no `on_close` of their own. Default: [`OnClose::Restore`].
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = on_close;
        self
    }

    /// Sets whether the pins are closed when the program ends: by return, `exit`, panic, SIGINT, SIGTERM or SIGHUP. Default:
    /// `true`.
    ///
    /// To switch this off for a whole program, set `PINZERO_NO_EXIT_GUARD=1` or build without the feature `exit-guard`.
    pub fn exit_guard(mut self, is_guarded: bool) -> Self {
        self.is_guarded = is_guarded;
        self
    }

    /// Sets the `Gpio` through which the pins are reached, as those of an expander are through a bus. Default: none.
    ///
    /// Its clock counts for both. Closing it closes this one first, while the bus is still there. A backend of your own for a chip on
    /// a bus uses [`I2c::transaction_under_lock`](crate::I2c::transaction_under_lock); `pinzero-expander` is an example.
    pub fn through(mut self, gpio: &Gpio) -> Self {
        self.base = Some(gpio.clone());
        self
    }

    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Creates the `Gpio`.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) on the thread that ends the program, and if the `Gpio` that the pins are reached through is
    /// closed.
    pub fn open(self) -> Result<Gpio> {
        let gpio = match &self.base {
            Some(base) => Gpio::through(self.factory, self.on_close, base)?,
            None => Gpio::with_clock(self.factory, self.on_close, self.clock),
        };
        if gpio.is_realtime() {
            exit::hold(exit::register(&gpio, self.is_guarded))?;
        }
        Ok(gpio)
    }
}

impl Gpio {
    /// Creates a `Gpio` from a factory, on the machine's clock.
    ///
    /// Two threads start with the first input, flexible line, blink or timer, and one with the first software PWM. The exit guard
    /// has one for the whole program.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) if the program is ending.
    pub fn new(factory: impl PinFactory) -> Result<Self> {
        Gpio::builder(factory).open()
    }

    /// Returns a builder for a `Gpio` with other settings.
    pub fn builder(factory: impl PinFactory) -> GpioBuilder {
        GpioBuilder {
            factory: Box::new(factory),
            on_close: OnClose::default(),
            is_guarded: true,
            clock: Clock::real(),
            base: None,
        }
    }

    /// Returns a builder for an output.
    pub fn output(&self, pin: impl Into<PinSpec>) -> OutputBuilder {
        OutputBuilder::new(self.clone(), pin.into())
    }

    /// Returns a builder for an input.
    pub fn input(&self, pin: impl Into<PinSpec>) -> InputBuilder {
        InputBuilder::new(self, vec![pin.into()], "Input")
    }

    /// Returns a builder for inputs that belong together: their edges come in order, and they close together.
    pub fn inputs<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> InputBuilder<Inputs> {
        InputBuilder::new(self, pins.into_iter().map(Into::into).collect(), "Inputs")
    }

    /// Returns a builder for a line that turns from output to input and back without being released.
    pub fn flex(&self, pin: impl Into<PinSpec>) -> FlexBuilder {
        FlexBuilder::new(self.clone(), pin.into())
    }

    /// Calls `code` every `period`, first one `period` from now, until the returned timer is cancelled or the factory closed.
    ///
    /// The code runs where the handlers of devices run, one at a time, so it must not take long: give slow code to
    /// [`every_on_thread`](Gpio::every_on_thread). If the code is still running or waiting at a
    /// beat, that beat is skipped. Later calls stay on the beat.
    ///
    /// ```
    /// use pinzero::{Level, mock, time::{ms, secs}};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.output(17).open()?;
    /// let timer = gpio.every(secs(1), move |_| lamp.toggle())?;
    /// gpio.advance(ms(2500));
    /// assert_eq!(gpio.line(17).history(), [(secs(1), Level::High), (secs(2), Level::Low)]);
    /// timer.cancel();
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for a period below 100 µs, [`Closed`](ErrorKind::Closed), and
    /// [`Io`](ErrorKind::Io) if the system gives no thread.
    pub fn every<R: Outcome>(
        &self,
        period: Duration,
        mut code: impl FnMut(Timer) -> R + Send + 'static,
    ) -> Result<Timer> {
        self.start_timer(period, false, Place::WithHandlers, move |timer| code(timer).into_error())
    }

    /// Calls `code` once, `delay` from now, where the handlers of devices run.
    ///
    /// ```
    /// use pinzero::{mock, time::{ms, secs}};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.output(17).open()?;
    /// lamp.toggle()?;
    /// gpio.after(secs(3), move || lamp.toggle())?;
    /// gpio.advance(secs(10));
    /// assert_eq!(gpio.line(17).history().last().map(|change| change.0), Some(secs(3)));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`every`](Gpio::every).
    pub fn after<R: Outcome>(
        &self,
        delay: Duration,
        code: impl FnOnce() -> R + Send + 'static,
    ) -> Result<Timer> {
        let mut code = Some(code);
        // `FnMut` is what timers take, but this one calls the code once.
        self.start_timer(delay, true, Place::WithHandlers, move |_| {
            code.take().and_then(|code| code().into_error())
        })
    }

    /// Calls `code` every `period` on a thread of its own: for slow work, such as a ping or a file system that hangs.
    ///
    /// Handlers, blinks and other timers go on, however long the code takes. The next call comes at the next beat after the code
    /// has returned. On a virtual clock the code runs with the handlers, on the thread that moves the clock.
    ///
    /// # Errors
    /// See [`every`](Gpio::every).
    pub fn every_on_thread<R: Outcome>(
        &self,
        period: Duration,
        mut code: impl FnMut(Timer) -> R + Send + 'static,
    ) -> Result<Timer> {
        self.start_timer(period, false, Place::OnThread, move |timer| code(timer).into_error())
    }

    /// Returns a builder for outputs that change together.
    pub fn group<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> GroupBuilder {
        GroupBuilder::new(self.clone(), pins.into_iter().map(Into::into).collect())
    }

    /// Returns a builder for a line that is driven low or released, and can be read all the time.
    pub fn open_drain(&self, pin: impl Into<PinSpec>) -> OpenDrainBuilder {
        OpenDrainBuilder::new(self.flex(pin))
    }

    /// Returns the pauses of this factory's clock, for drivers of chips.
    pub fn delay(&self) -> Delay {
        Delay::new(self.clone())
    }

    /// Returns a builder for a device on an SPI bus on any pins.
    pub fn spi(&self, clock: impl Into<PinSpec>) -> SpiBuilder {
        SpiBuilder::pins(self.clone(), clock.into())
    }

    /// Returns a builder for a device on an SPI controller: `hardware_spi(0, 1)` for `/dev/spidev0.1`, on the header of a Raspberry
    /// Pi.
    pub fn hardware_spi(&self, bus: u32, select: u32) -> SpiBuilder {
        SpiBuilder::controller(self.clone(), bus, select)
    }

    /// Returns a builder for the bus of an I2C controller: `i2c(1)` for `/dev/i2c-1`, on the header of a Raspberry Pi.
    pub fn i2c(&self, bus: u32) -> I2cBuilder {
        I2cBuilder::controller(self.clone(), bus)
    }

    /// Returns a builder for an I2C bus on any two pins, which the calling thread drives bit by bit. The lines need a pull-up;
    /// without one on the wires, the pins' own serves short wires.
    pub fn soft_i2c(&self, data: impl Into<PinSpec>, clock: impl Into<PinSpec>) -> I2cBuilder {
        I2cBuilder::pins(self.clone(), data.into(), clock.into())
    }

    /// Returns a builder for a serial port of the factory's computer, by its device file: `"/dev/serial0"` on the header of a Raspberry
    /// Pi.
    pub fn serial(&self, port: impl Into<String>) -> SerialBuilder {
        SerialBuilder::new(self.clone(), port.into())
    }

    /// Returns a builder for a PWM output.
    pub fn pwm(&self, pin: impl Into<PinSpec>) -> PwmBuilder {
        PwmBuilder::new(self.clone(), pin.into())
    }

    fn start_timer(
        &self,
        delay: Duration,
        is_once: bool,
        place: Place,
        code: impl FnMut(Timer) -> Option<Error> + Send + 'static,
    ) -> Result<Timer> {
        let start = || {
            let timer = timer::start(self.runtime(), delay, is_once, place, code)?;
            self.register_background(timer.downgrade())?;
            Ok(timer)
        };
        exit::hold(self.check_open().and_then(|()| start())).map_err(|error| error.with_factory(self.name()))
    }
}
