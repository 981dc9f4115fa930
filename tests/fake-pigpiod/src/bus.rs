//! SPI and I2C, by hardware and bit by bit, and the devices at their other ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::code::{error, op};
use crate::frame::{Answer, Frame, Outcome};
use crate::i2c;
use crate::lines::{INPUT, OUTPUT};
use crate::model::{Model, user_gpio, within};

/// How many handles each bus has.
const SPI_HANDLES: usize = 32;
const I2C_HANDLES: usize = 512;

/// An SPI device: given what is sent, it says what it answers.
pub(crate) type SpiDevice = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// The bus that a data line is, if it is made bit by bit.
pub(crate) fn bit_bus(data: u32) -> u32 {
    0x100 + data
}

/// What is on the buses.
#[derive(Default)]
pub(crate) struct Bus {
    /// By channel; one that is not here loops back.
    pub(crate) spi: BTreeMap<u32, SpiDevice>,
    pub(crate) i2c: i2c::Wires,
    /// The I2C buses that have no driver.
    pub(crate) no_i2c: BTreeSet<u32>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("spi", &self.spi.keys()).field("i2c", &self.i2c).finish()
    }
}

/// What clients have opened.
#[derive(Debug, Default)]
pub(crate) struct Buses {
    /// The channel of each handle; those of the auxiliary bus from 16 on.
    spi: BTreeMap<u32, u32>,
    /// The bus and address of each.
    i2c: BTreeMap<u32, (u32, u32)>,
    /// By chip select.
    bit_spi: BTreeMap<u32, BitSpi>,
    /// By data line.
    bit_i2c: BTreeMap<u32, BitI2c>,
    /// The modes that the GPIO of the main and of the auxiliary bus had.
    before: [Vec<(u32, u32)>; 2],
}

/// I2C that is made bit by bit.
#[derive(Debug)]
struct BitI2c {
    clock: u32,
    /// Half a bit, in microseconds.
    half: u64,
    /// What was said since the last start, if there was no stop since.
    started: Option<Vec<String>>,
    /// The modes that its GPIO had: data, clock.
    before: [u32; 2],
}

/// The GPIO of the main and of the auxiliary bus: chip selects, clock, MISO, MOSI, and the modes they get.
const PINS: [(&[u32], [u32; 3], u32, u32); 2] =
    [(&[8, 7], [11, 9, 10], ALT0, ALT0), (&[18, 17, 16], [21, 19, 20], OUTPUT, ALT4)];
const ALT0: u32 = 4;
const ALT4: u32 = 3;

/// SPI that is made bit by bit.
#[derive(Debug, Clone, Copy)]
struct BitSpi {
    miso: u32,
    mosi: u32,
    clock: u32,
    /// Half a bit, in microseconds.
    half: u64,
    flags: u32,
    /// The modes that its GPIO had: chip select, MISO, MOSI, clock.
    before: [u32; 4],
}

impl Buses {
    /// How many handles are open: SPI, I2C, bit-banged SPI, bit-banged I2C.
    pub(crate) fn open(&self) -> [usize; 4] {
        [self.spi.len(), self.i2c.len(), self.bit_spi.len(), self.bit_i2c.len()]
    }
}

impl Model {
    /// The commands about buses.
    pub(crate) fn bus(&mut self, frame: &Frame) -> Outcome {
        match frame.command {
            op::SPIO..=op::SPIX => self.spi(frame),
            op::BSPIC..=op::BSPIX => self.bit_spi(frame),
            op::BI2CC..=op::BI2CZ => self.bit_i2c(frame),
            op::I2CO => {
                within(frame.p2, 0..=0x7f, error::BAD_I2C_ADDR)?;
                within(frame.word(0), 0..=0, error::BAD_FLAGS)?;
                within(frame.p1, 0..=1, error::BAD_I2C_BUS)?;
                if self.bus.no_i2c.contains(&frame.p1) {
                    return Err(error::BAD_I2C_BUS);
                }
                let handle = insert(&mut self.daemon.buses.i2c, (frame.p1, frame.p2), I2C_HANDLES)?;
                Ok(Answer::Value(handle))
            }
            op::I2CC => {
                let closed = self.daemon.buses.i2c.remove(&frame.p1);
                closed.ok_or(error::BAD_HANDLE).map(|_| Answer::Value(0))
            }
            _ => {
                let address = *self.daemon.buses.i2c.get(&frame.p1).ok_or(error::BAD_HANDLE)?;
                if frame.command == op::I2CZ {
                    return self.bus.i2c.zip(address, &frame.extension);
                }
                i2c::run(self.bus.i2c.devices.get_mut(&address), frame)
            }
        }
    }

    fn spi(&mut self, frame: &Frame) -> Outcome {
        let handles = &mut self.daemon.buses.spi;
        if frame.command == op::SPIO {
            let is_auxiliary = frame.word(0) >> 8 & 1;
            within(frame.p1, 0..=1 + is_auxiliary, error::BAD_SPI_CHANNEL)?;
            within(frame.p2, 32_000..=125_000_000, error::BAD_SPI_SPEED)?;
            within(frame.word(0), 0..=0x3f_ffff, error::BAD_FLAGS)?;
            let is_first = !handles.values().any(|channel| channel / 16 == is_auxiliary);
            let handle = insert(handles, frame.p1 + 16 * is_auxiliary, SPI_HANDLES)?;
            if is_first {
                self.begin_spi(is_auxiliary as usize, frame.word(0));
            }
            return Ok(Answer::Value(handle));
        }
        let channel = *handles.get(&frame.p1).ok_or(error::BAD_HANDLE)?;
        let mut device = self.bus.spi.get_mut(&channel);
        let mut exchange = |sent: &[u8]| {
            let mut answer = device.as_mut().map_or_else(|| sent.to_vec(), |device| device(sent));
            answer.resize(sent.len(), 0);
            answer
        };
        match frame.command {
            op::SPIC => {
                handles.remove(&frame.p1);
                if !handles.values().any(|other| other / 16 == channel / 16) {
                    self.end_spi(channel as usize / 16);
                }
                Ok(Answer::Value(0))
            }
            op::SPIR => {
                within(frame.p2, 0..=0xffff, error::BAD_SPI_COUNT)?;
                Ok(Answer::Bytes(exchange(&vec![0; frame.p2 as usize])))
            }
            op::SPIW => {
                exchange(&frame.extension);
                Ok(Answer::Value(frame.extension.len() as u32))
            }
            _ => Ok(Answer::Bytes(exchange(&frame.extension))),
        }
    }

    /// Gives a controller its GPIO, as its first device says.
    fn begin_spi(&mut self, bus: usize, flags: u32) {
        let (selects, others, select_mode, mode) = PINS[bus];
        let taken = (0..).zip(selects).filter(|(channel, _)| flags >> (5 + channel) & 1 == 0);
        let modes = taken.map(|(_, &gpio)| (gpio, select_mode)).chain(others.map(|gpio| (gpio, mode)));
        for (gpio, mode) in modes.collect::<Vec<_>>() {
            let before = std::mem::replace(&mut self.lines.line(gpio).mode, mode);
            self.daemon.buses.before[bus].push((gpio, before));
        }
        self.look(0);
    }

    fn end_spi(&mut self, bus: usize) {
        for (gpio, mode) in std::mem::take(&mut self.daemon.buses.before[bus]) {
            self.lines.line(gpio).mode = mode;
        }
        self.look(0);
    }

    fn bit_spi(&mut self, frame: &Frame) -> Outcome {
        let select = frame.p1;
        if frame.command == op::BSPIO {
            let [miso, mosi, clock, baud, flags] = [0, 1, 2, 3, 4].map(|index| frame.word(index));
            let gpio = [select, miso, mosi, clock];
            gpio.iter().try_for_each(|&gpio| self.permit(gpio).and_then(|()| user_gpio(gpio)))?;
            within(baud, 50..=250_000, error::BAD_SPI_BAUD)?;
            if self.daemon.buses.bit_spi.contains_key(&select) {
                return Err(error::GPIO_IN_USE);
            }
            let before = gpio.map(|gpio| self.lines.line(gpio).mode);
            let half = u64::from(500_000 / baud).max(1);
            let device = BitSpi { miso, mosi, clock, half, flags, before };
            self.daemon.buses.bit_spi.insert(select, device);
            for (gpio, mode) in gpio.into_iter().zip([OUTPUT, INPUT, OUTPUT, OUTPUT]) {
                self.end_pulses(gpio);
                self.lines.line(gpio).mode = mode;
            }
            self.lines.line(select).latch = !device.selects_high();
            self.lines.line(clock).latch = device.rests_high();
            self.look(0);
            return Ok(Answer::Value(0));
        }
        let device = *self.daemon.buses.bit_spi.get(&select).ok_or(error::NOT_SPI_GPIO)?;
        if frame.command == op::BSPIX {
            return Ok(Answer::Bytes(self.shift(select, device, &frame.extension)));
        }
        self.daemon.buses.bit_spi.remove(&select);
        let shares = |gpio: u32| {
            let mut others = self.daemon.buses.bit_spi.values();
            others.any(|other| [other.miso, other.mosi, other.clock].contains(&gpio))
        };
        let gpio = [select, device.miso, device.mosi, device.clock];
        let ended: Vec<_> = gpio.into_iter().zip(device.before).filter(|&(gpio, _)| !shares(gpio)).collect();
        for (gpio, mode) in ended {
            self.lines.line(gpio).mode = mode;
        }
        self.look(0);
        Ok(Answer::Value(0))
    }

    /// Sends bytes bit by bit, and takes in what MISO says meanwhile.
    fn shift(&mut self, select: u32, device: BitSpi, sent: &[u8]) -> Vec<u8> {
        self.lines.line(select).latch = device.selects_high();
        self.look(0);
        let order = |lsb_first: bool, bit: u32| if lsb_first { bit } else { 7 - bit };
        let mut received = Vec::with_capacity(sent.len());
        for byte in sent {
            let mut answer = 0;
            for bit in 0..8 {
                let out = byte >> order(device.flags >> 14 & 1 == 1, bit) & 1 == 1;
                self.lines.line(device.mosi).latch = out;
                self.look(device.half);
                self.lines.line(device.clock).latch ^= true;
                self.look(device.half);
                let level = u8::from(self.lines.is_high(device.miso));
                answer |= level << order(device.flags >> 15 & 1 == 1, bit);
                self.lines.line(device.clock).latch ^= true;
                self.look(0);
            }
            received.push(answer);
        }
        self.lines.line(select).latch = !device.selects_high();
        self.look(device.half);
        received
    }

    /// I2C made bit by bit.
    fn bit_i2c(&mut self, frame: &Frame) -> Outcome {
        let (data, clock) = (frame.p1, frame.p2);
        let open = &mut self.daemon.buses.bit_i2c;
        match frame.command {
            op::BI2CO => {
                [data, clock].into_iter().try_for_each(user_gpio)?;
                within(frame.word(0), 50..=500_000, error::BAD_I2C_BAUD)?;
                let mut taken = open.iter().flat_map(|(data, other)| [*data, other.clock]);
                if data == clock || taken.any(|gpio| [data, clock].contains(&gpio)) {
                    return Err(error::GPIO_IN_USE);
                }
                let before =
                    [data, clock].map(|gpio| std::mem::replace(&mut self.lines.line(gpio).mode, INPUT));
                let half = u64::from(500_000 / frame.word(0)).max(1);
                open.insert(data, BitI2c { clock, half, started: None, before });
                self.look(0);
                Ok(Answer::Value(0))
            }
            op::BI2CC => {
                let BitI2c { clock, before, .. } = open.remove(&data).ok_or(error::NOT_I2C_GPIO)?;
                for (gpio, mode) in [data, clock].into_iter().zip(before) {
                    self.lines.line(gpio).mode = mode;
                }
                self.look(0);
                Ok(Answer::Value(0))
            }
            _ => {
                let &mut BitI2c { clock, half, ref mut started, .. } =
                    open.get_mut(&data).ok_or(error::NOT_I2C_GPIO)?;
                let mut levels = i2c::Levels::default();
                let outcome = self.bus.i2c.zip_bits(bit_bus(data), started, &frame.extension, &mut levels);
                for (data_level, clock_level) in levels.0 {
                    // Both lines are pulled low, or let go of.
                    for (gpio, level) in [(data, data_level), (clock, clock_level)] {
                        let line = self.lines.line(gpio);
                        (line.mode, line.latch) = (if level { INPUT } else { OUTPUT }, false);
                    }
                    self.look(half);
                }
                outcome
            }
        }
    }
}

impl BitSpi {
    fn selects_high(self) -> bool {
        self.flags >> 2 & 1 == 1
    }

    fn rests_high(self) -> bool {
        self.flags >> 1 & 1 == 1
    }
}

/// Takes the lowest free handle of `room`.
fn insert<T>(handles: &mut BTreeMap<u32, T>, value: T, room: usize) -> Result<u32, i32> {
    let free = (0..room as u32).find(|handle| !handles.contains_key(handle)).ok_or(error::NO_HANDLE)?;
    handles.insert(free, value);
    Ok(free)
}
