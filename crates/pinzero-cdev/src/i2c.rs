//! An I2C bus by the kernel: one system call for each transaction.

use std::ffi::c_ulong;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pinzero_core::{Error, ErrorKind, I2cAddress, I2cBus, I2cOperation, Result};
use rustix::io::Errno;

use crate::config_txt::config_txt;
use crate::device_file::DeviceFile;
use crate::ioctl::{I2C_M_TEN, Message, i2c_functions, i2c_transfer};

/// The bits of a bus's functions for lists of messages, and for addresses of 10 bits.
const I2C: c_ulong = 0x1;
const TEN_BITS: c_ulong = 0x2;

/// The kernel's limits for one transaction.
const MESSAGES: usize = 42;
const BYTES: usize = 8192;

/// An I2C bus, as core sees it.
#[derive(Debug)]
pub(crate) struct CdevI2c {
    file: DeviceFile,
    has_ten_bits: bool,
}

impl CdevI2c {
    /// Wraps an open bus, if its controller can do more than SMBus.
    pub(crate) fn new(factory: &'static str, file: OwnedFd) -> Result<Self> {
        let functions = i2c_functions(file.as_fd()).map_err(|errno| {
            Error::new(ErrorKind::Io, "the device file is no I2C bus").with_source(io::Error::from(errno))
        })?;
        if functions & I2C == 0 {
            return Err(Error::unsupported("I2C by a controller that is for SMBus alone"));
        }
        Ok(CdevI2c { file: DeviceFile::new(factory, file), has_ten_bits: functions & TEN_BITS != 0 })
    }

    fn run(
        &self,
        file: BorrowedFd<'_>,
        address: I2cAddress,
        operations: &mut [I2cOperation<'_>],
    ) -> Result<()> {
        let flags = match address {
            I2cAddress::Seven(_) => 0,
            I2cAddress::Ten(_) if self.has_ten_bits => I2C_M_TEN,
            I2cAddress::Ten(_) => {
                return Err(Error::unsupported("an address of 10 bits with the driver of this controller"));
            }
        };
        // Core has checked the range.
        let bits = u16::try_from(address.bits()).unwrap_or(u16::MAX);
        if operations.len() > MESSAGES {
            let message = format!(
                "the kernel takes {MESSAGES} operations in one transaction, not {}",
                operations.len()
            );
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        if let Some(long) = operations.iter().find(|operation| operation.len() > BYTES) {
            let message = format!("the kernel takes {BYTES} bytes in one operation, not {}", long.len());
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let mut messages: Vec<Message<'_>> = Vec::with_capacity(operations.len());
        for operation in operations {
            messages.push(match operation {
                I2cOperation::Read(data) => Message::read(bits, flags, data),
                I2cOperation::Write(data) => Message::write(bits, flags, data),
                _ => return Err(Error::unsupported("an operation of a newer pinzero")),
            });
        }
        match i2c_transfer(file, &mut messages) {
            Ok(done) if done == messages.len() => Ok(()),
            Ok(done) => {
                let message = format!("the chip at {address} ended the transaction after {done} operations");
                Err(Error::new(ErrorKind::Refused, message))
            }
            Err(errno) => Err(failed(address, errno)),
        }
    }
}

impl I2cBus for CdevI2c {
    fn transfer(&self, address: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()> {
        self.file.call(|file| self.run(file, address, operations))
    }

    fn close(&self) -> Result<()> {
        self.file.close();
        Ok(())
    }
}

/// Returns the error of a transaction, by the meanings that drivers of I2C controllers give to the numbers.
fn failed(address: I2cAddress, errno: Errno) -> Error {
    let (kind, message) = match errno {
        // The driver of the older Raspberry Pis does not tell a refused address from a refused byte.
        Errno::NXIO | Errno::REMOTEIO => {
            (ErrorKind::NoAcknowledge, format!("no chip acknowledges at the address {address}"))
        }
        Errno::IO => (ErrorKind::Refused, format!("the chip at {address} did not take all bytes")),
        Errno::AGAIN => {
            (ErrorKind::ArbitrationLost, "another controller has taken the bus at the same time".to_owned())
        }
        Errno::TIMEDOUT => {
            let message = format!(
                "the bus hangs: something holds its clock or data low. If the chip at {address} stretches the clock, which the \
                 I2C controller of the BCM2835 (Raspberry Pi 0 to 4) gets wrong, lower the rate \
                 (`dtparam=i2c_arm_baudrate=10000` in {}), or take a bus by software (`dtoverlay=i2c-gpio`)",
                config_txt()
            );
            (ErrorKind::TimedOut, message)
        }
        Errno::OPNOTSUPP => {
            let message = "the driver of this controller does not run such a list of operations: on a Raspberry Pi 0 to 4, a \
                           read must be the last operation";
            (ErrorKind::Unsupported, message.to_owned())
        }
        _ => (ErrorKind::Io, format!("the kernel refused a transaction with the chip at {address}")),
    };
    Error::new(kind, message).with_source(io::Error::from(errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_kind() {
        for (errno, kind) in [
            (Errno::NXIO, ErrorKind::NoAcknowledge),
            (Errno::REMOTEIO, ErrorKind::NoAcknowledge),
            (Errno::IO, ErrorKind::Refused),
            (Errno::AGAIN, ErrorKind::ArbitrationLost),
            (Errno::TIMEDOUT, ErrorKind::TimedOut),
            (Errno::OPNOTSUPP, ErrorKind::Unsupported),
            (Errno::NOMEM, ErrorKind::Io),
        ] {
            assert_eq!(failed(I2cAddress::Seven(0x76), errno).kind(), kind, "{errno}");
        }
    }

    #[test]
    fn a_bus_that_hangs_has_its_remedies() {
        let error = failed(I2cAddress::Seven(0x76), Errno::TIMEDOUT).to_string();
        for words in ["0x76", "dtparam=i2c_arm_baudrate=", "config.txt", "dtoverlay=i2c-gpio"] {
            assert!(error.contains(words), "{words} is missing in {error}");
        }
    }
}
