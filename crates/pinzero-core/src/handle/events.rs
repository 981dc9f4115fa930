//! Events as an iterator.

use std::panic::{Location, RefUnwindSafe, UnwindSafe};
#[cfg(feature = "stream")]
use std::pin::Pin;
use std::sync::Arc;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::event::{Event, Kinded};
use crate::gpio::Gpio;
use crate::hub::{Hub, Queue};

const REMEDY: &str = "change the line before you ask for its events";

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
        self.wait(Some(timeout))
    }

    /// Returns the next event if one is waiting. Never blocks.
    pub fn try_next(&mut self) -> Option<E> {
        self.hub.next(&self.queue).flatten()
    }

    /// Resolves with the next event, or with `None` once the device is closed or lost; for `async` code, on any executor.
    ///
    /// Events between two calls are not lost: they wait in the iterator. A call that is dropped takes none.
    ///
    /// # Panics
    /// On a virtual clock, if nothing scheduled can bring an event.
    #[track_caller]
    pub fn next_async(&mut self) -> impl Future<Output = Option<E>> + Send + '_ {
        let place = Location::caller();
        let events: &Events<E> = self;
        events.hub.until(events.gpio.runtime(), REMEDY, place, || events.hub.next(&events.queue))
    }

    /// Returns the events as a stream.
    #[cfg(feature = "stream")]
    pub fn into_stream(self) -> EventStream<E> {
        EventStream { events: self, listener: None }
    }

    /// Returns the error that ended the iterator: its chip is gone, for instance, or the device belongs to another process. `None` if
    /// events may come, and after a close.
    pub fn error(&self) -> Option<Error> {
        let lost = || self.hub.ended().filter(|error| error.kind() != ErrorKind::Closed);
        self.gpio.home().check().err().or_else(lost)
    }

    /// Returns the next event, `Some(None)` at the end, and `None` as long as neither is there.
    pub(super) fn poll(&mut self) -> Option<Option<E>> {
        self.hub.next(&self.queue)
    }

    #[track_caller]
    fn wait(&mut self, timeout: Option<Duration>) -> Option<E> {
        self.hub.wait(self.gpio.runtime(), timeout, REMEDY, || self.hub.next(&self.queue)).flatten()
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

/// The events of a device as a [`Stream`](futures_core::Stream), from [`Events::into_stream`]; needs the feature `stream`.
///
/// A type of its own: an iterator and a stream both have a method `next`, and on one type a call could mean either.
///
/// ```
/// use pinzero::{EventKind, mock, time::ms};
/// use pinzero::EventStream;
///
/// let gpio = mock::gpio();
/// let button = gpio.input(24).open()?;
/// let events: EventStream = button.events().into_stream();
/// # Ok::<(), pinzero::Error>(())
/// ```
#[cfg(feature = "stream")]
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is asked for events"]
pub struct EventStream<E: Kinded = Event> {
    events: Events<E>,
    /// Set while the stream waits for the bell.
    listener: Option<event_listener::EventListener>,
}

#[cfg(feature = "stream")]
impl<E: Kinded> Unpin for EventStream<E> {}

#[cfg(feature = "stream")]
impl<E: Kinded> futures_core::Stream for EventStream<E> {
    type Item = E;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<E>> {
        let EventStream { events, listener } = self.get_mut();
        loop {
            if let Some(next) = events.hub.next(&events.queue) {
                *listener = None;
                return Poll::Ready(next);
            }
            if events.hub.moves_clock_here(events.gpio.runtime()) {
                return Poll::Ready(events.next());
            }
            match listener {
                // And looks again: an event may have come before.
                None => *listener = Some(events.hub.bell().listen()),
                Some(waiting) => match Pin::new(waiting).poll(context) {
                    Poll::Ready(()) => *listener = None,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}
