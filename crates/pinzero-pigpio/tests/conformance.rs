//! The conformance suite through a model of the genuine daemon: all of it once, and what depends on when reports come also
//! through a daemon that is late or slow.

use std::process::ExitCode;
use std::time::Duration;

use fake_pigpiod::{Fake, Options};
use libtest_mimic::{Arguments, Trial};
use pinzero_conformance::{Deviation, Rig, Suite, WiredPins};
use pinzero_core::time::{Clock, Instant, ms, us};
use pinzero_core::{Gpio, Level, Line, PinFactory, Result};
use pinzero_pigpio::PigpioFactory;

/// Two lines that rest at different levels, as the board says.
const LINES: [Line; 2] = [Line(4), Line(17)];

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

fn main() -> ExitCode {
    let late = Options { late_reports: true, ..Options::default() };
    // Every reply and report in pieces, with delays.
    let slow = Options { piece: Some(100), delay: us(300), ..Options::default() };
    let mut trials = Suite::new("pigpiod", || FakeRig::new(Options::default()))
        .deviations(&[NO_PAUSE, NO_TIMEOUT])
        .trials();
    let suites = [
        Suite::new("pigpiod_late", move || FakeRig::new(late)),
        Suite::new("pigpiod_slow", move || FakeRig::new(slow)),
    ];
    for suite in suites {
        let is_timely = |trial: &Trial| TIMELY.iter().any(|part| trial.name().contains(part));
        trials.extend(suite.trials().into_iter().filter(is_timely));
    }
    // As users have it: two pins and a wire, nothing but the client to see them with.
    let wired = Suite::new("pigpiod_wired", Wired::new);
    let shows = |trial: &Trial| WIRED.iter().any(|part| trial.name().contains(part));
    trials.extend(wired.trials().into_iter().filter(shows));
    // One at a time, as `pinzero_conformance::run` has it: some measure.
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What depends on when reports come, by a part of a trial's name: edges, debouncing and closing.
const TIMELY: &[&str] = &[
    "::edges::",
    "::debounce::",
    "::ownership::",
    "::ends_",
    "::restores_",
    "::leaves_",
    "::keeps_its_level",
];

/// What a wire shows in another way than the model of the daemon does: waves, and levels.
const WIRED: &[&str] = &["::pwm::", "::flex::", "::line_info::", "::ownership::"];

/// Two pins of a daemon and a wire.
struct Wired {
    pins: WiredPins,
    _fake: Fake,
}

impl Wired {
    fn new() -> Result<Self> {
        let FakeRig { gpio, fake, .. } = FakeRig::new(Options::default())?;
        Ok(Wired { pins: WiredPins::new(&gpio, WIRE[0], WIRE[1])?, _fake: fake })
    }
}

impl Rig for Wired {
    fn gpio(&self) -> &Gpio {
        self.pins.gpio()
    }

    fn lines(&self) -> Vec<Line> {
        self.pins.lines()
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        self.pins.drive(line, level)
    }

    fn observe(&self, line: Line) -> Result<Level> {
        self.pins.observe(line)
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        self.pins.changes(line)
    }

    fn wire(&self) -> Result<Option<[Line; 2]>> {
        self.pins.wire()
    }

    /// Half a way over the network, and what the daemon's sampling takes.
    fn precision(&self) -> Duration {
        ms(2)
    }
}

struct FakeRig {
    gpio: Gpio,
    fake: Fake,
    /// One moment by both clocks, before all changes. Read for each change, they would differ by what passes between them, and changes would swap places.
    moment: (Instant, std::time::Instant),
}

impl FakeRig {
    fn new(options: Options) -> Result<Self> {
        let moment = (Clock::real().now(), std::time::Instant::now());
        let fake = Fake::with(options);
        fake.wire(WIRE[0].0, WIRE[1].0);
        Ok(FakeRig { gpio: Gpio::new(connect(&fake)?)?, fake, moment })
    }
}

fn connect(fake: &Fake) -> Result<PigpioFactory> {
    PigpioFactory::connect(fake.address().to_string())
}

impl Rig for FakeRig {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn lines(&self) -> Vec<Line> {
        LINES.to_vec()
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        self.fake.drive(line.0, level.map(Level::is_high));
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(Level::from(self.fake.level(line.0)))
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let (ours, theirs) = self.moment;
        let at = |at: std::time::Instant| ours + (at - theirs);
        let changes = self.fake.changes(line.0);
        Ok(Some(changes.iter().map(|change| (at(change.at), Level::from(change.level))).collect()))
    }

    fn wire(&self) -> Result<Option<[Line; 2]>> {
        Ok(Some(WIRE))
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some(Box::new(connect(&self.fake)?)))
    }

    /// Half a way over the network, and what the daemon's sampling takes.
    fn precision(&self) -> Duration {
        ms(2)
    }

    /// A step of the daemon's PWM.
    fn resolution(&self) -> Duration {
        us(5)
    }
}
