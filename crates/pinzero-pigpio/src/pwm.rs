//! A line with PWM: by the hardware, by the daemon's timing, or as a servo's pulses.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::board::Board;
use pinzero_core::time::{hertz as frequency_of, ms, us};
use pinzero_core::{Error, ErrorKind, Level, Line, OnClose, PwmConfig, PwmPin, Result};

use crate::client::{Client, Restorable};
use crate::connection::Connection;
use crate::desired::Desired;
use crate::pipeline::Frame;
use crate::protocol::{Code, Command};
use crate::pwm_frequencies::PwmFrequencies;
use crate::restore::{SavedState, write};

/// The highest frequency of hardware PWM on all boards, in hertz.
const HIGHEST: f64 = 125_000_000.0;

/// The tolerance around whole hertz for hardware PWM.
const WHOLE: f64 = 0.001;

/// The value of hardware PWM for a duty cycle of 1.
const FULL: u32 = 1_000_000;

/// The period of servos, and the pulse widths that the daemon accepts for them.
const SERVO_PERIOD: Duration = ms(20);
const SERVO_PULSES: std::ops::RangeInclusive<Duration> = us(500)..=us(2500);

/// The state that the PWM lines of a factory share.
#[derive(Debug, Default)]
pub(crate) struct PwmResources {
    /// The two channels of hardware PWM, each with the line that holds it.
    channels: Mutex<[Option<u32>; 2]>,
    /// The PWM frequencies of this connection's daemon.
    frequencies: Mutex<Option<(u64, Arc<PwmFrequencies>)>>,
}

impl PwmResources {
    /// Returns the channel that a line can carry, which is the same on all boards.
    fn channel(line: u32) -> Option<usize> {
        match line {
            12 | 18 => Some(0),
            13 | 19 => Some(1),
            _ => None,
        }
    }

    /// Takes the channel of a line, unless another line holds it.
    fn take(&self, line: u32) -> bool {
        let Some(channel) = PwmResources::channel(line) else { return false };
        let mut lines = self.channels.lock();
        *lines[channel].get_or_insert(line) == line
    }

    fn give_back(&self, line: u32) {
        if let Some(channel) = PwmResources::channel(line) {
            self.channels.lock()[channel].take_if(|holder| *holder == line);
        }
    }

    /// Returns the daemon's PWM frequencies. The first call asks the daemon, by trying them on `line`.
    pub(crate) fn frequencies(&self, connection: &Connection, line: u32) -> Result<Arc<PwmFrequencies>> {
        let known = self.frequencies.lock().clone().filter(|(number, _)| *number == connection.number);
        if let Some((_, frequencies)) = known {
            return Ok(frequencies);
        }
        let frequencies =
            Arc::new(PwmFrequencies::new(&connection.pipeline.ask_all(&PwmFrequencies::questions(line))?)?);
        *self.frequencies.lock() = Some((connection.number, frequencies.clone()));
        Ok(frequencies)
    }
}

/// The wanted pulses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pulses {
    pub(crate) period: Duration,
    pub(crate) pulse: Duration,
}

impl Pulses {
    /// Returns the level, if it never changes.
    pub(crate) fn steady(self) -> Option<Level> {
        match self.pulse {
            Duration::ZERO => Some(Level::Low),
            pulse if pulse >= self.period => Some(Level::High),
            _ => None,
        }
    }
}

/// The way to produce pulses.
#[derive(Debug)]
enum Means {
    Hardware,
    Daemon(Arc<PwmFrequencies>),
}

impl Means {
    /// Fails if this way cannot produce the wave.
    fn check(&self, pulses: Pulses) -> Result<()> {
        match self {
            Means::Hardware => hertz(pulses.period).map(drop),
            Means::Daemon(frequencies) => frequencies.find(pulses.period).map(drop),
        }
    }

    /// Returns the requests for `pulses`, from `before` if there is one.
    fn frames(&self, line: u32, before: Option<Pulses>, pulses: Pulses) -> Vec<Frame> {
        match self {
            Means::Hardware => {
                let share = pulses.pulse.as_nanos() as f64 / pulses.period.as_nanos() as f64;
                let duty = (share * f64::from(FULL)).round() as u32;
                // The caller has checked it.
                let hertz = hertz(pulses.period).unwrap_or(1);
                vec![Frame::new(Command::Hp, line, hertz).with(duty.to_le_bytes())]
            }
            Means::Daemon(frequencies) => daemon_frames(frequencies, line, before, pulses),
        }
    }
}

/// Returns the requests that make the daemon produce `pulses`, which are checked, from `before` if there is one.
pub(crate) fn daemon_frames(
    frequencies: &PwmFrequencies,
    line: u32,
    before: Option<Pulses>,
    pulses: Pulses,
) -> Vec<Frame> {
    let Ok(frequency) = frequencies.find(pulses.period) else { return Vec::new() };
    let mut frames = Vec::new();
    if before.is_none_or(|before| before.period != pulses.period) {
        frames.push(Frame::new(Command::Pfs, line, frequency.hertz));
        // Servo pulses go without, but the daemon is known by it.
        frames.push(Frame::new(Command::Prs, line, frequency.range));
    }
    frames.push(match (pulses.steady(), servo(pulses)) {
        // A level is there at once; the daemon's pulses begin and change with the next cycle.
        (Some(level), _) => write(line, level),
        (None, Some(micros)) => Frame::new(Command::Servo, line, micros),
        (None, None) => Frame::new(Command::Pwm, line, frequency.duty(pulses.period, pulses.pulse)),
    });
    frames
}

/// Returns the width of a servo's pulse in microseconds, if the wave is one.
fn servo(pulses: Pulses) -> Option<u32> {
    let is_servo = pulses.period == SERVO_PERIOD && SERVO_PULSES.contains(&pulses.pulse);
    is_servo.then(|| (pulses.pulse.as_nanos() as u32 + 500) / 1000)
}

/// Returns the frequency as hardware PWM takes it.
fn hertz(period: Duration) -> Result<u32> {
    let wanted = 1.0 / period.as_secs_f64();
    let whole = wanted.round();
    if !(1.0..=HIGHEST).contains(&whole) || (wanted - whole).abs() > wanted * WHOLE {
        let message = format!(
            "hardware PWM has whole frequencies from 1 Hz to 125 MHz, not {} Hz",
            frequency_of(period)
        );
        return Err(Error::new(ErrorKind::InvalidFrequency, message));
    }
    Ok(whole as u32)
}

/// A line with PWM; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioPwm {
    pwm: Arc<PwmLine>,
    ticket: u64,
}

#[derive(Debug)]
struct PwmLine {
    line: u32,
    saved: SavedState,
    /// The frequency that the line had before.
    frequency: u32,
    rest: Level,
    on_close: OnClose,
    means: Means,
    shared: Arc<PwmResources>,
    desired: Desired<Pulses>,
}

impl PigpioPwm {
    pub(crate) fn open(
        client: &Arc<Client>,
        shared: &Arc<PwmResources>,
        board: &Board,
        line: Line,
        config: PwmConfig,
    ) -> Result<Self> {
        let line = line.0;
        let connection = client.wait_for_connection()?;
        let saved = SavedState::ask(&connection, board, Line(line))?;
        let frequency = connection.pipeline.ask(&Frame::new(Command::Pfg, line, 0))?.value()?;
        let pulses = Pulses { period: config.period, pulse: config.pulse };
        let has_hardware = hertz(pulses.period).is_ok() && shared.take(line);
        let open = || {
            if has_hardware && try_hardware(&connection, line, pulses)? {
                return Ok(Means::Hardware);
            }
            if config.hardware {
                return Err(Error::unsupported(
                    "hardware PWM on this line, by this daemon, or at this frequency",
                ));
            }
            Ok(Means::Daemon(shared.frequencies(&connection, line)?))
        };
        let means: Result<Means> = open().and_then(|means| means.check(pulses).map(|()| means));
        let means = means.inspect_err(|error| {
            shared.give_back(line);
            // Asking for the frequencies has changed the line's frequency, and the hardware may have been set without a
            // reply.
            let mut frames = vec![Frame::new(Command::Pfs, line, frequency)];
            if error.kind() == ErrorKind::Disconnected {
                frames.extend(saved.give_back(OnClose::Restore, None));
            }
            let _ = client.give_back(frames);
        })?;
        if !matches!(means, Means::Hardware) {
            shared.give_back(line);
        }
        let desired = Desired::new(client.clone(), pulses);
        let PwmConfig { rest, on_close, .. } = config;
        let shared = shared.clone();
        let pwm = Arc::new(PwmLine { line, saved, frequency, rest, on_close, means, shared, desired });
        let weak: Weak<PwmLine> = Arc::downgrade(&pwm);
        let pin = PigpioPwm { ticket: client.register(weak), pwm };
        // If the daemon refuses, dropping this gives the line back.
        pin.pwm.restore(&connection, true)?;
        Ok(pin)
    }
}

/// Makes the hardware produce the wave; returns whether it can.
fn try_hardware(connection: &Connection, line: u32, pulses: Pulses) -> Result<bool> {
    let frames = Means::Hardware.frames(line, None, pulses);
    let answers = connection.pipeline.ask_all(&frames)?;
    let result = Code(answers.first().map_or(0, |answer| answer.result));
    match result {
        // The board has no hardware PWM, the daemon needs it for its own timing, or the daemon does not support it.
        Code::NOT_HPWM_GPIO | Code::HPWM_ILLEGAL | Code::UNKNOWN_COMMAND | Code::BAD_HPWM_FREQ => Ok(false),
        _ => answers.iter().try_for_each(|answer| answer.value().map(drop)).map(|()| true),
    }
}

impl PwmPin for PigpioPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        let PwmLine { desired, means, line, .. } = &*self.pwm;
        let pulses = Pulses { period, pulse };
        let change = |_| means.check(pulses).map(|()| pulses);
        desired.set(change, |before, pulses| means.frames(*line, Some(before), pulses))
    }

    fn confirm(&self) -> Result<()> {
        self.pwm.desired.confirm(|connection| self.pwm.catch_up(connection))
    }

    fn close(&self) -> Result<()> {
        self.pwm.desired.client().unregister(self.ticket);
        self.pwm.close()
    }
}

impl Restorable for PwmLine {
    fn marked(&self) -> Option<(u32, u32)> {
        match &self.means {
            // The range of a line while the hardware drives it.
            Means::Hardware => Some((self.line, FULL)),
            Means::Daemon(frequencies) => frequencies
                .find(self.desired.wanted().period)
                .ok()
                .map(|frequency| (self.line, frequency.range)),
        }
    }

    fn restore(&self, connection: &Arc<Connection>, _: bool) -> Result<()> {
        self.desired.restore(connection, |pulses| self.means.frames(self.line, None, pulses))
    }

    fn catch_up(&self, connection: &Arc<Connection>) {
        self.desired.catch_up(connection, |pulses| self.means.frames(self.line, None, pulses));
    }

    fn close(&self) -> Result<()> {
        let Some(pulses) = self.desired.close() else { return Ok(()) };
        let last = pulses.steady().unwrap_or(self.rest);
        // A new mode or a plain level ends the pulses.
        let mut frames = self.saved.give_back(self.on_close, Some(last));
        if let Means::Daemon(_) = self.means {
            frames.push(Frame::new(Command::Pfs, self.line, self.frequency));
        }
        let result = self.desired.client().give_back(frames);
        self.shared.give_back(self.line);
        result.and(self.desired.complaint())
    }
}

impl Drop for PigpioPwm {
    fn drop(&mut self) {
        if let Err(error) = PwmPin::close(self) {
            pinzero_core::warn_user(&format!("a line was not given back as it should be: {error}"));
        }
    }
}
