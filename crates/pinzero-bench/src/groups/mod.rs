//! The groups of rows. Each is a file, with the subjects whose work it counts.

mod blink;
mod callbacks;
mod cdev;
mod construct;
mod daemon;
mod edges;
mod idle_remote;
mod lgpio;
mod peers;
mod piped;
mod program;
mod pwm;
mod registers;
mod remote;
mod remote_peers;
mod scale;
mod sides;
mod write;

use crate::bench::Bench;
use crate::count::Work;
use crate::peer;
use crate::place::Place;

/// Rows that are measured together.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    /// Its heading on the page.
    pub(crate) title: &'static str,
    pub(crate) place: Place,
    /// Whether it has anything to count, and so is part of the short run.
    pub(crate) is_counted: bool,
    /// Tells its findings; an error is why it could not go on.
    pub(crate) run: fn(&Bench) -> Result<(), String>,
}

/// In the order of the table.
pub(crate) const GROUPS: &[Group] = &[
    here("write", "Switching an output", write::run),
    on("cdev", Place::KernelRig, "The character device", cdev::run),
    on("registers", Place::PiRig, "Registers", registers::run),
    here("callbacks", "An edge on the mock", callbacks::run),
    here("piped", "Edges from a pipe", piped::run),
    on("edges", Place::KernelRig, "Edges from the character device", edges::run),
    here("construct", "Opening and closing a device", construct::run),
    here("scale", "Many devices", scale::run),
    here("blink", "A thousand LEDs that blink", blink::run),
    here("pwm", "Software PWM", pwm::run),
    here("remote", "Pins of another computer", remote::run),
    here("idle-remote", "Pins of another computer, at rest", idle_remote::run),
    here("daemon", "The daemon", daemon::run),
    here("program", "A program with one LED", program::run),
    on("start", Place::PiRig, "A program with one LED, started", program::run_on_the_pi),
    timed("peers", "Beside gpiozero on its mock", peers::run),
    Group {
        is_counted: false,
        ..on("lgpio", Place::KernelRig, "The character device, beside lgpio and gpiozero on it", lgpio::run)
    },
    timed("remote-peers", "Beside other clients of the daemon", remote_peers::run),
];

type Run = fn(&Bench) -> Result<(), String>;

/// A group that runs on this machine, and has something to count.
const fn here(name: &'static str, title: &'static str, run: Run) -> Group {
    on(name, Place::Here, title, run)
}

/// One that runs elsewhere.
const fn on(name: &'static str, place: Place, title: &'static str, run: Run) -> Group {
    Group { name, title, place, is_counted: true, run }
}

/// One that has nothing to count.
const fn timed(name: &'static str, title: &'static str, run: Run) -> Group {
    Group { is_counted: false, ..here(name, title, run) }
}

/// The subjects of all groups.
const SUBJECTS: &[&[(&str, Work)]] = &[
    write::SUBJECTS,
    callbacks::SUBJECTS,
    cdev::SUBJECTS,
    construct::SUBJECTS,
    scale::SUBJECTS,
    blink::SUBJECTS,
    pwm::SUBJECTS,
    peer::SUBJECTS,
    remote::SUBJECTS,
    daemon::SUBJECTS,
    idle_remote::SUBJECTS,
    peers::SUBJECTS,
];

/// The work of a name.
pub(crate) fn subject(name: &str) -> Option<Work> {
    SUBJECTS.iter().copied().flatten().find(|(subject, _)| *subject == name).map(|(_, work)| *work)
}
