//! Gives the pins back on Ctrl-C, and then ends the program.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pinzero::Gpio;

/// Whether a signal is ending the program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over Ctrl-C, SIGTERM and SIGHUP: closes the factory, calls `restore`, and ends the program by the signal.
    ///
    /// The exit guard alone is not enough: a trial may leave a pin driven, as the pin's `OnClose` says.
    pub(crate) fn guard(gpio: &Gpio, restore: impl Fn() + Send + 'static) -> io::Result<Self> {
        let interrupt = Interrupt::default();
        let (is_ending, gpio) = (interrupt.0.clone(), gpio.clone());
        end_after(move || {
            is_ending.store(true, Ordering::SeqCst);
            // `restore` opens the pins again, and complains if that fails.
            let _ = gpio.close();
            restore();
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

/// Calls `last` when a signal comes, and then ends the program by this signal, so that its parent sees which one it was.
#[cfg(unix)]
fn end_after(last: impl FnOnce() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        let Some(signal) = signals.forever().next() else { return };
        last();
        // This returns only for a signal that ends no program.
        let _ = emulate_default_handler(signal);
    })?;
    Ok(())
}

/// Calls `last` at Ctrl-C, and then ends the program.
#[cfg(not(unix))]
fn end_after(last: impl Fn() + Send + 'static) -> io::Result<()> {
    let ended = ctrlc::set_handler(move || {
        last();
        std::process::exit(130);
    });
    ended.map_err(io::Error::other)
}
