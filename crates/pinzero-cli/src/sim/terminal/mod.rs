//! The breadboard in the terminal.

mod card;
mod dial;
mod header;
mod help;
mod input;
mod palette;
mod pen;
mod spot;
#[cfg(test)]
mod tests;
mod timeline;
mod view;

use std::error::Error;

use super::board::Simulator;
use super::program::Console;

/// Returns whether there is a terminal to show the board in.
pub(crate) fn is_there() -> bool {
    false
}

/// Shows the board, and what the program prints, until the user ends the view or `is_over` says so.
///
/// # Errors
/// If the terminal cannot be used.
pub(crate) fn run(_: &Simulator, _: &Console, _is_over: &dyn Fn() -> bool) -> Result<(), Box<dyn Error>> {
    Ok(())
}
