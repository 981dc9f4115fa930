//! SPI by the daemon: by its hardware if the lines allow it, else bit-banged there.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Result, SpiBus, SpiConfig, SpiMode, SpiOperation};

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
    pub(crate) fn open(client: &Arc<Client>, config: SpiConfig) -> Result<Self> {
        let rate = config.max_rate.unwrap_or(DEFAULT_RATE);
        match channel(&config).filter(|_| rate >= *HARDWARE.start()) {
            Some((channel, flags)) => {
                let rate = rate.min(*HARDWARE.end());
                let open = Frame::new(Command::Spio, channel, rate).with(flags.to_le_bytes());
                let device = RemoteHandle::open(client, open, Command::Spic, None, Some(config.select.0))?;
                Ok(PigpioSpi { device, transfer: Command::Spix, is_turned: config.lsb_first, rate })
            }
            None => {
                let rate = rate.min(*SOFTWARE.end());
                let (open, select) = (bit_by_bit(&config, rate)?, Some(config.select.0));
                let device = RemoteHandle::open(client, open, Command::Bspic, select, select)?;
                Ok(PigpioSpi { device, transfer: Command::Bspix, is_turned: false, rate })
            }
        }
    }
}

/// Returns the request that opens a bus on any lines.
fn bit_by_bit(config: &SpiConfig, rate: u32) -> Result<Frame> {
    if rate < *SOFTWARE.start() {
        let message = format!("SPI has {} Hz at least, not {rate} Hz", SOFTWARE.start());
        return Err(Error::new(ErrorKind::InvalidFrequency, message));
    }
    let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
    let flags = mode(config) | flag(config.select_high, SELECT_HIGH) | flag(config.lsb_first, LSB_FIRST);
    let words = [config.miso.0, config.mosi.0, config.clock.0, rate, flags];
    let extension: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Ok(Frame::new(Command::Bspio, config.select.0, 0).with(extension))
}

/// Returns the channel of hardware SPI with these lines, and its flags.
fn channel(config: &SpiConfig) -> Option<(u32, u32)> {
    let lines = [config.clock, config.mosi, config.miso].map(|line| line.0);
    let (channel, bus) = match (lines, config.select.0) {
        ([11, 10, 9], select @ (7 | 8)) => (8 - select, 0),
        // Its modes 1 and 3 do not work.
        ([21, 20, 19], select @ 16..=18) if matches!(config.mode, SpiMode::Mode0 | SpiMode::Mode2) => {
            (18 - select, AUXILIARY)
        }
        _ => return None,
    };
    let select_high = if config.select_high { 1 << (2 + channel) } else { 0 };
    Some((channel, mode(config) | select_high | bus))
}

fn mode(config: &SpiConfig) -> u32 {
    match config.mode {
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
        let end = sent.len() + length(operation)?;
        match operation {
            SpiOperation::Write(data) | SpiOperation::Transfer(_, data) => sent.extend_from_slice(data),
            SpiOperation::TransferInPlace(data) => sent.extend_from_slice(data),
            _ => {}
        }
        sent.resize(end, 0);
    }
    Ok(sent)
}

/// Returns how many bytes go over the wires in each direction.
fn length(operation: &SpiOperation<'_>) -> Result<usize> {
    match operation {
        SpiOperation::Read(data) => Ok(data.len()),
        SpiOperation::Write(data) => Ok(data.len()),
        SpiOperation::Transfer(read, write) => Ok(read.len().max(write.len())),
        SpiOperation::TransferInPlace(data) => Ok(data.len()),
        SpiOperation::Delay(time) if time.is_zero() => Ok(0),
        SpiOperation::Delay(_) => {
            Err(Error::unsupported("a pause with the device selected, which the daemon's SPI does not have,"))
        }
        _ => Err(Error::unsupported("this step of an SPI transaction")),
    }
}

/// Hands the received bytes to the operations.
fn hand_out(mut received: &[u8], operations: &mut [SpiOperation<'_>]) -> Result<()> {
    for operation in operations {
        let (own, others) = received.split_at(length(operation)?);
        received = others;
        match operation {
            SpiOperation::Read(data) | SpiOperation::Transfer(data, _) => {
                data.copy_from_slice(&own[..data.len()]);
            }
            SpiOperation::TransferInPlace(data) => data.copy_from_slice(own),
            _ => {}
        }
    }
    Ok(())
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
            return Ok(());
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
        hand_out(&received, operations)
    }

    fn close(&self) -> Result<()> {
        self.device.close()
    }
}
