//! [`pause`]: lets a program wait while its handlers work.

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
/// If the program has its own signal handler, `pause` returns once that handler has run. Call `pause` on the main thread, which gets
/// the signals.
///
/// # Panics
/// If no factory in real time is open: all devices have been dropped, or a test has only mocks on virtual time, where nothing
/// happens while a thread waits. A test moves the clock instead: `gpio.advance(..)`.
#[track_caller]
pub fn pause() {
    assert!(
        pinzero_core::has_realtime(),
        "pause() would never end: no factory in real time is open. Keep the devices whose handlers are to work. In a test on virtual \
         time, move the clock: `gpio.advance(secs(1))`"
    );
    pinzero_core::wait_for_signal();
}
