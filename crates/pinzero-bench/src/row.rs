//! The findings: rows of the table, and rows that could not be measured here.

use serde::{Deserialize, Serialize};

/// One finding of a group; passed between processes as JSON, one per line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Finding {
    Row(Row),
    /// A measurement that is impossible here, with the reason.
    Skipped(String),
    /// A measurement that failed, with the reason.
    Failed(String),
}

/// A figure of ours, and the figure to compare it with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The work, such as `Led::set on the mock`.
    pub(crate) what: String,
    /// The comparison, such as `one virtual call and a store`. Empty if there is none.
    pub(crate) against: String,
    pub(crate) ours: f64,
    /// The figure of the comparison.
    pub(crate) theirs: Option<f64>,
    /// The unit, such as `instructions` or `ns`.
    pub(crate) unit: String,
    pub(crate) target: Target,
    /// `true` if the figure is reproducible, so that CI can check it.
    pub(crate) is_counted: bool,
}

/// The target of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// Ours is at most this many times theirs.
    Ratio(f64),
    /// Ours is at most this.
    Most(f64),
    /// Ours is exactly this.
    Exactly(f64),
    /// No target: the row is for information.
    None,
}

impl Finding {
    /// Returns the missing measurement with the reason.
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
