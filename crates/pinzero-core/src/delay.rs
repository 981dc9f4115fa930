//! [`Delay`]: pauses for drivers, on a factory's clock.

use std::hint;
use std::sync::Arc;
use std::time::{self, Duration};

use event_listener::Event as Bell;

use crate::error::Result;
use crate::gpio::Gpio;
use crate::runtime::{Next, Outbox, Task, TaskId};
use crate::time::{Instant, us};

/// Shorter pauses than this are spun: the system's sleep is too coarse.
const SPUN: Duration = us(100);

/// Pauses, for drivers of chips; returned by [`Gpio::delay`]. On a virtual clock, a pause moves the clock: such a driver is tested in
/// no time.
///
/// With the feature `embedded-hal`, this is that crate's `DelayNs`, blocking and `async`.
///
/// ```
/// use pinzero::{mock, time::us};
///
/// let gpio = mock::gpio();
/// let delay = gpio.delay();
/// delay.pause(us(480));
/// assert_eq!(gpio.elapsed(), us(480));
/// ```
#[derive(Debug, Clone)]
pub struct Delay(Gpio);

impl Delay {
    pub(crate) fn new(gpio: Gpio) -> Self {
        Delay(gpio)
    }

    /// Blocks for at least `time`. In real time, pauses below 100 µs keep the processor busy, because the system sleeps longer than
    /// that.
    pub fn pause(&self, time: Duration) {
        if time >= SPUN || !self.0.is_realtime() {
            return self.0.sleep(time);
        }
        let begin = time::Instant::now();
        while begin.elapsed() < time {
            hint::spin_loop();
        }
    }

    /// Resolves after `time`; for `async` code, on any executor, and in handlers. Dropping the future ends the pause.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) in a forked child, and [`Io`](crate::ErrorKind::Io) if the runtime's threads cannot be
    /// started.
    pub async fn pause_async(&self, time: Duration) -> Result<()> {
        let runtime = self.0.runtime();
        self.0.home().check()?;
        runtime.start()?;
        let (id, end) = (runtime.reserve(), self.0.now() + time);
        let bell = Arc::new(Bell::new());
        let _ended = Ended(&self.0, id);
        runtime.enter(|state| state.insert(id, Box::new(Alarm { end, bell: bell.clone() })));
        let remedy = || "a pause ends by itself".to_owned();
        let is_over = || (self.0.now() >= end).then_some(());
        runtime.until(&bell, remedy, is_over).await;
        Ok(())
    }
}

/// Rings at the end of a pause. Not a timer: those wait for handlers, which may pause themselves, and end with the factory.
#[derive(Debug)]
struct Alarm {
    end: Instant,
    bell: Arc<Bell>,
}

impl Task for Alarm {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        if now >= self.end {
            outbox.wake(&self.bell);
            self.end = Instant::MAX;
        }
    }

    fn next(&self) -> Next {
        if self.end == Instant::MAX { Next::Done } else { Next::At(self.end) }
    }
}

/// Removes a task when dropped.
struct Ended<'a>(&'a Gpio, TaskId);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        // In a forked child, the lock of the runtime may be held for ever.
        if !self.0.home().is_elsewhere() {
            self.0.runtime().remove(self.1);
        }
    }
}
