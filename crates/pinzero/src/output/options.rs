//! The options of output devices.

use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Level, PinSpec, Result};

use crate::time::ms;
use crate::{Builder, Color, Open, Tone};

/// The options of every output pin.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Driven {
    /// The pin.
    pub pin: PinSpec,
    /// The level that means "on". Default: high.
    pub active: Level,
}

/// The options of a [`DigitalOutputDevice`](crate::DigitalOutputDevice).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Digital {
    /// The pin and its active level.
    pub driven: Driven,
    /// The first value; `None` adopts the level found. Default: off.
    pub initial: Option<bool>,
}

/// The options of a [`PwmOutputDevice`](crate::PwmOutputDevice).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pulsed {
    /// The pin and its active level.
    pub driven: Driven,
    /// The first value, from 0 to 1. Default: 0.
    pub initial: f64,
    /// The signal.
    pub signal: Signal,
}

/// The options of every PWM signal.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Signal {
    /// The frequency in hertz. Default: 100.
    pub frequency: f64,
    /// `true` requires hardware PWM. Default: `false`.
    pub hardware: bool,
}

/// The options of several pins that all carry PWM, or all are only on or off.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Dimmable {
    /// Whether the pins carry PWM. Default: `true`, but `false` on boards of LEDs and on displays.
    pub pwm: bool,
    /// The signal, if the pins carry PWM.
    pub signal: Signal,
}

/// The options of a [`RgbLed`](crate::RgbLed).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Colored {
    /// The pins for red, green and blue.
    pub pins: [PinSpec; 3],
    /// The level that means "on". Default: high.
    pub active: Level,
    /// PWM, or not.
    pub dimmable: Dimmable,
    /// The first color. Default: black, which is off.
    pub initial: Color,
}

/// The options of a [`Motor`](crate::Motor).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Bridge {
    /// The pin for forward.
    pub forward: PinSpec,
    /// The pin for backward.
    pub backward: PinSpec,
    /// A pin that is on while the motor is open. Default: `None`.
    pub enable: Option<PinSpec>,
    /// PWM, or not.
    pub dimmable: Dimmable,
}

/// The options of a [`PhaseEnableMotor`](crate::PhaseEnableMotor).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PhaseEnable {
    /// The pin for the direction.
    pub phase: PinSpec,
    /// The pin for the speed.
    pub enable: PinSpec,
    /// PWM, or not, on the pin for the speed.
    pub dimmable: Dimmable,
}

/// The options of a [`TonalBuzzer`](crate::TonalBuzzer).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Tonal {
    /// The pin.
    pub pin: PinSpec,
    /// The tone with the value 0. Default: A4.
    pub mid_tone: Tone,
    /// How many octaves the range has on each side, from 1 to 9. Default: 1.
    pub octaves: u32,
    /// The first value, from -1 to 1. Default: `None`, which is silence.
    pub initial: Option<f64>,
    /// `true` requires hardware PWM. Default: `false`.
    pub hardware: bool,
}

/// The options of a [`Servo`](crate::Servo).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Positioned {
    /// The pin.
    pub pin: PinSpec,
    /// The width of the pulses at -1. Default: 1 ms.
    pub min_pulse_width: Duration,
    /// The width of the pulses at 1. Default: 2 ms.
    pub max_pulse_width: Duration,
    /// The time from pulse to pulse. Default: 20 ms.
    pub frame_width: Duration,
    /// The first value, from -1 to 1; `None` sends no pulses. Default: 0.
    pub initial: Option<f64>,
    /// `true` requires hardware PWM. Default: `false`.
    pub hardware: bool,
}

/// The options of an [`AngularServo`](crate::AngularServo).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Angular {
    /// The pin and the pulses. The first value follows from the first angle.
    pub servo: Positioned,
    /// The angle of the shortest pulse, in degrees. Default: -90.
    pub min_angle: f64,
    /// The angle of the longest pulse, in degrees. Default: 90.
    pub max_angle: f64,
    /// The first angle, in degrees; `None` sends no pulses. Default: 0.
    pub initial_angle: Option<f64>,
}

impl Driven {
    /// Returns the default options of an output on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Driven { pin: pin.into(), active: Level::High }
    }
}

impl Digital {
    /// Returns the default options of a digital output on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Digital { driven: Driven::new(pin), initial: Some(false) }
    }
}

impl Pulsed {
    /// Returns the default options of a PWM output on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Pulsed { driven: Driven::new(pin), initial: 0.0, signal: Signal::default() }
    }
}

impl Default for Signal {
    fn default() -> Self {
        Signal { frequency: 100.0, hardware: false }
    }
}

impl Default for Dimmable {
    fn default() -> Self {
        Dimmable { pwm: true, signal: Signal::default() }
    }
}

impl Dimmable {
    /// Fails if the options contradict each other.
    pub(crate) fn check(&self) -> Result<()> {
        if self.pwm || self.signal == Signal::default() {
            return Ok(());
        }
        let message =
            "pins without PWM have no frequency: leave `frequency` and `hardware` out, or set `pwm(true)`";
        Err(Error::new(ErrorKind::InvalidValue, message))
    }
}

impl Colored {
    /// Returns the default options of a LED with three colors.
    pub fn new(red: impl Into<PinSpec>, green: impl Into<PinSpec>, blue: impl Into<PinSpec>) -> Self {
        let pins = [red.into(), green.into(), blue.into()];
        Colored { pins, active: Level::High, dimmable: Dimmable::default(), initial: Color::BLACK }
    }
}

impl Bridge {
    /// Returns the default options of a motor on two pins.
    pub fn new(forward: impl Into<PinSpec>, backward: impl Into<PinSpec>) -> Self {
        let (forward, backward) = (forward.into(), backward.into());
        Bridge { forward, backward, enable: None, dimmable: Dimmable::default() }
    }
}

impl PhaseEnable {
    /// Returns the default options of a motor on two pins.
    pub fn new(phase: impl Into<PinSpec>, enable: impl Into<PinSpec>) -> Self {
        PhaseEnable { phase: phase.into(), enable: enable.into(), dimmable: Dimmable::default() }
    }
}

impl Tonal {
    /// Returns the default options of a buzzer on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Tonal { pin: pin.into(), mid_tone: Tone::A4, octaves: 1, initial: None, hardware: false }
    }
}

impl Positioned {
    /// Returns the default options of a servo on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        let (min_pulse_width, max_pulse_width, frame_width) = (ms(1), ms(2), ms(20));
        let (initial, hardware) = (Some(0.0), false);
        Positioned { pin: pin.into(), min_pulse_width, max_pulse_width, frame_width, initial, hardware }
    }
}

impl Angular {
    /// Returns the default options of a servo on `pin`.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        let (min_angle, max_angle, initial_angle) = (-90.0, 90.0, Some(0.0));
        Angular { servo: Positioned::new(pin), min_angle, max_angle, initial_angle }
    }
}

impl AsMut<Positioned> for Positioned {
    fn as_mut(&mut self) -> &mut Positioned {
        self
    }
}

impl AsMut<Positioned> for Angular {
    fn as_mut(&mut self) -> &mut Positioned {
        &mut self.servo
    }
}

impl AsMut<Driven> for Digital {
    fn as_mut(&mut self) -> &mut Driven {
        &mut self.driven
    }
}

impl AsMut<Driven> for Pulsed {
    fn as_mut(&mut self) -> &mut Driven {
        &mut self.driven
    }
}

impl AsMut<Signal> for Pulsed {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.signal
    }
}

impl AsMut<Dimmable> for Bridge {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for Bridge {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

impl AsMut<Dimmable> for PhaseEnable {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for PhaseEnable {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

impl AsMut<Dimmable> for Colored {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for Colored {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

/// Options of devices that drive a pin.
impl<D: Open<O>, O: AsMut<Driven>> Builder<D, O> {
    /// Sets whether a high level means "on". Default: `true`. Many relay boards need `false`.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.options.as_mut().active = Level::from(active_high);
        self
    }
}

/// Options of devices that are on or off.
impl<D: Open<Digital>> Builder<D, Digital> {
    /// Sets whether the device is on from the first instant. `None` keeps the level that is on the pin already. Default:
    /// `false`.
    pub fn initial_value(mut self, on: impl Into<Option<bool>>) -> Self {
        self.options.initial = on.into();
        self
    }
}

/// Options of devices with a value from 0 to 1.
impl<D: Open<Pulsed>> Builder<D, Pulsed> {
    /// Sets the value from the first instant, from 0 to 1. Default: 0.
    pub fn initial_value(mut self, value: f64) -> Self {
        self.options.initial = value;
        self
    }
}

/// Options of devices with PWM.
impl<D: Open<O>, O: AsMut<Signal>> Builder<D, O> {
    /// Sets the frequency of the pulses in hertz. Default: 100.
    pub fn frequency(mut self, hertz: f64) -> Self {
        self.options.as_mut().frequency = hertz;
        self
    }

    /// Requires hardware PWM, which is exact and takes no processor time; `open` fails without it. Default: `false`.
    ///
    /// A Raspberry Pi has hardware PWM on GPIO12, 13, 18 and 19. On local factories the kernel needs a line in `config.txt`; if
    /// the line is missing, the error names it. Other pins need an overlay of their own, which the error names too.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.options.as_mut().hardware = hardware;
        self
    }
}

/// Options of devices with several pins that carry PWM, or do not.
impl<D: Open<O>, O: AsMut<Dimmable>> Builder<D, O> {
    /// Sets whether the pins carry PWM. With `false`, they are only on or off, and every value is 0 or 1. Default:
    /// `true`, but `false` on boards of LEDs and on displays.
    pub fn pwm(mut self, pwm: bool) -> Self {
        self.options.as_mut().pwm = pwm;
        self
    }
}

/// Options of LEDs with three colors.
impl<D: Open<Colored>> Builder<D, Colored> {
    /// Sets whether a high level means "on". Default: `true`. A LED with a common anode needs `false`.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.options.active = Level::from(active_high);
        self
    }

    /// Sets the color from the first instant. Default: [`Color::BLACK`], which is off.
    pub fn initial_value(mut self, color: impl Into<Color>) -> Self {
        self.options.initial = color.into();
        self
    }
}

/// Options of motors with a pin for each direction.
impl<D: Open<Bridge>> Builder<D, Bridge> {
    /// Sets a third pin, which is on while the motor is open: the driver's enable pin. Default: none.
    pub fn enable(mut self, pin: impl Into<PinSpec>) -> Self {
        self.options.enable = Some(pin.into());
        self
    }
}

/// Options of buzzers that play tones.
impl<D: Open<Tonal>> Builder<D, Tonal> {
    /// Sets the tone in the middle of the range. Default: [`Tone::A4`].
    pub fn mid_tone(mut self, tone: Tone) -> Self {
        self.options.mid_tone = tone;
        self
    }

    /// Sets how many octaves the range has on each side of the mid tone, from 1 to 9. Default: 1.
    pub fn octaves(mut self, octaves: u32) -> Self {
        self.options.octaves = octaves;
        self
    }

    /// Sets the value from the first instant, from -1 to 1. Default: `None`, which is silence.
    pub fn initial_value(mut self, value: impl Into<Option<f64>>) -> Self {
        self.options.initial = value.into();
        self
    }

    /// Requires hardware PWM, whose tones are clean; `open` fails without it. Default: `false`.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.options.hardware = hardware;
        self
    }
}

/// Options of servos.
impl<D: Open<O>, O: AsMut<Positioned>> Builder<D, O> {
    /// Sets the width of the pulses at the value -1. Default: 1 ms. Many servos reach further, down to about 0.5 ms; try in small
    /// steps, because a servo that is driven against its stop overheats.
    pub fn min_pulse_width(mut self, width: Duration) -> Self {
        self.options.as_mut().min_pulse_width = width;
        self
    }

    /// Sets the width of the pulses at the value 1. Default: 2 ms. Many servos reach further, up to about 2.5 ms.
    pub fn max_pulse_width(mut self, width: Duration) -> Self {
        self.options.as_mut().max_pulse_width = width;
        self
    }

    /// Sets the time from the start of a pulse to the start of the next. Default: 20 ms.
    pub fn frame_width(mut self, width: Duration) -> Self {
        self.options.as_mut().frame_width = width;
        self
    }
}

/// Options of servos whose position is a value.
impl<D: Open<Positioned>> Builder<D, Positioned> {
    /// Sets the position from the first instant, from -1 to 1; `None` sends no pulses. Default: 0, the middle.
    pub fn initial_value(mut self, value: impl Into<Option<f64>>) -> Self {
        self.options.initial = value.into();
        self
    }

    /// Requires hardware PWM, whose pulses do not jitter; `open` fails without it. Default: `false`.
    ///
    /// A Raspberry Pi has hardware PWM on GPIO12, 13, 18 and 19.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.options.hardware = hardware;
        self
    }
}

/// Options of servos whose position is an angle.
impl<D: Open<Angular>> Builder<D, Angular> {
    /// Sets the angle of the shortest pulse, in degrees. Default: -90. It may exceed the angle of the longest pulse.
    pub fn min_angle(mut self, degrees: f64) -> Self {
        self.options.min_angle = degrees;
        self
    }

    /// Sets the angle of the longest pulse, in degrees. Default: 90.
    pub fn max_angle(mut self, degrees: f64) -> Self {
        self.options.max_angle = degrees;
        self
    }

    /// Sets the angle from the first instant, in degrees; `None` sends no pulses. Default: 0.
    pub fn initial_angle(mut self, degrees: impl Into<Option<f64>>) -> Self {
        self.options.initial_angle = degrees.into();
        self
    }

    /// Requires hardware PWM, whose pulses do not jitter; `open` fails without it. Default: `false`.
    ///
    /// A Raspberry Pi has hardware PWM on GPIO12, 13, 18 and 19.
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.options.servo.hardware = hardware;
        self
    }
}
