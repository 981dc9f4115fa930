//! [`Device`]: a part of the circuit that is on the broker.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero::Timer;
use pinzero_circuit::{Appearance, Part};

use crate::entity::Entity;
use crate::things::Thing;

/// A part that is on the broker.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) name: Arc<str>,
    pub(crate) part: Part,
    /// Read when the device was opened, except for what only Home Assistant sees.
    pub(crate) appearance: Mutex<Appearance>,
    pub(crate) topic: String,
    /// The opened part, or why it could not be opened.
    pub(crate) thing: pinzero::Result<Box<dyn Thing>>,
    pub(crate) memory: Arc<Mutex<Memory>>,
    /// Reads a sensor.
    pub(crate) sampler: Mutex<Option<Timer>>,
    /// Runs while the broker is away.
    pub(crate) safety: Mutex<Option<Timer>>,
}

impl Device {
    /// Describes the device to Home Assistant. A device that could not be opened has no entities.
    pub(crate) fn entities(&self) -> Vec<Entity> {
        let appearance = self.appearance.lock();
        self.thing.as_ref().map(|thing| thing.entities(&appearance)).unwrap_or_default()
    }

    /// Has a sensor read at once, on the thread of its readings: a sensor that does not answer may take seconds, and delays nobody else.
    /// Returns `false` if the device is no such sensor.
    pub(crate) fn read_soon(&self) -> bool {
        let sampler = self.sampler.lock().clone();
        if let Some(timer) = &sampler {
            timer.call_in(Duration::ZERO);
        }
        sampler.is_some()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The number of events so far.
    pub(crate) events: u64,
    /// Whether the device has been closed, so that nothing is told of it any more.
    pub(crate) is_closed: bool,
    /// Whether a thread tells the state, and whether it has to look again.
    pub(crate) is_telling: bool,
    pub(crate) look_again: bool,
    /// The newest command that has a stamp, by its stamp and its payload.
    pub(crate) newest: Option<(f64, Vec<u8>)>,
}
