//! Converts the daemon's codes and the network's errors to ours.

use std::fmt;

use pinzero_core::{Error, ErrorKind};

use crate::protocol::{Code, Command};

/// Converts a result below zero to an error.
pub(crate) fn refused(command: Command, result: i32) -> Error {
    let code = Code(result);
    let kind = match code {
        Code::NOT_PERMITTED | Code::SOME_PERMITTED => ErrorKind::PermissionDenied,
        Code::BAD_GPIO | Code::BAD_USER_GPIO => ErrorKind::UnknownPin,
        Code::GPIO_IN_USE => ErrorKind::Busy,
        Code::BAD_HPWM_FREQ
        | Code::BAD_HCLK_FREQ
        | Code::BAD_SPI_SPEED
        | Code::BAD_SPI_BAUD
        | Code::BAD_I2C_BAUD => ErrorKind::InvalidFrequency,
        // A controller's message fails as a whole, and the daemon does not say where.
        Code::I2C_READ_FAILED | Code::I2C_WRITE_FAILED | Code::BAD_I2C_SEG => ErrorKind::NoAcknowledge,
        Code::UNKNOWN_COMMAND
        | Code::DEPRECATED
        | Code::NOT_HPWM_GPIO
        | Code::HPWM_ILLEGAL
        | Code::NO_AUX_SPI
        | Code::BAD_SER_SPEED => ErrorKind::Unsupported,
        // The system does not say why it cannot open a port. Nearly always, there is none.
        Code::BAD_I2C_BUS | Code::SER_OPEN_FAILED => ErrorKind::NoChip,
        Code::BAD_DUTYCYCLE
        | Code::BAD_PULSEWIDTH
        | Code::BAD_DUTYRANGE
        | Code::BAD_FILTER
        | Code::BAD_SER_DEVICE
        | Code::BAD_PARAM => ErrorKind::InvalidValue,
        _ => ErrorKind::Io,
    };
    let remedy = match code {
        Code::NOT_PERMITTED | Code::SOME_PERMITTED => {
            ": the daemon lets its clients change the pins of its mask only"
        }
        Code::SER_OPEN_FAILED => ": check the port's name, and whether another program holds the port",
        Code::BAD_SER_DEVICE => ": the daemon opens `/dev/tty*` and `/dev/serial*`",
        Code::BAD_SER_SPEED => ": give a usual rate, such as 9600 or 115200",
        _ => "",
    };
    Error::new(kind, format!("the daemon refuses {}: {code}{remedy}", command.name()))
}

/// Returns the error of a broken connection to `peer`.
pub(crate) fn lost(peer: &str, why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Disconnected, format!("the connection to {peer} is lost: {why}"))
}

/// Returns the error of a failed attempt to connect to `peer`.
pub(crate) fn unreachable(peer: &str, why: impl fmt::Display) -> Error {
    let host = peer.rsplit_once(':').map_or(peer, |(host, _)| host);
    let is_here = matches!(host, "localhost" | "[::1]") || host.starts_with("127.");
    let remedy = if is_here {
        "start `pinzero serve` or `pigpiod`".to_owned()
    } else {
        format!(
            "start `pinzero serve` or `pigpiod` on {host}. For other computers, `pinzero serve` needs an SSH tunnel, or `--bind` \
             and `--public`"
        )
    };
    Error::new(ErrorKind::Disconnected, format!("no pigpio daemon can be reached at {peer}: {why}: {remedy}"))
}

/// Returns the error of a daemon that takes no more clients.
pub(crate) fn full(peer: &str) -> Error {
    Error::new(
        ErrorKind::Disconnected,
        format!("the daemon at {peer} has too many clients that it tells of changes"),
    )
}

/// Returns the error of a reply from `peer` that no daemon sends.
pub(crate) fn nonsense(peer: &str, why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Disconnected, format!("{peer} is no pigpio daemon: {why}"))
}

/// Returns the error of a closed factory.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the factory has been closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_daemon_is_the_remedy_suits_the_host() {
        for peer in ["localhost:8888", "127.0.0.1:8888", "[::1]:8888"] {
            let text = unreachable(peer, "refused").to_string();
            assert!(
                text.contains("start `pinzero serve` or `pigpiod`") && !text.contains("--public"),
                "{text}"
            );
        }
        for (peer, host) in [("pi.local:8888", "on pi.local."), ("[fe80::1]:9000", "on [fe80::1].")] {
            let text = unreachable(peer, "refused").to_string();
            assert!(text.contains(peer) && text.contains(host) && text.contains("`--public`"), "{text}");
        }
    }
}
