//! The run of a group, which reports its findings.

use std::io::Write;

use crate::row::{Finding, Row, Target};

/// A run of a group. Findings go to standard output at once.
#[derive(Debug)]
pub(crate) struct Bench {
    /// `true` if only counted rows are wanted.
    pub(crate) is_short: bool,
}

impl Bench {
    /// Reports a counted row: `ours`, next to the figure of the comparison `with`.
    pub(crate) fn counted(
        &self,
        what: &str,
        ours: f64,
        with: Option<(&str, f64)>,
        unit: &str,
        target: Target,
    ) {
        self.row(what, ours, with, unit, target, true);
    }

    /// Tells what was timed.
    pub(crate) fn timed(&self, what: &str, ours: f64, with: Option<(&str, f64)>, unit: &str, target: Target) {
        self.row(what, ours, with, unit, target, false);
    }

    fn row(
        &self,
        what: &str,
        ours: f64,
        with: Option<(&str, f64)>,
        unit: &str,
        target: Target,
        is_counted: bool,
    ) {
        tell(&Finding::Row(Row {
            what: what.to_owned(),
            against: with.map(|(against, _)| against.to_owned()).unwrap_or_default(),
            ours,
            theirs: with.map(|(_, theirs)| theirs),
            unit: unit.to_owned(),
            target,
            is_counted,
        }));
    }
}

fn tell(finding: &Finding) {
    // It is made of text and numbers, which all have a form in JSON.
    if let Ok(line) = serde_json::to_string(finding) {
        // If this fails, the reader is gone.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}
