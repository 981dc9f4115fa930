//! Points in time on a factory's clock: the machine's clock or, for the mock, a clock that tests move by hand.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// A point in time in nanoseconds on a factory's [`Clock`].
///
/// On Linux the real clock is `CLOCK_MONOTONIC`; the kernel stamps GPIO edges with the same clock.
///
/// ```
/// use pinzero::time::{Instant, ms};
/// let start = Instant::ZERO;
/// assert_eq!((start + ms(250)) - start, ms(250));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The clock's zero: the start of a virtual clock.
    pub const ZERO: Instant = Instant(0);
    /// The latest instant, some 580 years after zero. No clock reaches this instant, so such a deadline never comes.
    pub const MAX: Instant = Instant(u64::MAX);
    /// The instant at which a manual clock stops, so that a saturated deadline is never due.
    pub(crate) const LAST: Instant = Instant(u64::MAX / 2);

    /// Returns the instant `nanos` nanoseconds after the clock's zero.
    pub const fn from_nanos(nanos: u64) -> Self {
        Instant(nanos)
    }

    /// Returns the nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the time from `earlier` to this instant; zero if `earlier` is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the first beat after `now`, of the beats every `period` from this instant on. `period` is not zero.
    ///
    /// ```
    /// use pinzero::time::{Instant, ms};
    ///
    /// let start = Instant::ZERO + ms(5);
    /// assert_eq!(start.next_beat(ms(10), Instant::ZERO + ms(30)), Instant::ZERO + ms(35));
    /// ```
    pub fn next_beat(self, period: Duration, now: Instant) -> Instant {
        let passed = now.since(self).as_nanos() / period.as_nanos();
        self + period.saturating_mul(u32::try_from(passed + 1).unwrap_or(u32::MAX))
    }

    /// Returns the earlier of two deadlines; `None` stands for no deadline.
    pub(crate) fn first(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Duration::from_nanos(self.0), f)
    }
}

/// Saturates at [`Instant::MAX`].
impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(nanos(duration)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// Returns the same as [`Instant::since`].
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.since(earlier)
    }
}

/// Saturates at [`Instant::ZERO`].
impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_sub(nanos(duration)))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A factory's source of time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    Real,
    Manual {
        nanos: Arc<AtomicU64>,
        /// Whether a thread that waits moves the clock.
        moves_by_waits: bool,
        /// The wall time at zero.
        start: SystemTime,
    },
}

impl Clock {
    /// Returns the machine's monotonic clock.
    pub fn real() -> Self {
        Clock(Source::Real)
    }

    /// Returns a clock at zero that only the mock's runtime moves: when the program says so and, with `moves_by_waits`, when a
    /// thread waits.
    pub(crate) fn manual(moves_by_waits: bool) -> Self {
        Clock(Source::Manual { nanos: Arc::default(), moves_by_waits, start: SystemTime::UNIX_EPOCH })
    }

    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual { .. })
    }

    /// Returns whether a thread that waits moves the clock.
    pub(crate) fn moves_by_waits(&self) -> bool {
        matches!(self.0, Source::Manual { moves_by_waits: true, .. })
    }

    /// Returns the current time.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::Real => monotonic(),
            Source::Manual { nanos, .. } => Instant(nanos.load(Ordering::Acquire)),
        }
    }

    /// Returns a clock whose wall time at zero is `start`, if the clock is manual.
    pub(crate) fn starting_at(self, start: SystemTime) -> Self {
        match self.0 {
            Source::Manual { nanos, moves_by_waits, .. } => {
                Clock(Source::Manual { nanos, moves_by_waits, start })
            }
            Source::Real => self,
        }
    }

    /// Returns the wall time.
    pub(crate) fn wall_time(&self) -> SystemTime {
        match &self.0 {
            Source::Real => SystemTime::now(),
            // The latest instant of a clock is 290 years after its start.
            Source::Manual { start, .. } => {
                start.checked_add(self.now().since(Instant::ZERO)).unwrap_or(*start)
            }
        }
    }

    /// Sleeps, or moves a manual clock forward: for pauses too short for deadlines to matter.
    pub(crate) fn pass(&self, time: Duration) {
        if self.is_manual() { self.move_to(self.now() + time) } else { std::thread::sleep(time) }
    }

    /// Moves a manual clock forward to `to`, and never back. Does nothing on a real clock.
    pub(crate) fn move_to(&self, to: Instant) {
        if let Source::Manual { nanos, .. } = &self.0 {
            nanos.fetch_max(to.min(Instant::LAST).0, Ordering::AcqRel);
        }
    }
}

#[cfg(target_os = "linux")]
fn monotonic() -> Instant {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Instant(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}

#[cfg(not(target_os = "linux"))]
fn monotonic() -> Instant {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    Instant(nanos(START.elapsed()))
}

/// Returns the frequency of a period in hertz, to print it: rounded to six digits.
///
/// A period counts whole nanoseconds, so more digits would be wrong. Infinite if the period is zero.
///
/// ```
/// use std::time::Duration;
/// use pinzero_core::time::{hertz, secs};
///
/// let period = Duration::from_secs_f64(1.0 / 137.0);
/// assert_eq!(format!("{} Hz", 1.0 / period.as_secs_f64()), "137.00000137 Hz");
/// assert_eq!(format!("{} Hz", hertz(period)), "137 Hz");
/// assert_eq!(hertz(secs(4)), 0.25);
/// ```
pub fn hertz(period: Duration) -> f64 {
    let exact = 1.0 / period.as_secs_f64();
    // The text of a number is exact where arithmetic with powers of ten is not.
    format!("{exact:.5e}").parse().unwrap_or(exact)
}

/// Short for [`Duration::from_micros`].
pub const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Short for [`Duration::from_millis`].
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Short for [`Duration::from_secs`].
pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
