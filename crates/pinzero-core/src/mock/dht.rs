//! [`MockDht`]: a sensor for temperature and humidity on a mock pin.

use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::{Instant, ms, us};
use crate::types::{Level, Line};

/// The time from the end of the start pulse to the answer.
const DELAY: Duration = us(30);
/// The length of each of the two pulses, low and high, that begin the answer.
const RESPONSE: Duration = us(80);
/// The low pulse before each bit, and after the last one.
const GAP: Duration = us(50);
/// The high pulse of a zero, and that of a one.
const BITS: [Duration; 2] = [us(26), us(70)];

/// A DHT11 or DHT22 with its pull-up resistor on a mock pin; returned by [`MockGpio::dht11`] and [`MockGpio::dht22`]. Clones share one
/// sensor.
#[derive(Clone)]
pub struct MockDht(Arc<Mutex<Sensor>>);

/// A kind of sensor.
#[derive(Debug)]
struct Kind {
    name: &'static str,
    /// The shortest start pulse.
    start: Duration,
    /// The temperatures in degrees Celsius that the sensor can measure.
    range: RangeInclusive<f64>,
    /// Returns humidity and temperature as the sensor sends them.
    encode: fn(humidity: f64, temperature: f64) -> [u8; 4],
}

const DHT11: Kind = Kind { name: "DHT11", start: ms(18), range: -20.0..=60.0, encode: encode_dht11 };
const DHT22: Kind = Kind { name: "DHT22", start: ms(1), range: -40.0..=80.0, encode: encode_dht22 };

#[derive(Debug)]
struct Sensor {
    kind: Kind,
    pin: Line,
    temperature: f64,
    humidity: f64,
    is_silent: bool,
    /// How many of the next answers have a wrong checksum.
    corrupt: u32,
    /// When the pin was driven low, while it is.
    pulled: Option<Instant>,
    level: Level,
    /// When the level changes, as far as the answer goes on.
    flips: VecDeque<Instant>,
    answers: Vec<Instant>,
}

impl MockGpio {
    /// Connects a DHT11 to a pin. Starts at 20 °C and 50 %.
    ///
    /// Once the pin has been driven low for 18 ms and is released, the sensor answers. It answers as often as asked; a real one needs a
    /// second in between.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// gpio.dht11(4).set(24.0, 55.0);
    /// assert_eq!(Dht11::builder(4).gpio(&gpio).open()?.read()?.temperature, 24.0);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn dht11(&self, pin: impl Into<PinSpec>) -> MockDht {
        self.dht(DHT11, pin)
    }

    /// Connects a DHT22 (AM2302) to a pin. Starts at 20 °C and 50 %.
    ///
    /// Once the pin has been driven low for 1 ms and is released, the sensor answers. It answers as often as asked; a real one needs two
    /// seconds in between.
    ///
    /// ```
    /// use pinzero::{Bias, Drive, Level, mock, time::{ms, us}};
    ///
    /// let gpio = mock::gpio();
    /// gpio.dht22(4);
    ///
    /// let line = gpio.flex(4).start(Drive::Output(Level::Low)).open()?;
    /// gpio.advance(ms(1));
    /// let mut edges = line.edges();
    /// line.turn(Drive::Input(Bias::PullUp))?;
    /// let times: Vec<_> = edges.by_ref().take(4).map(|edge| edge.at).collect();
    /// assert_eq!([times[1] - times[0], times[2] - times[1], times[3] - times[2]], [us(30), us(80), us(80)]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn dht22(&self, pin: impl Into<PinSpec>) -> MockDht {
        self.dht(DHT22, pin)
    }

    fn dht(&self, kind: Kind, pin: impl Into<PinSpec>) -> MockDht {
        let sensor = Arc::new(Mutex::new(Sensor {
            kind,
            pin: self.find(pin),
            temperature: 20.0,
            humidity: 50.0,
            is_silent: false,
            corrupt: 0,
            pulled: None,
            level: Level::High,
            flips: VecDeque::new(),
            answers: Vec::new(),
        }));
        self.attach(sensor.clone());
        MockDht(sensor)
    }
}

impl MockDht {
    /// Sets the temperature in degrees Celsius and the relative humidity in percent, from the next answer on. Tenths count.
    ///
    /// # Panics
    /// Unless the temperature is from -40 to 80 (DHT11: from -20 to 60), and the humidity from 0 to 100.
    pub fn set(&self, temperature: f64, humidity: f64) {
        let mut sensor = self.0.lock();
        let Kind { name, range, .. } = &sensor.kind;
        let (least, most) = (range.start(), range.end());
        assert!(range.contains(&temperature), "a {name} measures {least} to {most} °C, not {temperature}");
        assert!((0.0..=100.0).contains(&humidity), "a humidity is from 0 to 100 %, not {humidity}");
        (sensor.temperature, sensor.humidity) = (temperature, humidity);
    }

    /// Gives the next `count` answers a wrong checksum.
    pub fn corrupt(&self, count: u32) {
        self.0.lock().corrupt = count;
    }

    /// Sets whether the sensor is silent: it answers no start pulse, as without a supply.
    pub fn set_silent(&self, is_silent: bool) {
        self.0.lock().is_silent = is_silent;
    }

    /// Returns when the sensor was asked for each of its answers: the ends of the start pulses, as times since the clock's zero.
    pub fn answers(&self) -> Vec<Duration> {
        self.0.lock().answers.iter().map(|at| *at - Instant::ZERO).collect()
    }
}

impl fmt::Debug for MockDht {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sensor { kind: Kind { name, .. }, pin, temperature, humidity, .. } = &*self.0.lock();
        write!(f, "MockDht({name}, {pin}, {temperature} °C, {humidity} %)")
    }
}

fn tenths(value: f64) -> u16 {
    (value.abs() * 10.0).round() as u16
}

/// A byte for the whole part and one for the tenths; its highest bit is the sign of the temperature.
fn encode_dht11(humidity: f64, temperature: f64) -> [u8; 4] {
    let parts = |value| [(tenths(value) / 10) as u8, (tenths(value) % 10) as u8];
    let ([whole_humidity, part_humidity], [whole, part]) = (parts(humidity), parts(temperature));
    [whole_humidity, part_humidity, whole, part | u8::from(temperature < 0.0) << 7]
}

/// Two bytes of tenths each; the highest bit is the sign of the temperature.
fn encode_dht22(humidity: f64, temperature: f64) -> [u8; 4] {
    let [[a, b], [c, d]] = [humidity, temperature].map(|value| tenths(value).to_be_bytes());
    [a, b, c | u8::from(temperature < 0.0) << 7, d]
}

impl Sensor {
    fn answer(&mut self, at: Instant) {
        self.answers.push(at);
        let data = (self.kind.encode)(self.humidity, self.temperature);
        let checksum = data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let is_wrong = self.corrupt > 0;
        self.corrupt = self.corrupt.saturating_sub(1);
        let bytes = data.into_iter().chain([checksum ^ u8::from(is_wrong)]);
        let bits = bytes.flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1)));
        let pulses = [DELAY, RESPONSE, RESPONSE].into_iter().chain(bits.flat_map(|bit| [GAP, BITS[bit]]));
        let ends = pulses.chain([GAP]).scan(at, |end, pulse| {
            *end += pulse;
            Some(*end)
        });
        self.flips = ends.collect();
    }
}

impl Component for Sensor {
    fn lines(&self) -> Vec<Line> {
        vec![self.pin]
    }

    fn output(&self) -> Option<Line> {
        Some(self.pin)
    }

    fn watched(&self) -> Option<Line> {
        Some(self.pin)
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        while self.next().is_some_and(|flip| flip <= at) {
            self.flips.pop_front();
            self.level = !self.level;
        }
        if wires.driven(self.pin) == Some(Level::Low) {
            self.pulled.get_or_insert(at);
            (self.level, self.flips) = (Level::High, VecDeque::new());
        } else if let Some(since) = self.pulled.take() {
            if at.since(since) >= self.kind.start && !self.is_silent {
                self.answer(at);
            }
        }
        // High by the resistor: a pin that drives low wins.
        Some(self.level)
    }

    fn next(&self) -> Option<Instant> {
        self.flips.front().copied()
    }
}
