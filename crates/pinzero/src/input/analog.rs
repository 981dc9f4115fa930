//! [`AnalogInputDevice`]: a channel of an analog-to-digital converter (ADC).

use std::fmt;
use std::sync::Arc;

use pinzero_core::{Device, Error, ErrorKind, Gpio, Result, Source, Value};

/// A channel of an analog-to-digital converter (ADC), which measures a voltage: of a potentiometer, a light-dependent resistor, a
/// temperature sensor.
///
/// The chips are types of their own, such as [`Mcp3008`](crate::Mcp3008), which do all that is on this page. Every call of
/// [`value`](Self::value), [`voltage`](Self::voltage) and [`raw_value`](Self::raw_value) converts once, and blocks meanwhile. Nothing is
/// converted in between.
///
/// Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let chip = gpio.mcp3008([11, 10, 9, 8]);
/// chip.set(3, 512);
///
/// let pot = Mcp3008::builder(3).pins(11, 10, 9, 8).gpio(&gpio).open()?;
/// assert_eq!(pot.raw_value()?, 512);
/// assert!((pot.voltage()? - 1.65).abs() < 0.01);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct AnalogInputDevice(Arc<Channel>);

/// A channel of a chip, as an [`AnalogInputDevice`] uses it.
pub(crate) trait Converter: Send + Sync {
    /// Converts, and returns the result.
    fn convert(&self) -> Result<i32>;

    fn gpio(&self) -> &Gpio;

    fn is_closed(&self) -> bool;

    /// Gives the chip back. Idempotent.
    fn close(&self) -> Result<()>;
}

/// What a channel measures.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    /// The channel's number on the chip.
    pub(crate) channel: u32,
    /// The channel against which it is measured, if that is not ground.
    pub(crate) is_differential: bool,
    /// The bits of a result, without the sign.
    pub(crate) bits: u32,
    /// The result with the value 1.
    pub(crate) full: f64,
    /// Whether results may be negative.
    pub(crate) is_signed: bool,
    /// The voltage with the value 1.
    pub(crate) max_voltage: f64,
}

struct Channel {
    converter: Box<dyn Converter>,
    scale: Scale,
    /// The place of the chip, for messages.
    place: String,
}

impl AnalogInputDevice {
    pub(crate) fn new(converter: impl Converter + 'static, scale: Scale, place: String) -> Self {
        AnalogInputDevice(Arc::new(Channel { converter: Box::new(converter), scale, place }))
    }

    /// Measures, and returns the voltage as a share of [`max_voltage`](Self::max_voltage): from 0 to 1, or from -1 to 1 for a chip whose
    /// differences have a sign.
    ///
    /// # Errors
    /// See [`Value::value`]; [`Io`](ErrorKind::Io) if the answer is not that of the chip: check its wires;
    /// [`NoAcknowledge`](ErrorKind::NoAcknowledge) if a chip on I2C is missing. A chip on SPI may be missing and give 0, if MISO is low.
    pub fn value(&self) -> Result<f64> {
        let scale = &self.0.scale;
        let least = if scale.is_signed { -1.0 } else { 0.0 };
        Ok((f64::from(self.raw_value()?) / scale.full).clamp(least, 1.0))
    }

    /// Returns the values from now on, for another device to follow: a conversion every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        Source::of(self)
    }

    /// Measures, and returns the voltage in volts: [`value`](Self::value) times [`max_voltage`](Self::max_voltage).
    ///
    /// # Errors
    /// See [`value`](Self::value).
    pub fn voltage(&self) -> Result<f64> {
        Ok(self.value()? * self.0.scale.max_voltage)
    }

    /// Measures, and returns the result of the chip as it is: from 0 to 1023 with 10 bits.
    ///
    /// # Errors
    /// See [`value`](Self::value).
    pub fn raw_value(&self) -> Result<i32> {
        self.0.converter.convert()
    }

    /// Returns the voltage in volts with the value 1.
    pub fn max_voltage(&self) -> f64 {
        self.0.scale.max_voltage
    }

    /// Returns how many bits a result has, without the sign.
    pub fn bits(&self) -> u32 {
        self.0.scale.bits
    }

    /// Returns the number of the channel on its chip, from 0 on.
    pub fn channel(&self) -> u32 {
        self.0.scale.channel
    }

    /// Returns whether the channel is measured against another one, and not against ground.
    pub fn is_differential(&self) -> bool {
        self.0.scale.is_differential
    }

    /// Returns the factory that the chip is on.
    pub fn gpio(&self) -> &Gpio {
        self.0.converter.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.0.converter.is_closed()
    }

    /// Closes the device and all its clones. The last device on a chip gives the pins of the chip back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.0.converter.close()
    }

    /// Shows the device under the name of its chip.
    pub(crate) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scale { channel, .. } = self.0.scale;
        let closed = if self.is_closed() { ", closed" } else { "" };
        write!(f, "{name}(channel {channel} on {}{closed})", self.0.place)
    }

    /// Shows the device under the name of its chip, for users.
    pub(crate) fn display(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{name} channel {} on {}", self.0.scale.channel, self.0.place)
    }
}

/// Fails for a voltage that cannot be that of the value 1.
pub(crate) fn check_max_voltage(volts: f64) -> Result<()> {
    if volts.is_finite() && volts > 0.0 {
        return Ok(());
    }
    let message = format!(
        "a `max_voltage` of {volts} V is out of range: give the chip's reference voltage, such as 3.3"
    );
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl Device for AnalogInputDevice {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.gpio()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Value for AnalogInputDevice {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

// A panic elsewhere leaves no device half changed: its state is written under locks that do not poison.
impl std::panic::UnwindSafe for AnalogInputDevice {}
impl std::panic::RefUnwindSafe for AnalogInputDevice {}

impl fmt::Debug for AnalogInputDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("AnalogInputDevice", f)
    }
}
