//! [`MockHx711`]: a load cell with its converter on mock pins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::{Instant, ms, us};
use crate::types::{Level, Line};

/// The number of bits of a value.
const BITS: u32 = 24;

/// A clock that is high for longer than this switches the chip off.
const POWER_DOWN: Duration = us(60);

/// The shortest time from the last clock pulse to the next value.
const SETTLED: Duration = us(10);

/// An HX711, the converter of load cells, on mock pins; returned by [`MockGpio::hx711`]. Clones share one converter.
#[derive(Clone)]
pub struct MockHx711(Arc<Mutex<Converter>>);

#[derive(Debug)]
struct Converter {
    data: Line,
    clock: Line,
    /// What the channels A and B have, at the gain of 128 and 32.
    values: [i32; 2],
    period: Duration,
    /// What the next value is of: 1 is A at 128, 2 is B at 32, 3 is A at 64.
    mode: u32,
    /// The value that is read, and the number of pulses of its reading.
    word: i32,
    pulses: u32,
    clock_level: Level,
    /// When the clock was last driven high or low.
    changed: Instant,
    /// When the next value is there.
    ready: Instant,
    /// When the lines were last looked at.
    seen: Instant,
}

impl MockGpio {
    /// Connects an HX711 to these pins, with a cell whose value is 0.
    ///
    /// `data` falls when a value is ready. 24 pulses on `clock` shift the value out, highest bit first; a 25th, 26th and 27th select
    /// what is converted next: A at the gain of 128, B at 32, A at 64. A clock that is high for 60 µs switches the chip off.
    ///
    /// ```
    /// use pinzero::{Level, mock, time::us};
    ///
    /// let gpio = mock::gpio();
    /// gpio.hx711(5, 6).set_value(-2);
    /// let (data, clock) = (gpio.input(5).open()?, gpio.output(6).open()?);
    /// data.wait_for(false)?;
    /// let mut word = 0u32;
    /// for pulse in 0..25 {
    ///     clock.set(Level::High)?;
    ///     gpio.advance(us(1));
    ///     clock.set(Level::Low)?;
    ///     gpio.advance(us(1));
    ///     if pulse < 24 {
    ///         word = word << 1 | u32::from(data.level()?.is_high());
    ///     }
    /// }
    /// assert_eq!(word, 0xff_fffe);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn hx711(&self, data: impl Into<PinSpec>, clock: impl Into<PinSpec>) -> MockHx711 {
        let converter = MockHx711(Arc::new(Mutex::new(Converter {
            data: self.find(data),
            clock: self.find(clock),
            values: [0; 2],
            period: ms(100),
            mode: 1,
            word: 0,
            pulses: 0,
            clock_level: Level::Low,
            changed: self.now(),
            ready: self.now(),
            seen: self.now(),
        })));
        self.attach(converter.0.clone());
        converter
    }
}

impl MockHx711 {
    /// Sets the value of channel A at the gain of 128, from the next conversion on. At 64, the value is half of that.
    pub fn set_value(&self, value: i32) {
        self.0.lock().values[0] = value;
    }

    /// Sets the value of channel B, from the next conversion on.
    pub fn set_value_b(&self, value: i32) {
        self.0.lock().values[1] = value;
    }

    /// Sets the time of a conversion. Default: 100 ms, for 10 values a second.
    ///
    /// A driver that polls without a pause does not move a virtual clock, and would wait for ever: give the chip no time then.
    pub fn set_period(&self, period: Duration) {
        self.0.lock().period = period;
    }
}

impl fmt::Debug for MockHx711 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let converter = self.0.lock();
        write!(f, "MockHx711({}, {})", converter.data, converter.clock)
    }
}

impl Converter {
    /// Returns what the next reading gets, within 24 bits.
    fn convert(&self) -> i32 {
        let [a, b] = self.values;
        let value = match self.mode {
            2 => b,
            3 => a / 2,
            _ => a,
        };
        value.clamp(-1 << (BITS - 1), (1 << (BITS - 1)) - 1)
    }

    /// A pulse begins: the next bit goes out.
    fn rise(&mut self, at: Instant) {
        if self.pulses > BITS && at >= self.ready {
            self.pulses = 0;
        }
        if self.pulses == 0 {
            if at < self.ready {
                return;
            }
            self.word = self.convert();
        }
        self.pulses += 1;
        if self.pulses > BITS {
            self.mode = (self.pulses - BITS).min(3);
            self.ready = at + self.period.max(SETTLED);
        }
    }

    fn is_off(&self, at: Instant) -> bool {
        self.clock_level.is_high() && at.since(self.changed) > POWER_DOWN
    }

    /// Returns the level of the data line.
    fn data(&self, at: Instant) -> Level {
        match self.pulses {
            _ if self.is_off(at) => Level::High,
            1..=BITS => Level::from(self.word >> (BITS - self.pulses) & 1 == 1),
            _ => Level::from(at < self.ready),
        }
    }
}

impl Component for Converter {
    fn lines(&self) -> Vec<Line> {
        vec![self.data, self.clock]
    }

    fn output(&self) -> Option<Line> {
        Some(self.data)
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        let clock = wires.driven(self.clock).unwrap_or(Level::Low);
        if clock != self.clock_level {
            if self.is_off(at) {
                // The chip starts anew.
                (self.mode, self.pulses, self.ready) = (1, 0, at + self.period);
            }
            (self.clock_level, self.changed) = (clock, at);
            if clock.is_high() {
                self.rise(at);
            }
        }
        self.seen = at;
        Some(self.data(at))
    }

    fn next(&self) -> Option<Instant> {
        let off = self.changed + POWER_DOWN + Duration::from_nanos(1);
        [self.ready, off].into_iter().filter(|due| *due > self.seen).min()
    }
}
