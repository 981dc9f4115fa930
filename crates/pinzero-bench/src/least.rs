//! The least that a backend can be: an output is one atomic level, and a bus takes what it gets.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use pinzero_core::board::Board;
use pinzero_core::{
    Capabilities, Error, GroupConfig, HardwareSpiConfig, Host, I2cAddress, I2cBus, I2cConfig, I2cOperation,
    InputConfig, Level, Line, LineInfo, OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig,
    PwmPin, Result, SpiBus, SpiConfig, SpiOperation, Support,
};

/// An output that stores its level.
#[derive(Debug, Default)]
pub(crate) struct Least(AtomicBool);

impl Pin for Least {
    fn level(&self) -> Result<Level> {
        Ok(Level::from(self.0.load(Ordering::Relaxed)))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl OutputPin for Least {
    fn set(&self, level: Level) -> Result<()> {
        self.0.store(level.is_high(), Ordering::Release);
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

/// A bus on which nothing happens.
#[derive(Debug)]
struct LeastBus;

impl I2cBus for LeastBus {
    fn transfer(&self, _: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()> {
        black_box(operations);
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl SpiBus for LeastBus {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        black_box(operations);
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// A factory of such outputs and buses, which has nothing else.
#[derive(Debug)]
pub(crate) struct LeastFactory;

impl PinFactory for LeastFactory {
    fn name(&self) -> &'static str {
        "least"
    }

    fn host(&self) -> Host {
        Host::Local
    }

    fn capabilities(&self) -> Capabilities {
        let native = Support::Native;
        Capabilities { output: native, hardware_spi: native, i2c: native, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        Board::generic(28)
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, _: Line) -> Result<LineInfo> {
        Ok(LineInfo::default())
    }

    fn open_output(&self, _: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Ok(Box::new(Least::default()))
    }

    fn open_group(&self, _: &[Line], _: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        Err(Error::unsupported("a group of outputs"))
    }

    fn open_input(&self, _: Line, _: InputConfig) -> Result<Box<dyn Pin>> {
        Err(Error::unsupported("an input"))
    }

    fn open_pwm(&self, _: Line, _: PwmConfig) -> Result<Box<dyn PwmPin>> {
        Err(Error::unsupported("PWM"))
    }

    fn open_spi(&self, _: SpiConfig) -> Result<Box<dyn SpiBus>> {
        Err(Error::unsupported("SPI"))
    }

    fn open_hardware_spi(&self, _: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        Ok(Box::new(LeastBus))
    }

    fn open_i2c(&self, _: I2cConfig) -> Result<Box<dyn I2cBus>> {
        Ok(Box::new(LeastBus))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}
