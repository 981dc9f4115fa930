//! Reports changes to clients: handles, filters, watchdogs, keep-alives.

use std::time::Duration;

use pinzero_core::Level;
use pinzero_core::time::{Instant, secs};
use pinzero_pigpio::protocol::{Code, Report, ReportKind};

use crate::ClientId;
use crate::filter::Filter;
use crate::timer::Deadlines;

/// The GPIOs that fit into a report.
const COUNT: u32 = 32;

/// The most handles of a client: as many as pigpiod has in all.
const OWN: usize = 32;

/// The longest silence of a handle.
const KEEP_ALIVE: Duration = secs(60);

/// A time in microseconds, as clients count it.
pub(crate) fn tick(at: Instant) -> u32 {
    (at.as_nanos() / 1000) as u32
}

/// A report on a client's notification connection.
#[derive(Debug)]
pub(crate) struct Watch {
    handles: Vec<Option<Notification>>,
    /// The number of open handles, which each round of the server's loop asks for.
    open_handles: usize,
    limit: usize,
    lines: Vec<Watched>,
    /// The reported levels, after the filters.
    levels: u32,
    /// Changes at the same time, which share a report.
    batch: Option<Batch>,
    /// The GPIOs that have changed since the caller last took them.
    counted: u32,
    deadlines: Deadlines<Due>,
    outbox: Vec<(ClientId, Report)>,
}

#[derive(Debug, Clone)]
struct Watched {
    filter: Filter,
    /// When the level last changed.
    changed: u32,
    watchdog: Option<Watchdog>,
}

#[derive(Debug, Clone, Copy)]
struct Watchdog {
    time: Duration,
    due: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Batch {
    tick: u32,
    at: Instant,
    bits: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    KeepAlive(usize),
    Watchdog(u32),
    Filter(u32),
}

#[derive(Debug)]
struct Notification {
    client: ClientId,
    mask: u32,
    events: u32,
    sequence: u16,
    /// The levels that the client knows: those at the opening of the handle, or in the last report since.
    known: u32,
    /// When the last report was sent.
    last: Instant,
}

impl Watch {
    pub(crate) fn new(limit: usize) -> Self {
        let line = Watched { filter: Filter::new(Level::Low), changed: 0, watchdog: None };
        Watch {
            handles: Vec::new(),
            open_handles: 0,
            limit,
            lines: vec![line; COUNT as usize],
            levels: 0,
            batch: None,
            counted: 0,
            deadlines: Deadlines::new(),
            outbox: Vec::new(),
        }
    }

    /// Opens the lowest free handle; its reports go to `client`.
    pub(crate) fn open(&mut self, client: ClientId, now: Instant) -> Result<usize, Code> {
        self.settle();
        let free = self.handles.iter().position(Option::is_none).unwrap_or(self.handles.len());
        let own = self.handles.iter().flatten().filter(|handle| handle.client == client);
        if free == self.limit || own.count() >= OWN {
            return Err(Code::NO_HANDLE);
        }
        if free == self.handles.len() {
            self.handles.push(None);
        }
        self.handles[free] =
            Some(Notification { client, mask: 0, events: 0, sequence: 0, known: self.levels, last: now });
        self.open_handles += 1;
        self.deadlines.set(Due::KeepAlive(free), now + KEEP_ALIVE);
        Ok(free)
    }

    fn handle(&mut self, number: u32) -> Result<&mut Notification, Code> {
        self.handles.get_mut(number as usize).and_then(Option::as_mut).ok_or(Code::BAD_HANDLE)
    }

    /// Returns whether this handle exists.
    pub(crate) fn check(&mut self, number: u32) -> Result<(), Code> {
        self.handle(number).map(drop)
    }

    /// Sets the GPIOs that a handle watches. Reports the level of a new one if the client cannot know it.
    pub(crate) fn begin(&mut self, number: u32, mask: u32, now: Instant) -> Result<(), Code> {
        self.settle();
        let levels = self.levels;
        let handle = self.handle(number)?;
        let new = mask & !handle.mask;
        handle.mask = mask;
        let unknown = new & (handle.known ^ levels);
        let changed = (0..COUNT).filter(|gpio| unknown >> gpio & 1 == 1);
        // Of several changes, the most recent.
        let ago = |gpio: &u32| tick(now).wrapping_sub(self.lines[*gpio as usize].changed);
        if let Some(gpio) = changed.min_by_key(ago) {
            let tick = self.lines[gpio as usize].changed;
            self.report(number as usize, ReportKind::Levels, tick, now);
        }
        Ok(())
    }

    /// Sets the events that a handle watches.
    pub(crate) fn begin_events(&mut self, number: u32, mask: u32) -> Result<(), Code> {
        self.handle(number)?.events = mask;
        Ok(())
    }

    /// Closes a handle.
    pub(crate) fn close(&mut self, number: u32) -> Result<(), Code> {
        self.handle(number)?;
        self.handles[number as usize] = None;
        self.open_handles -= 1;
        Ok(())
    }

    /// Closes the handles of a client that is gone.
    pub(crate) fn close_all(&mut self, client: ClientId) {
        for handle in &mut self.handles {
            let closed = handle.take_if(|handle| handle.client == client);
            self.open_handles -= usize::from(closed.is_some());
        }
    }

    /// Returns the GPIOs that some handle watches.
    pub(crate) fn mask(&self) -> u32 {
        self.handles.iter().flatten().fold(0, |all, handle| all | handle.mask)
    }

    /// Reports a triggered event.
    pub(crate) fn event(&mut self, number: u8, now: Instant) {
        self.settle();
        for index in 0..self.handles.len() {
            if self.handles[index].as_ref().is_some_and(|handle| handle.events >> number & 1 == 1) {
                self.report(index, ReportKind::Event(number), tick(now), now);
            }
        }
    }

    /// Leaves a gap of `count` in the sequence numbers of the reports on these GPIOs: clients notice lost changes by it.
    pub(crate) fn skip(&mut self, mask: u32, count: u32) {
        self.settle();
        // A larger gap would look like a smaller one, or like none.
        let gap = count.min(u32::from(u16::MAX / 2)) as u16;
        for handle in self.handles.iter_mut().flatten().filter(|handle| handle.mask & mask != 0) {
            handle.sequence = handle.sequence.wrapping_add(gap);
        }
    }

    /// Takes a change of a line.
    pub(crate) fn change(&mut self, gpio: u32, level: Level, at: Instant) {
        if gpio < COUNT {
            self.filtered(gpio, |filter, pass| filter.edge(at, level, pass));
        }
    }

    /// Sets how long the level must be steady before a change counts; zero switches the filter off.
    pub(crate) fn set_glitch(&mut self, gpio: u32, steady: Duration, now: Instant) {
        self.filtered(gpio, |filter, pass| filter.set_glitch(now, steady, pass));
    }

    /// Ignores changes until the line has been quiet for `steady`, and then accepts changes for `active`.
    pub(crate) fn set_noise(&mut self, gpio: u32, steady: Duration, active: Duration, now: Instant) {
        self.filtered(gpio, |filter, pass| filter.set_noise(now, steady, active, pass));
    }

    /// Reports silence after each `time` without a change; zero switches the watchdog off.
    pub(crate) fn set_watchdog(&mut self, gpio: u32, time: Duration, now: Instant) {
        self.lines[gpio as usize].watchdog = (!time.is_zero()).then_some(Watchdog { time, due: now + time });
        if !time.is_zero() {
            self.deadlines.set(Due::Watchdog(gpio), now + time);
        }
    }

    fn filtered(&mut self, gpio: u32, act: impl FnOnce(&mut Filter, &mut dyn FnMut((Instant, Level)))) {
        let mut filter = self.lines[gpio as usize].filter;
        act(&mut filter, &mut |(at, level)| self.count(gpio, at, level));
        self.lines[gpio as usize].filter = filter;
        if let Some(at) = filter.deadline() {
            self.deadlines.set(Due::Filter(gpio), at);
        }
    }

    /// Takes a change that has passed the filters.
    fn count(&mut self, gpio: u32, at: Instant, level: Level) {
        let (tick, bit) = (tick(at), 1 << gpio);
        if self.batch.is_some_and(|batch| batch.tick != tick || batch.bits & bit != 0) {
            self.settle();
        }
        self.levels = if level.is_high() { self.levels | bit } else { self.levels & !bit };
        self.batch.get_or_insert(Batch { tick, at, bits: 0 }).bits |= bit;
        self.counted |= bit;
        let line = &mut self.lines[gpio as usize];
        line.changed = tick;
        if let Some(watchdog) = &mut line.watchdog {
            watchdog.due = at + watchdog.time;
        }
    }

    /// Returns the GPIOs that have changed, after the filters, since the last call.
    pub(crate) fn take_counted(&mut self) -> u32 {
        std::mem::take(&mut self.counted)
    }

    /// Reports the changes so far.
    pub(crate) fn settle(&mut self) {
        let Some(Batch { tick, at, bits }) = self.batch.take() else { return };
        for index in 0..self.handles.len() {
            if self.handles[index].as_ref().is_some_and(|handle| handle.mask & bits != 0) {
                self.report(index, ReportKind::Levels, tick, at);
            }
        }
    }

    fn report(&mut self, index: usize, kind: ReportKind, tick: u32, at: Instant) {
        let levels = self.levels;
        let Some(handle) = self.handles.get_mut(index).and_then(Option::as_mut) else { return };
        if kind == ReportKind::Levels {
            handle.known = levels;
        }
        handle.last = handle.last.max(at);
        let report = Report { sequence: handle.sequence, flags: kind.into(), tick, levels };
        handle.sequence = handle.sequence.wrapping_add(1);
        self.outbox.push((handle.client, report));
    }

    /// Returns when [`fire`](Watch::fire) is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// Does everything that is due.
    pub(crate) fn fire(&mut self, now: Instant) {
        while let Some(due) = self.deadlines.pop(now) {
            match due {
                Due::Filter(gpio) => self.filtered(gpio, |filter, pass| filter.expire(now, pass)),
                Due::Watchdog(gpio) => self.bark(gpio, now),
                Due::KeepAlive(index) => self.keep_alive(index, now),
            }
        }
    }

    fn bark(&mut self, gpio: u32, now: Instant) {
        self.settle();
        let Some(Watchdog { time, due }) = self.lines[gpio as usize].watchdog else { return };
        let mut next = due;
        if due <= now {
            next = due + time;
            if next <= now {
                // Late by more than one period: missed reports are left out.
                next = now + time;
            }
            for index in 0..self.handles.len() {
                if self.handles[index].as_ref().is_some_and(|handle| handle.mask >> gpio & 1 == 1) {
                    self.report(index, ReportKind::Watchdog(gpio as u8), tick(due), now);
                }
            }
        }
        self.lines[gpio as usize].watchdog = Some(Watchdog { time, due: next });
        self.deadlines.set(Due::Watchdog(gpio), next);
    }

    fn keep_alive(&mut self, index: usize, now: Instant) {
        let Some(Some(Notification { last, .. })) = self.handles.get(index) else { return };
        let mut next = *last + KEEP_ALIVE;
        if next <= now {
            next = now + KEEP_ALIVE;
            self.report(index, ReportKind::KeepAlive, tick(now), now);
        }
        self.deadlines.set(Due::KeepAlive(index), next);
    }

    /// Returns how many reports have come up since the last call of [`take_reports`](Watch::take_reports).
    pub(crate) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Returns the number of handles, closed ones in between included.
    pub(crate) fn handles(&self) -> usize {
        self.handles.len()
    }

    /// Returns the number of open handles.
    pub(crate) fn open_handles(&self) -> usize {
        self.open_handles
    }

    /// Returns the reports since the last call.
    pub(crate) fn take_reports(&mut self, spare: &mut Vec<(ClientId, Report)>) {
        self.settle();
        std::mem::swap(&mut self.outbox, spare);
    }
}

#[cfg(test)]
mod tests {
    use pinzero_core::time::{ms, us};

    use super::*;

    const CLIENT: ClientId = ClientId { slot: 0, serial: 1 };
    const START: Instant = Instant::from_nanos(1_000_000_000);

    fn reports(watch: &mut Watch) -> Vec<Report> {
        let mut reports = Vec::new();
        watch.take_reports(&mut reports);
        reports.into_iter().map(|(_, report)| report).collect()
    }

    /// Sequence numbers, kinds and levels.
    fn kinds(watch: &mut Watch) -> Vec<(u16, ReportKind, u32)> {
        reports(watch).iter().map(|report| (report.sequence, report.kind(), report.levels)).collect()
    }

    /// One handle for all GPIO.
    fn watching() -> Watch {
        let mut watch = Watch::new(8);
        assert_eq!(watch.open(CLIENT, START), Ok(0));
        watch.begin(0, u32::MAX, START).unwrap();
        watch
    }

    #[test]
    fn changes_of_a_moment_share_a_report() {
        let mut watch = watching();
        watch.change(4, Level::High, START);
        watch.change(5, Level::High, START + Duration::from_nanos(900));
        watch.change(4, Level::Low, START + us(7));
        let ticks: Vec<_> = reports(&mut watch).iter().map(|report| (report.tick, report.levels)).collect();
        assert_eq!(ticks, [(1_000_000, 0x30), (1_000_007, 0x20)]);
    }

    #[test]
    fn a_line_that_changes_twice_in_a_moment_is_reported_twice() {
        let mut watch = watching();
        watch.change(4, Level::High, START);
        watch.change(4, Level::Low, START);
        let levels: Vec<_> = reports(&mut watch).iter().map(|report| report.levels).collect();
        assert_eq!(levels, [0x10, 0]);
    }

    #[test]
    fn sequence_numbers_and_ticks_wrap() {
        let mut watch = watching();
        for count in 0..65_537u32 {
            watch.change(4, Level::from(count % 2 == 0), START + us((count + 1).into()));
        }
        let sequences: Vec<u16> = reports(&mut watch).iter().map(|report| report.sequence).collect();
        assert_eq!(sequences[65_535..], [65_535, 0]);

        watch.change(5, Level::High, Instant::ZERO + us(0x1_0000_0003));
        assert_eq!(reports(&mut watch)[0].tick, 3);
    }

    #[test]
    fn a_silent_handle_is_kept_alive_after_a_minute() {
        let mut watch = watching();
        watch.change(4, Level::High, START + secs(50));
        assert_eq!(kinds(&mut watch), [(0, ReportKind::Levels, 0x10)]);
        watch.fire(START + secs(60));
        assert_eq!(kinds(&mut watch), []);
        assert_eq!(watch.next(), Some(START + secs(110)));
        watch.fire(START + secs(110));
        assert_eq!(kinds(&mut watch), [(1, ReportKind::KeepAlive, 0x10)]);
        assert_eq!(watch.next(), Some(START + secs(170)));
    }

    #[test]
    fn nothing_wakes_up_without_handles_filters_and_watchdogs() {
        let mut watch = watching();
        watch.close(0).unwrap();
        watch.fire(START + secs(60));
        assert_eq!((watch.next(), kinds(&mut watch)), (None, vec![]));
    }

    #[test]
    fn a_watchdog_reports_silence_again_and_again_until_there_is_a_change() {
        let mut watch = watching();
        watch.set_watchdog(4, ms(100), START);
        watch.change(4, Level::High, START + ms(50));
        watch.fire(START + ms(100));
        watch.fire(START + ms(150));
        watch.fire(START + ms(250));
        let barks: Vec<_> = reports(&mut watch).iter().map(|report| (report.kind(), report.tick)).collect();
        let bark = ReportKind::Watchdog(4);
        assert_eq!(barks, [(ReportKind::Levels, 1_050_000), (bark, 1_150_000), (bark, 1_250_000)]);

        watch.set_watchdog(4, ms(0), START + ms(250));
        watch.fire(START + ms(350));
        assert_eq!(kinds(&mut watch), []);
    }

    #[test]
    fn who_does_not_watch_the_line_hears_no_watchdog() {
        let mut watch = watching();
        watch.begin(0, 1 << 5, START).unwrap();
        watch.set_watchdog(4, ms(100), START);
        watch.fire(START + ms(100));
        assert_eq!(kinds(&mut watch), []);
    }

    #[test]
    fn a_client_is_told_of_what_it_cannot_know() {
        let mut watch = watching();
        watch.begin(0, 0, START).unwrap();
        watch.change(4, Level::High, START + us(10));
        watch.change(5, Level::High, START + us(20));
        assert_eq!(kinds(&mut watch), []);

        watch.begin(0, 1 << 4, START + us(30)).unwrap();
        let told = reports(&mut watch);
        assert_eq!((told.len(), told[0].tick, told[0].levels), (1, 1_000_010, 0x30));
        // It has seen GPIO5 in that report, and there is nothing new to say.
        watch.begin(0, 0x30, START + us(40)).unwrap();
        assert_eq!(kinds(&mut watch), []);
    }

    #[test]
    fn who_comes_later_knows_the_levels() {
        let mut watch = watching();
        watch.change(4, Level::High, START);
        assert_eq!(watch.open(CLIENT, START), Ok(1));
        watch.begin(1, 1 << 4, START).unwrap();
        assert_eq!(kinds(&mut watch), [(0, ReportKind::Levels, 0x10)], "the first handle's only");
    }

    #[test]
    fn handles_are_the_lowest_that_are_free_and_limited() {
        let mut watch = Watch::new(3);
        let other = ClientId { slot: 1, serial: 1 };
        assert_eq!([CLIENT, other, CLIENT].map(|client| watch.open(client, START)), [Ok(0), Ok(1), Ok(2)]);
        assert_eq!(watch.open(CLIENT, START), Err(Code::NO_HANDLE));
        watch.close_all(other);
        assert_eq!(watch.close(1), Err(Code::BAD_HANDLE));
        assert_eq!(watch.open(CLIENT, START), Ok(1));
    }

    #[test]
    fn one_client_cannot_have_all_handles() {
        let mut watch = Watch::new(2 * OWN);
        let other = ClientId { slot: 1, serial: 1 };
        assert!((0..OWN).all(|number| watch.open(CLIENT, START) == Ok(number)));
        assert_eq!(watch.open(CLIENT, START), Err(Code::NO_HANDLE));
        assert_eq!(watch.open(other, START), Ok(OWN));
        watch.close(3).unwrap();
        assert_eq!(watch.open(CLIENT, START), Ok(3));
    }

    #[test]
    fn events_go_to_those_who_asked_for_them() {
        let mut watch = watching();
        watch.begin_events(0, 1 << 3).unwrap();
        watch.event(2, START);
        watch.event(3, START);
        assert_eq!(kinds(&mut watch), [(0, ReportKind::Event(3), 0)]);
    }

    #[test]
    fn the_levels_of_all_are_as_the_filters_let_them_through() {
        let mut watch = watching();
        watch.set_glitch(4, us(100), START);
        watch.change(4, Level::High, START + us(10));
        watch.change(5, Level::High, START + us(20));
        assert_eq!(watch.next(), Some(START + us(110)));
        watch.fire(START + us(110));
        let told: Vec<_> = reports(&mut watch).iter().map(|report| (report.tick, report.levels)).collect();
        assert_eq!(told, [(1_000_020, 0x20), (1_000_110, 0x30)]);
    }
}
