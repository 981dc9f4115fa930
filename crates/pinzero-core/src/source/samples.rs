//! [`Samples`]: the values of a source, one after the other.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::Event as Bell;

use super::notify::Listen;
use super::{Pull, Source, Step, Subscription, check_period};
use crate::error::Result;
use crate::gpio::Gpio;
use crate::sync::AtomicBool;
use crate::time::Instant;
use crate::timer::Background;

/// An iterator over the values of a source; returned by [`Source::samples`].
pub struct Samples<T> {
    /// Dropped first: the source may be the last to hold a device.
    _subscriptions: Vec<Subscription>,
    gpio: Gpio,
    pull: Pull<T>,
    ear: Arc<Ear>,
    /// The beat, if the source has one.
    period: Option<Duration>,
    /// The next beat. The first value does not wait for one.
    next: Instant,
    is_over: bool,
}

/// Hears of changes.
struct Ear {
    has_heard: AtomicBool,
    /// Set when the factory is closed.
    is_closed: AtomicBool,
    bell: Bell,
}

impl Listen for Ear {
    fn ring(&self) {
        self.has_heard.store(true, Ordering::Release);
        self.bell.notify(usize::MAX);
    }

    fn ring_later(&self) {
        self.ring();
    }
}

impl Background for Ear {
    fn is_active(&self) -> bool {
        !self.is_closed.load(Ordering::Acquire)
    }

    fn cancel(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.ring();
    }
}

impl<T: 'static> Source<T> {
    /// Returns an iterator that blocks until each next value: the first comes at once, the others on the beat of the source, or when something
    /// changes. The clock is that of `gpio`, and the iterator ends when `gpio` is closed.
    ///
    /// ```
    /// use pinzero::Source;
    /// use pinzero::mock;
    ///
    /// let gpio = mock::gpio();
    /// let smooth = Source::from([0.0, 1.0, 1.0, 1.0]).smoothed(2).samples(&gpio)?;
    /// assert_eq!(smooth.collect::<pinzero::Result<Vec<f64>>>()?, [0.5, 1.0, 1.0]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if the source is faster than one value in 100 µs; [`Closed`](crate::ErrorKind::Closed).
    pub fn samples(self, gpio: &Gpio) -> Result<Samples<T>> {
        gpio.check_open()?;
        let Source { pull, pace } = self;
        let period = pace.period;
        period.map_or(Ok(()), check_period)?;
        let ear = Arc::new(Ear {
            has_heard: AtomicBool::new(true),
            is_closed: AtomicBool::new(false),
            bell: Bell::new(),
        });
        let weak: Weak<Ear> = Arc::downgrade(&ear);
        let subscriptions = pace.subscribe(gpio, weak)?;
        let background: Weak<dyn Background> = Arc::<Ear>::downgrade(&ear);
        gpio.register_background(background)?;
        let next = gpio.now() + period.unwrap_or_default();
        Ok(Samples {
            gpio: gpio.clone(),
            pull,
            ear,
            period,
            next,
            is_over: false,
            _subscriptions: subscriptions,
        })
    }
}

impl<T> Samples<T> {
    /// Blocks until the source is to be asked.
    fn wait(&mut self) {
        let remedy = || "nothing changes the source: change a line before you ask for its values".to_owned();
        let heard = || self.ear.has_heard.swap(false, Ordering::AcqRel).then_some(());
        let deadline = self.period.map(|_| self.next);
        let has_heard = self.gpio.runtime().wait(&self.ear.bell, deadline, remedy, heard).is_some();
        if let Some(period) = self.period.filter(|_| !has_heard) {
            self.next = self.next.next_beat(period, self.gpio.now());
        }
    }
}

impl<T> Iterator for Samples<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        while !self.is_over {
            self.wait();
            if !self.ear.is_active() {
                return None;
            }
            match (self.pull)(self.gpio.now()) {
                Ok(Step::Value(value)) => return Some(Ok(value)),
                Ok(Step::Last(value)) => {
                    self.is_over = true;
                    return Some(Ok(value));
                }
                Ok(Step::Nothing) => {}
                Ok(Step::End) => self.is_over = true,
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }
}

impl<T> fmt::Debug for Samples<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Samples")
    }
}
