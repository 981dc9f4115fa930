//! The daemon as a state machine: requests and time in, replies and reports out.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::Options;
use crate::bus::{Bus, Buses};
use crate::code::{error, op};
use crate::frame::{Answer, Frame, Outcome};
use crate::lines::Lines;
use crate::notify::Notify;
use crate::pwm::Pulses;
use crate::rest::Rest;
use crate::serial::{Handles, Port};
use crate::waves::Waves;

/// What the daemon does while it runs, and forgets when it ends.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) notify: Notify,
    pub(crate) pulses: Pulses,
    pub(crate) buses: Buses,
    pub(crate) waves: Waves,
    pub(crate) rest: Rest,
    pub(crate) serial: Handles,
}

/// The daemon, and the board that it runs on.
#[derive(Debug)]
pub(crate) struct Model {
    options: Options,
    clock: Clock,
    pub(crate) lines: Lines,
    pub(crate) bus: Bus,
    /// By name.
    pub(crate) ports: BTreeMap<String, Port>,
    pub(crate) daemon: Daemon,
}

impl Model {
    pub(crate) fn new(options: Options) -> Self {
        let lines = Lines::new();
        let daemon = Daemon::new(&options, &lines);
        let clock = Clock::new(options.tick, options.is_frozen);
        let mut model = Model { options, clock, lines, bus: Bus::default(), ports: BTreeMap::new(), daemon };
        model.settle();
        model
    }

    /// Moves on to now: the time, and all that happens by itself.
    pub(crate) fn settle(&mut self) -> u64 {
        let now = self.clock.now().max(self.lines.now());
        if self.clock.is_frozen {
            self.clock.start = now;
        }
        while let Some(sample) = self.lines.play(now) {
            self.daemon.notify.sample(sample);
        }
        self.daemon.notify.run(now);
        now
    }

    /// Looks at the lines again after something was done to them `later` microseconds after the last time.
    pub(crate) fn look(&mut self, later: u64) {
        let time = self.lines.now() + later;
        if let Some(sample) = self.lines.look(time) {
            self.daemon.notify.sample(sample);
        }
    }

    /// Lets a time pass that lies ahead of the clock.
    pub(crate) fn pass(&mut self, micros: u64) {
        let end = self.lines.now() + micros;
        while let Some(sample) = self.lines.play(end) {
            self.daemon.notify.sample(sample);
        }
        self.daemon.notify.run(end);
    }

    /// Makes the clock go on, as if that much more time had passed.
    pub(crate) fn advance(&mut self, micros: u64) {
        self.clock.start += micros;
        self.settle();
    }

    /// When a tick was, or will be, if the clock was never moved on since.
    pub(crate) fn instant(&self, time: u64) -> Instant {
        let since = time.saturating_sub(self.clock.start);
        self.clock.begin + std::time::Duration::from_micros(since)
    }

    /// The process ends. Its DMA with it, so that its waves stay where they are.
    pub(crate) fn end(&mut self) {
        self.settle();
        let levels = self.lines.levels();
        for gpio in 0..crate::lines::LINES as u32 {
            let line = self.lines.line(gpio);
            if line.wave.take().is_some() {
                line.latch = levels >> gpio & 1 == 1;
            }
        }
        self.look(0);
        self.daemon = Daemon::new(&self.options, &self.lines);
    }

    /// The board starts anew.
    pub(crate) fn reset(&mut self) {
        self.clock = Clock::new(0, self.options.is_frozen);
        self.lines.reset();
        self.daemon = Daemon::new(&self.options, &self.lines);
    }

    /// Does what a request asks for.
    pub(crate) fn run(&mut self, frame: &Frame) -> Outcome {
        let now = self.settle();
        let notify = &mut self.daemon.notify;
        let value = match frame.command {
            op::MODES..=op::WRITE | op::BR1..=op::BS2 | op::TRIG | op::PADS | op::PADG => self.gpio(frame),
            op::PWM..=op::SERVO | op::PRG..=op::PRRG | op::GDC..=op::HP => self.pulses(frame),
            op::TICK => Ok(now as u32),
            op::HWVER => Ok(self.options.revision),
            op::PIGPV => Ok(79),
            op::NO => notify.open(None, now),
            op::NOIB => notify.open(Some(frame.connection), now),
            op::NB => notify.begin(frame.p1, frame.p2, now).map(|()| 0),
            op::NP => notify.pause(frame.p1).map(|()| 0),
            op::NC => notify.close(frame.p1).map(|()| 0),
            op::EVM => notify.choose_events(frame.p1, frame.p2).map(|()| 0),
            op::EVT => {
                within(frame.p1, 0..=31, error::BAD_EVENT_ID)?;
                notify.event(frame.p1, now);
                Ok(0)
            }
            op::WDOG => {
                user_gpio(frame.p1)?;
                within(frame.p2, 0..=60_000, error::BAD_WDOG_TIMEOUT)?;
                notify.watchdog(frame.p1, u64::from(frame.p2) * 1000, now);
                Ok(0)
            }
            op::FG => {
                user_gpio(frame.p1)?;
                within(frame.p2, 0..=300_000, error::BAD_FILTER)?;
                notify.glitch_filter(frame.p1, frame.p2.into(), now);
                Ok(0)
            }
            op::FN => {
                user_gpio(frame.p1)?;
                within(frame.p2, 0..=300_000, error::BAD_FILTER)?;
                within(frame.word(0), 0..=1_000_000, error::BAD_FILTER)?;
                notify.noise_filter(frame.p1, frame.p2.into(), frame.word(0).into(), now);
                Ok(0)
            }
            op::SPIO..=op::SPIX
            | op::I2CO..=op::I2CPK
            | op::I2CZ
            | op::BI2CC..=op::BI2CZ
            | op::BSPIC..=op::BSPIX => return self.bus(frame),
            op::SERO..=op::SERDA => return self.serial(frame, now),
            op::WVCLR..=op::WVSC | op::WVCRE..=op::WVNEW | op::WVCHA | op::WVTXM | op::WVTAT | op::WVCAP => {
                self.waves(frame)
            }
            _ => return self.rest(frame),
        };
        value.map(Answer::Value)
    }

    /// Whether clients may change a GPIO. Of numbers that no GPIO has somebody else must complain.
    pub(crate) fn permit(&self, gpio: u32) -> Result<(), i32> {
        let is_permitted = u64::from(gpio) >= crate::lines::LINES as u64 || self.permitted() >> gpio & 1 == 1;
        if is_permitted { Ok(()) } else { Err(error::NOT_PERMITTED) }
    }

    /// The GPIO that clients may change.
    pub(crate) fn permitted(&self) -> u64 {
        self.options.permitted
    }
}

impl Daemon {
    fn new(options: &Options, lines: &Lines) -> Self {
        let keep_alive = options.keep_alive.as_micros() as u64;
        Daemon {
            notify: Notify::new(lines.levels(), keep_alive.max(1), options.late_reports),
            pulses: Pulses::new(options.sample),
            buses: Buses::default(),
            waves: Waves::default(),
            rest: Rest::default(),
            serial: Handles::new(),
        }
    }
}

/// The daemon's time, in microseconds.
#[derive(Debug)]
struct Clock {
    /// The time at `begin`.
    start: u64,
    begin: Instant,
    is_frozen: bool,
}

impl Clock {
    fn new(start: u32, is_frozen: bool) -> Self {
        Clock { start: start.into(), begin: Instant::now(), is_frozen }
    }

    fn now(&self) -> u64 {
        self.start + if self.is_frozen { 0 } else { self.begin.elapsed().as_micros() as u64 }
    }
}

/// Whether a number is in range.
pub(crate) fn within(number: u32, range: std::ops::RangeInclusive<u32>, error: i32) -> Result<(), i32> {
    if range.contains(&number) { Ok(()) } else { Err(error) }
}

/// Whether there is a GPIO of this number.
pub(crate) fn any_gpio(gpio: u32) -> Result<(), i32> {
    within(gpio, 0..=53, error::BAD_GPIO)
}

/// Whether it is one of the first bank.
pub(crate) fn user_gpio(gpio: u32) -> Result<(), i32> {
    within(gpio, 0..=31, error::BAD_USER_GPIO)
}
