//! The options of output devices.

use pinzero_core::{Level, PinSpec};

use crate::{Builder, Open};

/// The options of every output pin.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Driven {
    /// The pin.
    pub pin: PinSpec,
    /// The level that means "on". Default: high.
    pub active: Level,
}

/// The options of a [`DigitalOutputDevice`](crate::DigitalOutputDevice).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Digital {
    /// The pin and its active level.
    pub driven: Driven,
    /// The first value; `None` adopts the level found. Default: off.
    pub initial: Option<bool>,
}

/// The options of a [`PwmOutputDevice`](crate::PwmOutputDevice).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pulsed {
    /// The pin and its active level.
    pub driven: Driven,
    /// The first value, from 0 to 1. Default: 0.
    pub initial: f64,
    /// The frequency in hertz. Default: 100.
    pub frequency: f64,
    /// `true` requires hardware PWM. Default: `false`.
    pub hardware: bool,
}

impl Driven {
    /// Returns the default options of an output on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Driven { pin: pin.into(), active: Level::High }
    }
}

impl Digital {
    /// Returns the default options of a digital output on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Digital { driven: Driven::new(pin), initial: Some(false) }
    }
}

impl Pulsed {
    /// Returns the default options of a PWM output on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Pulsed { driven: Driven::new(pin), initial: 0.0, frequency: 100.0, hardware: false }
    }
}

impl AsMut<Driven> for Digital {
    fn as_mut(&mut self) -> &mut Driven {
        &mut self.driven
    }
}

impl AsMut<Driven> for Pulsed {
    fn as_mut(&mut self) -> &mut Driven {
        &mut self.driven
    }
}

/// Options of devices that drive a pin.
impl<D: Open<O>, O: AsMut<Driven>> Builder<D, O> {
    /// Sets whether a high level means "on". Default: `true`. Many relay boards need `false`.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.options.as_mut().active = Level::from(active_high);
        self
    }
}

/// Options of devices that are on or off.
impl<D: Open<Digital>> Builder<D, Digital> {
    /// Sets whether the device is on from the first instant. `None` keeps the level that is on the pin already. Default:
    /// `false`.
    pub fn initial_value(mut self, on: impl Into<Option<bool>>) -> Self {
        self.options.initial = on.into();
        self
    }
}

/// Options of devices with a value from 0 to 1.
impl<D: Open<Pulsed>> Builder<D, Pulsed> {
    /// Sets the value from the first instant, from 0 to 1. Default: 0.
    pub fn initial_value(mut self, value: f64) -> Self {
        self.options.initial = value;
        self
    }

    /// Sets the frequency of the pulses in hertz. Default: 100.
    pub fn frequency(mut self, hertz: f64) -> Self {
        self.options.frequency = hertz;
        self
    }

    /// Requires hardware PWM, which is exact and takes no processor time; `open` fails without it. Default: `false`.
    ///
    /// A Raspberry Pi has hardware PWM on GPIO12, 13, 18 and 19. On local factories the kernel needs a line in `config.txt`; if
    /// the line is missing, the error names it.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.options.hardware = hardware;
        self
    }
}
