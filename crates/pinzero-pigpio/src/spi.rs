//! SPI by the daemon: by its hardware if the lines allow it, else bit-banged there.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::{Error, ErrorKind, HardwareSpiConfig, Result, SpiBus, SpiConfig, SpiMode, SpiOperation};

use crate::client::Client;
use crate::pipeline::Frame;
use crate::protocol::{Command, MAX_EXTENSION};
use crate::remote_handle::RemoteHandle;

/// The speeds of hardware SPI, in hertz, and the default.
const HARDWARE: std::ops::RangeInclusive<u32> = 32_000..=125_000_000;
const DEFAULT_RATE: u32 = 500_000;

/// The speeds of bit-banged SPI.
const SOFTWARE: std::ops::RangeInclusive<u32> = 50..=250_000;

/// The flag of the auxiliary bus.
const AUXILIARY: u32 = 1 << 8;
/// The flags that leave all chip selects of the main bus to others.
const UNSELECTED: u32 = 1 << 5 | 1 << 6;
/// The flags of bit-banged SPI.
const SELECT_HIGH: u32 = 1 << 2;
const LSB_FIRST: u32 = 1 << 14 | 1 << 15;

/// A bus with one device; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioSpi {
    device: RemoteHandle,
    transfer: Command,
    /// The hardware supports only one bit order.
    is_turned: bool,
    rate: u32,
}

impl PigpioSpi {
    /// Opens a bus on any lines: by the controller whose lines they are, if the controller can do what is asked.
    pub(crate) fn open(client: &Arc<Client>, config: SpiConfig) -> Result<Self> {
        if let Some(hardware) = controller(&config).and_then(|config| Hardware::new(config).ok()) {
            return PigpioSpi::open_controller(client, hardware);
        }
        let rate = config.max_rate.unwrap_or(DEFAULT_RATE).min(*SOFTWARE.end());
        let (open, select) = (bit_by_bit(&config, rate)?, Some(config.select.0));
        let device = RemoteHandle::open(client, open, Command::Bspic, select, select)?;
        Ok(PigpioSpi { device, transfer: Command::Bspix, is_turned: false, rate })
    }

    /// Opens a device on a controller.
    pub(crate) fn open_hardware(client: &Arc<Client>, config: HardwareSpiConfig) -> Result<Self> {
        PigpioSpi::open_controller(client, Hardware::new(config)?)
    }

    fn open_controller(client: &Arc<Client>, hardware: Hardware) -> Result<Self> {
        let Hardware { channel, rate, flags, line, is_turned } = hardware;
        let open = Frame::new(Command::Spio, channel, rate).with(flags.to_le_bytes());
        let device = RemoteHandle::open(client, open, Command::Spic, None, Some(line))?;
        Ok(PigpioSpi { device, transfer: Command::Spix, is_turned, rate })
    }
}

/// What the daemon is told of a device on a controller.
struct Hardware {
    channel: u32,
    rate: u32,
    flags: u32,
    /// A line of the device's own if there is one, else the clock.
    line: u32,
    is_turned: bool,
}

impl Hardware {
    fn new(config: HardwareSpiConfig) -> Result<Self> {
        let channel = config.select;
        let (select, clock, bus) = match (config.bus, channel) {
            (0, 0..=1) => (8 - channel, 11, 0),
            (1, 0..=2) => (18 - channel, 21, AUXILIARY),
            _ => {
                let message = format!(
                    "the daemon has no SPI bus {} with the chip select {channel}: it has bus 0 with 0 and 1, and bus 1 with 0 to 2",
                    config.bus
                );
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        };
        let is_auxiliary = bus == AUXILIARY;
        if is_auxiliary && matches!(config.mode, SpiMode::Mode1 | SpiMode::Mode3) {
            return Err(Error::unsupported(
                "mode 1 or 3 on SPI bus 1, whose controller has the modes 0 and 2 only,",
            ));
        }
        if is_auxiliary && config.unselected {
            return Err(Error::unsupported(
                "SPI bus 1 without a chip select, which the daemon always drives,",
            ));
        }
        let rate = config.max_rate.unwrap_or(DEFAULT_RATE).min(*HARDWARE.end());
        if rate < *HARDWARE.start() {
            let message = format!("a controller of SPI has {} Hz at least, not {rate} Hz", HARDWARE.start());
            return Err(Error::new(ErrorKind::InvalidFrequency, message));
        }
        let select_high = if config.select_high { 1 << (2 + channel) } else { 0 };
        let unselected = if config.unselected { UNSELECTED } else { 0 };
        let flags = mode(config.mode) | select_high | unselected | bus;
        let line = if config.unselected { clock } else { select };
        Ok(Hardware { channel, rate, flags, line, is_turned: config.lsb_first })
    }
}

/// Returns the request that opens a bus on any lines.
fn bit_by_bit(config: &SpiConfig, rate: u32) -> Result<Frame> {
    if rate < *SOFTWARE.start() {
        let message = format!("SPI has {} Hz at least, not {rate} Hz", SOFTWARE.start());
        return Err(Error::new(ErrorKind::InvalidFrequency, message));
    }
    let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
    let flags = mode(config.mode) | flag(config.select_high, SELECT_HIGH) | flag(config.lsb_first, LSB_FIRST);
    let words = [config.miso.0, config.mosi.0, config.clock.0, rate, flags];
    let extension: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Ok(Frame::new(Command::Bspio, config.select.0, 0).with(extension))
}

/// Returns the device on a controller that has these lines.
fn controller(config: &SpiConfig) -> Option<HardwareSpiConfig> {
    let lines = [config.clock, config.mosi, config.miso].map(|line| line.0);
    let (bus, select) = match (lines, config.select.0) {
        ([11, 10, 9], select @ 7..=8) => (0, 8 - select),
        ([21, 20, 19], select @ 16..=18) => (1, 18 - select),
        _ => return None,
    };
    let mut hardware = HardwareSpiConfig::new(bus, select);
    hardware.mode = config.mode;
    hardware.lsb_first = config.lsb_first;
    hardware.select_high = config.select_high;
    hardware.max_rate = config.max_rate;
    Some(hardware)
}

fn mode(mode: SpiMode) -> u32 {
    match mode {
        SpiMode::Mode0 => 0,
        SpiMode::Mode1 => 1,
        SpiMode::Mode2 => 2,
        SpiMode::Mode3 => 3,
    }
}

fn turn(data: &mut [u8]) {
    data.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
}

/// Returns all bytes that the operations send, one after the other: the daemon's one transfer is one transaction.
fn outgoing(operations: &[SpiOperation<'_>]) -> Result<Vec<u8>> {
    let mut sent = Vec::new();
    for operation in operations {
        let end = sent.len() + operation.len();
        match operation {
            SpiOperation::Delay(time) if !time.is_zero() => {
                return Err(Error::unsupported(
                    "a pause with the device selected, which the daemon's SPI does not have,",
                ));
            }
            SpiOperation::Write(data) | SpiOperation::Transfer(_, data) => sent.extend_from_slice(data),
            SpiOperation::TransferInPlace(data) => sent.extend_from_slice(data),
            SpiOperation::Read(_) | SpiOperation::Delay(_) => {}
            _ => return Err(Error::unsupported("this step of an SPI transaction")),
        }
        sent.resize(end, 0);
    }
    Ok(sent)
}

/// Hands the received bytes to the operations.
fn hand_out(mut received: &[u8], operations: &mut [SpiOperation<'_>]) {
    for operation in operations {
        let (own, others) = received.split_at(operation.len());
        received = others;
        match operation {
            SpiOperation::Read(data) | SpiOperation::Transfer(data, _) => {
                data.copy_from_slice(&own[..data.len()]);
            }
            SpiOperation::TransferInPlace(data) => data.copy_from_slice(own),
            _ => {}
        }
    }
}

impl SpiBus for PigpioSpi {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        let mut sent = outgoing(operations)?;
        let count = sent.len();
        if count > MAX_EXTENSION {
            let message = format!("a transfer has {MAX_EXTENSION} bytes at most, not {count}");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        if count == 0 {
            return self.device.check();
        }
        if self.is_turned {
            turn(&mut sent);
        }
        // Bit-banged SPI may take several times as long as it should.
        let time = Duration::from_secs(1) * count as u32 * 32 / self.rate;
        let answer = self.device.ask(time, |number| Frame::new(self.transfer, number, 0).with(sent))?;
        let mut received = answer.payload;
        if received.len() != count {
            return Err(Error::new(
                ErrorKind::Io,
                "the daemon has not exchanged as many bytes as it was given",
            ));
        }
        if self.is_turned {
            turn(&mut received);
        }
        hand_out(&received, operations);
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.device.close()
    }
}
