//! The conformance suite over two pins of yours that are joined by a wire, on the factory that programs get by default:
//!
//! ```sh
//! PINZERO_TEST_PIN=17 PINZERO_TEST_INPUT_PIN=27 cargo test -p pinzero-tests --test conformance_wired
//! ```
//!
//! Put a resistor of 1 kΩ into the wire, and nothing else on these pins: both are driven, and either may be what drives.

use std::process::ExitCode;

use pinzero::{Error, ErrorKind, PinSpec, Result, default_gpio};
use pinzero_conformance::{OtherProcess, Suite, WiredPins, run};

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
    run([Suite::new("wired", set_up).missing(missing)])
}

/// What the other process does: it takes a line.
fn hold(pin: PinSpec) -> Result<()> {
    OtherProcess::hold(default_gpio()?.input(pin).open()?)
}
