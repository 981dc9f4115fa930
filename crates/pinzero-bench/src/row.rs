//! What is measured: rows of the table, and what could not be measured here.

use serde::{Deserialize, Serialize};

/// One line of what a group has found; passed from process to process as JSON, a line each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Finding {
    Row(Row),
    /// What cannot be measured here, and why.
    Skipped(String),
    /// What should have been measured, and why it was not.
    Failed(String),
}

/// A figure of ours, beside another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The work, as `Led::set on the mock`.
    pub(crate) what: String,
    /// What it is compared with, as `one virtual call and a store`. Empty if it is measured by itself.
    pub(crate) against: String,
    pub(crate) ours: f64,
    /// The figure of what it is compared with.
    pub(crate) theirs: Option<f64>,
    /// As `instructions` or `ns`.
    pub(crate) unit: String,
    pub(crate) target: Target,
    /// Whether it comes out the same each time, and so decides.
    pub(crate) is_counted: bool,
}

/// What a row has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// Ours is at most so many times theirs.
    Ratio(f64),
    /// Ours is at most this.
    Most(f64),
    /// Ours is just this.
    Exactly(f64),
    /// Nothing: it is there to be seen.
    None,
}

impl Finding {
    /// What was not measured, and why.
    pub(crate) fn missing(&self) -> Option<&str> {
        match self {
            Finding::Skipped(why) | Finding::Failed(why) => Some(why),
            _ => None,
        }
    }
}

impl Row {
    /// Ours by theirs.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.theirs.filter(|theirs| *theirs > 0.0).map(|theirs| self.ours / theirs)
    }

    /// Whether it reaches its target, if it has one.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.is_met_with(1.0)
    }

    /// As [`is_met`](Row::is_met), for a target of which only this share may be used.
    pub(crate) fn is_met_with(&self, share: f64) -> Option<bool> {
        match self.target {
            Target::Ratio(most) => Some(self.ratio().is_some_and(|ratio| ratio <= most * share)),
            Target::Most(most) => Some(self.ours <= most * share),
            // Counts are whole, but for the last digits of a division.
            Target::Exactly(figure) => Some((self.ours - figure).abs() < 0.01),
            Target::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: f64, theirs: Option<f64>, target: Target) -> Row {
        let text = String::new;
        Row { what: text(), against: text(), ours, theirs, unit: text(), target, is_counted: true }
    }

    #[test]
    fn a_target_is_met_or_missed() {
        for (ours, theirs, target, met) in [
            (15.0, Some(10.0), Target::Ratio(1.5), Some(true)),
            (16.0, Some(10.0), Target::Ratio(1.5), Some(false)),
            (16.0, None, Target::Ratio(1.5), Some(false)),
            (30.0, None, Target::Most(30.0), Some(true)),
            (31.0, Some(10.0), Target::Most(30.0), Some(false)),
            (1.001, None, Target::Exactly(1.0), Some(true)),
            (2.0, None, Target::Exactly(1.0), Some(false)),
            (0.0, None, Target::None, None),
        ] {
            assert_eq!(row(ours, theirs, target).is_met(), met, "{ours} {theirs:?} {target:?}");
        }
    }
}
