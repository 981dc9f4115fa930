//! [`MockEcho`]: an ultrasonic distance sensor on mock pins.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::{Instant, secs, us};
use crate::types::{Level, Line};

/// The speed of sound in air of 20 °C, in metres per second.
const SPEED_OF_SOUND: f64 = 343.2;

/// The shortest pulse that triggers a ping.
const TRIGGER: Duration = us(10);

/// An HC-SR04, the ultrasonic distance sensor of gpiozero's recipes, on mock pins; returned by [`MockGpio::echo`]. Clones share one
/// sensor.
#[derive(Clone)]
pub struct MockEcho(Arc<Mutex<Sensor>>);

#[derive(Debug)]
struct Sensor {
    trigger: Line,
    echo: Line,
    delay: Duration,
    flight: Option<Duration>,
    /// When the trigger was driven high, while it is.
    triggered: Option<Instant>,
    state: State,
    pings: Vec<Instant>,
    /// When the sound of recent pings comes back.
    sounds: Vec<Instant>,
    /// The sensors whose pings this one hears.
    heard: Vec<Weak<Mutex<Sensor>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// A ping is being sent; its sound leaves then.
    Sending(Instant),
    /// The echo line is high since then, until a sound arrives.
    Listening(Instant),
}

impl MockGpio {
    /// Connects an HC-SR04 to these pins. Starts with an obstacle at 1 m.
    ///
    /// A pulse of at least 10 µs on `trigger` sends a ping when the pulse ends: after a delay (450 µs), `echo` rises and stays high
    /// until the sound comes back. The sensor ignores a trigger until `echo` has fallen again.
    ///
    /// ```
    /// use pinzero::{Level, mock, time::{ms, us}};
    ///
    /// let gpio = mock::gpio();
    /// let sensor = gpio.echo(4, 17);
    /// sensor.set_distance(0.3432);
    ///
    /// let trigger = gpio.output(4).open()?;
    /// let echo = gpio.input(17).open()?;
    /// let mut events = echo.events();
    /// trigger.set(Level::High)?;
    /// gpio.advance(us(10));
    /// trigger.set(Level::Low)?;
    /// let (rise, fall) = (events.next().unwrap(), events.next().unwrap());
    /// assert_eq!(fall.at - rise.at, ms(2));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn echo(&self, trigger: impl Into<PinSpec>, echo: impl Into<PinSpec>) -> MockEcho {
        let sensor = MockEcho(Arc::new(Mutex::new(Sensor {
            trigger: self.find(trigger),
            echo: self.find(echo),
            delay: us(450),
            flight: None,
            triggered: None,
            state: State::Idle,
            pings: Vec::new(),
            sounds: Vec::new(),
            heard: Vec::new(),
        })));
        sensor.set_distance(1.0);
        self.attach(sensor.0.clone());
        sensor
    }
}

impl MockEcho {
    /// Puts the obstacle at this distance in metres, from the next ping on. The sound travels there and back at 343.2 m/s, its speed
    /// at 20 °C.
    ///
    /// # Panics
    /// If `metres` is negative or not a number, or beyond 1000. At 0, the echo has the shortest length that there is.
    pub fn set_distance(&self, metres: f64) {
        assert!((0.0..=1000.0).contains(&metres), "a distance is from 0 to 1000 m, not {metres}");
        self.set_echo(Duration::from_secs_f64(2.0 * metres / SPEED_OF_SOUND).max(Duration::from_nanos(1)));
    }

    /// Sets how long the sound is under way, from the next ping on. `None`: no sound comes back, so `echo` stays low.
    pub fn set_echo(&self, flight: impl Into<Option<Duration>>) {
        self.0.lock().flight = flight.into();
    }

    /// Sets the time from the end of the trigger to the rise of `echo`, from the next ping on. Default: 450 µs.
    pub fn set_delay(&self, delay: Duration) {
        self.0.lock().delay = delay;
    }

    /// Has this sensor hear the pings of `other`: the sound of either sensor ends the echo, whichever comes first. `other` hears this
    /// sensor only if told to.
    ///
    /// The sound of `other` takes as long to this sensor as to `other` itself.
    pub fn hear(&self, other: &MockEcho) {
        if !Arc::ptr_eq(&self.0, &other.0) {
            self.0.lock().heard.push(Arc::downgrade(&other.0));
        }
    }

    /// Returns when the pings were triggered, as times since the clock's zero.
    pub fn pings(&self) -> Vec<Duration> {
        self.0.lock().pings.iter().map(|at| *at - Instant::ZERO).collect()
    }
}

impl fmt::Debug for MockEcho {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sensor = self.0.lock();
        write!(f, "MockEcho({}, {}, {} pings)", sensor.trigger, sensor.echo, sensor.pings.len())
    }
}

impl Sensor {
    fn ping(&mut self, at: Instant) {
        let start = at + self.delay;
        self.pings.push(at);
        self.state = State::Sending(start);
        self.sounds.retain(|sound| at.since(*sound) < secs(1));
        self.sounds.extend(self.flight.map(|flight| start + flight));
    }

    /// Returns when the first sound after `since` arrives, as far as the pings so far tell.
    fn sound_after(&self, since: Instant) -> Option<Instant> {
        let first = |sounds: &[Instant]| sounds.iter().copied().filter(|sound| *sound >= since).min();
        let heard = self.heard.iter().filter_map(Weak::upgrade);
        heard.filter_map(|other| first(&other.lock().sounds)).chain(first(&self.sounds)).min()
    }
}

impl Component for Sensor {
    fn lines(&self) -> Vec<Line> {
        vec![self.trigger, self.echo]
    }

    fn output(&self) -> Option<Line> {
        Some(self.echo)
    }

    fn watched(&self) -> Option<Line> {
        Some(self.trigger)
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        while let Some(due) = self.next().filter(|due| *due <= at) {
            self.state = match self.state {
                State::Sending(_) if self.sound_after(due).is_some() => State::Listening(due),
                _ => State::Idle,
            };
        }
        // A pull-up is too weak for the trigger, so a pin that no program has opened yet sends no ping.
        if wires.driven(self.trigger) == Some(Level::High) {
            self.triggered.get_or_insert(at);
        } else if let Some(since) = self.triggered.take() {
            if at.since(since) >= TRIGGER && self.state == State::Idle {
                self.ping(at);
            }
        }
        Some(Level::from(matches!(self.state, State::Listening(_))))
    }

    fn next(&self) -> Option<Instant> {
        match self.state {
            State::Idle => None,
            State::Sending(until) => Some(until),
            State::Listening(since) => self.sound_after(since),
        }
    }
}
