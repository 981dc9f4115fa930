//! What the file says of an output: its states without a command, at first, at the end and when the broker is away.

use pinzero::options::Digital;
use pinzero::{Builder, DigitalOutputDevice, LineFunction, OnClose, Open, Result};
use pinzero_circuit::Resting;

use super::Opening;

/// Opens an output that is only on or off, in its first state. `on_exit` is the state after the end, unless the file names another.
pub(crate) fn open<D: Open<Digital>>(
    device: impl FnOnce(u32) -> Builder<D, Digital>,
    pin: u32,
    active_high: bool,
    on_exit: Resting,
    opening: &Opening<'_>,
) -> Result<D> {
    device(pin)
        .active_high(active_high)
        .initial_value(initial(opening, pin)?)
        .on_close(on_close(opening, on_exit, active_high))
        .gpio(opening.gpio)
        .open()
}

/// Returns whether an output is on at first; `None` keeps the level that is on the pin.
///
/// A pin that nobody drives, as after a power cut, is off: what a weak pull makes of such a pin is nobody's wish.
fn initial(opening: &Opening<'_>, pin: u32) -> Result<Option<bool>> {
    if let Some(is_on) = opening.appearance.initial.and_then(Resting::is_on) {
        return Ok(Some(is_on));
    }
    match opening.gpio.line_info(pin)?.function {
        None | Some(LineFunction::Output) => Ok(None),
        Some(_) => Ok(Some(false)),
    }
}

/// Returns whether an output is on at first, for one with PWM, which cannot keep a level by itself.
pub(crate) fn is_on_at_first(opening: &Opening<'_>, pin: u32, active_high: bool) -> Result<bool> {
    if let Some(is_on) = initial(opening, pin)? {
        return Ok(is_on);
    }
    // By an output of its own, for not all factories read a line that nobody holds.
    let builder = DigitalOutputDevice::builder(pin).active_high(active_high).initial_value(None);
    builder.on_close(OnClose::Restore).gpio(opening.gpio).open()?.is_active()
}

/// Returns what a pin becomes after the end: `default`, unless the file names a state. Where the system does not keep the level of a
/// closed pin, the default is to restore the pin, and `"keep"` in the file is an error of `open`.
pub(crate) fn on_close(opening: &Opening<'_>, default: Resting, active_high: bool) -> OnClose {
    match on_exit(opening, default) {
        Some(is_on) if is_on == active_high => OnClose::High,
        Some(_) => OnClose::Low,
        None if opening.appearance.on_exit.is_none() && !opening.gpio.capabilities().keep.is_available() => {
            OnClose::Restore
        }
        None => OnClose::Keep,
    }
}

/// Returns whether an output is on after the end: `default`, unless the file names a state; `None` keeps the state.
pub(crate) fn on_exit(opening: &Opening<'_>, default: Resting) -> Option<bool> {
    opening.appearance.on_exit.unwrap_or(default).is_on()
}

/// Returns whether an output is on in its safe state; `None` keeps the state.
pub(crate) fn safe(opening: &Opening<'_>) -> Option<bool> {
    opening.appearance.safe.and_then(Resting::is_on)
}
