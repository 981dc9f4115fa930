//! [`PwmChip`]: the registers of a PCA9685, and what its open pins want of them.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use pinzero_core::time::hertz;
use pinzero_core::{Error, ErrorKind, Found, Gpio, Host, Level, Line, Result};

use crate::bus::{self, Bus};
use crate::registry::Users;

pub(crate) const LINES: u32 = 16;

const MODE1: u8 = 0x00;
const MODE2: u8 = 0x01;
/// The first register of the channels; each has four.
const LED0: u8 = 0x06;
const ALL_OFF_HIGH: u8 = 0xfd;
const PRE_SCALE: u8 = 0xfe;

/// The bits of MODE1.
const AUTO_INCREMENT: u8 = 0x20;
const SLEEP: u8 = 0x10;
/// The addresses that the chip answers to besides its own.
const ADDRESSES: u8 = 0x0f;

/// The steps of a period, of which each takes a multiple of a cycle of the chip's oscillator: 25 MHz.
const STEPS: u128 = 4096;
const CYCLE: u128 = 40;

/// The bit of a count's high byte that makes a channel steady. "Off" wins.
const FULL: u8 = 0x10;

/// The registers of a channel: at which of the 4,096 steps it goes high, and at which low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Channel([u8; 4]);

impl Channel {
    pub(crate) fn steady(level: Level) -> Self {
        Channel(if level.is_high() { [0, FULL, 0, 0] } else { [0, 0, 0, FULL] })
    }

    /// Returns pulses from the start of each period, rounded to steps.
    pub(crate) fn pulses(period: Duration, pulse: Duration) -> Self {
        let steps = (pulse.as_nanos() * STEPS + period.as_nanos() / 2) / period.as_nanos().max(1);
        match steps {
            0 => Channel::steady(Level::Low),
            1..STEPS => Channel([0, 0, steps as u8, (steps >> 8) as u8]),
            _ => Channel::steady(Level::High),
        }
    }

    /// Returns the level of a steady channel; `None` while it carries pulses.
    pub(crate) fn level(self) -> Option<Level> {
        let [on_low, on_high, off_low, off_high] = self.0;
        if off_high & FULL != 0 || [on_low, on_high] == [off_low, off_high] {
            Some(Level::Low)
        } else {
            (on_high & FULL != 0).then_some(Level::High)
        }
    }

    pub(crate) fn found(self) -> Found {
        self.level().map_or(Found::Function, Found::Output)
    }
}

/// A chip on a bus, which all its factories in the program share.
#[derive(Debug)]
pub(crate) struct PwmChip {
    pub(crate) host: Host,
    pub(crate) gpio: Gpio,
    bus: Bus,
    state: Mutex<State>,
    users: Users,
}

/// What is known of a chip. The lock is held during a transfer, which is short: the bus is one of this computer.
#[derive(Debug)]
pub(crate) struct State {
    bus: Bus,
    /// The registers as the chip has them or, once it is lost, is to have them.
    channels: [Channel; LINES as usize],
    /// MODE1 of a chip that is awake, and MODE2.
    modes: [u8; 2],
    /// PRE_SCALE as the open pins want it, and as the chip has it: while all of them are steady, it need not be written.
    pre_scale: u8,
    written: u8,
    /// The chip has failed: it may have lost its supply, and its registers with that.
    is_lost: bool,
    /// The lines that are open.
    taken: u64,
    /// Those of them that are open for PWM.
    carriers: BTreeSet<u32>,
}

impl PwmChip {
    pub(crate) fn new(host: Host, bus: Bus, users: Users) -> Result<Self> {
        let state = Mutex::new(State::begin(bus.clone())?);
        Ok(PwmChip { host, gpio: bus.gpio().clone(), bus, state, users })
    }

    /// Counts a further user, if the chip is in use.
    pub(crate) fn join(&self) -> bool {
        self.users.join(&self.bus)
    }

    pub(crate) fn leave(&self) {
        self.users.leave();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// Takes a chip into use. One that sleeps, as after power-on, is woken with all its outputs low, as they are while it sleeps.
    fn begin(bus: Bus) -> Result<Self> {
        let mut mode = [0];
        bus.write_read(&[MODE1], &mut mode)?;
        let awake = mode[0] & ADDRESSES | AUTO_INCREMENT;
        if mode[0] & SLEEP != 0 {
            bus.write(&[ALL_OFF_HIGH, FULL])?;
        }
        bus.write(&[MODE1, awake])?;
        let (mut registers, mut pre_scale) = ([0; 64], [0]);
        bus.write_read(&[MODE2], &mut mode)?;
        bus.write_read(&[LED0], &mut registers)?;
        bus.write_read(&[PRE_SCALE], &mut pre_scale)?;
        let channel = |index: usize| Channel(std::array::from_fn(|byte| registers[index * 4 + byte]));
        Ok(State {
            bus,
            channels: std::array::from_fn(channel),
            modes: [awake, mode[0]],
            pre_scale: pre_scale[0],
            written: pre_scale[0],
            is_lost: false,
            taken: 0,
            carriers: BTreeSet::new(),
        })
    }

    /// Takes lines for a pin: all of them, or none.
    pub(crate) fn take(&mut self, mask: u64) -> Result<()> {
        if self.taken & mask != 0 {
            return Err(Error::new(ErrorKind::Busy, "another factory of this program has the line"));
        }
        self.taken |= mask;
        Ok(())
    }

    pub(crate) fn free(&mut self, lines: &[Line]) {
        for line in lines {
            self.taken &= !(1 << line.0);
            self.carriers.remove(&line.0);
        }
    }

    /// Returns the registers of a line, as they are to be.
    pub(crate) fn channel(&self, line: Line) -> Channel {
        // Core checks every line against the board first.
        self.channels[line.0 as usize]
    }

    /// Writes the registers of lines, as one transaction: all outputs change at its end.
    pub(crate) fn set(&mut self, wanted: &[(Line, Channel)]) -> Result<()> {
        let mut channels = self.channels;
        for (line, channel) in wanted {
            channels[line.0 as usize] = *channel;
        }
        let changed = || (0..channels.len()).filter(|index| channels[*index] != self.channels[*index]);
        let written = match (changed().next(), changed().next_back()) {
            (Some(first), Some(last)) => {
                self.revive().and_then(|()| self.write(first, &channels[first..=last]))
            }
            _ => self.revive(),
        };
        self.note(written)?;
        self.channels = channels;
        Ok(())
    }

    /// Writes registers that the chip is to have even if it does not answer now.
    pub(crate) fn set_at_last(&mut self, wanted: &[(Line, Channel)]) -> Result<()> {
        let set = self.set(wanted);
        for (line, channel) in wanted {
            self.channels[line.0 as usize] = *channel;
        }
        set
    }

    /// Makes a line carry pulses. Fails if another one does, with another period.
    pub(crate) fn carry(&mut self, line: Line, period: Duration, pulse: Duration) -> Result<()> {
        let pre_scale = pre_scale(period)?;
        if pre_scale != self.pre_scale {
            if let Some(other) = self.carriers.iter().find(|other| **other != line.0) {
                let frequency = (hertz(period_of(self.pre_scale)) * 10.0).round() / 10.0;
                let message = format!(
                    "the chip has one frequency for all its pins, and LED{other} has set it to about {frequency} Hz: \
                     give all of them the same `frequency`, or close that one"
                );
                return Err(Error::new(ErrorKind::InvalidFrequency, message));
            }
        }
        let channel = Channel::pulses(period, pulse);
        if channel.level().is_none() && pre_scale != self.written {
            // A channel that runs while the chip falls asleep would not go on by itself.
            let retimed =
                self.set(&[(line, Channel::steady(Level::Low))]).and_then(|()| self.retime(pre_scale));
            self.note(retimed)?;
            self.written = pre_scale;
        }
        self.set(&[(line, channel)])?;
        self.pre_scale = pre_scale;
        self.carriers.insert(line.0);
        Ok(())
    }

    /// Checks that the chip still has the registers of a line.
    pub(crate) fn check(&mut self, line: Line) -> Result<()> {
        let mut found = [0; 4];
        let read = self.revive().and_then(|()| self.bus.write_read(&[register(line.0 as usize)], &mut found));
        self.note(read)?;
        if found != self.channel(line).0 {
            self.is_lost = true;
            return Err(Error::new(
                ErrorKind::Disconnected,
                "the chip has lost its supply: it is set up anew",
            ));
        }
        Ok(())
    }

    fn write(&self, first: usize, channels: &[Channel]) -> Result<()> {
        let registers = channels.iter().flat_map(|channel| channel.0);
        let message: Vec<u8> = [register(first)].into_iter().chain(registers).collect();
        self.bus.write(&message)
    }

    /// Sets the period of all channels, which takes a moment of sleep.
    fn retime(&self, pre_scale: u8) -> Result<()> {
        let [awake, _] = self.modes;
        self.bus.write(&[MODE1, awake | SLEEP])?;
        self.bus.write(&[PRE_SCALE, pre_scale])?;
        self.bus.write(&[MODE1, awake])
    }

    /// Writes all registers of a chip that is back.
    fn revive(&mut self) -> Result<()> {
        if self.is_lost {
            let [awake, mode2] = self.modes;
            self.bus.write(&[MODE1, awake | SLEEP])?;
            self.bus.write(&[PRE_SCALE, self.written])?;
            self.bus.write(&[MODE2, mode2])?;
            self.write(0, &self.channels)?;
            self.bus.write(&[MODE1, awake])?;
            self.is_lost = false;
        }
        Ok(())
    }

    /// Notes whether the chip has failed.
    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            self.is_lost = true;
            bus::lost(error)
        })
    }
}

fn register(channel: usize) -> u8 {
    LED0 + 4 * channel as u8
}

/// Returns the value of PRE_SCALE that comes nearest to a period.
fn pre_scale(period: Duration) -> Result<u8> {
    let cycles = (period.as_nanos() + STEPS * CYCLE / 2) / (STEPS * CYCLE);
    let fits = (4..=256).contains(&cycles);
    let invalid = || {
        let message = format!("the chip has frequencies from 24 to 1,526 Hz, and not {} Hz", hertz(period));
        Error::new(ErrorKind::InvalidFrequency, message)
    };
    fits.then(|| (cycles - 1) as u8).ok_or_else(invalid)
}

fn period_of(pre_scale: u8) -> Duration {
    Duration::from_nanos((STEPS * CYCLE) as u64 * (u64::from(pre_scale) + 1))
}
