//! The lines of the daemon: opened when a command first needs them, and turned round by later commands.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Bias, Drive, Error, ErrorKind, Gpio, Level, Line, Pwm};
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
use crate::held::Held;
use crate::inbox::Inbox;
use crate::listener::Listener;
use crate::pwm_range::{self, Cycle};

/// The number of GPIOs in the protocol.
pub(crate) const COUNT: u32 = 54;

/// Modes, by the protocol's numbers.
const OUTPUT: u32 = 1;
const ALT0: u32 = 4;
const ALT5: u32 = 2;

/// The consumer that error messages name.
const DEVICE: &str = "pinzero serve";

/// A line whose level has changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) gpio: u32,
    pub(crate) level: Level,
    pub(crate) at: Instant,
}

/// The command that put pulses on a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PwmSetting {
    /// PWM, with this duty cycle out of the line's range.
    Duty(u32),
    /// A servo, with pulses of this many microseconds.
    Servo(u32),
    /// "Hardware" PWM, with a duty cycle out of a million.
    Hardware { hertz: u32, duty: u32 },
}

impl PwmSetting {
    /// Returns the length of a cycle and of its pulse.
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
    /// Not open: no client has asked for the line yet.
    Untouched,
    Held(Held, Role),
    /// The hardware makes pulses on the line. Giving the line to the hardware, or taking it back, releases it for a moment.
    Hardware(Pwm, PwmSetting),
    /// A bus has the line; clients see this mode.
    Lent(u32),
}

/// The use of an open line.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Input,
    Output,
    Pulses(PwmSetting),
}

#[derive(Debug)]
struct GpioState {
    state: State,
    /// When the line last became an input: earlier edges do not count.
    since: Instant,
    /// The factory has no hardware PWM for the line.
    lacks_hardware: bool,
    /// The requested pull.
    pull: Option<Bias>,
    /// The level for when the line becomes an output.
    latch: Level,
    /// The last level seen or written, and its time.
    level: Level,
    noted: Instant,
    cycle: Cycle,
    /// The client that drove the line last.
    owner: Option<ClientId>,
    /// The client that set the range last: clients mark a line as theirs by setting its range.
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

    /// Refuses a GPIO that does not exist or is not permitted. Checks the permission first, as pigpiod does.
    pub(crate) fn check(&self, gpio: u32) -> Result<(), Code> {
        match gpio {
            0..COUNT if self.permitted >> gpio & 1 == 0 => Err(Code::NOT_PERMITTED),
            0..COUNT => Ok(()),
            _ => Err(Code::BAD_GPIO),
        }
    }

    /// Does the same for commands that take only GPIO 0 to 31.
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

    /// Returns the changes since the last call.
    pub(crate) fn take_changes(&mut self, spare: &mut Vec<Change>) {
        std::mem::swap(&mut self.changes, spare);
    }

    /// Takes an edge. The edge counts if the line has been an input ever since.
    pub(crate) fn edge(&mut self, gpio: u32, level: Level, at: Instant) {
        let line = self.line(gpio);
        if matches!(line.state, State::Held(_, Role::Input)) && at >= line.since {
            self.note(gpio, level, at);
        }
    }

    /// Takes a level that a wave has driven. The level counts if the line is still an output and no client has written since.
    pub(crate) fn written(&mut self, gpio: u32, level: Level, at: Instant) {
        let line = self.line(gpio);
        let is_driven = matches!(line.state, State::Held(_, Role::Output | Role::Pulses(_)));
        if is_driven && at >= line.noted {
            self.note(gpio, level, at);
        }
    }

    /// Updates the level of an output that a wave may have driven while no client watched.
    pub(crate) fn refresh(&mut self, gpio: u32) {
        if let State::Held(held, Role::Output | Role::Pulses(_)) = &self.lines[gpio as usize].state {
            if let Some(level) = held.driven() {
                self.note(gpio, level, self.gpio.now());
            }
        }
    }

    /// Reads all lines whose changes may have been lost.
    pub(crate) fn refresh_all(&mut self) {
        for gpio in 0..COUNT {
            self.refresh(gpio);
            let level = match &self.line(gpio).state {
                State::Held(held, Role::Input) => held.level(),
                _ => continue,
            };
            // A line that cannot be read now gives the error to the next client that reads it.
            if let Ok(level) = level {
                self.note(gpio, level, self.gpio.now());
            }
        }
    }

    /// Returns the line for a wave, which drives it while plain writes count. Opens the line as an input if no client has used it
    /// yet. Returns `None` if the line cannot be opened, or if the hardware or a bus has it.
    pub(crate) fn output(&mut self, gpio: u32, owner: ClientId) -> Option<Held> {
        // The log has the reason of a failure.
        let _ = self.touch(gpio);
        let line = self.line(gpio);
        let State::Held(held, _) = &line.state else { return None };
        if held.is_writable() {
            line.owner = Some(owner);
        }
        Some(held.clone())
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

    /// Returns the level on the line. Opens the line as an input if no client has used it yet.
    pub(crate) fn read(&mut self, gpio: u32) -> Result<Level, Code> {
        self.touch(gpio)?;
        let line = &self.lines[gpio as usize];
        match &line.state {
            // Not every factory can read a line that its hardware drives. Then no single level is right: returns the one that
            // lasts for most of the time.
            State::Hardware(_, setting) => {
                let seen = self.gpio.line_info(gpio).ok().and_then(|seen| seen.level);
                Ok(seen.unwrap_or(usual(*setting, line.cycle)))
            }
            State::Held(held, _) => held.level().map_err(refusal),
            State::Untouched | State::Lent(_) => Ok(line.level),
        }
    }

    /// Returns the levels of the open lines, as bits from `first` on.
    pub(crate) fn bank(&mut self, first: u32) -> u32 {
        let mut levels = 0;
        for gpio in first..(first + 32).min(COUNT) {
            let open = self.check(gpio).is_ok() && !matches!(self.line(gpio).state, State::Untouched);
            // A line that cannot be read now counts as not open; the log has the reason.
            if open && self.read(gpio) == Ok(Level::High) {
                levels |= 1 << (gpio - first);
            }
        }
        levels
    }

    /// Opens a line as an input with its pull unchanged, if no client has used it yet.
    pub(crate) fn touch(&mut self, gpio: u32) -> Result<(), Code> {
        match self.line(gpio).state {
            State::Untouched => self.listen(gpio),
            _ => Ok(()),
        }
    }

    /// Makes the line an input with the requested pull; in one step if the line is open.
    fn listen(&mut self, gpio: u32) -> Result<(), Code> {
        let (bias, start) = (self.line(gpio).pull.unwrap_or(Bias::AsIs), self.gpio.now());
        let result = self.turn(gpio, Drive::Input(bias)).or_else(|error| match error.kind() {
            // A resistor on the board is stronger than the chip's pull, so the pull does not matter.
            ErrorKind::FixedPull => self.turn(gpio, Drive::Input(Bias::AsIs)),
            _ => Err(error),
        });
        let held = result.map_err(refusal)?;
        // Read after edge reports have begun, so that no change in between is lost.
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

    /// Turns the line to `drive` and returns the line; opens the line if necessary.
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
        let flex = self.gpio.flex(Line(gpio)).start(start).device(DEVICE).open()?;
        let listener = Listener::start(&flex, DEVICE, &self.inbox)?;
        let held = Held::new(flex, listener);
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

    /// Makes the line an output at the last written level. An output stays as it is, with its pulses: only a change of mode
    /// ends them.
    pub(crate) fn set_output(&mut self, gpio: u32, owner: ClientId) -> Result<(), Code> {
        if self.mode(gpio) == OUTPUT && !matches!(self.line(gpio).state, State::Lent(_)) {
            self.line(gpio).owner = Some(owner);
            return Ok(());
        }
        let level = self.line(gpio).latch;
        self.drive(gpio, level, owner)
    }

    /// Drives the line; makes it an output first if necessary.
    pub(crate) fn write(&mut self, gpio: u32, level: Level, owner: ClientId) -> Result<(), Code> {
        self.line(gpio).latch = level;
        self.drive(gpio, level, owner)
    }

    /// Drives the line if plain writes count on it; otherwise notes the level for when the line becomes an output.
    /// `at` is the time of the write, which several lines may share.
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

    /// Sets the pull of an input, or notes the pull for when the line becomes an input.
    pub(crate) fn set_pull(&mut self, gpio: u32, bias: Bias) -> Result<(), Code> {
        let line = self.line(gpio);
        let before = line.pull.replace(bias);
        match line.state {
            State::Held(_, Role::Input) if before == Some(bias) => Ok(()),
            State::Held(_, Role::Input) | State::Untouched => self.listen(gpio),
            State::Held(..) | State::Hardware(..) | State::Lent(_) => Ok(()),
        }
    }

    /// Returns the mode, by the protocol's number.
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

    /// Returns the pulses on the line, or `None` if the line carries no pulses.
    pub(crate) fn pwm(&self, gpio: u32) -> Option<PwmSetting> {
        match self.lines[gpio as usize].state {
            State::Held(_, Role::Pulses(setting)) | State::Hardware(_, setting) => Some(setting),
            _ => None,
        }
    }

    pub(crate) fn cycle(&self, gpio: u32) -> Cycle {
        self.lines[gpio as usize].cycle
    }

    /// Changes the range or frequency. Running pulses follow, with the same duty cycle in proportion.
    pub(crate) fn set_cycle(&mut self, gpio: u32, cycle: Cycle) -> Result<(), Code> {
        let line = &mut self.lines[gpio as usize];
        let before = std::mem::replace(&mut line.cycle, cycle);
        let State::Held(held, Role::Pulses(PwmSetting::Duty(duty))) = &mut line.state else { return Ok(()) };
        let running = PwmSetting::Duty(*duty).wave(before);
        *duty = (u64::from(*duty) * u64::from(cycle.range) / u64::from(before.range)) as u32;
        let (period, pulse) = PwmSetting::Duty(*duty).wave(cycle);
        // A duty cycle of zero has no pulses to change, and the line may have been written since.
        if (period, pulse) != running && !held.is_writable() {
            held.turn(Drive::Pwm { period, pulse }).map_err(refusal)?;
        }
        Ok(())
    }

    /// Puts pulses on the line; makes the line an output first if necessary.
    pub(crate) fn set_pwm(&mut self, gpio: u32, setting: PwmSetting, owner: ClientId) -> Result<(), Code> {
        let (period, pulse) = setting.wave(self.cycle(gpio));
        let at = self.gpio.now();
        let held = self.turn(gpio, Drive::Pwm { period, pulse }).map_err(pulse_refusal)?;
        if matches!(setting, PwmSetting::Hardware { .. }) {
            held.refuse_writes();
        }
        self.line(gpio).state = State::Held(held, Role::Pulses(setting));
        self.pulsed(gpio, (period, pulse), at, owner);
        Ok(())
    }

    /// Puts hardware pulses on the line; software pulses if the factory has no hardware PWM for the line.
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
                // Through a pulse of zero: the old pulse at the new rate could be any command to a servo.
                pwm.set_duty(0.0).and_then(|()| pwm.set_frequency(hertz)).map_err(pulse_refusal)?;
            }
            pwm.set_duty(share).map_err(pulse_refusal)?;
            *before = setting;
        } else {
            self.let_go(gpio)?;
            let pwm = self.gpio.pwm(Line(gpio)).hardware(true).frequency(hertz).initial(share).device(DEVICE);
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

    /// Notes that pulses have begun.
    fn pulsed(&mut self, gpio: u32, (period, pulse): (Duration, Duration), at: Instant, owner: ClientId) {
        let line = self.line(gpio);
        (line.latch, line.owner) = (Level::Low, Some(owner));
        if pulse.is_zero() || pulse == period {
            self.note(gpio, Level::from(pulse == period), at);
        }
    }

    /// Gives a line to a bus, which opens the line itself. Clients see `mode` until the line is taken back.
    pub(crate) fn lend(&mut self, gpio: u32, mode: u32) -> Result<(), Code> {
        self.check(gpio)?;
        self.let_go(gpio)?;
        self.line(gpio).state = State::Lent(mode);
        Ok(())
    }

    /// Returns whether a bus has the line.
    pub(crate) fn is_lent(&self, gpio: u32) -> bool {
        matches!(self.lines[gpio as usize].state, State::Lent(_))
    }

    /// Takes a line back after a bus has closed it.
    pub(crate) fn take_back(&mut self, gpio: u32) {
        if matches!(self.line(gpio).state, State::Lent(_)) {
            self.line(gpio).state = State::Untouched;
            // The line stays open and readable. If opening fails, the next client that needs the line gets the error.
            let _ = self.listen(gpio);
        }
    }

    /// Closes the line: the line is then as it was before it was opened.
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

    /// Notes which client set the range of a line.
    pub(crate) fn mark(&mut self, gpio: u32, client: ClientId) {
        self.line(gpio).marker = Some(client);
    }

    /// Puts a client's lines into their safe state, which is the state before any client used them. These are the outputs that
    /// the client drove last, and the lines that it marked and no client drives. A client that marked a line notices by the
    /// missing range.
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
                    // Read again, so that watching clients see the change. The read fails if the line is gone.
                    let _ = self.listen(gpio);
                }
            }
        }
    }
}

/// Returns the level that a line with pulses has for most of the time.
fn usual(setting: PwmSetting, cycle: Cycle) -> Level {
    let (period, pulse) = setting.wave(cycle);
    Level::from(pulse >= period / 2)
}

/// Returns the error code for a line that cannot be opened or used; the log has the details.
pub(crate) fn refusal(error: Error) -> Code {
    log::warn!("a command failed: {error}");
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
