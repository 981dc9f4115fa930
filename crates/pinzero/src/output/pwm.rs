//! [`PwmOutputDevice`]: anything between off and on.

use std::time::Duration;

use pinzero_core::{Animation, Blink, Error, ErrorKind, Gpio, Level, OnClose, PinSpec, Pwm, Result};

use crate::default_gpio;

/// A device whose brightness or speed follows the duty cycle of a wave.
///
/// The wave is the factory's own where it has PWM, and made in software where not; see
/// [`Gpio::capabilities`]. Clones are handles of the same device; the last one to go closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let lamp = PwmOutputDevice::new(18)?;
/// lamp.set_value(0.3)?;
/// lamp.toggle()?;
/// assert_eq!(lamp.value()?, 0.7);
/// lamp.pulse(secs(1), secs(1))?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PwmOutputDevice {
    pwm: Pwm,
    /// The level that means "on".
    active: Level,
}

impl PwmOutputDevice {
    /// Opens the device on `pin` of the default factory: off, at 100 Hz.
    ///
    /// # Errors
    /// As for [`PwmBuilder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Prepares to open the device with other settings.
    pub fn builder(pin: impl Into<PinSpec>) -> PwmBuilder {
        PwmBuilder {
            pin: pin.into(),
            gpio: None,
            active: Level::High,
            initial: 0.0,
            frequency: 100.0,
            hardware: false,
            on_close: None,
        }
    }

    /// Sets the value: 0 is off, 1 is fully on. Ends a blink or pulse.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) outside of 0 to 1, [`Closed`](crate::ErrorKind::Closed),
    /// [`Disconnected`](crate::ErrorKind::Disconnected), and those of the system.
    pub fn set_value(&self, value: f64) -> Result<()> {
        check(value).map_err(|error| error.with_pin(self.pwm.line()))?;
        self.pwm.set_duty(logical(value, self.active))
    }

    /// The value last set, by a pulse or by hand.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn value(&self) -> Result<f64> {
        if self.pwm.is_closed() {
            return Err(Error::closed().with_pin(self.pwm.line()));
        }
        Ok(logical(self.pwm.duty(), self.active))
    }

    /// Switches it fully on.
    ///
    /// # Errors
    /// As for [`set_value`](Self::set_value).
    pub fn on(&self) -> Result<()> {
        self.set_value(1.0)
    }

    /// Switches it off. Once this returns, no step of a pulse writes any more.
    ///
    /// # Errors
    /// As for [`set_value`](Self::set_value).
    pub fn off(&self) -> Result<()> {
        self.set_value(0.0)
    }

    /// Sets the value to what is missing to 1, as gpiozero does.
    ///
    /// # Errors
    /// As for [`set_value`](Self::set_value).
    pub fn toggle(&self) -> Result<()> {
        self.pwm.set_duty(logical(self.pwm.duty(), Level::Low))
    }

    /// Whether it is on at all: its value is above 0.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()? > 0.0)
    }

    /// The frequency of the wave in hertz.
    pub fn frequency(&self) -> f64 {
        self.pwm.frequency()
    }

    /// Sets the frequency in hertz; the value and a pulse that runs stay.
    ///
    /// # Errors
    /// [`InvalidFrequency`](crate::ErrorKind::InvalidFrequency), and as for [`set_value`](Self::set_value).
    pub fn set_frequency(&self, hertz: f64) -> Result<()> {
        self.pwm.set_frequency(hertz)
    }

    /// Blinks in the background until it is told otherwise: on for `on_time`, off for `off_time`.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if both times together are less than 100 µs, and as for
    /// [`set_value`](Self::set_value).
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Swells and dies away in the background until it is told otherwise.
    ///
    /// # Errors
    /// As for [`blink`](Self::blink).
    pub fn pulse(&self, fade_in_time: Duration, fade_out_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::pulse(fade_in_time, fade_out_time))
    }

    /// Blinks or pulses in the background by a plan, which may fade and may end.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lamp = PwmOutputDevice::new(18)?;
    /// lamp.blink_with(Blink::new(ms(100), ms(500)).fade(ms(200), ms(200)).times(3))?.wait()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`blink`](Self::blink).
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        self.pwm.blink(plan, self.active)
    }

    /// The factory that it belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.pwm.gpio()
    }

    /// The line below, with electrical duty cycles; the same pin, not a second one.
    pub fn pwm(&self) -> &Pwm {
        &self.pwm
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.pwm.is_closed()
    }

    /// Ends the wave and gives the pin back. Idempotent; other handles of the device are closed by this, too.
    ///
    /// # Errors
    /// Those of the system; the pin is given back as far as can be all the same.
    pub fn close(&self) -> Result<()> {
        self.pwm.close()
    }
}

/// From a value to a duty cycle and back; rounded, so that what is read is what was set.
fn logical(value: f64, active: Level) -> f64 {
    const DIGITS: f64 = 1e12;
    if active.is_high() { value } else { ((1.0 - value) * DIGITS).round() / DIGITS }
}

/// Refuses a value in the user's own words, whichever level is the active one.
fn check(value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    let message = format!("a value of {value} is out of range: give 0 to 1");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// How to open a [`PwmOutputDevice`].
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let fan = PwmOutputDevice::builder("GPIO18").frequency(25_000.0).initial_value(0.5).gpio(&gpio).open()?;
/// assert_eq!(gpio.line(18).pulses()[0].period, us(40));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct PwmBuilder {
    pin: PinSpec,
    gpio: Option<Gpio>,
    active: Level,
    initial: f64,
    frequency: f64,
    hardware: bool,
    on_close: Option<OnClose>,
}

impl PwmBuilder {
    /// The factory to take instead of the default one.
    pub fn gpio(mut self, gpio: &Gpio) -> Self {
        self.gpio = Some(gpio.clone());
        self
    }

    /// Whether the device is on when the pin is high; it is if nothing is said.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.active = Level::from(active_high);
        self
    }

    /// The value from the first instant, from 0 to 1; 0 if nothing is said.
    pub fn initial_value(mut self, value: f64) -> Self {
        self.initial = value;
        self
    }

    /// The frequency in hertz; 100 if nothing is said.
    pub fn frequency(mut self, hertz: f64) -> Self {
        self.frequency = hertz;
        self
    }

    /// Insists on pulses of the hardware's own, as [`pinzero_core::PwmBuilder::hardware`] does.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.hardware = hardware;
        self
    }

    /// What the pin becomes when the device is closed; [`OnClose::Restore`] if neither this nor the factory's builder
    /// says anything.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue), [`InvalidFrequency`](crate::ErrorKind::InvalidFrequency), and as
    /// for [`OutputBuilder::open`](super::OutputBuilder::open).
    #[track_caller]
    pub fn open(self) -> Result<PwmOutputDevice> {
        check(self.initial).map_err(|error| error.with_pin(&self.pin).with_device("PwmOutputDevice"))?;
        let gpio = match self.gpio {
            Some(gpio) => gpio,
            None => default_gpio()?,
        };
        let mut builder =
            gpio.pwm(self.pin).device("PwmOutputDevice").frequency(self.frequency).rest(!self.active);
        builder = builder.hardware(self.hardware);
        if let Some(on_close) = self.on_close {
            builder = builder.on_close(on_close);
        }
        let pwm = builder.initial(logical(self.initial, self.active)).open()?;
        Ok(PwmOutputDevice { pwm, active: self.active })
    }
}
