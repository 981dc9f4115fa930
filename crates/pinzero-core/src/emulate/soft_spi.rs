//! Bit-banged SPI on plain outputs and an input.

use std::time::Duration;

use crate::bus::{SpiBus, SpiOperation};
use crate::error::Result;
use crate::factory::{InputConfig, OutputConfig, OutputPin, Pin};
use crate::gpio::Gpio;
use crate::spi_mode::SpiSettings;
use crate::time::ms;
use crate::types::{Bias, Level, Line, OnClose};

/// The pins and the settings of a bus.
#[derive(Debug)]
pub(crate) struct SoftSpi {
    gpio: Gpio,
    clock: Box<dyn OutputPin>,
    mosi: Option<Box<dyn OutputPin>>,
    miso: Option<Box<dyn Pin>>,
    select: Option<Box<dyn OutputPin>>,
    settings: SpiSettings,
    /// Half a clock cycle.
    half: Duration,
}

impl SoftSpi {
    /// Opens the pins. The chip select comes first, so that the device is deselected before the clock becomes an output.
    pub(crate) fn open(
        gpio: &Gpio,
        clock: Line,
        mosi: Option<Line>,
        miso: Option<Line>,
        select: Option<Line>,
        settings: SpiSettings,
    ) -> Result<Self> {
        let output = |line: Line, level: Level| {
            let config = OutputConfig::new(level, OnClose::Restore);
            gpio.factory().open_output(line, config).map_err(|error| error.with_pin(line))
        };
        let input = |line: Line| {
            let config = InputConfig::new(Bias::AsIs);
            gpio.factory().open_input(line, config).map_err(|error| error.with_pin(line))
        };
        Ok(SoftSpi {
            gpio: gpio.clone(),
            select: select.map(|line| output(line, Level::from(!settings.select_high))).transpose()?,
            clock: output(clock, settings.rest())?,
            mosi: mosi.map(|line| output(line, Level::Low)).transpose()?,
            miso: miso.map(input).transpose()?,
            settings,
            half: settings.max_rate.map_or(Duration::ZERO, |rate| ms(500) / rate.max(1)),
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
            let bit = if self.settings.lsb_first { index } else { 7 - index };
            let out = Level::from(sent >> bit & 1 == 1);
            let level = if self.settings.reads_first() {
                self.put(out)?;
                self.pause();
                self.clock.set(!rest)?;
                let level = self.get()?;
                self.pause();
                self.clock.set(rest)?;
                level
            } else {
                self.clock.set(!rest)?;
                self.put(out)?;
                self.pause();
                self.clock.set(rest)?;
                let level = self.get()?;
                self.pause();
                level
            };
            received |= u8::from(level.is_high()) << bit;
        }
        Ok(received)
    }

    fn put(&self, level: Level) -> Result<()> {
        self.mosi.as_ref().map_or(Ok(()), |pin| pin.set(level))
    }

    fn get(&self) -> Result<Level> {
        self.miso.as_ref().map_or(Ok(Level::Low), |pin| pin.level())
    }

    fn pause(&self) {
        if !self.half.is_zero() {
            self.gpio.sleep(self.half);
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
                self.gpio.sleep(*time);
                Ok(())
            }
        }
    }
}

impl SpiBus for SoftSpi {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        self.choose(true)?;
        let result = operations.iter_mut().try_for_each(|operation| self.operate(operation));
        // After an error, too, the device must not stay selected.
        result.and(self.choose(false))
    }

    fn close(&self) -> Result<()> {
        let select = self.select.as_ref().map_or(Ok(()), |pin| pin.close());
        let clock = self.clock.close();
        let mosi = self.mosi.as_ref().map_or(Ok(()), |pin| pin.close());
        let miso = self.miso.as_ref().map_or(Ok(()), |pin| pin.close());
        select.and(clock).and(mosi).and(miso)
    }
}
