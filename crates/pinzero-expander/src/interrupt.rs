//! The pin that a chip's interrupt is wired to: each interrupt makes one reading of the chip.

use std::sync::{Arc, Weak};
use std::time::Duration;

use pinzero_core::time::{Instant, ms, secs};
use pinzero_core::{Bias, Error, ErrorKind, EventKind, Gpio, Input, Level, PinSpec, Result, thread};

use crate::chip::Chip;

/// How often a chip is tried again that has failed to answer an interrupt.
const RETRY: Duration = secs(1);

/// How often a chip that interrupts on and on is read at one instant of a virtual clock; after that, once a second.
const ROUNDS: usize = 32;

/// How long a chip that interrupts on and on is left alone, in real time.
const PAUSE: Duration = ms(5);

/// The pin of another `Gpio`, low while the chip has something to tell.
#[derive(Debug, Clone)]
pub(crate) struct InterruptPin {
    gpio: Gpio,
    pin: PinSpec,
}

impl InterruptPin {
    pub(crate) fn new(gpio: &Gpio, pin: PinSpec) -> Self {
        InterruptPin { gpio: gpio.clone(), pin }
    }

    /// Opens the pin, with a pull-up if there is one.
    #[track_caller]
    pub(crate) fn open(self, device: &'static str, bus: &Gpio) -> Result<Input> {
        let InterruptPin { gpio, pin } = self;
        if !gpio.shares_clock(bus) {
            let message =
                "the interrupt pin and the bus are on different clocks: take a pin of the same `Gpio`";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_factory(device));
        }
        let bias = if gpio.capabilities().bias.is_available() { Bias::PullUp } else { Bias::AsIs };
        gpio.input(pin).bias(bias).active(Level::Low).device(device).open()
    }
}

/// Reads the chip at each interrupt, until the pin is closed.
///
/// In real time on a thread of its own: where handlers run, a slow one would delay all edges of the chip.
pub(crate) fn listen(chip: &Arc<Chip>, input: &Input) -> Result<()> {
    let weak = Arc::downgrade(chip);
    if input.gpio().is_realtime() {
        let mut events = input.events();
        let body = move || {
            let mut next = events.next();
            while let Some(event) = next {
                let Some(chip) = weak.upgrade() else { return };
                next = None;
                let mut is_low = event.kind == EventKind::Activated && answer(&chip, Some(event.at));
                while is_low && next.is_none() {
                    // If the chip has let go in between, an event tells when it interrupted again. If not, none comes.
                    next = events.next_timeout(PAUSE);
                    is_low = next.is_some() || answer(&chip, None);
                }
                drop(chip);
                next = next.or_else(|| events.next());
            }
        };
        thread::spawn("pinzero-expander", body).map_err(|error| {
            Error::new(ErrorKind::Io, "the thread for interrupts cannot be started").with_source(error)
        })?;
    } else {
        input.on(EventKind::Activated, move |event| {
            if let Some(chip) = weak.upgrade() {
                let again = || (0..ROUNDS).all(|_| answer(&chip, None));
                if answer(&chip, Some(event.at)) && again() {
                    retry(&chip);
                }
            }
        });
    }
    Ok(())
}

/// Reads the chip once, and reports the edges, which happened at `at` if that is known. Returns whether the chip interrupts still, or
/// again.
fn answer(chip: &Arc<Chip>, at: Option<Instant>) -> bool {
    let result = chip.lock().report(at);
    match result {
        Ok(()) => chip.interrupt().is_some_and(|input| input.is_active().unwrap_or(false)),
        Err(error) => {
            if error.kind() != ErrorKind::Closed {
                let reports = chip.reports.lock().clone();
                reports.report(&error.with_factory(chip.model.name));
                retry(chip);
            }
            false
        }
    }
}

/// Reads the chip now and then until it answers, as it will not interrupt before that.
fn retry(chip: &Arc<Chip>) {
    if std::mem::replace(&mut chip.lock().is_retrying, true) {
        return;
    }
    let weak: Weak<Chip> = Arc::downgrade(chip);
    let again = move |timer: pinzero_core::Timer| {
        let Some(chip) = weak.upgrade() else { return timer.cancel() };
        let mut state = chip.lock();
        match state.report(None) {
            Err(error) if error.kind() != ErrorKind::Closed => {}
            _ => {
                state.is_retrying = false;
                drop(state);
                timer.cancel();
            }
        }
    };
    if let Err(error) = chip.gpio.every_on_thread(RETRY, again) {
        chip.lock().is_retrying = false;
        let reports = chip.reports.lock().clone();
        reports.report(&error.with_factory(chip.model.name));
    }
}
