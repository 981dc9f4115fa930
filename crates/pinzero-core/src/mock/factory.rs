//! The mock as a backend.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use pinzero_board::Board;

use super::circuit::{Circuit, Latch};
use super::line::{Function, Pulse};
use crate::capability::{Capabilities, Support};
use crate::error::{Error, Result};
use crate::factory::{
    GroupConfig, InputConfig, OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin,
    SpiBus, SpiConfig,
};
use crate::handle::line_info::{LineFunction, LineInfo};
use crate::sync::Mutex;
use crate::types::{Bias, Host, Level, Line, OnClose};

/// The backend whose pins exist in memory.
#[derive(Debug)]
pub struct MockFactory {
    circuit: Arc<Circuit>,
    /// What is open; `None` once closed.
    pins: Mutex<Option<Vec<Weak<MockPin>>>>,
}

impl MockFactory {
    pub(super) fn new(circuit: Arc<Circuit>) -> Self {
        MockFactory { circuit, pins: Mutex::new(Some(Vec::new())) }
    }

    /// Takes a line, if `power` is there for it; what is not declared is refused.
    fn open(&self, line: Line, what: &str, power: Support, on_close: OnClose) -> Result<Arc<MockPin>> {
        let powers = self.circuit.capabilities;
        if power == Support::None {
            return Err(Error::unsupported(what));
        }
        match on_close {
            OnClose::Keep if powers.keep == Support::None => {
                return Err(Error::unsupported("keeping a closed line as it is"));
            }
            OnClose::Input(bias) => self.check_bias(bias)?,
            _ => {}
        }
        let mut slot = self.pins.lock();
        let pins = slot.as_mut().ok_or_else(Error::closed)?;
        self.circuit.take(line)?;
        let found = self.circuit.look(line, |state| Found {
            function: state.function,
            output: state.output,
            bias: state.bias,
        });
        let (circuit, closed) = (self.circuit.clone(), AtomicBool::new(false));
        let pin = Arc::new(MockPin { circuit, line, found, on_close, closed });
        if pins.len() == pins.capacity() {
            // Twice the room of what is left: it pays for looking at all of it now and then.
            pins.retain(|pin| pin.strong_count() > 0);
            pins.reserve(pins.len().max(4));
        }
        pins.push(Arc::downgrade(&pin));
        Ok(pin)
    }

    fn check_bias(&self, bias: Bias) -> Result<()> {
        let is_there = bias == Bias::AsIs || self.circuit.capabilities.bias.is_available();
        if is_there { Ok(()) } else { Err(Error::unsupported(bias)) }
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
            function: Some(match state.function {
                Function::Input => LineFunction::Input,
                Function::Output => LineFunction::Output,
                Function::Pwm => LineFunction::Pwm,
            }),
            level: Some(state.level),
            bias: Some(state.bias),
            consumer: state.consumer.clone(),
        }))
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let pin = self.open(line, "an output", self.capabilities().output, config.on_close)?;
        self.circuit.change(line, |state| {
            state.output = config.initial.unwrap_or(state.level);
            state.function = Function::Output;
        });
        Ok(match self.circuit.make_direct(line, &pin.closed) {
            Some(latch) => Box::new(DirectPin { latch, pin }),
            None => Box::new(pin),
        })
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let power = self.capabilities().group;
        let pins = lines.iter().map(|line| self.open(*line, "a group of outputs", power, config.on_close));
        let group = MockGroup {
            pins: pins.collect::<Result<_>>()?,
            lines: lines.to_vec(),
            circuit: self.circuit.clone(),
        };
        self.circuit.change_all(lines, |index, state| {
            state.output = bit(config.initial, index);
            state.function = Function::Output;
        });
        Ok(Box::new(group))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        self.check_bias(config.bias)?;
        if config.edges.is_some() && self.capabilities().edges == Support::None {
            return Err(Error::unsupported("edge detection"));
        }
        if config.settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let pin = self.open(line, "an input", self.capabilities().input, OnClose::Restore)?;
        self.circuit.change(line, |state| {
            state.function = Function::Input;
            state.set_bias(config.bias);
        });
        // Listens from now on: the pull that has just been set is no event.
        self.circuit.look(line, |state| state.sink = config.edges);
        Ok(Box::new(pin))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        let pin = self.open(line, "PWM", self.capabilities().pwm, config.on_close)?;
        self.circuit.look(line, |state| {
            (state.function, state.output, state.rest) = (Function::Pwm, Level::Low, config.rest);
        });
        self.circuit.pulse(line, config.period, config.pulse, || pin.check_open())?;
        Ok(Box::new(pin))
    }

    fn open_spi(&self, _: SpiConfig) -> Result<Box<dyn SpiBus>> {
        Err(Error::unsupported("SPI"))
    }

    fn close(&self) -> Result<()> {
        // The lock is kept throughout, so that a second call does not return before the lines are free.
        let mut slot = self.pins.lock();
        slot.take().iter().flatten().rev().filter_map(Weak::upgrade).for_each(|pin| pin.give_back());
        Ok(())
    }
}

#[derive(Debug)]
struct MockPin {
    circuit: Arc<Circuit>,
    line: Line,
    found: Found,
    on_close: OnClose,
    closed: AtomicBool,
}

/// The state in which a line was found.
#[derive(Debug, Clone, Copy)]
struct Found {
    function: Function,
    output: Level,
    bias: Bias,
}

impl MockPin {
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed().with_pin(self.line)) } else { Ok(()) }
    }

    fn write(&self, level: Level) -> Result<()> {
        self.circuit.change(self.line, |state| {
            // Looked at under the lock of the lines: no write follows a close that has returned.
            self.check_open()?;
            state.writes += 1;
            state.output = level;
            Ok(())
        })
    }

    fn give_back(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let sink = self.circuit.change(self.line, |state| {
            let (function, output, bias) = match self.on_close {
                OnClose::Restore => (self.found.function, self.found.output, self.found.bias),
                OnClose::Input(bias) => (Function::Input, state.output, bias),
                OnClose::Low => (Function::Output, Level::Low, state.bias),
                OnClose::High => (Function::Output, Level::High, state.bias),
                // A line that stays driven must not stay wherever the wave happened to be.
                OnClose::Keep if state.function == Function::Pwm => {
                    let steady = state.pulses.last().and_then(Pulse::steady);
                    (Function::Output, steady.unwrap_or(state.rest), state.bias)
                }
                OnClose::Keep => (state.function, state.output, state.bias),
            };
            state.is_taken = false;
            (state.function, state.output) = (function, output);
            state.set_bias(bias);
            state.sink.take()
        });
        drop(sink);
    }
}

impl Pin for Arc<MockPin> {
    fn level(&self) -> Result<Level> {
        self.check_open()?;
        Ok(self.circuit.look(self.line, |state| state.level))
    }

    fn close(&self) -> Result<()> {
        self.give_back();
        Ok(())
    }
}

impl OutputPin for Arc<MockPin> {
    fn set(&self, level: Level) -> Result<()> {
        self.write(level)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

/// An output that is written by its latch as long as it can be.
#[derive(Debug)]
struct DirectPin {
    latch: Arc<Latch>,
    pin: Arc<MockPin>,
}

impl Pin for DirectPin {
    fn level(&self) -> Result<Level> {
        self.pin.level()
    }

    fn close(&self) -> Result<()> {
        Pin::close(&self.pin)
    }
}

impl OutputPin for DirectPin {
    fn set(&self, level: Level) -> Result<()> {
        if self.latch.write(level) { Ok(()) } else { self.rewrite(level) }
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl DirectPin {
    /// Writes what another thread has come between, or what is not written by the latch any more.
    #[cold]
    #[inline(never)]
    fn rewrite(&self, level: Level) -> Result<()> {
        while !self.latch.write(level) {
            if self.latch.is_away() {
                return self.pin.write(level);
            }
        }
        Ok(())
    }
}

impl Drop for MockPin {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The level that bit `index` stands for.
fn bit(levels: u64, index: usize) -> Level {
    Level::from(levels >> index & 1 == 1)
}

#[derive(Debug)]
struct MockGroup {
    circuit: Arc<Circuit>,
    pins: Vec<Arc<MockPin>>,
    lines: Vec<Line>,
}

impl OutputGroupPins for MockGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        self.pins.iter().try_for_each(|pin| pin.check_open())?;
        self.circuit.change_all(&self.lines, |index, state| {
            // It may have been closed meanwhile, see `MockPin::set`.
            if bit(mask, index).is_high() && self.pins[index].check_open().is_ok() {
                state.writes += 1;
                state.output = bit(levels, index);
            }
        });
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        let mut levels = 0;
        for (index, pin) in self.pins.iter().enumerate() {
            levels |= u64::from(pin.level()?.is_high()) << index;
        }
        Ok(levels)
    }

    fn close(&self) -> Result<()> {
        self.pins.iter().rev().for_each(|pin| pin.give_back());
        Ok(())
    }
}

impl PwmPin for Arc<MockPin> {
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

impl super::circuit::LineState {
    fn set_bias(&mut self, bias: Bias) {
        if bias != Bias::AsIs {
            self.bias = bias;
        }
    }
}
