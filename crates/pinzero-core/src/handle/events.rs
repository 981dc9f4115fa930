//! Events as an iterator.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::event::{Event, Kinded};
use crate::gpio::Gpio;
use crate::hub::{Hub, Queue};
use crate::time::Instant;

/// An iterator over a device's events, from its creation until the device is closed.
///
/// An iterator that lags by more than 1,024 events loses the oldest; `missed` of the next one counts them.
///
/// ```
/// use pinzero::{EventKind, mock, time::{ms, secs}};
///
/// let gpio = mock::gpio();
/// let button = gpio.input(24).open()?;
/// let mut events = button.events();
/// gpio.line(24).press(ms(80));
/// assert_eq!(events.next().map(|event| event.kind), Some(EventKind::Activated));
/// assert_eq!(events.next().map(|event| event.lasted), Some(ms(80)));
/// assert_eq!(events.next_timeout(secs(1)), None);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "an iterator does nothing unless it is asked for events"]
pub struct Events<E: Kinded = Event> {
    gpio: Gpio,
    hub: Arc<Hub<E>>,
    queue: Arc<Queue<E>>,
}

impl<E: Kinded> UnwindSafe for Events<E> {}
impl<E: Kinded> RefUnwindSafe for Events<E> {}

impl<E: Kinded> Events<E> {
    pub(crate) fn new(gpio: &Gpio, hub: &Arc<Hub<E>>) -> Self {
        Events { gpio: gpio.clone(), hub: hub.clone(), queue: hub.queue() }
    }

    /// Returns the next event, or `None` if none comes within `timeout`.
    #[track_caller]
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<E> {
        self.wait(Some(self.gpio.now() + timeout))
    }

    /// Returns the next event if one is waiting. Never blocks.
    pub fn try_next(&mut self) -> Option<E> {
        self.queue.pop()
    }

    /// Returns the error that ended the iterator: its chip is gone, for instance. `None` if events may come, and after a close.
    pub fn error(&self) -> Option<Error> {
        self.hub.ended().filter(|error| error.kind() != ErrorKind::Closed)
    }

    #[track_caller]
    fn wait(&mut self, deadline: Option<Instant>) -> Option<E> {
        let next = || self.hub.next(&self.queue);
        let remedy = || self.hub.remedy("change the line before you ask for its events");
        self.gpio.runtime().wait(self.hub.bell(), deadline, remedy, next).flatten()
    }
}

/// Blocks until an event comes; `None` once the device is closed, or lost: [`error`](Events::error) tells.
impl<E: Kinded> Iterator for Events<E> {
    type Item = E;

    #[track_caller]
    fn next(&mut self) -> Option<E> {
        self.wait(None)
    }
}
