//! Points in time on a factory's clock, which is the machine's or, for the mock, one that tests move by hand.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A point in time in nanoseconds on a factory's [`Clock`].
///
/// On Linux the real clock is `CLOCK_MONOTONIC`, the one that the kernel stamps GPIO edges with.
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
    /// The end of time, some 580 years after zero. No clock gets there: a deadline at it never comes.
    pub const MAX: Instant = Instant(u64::MAX);
    /// Where a manual clock stops, so that what saturates is never due.
    pub(crate) const LAST: Instant = Instant(u64::MAX / 2);

    /// The instant `nanos` nanoseconds after the clock's zero.
    pub const fn from_nanos(nanos: u64) -> Self {
        Instant(nanos)
    }

    /// Nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The earlier of two deadlines, or the only one that there is.
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

/// The same as [`Instant::since`].
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

/// Where a factory's time comes from.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    Real,
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's monotonic clock.
    pub fn real() -> Self {
        Clock(Source::Real)
    }

    /// A clock at zero that only the mock's runtime moves.
    pub(crate) fn manual() -> Self {
        Clock(Source::Manual(Arc::default()))
    }

    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::Real => monotonic(),
            Source::Manual(nanos) => Instant(nanos.load(Ordering::Acquire)),
        }
    }

    /// Moves a manual clock on to `to`, never back; a real clock goes by itself.
    pub(crate) fn move_to(&self, to: Instant) {
        if let Source::Manual(nanos) = &self.0 {
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

/// So many microseconds, as a [`Duration`].
pub const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// So many milliseconds, as a [`Duration`].
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many seconds, as a [`Duration`].
pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
