//! Rows that are expected to miss their target, with the reasons. A counted row on this list fails if it clearly meets its target,
//! or misses it by more than the list says. If you improve a row, delete it here.

use crate::row::Row;

/// Any ratio: timed rows never fail.
const ANY: f64 = f64::INFINITY;

/// Each entry: the start of the row's name, the start of its unit, the highest accepted ratio, and the reason for the page.
const EXPECTED: &[(&str, &str, f64, &str)] = &[
    (
        "`Led::",
        "instructions (aarch64)",
        6.5,
        "only one user at a time may use an rppal pin, so each pin has a lock here. The lock also prevents a write after \
         the close. It costs about 45 of the instructions; the rest is a `Led`, which can blink, a virtual call, and about ten \
         instructions that keep a forked child from driving its parent's pins",
    ),
    (
        "edge of a simulated chip to callback",
        "us",
        ANY,
        "about four microseconds pass between the wake-up and the callback, in addition to the read. Three parts take \
         equal shares: debouncing and status, deadlines and the queue of callbacks, and the handlers. These are about 700 \
         instructions, and a thread that sleeps in between finds the caches cold",
    ),
    (
        "`Mcp3008::value` on cdev",
        "ns",
        ANY,
        "both make one system call. The rest is the device: whether it is open, its turn on the bus, and the check and the value of the \
         answer",
    ),
    (
        "One LED by `cdev` alone",
        "bytes of file",
        1.95,
        "a backend stands behind one trait, so a program with one LED has all of its roles in it: groups, inputs that belong together, \
         flexible lines, and the kernel's buses and serial ports, which are 40 kB. Reports of errors that no caller receives, and the care for forked children, are 40 kB",
    ),
    (
        "One LED by the default features",
        "bytes of file",
        3.55,
        "the program chooses its backend at start-up, so all backends are linked in, each with its buses: the mock, with the circuits that its \
         terminal connects, and the remote backend are 610 kB. With `cdev` alone the program is 1.84 times as large",
    ),
    (
        "One LED by `rppal` alone",
        "bytes of file",
        2.15,
        "the program contains most of `cdev` in addition to rppal, for edges, for hardware PWM, for buses and for the consumer of a \
         line. Reports of errors that no caller receives, and the care for forked children, are 40 kB. The rest is spread over many functions of a few kilobytes",
    ),
    (
        "One LED by `rppal`",
        "instructions (aarch64)",
        1.45,
        "a third of the excess is the thread of the exit guard. The rest is the larger program, reading the chip's info, \
         and reading the consumer of the line, which rppal's program does not do",
    ),
    (
        "One LED by `rppal`",
        "bytes of memory",
        1.45,
        "the program itself is larger, by the kernel's buses too, and the pages around the running code are in memory",
    ),
];

/// Returns why a row misses its target, if it is on the list.
pub(crate) fn reason(row: &Row) -> Option<&'static str> {
    expected(row).map(|(_, reason)| reason)
}

fn expected(row: &Row) -> Option<(f64, &'static str)> {
    let is_it = |(what, unit, ..): &&(&str, &str, f64, &str)| {
        row.what.starts_with(what) && row.unit.starts_with(unit)
    };
    EXPECTED.iter().find(is_it).map(|(.., most, reason)| (*most, *reason))
}

/// Returns the fault of a row that decides, if there is one.
pub(crate) fn fault(row: &Row) -> Option<String> {
    let is_met = |share| row.is_met_with(share).filter(|_| row.is_counted);
    let fault = match expected(row) {
        None if is_met(1.0) == Some(false) => "its target is missed",
        Some(_) if is_met(CLEARLY) == Some(true) => "the row is expected to miss its target, and does not",
        Some((most, _)) if is_met(1.0) == Some(false) && row.ratio().is_some_and(|ratio| ratio > most) => {
            "the row misses its target by more than expected"
        }
        _ => return None,
    };
    let against = row.theirs.map_or(String::new(), |theirs| format!(" against {theirs}"));
    Some(format!("{}: {fault}: {}{against} {}", row.what, row.ours, row.unit))
}

/// The figures of a program's start are counted, but differ by a few percent: a row near its target may be on either side.
const CLEARLY: f64 = 0.95;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Target;

    fn row(what: &str, unit: &str, ours: f64, is_counted: bool) -> Row {
        let (what, unit) = (what.to_owned(), unit.to_owned());
        Row {
            what,
            against: String::new(),
            ours,
            theirs: Some(5.0),
            unit,
            target: Target::Most(10.0),
            is_counted,
        }
    }

    #[test]
    fn what_decides_is_met_or_listed_and_never_both() {
        let (listed, bytes) = ("One LED by the default features", "bytes of file");
        for (row, is_fault) in [
            (row("new", "threads", 9.0, true), false),
            (row("new", "threads", 11.0, true), true),
            (row(listed, bytes, 11.0, true), false),
            (row(listed, bytes, 9.0, true), true),
            (row(listed, bytes, 9.9, true), false),
            (row(listed, bytes, 20.0, true), true),
            (row(listed, bytes, 20.0, false), false),
            (row(listed, "threads", 11.0, true), true),
            (row("new", "ns", 11.0, false), false),
        ] {
            assert_eq!(fault(&row).is_some(), is_fault, "{row:?}");
        }
    }
}
