//! The groups of rows. Each is a file, with the subjects whose work it counts.

mod blink;
mod construct;
mod peers;
mod program;
mod pwm;
mod scale;
mod write;

use crate::bench::Bench;
use crate::count::Work;
use crate::place::Place;

/// Rows that are measured together.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// Whether it has anything to count, and so is part of the short run.
    pub(crate) is_counted: bool,
    /// Tells its findings; an error is why it could not go on.
    pub(crate) run: fn(&Bench) -> Result<(), String>,
}

/// In the order of the table.
pub(crate) const GROUPS: &[Group] = &[
    Group { name: "write", place: Place::Here, is_counted: true, run: write::run },
    Group { name: "construct", place: Place::Here, is_counted: true, run: construct::run },
    Group { name: "scale", place: Place::Here, is_counted: true, run: scale::run },
    Group { name: "blink", place: Place::Here, is_counted: true, run: blink::run },
    Group { name: "pwm", place: Place::Here, is_counted: true, run: pwm::run },
    Group { name: "program", place: Place::Here, is_counted: true, run: program::run },
    Group { name: "peers", place: Place::Here, is_counted: false, run: peers::run },
];

/// The subjects of all groups.
const SUBJECTS: &[&[(&str, Work)]] =
    &[write::SUBJECTS, construct::SUBJECTS, scale::SUBJECTS, blink::SUBJECTS, pwm::SUBJECTS, peers::SUBJECTS];

/// The work of a name.
pub(crate) fn subject(name: &str) -> Option<Work> {
    SUBJECTS.iter().copied().flatten().find(|(subject, _)| *subject == name).map(|(_, work)| *work)
}
