//! Rows that are expected to miss their target, and why. A counted row that is listed here and clearly reaches its target is a
//! failure, and so is one that misses it by more than the list says: strike out what you mend.

use crate::row::Row;

/// Any ratio: what is timed decides nothing.
const ANY: f64 = f64::INFINITY;

const MOCK: &str = "the mock notes each change in its history, and works out anew what its wires and drivers make of the line";

/// By how what is measured begins, and in what: the most that the ratio may be all the same, and the reason, as the page tells it.
const EXPECTED: &[(&str, &str, f64, &str)] = &[
    ("`Led::on`, `off` on the mock", "instructions", 220.0, MOCK),
    ("`Led::toggle` on the mock", "instructions", 220.0, MOCK),
    (
        "`Led::",
        "instructions (aarch64)",
        6.0,
        "rppal's pins are to be had by one user at a time, so each has a lock of its own here, which also keeps a write from \
         coming after the close. It is some 45 of the instructions; the rest is a `Led`, which can blink, and a virtual call. \
         Without the lock the registers would have to be mapped a second time, by unsafe code",
    ),
    (
        "edge of a simulated chip to callback",
        "us",
        ANY,
        "some four microseconds go between the wake-up and the callback, beside the read, in equal parts with the filters and \
         the status that is kept, with deadlines and the queue of callbacks, and with the handlers: some 700 instructions, and \
         what they use, that a thread which sleeps in between finds cold",
    ),
    (
        "One LED by the default features",
        "bytes of file",
        2.5,
        "which of the backends it takes is decided when it starts, so all of them are in it: the mock and the pins of another \
         computer are 280 kB. With `cdev` alone it reaches the target",
    ),
    (
        "One LED by `rppal` alone",
        "bytes of file",
        1.85,
        "for edges, for hardware PWM and to say who else holds a line it has most of `cdev` in it, beside what rppal has. The rest \
         is spread over many functions of a few kilobytes",
    ),
    (
        "One LED by `rppal`",
        "instructions (aarch64)",
        1.35,
        "a third of what is over is the thread of the exit guard. The rest is the larger program, the look at the chip, and the \
         question who else holds the line, which rppal's program does not ask. By `rppal` alone it is at the target",
    ),
    (
        "One LED by `rppal` beside",
        "bytes of memory",
        1.4,
        "it is the program itself: whatever is near to what runs is in memory, and this one is larger. By `rppal` alone it reaches \
         the target",
    ),
];

/// Why a row misses its target, if that is known.
pub(crate) fn reason(row: &Row) -> Option<&'static str> {
    expected(row).map(|(_, reason)| reason)
}

fn expected(row: &Row) -> Option<(f64, &'static str)> {
    let is_it = |(what, unit, ..): &&(&str, &str, f64, &str)| {
        row.what.starts_with(what) && row.unit.starts_with(unit)
    };
    EXPECTED.iter().find(is_it).map(|(.., most, reason)| (*most, *reason))
}

/// What is wrong with a row, if it decides.
pub(crate) fn fault(row: &Row) -> Option<String> {
    let is_met = |share| row.is_met_with(share).filter(|_| row.is_counted);
    let fault = match expected(row) {
        None if is_met(1.0) == Some(false) => "its target is missed",
        Some(_) if is_met(CLEARLY) == Some(true) => "it is expected to miss its target, and does not",
        Some((most, _)) if is_met(1.0) == Some(false) && row.ratio().is_some_and(|ratio| ratio > most) => {
            "it is expected to miss its target, but not by so much"
        }
        _ => return None,
    };
    let against = row.theirs.map_or(String::new(), |theirs| format!(" against {theirs}"));
    Some(format!("{}: {fault}: {}{against} {}", row.what, row.ours, row.unit))
}

/// What a program takes to start is counted, but differs by some hundredths: one that is near its target may be on either side.
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
            (row(listed, bytes, 13.0, true), true),
            (row(listed, bytes, 13.0, false), false),
            (row(listed, "threads", 11.0, true), true),
            (row("new", "ns", 11.0, false), false),
        ] {
            assert_eq!(fault(&row).is_some(), is_fault, "{row:?}");
        }
    }
}
