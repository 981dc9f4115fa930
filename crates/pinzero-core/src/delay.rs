//! [`Delay`]: pauses for drivers, on a factory's clock.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{self, Duration};

use event_listener::Event as Bell;

use crate::error::Result;
use crate::gpio::Gpio;
use crate::time::us;
use crate::timer::Timer;

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

    /// Resolves after `time`; for `async` code, on any executor. Dropping the future ends the pause.
    ///
    /// # Errors
    /// See [`Gpio::after`].
    pub async fn pause_async(&self, time: Duration) -> Result<()> {
        let rung = Arc::new((Bell::new(), AtomicBool::new(false)));
        let ring = rung.clone();
        let _timer = Cancelled(self.0.after(time, move || {
            ring.1.store(true, Ordering::Release);
            ring.0.notify(usize::MAX);
        })?);
        let remedy = || "a pause ends by itself".to_owned();
        let is_over = || rung.1.load(Ordering::Acquire).then_some(());
        self.0.runtime().until(&rung.0, remedy, is_over).await;
        Ok(())
    }
}

/// A timer that is cancelled when dropped.
struct Cancelled(Timer);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
