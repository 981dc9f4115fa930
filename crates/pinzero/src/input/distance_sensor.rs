//! [`DistanceSensor`].

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::time::Instant;
use pinzero_core::{
    Average, Edge, Effects, Error, ErrorKind, Event, Handler, Level, Line, MachineRef, Outcome, PinSpec,
    Result, Support,
};

use super::SmoothedInputDevice;
use super::smoothing::{Averaged, Sample, Sampler, Smoothing};
use super::turns::Turns;
use crate::time::{ms, us};
use crate::{Builder, Open, Site};

/// An ultrasonic distance sensor with a trigger and an echo pin, such as an HC-SR04. Mind the levels: the echo of most modules has 5 V,
/// and a pin of a Raspberry Pi bears 3.3 V, so a divider of two resistors goes between.
///
/// ```text
/// trigger __|‾|_____________________      10 µs
/// echo    ______________|‾‾‾‾‾‾‾|___      as long as the sound is on its way, there and back
/// ```
///
/// The sensor measures every 60 ms, and times the echo by the stamps of its two edges. Sensors of one factory take turns, so that none
/// hears the ping of another. The value is the median of 9 distances, from 0 to 1 of the maximum distance.
///
/// The factory must report edges as they happen: `rppal` needs the character device for that.
///
/// As in gpiozero, "active" is out of range. Unlike gpiozero, a sensor that hears no echo is out of range too: its value is 1.
/// [`missed_echoes`](Self::missed_echoes) counts the pings without an echo.
///
/// A `DistanceSensor` does all that a [`SmoothedInputDevice`] does.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let room = gpio.echo(23, 24);
/// room.set_distance(0.8);
/// let sensor = DistanceSensor::builder(24, 23).gpio(&gpio).open()?; // echo, trigger
/// assert!((sensor.distance()? - 0.8).abs() < 0.001);
/// room.set_distance(0.2);
/// sensor.wait_for_in_range()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct DistanceSensor {
    base: SmoothedInputDevice,
    scale: Arc<Mutex<Scale>>,
}

/// The conversion of echo times to values.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// In metres.
    max_distance: f64,
    /// The speed of sound, in metres a second.
    speed: f64,
}

impl Scale {
    fn value(self, echo: Duration) -> f64 {
        (echo.as_secs_f64() * self.speed / 2.0 / self.max_distance).min(1.0)
    }
}

/// The options of a [`DistanceSensor`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ranging {
    /// The pin of the echo.
    pub echo: PinSpec,
    /// The pin of the trigger.
    pub trigger: PinSpec,
    /// The queue. The threshold is that of the distance.
    pub averaged: Averaged,
    /// The distance at which the value is 1, in metres.
    pub max_distance: f64,
    /// The distance up to which something is in range, in metres.
    pub threshold_distance: f64,
    /// The temperature of the air in degrees Celsius.
    pub temperature: f64,
}

impl AsMut<Averaged> for Ranging {
    fn as_mut(&mut self) -> &mut Averaged {
        &mut self.averaged
    }
}

/// Options of a distance sensor.
impl<D: Open<Ranging>> Builder<D, Ranging> {
    /// Sets the distance at which the value is 1, in metres. Default: 1.
    pub fn max_distance(mut self, metres: f64) -> Self {
        self.options.max_distance = metres;
        self
    }

    /// Sets the distance up to which something is in range, in metres; less than the maximum. Default: 0.3.
    pub fn threshold_distance(mut self, metres: f64) -> Self {
        self.options.threshold_distance = metres;
        self
    }

    /// Sets the temperature of the air in degrees Celsius, from -50 to 100, for the speed of sound. Default: 20, at which sound travels
    /// 343.2 metres a second.
    pub fn temperature(mut self, celsius: f64) -> Self {
        self.options.temperature = celsius;
        self
    }
}

/// Returns the speed of sound in dry air, in metres a second.
fn speed_of_sound(celsius: f64) -> Result<f64> {
    if (-50.0..=100.0).contains(&celsius) {
        return Ok(331.3 * (1.0 + celsius / 273.15).sqrt());
    }
    let message = format!("a temperature of {celsius} °C is out of range: give -50 to 100");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// Returns the threshold as a value.
fn threshold(distance: f64, max_distance: f64) -> Result<f64> {
    if !(max_distance > 0.0 && max_distance.is_finite()) {
        let message = format!("a maximum distance of {max_distance} m: give more than 0");
        return Err(Error::new(ErrorKind::InvalidValue, message));
    }
    if distance > 0.0 && distance < max_distance {
        return Ok(distance / max_distance);
    }
    let message = format!(
        "a threshold distance of {distance} m is out of range: give more than 0 and less than the maximum of {max_distance} m"
    );
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl DistanceSensor {
    /// Opens the sensor on these pins of the default factory: a maximum of 1 m, in range up to 0.3 m.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the factory reports no edges; see also [`Builder::open`].
    #[track_caller]
    pub fn new(echo: impl Into<PinSpec>, trigger: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(echo, trigger).open()
    }

    /// Returns a builder for a sensor with other options.
    pub fn builder(echo: impl Into<PinSpec>, trigger: impl Into<PinSpec>) -> Builder<Self, Ranging> {
        Builder::new(Ranging {
            echo: echo.into(),
            trigger: trigger.into(),
            averaged: Averaged::new(9, 0.3, Average::Median),
            max_distance: 1.0,
            threshold_distance: 0.3,
            temperature: 20.0,
        })
    }

    /// Returns the distance in metres, at most the maximum. Blocks as [`value`](SmoothedInputDevice::value) does.
    ///
    /// # Errors
    /// See [`value`](SmoothedInputDevice::value).
    #[track_caller]
    pub fn distance(&self) -> Result<f64> {
        let metres = |machine: &Smoothing| Some(machine.value_now()? * self.scale.lock().max_distance);
        Ok(self.running().wait_until(None, metres)?.unwrap_or_default())
    }

    /// Returns whether something is within the threshold distance.
    ///
    /// # Errors
    /// See [`is_active`](SmoothedInputDevice::is_active).
    #[track_caller]
    pub fn in_range(&self) -> Result<bool> {
        Ok(!self.is_active()?)
    }

    /// Returns how many pings had no echo so far.
    pub fn missed_echoes(&self) -> u64 {
        self.running().peek(Smoothing::failures).unwrap_or_default()
    }

    /// Returns the distance at which the value is 1, in metres.
    pub fn max_distance(&self) -> f64 {
        // In a forked child, a lock may be held for ever.
        self.running().peek(|_| self.scale.lock().max_distance).unwrap_or_default()
    }

    /// Sets the distance at which the value is 1, in metres. The threshold distance stays. Distances measured so far are dropped.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) unless it is above the threshold distance; [`Closed`](ErrorKind::Closed).
    pub fn set_max_distance(&self, metres: f64) -> Result<()> {
        let changed = self.running().change(|machine, effects| {
            let mut scale = self.scale.lock();
            let threshold = threshold(machine.options().threshold * scale.max_distance, metres)?;
            scale.max_distance = metres;
            machine.forget();
            machine.set_threshold(threshold, effects)
        });
        changed.map_err(|error| error.with_pin(self.pin()))
    }

    /// Returns the distance up to which something is in range, in metres.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn threshold_distance(&self) -> Result<f64> {
        self.running().look(|machine| machine.options().threshold * self.scale.lock().max_distance)
    }

    /// Sets the distance up to which something is in range, in metres.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) unless it is above 0 and below the maximum; [`Closed`](ErrorKind::Closed).
    pub fn set_threshold_distance(&self, metres: f64) -> Result<()> {
        let changed = self.running().change(|machine, effects| {
            let threshold = threshold(metres, self.scale.lock().max_distance)?;
            machine.set_threshold(threshold, effects)
        });
        changed.map_err(|error| error.with_pin(self.pin()))
    }

    /// Sets the temperature of the air in degrees Celsius, from -50 to 100, for later measurements.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) out of range; [`Closed`](ErrorKind::Closed).
    pub fn set_temperature(&self, celsius: f64) -> Result<()> {
        let changed = self.running().change(|_, _| {
            self.scale.lock().speed = speed_of_sound(celsius)?;
            Ok(())
        });
        changed.map_err(|error| error.with_pin(self.pin()))
    }

    /// Returns the line of the echo.
    pub fn echo(&self) -> Line {
        self.pin()
    }

    /// Returns the line of the trigger.
    pub fn trigger(&self) -> Line {
        // A sensor has two lines.
        self.running().lines().get(1).copied().unwrap_or(Line(0))
    }

    /// Calls `handler` whenever something comes into range; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_in_range<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_deactivated(handler)
    }

    /// Calls `handler` whenever nothing is in range any more; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_out_of_range<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_activated(handler)
    }

    /// Blocks until something is in range; returns at once if something is.
    ///
    /// # Errors
    /// See [`wait_for_inactive`](SmoothedInputDevice::wait_for_inactive).
    #[track_caller]
    pub fn wait_for_in_range(&self) -> Result<()> {
        self.wait_for_inactive()
    }

    /// Blocks until something is in range, for at most `timeout`. Returns whether something was.
    ///
    /// # Errors
    /// See [`wait_for_inactive`](SmoothedInputDevice::wait_for_inactive).
    #[track_caller]
    pub fn wait_for_in_range_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_inactive_timeout(timeout)
    }

    /// Blocks until nothing is in range; returns at once if nothing is.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_out_of_range(&self) -> Result<()> {
        self.wait_for_active()
    }

    /// Blocks until nothing is in range, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_out_of_range_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_active_timeout(timeout)
    }
}

impl Deref for DistanceSensor {
    type Target = SmoothedInputDevice;

    fn deref(&self) -> &SmoothedInputDevice {
        &self.base
    }
}

impl Open<Ranging> for DistanceSensor {
    const NAME: &'static str = "DistanceSensor";

    fn open(options: Ranging, site: &Site) -> Result<Self> {
        let checked = || {
            let speed = speed_of_sound(options.temperature)?;
            let threshold = threshold(options.threshold_distance, options.max_distance)?;
            let averaged = Averaged { threshold, ..options.averaged.clone() };
            averaged.check()?;
            if site.gpio().capabilities().edges != Support::Native {
                return Err(Error::unsupported("an echo without time stamps of edges"));
            }
            Ok((Scale { max_distance: options.max_distance, speed }, averaged))
        };
        let (scale, averaged) =
            checked().map_err(|error| error.with_pin(&options.echo).with_device(site.device()))?;
        site.check_distinct(&[("echo", &options.echo), ("trigger", &options.trigger)])?;
        let echo = site.inputs([options.echo]).open()?;
        let trigger = site.group([options.trigger]).open()?;
        let scale = Arc::new(Mutex::new(scale));
        let turns = site.gpio().common::<Turns>();
        let running = site.machine().inputs(echo).outputs(trigger).start(|now, levels| {
            let level = Level::from(levels & 1 == 1);
            let phase = Phase::Resting { until: now + REST };
            let sampler = EchoSampler { scale: scale.clone(), turns, this: None, level, phase, missed: 0 };
            Smoothing::new(averaged, 1.0, Box::new(sampler))
        })?;
        Ok(DistanceSensor { base: SmoothedInputDevice::from_running(running), scale })
    }
}

/// The time between the end of a measurement and the next one, as in gpiozero.
const REST: Duration = ms(60);
/// The length of the trigger's pulse.
const PULSE: Duration = us(10);
/// How long an echo may take. A sensor that sees nothing gives up after some 40 ms.
const PATIENCE: Duration = ms(100);
/// How long a ping waits for an earlier echo to end.
const CLEARING: Duration = ms(50);
/// How long a ping can be heard, more or less, by other sensors in the room.
const FADING: Duration = ms(25);

/// Times the echo of a ping.
#[derive(Debug)]
struct EchoSampler {
    scale: Arc<Mutex<Scale>>,
    turns: Arc<Turns>,
    /// Known from the first turn on.
    this: Option<MachineRef>,
    /// The level of the echo's line.
    level: Level,
    phase: Phase,
    missed: u64,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Resting {
        until: Instant,
    },
    /// Another sensor measures.
    Waiting,
    /// It is our turn, but the line still has the echo of an earlier ping.
    Clearing {
        until: Instant,
    },
    Triggering {
        since: Instant,
    },
    Listening {
        since: Instant,
        rise: Option<Instant>,
    },
}

impl EchoSampler {
    fn begin(&mut self, effects: &mut Effects<'_, Event>) -> Result<()> {
        let now = effects.now();
        let this = self.this.get_or_insert_with(|| effects.this().clone());
        self.phase = if !self.turns.take(this, now) {
            Phase::Waiting
        } else if self.level == Level::High {
            Phase::Clearing { until: now + CLEARING }
        } else {
            return self.trigger(effects);
        };
        Ok(())
    }

    fn trigger(&mut self, effects: &mut Effects<'_, Event>) -> Result<()> {
        let now = effects.now();
        effects.write(1, 1).inspect_err(|_| {
            self.end(now, now, None);
        })?;
        // The pulse is not shorter than planned, even if the write took time.
        self.phase = Phase::Triggering { since: effects.now() };
        Ok(())
    }

    /// Ends a measurement whose ping was at `ping`.
    fn end(&mut self, ping: Instant, at: Instant, sample: Sample) -> Option<(Instant, Sample)> {
        self.phase = Phase::Resting { until: at + REST };
        self.missed += u64::from(sample.is_none());
        if let Some(this) = &self.this {
            self.turns.end(this, at.max(ping + FADING));
        }
        Some((at, sample))
    }
}

impl Sampler for EchoSampler {
    fn edge(
        &mut self,
        _: usize,
        Edge { at, level, missed }: Edge,
        effects: &mut Effects<'_, Event>,
    ) -> Result<Option<(Instant, Sample)>> {
        self.level = level;
        match self.phase {
            Phase::Clearing { .. } if level == Level::Low => self.trigger(effects).map(|()| None),
            // Which edge is which is no longer known.
            Phase::Listening { since, .. } if missed > 0 => Ok(self.end(since, at, None)),
            Phase::Listening { since, rise } if at >= since => match (level, rise) {
                (Level::High, _) => {
                    self.phase = Phase::Listening { since, rise: Some(at) };
                    Ok(None)
                }
                (Level::Low, Some(rise)) => {
                    let value = self.scale.lock().value(at - rise);
                    Ok(self.end(since, at, Some(value)))
                }
                (Level::Low, None) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<Option<(Instant, Sample)>> {
        match self.phase {
            Phase::Resting { .. } | Phase::Waiting => self.begin(effects).map(|()| None),
            Phase::Triggering { .. } => {
                let since = effects.now();
                self.phase = Phase::Listening { since, rise: None };
                effects.write(1, 0).map(|()| None).inspect_err(|_| {
                    self.end(since, at, None);
                })
            }
            Phase::Clearing { .. } => {
                // Maybe the line is low, and its edge was lost: the next ping does not wait.
                self.level = Level::Low;
                Ok(self.end(at, at, None))
            }
            Phase::Listening { since, .. } => Ok(self.end(since, at, None)),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(match self.phase {
            Phase::Resting { until } | Phase::Clearing { until } => until,
            Phase::Waiting => return self.turns.next(self.this.as_ref()?),
            Phase::Triggering { since } => since + PULSE,
            Phase::Listening { since, .. } => since + PATIENCE,
        })
    }

    fn failures(&self) -> u64 {
        self.missed
    }

    fn end(&mut self) {
        self.this.iter().for_each(|this| self.turns.leave(this));
    }
}

impl fmt::Debug for DistanceSensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_closed() {
            return write!(f, "DistanceSensor({}, {}, closed)", self.echo(), self.trigger());
        }
        let value = self.running().peek(Smoothing::value).flatten();
        let distance = value.map_or_else(
            || "no value yet".to_owned(),
            |value| format!("{:.3} m", value * self.max_distance()),
        );
        let missed = self.missed_echoes();
        write!(f, "DistanceSensor({}, {}, {distance}, {missed} echoes missed)", self.echo(), self.trigger())
    }
}

impl fmt::Display for DistanceSensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistanceSensor on {} and {}", self.echo(), self.trigger())
    }
}
