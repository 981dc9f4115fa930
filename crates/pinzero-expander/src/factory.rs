//! [`ExpanderFactory`]: the pins of a chip as a `PinFactory`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pinzero_core::board::Board;
use pinzero_core::{
    Capabilities, Drive, Error, FlexConfig, FlexPin, Found, Gpio, GroupConfig, Host, InputConfig, InputPins,
    InputsConfig, Level, Line, LineFunction, LineInfo, OnClose, OutputConfig, OutputGroupPins, OutputPin,
    Pin, PinFactory, Reports, Result,
};

use crate::chip::Chip;
use crate::held::{Held, bit};
use crate::port;

/// The pins of an MCP23017, MCP23S17, PCF8574 or 74HC595; returned by the method `factory` of its builder.
///
/// All factories on one chip share what is known of its registers, and the reservations of its lines.
#[derive(Debug)]
pub struct ExpanderFactory {
    chip: Arc<Chip>,
    is_closed: AtomicBool,
}

impl ExpanderFactory {
    pub(crate) fn new(chip: Arc<Chip>) -> Self {
        ExpanderFactory { chip, is_closed: AtomicBool::new(false) }
    }

    /// Takes the factory into use.
    pub(crate) fn open(self) -> Result<Gpio> {
        let base = self.chip.gpio.clone();
        Gpio::builder(self).through(&base).open()
    }

    fn bits(lines: &[Line], levels: u64) -> (u64, u64) {
        let each = lines.iter().enumerate();
        each.fold((0, 0), |(mask, bits), (index, line)| {
            (mask | bit(*line), bits | if levels >> index & 1 == 1 { bit(*line) } else { 0 })
        })
    }
}

impl PinFactory for ExpanderFactory {
    fn name(&self) -> &'static str {
        self.chip.model.name
    }

    fn host(&self) -> Host {
        self.chip.host.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.chip.capabilities()
    }

    fn board(&self) -> Board {
        Board::generic(self.chip.lines)
    }

    fn report_to(&self, reports: &Reports) {
        *self.chip.reports.lock() = reports.clone();
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        port::find_line(name, self.chip.lines, self.chip.model.name_of)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let mut state = self.chip.lock();
        let level = Level::of_bit(state.levels()?, line.0 as usize);
        let (function, bias) = match state.pins.found(bit(line)) {
            Found::Input(bias) => (LineFunction::Input, Some(bias)),
            _ => (LineFunction::Output, None),
        };
        Ok(LineInfo { function: Some(function), level: Some(level), bias, consumer: None })
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let OutputConfig { initial, on_close, .. } = config;
        let held = Held::open(&self.chip, &[line], on_close, Vec::new(), |state, pins| {
            let level = match initial {
                Some(level) => level,
                None => Level::of_bit(state.levels()?, line.0 as usize),
            };
            pins.drive_to(bit(line), level);
            Ok(())
        })?;
        Ok(Box::new(held))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        if config.settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let InputConfig { bias, edges, .. } = config;
        let inputs = InputsConfig::new(bias).edges(edges.into_iter().collect());
        Ok(Box::new(self.listen(&[line], inputs)?))
    }

    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        self.capabilities().inputs.require("inputs that belong together")?;
        Ok(Box::new(self.listen(lines, config)?))
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let (mask, levels) = ExpanderFactory::bits(lines, config.initial);
        let held = Held::open(&self.chip, lines, config.on_close, Vec::new(), |_, pins| {
            pins.drive(mask, levels);
            Ok(())
        })?;
        Ok(Box::new(held))
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        let capabilities = self.capabilities();
        capabilities.flex.require("a flexible line (`flex`)")?;
        let FlexConfig { start, edges, on_close, .. } = config;
        if edges.is_some() {
            capabilities.edges.require("edge detection")?;
        }
        let held = Held::open(&self.chip, &[line], on_close, edges.into_iter().collect(), |state, pins| {
            match start {
                Drive::Output(level) => pins.drive_to(bit(line), level),
                Drive::Input(bias) => {
                    self.chip.check_bias(bias)?;
                    pins.listen(bit(line), bias);
                    pins.watched |= state.heard(bit(line));
                }
                Drive::Pwm { .. } => return Err(Error::unsupported("PWM")),
            }
            Ok(())
        })?;
        Ok(Box::new(held))
    }

    fn close(&self) -> Result<()> {
        if self.is_closed.swap(true, Ordering::AcqRel) { Ok(()) } else { self.chip.leave() }
    }
}

impl ExpanderFactory {
    fn listen(&self, lines: &[Line], config: InputsConfig) -> Result<Held> {
        let capabilities = self.capabilities();
        capabilities.input.require("an input")?;
        if !config.edges.is_empty() {
            capabilities.edges.require("edge detection")?;
        }
        self.chip.check_bias(config.bias)?;
        let (mask, _) = ExpanderFactory::bits(lines, 0);
        Held::open(&self.chip, lines, OnClose::Restore, config.edges, |state, pins| {
            pins.listen(mask, config.bias);
            pins.watched |= state.heard(mask);
            Ok(())
        })
    }
}

impl Drop for ExpanderFactory {
    fn drop(&mut self) {
        // Fails only for the interrupt pin, which goes back as far as possible.
        let _ = PinFactory::close(self);
    }
}
