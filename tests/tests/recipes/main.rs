//! gpiozero's example programs, each as a test with the name of the program: its devices, and what it does, on virtual time.
//! `docs/parity.md` lists all of them. In place of a camera, a sound card or an app, a closure or a channel is there.
//!
//! A test runs with its mock as the default factory, so that a program stands there as it would in `main`. An endless loop has a few
//! rounds instead.

mod boards;
mod buttons;
mod displays;
mod expanders;
mod internal;
mod lights;
mod moving;
mod remote;
mod robots;
mod sensors;
mod sources;

use pinzero::mock::{self, MockGpio};
use pinzero::{Level, PinSpec, Result, with_default};

/// Runs a program on a mock on virtual time.
fn on_mock(program: impl FnOnce(&MockGpio) -> Result<()>) -> Result<()> {
    let gpio = mock::gpio();
    with_default(&gpio, || program(&gpio))
}

/// Returns the changes of a pin from the first time that it is high: the millisecond, and whether the pin is high since then. Pins with
/// a pull-up on the board become low as they are opened.
fn changes(gpio: &MockGpio, pin: impl Into<PinSpec>) -> Vec<(u128, bool)> {
    let history = gpio.line(pin).history().into_iter().skip_while(|(_, level)| !level.is_high());
    history.map(|(at, level)| (at.as_millis(), level.is_high())).collect()
}

/// Returns 1 for each pin that is high, and 0 for the others.
fn levels<const N: usize>(gpio: &MockGpio, pins: [u32; N]) -> [u8; N] {
    pins.map(|pin| gpio.line(pin).level().is_high().into())
}

/// Returns the share of the time that each pin is high, in percent; 0 for a pin without PWM.
fn duties<const N: usize>(gpio: &MockGpio, pins: [u32; N]) -> [u32; N] {
    pins.map(|pin| gpio.line(pin).pulses().last().map_or(0, |pulse| (pulse.duty() * 100.0).round() as u32))
}

/// Presses a button between a pin and ground, and holds it.
fn press(gpio: &MockGpio, pin: u32) {
    gpio.line(pin).drive(Level::Low);
}

/// Releases a button that is pressed.
fn release(gpio: &MockGpio, pin: u32) {
    gpio.line(pin).release();
}
