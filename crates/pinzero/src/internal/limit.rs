//! [`Limit`]: the reading above which a device is active.

use std::ops::RangeInclusive;

use pinzero_core::{Error, ErrorKind, Result};

use crate::{Builder, Open};

/// The limit between inactive and active, in the unit of the readings.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Limit {
    /// The device becomes active above this reading.
    pub threshold: f64,
    /// The device becomes inactive at a reading that is this much lower, or below.
    pub hysteresis: f64,
}

impl Limit {
    pub(super) const fn new(threshold: f64) -> Limit {
        Limit { threshold, hysteresis: 0.0 }
    }

    /// Fails if no reading of `range` could be on each side of the limit. `remedy`: how to get another range, for the message.
    pub(super) fn check(self, range: RangeInclusive<f64>, remedy: &str) -> Result<()> {
        let Limit { threshold, hysteresis } = self;
        let (low, high) = (range.start(), range.end());
        if !range.contains(&threshold) {
            let message = format!("a threshold of {threshold} is out of range: give {low} to {high}{remedy}");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        if hysteresis >= 0.0 && threshold - hysteresis >= *low {
            return Ok(());
        }
        let message = format!(
            "a hysteresis of {hysteresis} below a threshold of {threshold} is out of range: give 0 to {}{remedy}",
            threshold - low
        );
        Err(Error::new(ErrorKind::InvalidValue, message))
    }

    /// Returns whether a device with this reading is active, if it was so before.
    pub(super) fn is_active(self, reading: f64, before: Option<bool>) -> bool {
        let hysteresis = if before == Some(true) { self.hysteresis } else { 0.0 };
        reading > self.threshold - hysteresis
    }
}

/// Options of internal devices with a threshold.
impl<D: Open<O>, O: AsMut<Limit>> Builder<D, O> {
    /// Sets how far a reading must fall to the threshold or below for the device to become inactive, in the unit of the threshold: with a
    /// threshold of 80 and a hysteresis of 5, an active device is inactive from 75 on. So a reading that wavers about the threshold
    /// causes no flood of events. Default: 0.
    pub fn hysteresis(mut self, hysteresis: f64) -> Self {
        self.options.as_mut().hysteresis = hysteresis;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (threshold, hysteresis, is_fine) in [
            (80.0, 0.0, true),
            (0.0, 0.0, true),
            (100.0, 100.0, true),
            (100.1, 0.0, false),
            (-0.1, 0.0, false),
            (f64::NAN, 0.0, false),
            (80.0, 80.1, false),
            (80.0, -1.0, false),
            (80.0, f64::NAN, false),
        ] {
            let limit = Limit { threshold, hysteresis };
            assert_eq!(limit.check(0.0..=100.0, "").is_ok(), is_fine, "{limit:?}");
        }
    }

    #[test]
    fn a_message_names_the_options_of_the_range() {
        let remedy = ", or another `max_temp`";
        for limit in [Limit::new(3.0), Limit { threshold: 0.5, hysteresis: 3.0 }] {
            let error = limit.check(0.0..=1.0, remedy).unwrap_err().to_string();
            assert!(error.ends_with(remedy), "{error}");
        }
    }

    #[test]
    fn falls_by_the_hysteresis() {
        let limit = Limit { threshold: 80.0, hysteresis: 5.0 };
        for (reading, before, expected) in [
            (80.0, None, false),
            (80.0, Some(false), false),
            (80.1, Some(false), true),
            (75.1, Some(true), true),
            (75.0, Some(true), false),
        ] {
            assert_eq!(limit.is_active(reading, before), expected, "{reading} after {before:?}");
        }
    }
}
