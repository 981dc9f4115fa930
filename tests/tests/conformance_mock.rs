//! The conformance suite over the mock: on virtual and on real time, with and without each of its powers.

use std::any::Any;
use std::process::ExitCode;

use pinzero::mock::{self, MockBuilder, MockGpio};
use pinzero::time::Instant;
use pinzero::{Capabilities, Gpio, Level, LineFunction, Result, Support};
use pinzero_conformance::{Pulses, Rig, Suite, WiredPins, run};
use pinzero_core::{Line, PinFactory};

/// Two lines that rest at different levels, and two that are joined by a wire.
const HIGH_AT_REST: Line = Line(4);
const LOW_AT_REST: Line = Line(17);
const WIRE: [Line; 2] = [Line(22), Line(27)];

struct Mock(MockGpio);

impl Mock {
    fn new(builder: MockBuilder) -> Result<Self> {
        let gpio = builder.try_open()?;
        gpio.wire(WIRE[0], WIRE[1]);
        Ok(Mock(gpio))
    }
}

impl Rig for Mock {
    fn gpio(&self) -> &Gpio {
        &self.0
    }

    fn lines(&self) -> Vec<Line> {
        vec![HIGH_AT_REST, LOW_AT_REST]
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        match level {
            Some(level) => self.0.line(line).drive(level),
            None => self.0.line(line).release(),
        }
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(self.0.line(line).level())
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let history = self.0.line(line).history();
        Ok(Some(history.into_iter().map(|(at, level)| (Instant::ZERO + at, level)).collect()))
    }

    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        let line = self.0.line(line);
        let pulses = line.pulses().pop().filter(|_| line.function() == LineFunction::Pwm);
        Ok(pulses.map(|pulse| Pulses { period: pulse.period, pulse: pulse.pulse }))
    }

    fn wire(&self) -> Result<Option<[Line; 2]>> {
        Ok(Some(WIRE))
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some(Box::new(self.0.factory())))
    }

    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        self.0.line(line).hold_by(Some("another program"));
        Ok(Some(Box::new(Held(self.0.clone(), line))))
    }
}

/// A line that another program holds, until this is dropped.
struct Held(MockGpio, Line);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.line(self.1).hold_by(None);
    }
}

/// A suite over a mock whose powers are not those of all mocks.
fn without(power: &str, powers: Capabilities) -> Suite {
    let set_up = move || Mock::new(mock::builder().capabilities(powers));
    Suite::new(format!("mock_without_{power}"), set_up)
}

fn main() -> ExitCode {
    // What the mock does by itself, and not what core adds to that.
    let all = Capabilities { spi: Support::None, ..mock::gpio().capabilities() };
    let none = Support::None;
    run([
        Suite::new("mock", || Mock::new(mock::builder())),
        Suite::new("mock_in_real_time", || Mock::new(mock::builder().realtime())),
        without("pwm", Capabilities { pwm: none, ..all }),
        without("bias", Capabilities { bias: none, ..all }),
        without("edges", Capabilities { edges: none, ..all }),
        without("group", Capabilities { group: none, ..all }),
        without("inputs", Capabilities { inputs: none, ..all }),
        without("flex", Capabilities { flex: none, ..all }),
        without("keep", Capabilities { keep: none, ..all }),
        without("output", Capabilities { output: none, group: none, flex: none, pwm: none, ..all }),
        without("anything", Capabilities::NONE),
        Suite::new("mock_on_a_wire", || {
            // The waves of its own PWM are noted, and not on the wire.
            let powers = Capabilities { pwm: Support::None, ..mock::gpio().capabilities() };
            let mock = mock::builder().capabilities(powers).open();
            mock.wire(WIRE[0], WIRE[1]);
            WiredPins::new(&mock, WIRE[0], WIRE[1])
        }),
    ])
}
