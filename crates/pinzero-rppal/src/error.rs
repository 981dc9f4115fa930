//! Converts rppal's errors, with the remedy for the user.

use std::io;

use pinzero_core::{Error, ErrorKind};
use rppal::gpio;

/// Returns the reason why rppal does not start.
pub(crate) fn start(error: gpio::Error) -> Error {
    match error {
        gpio::Error::UnknownModel => {
            Error::new(ErrorKind::NoChip, "this is no Raspberry Pi that rppal knows: take cdev")
        }
        // `/dev/mem` is the second choice. No group gives a user access, and root has it only if the kernel is told to
        // allow it.
        gpio::Error::PermissionDenied(path) if path == "/dev/mem" => {
            let message = "there is no /dev/gpiomem, and no permission for /dev/mem, which is for root and, on most \
                           kernels, only if started with `iomem=relaxed`: take cdev";
            Error::new(ErrorKind::PermissionDenied, message)
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

/// Returns the reason why rppal does not open a pin.
pub(crate) fn pin(error: gpio::Error) -> Error {
    match error {
        gpio::Error::PinUsed(_) => {
            let message = "this program has taken the pin from rppal by itself, or the process from which it was forked has the pin open";
            Error::new(ErrorKind::PinInUse, message)
        }
        gpio::Error::PinNotAvailable(_) => Error::new(ErrorKind::UnknownPin, "rppal knows no such pin"),
        other => Error::new(ErrorKind::Io, "rppal does not give the pin").with_source(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io(kind: io::ErrorKind) -> gpio::Error {
        gpio::Error::Io(kind.into())
    }

    fn denied(path: &str) -> gpio::Error {
        gpio::Error::PermissionDenied(path.to_owned())
    }

    #[test]
    fn why_it_does_not_start_says_what_to_do() {
        for (error, kind, words) in [
            (gpio::Error::UnknownModel, ErrorKind::NoChip, ["no Raspberry Pi", "take cdev"]),
            (denied("/dev/gpiomem"), ErrorKind::PermissionDenied, ["/dev/gpiomem:", "usermod -aG gpio"]),
            (denied("/dev/gpiochip0"), ErrorKind::PermissionDenied, ["/dev/gpiochip0:", "usermod -aG gpio"]),
            (denied("/dev/mem"), ErrorKind::PermissionDenied, ["iomem=relaxed", "take cdev"]),
            // This is rppal's message on a Pi 5.
            (
                io(io::ErrorKind::PermissionDenied),
                ErrorKind::PermissionDenied,
                ["/dev/gpiomem0:", "usermod -aG gpio"],
            ),
            (io(io::ErrorKind::NotFound), ErrorKind::NoChip, ["no /dev/gpiochip0", "take cdev"]),
            (io(io::ErrorKind::OutOfMemory), ErrorKind::Io, ["does not start", "memory"]),
        ] {
            let error = start(error);
            assert_eq!(error.kind(), kind, "{error}");
            for word in words {
                assert!(error.to_string().contains(word), "{word:?} is missing in {error}");
            }
        }
    }

    #[test]
    fn a_group_is_no_help_with_all_of_memory() {
        assert!(!start(denied("/dev/mem")).to_string().contains("usermod"));
    }

    #[test]
    fn why_a_pin_is_refused_has_its_kind() {
        assert_eq!(pin(gpio::Error::PinUsed(17)).kind(), ErrorKind::PinInUse);
        assert_eq!(pin(gpio::Error::PinNotAvailable(54)).kind(), ErrorKind::UnknownPin);
        assert_eq!(pin(io(io::ErrorKind::Other)).kind(), ErrorKind::Io);
    }
}
