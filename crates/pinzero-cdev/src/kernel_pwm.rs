//! Pulses by the hardware, through the kernel's PWM class in `/sys/class/pwm`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pinzero_core::time::ms;
use pinzero_core::{Error, ErrorKind, Level, Line, OnClose, PwmConfig, PwmPin, Result};

/// The lines of each PWM block of a Raspberry Pi's header, with their channels. A block is known by the address that its device
/// is named after, never by the number of its chip, which depends on kernel and overlays.
const BLOCKS: [(&str, [(u32, u32); 4]); 4] = [
    ("1f00098000.pwm", [(12, 0), (13, 1), (18, 2), (19, 3)]),
    ("fe20c000.pwm", [(12, 0), (13, 1), (18, 0), (19, 1)]),
    ("3f20c000.pwm", [(12, 0), (13, 1), (18, 0), (19, 1)]),
    ("2020c000.pwm", [(12, 0), (13, 1), (18, 0), (19, 1)]),
];

/// The channels that this program uses: on most boards two lines share one, and the lines' reservations do not tell.
static TAKEN: Mutex<BTreeSet<(PathBuf, u32)>> = Mutex::new(BTreeSet::new());

/// How long udev may take to give the files of a new channel to their group.
const PATIENCE: Duration = ms(1000);

/// A line whose pulses the hardware makes; closed when dropped.
#[derive(Debug)]
pub struct KernelPwm {
    line: Line,
    /// The folder of the chip, and the number of the channel on it.
    chip: PathBuf,
    channel: u32,
    rest: Level,
    on_close: OnClose,
    /// What is set now; `None` once closed.
    wave: Mutex<Option<Wave>>,
    claim: Mutex<Option<Claim>>,
}

/// A channel that is ours until this is dropped.
#[derive(Debug)]
struct Claim(PathBuf, u32);

impl Claim {
    fn take(chip: &Path, channel: u32) -> Result<Claim> {
        if !TAKEN.lock().insert((chip.to_owned(), channel)) {
            let message = "another line that carries pulses shares its hardware PWM with this one";
            return Err(Error::new(ErrorKind::Busy, message));
        }
        Ok(Claim(chip.to_owned(), channel))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        TAKEN.lock().remove(&(std::mem::take(&mut self.0), self.1));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wave {
    period: Duration,
    pulse: Duration,
}

impl KernelPwm {
    /// Has the hardware send pulses on `line`. The line's function is not touched: the overlay has set it, or the caller.
    ///
    /// # Errors
    /// * [`Unsupported`](ErrorKind::Unsupported) if the line has no hardware PWM, or the kernel has none: the message has the
    ///   line for `config.txt`.
    /// * [`InvalidFrequency`](ErrorKind::InvalidFrequency) if the hardware does not go so fast or slow.
    /// * [`PermissionDenied`](ErrorKind::PermissionDenied) if the user may not use it.
    /// * [`Io`](ErrorKind::Io) for whatever else the kernel says.
    pub fn open(line: Line, config: PwmConfig) -> Result<KernelPwm> {
        KernelPwm::at("/sys".as_ref(), line, config).map_err(|error| error.with_pin(line))
    }

    fn at(sys: &Path, line: Line, config: PwmConfig) -> Result<KernelPwm> {
        let Some(function) = function(line) else {
            return Err(Error::unsupported("hardware PWM on lines other than GPIO12, 13, 18 and 19"));
        };
        if let OnClose::Input(_) = config.on_close {
            return Err(Error::unsupported("making an input of a line with hardware PWM"));
        }
        let Some((chip, channel)) = find(sys, line) else {
            let message = format!(
                "the kernel has no hardware PWM for this line: add the line `dtoverlay=pwm,pin={},func={function}` to {}, and \
                 restart the board",
                line.0,
                config_txt()
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        let claim = Claim::take(&chip, channel)?;
        let pwm = KernelPwm {
            line,
            chip,
            channel,
            rest: config.rest,
            on_close: config.on_close,
            wave: Mutex::new(None),
            claim: Mutex::new(Some(claim)),
        };
        pwm.export()?;
        let wave = Wave { period: config.period, pulse: config.pulse };
        // From nothing: what somebody has left there must not stand in the way.
        if !pwm.is_fresh() {
            pwm.write("duty_cycle", 0)?;
        }
        *pwm.wave.lock() = Some(Wave { period: Duration::ZERO, pulse: Duration::ZERO });
        pwm.change(wave)?;
        pwm.write("enable", 1)?;
        Ok(pwm)
    }

    /// Makes the files of the channel, unless they are there.
    fn export(&self) -> Result<()> {
        if !self.file("enable").exists() {
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
                Err(error) => return Err(self.failed("period", &error)),
            }
        }
    }

    /// Whether no period has been set yet, so that no duty can be set either.
    fn is_fresh(&self) -> bool {
        fs::read_to_string(self.file("period")).is_ok_and(|text| text.trim() == "0")
    }

    fn change(&self, wave: Wave) -> Result<()> {
        let mut slot = self.wave.lock();
        let before = slot.ok_or_else(|| Error::closed().with_pin(self.line))?;
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // The kernel refuses a pulse that is longer than its period, in between as well.
        if wave.period >= before.pulse {
            if wave.period != before.period {
                self.write("period", nanos(wave.period))?;
            }
            self.write("duty_cycle", nanos(wave.pulse))?;
        } else {
            self.write("duty_cycle", nanos(wave.pulse))?;
            self.write("period", nanos(wave.period))?;
        }
        *slot = Some(wave);
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

    /// Brings the line to rest.
    fn leave(&self, wave: Wave) -> Result<()> {
        let is_full = wave.pulse >= wave.period;
        let is_steady = wave.pulse.is_zero() || is_full;
        let level = match self.on_close {
            OnClose::High => Level::High,
            OnClose::Keep if is_steady => Level::from(is_full && !wave.pulse.is_zero()),
            OnClose::Keep => self.rest,
            _ => Level::Low,
        };
        if level.is_high() {
            // A channel that is given back goes low, so this one is not.
            return self.write("duty_cycle", u64::try_from(wave.period.as_nanos()).unwrap_or(u64::MAX));
        }
        let stopped = self.write("duty_cycle", 0).and(self.write("enable", 0));
        let given_back = fs::write(self.chip.join("unexport"), self.channel.to_string());
        stopped.and(given_back.map_err(|error| self.failed("unexport", &error)))
    }
}

/// The number by which the overlay knows the line's PWM function, if it has one. It is that of older models on a Pi 5, too.
fn function(line: Line) -> Option<u32> {
    match line.0 {
        12 | 13 => Some(4),
        18 | 19 => Some(2),
        _ => None,
    }
}

/// The chip and the channel of a line.
fn find(sys: &Path, line: Line) -> Option<(PathBuf, u32)> {
    let chips = fs::read_dir(sys.join("class/pwm")).ok()?.flatten().map(|entry| entry.path());
    chips.into_iter().find_map(|chip| {
        let device = fs::read_link(chip.join("device")).ok()?;
        let (_, lines) = BLOCKS.iter().find(|(name, _)| device.ends_with(name))?;
        let (_, channel) = lines.iter().find(|(number, _)| *number == line.0)?;
        Some((chip, *channel))
    })
}

/// Where the firmware's settings are, on this system.
fn config_txt() -> &'static str {
    let old = "/boot/config.txt";
    let new = "/boot/firmware/config.txt";
    if !Path::new(new).exists() && Path::new(old).exists() { old } else { new }
}

impl PwmPin for KernelPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.change(Wave { period, pulse })
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        // The lock is kept, so that a second call does not return before the line is at rest.
        let mut slot = self.wave.lock();
        let Some(wave) = slot.take() else { return Ok(()) };
        let left = self.leave(wave);
        self.claim.lock().take();
        left
    }
}

impl Drop for KernelPwm {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use pinzero_core::Bias;
    use pinzero_core::time::us;

    use super::*;

    /// A PWM class in plain files, with the channels that there may be.
    struct Sys(PathBuf);

    impl Sys {
        fn new(name: &str, block: &str) -> Sys {
            let sys = std::env::temp_dir().join(format!("pinzero-pwm-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&sys);
            for (number, device) in [(0, "1f0009c000.pwm"), (7, block)] {
                let chip = sys.join(format!("class/pwm/pwmchip{number}"));
                for channel in 0..4 {
                    let folder = chip.join(format!("pwm{channel}"));
                    fs::create_dir_all(&folder).unwrap();
                    for file in ["period", "duty_cycle", "enable"] {
                        fs::write(folder.join(file), "0\n").unwrap();
                    }
                }
                symlink(format!("../../../devices/{device}"), chip.join("device")).unwrap();
            }
            Sys(sys)
        }

        fn read(&self, file: &str) -> String {
            fs::read_to_string(self.0.join("class/pwm/pwmchip7").join(file)).unwrap().trim().to_owned()
        }

        fn open(&self, line: u32, on_close: OnClose) -> Result<KernelPwm> {
            let config =
                PwmConfig { period: ms(20), pulse: us(1500), hardware: true, rest: Level::High, on_close };
            KernelPwm::at(&self.0, Line(line), config)
        }
    }

    impl Drop for Sys {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_chip_is_found_by_its_device_and_the_channel_by_the_line() {
        for (block, lines) in BLOCKS {
            let sys = Sys::new(&format!("find-{block}"), block);
            for (line, channel) in lines {
                let pwm = sys.open(line, OnClose::Restore).unwrap();
                let channel = format!("pwm{channel}");
                assert_eq!(sys.read(&format!("{channel}/period")), "20000000", "{block} {line}");
                assert_eq!(sys.read(&format!("{channel}/duty_cycle")), "1500000");
                assert_eq!(sys.read(&format!("{channel}/enable")), "1");
                pwm.close().unwrap();
                assert_eq!(sys.read(&format!("{channel}/enable")), "0");
                assert_eq!(sys.read("unexport"), channel[3..]);
            }
        }
    }

    #[test]
    fn pulses_are_set_to_the_nanosecond() {
        let sys = Sys::new("set", "1f00098000.pwm");
        let pwm = sys.open(18, OnClose::Restore).unwrap();
        for (period, pulse) in [(us(1000), us(999)), (us(10), Duration::from_nanos(2501)), (ms(1), ms(1))] {
            pwm.set(period, pulse).unwrap();
            assert_eq!(sys.read("pwm2/period"), period.as_nanos().to_string());
            assert_eq!(sys.read("pwm2/duty_cycle"), pulse.as_nanos().to_string());
        }
        pwm.close().unwrap();
        assert_eq!(pwm.set(ms(1), ms(0)).unwrap_err().kind(), ErrorKind::Closed);
    }

    #[test]
    fn a_line_is_left_at_the_level_asked_for() {
        let cases = [
            (OnClose::Restore, "0", "0"),
            (OnClose::Low, "0", "0"),
            (OnClose::High, "20000000", "1"),
            // A wave that runs comes to rest at the level that it was opened with.
            (OnClose::Keep, "20000000", "1"),
        ];
        for (on_close, duty, enable) in cases {
            let sys = Sys::new("leave", "fe20c000.pwm");
            drop(sys.open(13, on_close).unwrap());
            assert_eq!((sys.read("pwm1/duty_cycle"), sys.read("pwm1/enable")), (duty.into(), enable.into()));
        }
    }

    #[test]
    fn two_lines_cannot_share_a_channel() {
        let sys = Sys::new("share", "fe20c000.pwm");
        let pwm = sys.open(18, OnClose::Restore).unwrap();
        assert_eq!(sys.open(12, OnClose::Restore).unwrap_err().kind(), ErrorKind::Busy);
        sys.open(13, OnClose::Restore).unwrap();
        pwm.close().unwrap();
        let other = sys.open(12, OnClose::Restore).unwrap();
        // One that is closed already takes nothing from the next.
        drop(pwm);
        assert_eq!(sys.open(18, OnClose::Restore).unwrap_err().kind(), ErrorKind::Busy);
        drop(other);
    }

    #[test]
    fn what_is_missing_is_named() {
        let sys = Sys::new("missing", "1f0009c000.pwm");
        let error = sys.open(18, OnClose::Restore).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("`dtoverlay=pwm,pin=18,func=2`"), "{error}");
        let error = sys.open(12, OnClose::Restore).unwrap_err();
        assert!(error.to_string().contains("`dtoverlay=pwm,pin=12,func=4`"), "{error}");
        for (line, on_close) in [(17, OnClose::Restore), (18, OnClose::Input(Bias::PullUp))] {
            assert_eq!(sys.open(line, on_close).unwrap_err().kind(), ErrorKind::Unsupported);
        }
    }
}
