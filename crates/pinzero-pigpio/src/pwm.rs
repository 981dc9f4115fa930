//! A line that carries pulses: by the hardware, by the daemon's timing, or as a servo's.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::board::Board;
use pinzero_core::time::{ms, us};
use pinzero_core::{Error, ErrorKind, Level, Line, OnClose, PwmConfig, PwmPin, Result};

use crate::driver::Driver;
use crate::found::Found;
use crate::link::{Held, Link};
use crate::offers::Offers;
use crate::protocol::{Code, Command};
use crate::session::Session;
use crate::wire::Frame;

/// The highest frequency of hardware PWM on all boards, in hertz.
const HIGHEST: f64 = 125_000_000.0;

/// How far from whole hertz a frequency may be that hardware PWM is asked for.
const WHOLE: f64 = 0.001;

/// A duty cycle of one, in the words of hardware PWM.
const FULL: u32 = 1_000_000;

/// The cycle of servos, and the pulses that the daemon knows as theirs.
const SERVO_PERIOD: Duration = ms(20);
const SERVO_PULSES: std::ops::RangeInclusive<Duration> = us(500)..=us(2500);

/// What the PWM lines of a factory share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The two channels of hardware PWM, each with the line that has it.
    channels: Mutex<[Option<u32>; 2]>,
    /// What the daemon of this session offers.
    offers: Mutex<Option<(u64, Arc<Offers>)>>,
}

impl Shared {
    /// The channel that a line can carry, by the wiring of all boards.
    fn channel(line: u32) -> Option<usize> {
        match line {
            12 | 18 => Some(0),
            13 | 19 => Some(1),
            _ => None,
        }
    }

    /// Takes the channel of a line, unless another line has it.
    fn take(&self, line: u32) -> bool {
        let Some(channel) = Shared::channel(line) else { return false };
        let mut lines = self.channels.lock();
        *lines[channel].get_or_insert(line) == line
    }

    fn give_back(&self, line: u32) {
        if let Some(channel) = Shared::channel(line) {
            self.channels.lock()[channel].take_if(|holder| *holder == line);
        }
    }

    /// What the daemon offers; `line` is used to ask it, the first time.
    fn offers(&self, session: &Session, line: u32) -> Result<Arc<Offers>> {
        let known = self.offers.lock().clone().filter(|(number, _)| *number == session.number);
        if let Some((_, offers)) = known {
            return Ok(offers);
        }
        let offers = Arc::new(Offers::new(&session.wire.ask_all(&Offers::questions(line))?)?);
        *self.offers.lock() = Some((session.number, offers.clone()));
        Ok(offers)
    }
}

/// Pulses as they are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wave {
    period: Duration,
    pulse: Duration,
}

impl Wave {
    /// The level, if it never changes.
    fn steady(self) -> Option<Level> {
        match self.pulse {
            Duration::ZERO => Some(Level::Low),
            pulse if pulse >= self.period => Some(Level::High),
            _ => None,
        }
    }
}

/// How pulses are made.
#[derive(Debug)]
enum Means {
    Hardware,
    Daemon(Arc<Offers>),
}

impl Means {
    /// Fails if it cannot make this wave.
    fn check(&self, wave: Wave) -> Result<()> {
        match self {
            Means::Hardware => hertz(wave.period).map(drop),
            Means::Daemon(offers) => offers.find(wave.period).map(drop),
        }
    }

    /// What leads to `wave`; from `before`, if that is there.
    fn frames(&self, line: u32, before: Option<Wave>, wave: Wave) -> Vec<Frame> {
        match self {
            Means::Hardware => {
                let share = wave.pulse.as_nanos() as f64 / wave.period.as_nanos() as f64;
                let duty = (share * f64::from(FULL)).round() as u32;
                // It was checked.
                let hertz = hertz(wave.period).unwrap_or(1);
                vec![Frame::new(Command::Hp, line, hertz).with(duty.to_le_bytes())]
            }
            Means::Daemon(offers) => {
                // It was checked.
                let Ok(offer) = offers.find(wave.period) else { return Vec::new() };
                let mut frames = Vec::new();
                if before.is_none_or(|before| before.period != wave.period) {
                    frames.push(Frame::new(Command::Pfs, line, offer.hertz));
                    // Servo pulses go without, but the daemon is known by it.
                    frames.push(Frame::new(Command::Prs, line, offer.range));
                }
                frames.push(match servo(wave) {
                    Some(micros) => Frame::new(Command::Servo, line, micros),
                    None => Frame::new(Command::Pwm, line, offer.duty(wave.period, wave.pulse)),
                });
                frames
            }
        }
    }
}

/// The length of a servo's pulse in microseconds, if the wave is one of those.
fn servo(wave: Wave) -> Option<u32> {
    let is_servo = wave.period == SERVO_PERIOD && SERVO_PULSES.contains(&wave.pulse);
    is_servo.then(|| (wave.pulse.as_nanos() as u32 + 500) / 1000)
}

/// The frequency as hardware PWM takes it.
fn hertz(period: Duration) -> Result<u32> {
    let wanted = 1.0 / period.as_secs_f64();
    let whole = wanted.round();
    if !(1.0..=HIGHEST).contains(&whole) || (wanted - whole).abs() > wanted * WHOLE {
        let message = format!("hardware PWM has whole frequencies from 1 Hz to 125 MHz, not {wanted:.6} Hz");
        return Err(Error::new(ErrorKind::InvalidFrequency, message));
    }
    Ok(whole as u32)
}

/// A line with pulses; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioPwm {
    pwm: Arc<Pwm>,
    ticket: u64,
}

#[derive(Debug)]
struct Pwm {
    line: u32,
    found: Found,
    /// The frequency that the line had before.
    frequency: u32,
    rest: Level,
    on_close: OnClose,
    means: Means,
    shared: Arc<Shared>,
    driver: Driver<Wave>,
}

impl PigpioPwm {
    pub(crate) fn open(
        link: &Arc<Link>,
        shared: &Arc<Shared>,
        board: &Board,
        line: Line,
        config: PwmConfig,
    ) -> Result<Self> {
        let line = line.0;
        let session = link.wait_for_session()?;
        let found = Found::new(line, &session.wire.ask_all(&Found::questions(line))?, board)?;
        let frequency = session.wire.ask(&Frame::new(Command::Pfg, line, 0))?.value()?;
        let wave = Wave { period: config.period, pulse: config.pulse };
        let has_hardware = hertz(wave.period).is_ok() && shared.take(line);
        let open = || {
            if has_hardware && try_hardware(&session, line, wave)? {
                return Ok(Means::Hardware);
            }
            if config.hardware {
                return Err(Error::unsupported(
                    "hardware PWM on this line, by this daemon, or at this frequency",
                ));
            }
            Ok(Means::Daemon(shared.offers(&session, line)?))
        };
        let means: Result<Means> = open().and_then(|means| means.check(wave).map(|()| means));
        let means = means.inspect_err(|error| {
            shared.give_back(line);
            // To ask what there is has changed the frequency; and the hardware may have been set without a reply.
            let mut frames = vec![Frame::new(Command::Pfs, line, frequency)];
            if error.kind() == ErrorKind::Disconnected {
                frames.extend(found.leave_output(OnClose::Restore, found.level));
            }
            let _ = link.give_back(frames);
        })?;
        if !matches!(means, Means::Hardware) {
            shared.give_back(line);
        }
        let driver = Driver::new(link.clone(), wave);
        let PwmConfig { rest, on_close, .. } = config;
        let shared = shared.clone();
        let pwm = Arc::new(Pwm { line, found, frequency, rest, on_close, means, shared, driver });
        let held: Weak<Pwm> = Arc::downgrade(&pwm);
        let pin = PigpioPwm { ticket: link.hold(held), pwm };
        // If it is refused, dropping this gives the line back.
        pin.pwm.restore(&session, true)?;
        Ok(pin)
    }
}

/// Has the hardware make the wave; tells whether it can.
fn try_hardware(session: &Session, line: u32, wave: Wave) -> Result<bool> {
    let frames = Means::Hardware.frames(line, None, wave);
    let answers = session.wire.ask_all(&frames)?;
    let result = Code(answers.first().map_or(0, |answer| answer.result));
    match result {
        // Not on this board, or the daemon needs it for its own timing, or does not know of it.
        Code::NOT_HPWM_GPIO | Code::HPWM_ILLEGAL | Code::UNKNOWN_COMMAND | Code::BAD_HPWM_FREQ => Ok(false),
        _ => answers.iter().try_for_each(|answer| answer.value().map(drop)).map(|()| true),
    }
}

impl PwmPin for PigpioPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        let Pwm { driver, means, line, .. } = &*self.pwm;
        let wave = Wave { period, pulse };
        let change = |_| means.check(wave).map(|()| wave);
        driver.set(change, |before, wave| means.frames(*line, Some(before), wave))
    }

    fn confirm(&self) -> Result<()> {
        self.pwm.driver.confirm(|session| self.pwm.catch_up(session))
    }

    fn close(&self) -> Result<()> {
        self.pwm.driver.link().release(self.ticket);
        self.pwm.close()
    }
}

impl Held for Pwm {
    fn marked(&self) -> Option<(u32, u32)> {
        match &self.means {
            // The range that a line has as long as the hardware has it.
            Means::Hardware => Some((self.line, FULL)),
            Means::Daemon(offers) => {
                offers.find(self.driver.wanted().period).ok().map(|offer| (self.line, offer.range))
            }
        }
    }

    fn restore(&self, session: &Arc<Session>, _: bool) -> Result<()> {
        self.driver.restore(session, |wave| self.means.frames(self.line, None, wave))
    }

    fn catch_up(&self, session: &Arc<Session>) {
        self.driver.catch_up(session, |wave| self.means.frames(self.line, None, wave));
    }

    fn close(&self) -> Result<()> {
        let Some(wave) = self.driver.close() else { return Ok(()) };
        let last = wave.steady().unwrap_or(self.rest);
        // A new mode or a plain level ends the pulses.
        let mut frames = self.found.leave_output(self.on_close, last);
        if let Means::Daemon(_) = self.means {
            frames.push(Frame::new(Command::Pfs, self.line, self.frequency));
        }
        let result = self.driver.link().give_back(frames);
        self.shared.give_back(self.line);
        result.and(self.driver.complaint())
    }
}

impl Drop for PigpioPwm {
    fn drop(&mut self) {
        if let Err(error) = PwmPin::close(self) {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}
