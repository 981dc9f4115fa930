//! What a group is given to tell its findings.

use std::io::Write;

use crate::row::{Finding, Row, Target};

/// A run of a group. What it finds goes to standard output as it is found.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Whether only what is counted is asked for.
    pub(crate) is_short: bool,
}

impl Bench {
    /// Tells what was counted: `ours` beside what it is compared `with` and the figure of that.
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
        // Whoever asked is gone if this fails.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}
