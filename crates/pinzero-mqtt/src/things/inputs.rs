//! What inputs have in common: the time of their contacts, and the fields of their events.

use std::time::Duration;

use pinzero_circuit::Appearance;
use serde_json::{Map, Value};

use crate::reporter::Reporter;

/// The time for which a contact bounces, in seconds, unless the file says otherwise.
const BOUNCE: f64 = 0.02;

/// Returns how long a contact must be steady before a change counts.
pub(super) fn bounce_time(appearance: &Appearance) -> Duration {
    // The circuit file allows none that is no time.
    Duration::from_secs_f64(appearance.bounce_time.unwrap_or(BOUNCE))
}

/// Returns the fields of an event before which `missed` edges or events were lost.
pub(super) fn fields(missed: u32, reporter: &Reporter) -> Map<String, Value> {
    mention_loss(missed, reporter);
    Map::from_iter([("missed".to_owned(), missed.into())])
}

/// Says in the log that edges or events were lost, if there were any.
pub(super) fn mention_loss(missed: u32, reporter: &Reporter) {
    if missed > 0 {
        reporter.complain(&format!(
            "{missed} changes on the pins were lost: they came faster than they could be read"
        ));
    }
}

/// Returns a time in seconds, in whole milliseconds.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
