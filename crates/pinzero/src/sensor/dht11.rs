//! [`Dht11`].

use pinzero_core::{PinSpec, Result};

use super::dht::{Climate, Dht};
use super::dht_frame::Model;
use crate::device::newtype;
use crate::{Builder, Open, Site};

/// A DHT11: measures temperature in whole degrees (newer ones in tenths) and humidity in whole percents, once a second.
///
/// Its data pin goes to the pin and, by a resistor of 4.7 to 10 kΩ, to 3.3 V; most modules have that resistor.
///
/// A `Dht11` does all that a [`Dht`] does.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// gpio.dht11(4).set(24.0, 55.0);
/// let sensor = Dht11::builder(4).gpio(&gpio).open()?;
/// let reading = sensor.read()?;
/// assert_eq!((reading.temperature, reading.humidity), (24.0, 55.0));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Dht11(Dht);

impl Dht11 {
    /// Opens the sensor on `pin` of the default factory. A read makes up to 3 attempts.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the pin is on another computer, or the factory reports no edges or cannot turn
    /// a line round; see also [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a sensor with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Climate> {
        Builder::new(Climate::new(pin))
    }
}

impl Open<Climate> for Dht11 {
    const NAME: &'static str = "Dht11";

    fn open(options: Climate, site: &Site) -> Result<Self> {
        Dht::open(options, Model::Dht11, site).map(Self)
    }
}

newtype!(Dht11(Dht));
