//! The conformance suite over the network: the pigpio client, the daemon in the same process, and behind it a mock.

use std::process::ExitCode;
use std::time::Duration;

use pinzero::mock::{self, MockBuilder, MockGpio};
use pinzero::pigpio::PigpioFactory;
use pinzero::time::{Instant, ms, us};
use pinzero::{Capabilities, Gpio, Level, LineFunction, Result, Support};
use pinzero_conformance::{Deviation, Pulses, Rig, Suite, run};
use pinzero_core::{Line, PinFactory};
use pinzero_daemon::Daemon;

/// Two lines that rest at different levels, and two that are joined by a wire.
const HIGH_AT_REST: Line = Line(4);
const LOW_AT_REST: Line = Line(17);
const WIRE: [Line; 2] = [Line(22), Line(27)];

/// A transaction is one transfer of the protocol, which has no pause in it.
const NO_PAUSE: Deviation = Deviation {
    trial: "spi::keeps_the_device_selected",
    reason: "the protocol's transfers have no pause in them, so a transaction with one is refused",
};

/// A failed transfer has one code, whatever has gone wrong.
const NO_TIMEOUT: Deviation = Deviation {
    trial: "i2c::waits_for_a_held_line_and_no_longer",
    reason: "the protocol does not tell a held line from a chip that does not answer",
};

struct Remote {
    gpio: Gpio,
    daemon: Daemon,
    mock: MockGpio,
}

impl Remote {
    fn new(builder: MockBuilder) -> Result<Self> {
        let mock = builder.realtime().try_open()?;
        mock.wire(WIRE[0], WIRE[1]);
        let daemon = Daemon::builder(&mock).port(0).start()?;
        Ok(Remote { gpio: Gpio::new(connect(&daemon)?)?, daemon, mock })
    }
}

fn connect(daemon: &Daemon) -> Result<PigpioFactory> {
    PigpioFactory::connect(daemon.addrs()[0].to_string())
}

impl Rig for Remote {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn lines(&self) -> Vec<Line> {
        vec![HIGH_AT_REST, LOW_AT_REST]
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        match level {
            Some(level) => self.mock.line(line).drive(level),
            None => self.mock.line(line).release(),
        }
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(self.mock.line(line).level())
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let history = self.mock.line(line).history();
        Ok(Some(history.into_iter().map(|(at, level)| (Instant::ZERO + at, level)).collect()))
    }

    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        let line = self.mock.line(line);
        let pulses = line.pulses().pop().filter(|_| line.function() == LineFunction::Pwm);
        Ok(pulses.map(|pulse| Pulses { period: pulse.period, pulse: pulse.pulse }))
    }

    fn wire(&self) -> Result<Option<[Line; 2]>> {
        Ok(Some(WIRE))
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some(Box::new(connect(&self.daemon)?)))
    }

    /// Half a way over the network.
    fn precision(&self) -> Duration {
        ms(2)
    }

    /// A step of the protocol's PWM.
    fn resolution(&self) -> Duration {
        us(5)
    }
}

fn main() -> ExitCode {
    // What the mock does by itself, and not what core adds to that.
    let all = Capabilities { spi: Support::None, ..mock::gpio().capabilities() };
    let without_pwm = Capabilities { pwm: Support::None, ..all };
    run([
        Suite::new("remote", || Remote::new(mock::builder())).deviations(&[NO_PAUSE, NO_TIMEOUT]),
        Suite::new("remote_without_pwm", move || Remote::new(mock::builder().capabilities(without_pwm)))
            .deviations(&[NO_PAUSE, NO_TIMEOUT]),
    ])
}
