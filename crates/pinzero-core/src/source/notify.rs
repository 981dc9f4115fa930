//! [`Notify`]: tells that a source may have a new value.

use std::fmt;
use std::sync::Weak;
use std::time::Duration;

use crate::debug::opaque;
use crate::error::Result;
use crate::gpio::Gpio;
use crate::hub::Handler;
use crate::timer::Timer;

/// Something that asks a source when it is told to.
pub(super) trait Listen: Send + Sync {
    /// Asks now, on this thread.
    fn ring(&self);

    /// Asks soon, on a thread of the factory.
    fn ring_later(&self);
}

opaque!(Listen);

/// Tells the follower of a source to ask the source again. Costs nothing once the follower has ended.
#[derive(Debug, Clone)]
pub struct Notify(Weak<dyn Listen>);

impl Notify {
    /// Has the source asked, on this thread: call this from a handler, or from a thread of your own, with no lock held.
    pub fn ring(&self) {
        if let Some(listener) = self.0.upgrade() {
            listener.ring();
        }
    }

    /// Returns a handler for a device. The source is asked on each event, and once more when the device is closed and drops its handlers.
    pub fn handler<E>(&self) -> impl FnMut(E) + Send + 'static {
        let last = OnDrop(self.clone());
        move |_| last.0.ring()
    }
}

struct OnDrop(Notify);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(listener) = self.0.0.upgrade() {
            listener.ring_later();
        }
    }
}

/// What a source has set up to hear of changes. Ends when it is dropped.
pub struct Subscription(Option<Box<dyn FnOnce() + Send>>);

impl Subscription {
    /// Returns a subscription that calls `end` when the follower ends.
    pub fn new(end: impl FnOnce() + Send + 'static) -> Self {
        Subscription(Some(Box::new(end)))
    }
}

impl From<Handler> for Subscription {
    fn from(handler: Handler) -> Self {
        Subscription::new(move || handler.remove())
    }
}

impl From<Timer> for Subscription {
    fn from(timer: Timer) -> Self {
        Subscription::new(move || timer.cancel())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

/// Subscribes to the changes of a source; called once.
type Subscribe = Box<dyn FnOnce(&Gpio, &Notify) -> Result<Vec<Subscription>> + Send>;

/// When a source is asked.
pub(super) struct Pace {
    /// What lives while the source is followed: handlers and timers, which tell of changes; and whether these ask for a value.
    subscribe: Vec<(Subscribe, bool)>,
    /// The beat; `None` if the source is asked on a change only.
    pub(super) period: Option<Duration>,
}

impl Pace {
    pub(super) fn every(period: Duration) -> Self {
        Pace { subscribe: Vec::new(), period: Some(period) }
    }

    pub(super) fn on_change(
        subscribe: impl FnOnce(&Gpio, &Notify) -> Result<Vec<Subscription>> + Send + 'static,
    ) -> Self {
        Pace { subscribe: vec![(Box::new(subscribe), true)], period: None }
    }

    /// Asks on a beat only. A reading in the background is taken all the same.
    pub(super) fn on_beat(&mut self, period: Duration) {
        self.subscribe.iter_mut().for_each(|(_, asks)| *asks = false);
        self.period = Some(period);
    }

    /// Returns the pace of what depends on both: their changes, and the faster beat.
    pub(super) fn and(mut self, other: Pace) -> Self {
        self.subscribe.extend(other.subscribe);
        self.period = [self.period, other.period].into_iter().flatten().min();
        self
    }

    /// Subscribes to all changes.
    pub(super) fn subscribe(self, gpio: &Gpio, listener: Weak<dyn Listen>) -> Result<Vec<Subscription>> {
        let (notify, silent) = (Notify(listener), Notify(Weak::<Nobody>::new()));
        let mut all = Vec::new();
        for (subscribe, asks) in self.subscribe {
            all.extend(subscribe(gpio, if asks { &notify } else { &silent })?);
        }
        Ok(all)
    }
}

struct Nobody;

impl Listen for Nobody {
    fn ring(&self) {}

    fn ring_later(&self) {}
}
