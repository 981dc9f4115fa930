//! Hardware PWM, through the kernel's PWM class in `/sys/class/pwm`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pinzero_core::board::Soc;
use pinzero_core::process::PerProcess;
use pinzero_core::time::ms;
use pinzero_core::{Error, ErrorKind, Level, Line, Result};

use crate::config_txt::config_txt;
use crate::fs::entries;
use crate::pwm_overlay::{LineDriver, line_chip, overlay, routed};

/// The lines of each PWM block of a Raspberry Pi's header, with their channels. A block is found by the address in its
/// device's name, never by the number of its chip, which depends on kernel and overlays.
const BLOCKS: [(&str, [(u32, u32); 4]); 4] = [
    ("1f00098000.pwm", [(12, 0), (13, 1), (18, 2), (19, 3)]),
    ("fe20c000.pwm", [(12, 0), (13, 1), (18, 0), (19, 1)]),
    ("3f20c000.pwm", [(12, 0), (13, 1), (18, 0), (19, 1)]),
    ("2020c000.pwm", [(12, 0), (13, 1), (18, 0), (19, 1)]),
];

/// The lines that the programmable I/O of a Raspberry Pi 5 reaches.
const PIO_LINES: u32 = 28;

/// The channels that this program uses. On most boards two lines share a channel, and the lines' reservations do not
/// cover that.
static TAKEN: PerProcess<Mutex<Vec<(PathBuf, u32)>>> = PerProcess::new(Mutex::default);

/// The longest time that udev may take to give the files of a new channel to their group.
const PATIENCE: Duration = ms(1000);

/// A channel of the kernel's PWM class that drives a line; stopped low when dropped.
///
/// The channel belongs to a PWM block of the chip, which drives GPIO12, 13, 18 and 19, or to an overlay for one line:
/// `pwm-pio` on a Raspberry Pi 5, or `pwm-gpio`, with which the kernel makes the pulses in software.
///
/// The backend decides the final state of the line itself, and may change the line's function before this stops.
#[derive(Debug)]
pub struct SysfsPwm {
    line: Line,
    /// The folder of the chip, and the number of the channel on that chip.
    chip: PathBuf,
    channel: u32,
    /// The driver that has this line alone; `None` for a PWM block.
    driver: Option<LineDriver>,
    /// The present setting; `None` once stopped.
    pulses: Mutex<Option<Pulses>>,
    claim: Mutex<Option<Claim>>,
}

/// A channel that this program holds until this is dropped.
#[derive(Debug)]
struct Claim(PathBuf, u32);

impl Claim {
    fn take(chip: &Path, channel: u32) -> Result<Claim> {
        let mut taken = TAKEN.get().lock();
        if taken.iter().any(|(other, number)| other == chip && *number == channel) {
            let message = "another line that carries pulses shares its hardware PWM with this one";
            return Err(Error::new(ErrorKind::Busy, message));
        }
        taken.push((chip.to_owned(), channel));
        Ok(Claim(chip.to_owned(), channel))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        TAKEN.get().lock().retain(|(chip, channel)| *chip != self.0 || *channel != self.1);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pulses {
    period: Duration,
    pulse: Duration,
}

impl SysfsPwm {
    /// The lines that the PWM block of a Raspberry Pi's header can drive.
    pub const LINES: [Line; 4] = [Line(12), Line(13), Line(18), Line(19)];

    /// Starts PWM on `line`. The line's function is not changed: the overlay has made it an output of the channel.
    /// `soc` is the chip of the board, and decides which remedy an error names.
    ///
    /// # Errors
    /// * [`Unsupported`](ErrorKind::Unsupported) if the line has no hardware PWM, or the kernel has none, or has routed
    ///   it to another line. The message has the line for `config.txt`.
    /// * [`Busy`](ErrorKind::Busy) if another line of this program uses the channel, or the kernel itself does.
    /// * [`InvalidFrequency`](ErrorKind::InvalidFrequency) if the hardware does not support the frequency.
    /// * [`PermissionDenied`](ErrorKind::PermissionDenied) if the user may not use the channel.
    /// * [`Io`](ErrorKind::Io) for other errors of the kernel.
    pub fn open(line: Line, soc: Soc, period: Duration, pulse: Duration) -> Result<SysfsPwm> {
        SysfsPwm::at("/sys".as_ref(), line, soc, Pulses { period, pulse }, true)
            .map_err(|error| error.with_pin(line))
    }

    /// Like [`open`](SysfsPwm::open), for a line whose function the caller sets.
    ///
    /// # Errors
    /// See [`open`](SysfsPwm::open); the overlay may leave the line out.
    pub fn open_for(line: Line, soc: Soc, period: Duration, pulse: Duration) -> Result<SysfsPwm> {
        SysfsPwm::at("/sys".as_ref(), line, soc, Pulses { period, pulse }, false)
            .map_err(|error| error.with_pin(line))
    }

    /// Returns whether a PWM block of the chip is to drive `line`. Such a line needs the right function. Any other
    /// line needs an overlay for that line, whose driver holds the line and sets its function.
    pub fn is_by_block(line: Line) -> bool {
        SysfsPwm::LINES.contains(&line) && line_chip("/sys".as_ref(), line.0).is_none()
    }

    fn at(sys: &Path, line: Line, soc: Soc, pulses: Pulses, is_routed: bool) -> Result<SysfsPwm> {
        let (chip, channel, driver) = match line_chip(sys, line.0) {
            Some((chip, driver)) => (chip, 0, Some(driver)),
            None if SysfsPwm::LINES.contains(&line) => {
                let (chip, channel) = block_channel(sys, line, is_routed)?;
                (chip, channel, None)
            }
            None => return Err(no_block(line, soc)),
        };
        let claim = Claim::take(&chip, channel)?;
        let (pulses_slot, claim) = (Mutex::new(None), Mutex::new(Some(claim)));
        let pwm = SysfsPwm { line, chip, channel, driver, pulses: pulses_slot, claim };
        let found = pwm.look();
        if found.iter().any(|(name, text)| *name == "enable" && text == "1") {
            log::warn!(
                "the hardware PWM of {line} is on already: another program's, or left so by one; it is taken over"
            );
        }
        pwm.export(found.is_empty())?;
        pwm.start(pulses).inspect_err(|_| pwm.give_up(&found))?;
        Ok(pwm)
    }

    fn start(&self, pulses: Pulses) -> Result<()> {
        // Start from zero, so that leftover settings do not conflict.
        if !self.reads("period", "0") {
            self.write("duty_cycle", 0)?;
        }
        let is_inversed = self.reads("polarity", "inversed");
        // The polarity can change only while the channel is disabled.
        if is_inversed && self.reads("enable", "1") {
            self.write("enable", 0)?;
        }
        self.change(&mut Pulses { period: Duration::ZERO, pulse: Duration::ZERO }, pulses)?;
        if is_inversed {
            fs::write(self.file("polarity"), "normal").map_err(|error| self.failed("polarity", &error))?;
        }
        self.write("enable", 1)?;
        *self.pulses.lock() = Some(pulses);
        Ok(())
    }

    /// Returns the channel's settings, in an order in which they can be restored: a pulse fits into its period, and the
    /// polarity changes only while the channel is disabled. Returns nothing if the channel has no files yet.
    fn look(&self) -> Vec<(&'static str, String)> {
        let names = ["period", "polarity", "duty_cycle", "enable"];
        let read = |name| Some((name, fs::read_to_string(self.file(name)).ok()?.trim().to_owned()));
        names.into_iter().filter_map(read).collect()
    }

    /// Undoes a failed start, so that the channel is as it was `found`, for its other user. Errors are ignored: the
    /// start has failed already.
    fn give_up(&self, found: &[(&str, String)]) {
        let _ = self.write("duty_cycle", 0).and(self.write("enable", 0));
        if found.is_empty() {
            let _ = self.unexport();
        }
        for (name, text) in found {
            let _ = fs::write(self.file(name), text);
        }
    }

    /// Exports the channel if it `is_new`, and waits until its files may be written.
    fn export(&self, is_new: bool) -> Result<()> {
        if is_new {
            fs::write(self.chip.join("export"), self.channel.to_string())
                .map_err(|error| self.failed("export", &error))?;
        }
        let start = Instant::now();
        loop {
            let files = ["period", "duty_cycle", "enable"].map(|name| self.file(name));
            let opened =
                files.iter().try_for_each(|file| fs::OpenOptions::new().write(true).open(file).map(drop));
            match opened {
                Ok(()) => return Ok(()),
                Err(_) if start.elapsed() < PATIENCE => std::thread::sleep(ms(10)),
                Err(error) => {
                    if is_new {
                        let _ = self.unexport();
                    }
                    return Err(self.failed("period", &error));
                }
            }
        }
    }

    fn unexport(&self) -> Result<()> {
        fs::write(self.chip.join("unexport"), self.channel.to_string())
            .map_err(|error| self.failed("unexport", &error))
    }

    fn reads(&self, name: &str, value: &str) -> bool {
        fs::read_to_string(self.file(name)).is_ok_and(|text| text.trim() == value)
    }

    /// Changes the setting from `now` to `pulses`, and records each step: if the second fails, the first has taken
    /// effect.
    fn change(&self, now: &mut Pulses, pulses: Pulses) -> Result<()> {
        // The kernel refuses a pulse that is longer than its period, in between as well.
        let is_pulse_first = pulses.period < now.pulse;
        if is_pulse_first {
            self.write("duty_cycle", nanos(pulses.pulse))?;
            now.pulse = pulses.pulse;
        }
        if pulses.period != now.period {
            self.write("period", nanos(pulses.period))?;
            now.period = pulses.period;
        }
        if !is_pulse_first {
            self.write("duty_cycle", nanos(pulses.pulse))?;
            now.pulse = pulses.pulse;
        }
        Ok(())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.chip.join(format!("pwm{}", self.channel)).join(name)
    }

    fn write(&self, name: &str, value: u64) -> Result<()> {
        fs::write(self.file(name), value.to_string()).map_err(|error| self.failed(name, &error))
    }

    fn failed(&self, what: &str, error: &io::Error) -> Error {
        let (kind, message) = match error.kind() {
            io::ErrorKind::PermissionDenied => (
                ErrorKind::PermissionDenied,
                format!("no permission for {}: add the user to the group gpio", self.chip.display()),
            ),
            io::ErrorKind::InvalidInput if what != "enable" => {
                (ErrorKind::InvalidFrequency, "the hardware has no such pulses".to_owned())
            }
            io::ErrorKind::ResourceBusy => {
                (ErrorKind::Busy, "the kernel itself uses this channel".to_owned())
            }
            _ => (ErrorKind::Io, format!("the kernel refuses to set {what}")),
        };
        Error::new(kind, message).with_source(io::Error::from(error.kind())).with_pin(self.line)
    }
}

/// Returns a time in the kernel's unit.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the chip and the channel of the header's PWM block for a line, if the overlay `is_routed` to the line.
fn block_channel(sys: &Path, line: Line, is_routed: bool) -> Result<(PathBuf, u32)> {
    let Some((chip, lines)) = find(sys) else {
        return Err(remedy(
            "the kernel has no hardware PWM for this line: add the line",
            &overlay(&[line.0]),
        ));
    };
    let channel_of =
        |line: u32| lines.iter().find(|(number, _)| *number == line).map(|(_, channel)| *channel);
    let Some(channel) = channel_of(line.0) else {
        return Err(Error::unsupported("hardware PWM on this line"));
    };
    if let Some(routed) = routed(&chip) {
        let others = SysfsPwm::LINES
            .map(|line| line.0)
            .into_iter()
            .filter(|other| *other != line.0 && routed.contains(other));
        let (shares, mut others): (Vec<u32>, Vec<u32>) =
            others.partition(|other| channel_of(*other) == Some(channel));
        if !shares.is_empty() || (is_routed && !routed.contains(&line.0)) {
            // An overlay has at most two lines, and this one must be among them.
            others.truncate(1);
            others.push(line.0);
            others.sort_unstable();
            let what = "hardware PWM goes to another line: replace its line by";
            return Err(remedy(what, &overlay(&others)));
        }
    }
    Ok((chip, channel))
}

/// Returns the error for a line that no PWM block drives, with the overlay that would help on a board with this chip.
fn no_block(line: Line, soc: Soc) -> Error {
    match soc {
        Soc::Bcm2712 if line.0 < PIO_LINES => remedy(
            "the kernel has no hardware PWM for this line: add the line",
            &LineDriver::Pio.overlay(line.0),
        ),
        _ => remedy(
            "only GPIO12, 13, 18 and 19 have hardware PWM: use one of them; or, for pulses by software in the kernel (6.6 \
             or newer), add the line",
            &LineDriver::Gpio.overlay(line.0),
        ),
    }
}

/// Finds the chip of the header's PWM, with its lines and their channels.
fn find(sys: &Path) -> Option<(PathBuf, [(u32, u32); 4])> {
    entries(&sys.join("class/pwm")).into_iter().find_map(|chip| {
        let device = fs::read_link(chip.join("device")).ok()?;
        let (_, lines) = BLOCKS.iter().find(|(name, _)| device.ends_with(name))?;
        Some((chip, *lines))
    })
}

/// Returns the error with its remedy: the line for `config.txt`.
fn remedy(what: &str, overlay: &str) -> Error {
    let message = format!("{what} `{overlay}` in {}, and restart the board", config_txt());
    Error::new(ErrorKind::Unsupported, message)
}

impl SysfsPwm {
    /// Changes the pulses.
    ///
    /// # Errors
    /// The errors of opening, and [`Closed`](ErrorKind::Closed) after [`stop`](SysfsPwm::stop).
    pub fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        let mut slot = self.pulses.lock();
        let now = slot.as_mut().ok_or_else(|| Error::closed().with_pin(self.line))?;
        self.change(now, Pulses { period, pulse })
    }

    /// Returns the level of the line if its pulses do not change it.
    pub fn steady(&self) -> Option<Level> {
        let pulses = (*self.pulses.lock())?;
        match pulses.pulse {
            Duration::ZERO => Some(Level::Low),
            pulse if pulse >= pulses.period => Some(Level::High),
            _ => None,
        }
    }

    /// Stops the pulses at `level`. Idempotent. Releases the channel, except at a high level: a released channel goes
    /// low. With the overlay `pwm-pio`, the line goes low at the end of its period, and not at once.
    ///
    /// # Errors
    /// The errors of the kernel; the other steps are done nevertheless.
    pub fn stop(&self, level: Level) -> Result<()> {
        // The lock is held, so that a second call does not return before the line is at rest.
        let mut slot = self.pulses.lock();
        let Some(pulses) = slot.take() else { return Ok(()) };
        let stopped = match level {
            Level::High => self.write("duty_cycle", nanos(pulses.period)),
            Level::Low => {
                let mut stopped = self.write("duty_cycle", 0);
                // A disabled state machine holds its level, which may be high. With a pulse of zero, it goes low itself.
                if self.driver != Some(LineDriver::Pio) {
                    stopped = stopped.and(self.write("enable", 0));
                }
                stopped.and(self.unexport())
            }
        };
        self.claim.lock().take();
        stopped
    }
}

impl Drop for SysfsPwm {
    fn drop(&mut self) {
        if let Err(error) = self.stop(Level::Low) {
            pinzero_core::warn_user(&format!(
                "the hardware PWM of a line was not stopped as it should be: {error}"
            ));
        }
    }
}

#[cfg(test)]
mod tests;
