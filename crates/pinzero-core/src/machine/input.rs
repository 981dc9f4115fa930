//! Turns the edges of an input into events: debounce, hold, clicks and samples.

use std::time::Duration;

use super::{Change, Click, Debounce, Gesture, Hold, Sample};
use crate::event::{Event, EventKind};
use crate::time::Instant;
use crate::types::{Edge, Level};

/// The state of an input after the edges so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status {
    pub(crate) level: Level,
    /// The level of the last edge, before debouncing.
    pub(crate) raw: Level,
    pub(crate) since: Instant,
    pub(crate) activations: u64,
    pub(crate) deactivations: u64,
    pub(crate) is_held: bool,
    /// Edges lost so far.
    pub(crate) missed: u64,
}

impl Status {
    pub(crate) fn new(level: Level, since: Instant) -> Self {
        Status { level, raw: level, since, activations: 0, deactivations: 0, is_held: false, missed: 0 }
    }
}

/// The machines of one input.
#[derive(Debug)]
pub(crate) struct InputMachine {
    pub(crate) debounce: Debounce,
    pub(crate) hold: Option<Hold>,
    pub(crate) click: Option<Click>,
    pub(crate) sample: Option<Sample>,
    pub(crate) active: Level,
    /// The words for becoming active and inactive.
    pub(crate) kinds: [EventKind; 2],
    pub(crate) status: Status,
    /// The length of the last press that has ended.
    pub(crate) pressed: Duration,
    /// The time up to which events are decided. An edge that arrives late counts at this time.
    pub(crate) decided: Instant,
}

impl InputMachine {
    /// Returns the level of the last edge, before debouncing.
    pub(crate) fn raw(&self) -> Level {
        self.debounce.raw()
    }

    /// Records that the input was active when it was opened: the hold time counts from then.
    pub(crate) fn found_active(&mut self, at: Instant) {
        if let Some(hold) = &mut self.hold {
            hold.press(at);
        }
        if let Some(click) = &mut self.click {
            click.found_active();
        }
    }

    /// Processes an edge. Adds its events to `events`, after those that were due before it.
    pub(crate) fn edge(&mut self, edge: Edge, events: &mut Vec<Event>) {
        self.status.missed += u64::from(edge.missed);
        self.status.raw = edge.level;
        // Deadlines before the edge come first, even if no thread woke for them.
        self.expire(edge.at, events);
        self.decided = self.decided.max(edge.at);
        let mut changed = None;
        self.debounce.edge(self.decided, edge.level, &mut |change| changed = Some(change));
        self.changed(changed, events);
    }

    /// Processes the deadlines up to `now`, in order.
    pub(crate) fn expire(&mut self, now: Instant, events: &mut Vec<Event>) {
        while let Some(first) = self.deadline().filter(|at| *at <= now) {
            self.decided = self.decided.max(first);
            self.first(first, now, events);
        }
    }

    /// Returns when to call [`expire`](InputMachine::expire) next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let gesture = self.click.as_ref().and_then(Click::deadline);
        let held = self.hold.as_ref().and_then(Hold::deadline);
        let sample = self.sample.as_ref().map(Sample::deadline);
        Instant::first(Instant::first(gesture, held), Instant::first(self.debounce.deadline(), sample))
    }

    /// Processes the first deadline, which is `at`. A deadline at the moment of an edge comes before the edge.
    fn first(&mut self, at: Instant, now: Instant, events: &mut Vec<Event>) {
        if self.click.as_mut().and_then(|click| click.expire(at)).is_some() {
            self.gesture(Gesture::Click, at, events);
        } else if self.hold.as_mut().and_then(|hold| hold.expire(at)).is_some() {
            self.held(at, events);
        } else if self.debounce.deadline().is_some_and(|due| due <= at) {
            let mut changed = None;
            self.debounce.expire(at, &mut |change| changed = Some(change));
            self.changed(changed, events);
        } else if let Some(at) = self.sample.as_mut().and_then(|sample| sample.expire(now)) {
            let Status { since, .. } = self.status;
            self.emit(EventKind::Sampled, at, self.raw(), at.since(since), events);
        }
    }

    fn changed(&mut self, change: Option<Change>, events: &mut Vec<Event>) {
        let Some(Change { at, level }) = change else { return };
        let status = &mut self.status;
        let lasted = at - status.since;
        (status.level, status.since, status.is_held) = (level, at, false);
        if level == self.active {
            status.activations += 1;
            self.emit(self.kinds[0], at, level, Duration::ZERO, events);
            if let Some(hold) = &mut self.hold {
                hold.press(at);
            }
            if let Some(click) = &mut self.click {
                click.press();
            }
        } else {
            status.deactivations += 1;
            self.pressed = lasted;
            self.emit(self.kinds[1], at, level, lasted, events);
            if let Some(hold) = &mut self.hold {
                hold.release();
            }
            if let Some(gesture) = self.click.as_mut().and_then(|click| click.release(at)) {
                self.gesture(gesture, at, events);
            }
        }
    }

    fn held(&mut self, at: Instant, events: &mut Vec<Event>) {
        let repeat = std::mem::replace(&mut self.status.is_held, true);
        let Status { since, level, .. } = self.status;
        self.emit(EventKind::Held, at, level, at - since, events);
        if let Some(event) = events.last_mut() {
            event.repeat = repeat;
        }
        for gesture in self.click.as_mut().map_or(&[][..], Click::long) {
            self.gesture(*gesture, at, events);
        }
    }

    fn gesture(&mut self, gesture: Gesture, at: Instant, events: &mut Vec<Event>) {
        let Status { since, level, .. } = self.status;
        let (kind, lasted) = match gesture {
            Gesture::Click => (EventKind::Clicked, self.pressed),
            Gesture::DoubleClick => (EventKind::DoubleClicked, self.pressed),
            Gesture::LongPress => (EventKind::LongPressed, at - since),
        };
        self.emit(kind, at, level, lasted, events);
    }

    fn emit(&self, kind: EventKind, at: Instant, level: Level, lasted: Duration, events: &mut Vec<Event>) {
        events.push(Event { kind, at, level, lasted, missed: 0, repeat: false });
    }
}
