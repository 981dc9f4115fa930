//! The groups of rows. Each is a file, with the subjects whose work it counts.

mod buses;
mod cdev;
mod daemon;
mod edges;
mod mock_edges;
mod program;
mod pwm;
mod registers;
mod remote;
mod scale;
mod trace;
mod write;

use crate::bench::Bench;
use crate::count::Work;
use crate::machine::Machine;
use crate::server;

/// Rows that are measured together.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) machine: Machine,
    /// The heading on the page.
    pub(crate) title: &'static str,
    /// Tells what it finds; an error is why it could not go on.
    pub(crate) run: fn(&Bench) -> Result<(), String>,
}

/// In the order of the page.
pub(crate) const GROUPS: &[Group] = &[
    group("write", Machine::This, "Switching an output", write::run),
    group("cdev", Machine::KernelRig, "The character device", cdev::run),
    group("registers", Machine::PiRig, "Registers", registers::run),
    group("mock-edges", Machine::This, "An edge on the mock", mock_edges::run),
    group("edges", Machine::KernelRig, "Edges from the character device", edges::run),
    group("scale", Machine::This, "Many devices", scale::run),
    group("trace", Machine::This, "A trace", trace::run),
    group("pwm", Machine::This, "Software PWM", pwm::run),
    group("buses", Machine::KernelRig, "Buses of the kernel", buses::run),
    group("least-buses", Machine::This, "Buses, without the kernel", buses::run_here),
    group("remote", Machine::This, "Pins of another computer", remote::run),
    group("daemon", Machine::This, "The daemon", daemon::run),
    group("program", Machine::This, "Programs", program::run),
    group("start", Machine::PiRig, "A program with one LED, started", program::run_on_the_pi),
];

const fn group(
    name: &'static str,
    machine: Machine,
    title: &'static str,
    run: fn(&Bench) -> Result<(), String>,
) -> Group {
    Group { name, machine, title, run }
}

/// The subjects of all groups.
const SUBJECTS: &[&[(&str, Work)]] = &[
    write::SUBJECTS,
    buses::SUBJECTS,
    cdev::SUBJECTS,
    mock_edges::SUBJECTS,
    scale::SUBJECTS,
    trace::SUBJECTS,
    pwm::SUBJECTS,
    remote::SUBJECTS,
    daemon::SUBJECTS,
    server::SUBJECTS,
];

/// Returns the work of a name.
pub(crate) fn subject(name: &str) -> Option<Work> {
    SUBJECTS.iter().copied().flatten().find(|(subject, _)| *subject == name).map(|(_, work)| *work)
}
