//! Counted rows that miss their target, and why. Whoever mends one strikes it out: a row that is listed here and reaches its
//! target is a failure.

use crate::row::Row;

/// By what is measured and in what: the reason.
const KNOWN: [(&str, &str, &str); 2] = [
    (
        "`Led::on`, `off` on rppal",
        "instructions (aarch64)",
        "rppal's pins are to be had by one user at a time, so each has a lock of its own here, which also keeps a write from \
         coming after the close. It is some 45 of the instructions; the rest is a `Led`, which can blink, and a virtual call. \
         Without the lock the registers would have to be mapped a second time, by unsafe code",
    ),
    (
        "A program with one LED",
        "bytes of file",
        "it has all backends of the default features in it, with what restores a connection, a timeline with threads, and the exit \
         guard: with the feature `cdev` and the exit guard alone it is some 730 kB, 210 less. The rest is spread over many \
         functions of a few kilobytes",
    ),
];

/// Why a row misses its target, if that is known.
pub(crate) fn reason(row: &Row) -> Option<&'static str> {
    let is_it = |(what, unit, _): &&(&str, &str, &str)| row.what == *what && row.unit == *unit;
    KNOWN.iter().find(is_it).map(|(.., reason)| *reason)
}

/// What is wrong with a row, if it decides.
pub(crate) fn fault(row: &Row) -> Option<String> {
    match (row.is_met().filter(|_| row.is_counted)?, reason(row)) {
        (false, None) => Some(format!("{}: its target is missed", row.what)),
        (true, Some(_)) => Some(format!("{}: it is known to miss its target, and does not", row.what)),
        _ => None,
    }
}
