//! The lines that the daemon holds: opened when a command first needs them, and turned round as commands want.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Bias, Drive, Error, ErrorKind, Gpio, Level, Pwm};
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
use crate::held::Held;
use crate::inbox::{Inbox, Message};
use crate::pwm_range::{self, Cycle};

/// How many GPIO the protocol knows.
pub(crate) const COUNT: u32 = 54;

/// Modes, as the protocol counts them.
const OUTPUT: u32 = 1;
const ALT0: u32 = 4;
const ALT5: u32 = 2;

/// What error messages call the daemon's hold on a line.
const DEVICE: &str = "pinzero serve";

/// A line whose level has changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) gpio: u32,
    pub(crate) level: Level,
    pub(crate) at: Instant,
}

/// What pulses on a line were asked for as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PwmSetting {
    /// PWM, with this duty out of the line's range.
    Duty(u32),
    /// A servo, with pulses of so many microseconds.
    Servo(u32),
    /// "Hardware" PWM, with a duty out of a million.
    Hardware { hertz: u32, duty: u32 },
}

impl PwmSetting {
    /// The length of a cycle, and of its pulse.
    fn wave(self, cycle: Cycle) -> (Duration, Duration) {
        let share = |hertz: u32, duty: u32, range: u32| {
            let period = 1_000_000_000 / u64::from(hertz);
            let pulse = period * u64::from(duty) / u64::from(range);
            (Duration::from_nanos(period), Duration::from_nanos(pulse))
        };
        match self {
            PwmSetting::Duty(duty) => share(cycle.hertz(), duty, cycle.range),
            PwmSetting::Servo(micros) => share(50, micros, 20_000),
            PwmSetting::Hardware { hertz, duty } => share(hertz, duty, 1_000_000),
        }
    }
}

#[derive(Debug)]
enum State {
    /// Not ours: nobody has asked for it yet.
    Untouched,
    Held(Held, Role),
    /// The hardware makes pulses on it. To give it to the hardware and to take it back means to let go of it for a moment.
    Hardware(Pwm, PwmSetting),
    /// A bus has it, and this is the mode that it shows.
    Lent(u32),
}

/// What a line that is held is used for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Input,
    Output,
    Pulses(PwmSetting),
}

#[derive(Debug)]
struct GpioState {
    state: State,
    /// When it was last made an input: an edge from before tells nothing.
    since: Instant,
    /// The factory has no hardware PWM for it.
    lacks_hardware: bool,
    /// The resistor that was asked for.
    pull: Option<Bias>,
    /// The level that it takes when it becomes an output.
    latch: Level,
    /// The level that was last seen or written, and when.
    level: Level,
    noted: Instant,
    cycle: Cycle,
    /// Whoever drove it last.
    owner: Option<ClientId>,
    /// Whoever set its range last, which is how clients mark a line as theirs.
    marker: Option<ClientId>,
}

#[derive(Debug)]
pub(crate) struct Lines {
    gpio: Gpio,
    permitted: u64,
    inbox: Arc<Inbox>,
    lines: Vec<GpioState>,
    changes: Vec<Change>,
}

impl Lines {
    pub(crate) fn new(gpio: Gpio, permitted: u64, inbox: Arc<Inbox>) -> Self {
        let line = || GpioState {
            state: State::Untouched,
            since: Instant::ZERO,
            lacks_hardware: false,
            pull: None,
            latch: Level::Low,
            level: Level::Low,
            noted: Instant::ZERO,
            cycle: pwm_range::DEFAULT,
            owner: None,
            marker: None,
        };
        let lines = (0..COUNT).map(|_| line()).collect();
        Lines { gpio, permitted, inbox, lines, changes: Vec::new() }
    }

    /// Refuses a GPIO that does not exist or is not for clients. As in the original, what is not permitted comes first.
    pub(crate) fn check(&self, gpio: u32) -> Result<(), Code> {
        match gpio {
            0..COUNT if self.permitted >> gpio & 1 == 0 => Err(Code::NOT_PERMITTED),
            0..COUNT => Ok(()),
            _ => Err(Code::BAD_GPIO),
        }
    }

    /// The same for commands that know GPIO 0 to 31 only.
    pub(crate) fn check_user(&self, gpio: u32) -> Result<(), Code> {
        match gpio {
            0..32 => self.check(gpio),
            32..COUNT if self.permitted >> gpio & 1 == 0 => Err(Code::NOT_PERMITTED),
            _ => Err(Code::BAD_USER_GPIO),
        }
    }

    pub(crate) fn permitted(&self) -> u64 {
        self.permitted
    }

    pub(crate) fn now(&self) -> Instant {
        self.gpio.now()
    }

    /// What has changed since this was last called.
    pub(crate) fn take_changes(&mut self, spare: &mut Vec<Change>) {
        std::mem::swap(&mut self.changes, spare);
    }

    /// An edge has been reported; it counts if the line is still the input that it was then.
    pub(crate) fn edge(&mut self, gpio: u32, level: Level, at: Instant) {
        let line = self.line(gpio);
        if matches!(line.state, State::Held(_, Role::Input)) && at >= line.since {
            self.note(gpio, level, at);
        }
    }

    /// A wave has driven a line; it counts if the line is still an output, and nobody has written to it since.
    pub(crate) fn written(&mut self, gpio: u32, level: Level, at: Instant) {
        let line = self.line(gpio);
        let is_driven = matches!(line.state, State::Held(_, Role::Output | Role::Pulses(_)));
        if is_driven && at >= line.noted {
            self.note(gpio, level, at);
        }
    }

    /// Looks at an output that may have been driven by a wave while nobody watched.
    pub(crate) fn refresh(&mut self, gpio: u32) {
        if let State::Held(held, Role::Output | Role::Pulses(_)) = &self.lines[gpio as usize].state {
            if let Some(level) = held.driven() {
                self.note(gpio, level, self.gpio.now());
            }
        }
    }

    /// Looks at all lines whose changes may have been lost.
    pub(crate) fn refresh_all(&mut self) {
        for gpio in 0..COUNT {
            self.refresh(gpio);
            let level = match &self.line(gpio).state {
                State::Held(held, Role::Input) => held.level(),
                _ => continue,
            };
            // A line that cannot be read now will say so when a client reads it.
            if let Ok(level) = level {
                self.note(gpio, level, self.gpio.now());
            }
        }
    }

    /// The line, for a wave, if plain writes count on it.
    pub(crate) fn output(&mut self, gpio: u32, owner: ClientId) -> Option<Held> {
        match &mut self.lines[gpio as usize] {
            GpioState { state: State::Held(held, _), owner: slot, .. } if held.is_writable() => {
                *slot = Some(owner);
                Some(held.clone())
            }
            _ => None,
        }
    }

    fn note(&mut self, gpio: u32, level: Level, at: Instant) {
        let line = &mut self.lines[gpio as usize];
        line.noted = line.noted.max(at);
        if line.level != level {
            line.level = level;
            self.changes.push(Change { gpio, level, at });
        }
    }

    fn line(&mut self, gpio: u32) -> &mut GpioState {
        &mut self.lines[gpio as usize]
    }

    /// The level on the line, which is opened as an input if nobody has touched it yet.
    pub(crate) fn read(&mut self, gpio: u32) -> Result<Level, Code> {
        self.touch(gpio)?;
        let line = &self.lines[gpio as usize];
        match &line.state {
            // Where pulses are made, nobody can look: the level that it has for most of the time.
            State::Held(held, Role::Pulses(setting)) if !held.is_writable() => {
                Ok(usual(*setting, line.cycle))
            }
            State::Hardware(_, setting) => Ok(usual(*setting, line.cycle)),
            State::Held(held, _) => held.level().map_err(refusal),
            State::Untouched | State::Lent(_) => Ok(line.level),
        }
    }

    /// The levels of the lines that are open, as bits from `first` on.
    pub(crate) fn bank(&mut self, first: u32) -> u32 {
        let mut levels = 0;
        for gpio in first..(first + 32).min(COUNT) {
            let open = self.check(gpio).is_ok() && !matches!(self.line(gpio).state, State::Untouched);
            // A line that cannot be read now has told why in the log, and is as good as not there.
            if open && self.read(gpio) == Ok(Level::High) {
                levels |= 1 << (gpio - first);
            }
        }
        levels
    }

    /// Opens a line as an input, as it is, if nobody has touched it yet.
    pub(crate) fn touch(&mut self, gpio: u32) -> Result<(), Code> {
        match self.line(gpio).state {
            State::Untouched => self.listen(gpio),
            _ => Ok(()),
        }
    }

    /// Makes the line an input with the resistor that was asked for, in one step if it is held.
    fn listen(&mut self, gpio: u32) -> Result<(), Code> {
        let (bias, start) = (self.line(gpio).pull.unwrap_or(Bias::AsIs), self.gpio.now());
        let result = self.turn(gpio, Drive::Input(bias)).or_else(|error| match error.kind() {
            // A resistor on the board is stronger than the one inside, which is then of no consequence.
            ErrorKind::FixedPull => self.turn(gpio, Drive::Input(Bias::AsIs)),
            _ => Err(error),
        });
        let held = result.map_err(refusal)?;
        // Read when edges are told already, so that no change goes unnoticed in between.
        let (at, level) = (self.gpio.now(), held.level().map_err(refusal)?);
        let line = self.line(gpio);
        if !matches!(line.state, State::Held(_, Role::Input)) {
            line.since = start;
        }
        (line.state, line.owner) = (State::Held(held, Role::Input), None);
        self.note(gpio, level, at);
        Ok(())
    }

    /// Makes the line an output.
    fn drive(&mut self, gpio: u32, level: Level, owner: ClientId) -> Result<(), Code> {
        let at = self.gpio.now();
        let held = self.turn(gpio, Drive::Output(level)).map_err(refusal)?;
        let line = self.line(gpio);
        (line.state, line.owner) = (State::Held(held, Role::Output), Some(owner));
        self.note(gpio, level, at);
        Ok(())
    }

    /// Has the line do this, and returns it; it is opened if it is not held.
    fn turn(&mut self, gpio: u32, drive: Drive) -> pinzero_core::Result<Held> {
        match &self.line(gpio).state {
            State::Held(held, _) => {
                held.turn(drive)?;
                return Ok(held.clone());
            }
            State::Lent(_) => return Err(Error::new(ErrorKind::PinInUse, "a bus has the line")),
            State::Hardware(pwm, _) => pwm.close()?,
            State::Untouched => {}
        }
        self.line(gpio).state = State::Untouched;
        let start = match drive {
            Drive::Pwm { .. } => Drive::Input(Bias::AsIs),
            start => start,
        };
        let flex = self.gpio.flex(gpio).start(start).device(DEVICE).open()?;
        let inbox = self.inbox.clone();
        flex.on_edge(move |edge| inbox.push(Message::Edge { gpio, level: edge.level, at: edge.at }));
        let held = Held::new(flex);
        if start != drive {
            held.turn(drive)?;
        }
        Ok(held)
    }

    pub(crate) fn set_input(&mut self, gpio: u32) -> Result<(), Code> {
        match self.line(gpio).state {
            State::Held(_, Role::Input) => Ok(()),
            _ => self.listen(gpio),
        }
    }

    /// Makes the line an output at the level that it was last written to. One that is an output already stays as it is,
    /// with its pulses: only a mode that changes ends them.
    pub(crate) fn set_output(&mut self, gpio: u32, owner: ClientId) -> Result<(), Code> {
        if self.mode(gpio) == OUTPUT && !matches!(self.line(gpio).state, State::Lent(_)) {
            self.line(gpio).owner = Some(owner);
            return Ok(());
        }
        let level = self.line(gpio).latch;
        self.drive(gpio, level, owner)
    }

    /// Drives the line, which becomes an output if it is none.
    pub(crate) fn write(&mut self, gpio: u32, level: Level, owner: ClientId) -> Result<(), Code> {
        self.line(gpio).latch = level;
        self.drive(gpio, level, owner)
    }

    /// Drives the line if plain writes count on it; otherwise notes the level for when it becomes an output.
    /// `at` is the moment it happens, which several lines may share.
    pub(crate) fn preset(
        &mut self,
        gpio: u32,
        level: Level,
        at: Instant,
        owner: ClientId,
    ) -> Result<(), Code> {
        let line = self.line(gpio);
        line.latch = level;
        let State::Held(held, _) = &line.state else { return Ok(()) };
        if held.write(level).map_err(refusal)? {
            line.owner = Some(owner);
            self.note(gpio, level, at);
        }
        Ok(())
    }

    /// Sets the resistor of an input, or notes it for when the line becomes one.
    pub(crate) fn set_pull(&mut self, gpio: u32, bias: Bias) -> Result<(), Code> {
        let line = self.line(gpio);
        let before = line.pull.replace(bias);
        match line.state {
            State::Held(_, Role::Input) if before == Some(bias) => Ok(()),
            State::Held(_, Role::Input) | State::Untouched => self.listen(gpio),
            State::Held(..) | State::Hardware(..) | State::Lent(_) => Ok(()),
        }
    }

    /// The mode as the protocol counts them.
    pub(crate) fn mode(&self, gpio: u32) -> u32 {
        if let Some(PwmSetting::Hardware { .. }) = self.pwm(gpio) {
            return if matches!(gpio, 18 | 19) { ALT5 } else { ALT0 };
        }
        match self.lines[gpio as usize].state {
            State::Untouched | State::Held(_, Role::Input) => 0,
            State::Held(..) | State::Hardware(..) => OUTPUT,
            State::Lent(mode) => mode,
        }
    }

    /// What pulses the line has; `None` if it is none for pulses.
    pub(crate) fn pwm(&self, gpio: u32) -> Option<PwmSetting> {
        match self.lines[gpio as usize].state {
            State::Held(_, Role::Pulses(setting)) | State::Hardware(_, setting) => Some(setting),
            _ => None,
        }
    }

    pub(crate) fn cycle(&self, gpio: u32) -> Cycle {
        self.lines[gpio as usize].cycle
    }

    /// Changes what a duty means. Pulses that run follow, at the same duty in proportion.
    pub(crate) fn set_cycle(&mut self, gpio: u32, cycle: Cycle) -> Result<(), Code> {
        let line = &mut self.lines[gpio as usize];
        let before = std::mem::replace(&mut line.cycle, cycle);
        let State::Held(held, Role::Pulses(PwmSetting::Duty(duty))) = &mut line.state else { return Ok(()) };
        *duty = (u64::from(*duty) * u64::from(cycle.range) / u64::from(before.range)) as u32;
        if before.hertz() != cycle.hertz() && !held.is_writable() {
            let (period, pulse) = PwmSetting::Duty(*duty).wave(cycle);
            held.turn(Drive::Pwm { period, pulse }).map_err(refusal)?;
        }
        Ok(())
    }

    /// Puts pulses on the line, which becomes an output if it is none.
    pub(crate) fn set_pwm(&mut self, gpio: u32, setting: PwmSetting, owner: ClientId) -> Result<(), Code> {
        let (period, pulse) = setting.wave(self.cycle(gpio));
        let at = self.gpio.now();
        let held = self.turn(gpio, Drive::Pwm { period, pulse }).map_err(pulse_refusal)?;
        self.line(gpio).state = State::Held(held, Role::Pulses(setting));
        self.pulsed(gpio, (period, pulse), at, owner);
        Ok(())
    }

    /// Puts pulses of the hardware on the line; of software, if the factory has no hardware for it.
    pub(crate) fn set_hardware_pwm(
        &mut self,
        gpio: u32,
        hertz: u32,
        duty: u32,
        owner: ClientId,
    ) -> Result<(), Code> {
        let setting = PwmSetting::Hardware { hertz, duty };
        if self.line(gpio).lacks_hardware {
            return self.set_pwm(gpio, setting, owner);
        }
        let at = self.gpio.now();
        let (hertz, share) = (f64::from(hertz), f64::from(duty) / 1_000_000.0);
        if let State::Hardware(pwm, before) = &mut self.line(gpio).state {
            if pwm.frequency() != hertz {
                // By way of none: a pulse of the old width at the new rate could be any command to a servo.
                pwm.set_duty(0.0).and_then(|()| pwm.set_frequency(hertz)).map_err(pulse_refusal)?;
            }
            pwm.set_duty(share).map_err(pulse_refusal)?;
            *before = setting;
        } else {
            self.let_go(gpio)?;
            let pwm = self.gpio.pwm(gpio).hardware(true).frequency(hertz).initial(share).device(DEVICE);
            match pwm.open() {
                Ok(pwm) => self.line(gpio).state = State::Hardware(pwm, setting),
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    self.line(gpio).lacks_hardware = true;
                    return self.set_pwm(gpio, setting, owner);
                }
                Err(error) => return Err(pulse_refusal(error)),
            }
        }
        self.pulsed(gpio, setting.wave(self.cycle(gpio)), at, owner);
        Ok(())
    }

    /// Takes note of pulses that have begun.
    fn pulsed(&mut self, gpio: u32, (period, pulse): (Duration, Duration), at: Instant, owner: ClientId) {
        let line = self.line(gpio);
        (line.latch, line.owner) = (Level::Low, Some(owner));
        if pulse.is_zero() || pulse == period {
            self.note(gpio, Level::from(pulse == period), at);
        }
    }

    /// Gives a line to a bus, which opens it itself; until it is taken back it shows as `mode`.
    pub(crate) fn lend(&mut self, gpio: u32, mode: u32) -> Result<(), Code> {
        self.check(gpio)?;
        self.let_go(gpio)?;
        self.line(gpio).state = State::Lent(mode);
        Ok(())
    }

    /// Takes a line back from a bus that has closed it.
    pub(crate) fn take_back(&mut self, gpio: u32) {
        if matches!(self.line(gpio).state, State::Lent(_)) {
            self.line(gpio).state = State::Untouched;
            // It stays ours, and readable. If it cannot be had any more, a client hears so when it wants it.
            let _ = self.listen(gpio);
        }
    }

    /// Closes the line, so that it is as it was before it was opened.
    fn let_go(&mut self, gpio: u32) -> Result<(), Code> {
        let line = self.line(gpio);
        if matches!(line.state, State::Lent(_)) {
            return Err(Code::GPIO_IN_USE);
        }
        line.owner = None;
        match std::mem::replace(&mut line.state, State::Untouched) {
            State::Held(held, _) => held.close(),
            State::Hardware(pwm, _) => pwm.close(),
            State::Untouched | State::Lent(_) => Ok(()),
        }
        .map_err(refusal)
    }

    /// Notes whose range a line has.
    pub(crate) fn mark(&mut self, gpio: u32, client: ClientId) {
        self.line(gpio).marker = Some(client);
    }

    /// Puts the outputs that a client drove last, and the lines that it has marked and nobody drives, into their safe state:
    /// as they were before anybody did anything to them. That its range is gone tells whoever marked a line, too.
    pub(crate) fn make_safe(&mut self, client: ClientId) {
        for gpio in 0..COUNT {
            let line = self.line(gpio);
            if line.owner.or(line.marker) != Some(client) {
                continue;
            }
            let is_open = !matches!(line.state, State::Untouched);
            if self.let_go(gpio).is_ok() {
                let line = self.line(gpio);
                (line.latch, line.pull, line.cycle, line.marker) =
                    (Level::Low, None, pwm_range::DEFAULT, None);
                if is_open {
                    // Read again, so that those who watch hear what became of it. It may not be there any more.
                    let _ = self.listen(gpio);
                }
            }
        }
    }
}

/// The level that a line with pulses has for most of the time.
fn usual(setting: PwmSetting, cycle: Cycle) -> Level {
    let (period, pulse) = setting.wave(cycle);
    Level::from(pulse >= period / 2)
}

/// What a client is told when a line cannot be had or used; the log says more.
pub(crate) fn refusal(error: Error) -> Code {
    log::warn!("a command is refused: {error}");
    match error.kind() {
        ErrorKind::Busy | ErrorKind::PinInUse => Code::GPIO_IN_USE,
        ErrorKind::UnknownPin | ErrorKind::NotGpio => Code::BAD_GPIO,
        _ => Code::NOT_PERMITTED,
    }
}

fn pulse_refusal(error: Error) -> Code {
    match error.kind() {
        ErrorKind::InvalidFrequency => Code::BAD_HPWM_FREQ,
        _ => refusal(error),
    }
}
