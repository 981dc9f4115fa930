//! [`Dht`]: what [`Dht11`](crate::Dht11) and [`Dht22`](crate::Dht22) have in common.

use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{
    Bias, Device, Drive, Edge, Effects, Error, ErrorKind, Event, Gpio, Host, Level, Line, Machine, PinSpec,
    Result, Running, Support,
};

use super::check_edges;
use super::dht_frame::{Fault, Model, decode};
use crate::time::{ms, secs};
use crate::{Builder, Open, Site};

/// A sensor for temperature and humidity: the common part of [`Dht11`](crate::Dht11) and [`Dht22`](crate::Dht22).
///
/// The pin calls the sensor by a low pulse, and turns to an input. The sensor answers within 30 µs, by 40 bits of about 100 µs each. The
/// times of the edges carry the bits, so the pin must be on this computer, and the factory must stamp edges. The device has no thread.
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Dht {
    running: Running<Dialog>,
    model: Model,
}

/// One measurement of a [`Dht`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The temperature in degrees Celsius.
    pub temperature: f64,
    /// The relative humidity in percent.
    pub humidity: f64,
    /// The time of the measurement on the factory's clock.
    pub at: Instant,
}

/// The options of a [`Dht`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Climate {
    /// The pin.
    pub pin: PinSpec,
    /// How often the sensor is asked before a read fails; 1 or more.
    pub attempts: u32,
}

impl Climate {
    pub(super) fn new(pin: impl Into<PinSpec>) -> Self {
        Climate { pin: pin.into(), attempts: 3 }
    }
}

/// Options of a sensor for temperature and humidity.
impl<D: Open<Climate>> Builder<D, Climate> {
    /// Sets how often the sensor is asked before a read fails: 1 or more. Default: 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = attempts;
        self
    }
}

impl Dht {
    #[track_caller]
    pub(super) fn open(options: Climate, model: Model, site: &Site) -> Result<Self> {
        let Climate { pin, attempts } = options;
        let check = || {
            if attempts == 0 {
                let message = "a read with 0 attempts gives nothing: give 1 or more";
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            if let Host::Remote(_) = site.gpio().host() {
                let message = "the sensor answers within microseconds, and a network is too slow to turn the pin round in \
                               time: run the program on the Raspberry Pi itself";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            check_edges(site.gpio())
        };
        check().map_err(|error| error.with_pin(&pin).with_device(site.device()))?;
        let bias = if site.gpio().capabilities().bias == Support::None { Bias::AsIs } else { Bias::PullUp };
        let flex = site.flex(pin).start(Drive::Input(bias)).open()?;
        let running = site.machine().flex(flex).start(|now, _| Dialog {
            model,
            bias,
            attempts,
            phase: Phase::Idle,
            ready_at: now,
            tried: 0,
            falls: Vec::new(),
            ended: 0,
            outcome: None,
        })?;
        Ok(Dht { running, model })
    }

    /// Returns temperature and humidity. Blocks until the sensor has answered.
    ///
    /// A sensor needs time between two measurements: a DHT22 two seconds, a DHT11 one. A read within this time returns the last reading
    /// again, and [`Reading::at`] tells how old that is. A sensor that does not answer, or wrongly, is asked
    /// [again](Builder::attempts) after this time, so a read takes 12 ms to some 5 seconds. Reads of several threads at once share one
    /// measurement.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let room = gpio.dht22(4);
    /// let sensor = Dht22::builder(4).gpio(&gpio).open()?;
    /// room.set(-3.5, 81.0);
    /// let reading = sensor.read()?;
    /// assert_eq!((reading.temperature, reading.humidity), (-3.5, 81.0));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`TimedOut`](ErrorKind::TimedOut) if no attempt had an answer; [`Io`](ErrorKind::Io) if the last attempt had a wrong or
    /// incomplete one, and for any I/O error; [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile.
    #[track_caller]
    pub fn read(&self) -> Result<Reading> {
        match self.running.change(|dialog, effects| Ok(dialog.ask(effects.now())))? {
            Ok(reading) => Ok(reading),
            Err(number) => {
                let outcome =
                    self.running.wait_until(Some(self.limit()?), |dialog| dialog.outcome(number))?;
                self.explain(outcome.unwrap_or_else(|| {
                    Err(Error::new(
                        ErrorKind::TimedOut,
                        "the measurement has not ended in time: the system is too busy",
                    ))
                }))
            }
        }
    }

    /// Resolves with temperature and humidity; for `async` code, on any executor. See [`read`](Self::read).
    ///
    /// A future that is dropped does no harm: the measurement goes on, and the next read has its result.
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub async fn read_async(&self) -> Result<Reading> {
        match self.running.change(|dialog, effects| Ok(dialog.ask(effects.now())))? {
            Ok(reading) => Ok(reading),
            Err(number) => {
                let outcome = self.running.until(move |dialog| dialog.outcome(number)).await?;
                self.explain(outcome)
            }
        }
    }

    /// Returns the longest time that a measurement takes, with some time to spare.
    fn limit(&self) -> Result<Duration> {
        let attempts = self.running.look(|dialog| dialog.attempts)?;
        Ok(self.model.interval().saturating_mul(attempts.saturating_add(1)))
    }

    fn explain(&self, outcome: Result<Reading>) -> Result<Reading> {
        outcome.map_err(|error| error.with_device(self.model.name()).with_pin(self.pin()))
    }

    /// Returns the line that the sensor is on.
    pub fn pin(&self) -> Line {
        // A sensor has a line.
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
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }

    pub(super) fn state(&self) -> String {
        match self.running.peek(Dialog::last).flatten() {
            Some(Reading { temperature, humidity, .. }) => format!("{temperature} °C, {humidity} %"),
            None => "no reading".to_owned(),
        }
    }
}

impl Device for Dht {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

crate::device::one_line!(Dht);

impl Model {
    fn name(self) -> &'static str {
        match self {
            Model::Dht11 => "Dht11",
            Model::Dht22 => "Dht22",
        }
    }

    fn other(self) -> Model {
        match self {
            Model::Dht11 => Model::Dht22,
            Model::Dht22 => Model::Dht11,
        }
    }

    /// Returns the length of the start pulse. A sensor wants 18 ms or 1 ms at least.
    fn start(self) -> Duration {
        match self {
            Model::Dht11 => ms(18),
            Model::Dht22 => ms(2),
        }
    }

    /// Returns the shortest time from one measurement to the next.
    fn interval(self) -> Duration {
        match self {
            Model::Dht11 => secs(1),
            Model::Dht22 => secs(2),
        }
    }
}

/// How long an answer is waited for. It takes 4 to 5 ms.
const PATIENCE: Duration = ms(10);

/// The most falling edges that are kept. A whole answer has 42.
const MOST: usize = 200;

/// Asks the sensor, and listens to the answer.
#[derive(Debug)]
struct Dialog {
    model: Model,
    bias: Bias,
    attempts: u32,
    phase: Phase,
    /// When the sensor may be asked again.
    ready_at: Instant,
    /// The attempts of this measurement so far.
    tried: u32,
    falls: Vec<Instant>,
    /// The number of measurements that have ended.
    ended: u64,
    /// The result of the last of them.
    outcome: Option<Result<Reading>>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Idle,
    /// The sensor is not ready yet.
    Waiting {
        until: Instant,
    },
    /// The pin is low.
    Calling {
        until: Instant,
    },
    /// The pin is an input since then.
    Listening {
        since: Instant,
    },
}

impl Dialog {
    /// Returns the last reading if the sensor cannot give a new one yet. Else has the sensor measured, and returns the number of that
    /// measurement.
    fn ask(&mut self, now: Instant) -> Result<Reading, u64> {
        if let Phase::Idle = self.phase {
            if let Some(reading) = self.last().filter(|_| now < self.ready_at) {
                return Ok(reading);
            }
            self.tried = 0;
            self.phase = Phase::Waiting { until: now.max(self.ready_at) };
        }
        Err(self.ended + 1)
    }

    /// Returns the result of the measurement with this number, or of a later one, once there is one.
    fn outcome(&self, number: u64) -> Option<Result<Reading>> {
        self.outcome.clone().filter(|_| self.ended >= number)
    }

    /// Returns the reading of the last measurement, unless that failed.
    fn last(&self) -> Option<Reading> {
        self.outcome.as_ref()?.as_ref().ok().copied()
    }

    fn end(&mut self, outcome: Result<Reading>, effects: &mut Effects<'_, Event>) {
        self.phase = Phase::Idle;
        self.ended += 1;
        self.outcome = Some(outcome);
        effects.ring();
    }

    fn step(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        match self.phase {
            Phase::Idle => {}
            Phase::Waiting { .. } => {
                let now = effects.now();
                self.tried += 1;
                self.ready_at = now + self.model.interval();
                effects.turn(0, Drive::Output(Level::Low))?;
                // The pulse is not shorter than planned, even if the turn took time.
                self.phase = Phase::Calling { until: effects.now() + self.model.start() };
            }
            Phase::Calling { .. } => {
                self.falls.clear();
                self.phase = Phase::Listening { since: effects.now() };
                effects.turn(0, Drive::Input(self.bias))?;
            }
            Phase::Listening { since } => match decode(self.model, &self.falls) {
                Ok((temperature, humidity)) => {
                    self.end(Ok(Reading { temperature, humidity, at: since }), effects);
                }
                Err(_) if self.tried < self.attempts => {
                    self.phase = Phase::Waiting { until: at.max(self.ready_at) };
                }
                Err(fault) => self.end(Err(self.error(fault)), effects),
            },
        }
        Ok(())
    }

    fn error(&self, fault: Fault) -> Error {
        let message = match fault {
            Fault::Silence => {
                let hint = match self.model {
                    Model::Dht11 => "",
                    Model::Dht22 => "; for a DHT11, use `Dht11`, whose start pulse is longer",
                };
                &format!(
                    "the sensor does not answer: check its supply, its ground, and that its data pin is on this pin, with a \
                     resistor of 4.7 to 10 kΩ to 3.3 V{hint}"
                )
            }
            Fault::Garbled => {
                "the answer has gaps: look for a bad contact, a long wire without a resistor of 4.7 kΩ to 3.3 V, or a system \
                 that is too busy"
            }
            Fault::Checksum => {
                "the checksum of the answer is wrong: shorten the wire, or put a resistor of 4.7 kΩ from data to 3.3 V"
            }
            Fault::Implausible => &format!(
                "the answer is beyond what a {} can measure: if the sensor is another one, use `{}`",
                self.model.name(),
                self.model.other().name()
            ),
        };
        let kind = if fault == Fault::Silence { ErrorKind::TimedOut } else { ErrorKind::Io };
        Error::new(kind, format!("{message} (attempt {0} of {0})", self.attempts))
    }
}

impl Machine for Dialog {
    type Event = Event;

    fn edge(&mut self, _: usize, edge: Edge, _: &mut Effects<'_, Event>) -> Result<()> {
        if let Phase::Listening { since } = self.phase {
            if edge.level == Level::Low && edge.at >= since && self.falls.len() < MOST {
                self.falls.push(edge.at);
            }
        }
        Ok(())
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        match self.step(at, effects) {
            Err(error) if error.kind() != ErrorKind::Closed => {
                self.end(Err(error), effects);
                Ok(())
            }
            stepped => stepped,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle => None,
            Phase::Waiting { until } | Phase::Calling { until } => Some(until),
            Phase::Listening { since } => Some(since + PATIENCE),
        }
    }
}
