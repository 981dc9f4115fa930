//! Bit-banged SPI on plain outputs and an input.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::bus::{SpiBus, SpiOperation};
use crate::error::{Error, Result};
use crate::factory::{InputConfig, OutputConfig, OutputPin, Pin};
use crate::gpio::Gpio;
use crate::handle::turn::Turn;
use crate::spi_mode::SpiSettings;
use crate::time::ms;
use crate::types::{Bias, Level, Line, OnClose};

/// The pins that the devices of a bus share.
#[derive(Debug)]
pub(crate) struct SpiWires {
    gpio: Gpio,
    clock: Box<dyn OutputPin>,
    mosi: Option<Box<dyn OutputPin>>,
    miso: Option<Box<dyn Pin>>,
    turn: Turn,
}

impl SpiWires {
    /// Opens the pins. The clock rests as the first device wants it.
    pub(crate) fn open(
        gpio: &Gpio,
        clock: Line,
        mosi: Option<Line>,
        miso: Option<Line>,
        settings: SpiSettings,
    ) -> Result<Self> {
        let input = |line: Line| {
            let config = InputConfig::new(Bias::AsIs);
            gpio.factory().open_input(line, config).map_err(|error| error.with_pin(line))
        };
        Ok(SpiWires {
            gpio: gpio.clone(),
            clock: output(gpio, clock, settings.rest())?,
            mosi: mosi.map(|line| output(gpio, line, Level::Low)).transpose()?,
            miso: miso.map(input).transpose()?,
            turn: Turn::default(),
        })
    }

    /// Blocks until the pins have taken all writes.
    fn confirm(&self) -> Result<()> {
        self.mosi.as_ref().map_or(Ok(()), |pin| pin.confirm()).and(self.clock.confirm())
    }

    pub(crate) fn close(&self) -> Result<()> {
        let clock = self.clock.close();
        let mosi = self.mosi.as_ref().map_or(Ok(()), |pin| pin.close());
        let miso = self.miso.as_ref().map_or(Ok(()), |pin| pin.close());
        clock.and(mosi).and(miso)
    }
}

fn output(gpio: &Gpio, line: Line, level: Level) -> Result<Box<dyn OutputPin>> {
    let config = OutputConfig::new(level, OnClose::Restore);
    gpio.factory().open_output(line, config).map_err(|error| error.with_pin(line))
}

/// One device on a bus: its chip select and its settings.
#[derive(Debug)]
pub(crate) struct SoftSpi {
    wires: Arc<SpiWires>,
    select: Option<Box<dyn OutputPin>>,
    settings: SpiSettings,
    /// Half a clock cycle.
    half: Duration,
    is_closed: AtomicBool,
}

impl SoftSpi {
    /// Opens the chip select.
    pub(crate) fn open(wires: Arc<SpiWires>, select: Option<Line>, settings: SpiSettings) -> Result<Self> {
        let inactive = Level::from(!settings.select_high);
        Ok(SoftSpi {
            select: select.map(|line| output(&wires.gpio, line, inactive)).transpose()?,
            wires,
            settings,
            half: settings.max_rate.map_or(Duration::ZERO, |rate| ms(500) / rate.max(1)),
            is_closed: AtomicBool::new(false),
        })
    }

    fn choose(&self, selected: bool) -> Result<()> {
        let level = Level::from(selected == self.settings.select_high);
        self.select.as_ref().map_or(Ok(()), |pin| pin.set(level))
    }

    fn byte(&self, sent: u8) -> Result<u8> {
        let rest = self.settings.rest();
        let mut received = 0;
        for index in 0..8 {
            if self.is_closed.load(Ordering::Acquire) {
                return Err(Error::closed());
            }
            let bit = if self.settings.lsb_first { index } else { 7 - index };
            let out = Level::from(sent >> bit & 1 == 1);
            let level = if self.settings.reads_first() {
                self.put(out)?;
                self.pause();
                self.wires.clock.set(!rest)?;
                let level = self.get()?;
                self.pause();
                self.wires.clock.set(rest)?;
                level
            } else {
                self.wires.clock.set(!rest)?;
                self.put(out)?;
                self.pause();
                self.wires.clock.set(rest)?;
                let level = self.get()?;
                self.pause();
                level
            };
            received |= u8::from(level.is_high()) << bit;
        }
        // Writes to pins elsewhere are only on their way: more than a few of a pin at once, and its latest would replace others.
        self.wires.gpio.confirm(|| self.wires.confirm())?;
        Ok(received)
    }

    fn put(&self, level: Level) -> Result<()> {
        self.wires.mosi.as_ref().map_or(Ok(()), |pin| pin.set(level))
    }

    fn get(&self) -> Result<Level> {
        self.wires.miso.as_ref().map_or(Ok(Level::Low), |pin| pin.level())
    }

    fn pause(&self) {
        if !self.half.is_zero() {
            self.wires.gpio.delay().pause(self.half);
        }
    }

    fn operate(&self, operation: &mut SpiOperation<'_>) -> Result<()> {
        match operation {
            SpiOperation::Read(data) => data.iter_mut().try_for_each(|byte| {
                *byte = self.byte(0)?;
                Ok(())
            }),
            SpiOperation::Write(data) => data.iter().try_for_each(|byte| self.byte(*byte).map(drop)),
            SpiOperation::Transfer(read, write) => (0..read.len().max(write.len())).try_for_each(|index| {
                let received = self.byte(write.get(index).copied().unwrap_or(0))?;
                if let Some(byte) = read.get_mut(index) {
                    *byte = received;
                }
                Ok(())
            }),
            SpiOperation::TransferInPlace(data) => data.iter_mut().try_for_each(|byte| {
                *byte = self.byte(*byte)?;
                Ok(())
            }),
            SpiOperation::Delay(time) => {
                self.wires.gpio.sleep(*time);
                Ok(())
            }
        }
    }
}

impl SpiBus for SoftSpi {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        let _turn = self.wires.turn.take()?;
        // Another device on the bus may want the clock to rest at the other level.
        self.wires.clock.set(self.settings.rest())?;
        self.choose(true)?;
        let result = operations.iter_mut().try_for_each(|operation| self.operate(operation));
        // After an error, too, the device must not stay selected.
        let deselected = self.choose(false);
        let selects = || self.select.as_ref().map_or(Ok(()), |pin| pin.confirm());
        result.and(deselected).and(self.wires.gpio.confirm(selects))
    }

    fn close(&self) -> Result<()> {
        self.is_closed.store(true, Ordering::Release);
        self.select.as_ref().map_or(Ok(()), |pin| pin.close())
    }
}
