//! [`pause`]: lets a program wait while its handlers work.

use crate::default;

/// Blocks while handlers, blinks and timers work, until a signal ends the program: Ctrl-C, SIGTERM.
///
/// The last line of a program whose handlers do the rest, like `pause()` in gpiozero's recipes:
///
/// ```no_run
/// use pinzero::prelude::*;
///
/// fn main() -> pinzero::Result<()> {
///     let led = Led::new(17)?;
///     let button = Button::new(2)?;
///     button.when_pressed(move |_| led.toggle());
///     pinzero::pause();
///     Ok(())
/// }
/// ```
///
/// If the program handles a signal itself, `pause` returns after the handler has run on this thread: call `pause` on the main
/// thread, which signals go to.
///
/// # Panics
/// If the default factory is a mock on virtual time, where nothing happens while a thread waits. A test moves the clock instead:
/// `gpio.advance(..)`.
#[track_caller]
pub fn pause() {
    if let Some(gpio) = default::current().filter(|gpio| !gpio.is_realtime()) {
        panic!(
            "pause() would never end: the default factory, {gpio:?}, is on virtual time. In a test, move the clock: \
             `gpio.advance(secs(1))`"
        );
    }
    pinzero_core::wait_for_signal();
}
