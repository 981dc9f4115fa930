//! Rows that miss their target, and why. Whoever mends one that is counted strikes it out: a counted row that is listed here and
//! reaches its target is a failure.

use crate::row::Row;

/// By how what is measured begins, and in what: the reason, as the page tells it.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "`Led::on`, `off` on the mock",
        "ns",
        "a `Led` looks whether it blinks, notes what it has written, and looks whether another thread came between. The mock's pin \
         makes an exchange of its store, lest a write be lost to a wire that is put on at that moment; that alone takes longer \
         than the call and the store",
    ),
    (
        "`Led::on`, `off` on cdev",
        "ns",
        "beside the system call it is some fifty instructions, and its time, far below one percent of the call's here, is lost in \
         the noise of the rounds",
    ),
    (
        "a `",
        "ns",
        "a device looks at the line before it takes it, to say who holds it and to give it back as it was, and puts back its pull \
         and its level; a `Button` has its descriptor polled, as well. gpiocdev's request and drop does none of this",
    ),
    (
        "`Led::on`, `off` on rppal",
        "instructions (aarch64)",
        "rppal's pins are to be had by one user at a time, so each has a lock of its own here, which also keeps a write from \
         coming after the close. It is some 45 of the instructions; the rest is a `Led`, which can blink, and a virtual call. \
         Without the lock the registers would have to be mapped a second time, by unsafe code",
    ),
    (
        "edge to callback at 1 kHz, same CPU",
        "us",
        "some five microseconds go with a wake-up, of which the debounce, the status that is kept and the handler's lock are less \
         than one. Where the rest goes is not known yet; on another CPU it does not show",
    ),
    (
        "a flood of",
        "ns of CPU an edge",
        "an edge takes a lock for each of its device's status, the list of handlers and the handler, twice for the last, and counts \
         references. Beside what a kernel takes for an edge of a real line, as under the kernel rig, it does not show",
    ),
    (
        "1,000 `Led`s blinking",
        "us late",
        "the timeline sleeps in an epoll with a timer, which it sets for each deadline, where the bare thread sleeps by one call: \
         edges and deadlines of all devices are seen to by the same two threads",
    ),
    (
        "a change read from pigpio",
        "ns",
        "a report is looked through for each line that is watched, counted, and its tick widened and brought to the local clock",
    ),
    (
        "a change by pigpio at 1 kHz",
        "ns",
        "the thread that reads the connection runs no handler, so there is one wake-up more than in a loop that reads and calls",
    ),
    (
        "One LED by the default features",
        "bytes of file",
        "which of the backends it takes is decided when it starts, so all of them are in it: the mock and the pins of another \
         computer are 280 kB. With `cdev` alone it reaches the target",
    ),
    (
        "One LED by `rppal` alone",
        "bytes of file",
        "for edges, for hardware PWM and to say who else holds a line it has most of `cdev` in it, beside what rppal has. The rest \
         is spread over many functions of a few kilobytes",
    ),
    (
        "One LED by `rppal`",
        "instructions (aarch64)",
        "a third of what is over is the thread of the exit guard, a third the search for the chip among the files of `/dev`, which \
         rppal does not look for; the timeline and the larger program have the rest",
    ),
    (
        "One LED by `rppal` beside",
        "bytes of memory",
        "it is the program itself: whatever is near to what runs is in memory, and this one is larger. By `rppal` alone it reaches \
         the target",
    ),
];

/// Why a row misses its target, if that is known.
pub(crate) fn reason(row: &Row) -> Option<&'static str> {
    let is_it =
        |(what, unit, _): &&(&str, &str, &str)| row.what.starts_with(what) && row.unit.starts_with(unit);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Target;

    fn row(what: &str, unit: &str, ours: f64, is_counted: bool) -> Row {
        let (what, unit) = (what.to_owned(), unit.to_owned());
        Row { what, against: String::new(), ours, theirs: None, unit, target: Target::Most(10.0), is_counted }
    }

    #[test]
    fn what_decides_is_met_or_listed_and_never_both() {
        let (listed, bytes) = ("One LED by the default features", "bytes of file");
        for (row, is_fault) in [
            (row("new", "threads", 9.0, true), false),
            (row("new", "threads", 11.0, true), true),
            (row(listed, bytes, 11.0, true), false),
            (row(listed, bytes, 9.0, true), true),
            (row(listed, "threads", 11.0, true), true),
            (row("new", "ns", 11.0, false), false),
        ] {
            assert_eq!(fault(&row).is_some(), is_fault, "{row:?}");
        }
    }
}
