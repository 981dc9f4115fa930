//! [`MockMotor`]: a motor on an H-bridge, on mock pins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::{Clock, Instant, ms};
use crate::types::{Level, Line};

/// A motor on an H-bridge, on mock pins; returned by [`MockGpio::motor`]. Clones share one motor.
#[derive(Clone)]
pub struct MockMotor {
    clock: Clock,
    bridge: Arc<Mutex<Bridge>>,
}

/// The bridge and the motor, with speed and position as of `at`.
#[derive(Debug, Clone, Copy)]
struct Bridge {
    forward: Line,
    backward: Line,
    /// The speed that the bridge drives the motor to, from -1 to 1.
    drive: f64,
    lag: Duration,
    at: Instant,
    speed: f64,
    position: f64,
    has_conflict: bool,
    conflicts: u64,
}

impl MockGpio {
    /// Connects a motor to these pins by an H-bridge. A level, a duty cycle of PWM, or pulses by software drive the motor. Starts at
    /// rest.
    ///
    /// Because of its inertia, the motor takes its new speed over time: it has 63 % of the change after its lag, and 99 % after
    /// five times its lag. Both legs low let the motor run out, and both legs high brake it, at the same pace.
    ///
    /// ```
    /// use pinzero::{Level, mock, time::secs};
    ///
    /// let gpio = mock::gpio();
    /// let motor = gpio.motor(20, 21);
    /// let forward = gpio.pwm(20).initial(0.5).open()?;
    /// let backward = gpio.output(21).open()?;
    /// gpio.advance(secs(5));
    /// assert!((motor.speed() - 0.5).abs() < 0.001);
    /// assert_eq!(motor.conflicts(), 0);
    ///
    /// backward.set(Level::High)?; // A mistake: `forward` is still on.
    /// assert_eq!(motor.conflicts(), 1);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn motor(&self, forward: impl Into<PinSpec>, backward: impl Into<PinSpec>) -> MockMotor {
        let bridge = Arc::new(Mutex::new(Bridge {
            forward: self.find(forward),
            backward: self.find(backward),
            drive: 0.0,
            lag: ms(200),
            at: self.now(),
            speed: 0.0,
            position: 0.0,
            has_conflict: false,
            conflicts: 0,
        }));
        self.attach(bridge.clone());
        MockMotor { clock: self.circuit.clock.clone(), bridge }
    }
}

impl MockMotor {
    /// Returns the speed now, from -1 (full speed backward) to 1 (full speed forward).
    pub fn speed(&self) -> f64 {
        self.now().speed
    }

    /// Returns how far the motor has turned: 1 is the way that it makes in a second at full speed forward.
    pub fn position(&self) -> f64 {
        self.now().position
    }

    /// Returns how often one leg was switched on while the other was on, were it for a moment of no length. Lines of a group that
    /// change together are no conflict.
    ///
    /// A leg with PWM is on if its duty cycle is above 0, even between two pulses. A leg with PWM by software is on during the pulses.
    pub fn conflicts(&self) -> u64 {
        self.bridge.lock().conflicts
    }

    /// Sets the time constant of the motor's inertia, from now on. Default: 200 ms.
    pub fn set_lag(&self, lag: Duration) {
        let now = self.clock.now();
        let mut bridge = self.bridge.lock();
        bridge.advance(now);
        bridge.lag = lag;
    }

    fn now(&self) -> Bridge {
        let mut bridge = *self.bridge.lock();
        bridge.advance(self.clock.now());
        bridge
    }
}

impl fmt::Debug for MockMotor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bridge { forward, backward, speed, conflicts, .. } = self.now();
        write!(f, "MockMotor({forward}, {backward}, at {speed:.3}, {conflicts} conflicts)")
    }
}

impl Bridge {
    /// Works out speed and position at `to`: the speed approaches the drive exponentially.
    fn advance(&mut self, to: Instant) {
        let (time, lag) = (to.since(self.at).as_secs_f64(), self.lag.as_secs_f64());
        let left = if lag == 0.0 { 0.0 } else { (-time / lag).exp() };
        let excess = self.speed - self.drive;
        self.at = self.at.max(to);
        self.speed = self.drive + excess * left;
        self.position += self.drive * time + excess * lag * (1.0 - left);
    }
}

impl Component for Bridge {
    fn lines(&self) -> Vec<Line> {
        vec![self.forward, self.backward]
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        let [forward, backward] = [self.forward, self.backward].map(|line| match wires.pulse_on(line) {
            Some(pulse) => pulse.duty(),
            None => f64::from(u8::from(wires.level(line).is_high())),
        });
        let has_conflict = forward > 0.0 && backward > 0.0;
        self.conflicts += u64::from(has_conflict && !self.has_conflict);
        self.has_conflict = has_conflict;
        self.advance(at);
        self.drive = forward - backward;
        None
    }
}
