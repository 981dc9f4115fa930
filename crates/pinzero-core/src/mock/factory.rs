//! [`MockFactory`]: the mock's backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinzero_board::Board;

use super::circuit::{Circuit, LineState};
use super::controller::{MockHardwareSpi, MockI2c, lines};
use super::pulse::Pulse;
use super::serial::MockPort;
use crate::bus::{HardwareSpiConfig, I2cBus, I2cConfig, SerialConfig, SerialPort, SpiBus};
use crate::capability::Capabilities;
use crate::error::{Error, Result};
use crate::factory::{
    FlexConfig, FlexPin, GroupConfig, InputConfig, InputPins, InputsConfig, OutputConfig, OutputGroupPins,
    OutputPin, Pin, PinFactory, PwmConfig, PwmPin,
};
use crate::line_info::{LineFunction, LineInfo};
use crate::machine::Wave;
use crate::runtime::EdgeSink;
use crate::types::{Bias, Drive, Found, Host, Level, Line, OnClose, Release};

/// A backend whose pins exist in memory; returned by [`MockGpio::factory`](super::MockGpio::factory).
#[derive(Debug)]
pub struct MockFactory {
    circuit: Arc<Circuit>,
}

impl MockFactory {
    pub(super) fn new(circuit: Arc<Circuit>) -> Self {
        MockFactory { circuit }
    }

    /// Takes a line, and records the state in which it was found.
    fn take(&self, line: Line, on_close: OnClose) -> Result<MockPin> {
        if let OnClose::Input(bias) = on_close {
            self.check_bias(bias)?;
        }
        if on_close == OnClose::Keep {
            self.circuit.capabilities.keep.require("keeping a closed line as it is")?;
        }
        self.circuit.take(line)?;
        let found = self.circuit.look(line, |state| (state.found(), state.bias));
        let (circuit, closed) = (self.circuit.clone(), AtomicBool::new(false));
        Ok(MockPin { circuit, line, found: found.0, bias: found.1, on_close, closed })
    }

    fn check_drive(&self, drive: Drive) -> Result<()> {
        if let Drive::Input(bias) = drive { self.check_bias(bias) } else { Ok(()) }
    }

    fn take_all(&self, lines: &[Line], on_close: OnClose) -> Result<Vec<MockPin>> {
        lines.iter().map(|line| self.take(*line, on_close)).collect()
    }

    fn check_bias(&self, bias: Bias) -> Result<()> {
        if bias == Bias::AsIs { Ok(()) } else { self.circuit.capabilities.bias.require(bias) }
    }

    fn check_edges(&self, edges: Option<&EdgeSink>) -> Result<()> {
        if edges.is_none() { Ok(()) } else { self.circuit.capabilities.edges.require("edge detection") }
    }
}

impl PinFactory for MockFactory {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn host(&self) -> Host {
        Host::Virtual(self.circuit.id)
    }

    fn capabilities(&self) -> Capabilities {
        self.circuit.capabilities
    }

    fn board(&self) -> Board {
        self.circuit.board.clone()
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        Ok(self.circuit.look(line, |state| LineInfo {
            function: Some(state.function),
            level: Some(state.level),
            bias: Some(state.bias),
            consumer: state.consumer.clone(),
        }))
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        self.capabilities().output.require("an output")?;
        let pin = self.take(line, config.on_close)?;
        self.circuit.change(line, |state| state.drive_output(config.initial.unwrap_or(state.level)));
        Ok(Box::new(pin))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        self.capabilities().input.require("an input")?;
        self.check_bias(config.bias)?;
        self.check_edges(config.edges.as_ref())?;
        if config.settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let pin = self.take(line, OnClose::Restore)?;
        self.circuit.change(line, |state| state.listen(config.bias));
        // Only now: the change of level from the new pull must not be an edge.
        self.circuit.change(line, |state| state.sink = config.edges);
        Ok(Box::new(pin))
    }

    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        self.capabilities().inputs.require("inputs that belong together")?;
        self.check_bias(config.bias)?;
        self.check_edges(config.edges.first())?;
        let pins = self.take_all(lines, OnClose::Restore)?;
        self.circuit.change_all(lines, |_, state| state.listen(config.bias));
        for (line, sink) in lines.iter().zip(config.edges) {
            self.circuit.change(*line, |state| state.sink = Some(sink));
        }
        Ok(Box::new(MockLines { circuit: self.circuit.clone(), pins, lines: lines.to_vec() }))
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        self.capabilities().group.require("a group of outputs")?;
        let pins = self.take_all(lines, config.on_close)?;
        self.circuit.change_all(lines, |index, state| {
            state.drive_output(Level::of_bit(config.initial, index));
        });
        Ok(Box::new(MockLines { circuit: self.circuit.clone(), pins, lines: lines.to_vec() }))
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        self.capabilities().flex.require("a flexible line (`flex`)")?;
        self.check_edges(config.edges.as_ref())?;
        self.check_drive(config.start)?;
        let pin = self.take(line, config.on_close)?;
        self.circuit.change(line, |state| state.drive_as(config.start))?;
        self.circuit.change(line, |state| state.sink = config.edges);
        Ok(Box::new(pin))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        self.capabilities().pwm.require("PWM")?;
        let pin = self.take(line, config.on_close)?;
        self.circuit.look(line, |state| (state.output, state.rest) = (Level::Low, config.rest));
        self.circuit.pulse(line, config.period, config.pulse, || pin.check_open())?;
        Ok(Box::new(pin))
    }

    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        self.capabilities().hardware_spi.require("an SPI controller")?;
        let [clock, mosi, miso] = lines(self.circuit.board.spi_lines(config.bus), "SPI bus")?;
        let select = self.circuit.board.spi_select(config.bus, config.select);
        let [select] = lines(select.map(|select| [select]), "chip select")?;
        Ok(Box::new(MockHardwareSpi::new(self.circuit.clone(), [clock, mosi, miso, select], config)))
    }

    fn open_i2c(&self, config: I2cConfig) -> Result<Box<dyn I2cBus>> {
        self.capabilities().i2c.require("an I2C controller")?;
        let lines = lines(self.circuit.board.i2c_lines(config.bus), "I2C bus")?;
        Ok(Box::new(MockI2c::new(self.circuit.clone(), lines)))
    }

    fn open_serial(&self, config: SerialConfig) -> Result<Box<dyn SerialPort>> {
        self.capabilities().serial.require("a serial port")?;
        Ok(Box::new(MockPort::open(&self.circuit, &config.port)?))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct MockPin {
    circuit: Arc<Circuit>,
    line: Line,
    found: Found,
    bias: Bias,
    on_close: OnClose,
    closed: AtomicBool,
}

impl MockPin {
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed().with_pin(self.line)) } else { Ok(()) }
    }

    fn give_back(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let sink = self.circuit.change(self.line, |state| {
            let rest = (state.function == LineFunction::Pwm).then(|| state.resting());
            state.is_taken = false;
            match self.found.release(self.on_close, rest) {
                Release::AsIs => {}
                Release::Input(bias) => state.listen(bias),
                Release::Output(level) => state.drive_output(level),
                Release::Function => (state.function, state.wave) = (LineFunction::Pwm, Wave::on_unknown()),
            }
            if self.on_close == OnClose::Restore {
                state.bias = self.bias;
            }
            state.sink.take()
        });
        drop(sink);
    }
}

impl Pin for MockPin {
    fn level(&self) -> Result<Level> {
        self.check_open()?;
        Ok(self.circuit.look(self.line, |state| state.level))
    }

    fn close(&self) -> Result<()> {
        self.give_back();
        Ok(())
    }
}

impl OutputPin for MockPin {
    fn set(&self, level: Level) -> Result<()> {
        self.circuit.change(self.line, |state| {
            // Checked under the lock of the lines, so that no write follows a close that has returned.
            self.check_open()?;
            state.writes += 1;
            state.output = level;
            Ok(())
        })
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl FlexPin for MockPin {
    fn turn(&self, drive: Drive) -> Result<()> {
        if let Drive::Pwm { period, pulse } = drive {
            self.circuit.capabilities.pwm.require("PWM")?;
            return self.circuit.pulse(self.line, period, pulse, || self.check_open());
        }
        self.circuit.change(self.line, |state| {
            self.check_open()?;
            state.writes += 1;
            state.drive_as(drive)
        })
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl PwmPin for MockPin {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.circuit.pulse(self.line, period, pulse, || self.check_open())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.give_back();
        Ok(())
    }
}

impl Drop for MockPin {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Lines that are read or driven together.
#[derive(Debug)]
struct MockLines {
    circuit: Arc<Circuit>,
    pins: Vec<MockPin>,
    lines: Vec<Line>,
}

impl MockLines {
    fn levels(&self) -> Result<u64> {
        self.pins
            .iter()
            .enumerate()
            .try_fold(0, |levels, (index, pin)| Ok(levels | u64::from(pin.level()?.is_high()) << index))
    }

    fn close(&self) -> Result<()> {
        self.pins.iter().rev().for_each(MockPin::give_back);
        Ok(())
    }
}

impl InputPins for MockLines {
    fn levels(&self) -> Result<u64> {
        self.levels()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl OutputGroupPins for MockLines {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        self.pins.iter().try_for_each(MockPin::check_open)?;
        self.circuit.change_all(&self.lines, |index, state| {
            // The pin may have been closed meanwhile, see `MockPin::set`.
            if mask >> index & 1 == 1 && self.pins[index].check_open().is_ok() {
                state.writes += 1;
                state.output = Level::of_bit(levels, index);
            }
        });
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        self.levels()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl LineState {
    fn found(&self) -> Found {
        match self.function {
            LineFunction::Input => Found::Input(self.bias),
            LineFunction::Output => Found::Output(self.output),
            LineFunction::Pwm | LineFunction::Alternate(_) => Found::Function,
        }
    }

    fn listen(&mut self, bias: Bias) {
        (self.function, self.wave) = (LineFunction::Input, Wave::on_unknown());
        if bias != Bias::AsIs {
            self.bias = bias;
        }
    }

    fn drive_output(&mut self, level: Level) {
        (self.function, self.output, self.wave) = (LineFunction::Output, level, Wave::on_unknown());
    }

    fn drive_as(&mut self, drive: Drive) -> Result<()> {
        match drive {
            Drive::Output(level) => self.drive_output(level),
            Drive::Input(bias) => self.listen(bias),
            Drive::Pwm { .. } => return Err(Error::unsupported("a start with PWM")),
        }
        Ok(())
    }

    /// Returns the level at which pulses stop.
    fn resting(&self) -> Level {
        self.pulses.last().and_then(Pulse::steady).unwrap_or(self.rest)
    }
}
