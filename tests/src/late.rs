//! Makes the runtime of a factory late.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pinzero::time::Instant;
use pinzero::{Edge, Effects, Event, Gpio, Line, Machine, Result};

/// A machine that does nothing, to get at the runtime's lock.
#[derive(Debug)]
struct Nothing;

impl Machine for Nothing {
    type Event = Event;

    fn edge(&mut self, _: usize, _: Edge, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

/// Runs `during` while the runtime's lock is held for `time`, in real time: no deadline and no edge is processed until then. `during` must
/// not need the lock. The last line of the board must be free.
///
/// # Errors
/// See [`Running::change`](pinzero::Running::change).
pub fn make_late(gpio: &Gpio, time: Duration, during: impl FnOnce()) -> Result<()> {
    let line = gpio.inputs([Line(gpio.board().lines() - 1)]).open()?;
    let nothing = gpio.machine("Nothing").inputs(line).start(|_, _| Nothing)?;
    let (sender, holds) = mpsc::channel();
    let hold = move || {
        nothing.change(|_, _| {
            sender.send(()).unwrap_or_default();
            thread::sleep(time);
            Ok(())
        })
    };
    let holder = thread::spawn(hold);
    // Otherwise the change has failed.
    if holds.recv().is_ok() {
        during();
    }
    holder.join().unwrap_or(Ok(()))
}
