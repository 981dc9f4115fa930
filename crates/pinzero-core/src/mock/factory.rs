//! The mock as a backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinzero_board::Board;

use super::line::{Function, Pulse};
use super::world::World;
use crate::capability::Capabilities;
use crate::error::{Error, Result};
use crate::factory::{InputConfig, OutputConfig, OutputPin, Pin, PinFactory, PwmConfig, PwmPin};
use crate::types::{Bias, Host, Level, Line, OnClose};

/// The backend whose pins exist in memory.
#[derive(Debug)]
pub struct MockFactory {
    world: Arc<World>,
}

impl MockFactory {
    pub(super) fn new(world: Arc<World>) -> Self {
        MockFactory { world }
    }

    fn open(&self, line: Line, on_close: OnClose) -> Result<MockPin> {
        self.world.take(line)?;
        let found = self.world.look(line, |state| Found {
            function: state.function,
            output: state.output,
            bias: state.bias,
        });
        Ok(MockPin { world: self.world.clone(), line, found, on_close, closed: AtomicBool::new(false) })
    }
}

impl PinFactory for MockFactory {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn host(&self) -> Host {
        Host::Virtual(self.world.id)
    }

    fn capabilities(&self) -> Capabilities {
        self.world.capabilities
    }

    fn board(&self) -> Board {
        self.world.board.clone()
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let pin = self.open(line, config.on_close)?;
        self.world.change(line, |state| {
            state.output = config.initial.unwrap_or(state.level);
            state.function = Function::Output;
        });
        Ok(Box::new(pin))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        let pin = self.open(line, OnClose::Restore)?;
        self.world.change(line, |state| {
            state.function = Function::Input;
            state.set_bias(config.bias);
        });
        // Listens from now on: the pull that has just been set is no event.
        self.world.look(line, |state| state.sink = config.edges);
        Ok(Box::new(pin))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        let pin = self.open(line, config.on_close)?;
        self.world.look(line, |state| state.function = Function::Pwm);
        self.world.pulse(line, config.period, config.pulse);
        Ok(Box::new(MockPwm { pin, rest: config.rest }))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct MockPin {
    world: Arc<World>,
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

    fn give_back(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let sink = self.world.change(self.line, |state| {
            let (function, output, bias) = match self.on_close {
                OnClose::Restore => (self.found.function, self.found.output, self.found.bias),
                OnClose::Input(bias) => (Function::Input, state.output, bias),
                OnClose::Low => (Function::Output, Level::Low, state.bias),
                OnClose::High => (Function::Output, Level::High, state.bias),
                OnClose::Keep => (state.function, state.output, state.bias),
            };
            (state.function, state.output) = (function, output);
            state.set_bias(bias);
            state.sink.take()
        });
        drop(sink);
    }
}

impl Pin for MockPin {
    fn level(&self) -> Result<Level> {
        self.check_open()?;
        Ok(self.world.look(self.line, |state| state.level))
    }

    fn close(&self) -> Result<()> {
        self.give_back();
        Ok(())
    }
}

impl OutputPin for MockPin {
    fn set(&self, level: Level) -> Result<()> {
        self.check_open()?;
        self.world.change(self.line, |state| {
            state.writes += 1;
            state.output = level;
        });
        Ok(())
    }
}

impl Drop for MockPin {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[derive(Debug)]
struct MockPwm {
    pin: MockPin,
    rest: Level,
}

impl PwmPin for MockPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.pin.check_open()?;
        self.pin.world.pulse(self.pin.line, period, pulse);
        Ok(())
    }

    fn close(&self) -> Result<()> {
        if self.pin.on_close == OnClose::Keep && !self.pin.closed.load(Ordering::Acquire) {
            self.pin.world.change(self.pin.line, |state| {
                let steady = state.pulses.last().and_then(Pulse::steady);
                (state.function, state.output) = (Function::Output, steady.unwrap_or(self.rest));
            });
        }
        self.pin.give_back();
        Ok(())
    }
}

impl Drop for MockPwm {
    fn drop(&mut self) {
        // A pin of the mock closes without an error.
        let _ = self.close();
    }
}

impl super::world::LineState {
    fn set_bias(&mut self, bias: Bias) {
        if bias != Bias::AsIs {
            self.bias = bias;
        }
    }
}
