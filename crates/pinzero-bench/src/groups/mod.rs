//! The groups of rows. Each is a file, with the subjects whose work it counts.

mod callbacks;
mod cdev;
mod edges;
mod piped;
mod registers;
mod sides;
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
    Group { name: "callbacks", place: Place::Here, is_counted: true, run: callbacks::run },
    Group { name: "cdev", place: Place::KernelRig, is_counted: true, run: cdev::run },
    Group { name: "edges", place: Place::KernelRig, is_counted: true, run: edges::run },
    Group { name: "piped", place: Place::Here, is_counted: true, run: piped::run },
    Group { name: "registers", place: Place::PiRig, is_counted: true, run: registers::run },
];

/// The subjects of all groups.
const SUBJECTS: &[&[(&str, Work)]] = &[write::SUBJECTS, callbacks::SUBJECTS, cdev::SUBJECTS];

/// The work of a name.
pub(crate) fn subject(name: &str) -> Option<Work> {
    SUBJECTS.iter().copied().flatten().find(|(subject, _)| *subject == name).map(|(_, work)| *work)
}
