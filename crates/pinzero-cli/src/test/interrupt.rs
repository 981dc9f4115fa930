//! Gives the pins back on Ctrl-C, and then ends the program.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pinzero::Gpio;

/// The exit code after SIGINT, as a shell shows it. The handler is not told which signal came.
const STATUS: i32 = 130;

/// Whether a signal is ending the program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over Ctrl-C, SIGTERM and SIGHUP: closes the factory, calls `restore`, and ends the program.
    ///
    /// The exit guard alone is not enough: a trial may leave a pin driven, as the pin's `OnClose` says.
    pub(crate) fn guard(
        gpio: &Gpio,
        restore: impl Fn() + Send + 'static,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let interrupt = Interrupt::default();
        let (is_ending, gpio) = (interrupt.0.clone(), gpio.clone());
        ctrlc::set_handler(move || {
            is_ending.store(true, Ordering::SeqCst);
            // `restore` opens the pins again, and complains if that fails.
            let _ = gpio.close();
            restore();
            process::exit(STATUS);
        })?;
        Ok(interrupt)
    }

    /// Blocks for ever once a signal is ending the program: nothing may be shown or written any more.
    pub(crate) fn check(&self) {
        while self.0.load(Ordering::SeqCst) {
            thread::park();
        }
    }
}
