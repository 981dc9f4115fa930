//! A device on an SPI bus by the kernel: one system call for each transaction.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinzero_core::{Error, ErrorKind, HardwareSpiConfig, Result, SpiBus, SpiMode, SpiOperation};
use rustix::io::Errno;

use crate::config_txt::config_txt;
use crate::device_file::DeviceFile;
use crate::ioctl::{STEPS, Step, set_spi_mode, spi_transfer};

const CPHA: u32 = 0x01;
const CPOL: u32 = 0x02;
const CS_HIGH: u32 = 0x04;
const LSB_FIRST: u32 = 0x08;
const NO_CS: u32 = 0x40;

/// The rate unless another is asked for: gpiozero's, which all chips of its classes and most others keep up with.
const RATE: u32 = 500_000;

/// A device on an SPI bus, as core sees it.
#[derive(Debug)]
pub(crate) struct CdevSpi {
    file: DeviceFile,
    sys: PathBuf,
    rate: u32,
    /// The driver cannot send the lowest bit first, so the bits of each byte are reversed here.
    is_reversed: bool,
}

impl CdevSpi {
    /// Wraps an open device, and sets its mode.
    pub(crate) fn new(
        factory: &'static str,
        file: OwnedFd,
        sys: &Path,
        config: HardwareSpiConfig,
    ) -> Result<Self> {
        let unselected = config.unselected && has_select_line(sys, config.bus);
        let mode = match config.mode {
            SpiMode::Mode0 => 0,
            SpiMode::Mode1 => CPHA,
            SpiMode::Mode2 => CPOL,
            SpiMode::Mode3 => CPOL | CPHA,
        };
        let flag = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        let mode = mode | flag(config.select_high, CS_HIGH) | flag(unselected, NO_CS);
        let order = flag(config.lsb_first, LSB_FIRST);
        let is_reversed = match set_spi_mode(file.as_fd(), mode | order) {
            Ok(()) => false,
            Err(Errno::INVAL) if config.lsb_first => {
                set_spi_mode(file.as_fd(), mode).map_err(|errno| refused(config, unselected, errno))?;
                true
            }
            Err(errno) => return Err(refused(config, unselected, errno)),
        };
        let rate = config.max_rate.unwrap_or(RATE);
        Ok(CdevSpi { file: DeviceFile::new(factory, file), sys: sys.to_owned(), rate, is_reversed })
    }

    fn run(&self, file: BorrowedFd<'_>, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        let mut steps: Vec<Step<'_>> = Vec::with_capacity(operations.len());
        for operation in operations {
            self.add(&mut steps, operation)?;
        }
        match steps.len() {
            0 => Ok(()),
            1..=STEPS => spi_transfer(file, &mut steps).map_err(|errno| self.failed(&steps, errno)),
            many => {
                let message = format!("the kernel takes {STEPS} steps in one transaction, not {many}");
                Err(Error::new(ErrorKind::InvalidValue, message))
            }
        }
    }

    /// Adds the steps of an operation: none for an empty one.
    fn add<'a>(&self, steps: &mut Vec<Step<'a>>, operation: &'a mut SpiOperation<'_>) -> Result<()> {
        let rate = self.rate;
        match operation {
            SpiOperation::Delay(time) => steps.extend(waits(*time).map(|delay| Step::wait(rate, delay))),
            operation if operation.is_empty() => {}
            SpiOperation::Read(data) => steps.push(Step::read(rate, data)),
            SpiOperation::Write(data) => steps.push(Step::write(rate, data)),
            SpiOperation::TransferInPlace(data) => steps.push(Step::in_place(rate, data)),
            SpiOperation::Transfer(read, write) => {
                let both = read.len().min(write.len());
                let (read, rest_read) = read.split_at_mut(both);
                let (write, rest_write) = write.split_at(both);
                if both > 0 {
                    steps.push(Step::both(rate, read, write));
                }
                if !rest_read.is_empty() {
                    steps.push(Step::read(rate, rest_read));
                }
                if !rest_write.is_empty() {
                    steps.push(Step::write(rate, rest_write));
                }
            }
            _ => return Err(Error::unsupported("an operation of a newer pinzero")),
        }
        Ok(())
    }

    /// Runs the operations with the bits of each byte reversed: sends a copy, and turns the bytes received in place.
    fn run_reversed(&self, file: BorrowedFd<'_>, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        let copies: Vec<Vec<u8>> = operations
            .iter()
            .map(|operation| match operation {
                SpiOperation::Write(data) | SpiOperation::Transfer(_, data) => reversed(data),
                SpiOperation::TransferInPlace(data) => reversed(data),
                _ => Vec::new(),
            })
            .collect();
        let mut turned: Vec<SpiOperation<'_>> = Vec::with_capacity(operations.len());
        for (operation, copy) in operations.iter_mut().zip(&copies) {
            turned.push(match operation {
                SpiOperation::Write(_) => SpiOperation::Write(copy),
                SpiOperation::Read(data) => SpiOperation::Read(data),
                SpiOperation::Transfer(data, _) | SpiOperation::TransferInPlace(data) => {
                    SpiOperation::Transfer(data, copy)
                }
                SpiOperation::Delay(time) => SpiOperation::Delay(*time),
                _ => return Err(Error::unsupported("an operation of a newer pinzero")),
            });
        }
        self.run(file, &mut turned)?;
        for operation in operations {
            if let SpiOperation::Read(data)
            | SpiOperation::Transfer(data, _)
            | SpiOperation::TransferInPlace(data) = operation
            {
                data.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
            }
        }
        Ok(())
    }

    /// Returns the error of a transaction of these steps.
    fn failed(&self, steps: &[Step<'_>], errno: Errno) -> Error {
        let (kind, message) = match errno {
            Errno::MSGSIZE => {
                let limit = fs::read_to_string(self.sys.join("module/spidev/parameters/bufsiz"));
                let limit = limit.as_deref().unwrap_or("4096").trim();
                let bytes: usize = steps.iter().map(Step::len).sum();
                // The kernel begins each step at a multiple of what direct memory access needs: 128 bytes at most.
                let room: usize = steps.iter().map(|step| step.len().next_multiple_of(128)).sum();
                let message = format!(
                    "a transaction of {bytes} bytes in {} steps does not fit into the kernel's buffer of {limit} bytes: add \
                     `spidev.bufsiz={}` to the kernel's command line and restart the board",
                    steps.len(),
                    room.next_power_of_two()
                );
                (ErrorKind::InvalidValue, message)
            }
            Errno::INVAL => {
                (ErrorKind::InvalidFrequency, "the controller does not have this rate".to_owned())
            }
            _ => (ErrorKind::Io, "the kernel refused an SPI transaction".to_owned()),
        };
        Error::new(kind, message).with_source(io::Error::from(errno))
    }
}

impl SpiBus for CdevSpi {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        self.file.call(|file| match self.is_reversed {
            true => self.run_reversed(file, operations),
            false => self.run(file, operations),
        })
    }

    fn close(&self) -> Result<()> {
        self.file.close();
        Ok(())
    }
}

fn reversed(data: &[u8]) -> Vec<u8> {
    data.iter().map(|byte| byte.reverse_bits()).collect()
}

/// Returns a delay in the kernel's unit and steps; never a shorter one.
fn waits(time: Duration) -> impl Iterator<Item = u16> {
    let mut left = time.as_nanos().div_ceil(1000);
    std::iter::from_fn(move || {
        let wait = u16::try_from(left).unwrap_or(u16::MAX);
        left -= u128::from(wait);
        (wait > 0).then_some(wait)
    })
    // One more than a transaction can have, so that too long a delay takes no memory.
    .take(STEPS + 1)
}

/// Returns whether the controller has a line for a chip select, or may have one: `dtoverlay=spi0-0cs` takes all away.
pub(crate) fn has_select_line(sys: &Path, bus: u32) -> bool {
    let lines = fs::read(sys.join(format!("class/spi_master/spi{bus}/of_node/cs-gpios")));
    lines.map_or(true, |lines| !lines.is_empty())
}

/// Returns the error of a mode that the driver does not have.
fn refused(config: HardwareSpiConfig, unselected: bool, errno: Errno) -> Error {
    let source = io::Error::from(errno);
    if errno != Errno::INVAL {
        return Error::new(ErrorKind::Io, "the kernel refused to set the mode of the SPI bus")
            .with_source(source);
    }
    let message = match (unselected, config.bus) {
        (true, 0) => format!(
            "the driver of this controller cannot leave its chip select alone: replace `dtparam=spi=on` by \
             `dtoverlay=spi0-0cs` in {}, and restart the board",
            config_txt()
        ),
        (true, _) => {
            "the driver of this controller cannot leave its chip select alone: take bus 0".to_owned()
        }
        (false, _) if config.select_high => {
            "the driver of this controller has no chip select that is active when high".to_owned()
        }
        (false, _) => format!("the driver of this controller does not have {:?}", config.mode),
    };
    Error::new(ErrorKind::Unsupported, message).with_source(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_never_shorter() {
        let steps = |time| waits(time).map(u32::from).collect::<Vec<_>>();
        assert_eq!(steps(Duration::ZERO), []);
        assert_eq!(steps(Duration::from_nanos(1)), [1]);
        assert_eq!(steps(Duration::from_micros(65_535)), [65_535]);
        assert_eq!(steps(Duration::from_nanos(65_535_001)), [65_535, 1]);
        assert_eq!(waits(Duration::MAX).count(), STEPS + 1);
    }

    #[test]
    fn a_mode_that_is_refused_has_its_reason() {
        let message = |config, unselected| refused(config, unselected, Errno::INVAL).to_string();
        let mut config = HardwareSpiConfig::new(0, 0);
        config.unselected = true;
        assert!(message(config, true).contains("dtoverlay=spi0-0cs"), "{}", message(config, true));
        config.bus = 1;
        assert!(message(config, true).contains("take bus 0"), "{}", message(config, true));
        (config.select_high, config.unselected) = (true, false);
        assert!(message(config, false).contains("active when high"), "{}", message(config, false));
    }
}
