//! [`Pwm`]: a line that carries a PWM signal.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::{Close, HandleRef, Lifecycle};
use crate::animation::Animation;
use crate::capability::Support;
use crate::device::Device;
use crate::emulate::soft_pwm::{self, SoftPwm};
use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::factory::{PwmConfig, PwmPin};
use crate::gpio::Gpio;
use crate::line_info::{LineFunction, LineInfo};
use crate::machine::Blink;
use crate::part::{Lead, Ownership, Part, Target};
use crate::pin_spec::PinSpec;
use crate::reserve::Reserver;
use crate::source::{Follower, Source};
use crate::trace::ChangeKind;
use crate::types::{Level, Line, OnClose};

/// Builder for a [`Pwm`]; returned by [`Gpio::pwm`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct PwmBuilder {
    gpio: Gpio,
    spec: PinSpec,
    device: &'static str,
    hardware: bool,
    wave: Wave,
    rest: Level,
    on_close: Option<OnClose>,
}

/// A signal in the user's terms.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wave {
    frequency: f64,
    duty: f64,
}

impl Wave {
    const DEFAULT: Wave = Wave { frequency: 100.0, duty: 0.0 };

    fn checked(self) -> Result<Self> {
        if !(self.duty >= 0.0 && self.duty <= 1.0) {
            let message = format!("a value of {} is out of range: give 0 to 1", self.duty);
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        if !(self.frequency >= 0.001 && self.frequency <= 10_000_000.0) {
            let message =
                format!("a frequency of {} Hz is out of range: give 0.001 Hz to 10 MHz", self.frequency);
            return Err(Error::new(ErrorKind::InvalidFrequency, message));
        }
        Ok(self)
    }

    /// Returns period and pulse, to the nanosecond.
    fn times(self) -> (Duration, Duration) {
        let period = 1e9 / self.frequency;
        let nanos = |nanos: f64| Duration::from_nanos(nanos.round() as u64);
        (nanos(period), nanos(period * self.duty))
    }
}

impl PwmBuilder {
    pub(crate) fn new(gpio: Gpio, spec: PinSpec) -> Self {
        let wave = Wave::DEFAULT;
        PwmBuilder { gpio, spec, device: "Pwm", hardware: false, wave, rest: Level::Low, on_close: None }
    }

    /// Sets the frequency in hertz. Default: 100.
    pub fn frequency(mut self, hertz: f64) -> Self {
        self.wave.frequency = hertz;
        self
    }

    /// Sets the duty cycle from the first instant, from 0 to 1. Default: 0.
    pub fn initial(mut self, duty: f64) -> Self {
        self.wave.duty = duty;
        self
    }

    /// Requires hardware PWM, which is exact and takes no processor time; `open` fails without it. Default: `false`.
    ///
    /// A Raspberry Pi has hardware PWM on GPIO12, 13, 18 and 19. On local factories the kernel needs a line in `config.txt`; if
    /// the line is missing, the error names it. Other pins need an overlay of their own, which the error names too.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.hardware = hardware;
        self
    }

    /// Sets the level the pin is left at when a running signal is closed with [`OnClose::Keep`]. Default: low.
    pub fn rest(mut self, level: Level) -> Self {
        self.rest = level;
        self
    }

    /// Sets the state of the line after close. Default: the setting of the factory's builder.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// Sets the device name in error messages. Default: `Pwm`.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the line, with the factory's own PWM or in software.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse),
    /// [`InvalidValue`](ErrorKind::InvalidValue), [`InvalidFrequency`](ErrorKind::InvalidFrequency),
    /// [`FixedPull`](ErrorKind::FixedPull), [`Busy`](ErrorKind::Busy), [`Unsupported`](ErrorKind::Unsupported),
    /// [`Closed`](ErrorKind::Closed), and any I/O error.
    #[track_caller]
    pub fn open(self) -> Result<Pwm> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let gpio = self.gpio.clone();
        let spec = self.spec.clone();
        gpio.context(&spec, self.device, move || self.open_as(reserver))
    }

    fn open_as(self, reserver: Reserver) -> Result<Pwm> {
        let gpio = self.gpio;
        let wave = self.wave.checked()?;
        let (period, pulse) = wave.times();
        let mut config = PwmConfig::new(period, pulse);
        (config.hardware, config.rest) = (self.hardware, self.rest);
        config.on_close = self.on_close.unwrap_or(gpio.on_close());
        let support = gpio.capabilities().pwm;
        if !self.hardware {
            support.require("PWM")?;
        }
        let soft = !self.hardware && support == Support::Emulated;
        if soft {
            soft_pwm::check(period)?;
        }
        let reservation = gpio.reserve(&self.spec, reserver)?;
        let line = reservation.line();
        gpio.check_on_close(line, config.on_close)?;
        let pin = match soft {
            true => Box::new(SoftPwm::open(&gpio, line, config)?),
            false => gpio.factory().open_pwm(line, config)?,
        };
        let shared = Arc::new(PwmShared {
            lifecycle: Lifecycle::new(&gpio, vec![reservation]),
            pin,
            soft,
            ownership: Ownership::new(false),
            wave: Mutex::new(wave),
        });
        Ok(Pwm(HandleRef::register(shared)?))
    }
}

/// A line that carries a PWM signal. Clones share one line; dropping the last clone closes it.
///
/// ```
/// use pinzero::{mock, time::{Instant, ms, us}};
///
/// let gpio = mock::gpio();
/// let servo = gpio.pwm(18).frequency(50.0).open()?;
/// servo.set_duty(0.075)?;
/// let last = gpio.line(18).pulses().pop().unwrap();
/// assert_eq!((last.period, last.pulse), (ms(20), us(1500)));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the line is closed when the last handle is dropped"]
pub struct Pwm(Arc<HandleRef<PwmShared>>);

impl UnwindSafe for Pwm {}
impl RefUnwindSafe for Pwm {}

#[derive(Debug)]
struct PwmShared {
    lifecycle: Lifecycle,
    pin: Box<dyn PwmPin>,
    soft: bool,
    ownership: Ownership,
    /// The signal last written. The lock is held while writing, so that frequency and duty stay a pair.
    wave: Mutex<Wave>,
}

impl Pwm {
    /// Sets the duty cycle, from 0 (steadily low) to 1 (steadily high), and ends a running animation.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue), [`Closed`](ErrorKind::Closed),
    /// [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn set_duty(&self, duty: f64) -> Result<()> {
        let shared: &PwmShared = &self.0;
        shared.lifecycle.check_home()?;
        Wave { duty, ..shared.current() }
            .checked()
            .map_err(|error| error.with_pin(shared.lifecycle.line()))?;
        let before = shared.current();
        let result = shared.ownership.take(shared.lifecycle.gpio(), || shared.write(|wave| wave.duty = duty));
        exit::hold(shared.finish(result)).inspect_err(|_| *shared.wave.lock() = before)
    }

    /// Returns the duty cycle last set, by an animation or by a call.
    pub fn duty(&self) -> f64 {
        self.0.current().duty
    }

    /// Sets the frequency in hertz. Duty cycle and animation stay.
    ///
    /// # Errors
    /// [`InvalidFrequency`](ErrorKind::InvalidFrequency), [`Closed`](ErrorKind::Closed),
    /// [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn set_frequency(&self, hertz: f64) -> Result<()> {
        let shared: &PwmShared = &self.0;
        shared.lifecycle.check_home()?;
        let check = || {
            let wave = Wave { frequency: hertz, ..shared.current() }.checked()?;
            if shared.soft { soft_pwm::check(wave.times().0) } else { Ok(()) }
        };
        check().map_err(|error: Error| error.with_pin(shared.lifecycle.line()))?;
        let before = shared.current();
        let result = shared.write(|wave| wave.frequency = hertz);
        exit::hold(shared.finish(result)).inspect_err(|_| *shared.wave.lock() = before)
    }

    /// Sets frequency and duty cycle in one write, and ends a running animation.
    ///
    /// # Errors
    /// See [`set_frequency`](Pwm::set_frequency) and [`set_duty`](Pwm::set_duty).
    pub fn set_signal(&self, hertz: f64, duty: f64) -> Result<()> {
        let shared: &PwmShared = &self.0;
        shared.lifecycle.check_home()?;
        shared.check_signal(hertz, duty)?;
        let before = shared.current();
        let write = || shared.write(|wave| (wave.frequency, wave.duty) = (hertz, duty));
        let result = shared.ownership.take(shared.lifecycle.gpio(), write);
        exit::hold(shared.finish(result)).inspect_err(|_| *shared.wave.lock() = before)
    }

    /// Follows a source in the background: `signal` returns a frequency in hertz and a duty cycle for each value. Ends as an animation
    /// does.
    ///
    /// # Errors
    /// See [`set_signal`](Pwm::set_signal), for the first value.
    pub fn follow<T: Clone + PartialEq + Send + 'static>(
        &self,
        source: Source<T>,
        mut signal: impl FnMut(T) -> Result<(f64, f64)> + Send + 'static,
    ) -> Result<Follower> {
        let (lead, owners) = Lead::new([self.part(Level::High)])?;
        let shared: Arc<PwmShared> = (**self.0).clone();
        let runtime = self.gpio().runtime().downgrade();
        source.start(self.gpio(), lead, owners, move |leader, value| {
            let (hertz, duty) = signal(value)?;
            shared.check_signal(hertz, duty)?;
            let write = |wave: &mut Wave| (wave.frequency, wave.duty) = (hertz, duty);
            leader.write_by(&runtime, |_| shared.write(write))
        })
    }

    /// Returns the frequency in hertz.
    pub fn frequency(&self) -> f64 {
        self.0.current().frequency
    }

    /// Returns whether the signal is software PWM, which jitters.
    pub fn is_software(&self) -> bool {
        self.0.soft
    }

    /// Blinks, fades or pulses in the background; `active` is the level that means "on".
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if a cycle is shorter than 100 µs; see also [`set_duty`](Pwm::set_duty).
    pub fn blink(&self, plan: Blink, active: Level) -> Result<Animation> {
        Animation::start([self.part(active)], plan)
    }

    /// Returns this line's part in an animation of several lines; `active` is the level that means "on".
    pub fn part(&self, active: Level) -> Part {
        let shared: &Arc<PwmShared> = &self.0;
        Part::new(shared.clone(), self.0.clone(), active)
    }

    /// Returns the line's number on its chip.
    pub fn line(&self) -> Line {
        self.0.lifecycle.line()
    }

    /// Returns the factory that the line belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.lifecycle.gpio()
    }

    /// Fails if the line has been closed.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn check_open(&self) -> Result<()> {
        exit::hold(self.0.lifecycle.check_open())
    }

    /// Returns whether the line has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.lifecycle.is_closed()
    }

    /// Ends the pulses, and gives the line back in the state that [`on_close`](PwmBuilder::on_close) names. Idempotent, from any
    /// thread.
    ///
    /// # Errors
    /// Any I/O error; the line is given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl PwmShared {
    /// Fails if the line cannot carry such a signal.
    fn check_signal(&self, frequency: f64, duty: f64) -> Result<()> {
        let check = || {
            let wave = Wave { frequency, duty }.checked()?;
            if self.soft { soft_pwm::check(wave.times().0) } else { Ok(()) }
        };
        check().map_err(|error: Error| error.with_pin(self.lifecycle.line()))
    }

    fn current(&self) -> Wave {
        self.lifecycle.look(&self.wave).unwrap_or(Wave::DEFAULT)
    }

    fn write(&self, change: impl FnOnce(&mut Wave)) -> Result<()> {
        let mut wave = self.wave.lock();
        let mut wanted = *wave;
        change(&mut wanted);
        let (period, pulse) = wanted.times();
        let (gpio, line) = (self.lifecycle.gpio(), self.lifecycle.line());
        let stamp = gpio.stamp();
        self.pin.set(period, pulse).map_err(|error| error.with_pin(line))?;
        *wave = wanted;
        stamp.into_iter().for_each(|at| gpio.recorder().note(at, line, || ChangeKind::Pwm { period, pulse }));
        Ok(())
    }

    /// Runs the callbacks that a write has triggered, and confirms the write.
    fn finish(&self, written: Result<()>) -> Result<()> {
        let gpio = self.lifecycle.gpio();
        gpio.runtime().catch_up();
        written?;
        gpio.confirm(|| self.pin.confirm()).map_err(|error| error.with_pin(self.lifecycle.line()))
    }
}

impl Target for PwmShared {
    fn gpio(&self) -> &Gpio {
        self.lifecycle.gpio()
    }

    fn line(&self) -> Line {
        self.lifecycle.line()
    }

    fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    fn is_closed(&self) -> bool {
        self.lifecycle.is_closed()
    }

    fn begin(&self) {
        self.lifecycle.begin();
    }

    fn check_open(&self) -> Result<()> {
        self.lifecycle.check_open()
    }

    fn is_digital(&self) -> bool {
        false
    }

    fn last(&self) -> f64 {
        self.current().duty
    }

    fn note(&self, value: f64) {
        self.wave.lock().duty = value;
    }

    fn show(&self, value: f64) -> Result<()> {
        self.write(|wave| wave.duty = value)
    }

    fn confirm(&self) -> Result<()> {
        self.pin.confirm().map_err(|error| error.with_pin(self.lifecycle.line()))
    }
}

impl Device for Pwm {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.gpio()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Close for PwmShared {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            self.ownership.take(self.lifecycle.gpio(), || ());
            self.pin.close()
        })
    }

    fn in_background(&self) -> Option<&'static str> {
        (!self.ownership.is_free()).then_some("blink")
    }

    fn present(&self, show: &mut dyn FnMut(Line, ChangeKind)) {
        let (period, pulse) = self.current().times();
        show(self.lifecycle.line(), ChangeKind::Pwm { period, pulse });
    }

    fn add_line_info(&self, _: Line, seen: &mut LineInfo) {
        // The kernel shows such a line as an output or, with hardware PWM, as an input.
        seen.function = Some(LineFunction::Pwm);
        let duty = self.current().duty;
        let is_steady = duty == 0.0 || duty == 1.0;
        seen.level = seen.level.or(is_steady.then_some(Level::from(duty == 1.0)));
    }
}

impl fmt::Debug for Pwm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pwm({}, {} at {} Hz)", self.line(), self.duty(), self.frequency())
    }
}
