//! A line that carries pulses.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::animation::{Animation, Ownership, Target};
use crate::capability::Support;
use crate::device::Device;
use crate::emulate::soft_pwm::{self, SoftPwm};
use crate::error::{Error, ErrorKind, Result};
use crate::factory::{PwmConfig, PwmPin};
use crate::gpio::Gpio;
use crate::handle::line_info::{LineFunction, LineInfo};
use crate::handle::reserve::Reserver;
use crate::handle::{Close, HandleRef, Lifecycle};
use crate::machine::Blink;
use crate::pin_spec::PinSpec;
use crate::types::{Level, Line, OnClose};

/// How to open a [`Pwm`]; made by [`Gpio::pwm`].
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

/// A wave as users give it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wave {
    frequency: f64,
    duty: f64,
}

impl Wave {
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

    /// Period and pulse, to the nanosecond.
    fn times(self) -> (Duration, Duration) {
        let period = 1e9 / self.frequency;
        let nanos = |nanos: f64| Duration::from_nanos(nanos.round() as u64);
        (nanos(period), nanos(period * self.duty))
    }
}

impl PwmBuilder {
    pub(crate) fn new(gpio: Gpio, spec: PinSpec) -> Self {
        let wave = Wave { frequency: 100.0, duty: 0.0 };
        PwmBuilder { gpio, spec, device: "Pwm", hardware: false, wave, rest: Level::Low, on_close: None }
    }

    /// The frequency in hertz; 100 if nothing is said.
    pub fn frequency(mut self, hertz: f64) -> Self {
        self.wave.frequency = hertz;
        self
    }

    /// The duty cycle from the first instant, from 0 to 1; 0 if nothing is said.
    pub fn initial(mut self, duty: f64) -> Self {
        self.wave.duty = duty;
        self
    }

    /// Insists on pulses of the hardware's own: exact, and without any work for the processor.
    ///
    /// A Raspberry Pi has that on GPIO12, 13, 18 and 19. On local factories the kernel has to be told by a line in
    /// `config.txt`, which the error names where it is missing; and only they and the remote one can do it.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.hardware = hardware;
        self
    }

    /// The level at which a wave stops that is closed with [`OnClose::Keep`]; low if nothing is said.
    pub fn rest(mut self, level: Level) -> Self {
        self.rest = level;
        self
    }

    /// What the line becomes when it is closed; what the factory's builder says if nothing is said here.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// What error messages call the reserver of the line.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the line, with the factory's own PWM or else in software.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse),
    /// [`InvalidValue`](ErrorKind::InvalidValue), [`InvalidFrequency`](ErrorKind::InvalidFrequency),
    /// [`FixedPull`](ErrorKind::FixedPull), [`Busy`](ErrorKind::Busy), [`Unsupported`](ErrorKind::Unsupported),
    /// [`Closed`](ErrorKind::Closed), and those of the system.
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
        let config = PwmConfig {
            period,
            pulse,
            hardware: self.hardware,
            rest: self.rest,
            on_close: self.on_close.unwrap_or(gpio.on_close()),
        };
        let soft = !self.hardware
            && match gpio.capabilities().pwm {
                Support::Native => false,
                Support::Emulated => true,
                Support::None => return Err(Error::unsupported("PWM")),
            };
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

/// A line that carries pulses. A cheap handle: clones drive the same line, and the last one to go closes it.
///
/// ```
/// use pinzero_core::{mock, time::{Instant, ms, us}};
///
/// let gpio = mock::gpio();
/// let servo = gpio.pwm(18).frequency(50.0).open()?;
/// servo.set_duty(0.075)?;
/// let last = gpio.line(18).pulses().pop().unwrap();
/// assert_eq!((last.period, last.pulse), (ms(20), us(1500)));
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pwm(Arc<HandleRef<PwmShared>>);

#[derive(Debug)]
struct PwmShared {
    lifecycle: Lifecycle,
    pin: Box<dyn PwmPin>,
    soft: bool,
    ownership: Ownership,
    /// What was last written. The lock is held while writing, so that frequency and duty stay a pair.
    wave: Mutex<Wave>,
}

impl Pwm {
    /// Sets the duty cycle, from 0 (steadily low) to 1 (steadily high), and ends an animation that runs.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue), [`Closed`](ErrorKind::Closed),
    /// [`Disconnected`](ErrorKind::Disconnected), and those of the system.
    pub fn set_duty(&self, duty: f64) -> Result<()> {
        let shared: &PwmShared = &self.0;
        Wave { duty, ..shared.current() }
            .checked()
            .map_err(|error| error.with_pin(shared.lifecycle.line()))?;
        let before = shared.current();
        let result = shared.ownership.take(shared.lifecycle.gpio(), || shared.write(|wave| wave.duty = duty));
        shared.finish(result).inspect_err(|_| *shared.wave.lock() = before)
    }

    /// The duty cycle last set, by an animation or by hand.
    pub fn duty(&self) -> f64 {
        self.0.current().duty
    }

    /// Sets the frequency in hertz; duty cycle and animation stay.
    ///
    /// # Errors
    /// [`InvalidFrequency`](ErrorKind::InvalidFrequency), and as for [`set_duty`](Pwm::set_duty).
    pub fn set_frequency(&self, hertz: f64) -> Result<()> {
        let shared: &PwmShared = &self.0;
        let check = || {
            let wave = Wave { frequency: hertz, ..shared.current() }.checked()?;
            if shared.soft { soft_pwm::check(wave.times().0) } else { Ok(()) }
        };
        check().map_err(|error: Error| error.with_pin(shared.lifecycle.line()))?;
        let before = shared.current();
        let result = shared.write(|wave| wave.frequency = hertz);
        shared.finish(result).inspect_err(|_| *shared.wave.lock() = before)
    }

    /// The frequency in hertz.
    pub fn frequency(&self) -> f64 {
        self.0.current().frequency
    }

    /// Whether the pulses are made in software, with the jitter that this brings.
    pub fn is_software(&self) -> bool {
        self.0.soft
    }

    /// Blinks, fades or pulses in the background; `active` is the level that means "on".
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the plan has too short a cycle, and those of writing.
    pub fn blink(&self, plan: Blink, active: Level) -> Result<Animation> {
        let shared: &Arc<PwmShared> = &self.0;
        shared.lifecycle.check_open()?;
        let before = shared.current();
        let run = Ownership::start(shared.lifecycle.gpio(), shared.clone(), plan, active)
            .map_err(|error| error.with_pin(shared.lifecycle.line()))?;
        // One whose first step has not got there is not left running.
        shared.finish(Ok(())).inspect_err(|_| {
            shared.ownership.take(shared.lifecycle.gpio(), || *shared.wave.lock() = before)
        })?;
        let device = self.clone();
        let off = if active.is_high() { 0.0 } else { 1.0 };
        Ok(Animation::new(shared.lifecycle.gpio().clone(), run, move || device.set_duty(off)))
    }

    /// The line's number on its chip.
    pub fn line(&self) -> Line {
        self.0.lifecycle.line()
    }

    /// The factory that it belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.lifecycle.gpio()
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.lifecycle.is_closed()
    }

    /// Ends the pulses, and gives the line back in the state that was asked for. Idempotent, from any thread.
    ///
    /// # Errors
    /// Those of the system; the line is given back as far as can be all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl PwmShared {
    fn current(&self) -> Wave {
        *self.wave.lock()
    }

    fn write(&self, change: impl FnOnce(&mut Wave)) -> Result<()> {
        let mut wave = self.wave.lock();
        let mut wanted = *wave;
        change(&mut wanted);
        let (period, pulse) = wanted.times();
        self.pin.set(period, pulse).map_err(|error| error.with_pin(self.lifecycle.line()))?;
        *wave = wanted;
        Ok(())
    }

    /// Sees to what a write has set off, and whether it has got to the pin.
    fn finish(&self, written: Result<()>) -> Result<()> {
        let gpio = self.lifecycle.gpio();
        gpio.runtime().catch_up();
        written?;
        gpio.confirm(|| self.pin.confirm()).map_err(|error| error.with_pin(self.lifecycle.line()))
    }
}

impl Target for PwmShared {
    fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    fn show(&self, value: f64) -> Result<()> {
        self.write(|wave| wave.duty = value)
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

    fn add_line_info(&self, _: Line, seen: &mut LineInfo) {
        // The kernel takes such a line for an output, or, if the hardware has it, for an input.
        seen.function = Some(LineFunction::Pwm);
        let duty = self.current().duty;
        let is_steady = duty == 0.0 || duty == 1.0;
        seen.level = seen.level.or(is_steady.then_some(Level::from(duty == 1.0)));
    }
}
