//! [`Event`]: one change of an input, with its time.

use std::fmt;
use std::time::Duration;

use crate::time::Instant;
use crate::types::{Edge, Level};

/// The kind of an input's [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// The input became active.
    Activated,
    /// The input became inactive.
    Deactivated,
    /// The input has been active for the hold time, or a repeat of that is due.
    Held,
    /// The input became active and inactive once, and not again within the double-click time.
    Clicked,
    /// The input became active and inactive twice, the second time within the double-click time.
    DoubleClicked,
    /// The input has been active for the hold time. Such a press is not a click.
    LongPressed,
    /// A sample was due; see [`InputBuilder::sample`](crate::InputBuilder::sample).
    Sampled,
    /// A button was pressed. Handlers for `Pressed` and for [`Activated`](EventKind::Activated) are called alike; the event has
    /// the kind that suits its device.
    Pressed,
    /// A button was released, as [`Deactivated`](EventKind::Deactivated).
    Released,
    /// A button of several was pressed or released.
    Changed,
}

/// One event of an input, with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The kind of the event.
    pub kind: EventKind,
    /// The time of the event on the factory's clock; with debouncing, the time at which the change counted.
    pub at: Instant,
    /// The level of the line at that time.
    pub level: Level,
    /// How long the input had been in its state: zero for `Activated`; the length of the press for `Deactivated` and `Clicked`, of
    /// the second press for `DoubleClicked`; the time since the press for `Held` and `LongPressed`. A press that was there when
    /// the input was opened counts from then.
    pub lasted: Duration,
    /// The number of edges or events lost before this one: edges that came faster than they could be read, and events for which
    /// the handlers or the iterator were too slow.
    pub missed: u32,
    /// `true` if this is a further `Held` of the same press.
    pub repeat: bool,
}

impl Event {
    /// Returns an event at a low level that has lasted for no time, for a device of your own.
    pub fn new(kind: EventKind, at: Instant) -> Self {
        Event { kind, at, level: Level::Low, lasted: Duration::ZERO, missed: 0, repeat: false }
    }

    /// Returns whether the input became active or inactive.
    pub(crate) fn is_change(&self) -> bool {
        let bit = Event::bit(self.kind);
        bit == EventKind::Activated as u32 || bit == EventKind::Deactivated as u32
    }
}

/// An event type whose events have kinds; handlers listen to one kind. Each listener gets a clone, so clones should be cheap.
pub trait Kinded: Clone + fmt::Debug + Send + 'static {
    /// The type of the kinds.
    type Kind: Copy + PartialEq + Send + 'static;

    /// Returns the event's kind.
    fn kind(&self) -> Self::Kind;

    /// Returns the kind's number. Two kinds may share a number: a handler for one is then called for both.
    fn bit(kind: Self::Kind) -> u32;

    /// Returns the name of a kind in a [`trace`](crate::trace): `"pressed"`. Default: `"event"`.
    fn name(_kind: Self::Kind) -> &'static str {
        "event"
    }

    /// Returns the count of edges or events lost before this one, to be added to.
    fn missed(&mut self) -> &mut u32;

    /// Returns whether the event may be dropped while an earlier one that it replaces still waits for the handlers.
    fn is_repeat(&self) -> bool {
        false
    }

    /// Returns whether `earlier` may be dropped once this event waits, if the handlers are too slow for all. Default: if both
    /// have the same kind.
    fn replaces(&self, earlier: &Self) -> bool {
        Self::bit(self.kind()) == Self::bit(earlier.kind())
    }
}

impl Kinded for Event {
    type Kind = EventKind;

    fn kind(&self) -> EventKind {
        self.kind
    }

    fn bit(kind: EventKind) -> u32 {
        match kind {
            EventKind::Pressed => EventKind::Activated as u32,
            EventKind::Released => EventKind::Deactivated as u32,
            kind => kind as u32,
        }
    }

    fn name(kind: EventKind) -> &'static str {
        match kind {
            EventKind::Activated => "activated",
            EventKind::Deactivated => "deactivated",
            EventKind::Held => "held",
            EventKind::Clicked => "clicked",
            EventKind::DoubleClicked => "double-clicked",
            EventKind::LongPressed => "long-pressed",
            EventKind::Sampled => "sampled",
            EventKind::Pressed => "pressed",
            EventKind::Released => "released",
            EventKind::Changed => "changed",
        }
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }

    fn is_repeat(&self) -> bool {
        self.repeat
    }
}

/// All edges have one kind.
impl Kinded for Edge {
    type Kind = ();

    fn kind(&self) {}

    fn bit((): ()) -> u32 {
        0
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }
}
