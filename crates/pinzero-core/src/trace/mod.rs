//! Traces: the changes of all lines of a factory, as a timing diagram, a VCD file or a list.
//!
//! [`record`] begins a trace. From then on, the trace keeps what happens on the lines that the program has open, whether they were
//! opened before or are opened later:
//!
//! * writes to outputs, by the program, by blinks, by groups and by devices with a state of their own;
//! * PWM signals as period and pulse, also if software makes them;
//! * edges of inputs, before debouncing, and how many were missed;
//! * events of devices: pressed, released, held, clicked;
//! * that a line is opened, and by which device, and that it is closed.
//!
//! ```
//! use pinzero::prelude::*;
//! use pinzero::{Blink, mock, trace};
//!
//! let gpio = mock::gpio();
//! let trace = trace::record(&gpio);
//! let led = Led::builder(17).gpio(&gpio).open()?;
//! let button = Button::builder(24).gpio(&gpio).open()?;
//! button.when_pressed(move |_| led.blink_with(Blink::new(ms(100), ms(100)).times(2)));
//! gpio.line(24).script([(ms(100), Level::Low), (ms(300), Level::High)]);
//! gpio.advance(ms(600));
//! println!("{trace}");
//! # Ok::<(), pinzero::Error>(())
//! ```
//!
//! **Times** count from the start of the trace. On the virtual clock of a mock they are exact. In real time, an output has the time right
//! before its write, and an input the stamp of its backend: that of the kernel or of pigpiod.
//!
//! **Memory** is bounded: a trace keeps the last 1,000,000 changes, or as many as [`Trace::keep`] says, in 16 bytes each, and those of PWM in
//! 32. [`Trace::dropped`] counts older ones. What each line carried before the first change that is left stays known.
//!
//! A factory without a running trace writes as fast as ever. While one runs, each write takes a lock and reads the clock.

mod check;
mod diagram;
mod log;
mod recorder;
mod svg;
mod text;
mod vcd;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

pub use check::assert_trace;
pub use diagram::{Diagram, Theme};
use log::Log;
pub(crate) use recorder::Recorder;

#[allow(unused_imports, reason = "for the links in the docs")]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::gpio::{Gpio, WeakGpio};
use crate::pin_spec::PinSpec;
use crate::time::Instant;
use crate::types::{Drive, Level, Line};

/// Begins a trace of all lines of a factory. Several traces of one factory may run at once.
///
/// ```
/// use pinzero::time::ms;
/// use pinzero::{Level, mock, trace};
///
/// let gpio = mock::gpio();
/// let relay = gpio.output(17).open()?;
/// let trace = trace::record(&gpio);
/// gpio.advance(ms(5));
/// relay.set(Level::High)?;
/// assert_eq!(trace.levels(17)?, [(ms(0), Level::Low), (ms(5), Level::High)]);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn record(gpio: &Gpio) -> Trace {
    let log = Arc::new(Log::new(gpio.runtime().clock().clone()));
    // In a forked child nothing of this factory happens, and locks may be held for ever.
    if !gpio.home().is_elsewhere() {
        gpio.begin_recording(&log);
    }
    Trace { log, gpio: gpio.downgrade() }
}

/// A recording of the lines of a factory, from [`record`] until [`stop`](Trace::stop) or until the trace is dropped.
///
/// A trace can be read at any time, also while it runs, and after its factory is closed. A trace keeps neither the factory nor a device open.
#[must_use = "a dropped trace records nothing"]
pub struct Trace {
    log: Arc<Log>,
    gpio: WeakGpio,
}

impl Trace {
    /// Sets how many changes are kept; older ones are dropped. Default: 1,000,000. They take 16 MB. If all are
    /// PWM, they take 32 MB.
    pub fn keep(self, changes: usize) -> Trace {
        self.log.set_most(changes);
        self
    }

    /// Ends the recording. What has been recorded stays. Idempotent.
    pub fn stop(&self) {
        if self.log.home().is_elsewhere() {
            return;
        }
        self.log.end();
        if let Some(gpio) = self.gpio.upgrade() {
            gpio.end_recording(&self.log);
        }
    }

    /// Returns the time on the factory's clock at which the recording began.
    pub fn started(&self) -> Instant {
        self.log.start
    }

    /// Returns the length of the recording: until it was stopped, else until now.
    pub fn duration(&self) -> Duration {
        self.log.duration()
    }

    /// Returns how many changes were dropped because there were more than the trace keeps.
    pub fn dropped(&self) -> u64 {
        self.log.dropped()
    }

    /// Returns the changes so far, in the order of their times.
    ///
    /// ```
    /// use pinzero::time::ms;
    /// use pinzero::trace::{self, ChangeKind};
    /// use pinzero::{Level, mock};
    ///
    /// let gpio = mock::gpio();
    /// let trace = trace::record(&gpio);
    /// let relay = gpio.output(17).device("Relay").open()?;
    /// gpio.advance(ms(5));
    /// relay.set(Level::High)?;
    /// let kinds: Vec<ChangeKind> = trace.changes().map(|change| change.kind).collect();
    /// assert_eq!(kinds, [ChangeKind::Opened("Relay"), ChangeKind::Driven(Level::Low), ChangeKind::Driven(Level::High)]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn changes(&self) -> impl Iterator<Item = Change> + use<> {
        let snapshot = self.log.snapshot();
        (0..snapshot.records.len()).map(move |index| snapshot.change(snapshot.records[index]))
    }

    /// Returns what a line carried, and since when: first when the line came into the trace, and then at each change.
    ///
    /// ```
    /// use pinzero::time::ms;
    /// use pinzero::trace::{self, Signal};
    /// use pinzero::{Level, mock};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.pwm(18).open()?;
    /// let trace = trace::record(&gpio);
    /// gpio.advance(ms(5));
    /// lamp.set_duty(0.25)?;
    /// let dim = Signal::Pwm { period: ms(10), pulse: ms(10) / 4 };
    /// assert_eq!(trace.signals(18)?, [(ms(0), Signal::Level(Level::Low)), (ms(5), dim)]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin) and [`NotGpio`](ErrorKind::NotGpio); [`Closed`](ErrorKind::Closed) if the factory is gone, and
    /// the pin is not a number.
    pub fn signals(&self, pin: impl Into<PinSpec>) -> Result<Vec<(Duration, Signal)>> {
        let line = self.resolve(pin.into())?;
        let snapshot = self.log.snapshot();
        let place = snapshot.lanes.iter().position(|lane| lane.line == line);
        let mut signals = place.map_or(Vec::new(), |place| snapshot.signals(place));
        // A line that is opened later carries nothing before.
        if signals.first().is_some_and(|(_, signal)| *signal == Signal::Unknown) {
            signals.remove(0);
        }
        Ok(signals.into_iter().map(|(at, signal)| (Duration::from_nanos(at), signal)).collect())
    }

    /// Returns the levels of a line, and since when: first when the line came into the trace, and then at each change. PWM signals with
    /// pulses, and times in which the line is closed, are left out.
    ///
    /// # Errors
    /// See [`signals`](Trace::signals).
    pub fn levels(&self, pin: impl Into<PinSpec>) -> Result<Vec<(Duration, Level)>> {
        let signals = self.signals(pin)?.into_iter();
        Ok(signals
            .filter_map(|(at, signal)| match signal {
                Signal::Level(level) => Some((at, level)),
                _ => None,
            })
            .collect())
    }

    /// Returns the events of the device on a line, with their times.
    ///
    /// # Errors
    /// See [`signals`](Trace::signals).
    pub fn events(&self, pin: impl Into<PinSpec>) -> Result<Vec<(Duration, &'static str)>> {
        let line = self.resolve(pin.into())?;
        let events = self.changes().filter(|change| change.line == line);
        Ok(events
            .filter_map(|change| match change.kind {
                ChangeKind::Event(name) => Some((change.at, name)),
                _ => None,
            })
            .collect())
    }

    /// Writes the changes so far as a VCD file, for GTKWave, PulseView and others.
    ///
    /// Each line is a `wire`; one with PWM has a `real` of its duty cycle, and is `x` while there are pulses; the events of a device are a
    /// `string`, which PulseView leaves out. The time scale is the coarsest that shows
    /// all times exactly; in real time a microsecond, unless a line changed twice in one.
    ///
    /// # Errors
    /// Any I/O error of `out`.
    pub fn write_vcd(&self, out: impl Write) -> io::Result<()> {
        vcd::write(&self.log.snapshot(), out)
    }

    /// Returns a timing diagram of the changes so far, to be drawn as text or SVG.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::{mock, trace};
    ///
    /// let gpio = mock::gpio();
    /// let led = Led::builder(17).gpio(&gpio).open()?;
    /// let trace = trace::record(&gpio);
    /// led.blink(ms(500), ms(500))?;
    /// gpio.advance(secs(2));
    /// let diagram = trace.diagram().title("A blink");
    /// assert!(diagram.to_svg().contains("GPIO17 Led"));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn diagram(&self) -> Diagram {
        Diagram::new(self.log.snapshot())
    }

    /// Returns the timing diagram as an SVG image; see [`diagram`](Trace::diagram) for its options.
    pub fn to_svg(&self) -> String {
        self.diagram().to_svg()
    }

    fn resolve(&self, pin: PinSpec) -> Result<Line> {
        match (self.gpio.upgrade(), pin.number()) {
            (Some(gpio), _) => gpio.resolve(pin),
            (None, Some(line)) => Ok(line),
            (None, None) => Err(crate::error::Error::closed().with_pin(&pin)),
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Draws the timing diagram as text, 80 columns wide.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.diagram(), f)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({} changes)", self.log.snapshot().records.len())
    }
}

/// A change in a [`Trace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The time since the start of the trace.
    pub at: Duration,
    /// The line.
    pub line: Line,
    /// What happened.
    pub kind: ChangeKind,
}

/// The kind of a [`Change`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// A device of this name opened the line, or had it open when the trace began.
    Opened(&'static str),
    /// The line was driven to this level.
    Driven(Level),
    /// An input had this level when the line was opened, or changed to this level.
    Edge {
        /// The level of the line.
        level: Level,
        /// The number of edges lost before this one.
        missed: u32,
    },
    /// The line carries pulses of `pulse` every `period`.
    Pwm {
        /// The length of a cycle.
        period: Duration,
        /// How long the line is high in each cycle.
        pulse: Duration,
    },
    /// A flexible line became an input.
    Released,
    /// The device had an event of this name: `"pressed"`.
    Event(&'static str),
    /// The line was closed.
    Closed,
}

impl ChangeKind {
    pub(crate) fn of_drive(drive: Drive) -> ChangeKind {
        match drive {
            Drive::Output(level) => ChangeKind::Driven(level),
            Drive::Input(_) => ChangeKind::Released,
            Drive::Pwm { period, pulse } => ChangeKind::Pwm { period, pulse },
        }
    }

    /// Returns what a line carries after this change, if it carried `before`.
    fn applied_to(self, before: Signal) -> Signal {
        match self {
            ChangeKind::Driven(level) | ChangeKind::Edge { level, .. } => Signal::Level(level),
            ChangeKind::Pwm { pulse: Duration::ZERO, .. } => Signal::Level(Level::Low),
            ChangeKind::Pwm { period, pulse } if pulse >= period => Signal::Level(Level::High),
            ChangeKind::Pwm { period, pulse } => Signal::Pwm { period, pulse },
            ChangeKind::Opened(_) | ChangeKind::Closed => Signal::Unknown,
            // The level stays until an edge comes, but the pulses end.
            ChangeKind::Released if matches!(before, Signal::Pwm { .. }) => Signal::Unknown,
            ChangeKind::Released | ChangeKind::Event(_) => before,
        }
    }
}

/// The signal on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The line is not open, or its level is not known yet.
    Unknown,
    /// A level; a PWM signal without pulses, or with nothing else, is one too.
    Level(Level),
    /// Pulses of `pulse` every `period`.
    Pwm {
        /// The length of a cycle.
        period: Duration,
        /// How long the line is high in each cycle.
        pulse: Duration,
    },
}

impl Signal {
    /// Returns the part of the time, from 0 to 1, in which the line is high; `None` if that is not known.
    pub fn duty(self) -> Option<f64> {
        match self {
            Signal::Unknown => None,
            Signal::Level(level) => Some(f64::from(u8::from(level.is_high()))),
            Signal::Pwm { period, pulse } => Some(pulse.as_nanos() as f64 / period.as_nanos() as f64),
        }
    }
}

impl From<Level> for Signal {
    fn from(level: Level) -> Signal {
        Signal::Level(level)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signal::Unknown => f.pad("unknown"),
            Signal::Level(level) => level.fmt(f),
            Signal::Pwm { period, pulse } => write!(f, "{pulse:?} every {period:?}"),
        }
    }
}
