//! Pin names: the same on every factory that reports the same board.

use pinzero_core::{ErrorKind, Line, PinSpec};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check, refused};

fn leads_to(fixture: &Fixture<'_>, pin: impl Into<PinSpec>, line: Line) -> Verdict {
    let pin = pin.into();
    let found = fixture.gpio().resolve(pin.clone())?;
    check(found == line, || format!("{pin} leads to {found}, not to {line}"))
}

pub(super) fn lead_to_their_lines(fixture: &Fixture<'_>) -> Verdict {
    let board = fixture.gpio().board();
    for line in (0..board.lines()).map(Line) {
        leads_to(fixture, line, line)?;
        if board.find_number(line.0).is_ok() {
            leads_to(fixture, line.0, line)?;
            leads_to(fixture, line.0.to_string(), line)?;
        } else {
            let what = format!("{} as a number, on no header", line.0);
            refused(&what, ErrorKind::UnknownPin, fixture.gpio().resolve(line.0))?;
            refused(&what, ErrorKind::UnknownPin, fixture.gpio().resolve(line.0.to_string()))?;
        }
        for name in board.names(line.0) {
            leads_to(fixture, name.to_lowercase(), line)?;
            leads_to(fixture, name, line)?;
        }
    }
    Ok(())
}

pub(super) fn of_no_line_are_refused(fixture: &Fixture<'_>) -> Verdict {
    let gpio = fixture.gpio();
    let beyond = gpio.board().lines();
    refused("a negative number", ErrorKind::UnknownPin, gpio.resolve(-1))?;
    refused("the number after the last", ErrorKind::UnknownPin, gpio.resolve(beyond))?;
    refused("its name", ErrorKind::UnknownPin, gpio.resolve(format!("GPIO{beyond}")))?;
    refused("no name at all", ErrorKind::UnknownPin, gpio.resolve(""))?;
    refused("a name of nothing", ErrorKind::UnknownPin, gpio.resolve("no such pin"))?;
    refused("ground", ErrorKind::NotGpio, gpio.resolve("GND"))?;
    if gpio.capabilities().output.is_available() {
        refused("an output beyond the last", ErrorKind::UnknownPin, gpio.output(beyond).open())?;
    }
    Ok(())
}
