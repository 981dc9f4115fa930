//! The colors of the pinout: one for each kind of pin and bus.

use anstyle::{AnsiColor, Effects, Style};
use pinzero::board::{Function, PinKind};

use super::outline::Kind;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().effects(Effects::DIMMED);
pub(super) const BOARD: Style = AnsiColor::Green.on_default();

/// Returns the style of a pin's label.
pub(super) fn of_pin(kind: PinKind) -> Style {
    match kind {
        PinKind::Gpio(_) => AnsiColor::Green.on_default(),
        PinKind::Power3v3 => AnsiColor::Yellow.on_default(),
        PinKind::Power5v => AnsiColor::Red.on_default(),
        _ => DIM,
    }
}

/// Returns the style of a function's name.
pub(super) fn of_function(function: &Function) -> Style {
    match function.unit.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "I2C" => AnsiColor::Cyan.on_default(),
        "SPI" => AnsiColor::Magenta.on_default(),
        "UART" => AnsiColor::Blue.on_default(),
        _ => Style::new(),
    }
}

/// Returns the style of a part of the board.
pub(super) fn of_part(kind: Kind) -> Style {
    match kind {
        Kind::Port => Style::new(),
        Kind::Chip => BOLD,
        Kind::Flat | Kind::Place => DIM,
    }
}
