//! The lines that the daemon holds: opened when a command first needs them, and turned round as commands want.

use std::sync::Arc;

use pinzero_core::time::Instant;
use pinzero_core::{Bias, Error, ErrorKind, EventKind, Gpio, Input, Level, Output, Pwm};
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
use crate::inbox::{Inbox, Message};
use crate::pwm_range::{self, Cycle};

/// How many GPIO the protocol knows.
pub(crate) const COUNT: u32 = 54;

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
    /// None: the line rests at a level.
    Steady(Level),
    /// PWM, with this duty out of the line's range.
    Duty(u32),
    /// A servo, with pulses of so many microseconds.
    Servo(u32),
    /// "Hardware" PWM, with a duty out of a million.
    Hardware { hertz: u32, duty: u32 },
}

impl PwmSetting {
    /// Hertz, and the part of the cycle that is high.
    fn wave(self, cycle: Cycle) -> (f64, f64) {
        let hertz = f64::from(cycle.hertz());
        match self {
            PwmSetting::Steady(level) => (hertz, if level.is_high() { 1.0 } else { 0.0 }),
            PwmSetting::Duty(duty) => (hertz, f64::from(duty) / f64::from(cycle.range)),
            PwmSetting::Servo(micros) => (50.0, f64::from(micros) / 20_000.0),
            PwmSetting::Hardware { hertz, duty } => (f64::from(hertz), f64::from(duty) / 1_000_000.0),
        }
    }
}

#[derive(Debug)]
enum State {
    /// Not ours: nobody has asked for it yet.
    Untouched,
    Input(Input),
    Output(Output),
    /// Once a line has had pulses it stays one for pulses, and is written by steady ones: turning it round would let go
    /// of it for a moment.
    Pwm(Pwm, PwmSetting),
    /// A bus has it, and this is the mode that it shows.
    Lent(u32),
}

#[derive(Debug)]
struct GpioState {
    state: State,
    /// Counts the times that it was opened as an input, so that an edge from before tells nothing.
    epoch: u32,
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
            epoch: 0,
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

    /// An edge has been reported; it counts if the line is still open as it was then.
    pub(crate) fn edge(&mut self, gpio: u32, epoch: u32, level: Level, at: Instant) {
        if self.line(gpio).epoch == epoch {
            self.note(gpio, level, at);
        }
    }

    /// A wave has driven a line; it counts if the line is still an output, and nobody has written to it since.
    pub(crate) fn written(&mut self, gpio: u32, level: Level, at: Instant) {
        let line = self.line(gpio);
        if matches!(line.state, State::Output(_)) && at >= line.noted {
            self.note(gpio, level, at);
        }
    }

    /// Looks at an output that may have been driven by a wave while nobody watched.
    pub(crate) fn refresh(&mut self, gpio: u32) {
        if let State::Output(output) = &self.lines[gpio as usize].state {
            self.note(gpio, output.last(), self.gpio.now());
        }
    }

    /// Looks at all lines whose changes may have been lost.
    pub(crate) fn refresh_all(&mut self) {
        for gpio in 0..COUNT {
            self.refresh(gpio);
            let level = match &self.line(gpio).state {
                State::Input(input) => input.level(),
                _ => continue,
            };
            // A line that cannot be read now will say so when a client reads it.
            if let Ok(level) = level {
                self.note(gpio, level, self.gpio.now());
            }
        }
    }

    /// The line, for a wave, if it is an output.
    pub(crate) fn output(&mut self, gpio: u32, owner: ClientId) -> Result<Option<Output>, Code> {
        if matches!(self.line(gpio).state, State::Pwm(_, PwmSetting::Steady(_))) {
            self.open_output(gpio, owner)?;
        }
        match &mut self.lines[gpio as usize] {
            GpioState { state: State::Output(output), owner: slot, .. } => {
                *slot = Some(owner);
                Ok(Some(output.clone()))
            }
            _ => Ok(None),
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
            State::Input(input) => input.level().map_err(refusal),
            State::Output(output) => output.level().map_err(refusal),
            // Where pulses are made, nobody can look: the level that it has for most of the time.
            State::Pwm(_, pulse) => Ok(Level::from(pulse.wave(line.cycle).1 >= 0.5)),
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
            State::Untouched => self.open_input(gpio),
            _ => Ok(()),
        }
    }

    fn open_input(&mut self, gpio: u32) -> Result<(), Code> {
        self.let_go(gpio)?;
        let open = |bias| self.gpio.input(gpio).bias(bias).device(DEVICE).open();
        let bias = self.lines[gpio as usize].pull.unwrap_or(Bias::AsIs);
        let input = open(bias).or_else(|error| match error.kind() {
            // A resistor on the board is stronger than the one inside, which is then of no consequence.
            ErrorKind::FixedPull => open(Bias::AsIs),
            _ => Err(error),
        });
        let input = input.map_err(refusal)?;
        let line = self.line(gpio);
        line.epoch += 1;
        let epoch = line.epoch;
        for kind in [EventKind::Activated, EventKind::Deactivated] {
            let inbox = self.inbox.clone();
            input.on(kind, move |event| {
                inbox.push(Message::Edge { gpio, epoch, level: event.level, at: event.at });
            });
        }
        // Read with the handlers in place, so that no change goes unnoticed in between.
        let (at, level) = (self.gpio.now(), input.level().map_err(refusal)?);
        self.line(gpio).state = State::Input(input);
        self.note(gpio, level, at);
        Ok(())
    }

    pub(crate) fn set_input(&mut self, gpio: u32) -> Result<(), Code> {
        match self.line(gpio).state {
            State::Input(_) => Ok(()),
            _ => self.open_input(gpio),
        }
    }

    /// Makes the line an output at the level that it was last written to. One that is an output already stays as it is,
    /// with its pulses: only a mode that changes ends them.
    pub(crate) fn set_output(&mut self, gpio: u32, owner: ClientId) -> Result<(), Code> {
        match self.line(gpio).state {
            State::Pwm(_, PwmSetting::Hardware { .. })
            | State::Untouched
            | State::Input(_)
            | State::Lent(_) => self.open_output(gpio, owner),
            State::Output(_) | State::Pwm(..) => {
                self.line(gpio).owner = Some(owner);
                Ok(())
            }
        }
    }

    fn open_output(&mut self, gpio: u32, owner: ClientId) -> Result<(), Code> {
        self.let_go(gpio)?;
        let (at, level) = (self.gpio.now(), self.line(gpio).latch);
        let output = self.gpio.output(gpio).initial(level).device(DEVICE).open().map_err(refusal)?;
        let line = self.line(gpio);
        (line.state, line.owner) = (State::Output(output), Some(owner));
        self.note(gpio, level, at);
        Ok(())
    }

    /// Drives the line, which becomes an output if it is none.
    pub(crate) fn write(&mut self, gpio: u32, level: Level, owner: ClientId) -> Result<(), Code> {
        self.line(gpio).latch = level;
        match &self.line(gpio).state {
            State::Input(_) | State::Untouched => return self.open_output(gpio, owner),
            State::Lent(_) => return Err(Code::GPIO_IN_USE),
            State::Output(_) | State::Pwm(..) => self.line(gpio).owner = Some(owner),
        }
        let at = self.gpio.now();
        self.put(gpio, level, at)
    }

    /// Drives the line if it is an output; otherwise notes the level for when it becomes one.
    /// `at` is the moment it happens, which several lines may share.
    pub(crate) fn preset(
        &mut self,
        gpio: u32,
        level: Level,
        at: Instant,
        owner: ClientId,
    ) -> Result<(), Code> {
        self.line(gpio).latch = level;
        match &self.line(gpio).state {
            State::Output(_) | State::Pwm(_, PwmSetting::Steady(_)) => {
                self.line(gpio).owner = Some(owner);
                self.put(gpio, level, at)
            }
            _ => Ok(()),
        }
    }

    fn put(&mut self, gpio: u32, level: Level, at: Instant) -> Result<(), Code> {
        match &mut self.lines[gpio as usize].state {
            State::Output(output) => output.set(level).map_err(refusal)?,
            State::Pwm(pwm, pulse) => {
                pwm.set_duty(if level.is_high() { 1.0 } else { 0.0 }).map_err(refusal)?;
                *pulse = PwmSetting::Steady(level);
            }
            _ => return Err(Code::GPIO_IN_USE),
        }
        self.note(gpio, level, at);
        Ok(())
    }

    /// Sets the resistor of an input, or notes it for when the line becomes one.
    pub(crate) fn set_pull(&mut self, gpio: u32, bias: Bias) -> Result<(), Code> {
        let line = self.line(gpio);
        let before = line.pull.replace(bias);
        match line.state {
            State::Input(_) if before == Some(bias) => Ok(()),
            State::Input(_) | State::Untouched => self.open_input(gpio),
            State::Output(_) | State::Pwm(..) | State::Lent(_) => Ok(()),
        }
    }

    /// The mode as the protocol counts them.
    pub(crate) fn mode(&self, gpio: u32) -> u32 {
        const ALT0: u32 = 4;
        const ALT5: u32 = 2;
        match self.lines[gpio as usize].state {
            State::Untouched | State::Input(_) => 0,
            State::Pwm(_, PwmSetting::Hardware { .. }) => {
                if matches!(gpio, 18 | 19) {
                    ALT5
                } else {
                    ALT0
                }
            }
            State::Output(_) | State::Pwm(..) => 1,
            State::Lent(mode) => mode,
        }
    }

    /// What pulses the line has; `None` if it is none for pulses.
    pub(crate) fn pwm(&self, gpio: u32) -> Option<PwmSetting> {
        match self.lines[gpio as usize].state {
            State::Pwm(_, pulse) => Some(pulse),
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
        let State::Pwm(pwm, PwmSetting::Duty(duty)) = &mut line.state else { return Ok(()) };
        *duty = (u64::from(*duty) * u64::from(cycle.range) / u64::from(before.range)) as u32;
        if before.hertz() != cycle.hertz() {
            pwm.set_frequency(f64::from(cycle.hertz())).map_err(refusal)?;
        }
        Ok(())
    }

    /// Puts pulses on the line, which becomes an output if it is none.
    pub(crate) fn set_pwm(&mut self, gpio: u32, pulse: PwmSetting, owner: ClientId) -> Result<(), Code> {
        let (hertz, duty) = pulse.wave(self.cycle(gpio));
        let line = &mut self.lines[gpio as usize];
        if let State::Pwm(pwm, before) = &mut line.state {
            if pwm.frequency() != hertz {
                // By way of none: a pulse of the old width at the new rate could be any command to a servo.
                pwm.set_duty(0.0).and_then(|()| pwm.set_frequency(hertz)).map_err(pulse_refusal)?;
            }
            pwm.set_duty(duty).map_err(pulse_refusal)?;
            *before = pulse;
        } else {
            self.let_go(gpio)?;
            let pwm = self.gpio.pwm(gpio).frequency(hertz).initial(duty).device(DEVICE).open();
            self.line(gpio).state = State::Pwm(pwm.map_err(pulse_refusal)?, pulse);
        }
        let at = self.gpio.now();
        let line = self.line(gpio);
        (line.latch, line.owner) = (Level::Low, Some(owner));
        if duty == 0.0 || duty == 1.0 {
            self.note(gpio, Level::from(duty == 1.0), at);
        }
        Ok(())
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
            let _ = self.open_input(gpio);
        }
    }

    /// Closes the line, so that it is as it was before it was opened.
    fn let_go(&mut self, gpio: u32) -> Result<(), Code> {
        let line = self.line(gpio);
        if matches!(line.state, State::Lent(_)) {
            return Err(Code::GPIO_IN_USE);
        }
        line.owner = None;
        // No edge from before counts.
        line.epoch += 1;
        match std::mem::replace(&mut line.state, State::Untouched) {
            State::Input(input) => input.close(),
            State::Output(output) => output.close(),
            State::Pwm(pwm, _) => pwm.close(),
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
                    let _ = self.open_input(gpio);
                }
            }
        }
    }
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
