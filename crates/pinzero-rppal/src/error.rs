//! rppal's errors, put into words that say what to do.

use std::io;

use pinzero_core::{Error, ErrorKind};
use rppal::gpio;

/// Why rppal does not start.
pub(crate) fn start(error: gpio::Error) -> Error {
    match error {
        gpio::Error::UnknownModel => {
            Error::new(ErrorKind::NoChip, "this is no Raspberry Pi that rppal knows: take cdev")
        }
        gpio::Error::PermissionDenied(path) => permission(&path),
        gpio::Error::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            permission("/dev/gpiomem0").with_source(error)
        }
        // rppal opens the chips from number 0 on and stops at the first gap.
        gpio::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = "rppal finds no registers in /dev, or no /dev/gpiochip0, which newer kernels do not have on a \
                           Pi 5: take cdev";
            Error::new(ErrorKind::NoChip, message).with_source(error)
        }
        other => Error::new(ErrorKind::Io, "rppal does not start").with_source(other),
    }
}

fn permission(path: &str) -> Error {
    let message = format!(
        "no permission for {path}: add the user to the group gpio (`sudo usermod -aG gpio $USER`, and log in again)"
    );
    Error::new(ErrorKind::PermissionDenied, message)
}

/// Why rppal does not give a pin.
pub(crate) fn pin(error: gpio::Error) -> Error {
    match error {
        gpio::Error::PinUsed(_) => {
            Error::new(ErrorKind::PinInUse, "this program has taken the pin from rppal by itself")
        }
        gpio::Error::PinNotAvailable(_) => Error::new(ErrorKind::UnknownPin, "rppal knows no such pin"),
        other => Error::new(ErrorKind::Io, "rppal does not give the pin").with_source(other),
    }
}
