//! The mock's controllers: hardware SPI and I2C, which reach the chips on their lines without moving the lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::chip::Fault;
use super::circuit::Circuit;
use super::i2c::{self, Chip, I2cWires};
use super::spi::SpiPeripheral;
use crate::bus::{HardwareSpiConfig, I2cAddress, I2cBus, I2cOperation, SpiBus, SpiOperation};
use crate::emulate::soft_i2c::STRETCH;
use crate::error::{Error, ErrorKind, Result};
use crate::spi_mode::SpiSettings;
use crate::types::{Level, Line};

/// The chips on the buses of a circuit, for its controllers.
#[derive(Debug, Default)]
pub(super) struct Chips {
    pub(super) spi: Vec<Arc<Mutex<SpiPeripheral>>>,
    pub(super) i2c: Vec<Arc<Mutex<I2cWires>>>,
}

/// The most bytes of an I2C operation and of an SPI transaction: those of Linux, so that a test on the mock shows what is too long.
const MOST_I2C: usize = 8_192;
const MOST_SPI: usize = 4_096;

/// Returns the lines of a bus that the board has.
pub(super) fn lines<const N: usize>(lines: Option<[u32; N]>, what: &str) -> Result<[Line; N]> {
    let missing = || Error::new(ErrorKind::NoChip, format!("this mock's board has no such {what}"));
    Ok(lines.ok_or_else(missing)?.map(Line))
}

/// Checks that the transfer of a closed bus is refused.
fn check_open(closed: &AtomicBool) -> Result<()> {
    if closed.load(Ordering::Acquire) { Err(Error::closed()) } else { Ok(()) }
}

#[derive(Debug)]
pub(super) struct MockI2c {
    circuit: Arc<Circuit>,
    lines: [Line; 2],
    /// Lets one transaction run at a time, as the controller does.
    turn: Mutex<()>,
    closed: AtomicBool,
}

impl MockI2c {
    pub(super) fn new(circuit: Arc<Circuit>, lines: [Line; 2]) -> Self {
        MockI2c { circuit, lines, turn: Mutex::default(), closed: AtomicBool::new(false) }
    }

    fn find(&self, address: I2cAddress) -> Result<Chip> {
        let chips = self.circuit.chips.lock();
        let wires = chips.i2c.iter().find(|wires| wires.lock().is_on(self.lines));
        let missing = || Error::new(ErrorKind::NoAcknowledge, "no device answers at this address");
        wires.and_then(|wires| wires.lock().find(address)).ok_or_else(missing)
    }
}

impl I2cBus for MockI2c {
    fn transfer(&self, address: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()> {
        check_open(&self.closed)?;
        if operations.iter().any(|operation| operation.len() > MOST_I2C) {
            let message = format!("an operation has {MOST_I2C} bytes at most, as on Linux");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let turn = self.turn.lock();
        let chip = self.find(address)?;
        let fault = chip.lock().fault;
        if matches!(fault, Some(Fault::Hangs))
            || matches!(fault, Some(Fault::Stretches(time)) if time > STRETCH)
        {
            return Err(Error::new(ErrorKind::TimedOut, "a device holds the clock low"));
        }
        let mut is_busy = false;
        let result = operations.iter_mut().try_for_each(|operation| {
            let is_read = operation.is_read();
            // A chip with an address of 10 bits is first called by a write.
            let is_called_twice = matches!(address, I2cAddress::Ten(_)) && is_read && !is_busy;
            for is_read in &[false, is_read][usize::from(!is_called_twice)..] {
                if !i2c::begin(&chip, *is_read) {
                    return Err(Error::new(ErrorKind::NoAcknowledge, "no device answers at this address"));
                }
                is_busy = true;
            }
            match operation {
                I2cOperation::Read(data) => data.iter_mut().for_each(|byte| *byte = i2c::read(&chip)),
                I2cOperation::Write(data) => {
                    let refused =
                        data.iter().enumerate().find(|(index, byte)| !i2c::write(&chip, *index, **byte));
                    if let Some((index, _)) = refused {
                        let message =
                            format!("the device does not take byte {} of {}", index + 1, data.len());
                        return Err(Error::new(ErrorKind::Refused, message));
                    }
                }
            }
            Ok(())
        });
        if is_busy {
            chip.lock().chip.stop();
        }
        drop(turn);
        self.circuit.look_again();
        result
    }

    fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct MockHardwareSpi {
    circuit: Arc<Circuit>,
    lines: [Line; 4],
    config: HardwareSpiConfig,
    closed: AtomicBool,
}

impl MockHardwareSpi {
    pub(super) fn new(circuit: Arc<Circuit>, lines: [Line; 4], config: HardwareSpiConfig) -> Self {
        MockHardwareSpi { circuit, lines, config, closed: AtomicBool::new(false) }
    }

    /// Returns the chip, if it understands this configuration.
    fn find(&self) -> Option<Arc<Mutex<SpiPeripheral>>> {
        let chips: Vec<_> = self.circuit.chips.lock().spi.clone();
        // The chip of this select or, on a bus without one, first another that an output of the program selects.
        let chip = chips.iter().find(|chip| self.is_selected_elsewhere(chip));
        let chip = chip.or_else(|| chips.iter().find(|chip| chip.lock().lines == self.lines))?;
        let edge = |mode| {
            let settings = SpiSettings { mode, ..SpiSettings::default() };
            settings.rest().is_high() == settings.reads_first()
        };
        let is_understood = edge(chip.lock().mode()) == edge(self.config.mode) && !self.config.select_high;
        is_understood.then(|| chip.clone())
    }

    /// Returns whether this controller leaves the selects alone, and the level of a line selects this chip on its bus.
    fn is_selected_elsewhere(&self, chip: &Mutex<SpiPeripheral>) -> bool {
        let lines = chip.lock().lines;
        let is_low = || self.circuit.look(lines[3], |state| state.level == Level::Low);
        self.config.unselected && lines[..3] == self.lines[..3] && is_low()
    }

    fn operate(&self, operation: &mut SpiOperation<'_>, mut exchange: impl FnMut(u8) -> u8) {
        match operation {
            SpiOperation::Read(data) => data.iter_mut().for_each(|byte| *byte = exchange(0)),
            SpiOperation::Write(data) => {
                for byte in data.iter() {
                    exchange(*byte);
                }
            }
            SpiOperation::Transfer(read, write) => (0..read.len().max(write.len())).for_each(|index| {
                let received = exchange(write.get(index).copied().unwrap_or(0));
                read.get_mut(index).into_iter().for_each(|byte| *byte = received);
            }),
            SpiOperation::TransferInPlace(data) => data.iter_mut().for_each(|byte| *byte = exchange(*byte)),
            SpiOperation::Delay(time) => self.circuit.clock.pass(*time),
        }
    }
}

impl SpiBus for MockHardwareSpi {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        check_open(&self.closed)?;
        if operations.iter().map(SpiOperation::len).sum::<usize>() > MOST_SPI {
            let message =
                format!("a transaction has {MOST_SPI} bytes at most, as on Linux without `spidev.bufsiz=`");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let turned = |byte: u8| if self.config.lsb_first { byte.reverse_bits() } else { byte };
        match self.find() {
            // No chip drives the line: a wire from MOSI does, or nothing.
            None => {
                let is_wired = self.circuit.are_wired(self.lines[1], self.lines[2]);
                let answer = |byte: u8| if is_wired { byte } else { u8::MAX };
                operations.iter_mut().for_each(|operation| self.operate(operation, answer));
            }
            Some(chip) => {
                // That line tells the chip of its begin and end.
                let selects = !self.is_selected_elsewhere(&chip);
                if selects {
                    chip.lock().select();
                }
                for operation in operations {
                    self.operate(operation, |byte| turned(chip.lock().exchange(turned(byte))));
                }
                if selects {
                    chip.lock().deselect();
                }
                self.circuit.look_again();
            }
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}
