//! [`TimeOfDay`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pinzero_core::{Error, ErrorKind, Result, Source, Value};

use super::polled::{PolledInternalDevice, Polling, Reading};
use super::window::Window;
use super::{DayTime, Limit, Zone, internal_device};
use crate::convert::{AnyError, convert};
use crate::time::secs;
use crate::{Builder, Open, Site};

/// A part of each day, from a start until just before an end. Active then.
///
/// A `TimeOfDay` does all that a [`PolledInternalDevice`] does. Events come right at the start and the end; a jump of the clock is noticed
/// within the [`event_delay`](Builder::event_delay). The virtual clock of a mock does not jump: there, the device looks at the clock at the
/// start and the end only.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio(); // whose virtual clock starts at midnight, UTC
/// let morning = TimeOfDay::builder("07:00", "08:00").gpio(&gpio).open()?;
/// let led = Led::builder(17).gpio(&gpio).open()?;
/// morning.when_activated({
///     let led = led.clone();
///     move |_| led.on()
/// });
/// gpio.advance(secs(7 * 60 * 60));
/// assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// # Midnight, time zones and the sun
/// If the end is earlier than the start, the end is on the next day: `"22:00"` to `"06:00"` is a night.
///
/// The clock shows UTC unless [`utc`](Builder::utc) or [`zone`](Builder::zone) sets another one; these need the feature `time-zones`. If the
/// clock is put forward and skips a time, the moment of that counts instead. If the clock is put back and shows a time twice, the first one
/// counts. So from 02:30 to 04:00 is active once a night: from 03:00 in the night in which 02:30 is skipped, and for an hour longer in the
/// night in which 02:30 comes twice. And from 02:15 to 02:45 is never active in the night in which both are skipped.
///
/// A time may be by the sun: from `Sun::at(52.52, 13.40).set()` until `"23:00"`. If the end is later than the start on the same day in any
/// season, the end is on the same day all the year. On days on which the sun then puts the end before the start, the device stays
/// inactive: from sunset until `"19:00"` while the sun sets after 19:00, and from `"18:30"` until sunset while the sun sets before 18:30.
/// In no case does a window go on after its next start. See [`Sun`](crate::Sun), also for the polar day.
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct TimeOfDay {
    device: PolledInternalDevice,
    start: DayTime,
    end: DayTime,
    zone: Zone,
}

type WallClock = dyn Fn() -> SystemTime + Send + Sync;

/// The options of a [`TimeOfDay`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Daily {
    /// When the device becomes active, or the reason why that is no time.
    pub start: Result<DayTime>,
    /// When the device becomes inactive, or the reason why that is no time.
    pub end: Result<DayTime>,
    /// The time zone of the clock.
    pub zone: Zone,
    /// How long a jump of the clock remains unnoticed at most.
    pub polling: Polling,
    clock: Option<Arc<WallClock>>,
}

impl fmt::Debug for Daily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Daily { start, end, zone, polling, clock: _ } = self;
        write!(f, "Daily({start:?}, {end:?}, {zone:?}, {polling:?})")
    }
}

impl AsMut<Polling> for Daily {
    fn as_mut(&mut self) -> &mut Polling {
        &mut self.polling
    }
}

/// Options of a [`TimeOfDay`].
impl<D: Open<Daily>> Builder<D, Daily> {
    /// Sets whether the clock shows UTC, or the time of this computer's time zone. The latter needs the feature `time-zones`. Default: UTC,
    /// as for gpiozero.
    pub fn utc(mut self, utc: bool) -> Self {
        self.options.zone = if utc { Zone::Utc } else { Zone::System };
        self
    }

    /// Sets the time zone of the clock by its name, such as `"Europe/Berlin"`. Needs the feature `time-zones`, and the system's database of
    /// time zones. Default: UTC.
    pub fn zone(mut self, name: impl Into<String>) -> Self {
        self.options.zone = Zone::Named(name.into());
        self
    }

    /// Takes the time from a function, for a test. Default: [`Gpio::wall_time`](crate::Gpio::wall_time).
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.options.clock = Some(Arc::new(clock));
        self
    }
}

impl TimeOfDay {
    /// Opens the device, by the clock of UTC: looks at the clock at the start, at the end, and every 5 seconds in between while somebody
    /// listens.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if there is no such time, or if both are the same; see also [`Builder::open`].
    pub fn new(
        start: impl TryInto<DayTime, Error: Into<AnyError>>,
        end: impl TryInto<DayTime, Error: Into<AnyError>>,
    ) -> Result<Self> {
        Self::builder(start, end).open()
    }

    /// Returns a builder for a device with other options. A time is a [`DayTime`], or a text or numbers: `"07:30"`, `(7, 30)`.
    pub fn builder(
        start: impl TryInto<DayTime, Error: Into<AnyError>>,
        end: impl TryInto<DayTime, Error: Into<AnyError>>,
    ) -> Builder<Self, Daily> {
        Builder::new(Daily {
            start: convert(start),
            end: convert(end),
            zone: Zone::Utc,
            polling: Polling::every(secs(5)),
            clock: None,
        })
    }

    /// Returns when the device becomes active.
    pub fn start_time(&self) -> DayTime {
        self.start
    }

    /// Returns when the device becomes inactive.
    pub fn end_time(&self) -> DayTime {
        self.end
    }

    /// Returns the time zone of the clock.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns whether it is the time.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the clock is before 1970 or after the year 8900, and [`Closed`](ErrorKind::Closed).
    pub fn value(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns the values from now on, for another device to follow: whether it is the time, at each reading. See [`Source`].
    pub fn values(&self) -> Source<bool> {
        self.device.values(|reading| reading > 0.0)
    }

    fn state(reading: f64) -> &'static str {
        if reading > 0.0 { "active" } else { "inactive" }
    }
}

impl Open<Daily> for TimeOfDay {
    const NAME: &'static str = "TimeOfDay";

    fn open(options: Daily, site: &Site) -> Result<Self> {
        let Daily { start, end, zone, polling, clock } = options;
        let check = || {
            let (start, end) = (start?, end?);
            start.check()?;
            end.check()?;
            if start == end {
                let message = format!("the start and the end are both {start}: give two times");
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            Window::new(start, end, zone.rules()?)
        };
        let window = check().map_err(|error| error.with_device(site.device()))?;
        let (start, end) = (window.start, window.end);
        let gpio = site.gpio().clone();
        // A virtual clock does not jump.
        let longest = if gpio.is_realtime() || clock.is_some() { polling.event_delay } else { Duration::MAX };
        let clock = clock.unwrap_or_else(|| Arc::new(move || gpio.wall_time()));
        let source = format!("{start} to {end}, {zone}");
        let device = PolledInternalDevice::start(site, polling, Limit::new(0.5), source, move || {
            look(&window, clock(), longest)
        })?;
        device.read()?;
        Ok(TimeOfDay { device, start, end, zone })
    }
}

impl Value for TimeOfDay {
    type Value = bool;

    fn value(&self) -> Result<bool> {
        self.value()
    }

    fn values(&self) -> Source<bool> {
        self.values()
    }
}

internal_device!(TimeOfDay);

/// How long after 1970 a clock may be: until about the year 9000.
const FAR: Duration = Duration::from_secs(220_000_000_000);

/// Returns whether a time is in the window, and how long that holds, if not for `longest`.
fn look(window: &Window, now: SystemTime, longest: Duration) -> Result<Reading> {
    let Some(since) = now.duration_since(SystemTime::UNIX_EPOCH).ok().filter(|since| *since < FAR) else {
        let message = "the clock is before 1970 or after the year 8900: set it";
        return Err(Error::new(ErrorKind::InvalidValue, message));
    };
    // Far below the limit.
    let at = since.as_secs() as i64;
    let next = Duration::from_secs(window.next(at)?.abs_diff(at));
    let holds = next.saturating_sub(Duration::from_nanos(since.subsec_nanos().into()));
    Ok(Reading { next: (holds < longest).then_some(holds), ..window.contains(at)?.into() })
}
