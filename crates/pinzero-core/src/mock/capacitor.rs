//! [`MockCapacitor`]: a capacitor that charges through a sensor, on a mock pin.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::Instant;
use crate::types::{Level, Line};

/// A capacitor between a pin and ground that charges through a sensor, such as a photoresistor; returned by
/// [`MockGpio::capacitor`]. Clones share one capacitor.
#[derive(Clone)]
pub struct MockCapacitor(Arc<Mutex<Capacitor>>);

#[derive(Debug)]
struct Capacitor {
    pin: Line,
    charge_time: Option<Duration>,
    is_charged: bool,
    /// `true` while the pin drives the line, and so charges or discharges the capacitor.
    is_driven: bool,
    /// The end of the charge, while there is one under way.
    full_at: Option<Instant>,
}

impl MockGpio {
    /// Connects a capacitor to a pin: low while empty, high once charged. Starts empty.
    ///
    /// A pin that drives the line low discharges the capacitor at once, and a pin that drives the line high charges it at once.
    /// From when the pin turns to an input, a charge takes `charge_time`; a pull-up does not speed it up. `LightSensor` measures
    /// this time.
    ///
    /// ```
    /// use pinzero::{Bias, Drive, Level, mock, time::ms};
    ///
    /// let gpio = mock::gpio();
    /// gpio.capacitor(18, ms(3));
    ///
    /// let line = gpio.flex(18).start(Drive::Output(Level::Low)).open()?;
    /// gpio.advance(ms(50));
    /// let mut edges = line.edges();
    /// line.turn(Drive::Input(Bias::Disabled))?;
    /// let edge = edges.next().unwrap();
    /// assert_eq!((gpio.elapsed(), edge.level), (ms(53), Level::High));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn capacitor(&self, pin: impl Into<PinSpec>, charge_time: Duration) -> MockCapacitor {
        let capacitor = Arc::new(Mutex::new(Capacitor {
            pin: self.find(pin),
            charge_time: Some(charge_time),
            is_charged: false,
            is_driven: true,
            full_at: None,
        }));
        self.attach(capacitor.clone());
        MockCapacitor(capacitor)
    }
}

impl MockCapacitor {
    /// Sets how long a charge takes from the next one on: short in bright light, long in the dark, and `None` in a darkness in which
    /// the capacitor never gets charged. A charge under way keeps its time.
    pub fn set_charge_time(&self, time: impl Into<Option<Duration>>) {
        self.0.lock().charge_time = time.into();
    }
}

impl fmt::Debug for MockCapacitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let capacitor = self.0.lock();
        let state = if capacitor.is_charged { "charged" } else { "empty or charging" };
        write!(f, "MockCapacitor({}, {state})", capacitor.pin)
    }
}

impl Component for Capacitor {
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
        let driven = wires.driven(self.pin);
        let was_driven = std::mem::replace(&mut self.is_driven, driven.is_some());
        if let Some(level) = driven {
            (self.is_charged, self.full_at) = (level.is_high(), None);
        } else if was_driven && !self.is_charged {
            self.full_at = self.charge_time.map(|time| at + time);
        }
        if self.full_at.is_some_and(|full_at| full_at <= at) {
            (self.is_charged, self.full_at) = (true, None);
        }
        Some(Level::from(self.is_charged))
    }

    fn next(&self) -> Option<Instant> {
        self.full_at
    }
}
