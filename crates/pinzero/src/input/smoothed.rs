//! [`SmoothedInputDevice`]: an average of samples.

use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{
    Average, Device, Edge, Effects, Error, ErrorKind, Event, EventKind, Events, Gpio, Handler, Level, Line,
    Outcome, PinSpec, Result, Running, Source, Value,
};

use super::Pulled;
use super::smoothing::{Averaged, Sample, Sampler, Smoothing};
use crate::time::ms;
use crate::{Builder, Open, Site};

/// A device whose value is the average of its last samples, from 0 to 1. It is active while the value is above the threshold.
///
/// Samples are taken at exact instants, from the level after the last edge before each: the line is not read, and nothing wakes up
/// while the level stays. [`LineSensor`](crate::LineSensor), [`MotionSensor`](crate::MotionSensor),
/// [`LightSensor`](crate::LightSensor) and [`DistanceSensor`](crate::DistanceSensor) are smoothed devices.
///
/// The first state, when the queue is full, causes no event: [`is_active`](Self::is_active) tells.
///
/// Clones are handles of the same device, and dropping the last one closes the device.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let sensor = SmoothedInputDevice::builder(4).queue_len(4).average(Average::Mean).gpio(&gpio).open()?;
/// gpio.line(4).script([(ms(15), Level::High)]);
/// gpio.advance(ms(40)); // samples at 10, 20, 30 and 40 ms
/// assert_eq!(sensor.value()?, 0.75);
/// assert!(sensor.is_active()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct SmoothedInputDevice {
    running: Running<Smoothing>,
}

/// The options of a [`SmoothedInputDevice`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Smoothed {
    /// The pin.
    pub pulled: Pulled,
    /// The queue.
    pub averaged: Averaged,
    /// The time between two samples; 1 ms or longer.
    pub sample_wait: Duration,
    /// Samples that do not count.
    pub ignore: Vec<f64>,
}

impl Smoothed {
    pub(super) fn new(pin: impl Into<PinSpec>, averaged: Averaged, sample_wait: Duration) -> Self {
        Smoothed { pulled: Pulled::new(pin, false), averaged, sample_wait, ignore: Vec::new() }
    }

    fn check(&self) -> Result<()> {
        if self.sample_wait < ms(1) {
            let message = format!(
                "samples {:?} apart are too close: give a sample_wait of 1 ms or longer, or a sample_rate from above 0 to 1000 Hz",
                self.sample_wait
            );
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        if [0.0, 1.0].iter().all(|sample| self.ignore.contains(sample)) {
            let message = "all samples are ignored: leave 0 or 1 out of `ignore`";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        self.averaged.check()
    }
}

impl AsMut<Pulled> for Smoothed {
    fn as_mut(&mut self) -> &mut Pulled {
        &mut self.pulled
    }
}

impl AsMut<Averaged> for Smoothed {
    fn as_mut(&mut self) -> &mut Averaged {
        &mut self.averaged
    }
}

/// Options of devices that average samples.
impl<D: Open<O>, O: AsMut<Averaged>> Builder<D, O> {
    /// Sets the number of samples in an average, from 1 to 10,000. Default: see the device's `new`.
    pub fn queue_len(mut self, samples: usize) -> Self {
        self.options.as_mut().queue_len = samples;
        self
    }

    /// Sets the value above which the device is active, between 0 and 1. Default: see the device's `new`.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.options.as_mut().threshold = threshold;
        self
    }

    /// Sets whether the device has a value before the queue is full. Default: `false`, and reads wait for a full queue.
    pub fn partial(mut self, partial: bool) -> Self {
        self.options.as_mut().partial = partial;
        self
    }

    /// Sets the kind of average. Default: the median; the mean for a motion sensor.
    pub fn average(mut self, average: Average) -> Self {
        self.options.as_mut().average = average;
        self
    }
}

/// Options of devices that sample the level of a line.
impl<D: Open<Smoothed>> Builder<D, Smoothed> {
    /// Sets the time between two samples: 1 ms or longer. Default: 10 ms; 100 ms for a motion sensor. gpiozero's 0 is as fast as a thread
    /// can read.
    pub fn sample_wait(mut self, time: Duration) -> Self {
        self.options.sample_wait = time;
        self
    }

    /// Sets the number of samples a second, up to 1000; the other form of [`sample_wait`](Self::sample_wait).
    pub fn sample_rate(mut self, hertz: f64) -> Self {
        // What is no time fails at `open`.
        self.options.sample_wait = Duration::try_from_secs_f64(1.0 / hertz).unwrap_or(Duration::ZERO);
        self
    }

    /// Sets samples that do not count, 0 (inactive) or 1 (active). Default: all count.
    pub fn ignore(mut self, samples: impl IntoIterator<Item = f64>) -> Self {
        self.options.ignore = samples.into_iter().collect();
        self
    }
}

impl SmoothedInputDevice {
    /// Opens the device on `pin` of the default factory: pulled down, active when high, the median of 5 samples 10 ms apart, active above
    /// 0.5.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Smoothed> {
        Builder::new(Smoothed::new(pin, Averaged::new(5, 0.5, Average::Median), ms(10)))
    }

    pub(super) fn from_running(running: Running<Smoothing>) -> Self {
        SmoothedInputDevice { running }
    }

    pub(super) fn running(&self) -> &Running<Smoothing> {
        &self.running
    }

    /// Returns the average of the last samples, from 0 to 1. Blocks until the queue is full, unless the device is
    /// [`partial`](Builder::partial).
    ///
    /// # Errors
    /// See [`Value::value`].
    #[track_caller]
    pub fn value(&self) -> Result<f64> {
        let value = self.running.wait_until(None, Smoothing::value_now)?;
        Ok(value.unwrap_or_default())
    }

    /// Returns the values from now on, for another device to follow: the average, read every 10 ms. There is none before the queue is full. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        let running = self.running.clone();
        Source::reading(move || running.look(Smoothing::value_now))
    }

    /// Returns whether the value is above the threshold. Blocks until the queue is full, unless the device is
    /// [`partial`](Builder::partial).
    ///
    /// # Errors
    /// See [`Value::value`].
    #[track_caller]
    pub fn is_active(&self) -> Result<bool> {
        let is_above = |machine: &Smoothing| Some(machine.value_now()? > machine.options().threshold);
        Ok(self.running.wait_until(None, is_above)?.unwrap_or_default())
    }

    /// Returns the number of samples in an average.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn queue_len(&self) -> Result<usize> {
        self.running.look(|machine| machine.options().queue_len)
    }

    /// Returns whether the device has a value before the queue is full.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn partial(&self) -> Result<bool> {
        self.running.look(|machine| machine.options().partial)
    }

    /// Returns the value above which the device is active.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn threshold(&self) -> Result<f64> {
        self.running.look(|machine| machine.options().threshold)
    }

    /// Sets the value above which the device is active, between 0 and 1. May cause an event at once.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue), and [`Closed`](crate::ErrorKind::Closed).
    pub fn set_threshold(&self, threshold: f64) -> Result<()> {
        self.running.change(|machine, effects| machine.set_threshold(threshold, effects))
    }

    /// Returns how long the device has been active; `None` if it is inactive.
    pub fn active_time(&self) -> Option<Duration> {
        self.time(true)
    }

    /// Returns how long the device has been inactive; `None` if it is active.
    pub fn inactive_time(&self) -> Option<Duration> {
        self.time(false)
    }

    fn time(&self, active: bool) -> Option<Duration> {
        let now = self.gpio().now();
        self.running.peek(|machine| machine.activity().time(active, now)).flatten()
    }

    /// Calls `handler` whenever the device becomes active; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_activated<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Activated, handler)
    }

    /// Calls `handler` whenever the device becomes inactive; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_deactivated<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Deactivated, handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events {
        self.running.events()
    }

    /// Blocks until the device is active; returns at once if it is.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_active(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(true)).map(drop)
    }

    /// Blocks until the device is active, for at most `timeout`. Returns whether the device became active.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_active_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(true))?.is_some())
    }

    /// Blocks until the device is inactive; returns at once if it is.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_inactive(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(false)).map(drop)
    }

    /// Blocks until the device is inactive, for at most `timeout`. Returns whether the device became inactive.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_inactive_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(false))?.is_some())
    }

    /// Waits until the device is active; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn activated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.reaches(true))
    }

    /// Waits until the device is inactive; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn deactivated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.reaches(false))
    }

    /// Returns a closure that gives `Some` once the device is in that state, or has been since this call.
    fn reaches(&self, active: bool) -> impl FnMut(&Smoothing) -> Option<()> + Send + use<> {
        let before = self.running.peek(|machine| machine.activity().count(active));
        move |machine| machine.activity().has_reached(active, before).then_some(())
    }

    /// Returns the line that the device is on; of a device on two lines, the one that is read.
    pub fn pin(&self) -> Line {
        // A device has a line.
        self.running.lines().first().copied().unwrap_or(Line(0))
    }

    /// Returns the factory that opened the pin.
    pub fn gpio(&self) -> &Gpio {
        self.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.running.is_closed()
    }

    /// Closes the device and all its clones, and gives the pin back. Idempotent, from any thread.
    ///
    /// Ends all waits and all event iterators.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }

    pub(super) fn state(&self) -> String {
        let value = self.running.peek(Smoothing::value).flatten();
        value.map_or_else(|| "no value yet".to_owned(), |value| format!("{value:.3}"))
    }
}

impl Open<Smoothed> for SmoothedInputDevice {
    const NAME: &'static str = "SmoothedInputDevice";

    fn open(options: Smoothed, site: &Site) -> Result<Self> {
        options.check().map_err(|error| error.with_pin(&options.pulled.pin).with_device(site.device()))?;
        let Smoothed { pulled, averaged, sample_wait, ignore } = options;
        let (inputs, active) = pulled.inputs([], site)?;
        let inputs = inputs.open()?;
        let running = site.machine().inputs(inputs).start(|now, levels| {
            let sampler = LevelSampler {
                active,
                level: Level::from(levels & 1 == 1),
                period: sample_wait,
                next: now + sample_wait,
                ignore,
            };
            Smoothing::new(averaged, 0.0, Box::new(sampler))
        })?;
        Ok(SmoothedInputDevice { running })
    }
}

/// Samples the level of a line on a beat.
#[derive(Debug)]
struct LevelSampler {
    active: Level,
    level: Level,
    period: Duration,
    next: Instant,
    ignore: Vec<f64>,
}

impl LevelSampler {
    fn value(&self) -> f64 {
        f64::from(u8::from(self.level == self.active))
    }
}

impl Sampler for LevelSampler {
    fn edge(
        &mut self,
        _: usize,
        edge: Edge,
        _: &mut Effects<'_, Event>,
    ) -> Result<Option<(Instant, Sample)>> {
        self.level = edge.level;
        // After a rest, on the same beat as before.
        if self.next <= edge.at {
            self.next = self.next.next_beat(self.period, edge.at);
        }
        Ok(None)
    }

    fn expire(&mut self, at: Instant, _: &mut Effects<'_, Event>) -> Result<Option<(Instant, Sample)>> {
        self.next = at + self.period;
        let value = self.value();
        Ok((!self.ignore.contains(&value)).then_some((at, Some(value))))
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.next)
    }

    fn steady(&self) -> Option<f64> {
        Some(self.value())
    }
}

impl Device for SmoothedInputDevice {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

impl Value for SmoothedInputDevice {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

crate::device::one_line!(SmoothedInputDevice);
