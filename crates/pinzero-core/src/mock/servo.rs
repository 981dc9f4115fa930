//! [`MockServo`]: a servo on a mock pin.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::{Clock, Instant, ms};
use crate::types::{Level, Line};

/// The longest pulse, and how long a servo follows the last one. Afterwards it has no signal.
const PATIENCE: Duration = ms(100);

/// A servo on a mock pin; returned by [`MockGpio::servo`]. Clones share one servo.
#[derive(Clone)]
pub struct MockServo {
    clock: Clock,
    servo: Arc<Mutex<Servo>>,
}

#[derive(Debug, Clone)]
struct Servo {
    pin: Line,
    pulses: RangeInclusive<Duration>,
    angles: RangeInclusive<f64>,
    /// In degrees per second.
    speed: f64,
    /// The angle of the horn at the time `at`.
    angle: f64,
    at: Instant,
    /// The width of the last pulse, and when the servo no longer follows it.
    signal: Option<(Duration, Instant)>,
    /// The start of the pulse under way, unless by PWM.
    rise: Option<Instant>,
}

impl MockGpio {
    /// Connects a servo to a pin. Its horn starts at 0°.
    ///
    /// A pulse of 1 ms asks for -90°, one of 2 ms for 90°, and one of another length for an angle between; the horn stops at both
    /// ends. The horn moves at 600° a second. Without pulses for 100 ms, the horn stays where it is.
    ///
    /// ```
    /// use pinzero::{mock, time::{ms, us}};
    ///
    /// let gpio = mock::gpio();
    /// let servo = gpio.servo(18);
    /// let _pwm = gpio.pwm(18).frequency(50.0).initial(0.1).open()?; // 2 ms of 20 ms
    /// assert_eq!(servo.pulse(), Some(ms(2)));
    /// gpio.advance(ms(100));
    /// assert!((servo.angle() - 60.0).abs() < 1e-6, "on the way to 90°");
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn servo(&self, pin: impl Into<PinSpec>) -> MockServo {
        let servo = Arc::new(Mutex::new(Servo {
            pin: self.find(pin),
            pulses: ms(1)..=ms(2),
            angles: -90.0..=90.0,
            speed: 600.0,
            angle: 0.0,
            at: self.now(),
            signal: None,
            rise: None,
        }));
        self.attach(servo.clone());
        MockServo { clock: self.circuit.clock.clone(), servo }
    }
}

impl MockServo {
    /// Returns the width of the last pulse; `None` when there has been none for 100 ms. PWM counts from its start to its end.
    pub fn pulse(&self) -> Option<Duration> {
        let now = self.clock.now();
        self.servo.lock().signal.filter(|(_, end)| now < *end).map(|(width, _)| width)
    }

    /// Returns the angle of the horn now, in degrees.
    pub fn angle(&self) -> f64 {
        let mut servo = self.servo.lock().clone();
        servo.advance(self.clock.now());
        servo.angle
    }

    /// Sets the pulses for the two ends of the horn's way, and the angles of the ends in degrees. Default: 1 ms to 2 ms, and -90° to
    /// 90°.
    ///
    /// # Panics
    /// If the second pulse is not longer than the first, or an angle is not finite.
    pub fn set_range(&self, pulses: RangeInclusive<Duration>, angles: RangeInclusive<f64>) {
        assert!(pulses.start() < pulses.end(), "the second pulse must be longer than the first: {pulses:?}");
        assert!(angles.start().is_finite() && angles.end().is_finite(), "angles must be finite: {angles:?}");
        self.change(|servo| (servo.pulses, servo.angles) = (pulses, angles));
    }

    /// Sets the speed of the horn in degrees per second. Default: 600, which is 60° in 100 ms.
    ///
    /// # Panics
    /// If the speed is negative or not finite.
    pub fn set_speed(&self, speed: f64) {
        assert!(speed.is_finite() && speed >= 0.0, "a speed is at least 0 degrees per second, not {speed}");
        self.change(|servo| servo.speed = speed);
    }

    fn change(&self, change: impl FnOnce(&mut Servo)) {
        let now = self.clock.now();
        let mut servo = self.servo.lock();
        servo.advance(now);
        change(&mut servo);
    }
}

impl fmt::Debug for MockServo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pin = self.servo.lock().pin;
        write!(f, "MockServo({pin}, at {:.1}°)", self.angle())
    }
}

impl Servo {
    /// Works out the angle at `to`.
    fn advance(&mut self, to: Instant) {
        if let Some((width, end)) = self.signal {
            let way = self.speed * to.min(end).since(self.at).as_secs_f64();
            self.angle += (self.target(width) - self.angle).clamp(-way, way);
        }
        self.at = self.at.max(to);
    }

    fn target(&self, width: Duration) -> f64 {
        let (from, to) = (self.pulses.start().as_secs_f64(), self.pulses.end().as_secs_f64());
        let part = ((width.as_secs_f64() - from) / (to - from)).clamp(0.0, 1.0);
        self.angles.start() + (self.angles.end() - self.angles.start()) * part
    }
}

impl Component for Servo {
    fn lines(&self) -> Vec<Line> {
        vec![self.pin]
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        self.advance(at);
        if let Some(pulse) = wires.pulse_on(self.pin) {
            let is_steady = pulse.steady().is_some();
            (self.signal, self.rise) = ((!is_steady).then_some((pulse.pulse, Instant::MAX)), None);
            return None;
        }
        // PWM has ended, if there was any.
        self.signal = self.signal.filter(|(_, end)| *end != Instant::MAX);
        if wires.level(self.pin).is_high() {
            self.rise.get_or_insert(at);
        } else if let Some(rise) = self.rise.take() {
            let width = at.since(rise);
            // A pulse of no length, which only virtual time has, moves nothing.
            if !width.is_zero() && width <= PATIENCE {
                self.signal = Some((width, at + PATIENCE));
            }
        }
        None
    }
}
