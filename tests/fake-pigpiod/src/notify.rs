//! Who is told of what: notification handles, and the filters and watchdogs in front of them.

use std::collections::VecDeque;

use crate::code::error;
use crate::lines::Sample;

/// How many handles there are.
pub(crate) const HANDLES: usize = 32;

/// How old a change may be that is still told to who begins to listen.
const LATE: u64 = 2_000;

/// A report for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) connection: usize,
    pub(crate) report: [u8; 12],
}

/// A notification handle.
#[derive(Debug, Clone)]
struct Handle {
    /// Where the reports go; nowhere if they go to a FIFO.
    connection: Option<usize>,
    mask: u32,
    events: u32,
    is_running: bool,
    sequence: u16,
    /// When it last had a report.
    last: u64,
}

/// What stands between a GPIO and its reports.
#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    /// How long a level must last, by the glitch filter.
    glitch: u64,
    /// When the level that is there now will have lasted.
    lasted_at: Option<u64>,
    /// How long it must be quiet, by the noise filter, and how long changes pass from then on.
    quiet: u64,
    active: u64,
    active_until: u64,
    /// The last change that came to the noise filter.
    last_change: u64,
    /// When it will have been quiet.
    quiet_at: Option<u64>,
    /// The watchdog's time, and when it barks next.
    timeout: u64,
    barks_at: Option<u64>,
}

/// All notifications.
#[derive(Debug)]
pub(crate) struct Notify {
    handles: [Option<Handle>; HANDLES],
    gates: [Gate; 32],
    /// The levels of the lines, those behind the glitch filters, and those behind all filters.
    raw: u32,
    lasting: u32,
    told: u32,
    recent: VecDeque<(u32, Sample)>,
    outgoing: Vec<Outgoing>,
    keep_alive: u64,
    tells_late: bool,
    /// How many reports to lose.
    pub(crate) to_lose: usize,
}

impl Notify {
    pub(crate) fn new(levels: u64, keep_alive: u64, tells_late: bool) -> Self {
        let levels = levels as u32;
        Notify {
            handles: [const { None }; HANDLES],
            gates: [Gate::default(); 32],
            raw: levels,
            lasting: levels,
            told: levels,
            recent: VecDeque::new(),
            outgoing: Vec::new(),
            keep_alive,
            tells_late,
            to_lose: 0,
        }
    }

    /// The reports that wait to be sent.
    pub(crate) fn take(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.outgoing)
    }

    /// How many handles are taken.
    pub(crate) fn open_handles(&self) -> usize {
        self.handles.iter().flatten().count()
    }

    /// Takes the lowest free handle.
    pub(crate) fn open(&mut self, connection: Option<usize>, now: u64) -> Result<u32, i32> {
        let free = self.handles.iter().position(Option::is_none).ok_or(error::NO_HANDLE)?;
        let handle = Handle { connection, mask: 0, events: 0, is_running: false, sequence: 0, last: now };
        self.handles[free] = Some(handle);
        Ok(free as u32)
    }

    fn handle(&mut self, handle: u32) -> Result<&mut Handle, i32> {
        self.handles.get_mut(handle as usize).and_then(Option::as_mut).ok_or(error::BAD_HANDLE)
    }

    pub(crate) fn close(&mut self, handle: u32) -> Result<(), i32> {
        self.handle(handle)?;
        self.handles[handle as usize] = None;
        Ok(())
    }

    /// Frees the handles of a connection that has ended.
    pub(crate) fn hang_up(&mut self, connection: usize) {
        for handle in &mut self.handles {
            if handle.as_ref().is_some_and(|handle| handle.connection == Some(connection)) {
                *handle = None;
            }
        }
    }

    pub(crate) fn begin(&mut self, handle: u32, mask: u32, now: u64) -> Result<(), i32> {
        let it = self.handle(handle)?;
        let before = if it.is_running { it.mask } else { 0 };
        (it.mask, it.is_running) = (mask, true);
        if self.tells_late {
            let missed = |&(changed, sample): &(u32, Sample)| {
                let is_new = changed & mask != 0 && changed & before == 0;
                (is_new && sample.time + LATE >= now).then_some(sample)
            };
            for sample in self.recent.iter().filter_map(missed).collect::<Vec<_>>() {
                self.report(handle as usize, 0, sample.time, sample.levels as u32);
            }
        }
        Ok(())
    }

    pub(crate) fn pause(&mut self, handle: u32) -> Result<(), i32> {
        self.handle(handle)?.is_running = false;
        Ok(())
    }

    pub(crate) fn choose_events(&mut self, handle: u32, events: u32) -> Result<(), i32> {
        self.handle(handle)?.events = events;
        Ok(())
    }

    pub(crate) fn event(&mut self, event: u32, now: u64) {
        self.report_to(0x80 | event as u16, now, |handle| handle.events >> event & 1 == 1);
    }

    pub(crate) fn watchdog(&mut self, gpio: u32, timeout: u64, now: u64) {
        let gate = &mut self.gates[gpio as usize];
        gate.timeout = timeout;
        gate.barks_at = (timeout > 0).then_some(now + timeout);
    }

    pub(crate) fn glitch_filter(&mut self, gpio: u32, steady: u64, now: u64) {
        let gate = &mut self.gates[gpio as usize];
        gate.glitch = steady;
        // What was about to be told has the new time to last.
        gate.lasted_at = gate.lasted_at.map(|_| now + steady);
    }

    pub(crate) fn noise_filter(&mut self, gpio: u32, steady: u64, active: u64, now: u64) {
        let gate = &mut self.gates[gpio as usize];
        (gate.quiet, gate.active, gate.active_until) = (steady, active, 0);
        gate.quiet_at = gate.quiet_at.map(|_| now + steady);
    }

    /// Takes note of a change of the lines.
    pub(crate) fn sample(&mut self, sample: Sample) {
        self.run(sample.time);
        let changed = self.raw ^ sample.levels as u32;
        self.raw = sample.levels as u32;
        let mut at_once = 0;
        for gpio in bits(changed) {
            let gate = &mut self.gates[gpio];
            if gate.glitch == 0 {
                at_once |= 1 << gpio;
            } else {
                let is_back = (self.raw ^ self.lasting) >> gpio & 1 == 0;
                gate.lasted_at = (!is_back).then_some(sample.time + gate.glitch);
            }
        }
        self.lasted(at_once, sample.time);
    }

    /// Does all that is due up to `end`, in order.
    pub(crate) fn run(&mut self, end: u64) {
        while let Some(now) = self.next_deadline().filter(|&next| next <= end) {
            let due = |at: fn(&Gate) -> Option<u64>| {
                let is_due = |&gpio: &usize| at(&self.gates[gpio]) == Some(now);
                (0..32).filter(is_due).fold(0, |mask, gpio| mask | 1 << gpio)
            };
            let (lasted, quiet, silent) =
                (due(|gate| gate.lasted_at), due(|gate| gate.quiet_at), due(|gate| gate.barks_at));
            self.lasted(lasted, now);
            bits(quiet).for_each(|gpio| self.gates[gpio].quiet_at = None);
            self.tell(quiet & (self.lasting ^ self.told), now);
            for gpio in bits(silent) {
                self.gates[gpio].barks_at = Some(now + self.gates[gpio].timeout);
                let listens = |handle: &Handle| handle.is_running && handle.mask >> gpio & 1 == 1;
                self.report_to(0x20 | gpio as u16, now, listens);
            }
            let keep_alive = self.keep_alive;
            self.report_to(0x40, now, |handle| handle.last + keep_alive <= now);
        }
    }

    fn next_deadline(&self) -> Option<u64> {
        let gates = self.gates.iter().flat_map(|gate| [gate.lasted_at, gate.quiet_at, gate.barks_at]);
        let handles = self.handles.iter().flatten().map(|handle| Some(handle.last + self.keep_alive));
        gates.chain(handles).flatten().min()
    }

    /// These lines have a level that lasts.
    fn lasted(&mut self, mask: u32, now: u64) {
        let mut passed = 0;
        for gpio in bits(mask) {
            let gate = &mut self.gates[gpio];
            gate.lasted_at = None;
            let was_quiet = now - gate.last_change >= gate.quiet;
            gate.last_change = now;
            if gate.quiet == 0 || was_quiet || now < gate.active_until {
                passed |= 1 << gpio;
                gate.active_until = if was_quiet { now + gate.active } else { gate.active_until };
            }
            gate.quiet_at = (gate.quiet > 0).then_some(now + gate.quiet);
        }
        self.lasting = self.lasting & !mask | self.raw & mask;
        self.tell((self.lasting ^ self.told) & passed, now);
    }

    /// Tells everybody concerned that these lines have changed.
    fn tell(&mut self, changed: u32, now: u64) {
        if changed == 0 {
            return;
        }
        self.told ^= changed;
        for gpio in bits(changed) {
            let gate = &mut self.gates[gpio];
            gate.barks_at = gate.barks_at.map(|_| now + gate.timeout);
        }
        self.recent.retain(|(_, sample)| sample.time + LATE >= now);
        self.recent.push_back((changed, Sample { time: now, levels: self.told.into() }));
        self.report_to(0, now, |handle| handle.is_running && handle.mask & changed != 0);
    }

    /// Sends a report to all handles that it concerns.
    fn report_to(&mut self, flags: u16, now: u64, concerns: impl Fn(&Handle) -> bool) {
        for handle in 0..HANDLES {
            if self.handles[handle].as_ref().is_some_and(&concerns) {
                self.report(handle, flags, now, self.told);
            }
        }
    }

    fn report(&mut self, handle: usize, flags: u16, now: u64, levels: u32) {
        let Some(handle) = &mut self.handles[handle] else { return };
        let mut report = [0; 12];
        report[..2].copy_from_slice(&handle.sequence.to_le_bytes());
        report[2..4].copy_from_slice(&flags.to_le_bytes());
        report[4..8].copy_from_slice(&(now as u32).to_le_bytes());
        report[8..].copy_from_slice(&levels.to_le_bytes());
        handle.sequence = handle.sequence.wrapping_add(1);
        handle.last = now;
        if self.to_lose > 0 {
            self.to_lose -= 1;
        } else if let Some(connection) = handle.connection {
            self.outgoing.push(Outgoing { connection, report });
        }
    }
}

/// The numbers of the bits that are set.
fn bits(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |gpio| mask >> gpio & 1 == 1)
}
