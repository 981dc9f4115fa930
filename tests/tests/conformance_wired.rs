//! The conformance suite over two pins of yours that are joined by a wire, on the factory that programs get by default:
//!
//! ```sh
//! PINZERO_TEST_PIN=17 PINZERO_TEST_INPUT_PIN=27 cargo test -p pinzero-tests --test conformance_wired
//! ```
//!
//! `PINZERO_PIN_FACTORY=pigpio://host` takes the pins of another computer; the list of deviations is that of pigpiod then.
//!
//! Put a resistor of 1 kΩ into the wire, and nothing else on these pins: both are driven, and either may be what drives.

use std::process::ExitCode;

use pinzero::{Error, ErrorKind, PinSpec, Result, default_gpio};
use pinzero_conformance::{Deviation, OtherProcess, Suite, WiredPins, run};

/// How a factory over pigpiod differs.
const PIGPIO: [Deviation; 1] = [Deviation {
    trial: "ownership::one_holder_among_processes",
    reason: "lines have no holders in pigpiod's protocol: every client may drive every line",
}];

fn main() -> ExitCode {
    if let Some(task) = OtherProcess::task() {
        return match hold(task.into()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let pins = WiredPins::in_environment();
    let missing = matches!(pins, Ok(None)).then_some(WiredPins::MISSING);
    let set_up = move || {
        let missing = || Error::new(ErrorKind::NoFactory, WiredPins::MISSING);
        let [pin, other] = pins.clone()?.ok_or_else(missing)?;
        // It is the same one for all trials, which with a single line to use none of them closes.
        Ok(WiredPins::new(&default_gpio()?, pin, other)?.with_other_process())
    };
    let is_pigpio = missing.is_none() && default_gpio().is_ok_and(|gpio| gpio.name() == "pigpio");
    let deviations: &[Deviation] = if is_pigpio { &PIGPIO } else { &[] };
    run([Suite::new("wired", set_up).deviations(deviations).missing(missing)])
}

/// What the other process does: it takes a line.
fn hold(pin: PinSpec) -> Result<()> {
    OtherProcess::hold(default_gpio()?.input(pin).open()?)
}
