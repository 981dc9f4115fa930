//! What commands act on, and which command does what.

use std::time::Duration;

use pinzero_core::time::{Instant, ms, us};
use pinzero_core::{Bias, Level};
use pinzero_pigpio::protocol::{Code, Command, Report, Request};

use crate::ClientId;
use crate::inbox::Message;
use crate::lines::{Change, Lines, Pulse};
use crate::watch::{Watch, tick};

/// The version of pigpio that this is as good as.
const VERSION: i32 = 79;

/// What a command came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A result, which is not below zero unless it is a bare number.
    Number(i32),
    /// A result that is followed by so many bytes.
    Bytes(Vec<u8>),
    /// A zero, at that time. The connection waits.
    At(Instant),
}

impl From<u32> for Answer {
    fn from(number: u32) -> Self {
        Answer::Number(number as i32)
    }
}

/// All that is shared by clients.
#[derive(Debug)]
pub(crate) struct Host {
    revision: u32,
    is_safe: bool,
    lines: Lines,
    watch: Watch,
    changes: Vec<Change>,
}

impl Host {
    pub(crate) fn new(revision: u32, is_safe: bool, lines: Lines, watch: Watch) -> Self {
        Host { revision, is_safe, lines, watch, changes: Vec::new() }
    }

    pub(crate) fn now(&self) -> Instant {
        self.lines.now()
    }

    /// Opens all lines that clients may use as inputs, as they are.
    pub(crate) fn adopt_all(&mut self) {
        for gpio in 0..crate::lines::COUNT {
            if self.lines.check(gpio).is_ok() {
                // Those that are not there, or are somebody else's, are refused when a client asks.
                let _ = self.lines.touch(gpio);
            }
        }
        self.note_changes();
    }

    /// Something has happened on another thread.
    pub(crate) fn hear(&mut self, message: Message) {
        match message {
            Message::Edge { gpio, epoch, level, at } => self.lines.edge(gpio, epoch, level, at),
            Message::Stop => {}
        }
        self.note_changes();
    }

    /// When [`fire`](Host::fire) is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.watch.next()
    }

    /// Does what is due.
    pub(crate) fn fire(&mut self, now: Instant) {
        self.watch.fire(now);
    }

    /// The reports that have come up since this was last called.
    pub(crate) fn take_reports(&mut self, spare: &mut Vec<(ClientId, Report)>) {
        self.watch.take_reports(spare);
    }

    /// A connection has ended.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.watch.close_all(client);
        if self.is_safe {
            self.lines.make_safe(client);
            self.note_changes();
        }
    }

    /// Does what a client asks for.
    pub(crate) fn execute(&mut self, client: ClientId, request: &Request<'_>) -> Result<Answer, Code> {
        let command = Command::from_code(request.command).ok_or(Code::UNKNOWN_COMMAND)?;
        let answer = self.dispatch(client, command, request);
        self.note_changes();
        answer
    }

    fn note_changes(&mut self) {
        let mut changes = std::mem::take(&mut self.changes);
        self.lines.take_changes(&mut changes);
        for Change { gpio, level, at } in changes.drain(..) {
            self.watch.change(gpio, level, at);
        }
        self.changes = changes;
    }

    fn dispatch(
        &mut self,
        client: ClientId,
        command: Command,
        request: &Request<'_>,
    ) -> Result<Answer, Code> {
        use Command::*;
        let Request { p1, p2, extension, .. } = *request;
        let number = match command {
            Modes => self.set_mode(p1, p2, client)?,
            Modeg => {
                self.lines.check(p1)?;
                self.lines.mode(p1)
            }
            Pud => self.set_pull(p1, p2)?,
            Read => {
                self.lines.check(p1)?;
                self.lines.read(p1)?.is_high().into()
            }
            Write => {
                self.lines.check(p1)?;
                self.lines.write(p1, level(p2)?, client)?;
                0
            }
            Br1 => self.lines.bank(0),
            Br2 => self.lines.bank(32),
            Bc1 => self.write_bank(0, p1, Level::Low, client)?,
            Bc2 => self.write_bank(32, p1, Level::Low, client)?,
            Bs1 => self.write_bank(0, p1, Level::High, client)?,
            Bs2 => self.write_bank(32, p1, Level::High, client)?,
            Trig => self.trigger(p1, p2, level(word(extension, 0)?)?, client)?,

            Pwm => self.set_duty(p1, p2, client)?,
            Prs => self.set_range(p1, p2)?,
            Pfs => self.set_frequency(p1, p2)?,
            Servo => self.set_servo(p1, p2, client)?,
            Hp => self.set_hardware_pwm(p1, p2, word(extension, 0)?, client)?,
            Prg | Pfg | Prrg | Gdc | Gpw => self.ask_pulse(command, p1)?,

            Tick => tick(self.now()),
            Hwver => self.revision,
            Pigpv => return Ok(Answer::Number(VERSION)),
            Help => 0,
            Mics if (1..=1_000_000).contains(&p1) => return Ok(self.pause(us(p1.into()))),
            Mics => return Err(Code::BAD_MICS_DELAY),
            Mils if (1..=60_000).contains(&p1) => return Ok(self.pause(ms(p1.into()))),
            Mils => return Err(Code::BAD_MILS_DELAY),

            Noib => self.watch.open(client, self.lines.now())? as u32,
            Nb => self.begin(p1, p2)?,
            Np => self.begin(p1, 0)?,
            Nc => {
                self.watch.close(p1)?;
                0
            }
            Evm => {
                self.watch.begin_events(p1, p2)?;
                0
            }
            Evt => match p1 {
                0..32 => {
                    self.watch.event(p1 as u8, self.lines.now());
                    0
                }
                _ => return Err(Code::BAD_EVENT_ID),
            },
            Wdog => {
                self.lines.check_user(p1)?;
                let time = at_most(p2, 60_000, Code::BAD_WDOG_TIMEOUT)?;
                self.watch.set_watchdog(p1, ms(time), self.lines.now());
                0
            }
            Fg => {
                self.lines.check_user(p1)?;
                let steady = at_most(p2, 300_000, Code::BAD_FILTER)?;
                self.watch.set_glitch(p1, us(steady), self.lines.now());
                0
            }
            Fn => {
                self.lines.check_user(p1)?;
                let steady = at_most(p2, 300_000, Code::BAD_FILTER)?;
                let active = at_most(word(extension, 0)?, 1_000_000, Code::BAD_FILTER)?;
                self.watch.set_noise(p1, us(steady), us(active), self.lines.now());
                0
            }
            _ => return Err(Code::UNKNOWN_COMMAND),
        };
        Ok(number.into())
    }

    fn pause(&self, time: Duration) -> Answer {
        Answer::At(self.now() + time)
    }

    fn begin(&mut self, handle: u32, mask: u32) -> Result<u32, Code> {
        self.watch.check(handle)?;
        for gpio in (0..32).filter(|gpio| mask >> gpio & 1 == 1) {
            // A client may ask for all there are: those that it cannot have stay silent.
            if self.lines.check(gpio).is_ok() {
                let _ = self.lines.touch(gpio);
            }
        }
        self.note_changes();
        self.watch.begin(handle, mask & self.lines.permitted() as u32, self.lines.now())?;
        Ok(0)
    }

    fn set_mode(&mut self, gpio: u32, mode: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check(gpio)?;
        match mode {
            0 => self.lines.set_input(gpio)?,
            1 => self.lines.set_output(gpio, client)?,
            // The special functions of a pin are the kernel's business on the factories that we have.
            _ => return Err(Code::BAD_MODE),
        }
        Ok(0)
    }

    fn set_pull(&mut self, gpio: u32, pull: u32) -> Result<u32, Code> {
        self.lines.check(gpio)?;
        let bias = match pull {
            0 => Bias::Disabled,
            1 => Bias::PullDown,
            2 => Bias::PullUp,
            _ => return Err(Code::BAD_PUD),
        };
        self.lines.set_pull(gpio, bias)?;
        Ok(0)
    }

    fn write_bank(&mut self, first: u32, bits: u32, level: Level, client: ClientId) -> Result<u32, Code> {
        let permitted = (self.lines.permitted() >> first) as u32;
        for index in (0..32).filter(|index| (bits & permitted) >> index & 1 == 1) {
            self.lines.preset(first + index, level, client)?;
        }
        if bits & !permitted == 0 { Ok(0) } else { Err(Code::SOME_PERMITTED) }
    }

    /// Sends a short pulse.
    fn trigger(&mut self, gpio: u32, micros: u32, level: Level, client: ClientId) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        if !(1..=100).contains(&micros) {
            return Err(Code::BAD_PULSELEN);
        }
        self.lines.preset(gpio, level, client)?;
        // Shorter than any sleep: a thread of its own would take longer to start.
        let end = self.now() + us(micros.into());
        while self.now() < end {
            std::hint::spin_loop();
        }
        self.lines.preset(gpio, !level, client)?;
        Ok(0)
    }

    fn set_duty(&mut self, gpio: u32, duty: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        at_most(duty, self.lines.cycle(gpio).range, Code::BAD_DUTYCYCLE)?;
        self.lines.set_pulse(gpio, Pulse::Duty(duty), client)?;
        Ok(0)
    }

    fn set_range(&mut self, gpio: u32, range: u32) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        if !(25..=40_000).contains(&range) {
            return Err(Code::BAD_DUTYRANGE);
        }
        let mut cycle = self.lines.cycle(gpio);
        cycle.range = range;
        self.lines.set_cycle(gpio, cycle)?;
        Ok(cycle.real_range())
    }

    fn set_frequency(&mut self, gpio: u32, hertz: u32) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        let mut cycle = self.lines.cycle(gpio);
        cycle.choose(hertz);
        self.lines.set_cycle(gpio, cycle)?;
        Ok(cycle.hertz())
    }

    fn set_servo(&mut self, gpio: u32, micros: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        if !matches!(micros, 0 | 500..=2500) {
            return Err(Code::BAD_PULSEWIDTH);
        }
        self.lines.set_pulse(gpio, Pulse::Servo(micros), client)?;
        Ok(0)
    }

    fn set_hardware_pwm(&mut self, gpio: u32, hertz: u32, duty: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check(gpio)?;
        if !matches!(gpio, 12 | 13 | 18 | 19) {
            return Err(Code::NOT_HPWM_GPIO);
        }
        at_most(duty, 1_000_000, Code::BAD_HPWM_DUTY)?;
        match hertz {
            0 => self.lines.write(gpio, Level::Low, client)?,
            1..=125_000_000 => self.lines.set_pulse(gpio, Pulse::Hardware { hertz, duty }, client)?,
            _ => return Err(Code::BAD_HPWM_FREQ),
        }
        Ok(0)
    }

    fn ask_pulse(&self, command: Command, gpio: u32) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        let cycle = self.lines.cycle(gpio);
        let pulse = self.lines.pulse(gpio);
        Ok(match (command, pulse) {
            (Command::Gpw, Some(Pulse::Servo(micros))) => micros,
            (Command::Gpw, _) => return Err(Code::NOT_SERVO_GPIO),
            (Command::Gdc, Some(Pulse::Duty(duty) | Pulse::Hardware { duty, .. })) => duty,
            (Command::Gdc, _) => return Err(Code::NOT_PWM_GPIO),
            (Command::Prg | Command::Prrg, Some(Pulse::Hardware { .. })) => 1_000_000,
            (Command::Pfg, Some(Pulse::Hardware { hertz, .. })) => hertz,
            (Command::Prg, _) => cycle.range,
            (Command::Prrg, _) => cycle.real_range(),
            (_, _) => cycle.hertz(),
        })
    }
}

fn level(number: u32) -> Result<Level, Code> {
    match number {
        0 => Ok(Level::Low),
        1 => Ok(Level::High),
        _ => Err(Code::BAD_LEVEL),
    }
}

fn at_most(number: u32, most: u32, code: Code) -> Result<u64, Code> {
    if number <= most { Ok(number.into()) } else { Err(code) }
}

/// A word of an extension.
pub(crate) fn word(extension: &[u8], index: usize) -> Result<u32, Code> {
    let bytes = extension.chunks_exact(4).nth(index).ok_or(Code::BAD_PARAM)?;
    // Chunks of exactly four.
    Ok(bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)))
}
