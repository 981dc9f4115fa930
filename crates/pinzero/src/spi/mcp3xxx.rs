//! The analog-to-digital converters of the MCP3xxx family, from [`Mcp3001`] to [`Mcp3304`].

mod protocol;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pinzero_core::process::Home;
use pinzero_core::{Error, ErrorKind, Gpio, Line, PinSpec, Result, Spi, SpiBuilder};

use crate::input::{AnalogInputDevice, Converter, Scale, check_max_voltage};
use crate::{Builder, Open, Site};
use protocol::Model;

/// The clock rate on a controller, in hertz: gpiozero's. Each chip of the family supports it at 3.3 V.
const RATE: u32 = 500_000;

/// The options of every ADC on SPI.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Analog {
    /// The place of the chip. Default: chip select 0 of SPI controller 0.
    pub place: SpiPlace,
    /// The voltage in volts with the value 1. Default: 3.3.
    pub max_voltage: f64,
}

/// The options of an ADC with several channels.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Multiplexed {
    /// The chip.
    pub analog: Analog,
    /// The number of the channel, from 0 on.
    pub channel: u32,
    /// Whether the channel is measured against its neighbor. Default: `false`, which is against ground.
    pub differential: bool,
}

/// The place of a chip on SPI.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SpiPlace {
    /// A chip select of a controller: `/dev/spidevBUS.SELECT`.
    Controller {
        /// The controller's number.
        bus: u32,
        /// The chip select's number.
        select: u32,
    },
    /// Pins of any number: clock, mosi, miso and chip select.
    Pins([PinSpec; 4]),
}

impl Default for Analog {
    fn default() -> Self {
        Analog { place: SpiPlace::Controller { bus: 0, select: 0 }, max_voltage: 3.3 }
    }
}

impl Multiplexed {
    /// Returns the default options for a channel.
    pub fn new(channel: u32) -> Self {
        Multiplexed { analog: Analog::default(), channel, differential: false }
    }
}

impl AsMut<Analog> for Analog {
    fn as_mut(&mut self) -> &mut Analog {
        self
    }
}

impl AsMut<Analog> for Multiplexed {
    fn as_mut(&mut self) -> &mut Analog {
        &mut self.analog
    }
}

/// Options of ADCs on SPI.
impl<D: Open<O>, O: AsMut<Analog>> Builder<D, O> {
    /// Sets the chip select of an SPI controller that the chip is on. Default: bus 0, chip select 0, which is `/dev/spidev0.0`.
    pub fn select(mut self, bus: u32, select: u32) -> Self {
        self.options.as_mut().place = SpiPlace::Controller { bus, select };
        self
    }

    /// Sets the pins that the chip is on, for SPI on pins of any number. A chip with one channel has no input for data, and leaves
    /// `mosi` unused.
    pub fn pins(
        mut self,
        clock: impl Into<PinSpec>,
        mosi: impl Into<PinSpec>,
        miso: impl Into<PinSpec>,
        select: impl Into<PinSpec>,
    ) -> Self {
        self.options.as_mut().place = SpiPlace::Pins([clock.into(), mosi.into(), miso.into(), select.into()]);
        self
    }

    /// Sets the voltage in volts with the value 1: the chip's reference voltage. Default: 3.3.
    pub fn max_voltage(mut self, volts: f64) -> Self {
        self.options.as_mut().max_voltage = volts;
        self
    }
}

/// Options of ADCs with several channels.
impl<D: Open<Multiplexed>> Builder<D, Multiplexed> {
    /// Sets whether the channel is measured against its neighbor: 0 against 1, 1 against 0, 2 against 3, and so on. Default: `false`,
    /// which is against ground.
    pub fn differential(mut self, differential: bool) -> Self {
        self.options.differential = differential;
        self
    }
}

/// Defines a chip: its type, and its row in the table.
macro_rules! chip {
    ($(#[$doc:meta])* $Chip:ident, bits: $bits:literal, channels: $channels:literal, signed: $signed:literal) => {
        $(#[$doc])*
        ///
        /// The device does all that an [`AnalogInputDevice`] does: [`value`](AnalogInputDevice::value),
        /// [`voltage`](AnalogInputDevice::voltage), [`raw_value`](AnalogInputDevice::raw_value).
        ///
        /// The chip does not acknowledge. If it is missing and MISO is high, a read is an error. If MISO is low, as GPIO9 is by its own
        /// pull-down, a read returns 0 as for 0 V. A resistor of 10 kΩ from MISO to 3.3 V makes a missing chip an error.
        #[derive(Clone)]
        #[must_use = "a device is closed when its last handle is dropped"]
        pub struct $Chip(AnalogInputDevice);

        impl $Chip {
            const MODEL: &'static Model =
                &Model { name: stringify!($Chip), bits: $bits, channels: $channels, is_signed: $signed };
        }

        impl std::ops::Deref for $Chip {
            type Target = AnalogInputDevice;

            fn deref(&self) -> &AnalogInputDevice {
                &self.0
            }
        }

        impl std::fmt::Debug for $Chip {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.debug(stringify!($Chip), f)
            }
        }

        impl std::fmt::Display for $Chip {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.display(stringify!($Chip), f)
            }
        }
    };
}

/// Defines a chip with several channels.
macro_rules! multiplexed {
    ($(#[$doc:meta])* $Chip:ident, bits: $bits:literal, channels: $channels:literal, signed: $signed:literal) => {
        chip!($(#[$doc])* $Chip, bits: $bits, channels: $channels, signed: $signed);

        impl $Chip {
            /// Opens a channel of the chip on chip select 0 of SPI controller 0 of the default factory.
            ///
            /// # Errors
            /// See [`Builder::open`]; [`InvalidValue`](crate::ErrorKind::InvalidValue) if the chip has no such channel.
            #[track_caller]
            pub fn new(channel: u32) -> Result<Self> {
                $Chip::builder(channel).open()
            }

            /// Returns a builder for a channel with other options.
            pub fn builder(channel: u32) -> Builder<Self, Multiplexed> {
                Builder::new(Multiplexed::new(channel))
            }
        }

        impl Open<Multiplexed> for $Chip {
            const NAME: &'static str = stringify!($Chip);

            fn open(options: Multiplexed, site: &Site) -> Result<Self> {
                let Multiplexed { analog, channel, differential } = options;
                Ok($Chip(open($Chip::MODEL, analog, channel, differential, site)?))
            }
        }
    };
}

/// Defines a chip with one channel, which is measured against another input.
macro_rules! single {
    ($(#[$doc:meta])* $Chip:ident, bits: $bits:literal, signed: $signed:literal) => {
        chip!($(#[$doc])* $Chip, bits: $bits, channels: 1, signed: $signed);

        impl $Chip {
            /// Opens the chip on chip select 0 of SPI controller 0 of the default factory.
            ///
            /// # Errors
            /// See [`Builder::open`].
            #[track_caller]
            pub fn new() -> Result<Self> {
                $Chip::builder().open()
            }

            /// Returns a builder for the chip with other options.
            pub fn builder() -> Builder<Self, Analog> {
                Builder::new(Analog::default())
            }
        }

        impl Open<Analog> for $Chip {
            const NAME: &'static str = stringify!($Chip);

            fn open(options: Analog, site: &Site) -> Result<Self> {
                Ok($Chip(open($Chip::MODEL, options, 0, true, site)?))
            }
        }
    };
}

single! {
    /// An MCP3001: an ADC with 10 bits. It measures its input IN+ against its input IN-; a negative difference is 0.
    Mcp3001, bits: 10, signed: false
}
multiplexed! {
    /// A channel of an MCP3002: an ADC with 10 bits and 2 channels. A negative difference is 0.
    Mcp3002, bits: 10, channels: 2, signed: false
}
multiplexed! {
    /// A channel of an MCP3004: an ADC with 10 bits and 4 channels. A negative difference is 0.
    Mcp3004, bits: 10, channels: 4, signed: false
}
multiplexed! {
    /// A channel of an MCP3008: an ADC with 10 bits and 8 channels. A negative difference is 0.
    Mcp3008, bits: 10, channels: 8, signed: false
}
single! {
    /// An MCP3201: an ADC with 12 bits. It measures its input IN+ against its input IN-; a negative difference is 0.
    Mcp3201, bits: 12, signed: false
}
multiplexed! {
    /// A channel of an MCP3202: an ADC with 12 bits and 2 channels. A negative difference is 0.
    Mcp3202, bits: 12, channels: 2, signed: false
}
multiplexed! {
    /// A channel of an MCP3204: an ADC with 12 bits and 4 channels. A negative difference is 0.
    Mcp3204, bits: 12, channels: 4, signed: false
}
multiplexed! {
    /// A channel of an MCP3208: an ADC with 12 bits and 8 channels. A negative difference is 0.
    Mcp3208, bits: 12, channels: 8, signed: false
}
single! {
    /// An MCP3301: an ADC with 12 bits and a sign. It measures its input IN+ against its input IN-; values are from -1 to 1.
    Mcp3301, bits: 12, signed: true
}
multiplexed! {
    /// A channel of an MCP3302: an ADC with 12 bits and 4 channels. Differences have a sign; their values are from -1 to 1.
    Mcp3302, bits: 12, channels: 4, signed: true
}
multiplexed! {
    /// A channel of an MCP3304: an ADC with 12 bits and 8 channels. Differences have a sign; their values are from -1 to 1.
    Mcp3304, bits: 12, channels: 8, signed: true
}

/// Opens a channel. The channels of one chip share it.
#[track_caller]
fn open(
    model: &'static Model,
    options: Analog,
    channel: u32,
    is_differential: bool,
    site: &Site,
) -> Result<AnalogInputDevice> {
    let Analog { place, max_voltage } = options;
    let context = |error: Error| error.with_device(site.device());
    check_max_voltage(max_voltage).map_err(context)?;
    if channel >= model.channels {
        let message = format!("there is no channel {channel}: give 0 to {}", model.channels - 1);
        return Err(context(Error::new(ErrorKind::InvalidValue, message)));
    }
    let gpio = site.gpio();
    let key = Key::of(gpio, &place).map_err(context)?;
    let user = User::join(gpio, key, model).map_err(|error| context(error).with_pin(key))?;
    let mut slot = user.chip.spi.lock();
    let spi = match &*slot {
        Some(spi) => spi.clone(),
        None => slot.insert(place.spi(gpio).device(site.device()).open()?).clone(),
    };
    drop(slot);
    let scale = Scale {
        channel,
        is_differential,
        bits: model.bits,
        full: f64::from(model.full()),
        is_signed: model.is_signed && is_differential,
        max_voltage,
    };
    let converter =
        Mcp3xxx { model, request: model.request(channel, is_differential), is_differential, spi, user };
    Ok(AnalogInputDevice::new(converter, scale, key.to_string()))
}

impl SpiPlace {
    fn spi(&self, gpio: &Gpio) -> SpiBuilder {
        match self {
            SpiPlace::Controller { bus, select } => gpio.hardware_spi(*bus, *select).max_rate(RATE),
            SpiPlace::Pins([clock, mosi, miso, select]) => {
                gpio.spi(clock.clone()).mosi(mosi.clone()).miso(miso.clone()).select(select.clone())
            }
        }
    }
}

/// A channel of an open chip.
struct Mcp3xxx {
    model: &'static Model,
    request: ([u8; 4], usize),
    is_differential: bool,
    spi: Spi,
    user: User,
}

impl Converter for Mcp3xxx {
    fn convert(&self) -> Result<i32> {
        let context = |error: Error| error.with_pin(self.user.chip.key).with_device(self.model.name);
        self.user.check().map_err(context)?;
        let (mut data, count) = self.request;
        let data = &mut data[4 - count..];
        self.spi.transfer(data)?;
        self.model.decode(data, self.is_differential).ok_or_else(|| {
            let message = "the answer is not that of this chip: check its wires, its supply and its kind";
            context(Error::new(ErrorKind::Io, message))
        })
    }

    fn gpio(&self) -> &Gpio {
        self.spi.gpio()
    }

    fn is_closed(&self) -> bool {
        self.user.check().is_err() || self.spi.is_closed()
    }

    fn close(&self) -> Result<()> {
        if self.user.leave() { self.spi.close() } else { Ok(()) }
    }
}

impl Drop for Mcp3xxx {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            pinzero_core::warn_user(&format!("an ADC was not given back as it should be: {error}"));
        }
    }
}

/// What tells a chip from the others of its factory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Controller { bus: u32, select: u32 },
    Lines([Line; 4]),
}

impl Key {
    fn of(gpio: &Gpio, place: &SpiPlace) -> Result<Key> {
        Ok(match place {
            SpiPlace::Controller { bus, select } => Key::Controller { bus: *bus, select: *select },
            SpiPlace::Pins([clock, mosi, miso, select]) => Key::Lines([
                gpio.resolve(clock.clone())?,
                gpio.resolve(mosi.clone())?,
                gpio.resolve(miso.clone())?,
                gpio.resolve(select.clone())?,
            ]),
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Controller { bus, select } => write!(f, "SPI{bus}.{select}"),
            Key::Lines([.., select]) => write!(f, "chip select {select}"),
        }
    }
}

/// A chip, which the devices for its channels share.
#[derive(Debug)]
struct Chip {
    key: Key,
    model: &'static Model,
    /// The place in the program that opened the chip.
    opened_at: &'static Location<'static>,
    /// `None` until the first device has opened the bus. The lock is held meanwhile: the second device waits for the first.
    spi: Mutex<Option<Spi>>,
}

impl Chip {
    /// Returns whether something else than its devices has closed the chip.
    fn is_closed(&self) -> bool {
        // Locked while it is being opened.
        self.spi.try_lock().is_some_and(|spi| spi.as_ref().is_some_and(Spi::is_closed))
    }
}

/// The chips that a factory has open, with the number of their devices.
#[derive(Debug, Default)]
struct Chips(Mutex<Vec<(Arc<Chip>, usize)>>);

/// The use of a chip by one device, until it leaves.
#[derive(Debug)]
struct User {
    chips: Arc<Chips>,
    chip: Arc<Chip>,
    has_left: AtomicBool,
    home: Home,
}

impl User {
    /// Joins the other devices on a chip. Fails if another kind of chip is there.
    #[track_caller]
    fn join(gpio: &Gpio, key: Key, model: &'static Model) -> Result<User> {
        let opened_at = Location::caller();
        let chips = gpio.common::<Chips>();
        let mut open = chips.0.lock();
        open.retain(|(chip, _)| !chip.is_closed());
        let chip = match open.iter_mut().find(|(chip, _)| chip.key == key) {
            Some((chip, _)) if chip.model != model => {
                let message = format!(
                    "an {} opened at {} has this chip select: close that, or take another chip select",
                    chip.model.name, chip.opened_at
                );
                return Err(Error::new(ErrorKind::PinInUse, message));
            }
            Some((chip, users)) => {
                *users += 1;
                chip.clone()
            }
            None => {
                let chip = Arc::new(Chip { key, model, opened_at, spi: Mutex::default() });
                open.push((chip.clone(), 1));
                chip
            }
        };
        drop(open);
        Ok(User { chips, chip, has_left: AtomicBool::new(false), home: Home::here() })
    }

    /// Fails if the device has left the chip.
    fn check(&self) -> Result<()> {
        self.home.check()?;
        if self.has_left.load(Ordering::Acquire) { Err(Error::closed()) } else { Ok(()) }
    }

    /// Leaves the chip. Returns whether no device is left on it.
    fn leave(&self) -> bool {
        if self.home.is_elsewhere() || self.has_left.swap(true, Ordering::AcqRel) {
            return false;
        }
        let mut open = self.chips.0.lock();
        let Some(place) = open.iter().position(|(chip, _)| Arc::ptr_eq(chip, &self.chip)) else {
            return true;
        };
        open[place].1 -= 1;
        let is_last = open[place].1 == 0;
        if is_last {
            open.remove(place);
        }
        is_last
    }
}

impl Drop for User {
    fn drop(&mut self) {
        // Closes nothing: the bus has not been opened, or its device has closed it.
        self.leave();
    }
}

#[cfg(test)]
const MODELS: [&Model; 11] = [
    Mcp3001::MODEL,
    Mcp3002::MODEL,
    Mcp3004::MODEL,
    Mcp3008::MODEL,
    Mcp3201::MODEL,
    Mcp3202::MODEL,
    Mcp3204::MODEL,
    Mcp3208::MODEL,
    Mcp3301::MODEL,
    Mcp3302::MODEL,
    Mcp3304::MODEL,
];
