//! The fields that the events of inputs have in common.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::reporter::Reporter;

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
