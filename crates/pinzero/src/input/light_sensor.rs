//! [`LightSensor`].

use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{
    Average, Bias, Drive, Edge, Effects, Error, ErrorKind, Event, Handler, Level, Outcome, PinSpec, Result,
    Support,
};

use super::SmoothedInputDevice;
use super::smoothing::{Averaged, Sample, Sampler, Smoothing};
use crate::device::newtype;
use crate::time::ms;
use crate::{Builder, Open, Site};

/// How long the capacitor is discharged before each measurement, as in gpiozero.
const DISCHARGE: Duration = ms(100);

/// A light-dependent resistor (LDR) from 3.3 V to a pin, and a capacitor of about 1 µF from the pin to ground.
///
/// The pin discharges the capacitor for 100 ms and then turns to an input. The more light, the sooner the capacitor is charged and
/// the pin high. The value is 1 if that took no time, and 0 if the time limit passed. The times are those of the edges' stamps. A factory
/// without edges reads the level every 5 ms: give a larger capacitor and a longer limit there.
///
/// A `LightSensor` does all that a [`SmoothedInputDevice`] does.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let capacitor = gpio.capacitor(18, ms(2));
/// let sensor = LightSensor::builder(18).gpio(&gpio).open()?;
/// assert_eq!(sensor.value()?, 0.8);
/// assert!(sensor.light_detected()?);
/// capacitor.set_charge_time(None); // darkness
/// sensor.wait_for_dark()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct LightSensor(SmoothedInputDevice, Duration);

/// The options of a [`LightSensor`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Charged {
    /// The pin.
    pub pin: PinSpec,
    /// The queue.
    pub averaged: Averaged,
    /// The charge time at which the value is 0; 100 µs or longer.
    pub charge_time_limit: Duration,
}

impl AsMut<Averaged> for Charged {
    fn as_mut(&mut self) -> &mut Averaged {
        &mut self.averaged
    }
}

/// Options of a light sensor.
impl<D: Open<Charged>> Builder<D, Charged> {
    /// Sets the charge time at which the value is 0, from 100 µs on. Default: 10 ms, for a capacitor of 1 µF.
    pub fn charge_time_limit(mut self, time: Duration) -> Self {
        self.options.charge_time_limit = time;
        self
    }
}

impl LightSensor {
    /// Opens the sensor on `pin` of the default factory: the median of 5 samples, a limit of 10 ms, light above 0.1.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a sensor with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Charged> {
        let averaged = Averaged::new(5, 0.1, Average::Median);
        Builder::new(Charged { pin: pin.into(), averaged, charge_time_limit: ms(10) })
    }

    /// Returns whether the sensor sees light: whether the value is above the threshold.
    ///
    /// # Errors
    /// See [`is_active`](SmoothedInputDevice::is_active).
    #[track_caller]
    pub fn light_detected(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns the charge time at which the value is 0.
    pub fn charge_time_limit(&self) -> Duration {
        self.1
    }

    /// Calls `handler` whenever light comes; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_light<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_activated(handler)
    }

    /// Calls `handler` whenever darkness comes; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_dark<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_deactivated(handler)
    }

    /// Blocks until there is light; returns at once if there is.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_light(&self) -> Result<()> {
        self.wait_for_active()
    }

    /// Blocks until there is light, for at most `timeout`. Returns whether there was.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_light_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_active_timeout(timeout)
    }

    /// Blocks until it is dark; returns at once if it is.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_dark(&self) -> Result<()> {
        self.wait_for_inactive()
    }

    /// Blocks until it is dark, for at most `timeout`. Returns whether it was.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_dark_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_inactive_timeout(timeout)
    }
}

impl Open<Charged> for LightSensor {
    const NAME: &'static str = "LightSensor";

    fn open(Charged { pin, averaged, charge_time_limit: limit }: Charged, site: &Site) -> Result<Self> {
        let is_long_enough = || {
            if limit >= Duration::from_micros(100) {
                return Ok(());
            }
            let message = format!("a charge_time_limit of {limit:?} is too short: give 100 µs or longer");
            Err(Error::new(ErrorKind::InvalidValue, message))
        };
        let checked = averaged.check().and_then(|()| is_long_enough());
        checked.map_err(|error| error.with_pin(&pin).with_device(site.device()))?;
        // A pull would charge the capacitor, too.
        let bias = if site.gpio().capabilities().bias == Support::None { Bias::AsIs } else { Bias::Disabled };
        // First an input: a line that cannot be one, because of a resistor on the board, fails here.
        let flex = site.flex(pin).start(Drive::Input(bias)).open()?;
        flex.turn(Drive::Output(Level::Low)).map_err(|error| error.with_device(site.device()))?;
        let running = site.machine().flex(flex).start(|now, _| {
            let phase = Phase::Discharging { until: now + DISCHARGE };
            Smoothing::new(averaged, 0.0, Box::new(ChargeSampler { limit, bias, phase }))
        })?;
        Ok(LightSensor(SmoothedInputDevice::from_running(running), limit))
    }
}

/// Times the charge of a capacitor.
#[derive(Debug)]
struct ChargeSampler {
    limit: Duration,
    bias: Bias,
    phase: Phase,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Discharging { until: Instant },
    Charging { since: Instant },
}

impl ChargeSampler {
    /// Ends a measurement: the capacitor is discharged for the next one.
    fn end(
        &mut self,
        at: Instant,
        value: f64,
        effects: &mut Effects<'_, Event>,
    ) -> Result<Option<(Instant, Sample)>> {
        self.phase = Phase::Discharging { until: effects.now() + DISCHARGE };
        effects.turn(0, Drive::Output(Level::Low))?;
        Ok(Some((at, Some(value))))
    }
}

impl Sampler for ChargeSampler {
    fn edge(
        &mut self,
        _: usize,
        edge: Edge,
        effects: &mut Effects<'_, Event>,
    ) -> Result<Option<(Instant, Sample)>> {
        let Phase::Charging { since } = self.phase else { return Ok(None) };
        if edge.level == Level::Low {
            return Ok(None);
        }
        let took = edge.at.since(since).as_secs_f64() / self.limit.as_secs_f64();
        self.end(edge.at, 1.0 - took.min(1.0), effects)
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<Option<(Instant, Sample)>> {
        match self.phase {
            Phase::Discharging { .. } => {
                let since = effects.now();
                // A turn that fails measures nothing, and is tried again.
                self.phase = Phase::Discharging { until: since + DISCHARGE };
                effects.turn(0, Drive::Input(self.bias))?;
                self.phase = Phase::Charging { since };
                Ok(None)
            }
            Phase::Charging { .. } => self.end(at, 0.0, effects),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(match self.phase {
            Phase::Discharging { until } => until,
            Phase::Charging { since } => since + self.limit,
        })
    }
}

newtype!(LightSensor(SmoothedInputDevice));
