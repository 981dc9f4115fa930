//! [`Reporter`]: with which a device tells what has changed.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pinzero::time::Instant;
use serde_json::{Map, Value};

use crate::device::Memory;
use crate::shared::Shared;

/// Tells the broker what has changed on a device. Never blocks on the network; safe to call from handlers of pins.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) shared: Weak<Shared>,
    /// The name of the device.
    pub(crate) device: Arc<str>,
    /// The beginning of the topics of the device.
    pub(crate) topic: Arc<str>,
    /// That of the device. Here, since a handler may have an event while the device is still being opened.
    pub(crate) memory: Arc<Mutex<Memory>>,
}

impl Reporter {
    /// Tells the state of the device, if it is another than was told last.
    pub(crate) fn changed(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.tell_state(&self.device);
        }
    }

    /// Tells an event that took place at `at` on the factory's clock, such as `"click"`, with these fields.
    pub(crate) fn event(&self, event: &str, at: Instant, fields: Map<String, Value>) {
        if let Some(shared) = self.shared.upgrade() {
            shared.tell_event(self, event, at, fields);
            shared.tell_info_soon();
        }
    }

    /// Tells that something went wrong on the device, in the log.
    pub(crate) fn complain(&self, error: &dyn std::fmt::Display) {
        if let Some(shared) = self.shared.upgrade() {
            shared.complain(&self.device, error);
        }
    }
}
