//! [`Ads1115`].

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::{Error, ErrorKind, Gpio, I2c, I2cAddress, I2cReservation, PinSpec, Result};

use crate::input::{AnalogInputDevice, Converter, Scale, check_max_voltage};
use crate::time::us;
use crate::{Builder, Open, Site};

/// A channel of an ADS1115: an ADC with 16 bits and 4 channels on I2C.
///
/// The device does all that an [`AnalogInputDevice`] does: [`value`](AnalogInputDevice::value), [`voltage`](AnalogInputDevice::voltage),
/// [`raw_value`](AnalogInputDevice::raw_value). The chip has a reference voltage of its own, and six ranges from 0.256 V to 6.144 V. The
/// device takes the smallest range that has [`max_voltage`](Builder::max_voltage). A raw value counts from -32768 to 32767 within that
/// range. No input may be above the chip's supply.
///
/// A conversion takes 1.2 ms, and a read of the value 3 ms on a bus with 100 kHz. Devices for several channels of one chip work side by
/// side, also in several threads: a conversion that another one has disturbed is repeated.
///
/// ```
/// use pinzero::mock::{self, MockAds1115};
/// use pinzero::prelude::*;
///
/// let gpio = mock::gpio();
/// let chip = gpio.i2c_chip(1, 0x48, MockAds1115::default());
/// chip.with(|chip| chip.set(2, 1.65));
///
/// let sensor = Ads1115::builder(2).gpio(&gpio).open()?;
/// assert!((sensor.voltage()? - 1.65).abs() < 0.001);
/// assert!((sensor.value()? - 0.5).abs() < 0.001);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Ads1115(AnalogInputDevice);

/// The options of an ADC on I2C.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AnalogI2c {
    /// The number of the channel, from 0 on.
    pub channel: u32,
    /// The channel against which it is measured. Default: `None`, which is ground.
    pub against: Option<u32>,
    /// The voltage in volts with the value 1. Default: 3.3.
    pub max_voltage: f64,
    /// The bus. Default: controller 1.
    pub place: I2cPlace,
    /// The address of the chip. Default: 0x48.
    pub address: I2cAddress,
}

/// The bus of a chip on I2C.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum I2cPlace {
    /// A controller: `/dev/i2c-NUMBER`.
    Controller(u32),
    /// Pins of any number: data and clock.
    Pins([PinSpec; 2]),
}

/// Options of ADCs on I2C.
impl<D: Open<AnalogI2c>> Builder<D, AnalogI2c> {
    /// Sets the channel against which the channel is measured: 0 against 1, or 0, 1 or 2 against 3. Values are from -1 to 1 then. Default:
    /// none, which is ground.
    pub fn against(mut self, channel: u32) -> Self {
        self.options.against = Some(channel);
        self
    }

    /// Sets the voltage in volts with the value 1, up to 6.144, and so the range of the chip. Default: 3.3, in the range of 4.096 V.
    pub fn max_voltage(mut self, volts: f64) -> Self {
        self.options.max_voltage = volts;
        self
    }

    /// Sets the I2C controller. Default: 1, which is `/dev/i2c-1` on the header.
    pub fn bus(mut self, bus: u32) -> Self {
        self.options.place = I2cPlace::Controller(bus);
        self
    }

    /// Sets the pins that the chip is on, for I2C on pins of any number.
    pub fn pins(mut self, data: impl Into<PinSpec>, clock: impl Into<PinSpec>) -> Self {
        self.options.place = I2cPlace::Pins([data.into(), clock.into()]);
        self
    }

    /// Sets the address of the chip: 0x48 to 0x4b, by its pin ADDR. Default: 0x48.
    pub fn address(mut self, address: impl Into<I2cAddress>) -> Self {
        self.options.address = address.into();
        self
    }
}

impl Ads1115 {
    /// Opens a channel of the chip at 0x48 on I2C controller 1 of the default factory.
    ///
    /// # Errors
    /// See [`Builder::open`]; [`InvalidValue`](ErrorKind::InvalidValue) if the chip has no such channel;
    /// [`PinInUse`](ErrorKind::PinInUse) if a device of another kind has the address. A chip that is not there is noticed at the first
    /// conversion.
    #[track_caller]
    pub fn new(channel: u32) -> Result<Self> {
        Ads1115::builder(channel).open()
    }

    /// Returns a builder for a channel with other options.
    pub fn builder(channel: u32) -> Builder<Self, AnalogI2c> {
        Builder::new(AnalogI2c {
            channel,
            against: None,
            max_voltage: 3.3,
            place: I2cPlace::Controller(1),
            address: I2cAddress::from(0x48),
        })
    }
}

impl Open<AnalogI2c> for Ads1115 {
    const NAME: &'static str = "Ads1115";

    fn open(options: AnalogI2c, site: &Site) -> Result<Self> {
        let AnalogI2c { channel, against, max_voltage, place, address } = options;
        let context = |error: Error| error.with_device(site.device());
        check_max_voltage(max_voltage).map_err(context)?;
        let inputs = inputs(channel, against).map_err(context)?;
        let (gain, range) = range(max_voltage).map_err(context)?;
        check_address(address).map_err(context)?;
        let gpio = site.gpio();
        let (bus, place) = match place {
            I2cPlace::Controller(bus) => (gpio.i2c(bus), format!("I2C{bus}, {address}")),
            I2cPlace::Pins([data, clock]) => {
                let place = format!("{data} and {clock}, {address}");
                (gpio.soft_i2c(data, clock), place)
            }
        };
        let bus = bus.device(site.device());
        let i2c = bus.clone().open()?;
        let shared = Shared::join(bus.open()?, address, site.device())?;
        let config = CONFIG | inputs << 12 | gain << 9;
        let converter = Channel { i2c, address, config, shared: Mutex::new(Some(shared)) };
        let scale = Scale {
            channel,
            is_differential: against.is_some(),
            bits: 15,
            full: max_voltage / range * 32768.0,
            is_signed: against.is_some(),
            max_voltage,
        };
        Ok(Ads1115(AnalogInputDevice::new(converter, scale, place)))
    }
}

/// The register with the result, and the one with the configuration.
const RESULT: u8 = 0;
const CONFIGURATION: u8 = 1;

/// One conversion, at the highest rate, with no comparator.
const CONFIG: u16 = START | 1 << 8 | 0b111 << 5 | 0b11;

/// Starts a conversion; read as zero while one goes on.
const START: u16 = 1 << 15;

/// How long a conversion takes: 860 a second, with a tolerance of 10 %, and the time to wake up.
const CONVERSION: Duration = us(1310);

/// How long to wait before the next look, and how often to look.
const PAUSE: Duration = us(200);
const LOOKS: u32 = 50;

/// Returns the chip's number for these inputs.
fn inputs(channel: u32, against: Option<u32>) -> Result<u16> {
    let invalid = |message: String| Err(Error::new(ErrorKind::InvalidValue, message));
    match (channel, against) {
        (0, Some(1)) => Ok(0b000),
        (0, Some(3)) => Ok(0b001),
        (1, Some(3)) => Ok(0b010),
        (2, Some(3)) => Ok(0b011),
        (0..=3, None) => Ok(0b100 | channel as u16),
        (_, None) => invalid(format!("there is no channel {channel}: give 0 to 3")),
        (_, Some(other)) => invalid(format!(
            "the chip does not measure {channel} against {other}: take 0 against 1, or 0, 1 or 2 against 3"
        )),
    }
}

/// Returns the chip's number for the smallest range that has this voltage, and the end of the range in volts.
fn range(max_voltage: f64) -> Result<(u16, f64)> {
    let ranges = [(5, 0.256), (4, 0.512), (3, 1.024), (2, 2.048), (1, 4.096), (0, 6.144)];
    ranges.into_iter().find(|(_, end)| max_voltage <= *end).ok_or_else(|| {
        let message = format!(
            "a `max_voltage` of {max_voltage} V is beyond the chip's widest range: give 6.144 at most"
        );
        Error::new(ErrorKind::InvalidValue, message)
    })
}

/// Fails for an address that the chip cannot have.
fn check_address(address: I2cAddress) -> Result<()> {
    if (0x48..=0x4b_u8).any(|possible| address == possible.into()) {
        return Ok(());
    }
    let message = format!("an ADS1115 has no address {address}: give 0x48 to 0x4b");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// A chip, which the devices for its channels share.
struct Shared {
    #[allow(dead_code, reason = "frees the address when dropped")]
    reservation: I2cReservation,
    /// Closed only if something else than the devices closes the bus, and the reservation is void.
    i2c: I2c,
}

/// The chips that a factory has open, with bus and address.
#[derive(Default)]
struct Chips(Mutex<Vec<(String, I2cAddress, Weak<Shared>)>>);

impl Shared {
    /// Joins the other devices on a chip, or reserves its address.
    #[track_caller]
    fn join(i2c: I2c, address: I2cAddress, device: &'static str) -> Result<Arc<Shared>> {
        let chips = i2c.gpio().common::<Chips>();
        let mut open = chips.0.lock();
        let bus = i2c.bus_name();
        let is_here = |other: &(String, I2cAddress, _)| other.0 == bus && other.1 == address;
        let chip = open.iter().find(|other| is_here(other)).and_then(|(.., chip)| chip.upgrade());
        if let Some(chip) = chip.filter(|chip| !chip.i2c.is_closed()) {
            return Ok(chip);
        }
        open.retain(|other| !is_here(other));
        let reservation = i2c.reserve(address, device)?;
        let chip = Arc::new(Shared { reservation, i2c });
        open.push((bus, address, Arc::downgrade(&chip)));
        Ok(chip)
    }
}

/// A channel of a chip.
struct Channel {
    /// `None` once the device is closed.
    shared: Mutex<Option<Arc<Shared>>>,
    i2c: I2c,
    address: I2cAddress,
    /// The configuration that starts a conversion.
    config: u16,
}

impl Channel {
    fn start(&self) -> Result<()> {
        let [high, low] = self.config.to_be_bytes();
        self.i2c.write(self.address, &[CONFIGURATION, high, low])?;
        self.i2c.gpio().sleep(CONVERSION);
        Ok(())
    }

    fn read(&self, register: u8) -> Result<u16> {
        let mut data = [0; 2];
        self.i2c.write_read(self.address, &[register], &mut data)?;
        Ok(u16::from_be_bytes(data))
    }
}

impl Converter for Channel {
    fn convert(&self) -> Result<i32> {
        self.start()?;
        for _ in 0..LOOKS {
            let config = self.read(CONFIGURATION)?;
            if config & !START != self.config & !START {
                // Another device has started a conversion of its own meanwhile.
                self.start()?;
            } else if config & START == 0 {
                self.i2c.gpio().sleep(PAUSE);
            } else {
                let result = self.read(RESULT)?;
                if self.read(CONFIGURATION)? == config {
                    return Ok(i32::from(result as i16));
                }
            }
        }
        let message = "the conversion does not end: check that this is an ADS1115, and that nothing else uses it all the time";
        Err(Error::new(ErrorKind::TimedOut, message).with_device(Ads1115::NAME))
    }

    fn gpio(&self) -> &Gpio {
        self.i2c.gpio()
    }

    fn is_closed(&self) -> bool {
        self.i2c.is_closed()
    }

    fn close(&self) -> Result<()> {
        // First, as its handle must not be the last on the bus: that one tells the errors.
        drop(self.shared.lock().take());
        self.i2c.close()
    }
}

impl Deref for Ads1115 {
    type Target = AnalogInputDevice;

    fn deref(&self) -> &AnalogInputDevice {
        &self.0
    }
}

impl fmt::Debug for Ads1115 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Ads1115", f)
    }
}

impl fmt::Display for Ads1115 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display("Ads1115", f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_those_of_the_datasheet() {
        let number = |channel, against| inputs(channel, against).ok();
        for (channel, against, expected) in [
            (0, None, Some(0b100)),
            (3, None, Some(0b111)),
            (4, None, None),
            (u32::MAX, None, None),
            (0, Some(1), Some(0b000)),
            (0, Some(3), Some(0b001)),
            (1, Some(3), Some(0b010)),
            (2, Some(3), Some(0b011)),
            (1, Some(0), None),
            (3, Some(3), None),
            (0, Some(2), None),
        ] {
            assert_eq!(number(channel, against), expected, "{channel} {against:?}");
        }
    }

    #[test]
    fn the_range_is_the_smallest_that_has_the_voltage() {
        for (volts, expected) in [
            (0.1, Some((5, 0.256))),
            (0.256, Some((5, 0.256))),
            (0.3, Some((4, 0.512))),
            (1.0, Some((3, 1.024))),
            (1.8, Some((2, 2.048))),
            (3.3, Some((1, 4.096))),
            (5.0, Some((0, 6.144))),
            (6.2, None),
        ] {
            assert_eq!(range(volts).ok(), expected, "{volts}");
        }
    }
}
