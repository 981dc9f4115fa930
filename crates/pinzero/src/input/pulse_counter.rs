//! [`PulseCounter`].

use std::collections::VecDeque;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{
    Device, Edge, Effects, Error, ErrorKind, Events, Gpio, Handler, Kinded, Level, Line, Machine, Outcome,
    PinSpec, Result, Running, Source, Value,
};

use super::Pulled;
use crate::time::{ms, secs};
use crate::{Builder, Open, Site};

/// A counter of pulses: a flow meter, a fan's tachometer, a rain gauge, an electricity meter.
///
/// The counter counts edges that make the line active, by their stamps: a slow handler loses no pulse. It has no thread, and between
/// pulses nothing wakes up. [`missed`](Self::missed) tells how many edges the system lost. On a factory whose edges are polled, pulses
/// shorter than the time between two polls go unseen, and nobody can count them.
///
/// Clones are handles of the same device, and dropping the last one closes the device.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let flow = PulseCounter::builder(4).window(secs(2)).gpio(&gpio).open()?;
/// gpio.line(4).script((0..20).flat_map(|n| [(ms(100 * n), Level::Low), (ms(100 * n + 50), Level::High)]));
/// gpio.advance(ms(1950));
/// assert_eq!((flow.count()?, flow.rate()?, flow.period()?), (20, 10.0, Some(ms(100))));
/// assert_eq!(flow.reset()?, 20);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PulseCounter {
    running: Running<Counter>,
}

/// An event of a [`PulseCounter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// The time of the pulse's first edge.
    pub at: Instant,
    /// The pulses so far, with this one.
    pub count: u64,
    /// The number of edges or events lost before this one.
    pub missed: u32,
}

/// All events have one kind.
impl Kinded for Counted {
    type Kind = ();

    fn kind(&self) {}

    fn bit((): ()) -> u32 {
        0
    }

    fn name((): ()) -> &'static str {
        "counted"
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }
}

/// The options of a [`PulseCounter`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pulses {
    /// The pin.
    pub pulled: Pulled,
    /// The time over which the rate is measured; 1 ms or longer.
    pub window: Duration,
    /// The number of pulses for one event; 1 or more.
    pub every: u64,
}

impl AsMut<Pulled> for Pulses {
    fn as_mut(&mut self) -> &mut Pulled {
        &mut self.pulled
    }
}

/// Options of a pulse counter.
impl<D: Open<Pulses>> Builder<D, Pulses> {
    /// Sets the time over which the rate is measured: 1 ms or longer. Default: 1 second.
    pub fn window(mut self, time: Duration) -> Self {
        self.options.window = time;
        self
    }

    /// Sets after how many pulses there is an event: 1 or more. Default: 1.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let flow = PulseCounter::builder(4).every(450).gpio(&gpio).open()?; // of 450 pulses a litre
    /// flow.when_counted(|counted| println!("{} litres", counted.count / 450));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn every(mut self, pulses: u64) -> Self {
        self.options.every = pulses;
        self
    }
}

impl PulseCounter {
    /// Opens the counter on `pin` of the default factory: pulled up, so a pulse is low.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a counter with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Pulses> {
        Builder::new(Pulses { pulled: Pulled::new(pin, true), window: secs(1), every: 1 })
    }

    /// Returns the number of pulses since the opening or the last [`reset`](Self::reset). Lost pulses are not in it.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn count(&self) -> Result<u64> {
        self.running.look(|counter| counter.count)
    }

    /// Returns the number of pulses, as [`count`](Self::count) does.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn value(&self) -> Result<u64> {
        self.count()
    }

    /// Returns the values from now on, for another device to follow: the count, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<u64> {
        Source::of(self)
    }

    /// Sets the count to 0, and returns the count before. No pulse falls between the two. The rate stays.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn reset(&self) -> Result<u64> {
        self.running.change(|counter, _| Ok(std::mem::take(&mut counter.count)))
    }

    /// Returns the pulses a second in the last [`window`](Builder::window).
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn rate(&self) -> Result<f64> {
        let now = self.gpio().now();
        self.running.look(|counter| counter.rate(now))
    }

    /// Returns the time between the last two pulses, however long ago they were; `None` before there are two.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn period(&self) -> Result<Option<Duration>> {
        self.running.look(Counter::period)
    }

    /// Returns whether a pulse came in the last [`window`](Builder::window): whether the fan turns.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.rate()? > 0.0)
    }

    /// Returns how many edges have been lost so far, because they came faster than they could be read. Each pulse has two edges.
    pub fn missed(&self) -> u64 {
        self.running.peek(|counter| counter.missed).unwrap_or_default()
    }

    /// Calls `handler` at each pulse, or at [every](Builder::every) so many; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_counted<R: Outcome>(&self, handler: impl FnMut(Counted) -> R + Send + 'static) -> Handler {
        self.running.on((), handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<Counted> {
        self.running.events()
    }

    /// Blocks until the count is `count` or more; returns at once if it is.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_count(&self, count: u64) -> Result<()> {
        self.running.wait_until(None, reaches(count)).map(drop)
    }

    /// Blocks until the count is `count` or more, for at most `timeout`. Returns whether the count was reached.
    ///
    /// # Errors
    /// See [`wait_for_count`](Self::wait_for_count).
    #[track_caller]
    pub fn wait_for_count_timeout(&self, count: u64, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), reaches(count))?.is_some())
    }

    /// Waits until the count is `count` or more; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_count`](Self::wait_for_count).
    #[track_caller]
    pub fn counted(&self, count: u64) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(reaches(count))
    }

    /// Returns the line that the device is on.
    pub fn pin(&self) -> Line {
        // A counter has a line.
        self.running.lines().first().copied().unwrap_or(Line(0))
    }

    /// Returns the factory that opened the pin.
    pub fn gpio(&self) -> &Gpio {
        self.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.running.is_closed()
    }

    /// Closes the device and all its clones, and gives the pin back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }

    fn state(&self) -> String {
        let count = self.running.peek(|counter| counter.count).unwrap_or_default();
        format!("{count} pulses, {} edges missed", self.missed())
    }
}

/// Returns a closure that gives `Some` once there are so many pulses.
fn reaches(count: u64) -> impl FnMut(&Counter) -> Option<()> + Send {
    move |counter| (counter.count >= count).then_some(())
}

impl Open<Pulses> for PulseCounter {
    const NAME: &'static str = "PulseCounter";

    fn open(Pulses { pulled, window, every }: Pulses, site: &Site) -> Result<Self> {
        let message = if window < ms(1) {
            Some(format!("a window of {window:?} is too short: give 1 ms or longer"))
        } else {
            (every == 0).then(|| "an event after every 0 pulses: give 1 or more".to_owned())
        };
        if let Some(message) = message {
            let error = Error::new(ErrorKind::InvalidValue, message);
            return Err(error.with_pin(&pulled.pin).with_device(site.device()));
        }
        let (inputs, active) = pulled.inputs([], site)?;
        let inputs = inputs.open()?;
        let running = site.machine().inputs(inputs).start(|_, _| Counter {
            active,
            window,
            every,
            count: 0,
            stamps: VecDeque::new(),
            missed: 0,
            unreported: 0,
        })?;
        Ok(PulseCounter { running })
    }
}

/// The most stamps that the rate is made of. Of a faster signal, the rate is that of the last so many pulses.
const MOST: usize = 1 << 16;

/// Counts the edges that make a line active.
#[derive(Debug)]
struct Counter {
    active: Level,
    window: Duration,
    every: u64,
    count: u64,
    /// The times of the pulses in the last window, and of two at least.
    stamps: VecDeque<Instant>,
    missed: u64,
    /// Edges lost since the last event.
    unreported: u32,
}

impl Counter {
    fn rate(&self, now: Instant) -> f64 {
        let is_recent = |at: &&Instant| now.since(**at) < self.window;
        let recent = self.stamps.iter().rev().take_while(is_recent).count();
        match (self.stamps.front(), self.stamps.back()) {
            (Some(first), Some(last)) if recent == MOST => (MOST - 1) as f64 / (*last - *first).as_secs_f64(),
            _ => recent as f64 / self.window.as_secs_f64(),
        }
    }

    fn period(&self) -> Option<Duration> {
        let mut last = self.stamps.iter().rev();
        Some(*last.next()? - *last.next()?)
    }
}

impl Machine for Counter {
    type Event = Counted;

    fn edge(
        &mut self,
        _: usize,
        Edge { at, level, missed }: Edge,
        effects: &mut Effects<'_, Counted>,
    ) -> Result<()> {
        self.missed += u64::from(missed);
        self.unreported = self.unreported.saturating_add(missed);
        if level != self.active {
            return Ok(());
        }
        self.count += 1;
        self.stamps.push_back(at);
        while self.stamps.len() > MOST || self.stamps.len() > 2 && at.since(self.stamps[0]) >= self.window {
            self.stamps.pop_front();
        }
        if self.count % self.every == 0 {
            let missed = std::mem::take(&mut self.unreported);
            effects.emit(Counted { at, count: self.count, missed });
        } else {
            effects.ring();
        }
        Ok(())
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, Counted>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Device for PulseCounter {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

impl Value for PulseCounter {
    type Value = u64;

    fn value(&self) -> Result<u64> {
        self.value()
    }

    fn values(&self) -> Source<u64> {
        self.values()
    }
}

crate::device::one_line!(PulseCounter);
