//! [`Dht22`].

use pinzero_core::{PinSpec, Result};

use super::dht::{Climate, Dht};
use super::dht_frame::Model;
use crate::device::newtype;
use crate::{Builder, Open, Site};

/// A DHT22, also called AM2302: measures temperature and humidity in tenths, once in two seconds.
///
/// Its data pin goes to the pin and, by a resistor of 4.7 to 10 kΩ, to 3.3 V; most modules have that resistor.
///
/// A `Dht22` does all that a [`Dht`] does.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let room = gpio.dht22(4);
/// let sensor = Dht22::builder(4).gpio(&gpio).open()?;
/// room.set(21.5, 40.0);
/// let reading = sensor.read()?;
/// assert_eq!(format!("{} °C, {} %", reading.temperature, reading.humidity), "21.5 °C, 40 %");
/// room.set(23.0, 38.0);
/// assert_eq!(sensor.read()?, reading, "the sensor needs two seconds");
/// gpio.sleep(secs(2));
/// assert_eq!(sensor.read()?.temperature, 23.0);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Dht22(Dht);

impl Dht22 {
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

impl Open<Climate> for Dht22 {
    const NAME: &'static str = "Dht22";

    fn open(options: Climate, site: &Site) -> Result<Self> {
        Dht::open(options, Model::Dht22, site).map(Self)
    }
}

newtype!(Dht22(Dht));
