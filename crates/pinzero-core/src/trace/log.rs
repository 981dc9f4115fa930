//! Keeps the changes of one recording, in 16 bytes each.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::{Change, ChangeKind, Signal};
use crate::process::Home;
use crate::time::{Clock, Instant};
use crate::types::{Level, Line};

/// The changes that a recording keeps, unless it is told otherwise.
pub(super) const MOST: usize = 1_000_000;

/// One recording.
#[derive(Debug)]
pub(crate) struct Log {
    clock: Clock,
    pub(super) start: Instant,
    home: Home,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    most: usize,
    dropped: u64,
    end: Option<Instant>,
    records: VecDeque<Record>,
    /// Period and pulse of each PWM signal in `records`, in nanoseconds.
    waves: VecDeque<(u64, u64)>,
    /// How many of the waves have been dropped, as far as 32 bits go.
    waves_dropped: u32,
    /// The names of devices and events in `records`.
    names: Vec<&'static str>,
    lanes: Vec<Lane>,
    places: BTreeMap<Line, u16>,
}

/// A line, in a recording.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) line: Line,
    /// The device that opened the line last.
    pub(super) device: &'static str,
    /// What the line carried before the first change that is kept.
    pub(super) before: Signal,
    /// What the line carries after the last one.
    signal: Signal,
    is_open: bool,
    /// The time of the last change, but for events.
    last: u64,
}

/// A change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// In nanoseconds since the start.
    pub(super) at: u64,
    /// The missed edges, or the number of a name or wave.
    extra: u32,
    pub(super) lane: u16,
    tag: Tag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Opened,
    DrivenLow,
    DrivenHigh,
    EdgeLow,
    EdgeHigh,
    Pwm,
    Released,
    Event,
    Closed,
}

impl Log {
    pub(super) fn new(clock: Clock) -> Log {
        let start = clock.now();
        let state = State {
            most: MOST,
            dropped: 0,
            end: None,
            records: VecDeque::new(),
            waves: VecDeque::new(),
            waves_dropped: 0,
            names: Vec::new(),
            lanes: Vec::new(),
            places: BTreeMap::new(),
        };
        Log { clock, start, home: Home::here(), state: Mutex::new(state) }
    }

    /// Notes a change, unless the line carries that already.
    pub(super) fn push(&self, at: Instant, line: Line, kind: ChangeKind) {
        let at = nanos(at.since(self.start));
        let mut state = self.state.lock();
        if state.end.is_none() {
            state.push(at, line, kind);
        }
    }

    pub(super) fn set_most(&self, most: usize) {
        let mut state = self.state.lock();
        state.most = most.max(1);
        while state.records.len() > state.most {
            state.drop_oldest();
        }
    }

    pub(super) fn home(&self) -> Home {
        self.home
    }

    /// Notes nothing more. The first call counts.
    pub(super) fn end(&self) {
        let now = self.clock.now();
        self.state.lock().end.get_or_insert(now);
    }

    /// Returns the length so far, in which all changes are. In a forked child in which the lock is held for ever, returns zero.
    pub(super) fn duration(&self) -> Duration {
        self.look().map_or(Duration::ZERO, |state| Duration::from_nanos(self.length(&state)))
    }

    /// Returns how many changes have been dropped. In a forked child in which the lock is held for ever, returns 0.
    pub(super) fn dropped(&self) -> u64 {
        self.look().map_or(0, |state| state.dropped)
    }

    /// Returns the state; `None` in a forked child in which the lock is held for ever.
    fn look(&self) -> Option<MutexGuard<'_, State>> {
        if self.home.is_elsewhere() { self.state.try_lock() } else { Some(self.state.lock()) }
    }

    /// In nanoseconds. Edges are stamped before they are noted: the last one may be after the end.
    fn length(&self, state: &State) -> u64 {
        let end = state.end.unwrap_or_else(|| self.clock.now());
        let last = state.records.iter().map(|record| record.at).max();
        nanos(end.since(self.start)).max(last.unwrap_or(0))
    }

    /// Returns a copy, sorted by time. In a forked child in which the lock is held for ever, returns an empty one.
    pub(super) fn snapshot(&self) -> Snapshot {
        let Some(state) = self.look() else { return Snapshot::default() };
        let mut snapshot = Snapshot {
            length: self.length(&state),
            dropped: state.dropped,
            records: state.records.iter().copied().collect(),
            waves: state.waves.iter().copied().collect(),
            waves_dropped: state.waves_dropped,
            names: state.names.clone(),
            lanes: state.lanes.clone(),
            is_virtual: self.clock.is_manual(),
        };
        drop(state);
        // Edges are stamped before they are noted. Of changes at one time, and of those of one line, the order stays.
        snapshot.records.sort_by_key(|record| record.at);
        snapshot
    }
}

impl State {
    fn push(&mut self, at: u64, line: Line, kind: ChangeKind) {
        let Some(place) = self.place(line) else { return };
        let lane = &mut self.lanes[usize::from(place)];
        let signal = kind.applied_to(lane.signal);
        match kind {
            ChangeKind::Opened(device) if lane.is_open && lane.device == device => return,
            ChangeKind::Closed if !lane.is_open => return,
            ChangeKind::Opened(device) => (lane.is_open, lane.device) = (true, device),
            ChangeKind::Closed => lane.is_open = false,
            ChangeKind::Driven(_) | ChangeKind::Pwm { .. } | ChangeKind::Edge { missed: 0, .. } => {
                if signal == lane.signal {
                    return;
                }
            }
            ChangeKind::Edge { .. } | ChangeKind::Event(_) | ChangeKind::Released => {}
        }
        lane.signal = signal;
        let mut at = at;
        if !matches!(kind, ChangeKind::Event(_)) {
            at = at.max(lane.last);
            lane.last = at;
        }
        let (tag, extra) = match kind {
            ChangeKind::Opened(device) => (Tag::Opened, self.name(device)),
            ChangeKind::Driven(Level::Low) => (Tag::DrivenLow, 0),
            ChangeKind::Driven(Level::High) => (Tag::DrivenHigh, 0),
            ChangeKind::Edge { level: Level::Low, missed } => (Tag::EdgeLow, missed),
            ChangeKind::Edge { level: Level::High, missed } => (Tag::EdgeHigh, missed),
            ChangeKind::Pwm { period, pulse } => {
                grow(&mut self.waves);
                self.waves.push_back((nanos(period), nanos(pulse)));
                // Counts on after 32 bits: the difference to the dropped ones is what counts.
                (Tag::Pwm, self.waves_dropped.wrapping_add(self.waves.len() as u32 - 1))
            }
            ChangeKind::Released => (Tag::Released, 0),
            ChangeKind::Event(name) => (Tag::Event, self.name(name)),
            ChangeKind::Closed => (Tag::Closed, 0),
        };
        if self.records.len() >= self.most {
            self.drop_oldest();
        }
        grow(&mut self.records);
        self.records.push_back(Record { at, extra, lane: place, tag });
    }

    /// Returns the number of the line's lane, which is created at the first change; `None` after 65,536 lines.
    fn place(&mut self, line: Line) -> Option<u16> {
        if let Some(place) = self.places.get(&line) {
            return Some(*place);
        }
        let place = u16::try_from(self.lanes.len()).ok()?;
        let before = Signal::Unknown;
        self.lanes.push(Lane { line, device: "", before, signal: before, is_open: false, last: 0 });
        self.places.insert(line, place);
        Some(place)
    }

    fn name(&mut self, name: &'static str) -> u32 {
        let number = self.names.iter().position(|other| *other == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        number as u32
    }

    fn drop_oldest(&mut self) {
        let Some(record) = self.records.pop_front() else { return };
        self.dropped += 1;
        let kind = decode(record, &self.names, |_| self.waves.front().copied());
        let lane = &mut self.lanes[usize::from(record.lane)];
        lane.before = kind.applied_to(lane.before);
        if record.tag == Tag::Pwm {
            self.waves.pop_front();
            self.waves_dropped = self.waves_dropped.wrapping_add(1);
        }
    }
}

/// Makes room for one more, by an eighth: doubling would waste up to half of the memory.
fn grow<T>(ring: &mut VecDeque<T>) {
    if ring.len() == ring.capacity() {
        ring.reserve_exact((ring.len() / 8).max(64));
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the change that a record stands for; `wave` returns a PWM signal by its number.
fn decode(
    record: Record,
    names: &[&'static str],
    wave: impl FnOnce(u32) -> Option<(u64, u64)>,
) -> ChangeKind {
    let Record { extra, tag, .. } = record;
    let name = || names.get(extra as usize).copied().unwrap_or_default();
    match tag {
        Tag::Opened => ChangeKind::Opened(name()),
        Tag::DrivenLow => ChangeKind::Driven(Level::Low),
        Tag::DrivenHigh => ChangeKind::Driven(Level::High),
        Tag::EdgeLow => ChangeKind::Edge { level: Level::Low, missed: extra },
        Tag::EdgeHigh => ChangeKind::Edge { level: Level::High, missed: extra },
        Tag::Pwm => {
            let (period, pulse) = wave(extra).unwrap_or_default();
            let [period, pulse] = [period, pulse].map(Duration::from_nanos);
            ChangeKind::Pwm { period, pulse }
        }
        Tag::Released => ChangeKind::Released,
        Tag::Event => ChangeKind::Event(name()),
        Tag::Closed => ChangeKind::Closed,
    }
}

/// A copy of a recording, sorted by time.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    /// Whether the times are exact, of a virtual clock.
    pub(super) is_virtual: bool,
    /// In nanoseconds.
    pub(super) length: u64,
    pub(super) dropped: u64,
    pub(super) records: Vec<Record>,
    waves: Vec<(u64, u64)>,
    waves_dropped: u32,
    names: Vec<&'static str>,
    pub(super) lanes: Vec<Lane>,
}

impl Snapshot {
    pub(super) fn kind(&self, record: Record) -> ChangeKind {
        let wave = |number: u32| self.waves.get(number.wrapping_sub(self.waves_dropped) as usize).copied();
        decode(record, &self.names, wave)
    }

    /// Returns what a line carried, and since when. The first entry is for the beginning.
    pub(super) fn signals(&self, place: usize) -> Vec<(u64, Signal)> {
        let mut signal = self.lanes[place].before;
        let mut signals = vec![(self.first(), signal)];
        for record in self.records.iter().filter(|record| usize::from(record.lane) == place) {
            signal = self.kind(*record).applied_to(signal);
            // A line that opens carries nothing for no time.
            if signals.last() == Some(&(record.at, Signal::Unknown)) {
                signals.pop();
            }
            if signals.last().is_none_or(|(_, last)| *last != signal) {
                signals.push((record.at, signal));
            }
        }
        signals
    }

    /// Returns whether a line that carries nothing carries something at the same time, by the records from `index` on: it is opened there.
    pub(super) fn is_passing(&self, signal: Signal, place: usize, index: usize, at: u64) -> bool {
        let mut same = self.records[index..].iter().take_while(|record| record.at == at);
        let carries = |record: &Record| self.kind(*record).applied_to(signal) != Signal::Unknown;
        signal == Signal::Unknown && same.any(|record| usize::from(record.lane) == place && carries(record))
    }

    pub(super) fn change(&self, record: Record) -> Change {
        Change {
            at: Duration::from_nanos(record.at),
            line: self.lanes[usize::from(record.lane)].line,
            kind: self.kind(record),
        }
    }

    /// Returns the numbers of the lanes, in the order of their lines.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        order.sort_by_key(|place| self.lanes[*place].line);
        order
    }

    /// Returns the time of the first change that is kept, if others before it have been dropped, else zero.
    pub(super) fn first(&self) -> u64 {
        match self.records.first() {
            Some(record) if self.dropped > 0 => record.at,
            _ => 0,
        }
    }
}

impl Lane {
    /// Returns the line and its device: `GPIO17 Led`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.line, self.device).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_16_bytes_and_one_of_pwm_takes_32() {
        assert_eq!((size_of::<Record>(), size_of::<(u64, u64)>()), (16, 16));
    }
}
