//! [`Chip`]: a chip of input and output pins, which all its factories in the program share.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, MutexGuard};
use pinzero_core::time::Instant;
use pinzero_core::{
    Bias, Capabilities, Edge, EdgeSink, Error, ErrorKind, Gpio, Host, Input, Level, Reports, Result, Support,
};

use crate::bus::{self, Bus};
use crate::interrupt::{self, InterruptPin};
use crate::port::{Model, Pins, Port, Reading, bits};
use crate::registry::{self, Users};

#[derive(Debug)]
pub(crate) struct Chip {
    pub(crate) model: Model,
    pub(crate) lines: u32,
    pub(crate) host: Host,
    pub(crate) gpio: Gpio,
    /// The levels of its outputs when the chip was taken into use.
    pub(crate) initial: u64,
    bus: Bus,
    has_interrupt: bool,
    /// The pin that the chip's interrupt is wired to.
    interrupt: OnceLock<Input>,
    state: Mutex<State>,
    pub(crate) reports: Mutex<Reports>,
    users: Users,
}

/// What is known of a chip. The lock is held during a transfer, which is short: the bus is one of this computer.
#[derive(Debug)]
pub(crate) struct State {
    /// Tells the time.
    gpio: Gpio,
    /// When the last reading began.
    read_at: Instant,
    port: Box<dyn Port>,
    /// The state as the registers have it or, once the chip is lost, are to have it.
    pub(crate) pins: Pins,
    /// The chip has failed: it may have lost its supply, and its registers with that.
    is_lost: bool,
    /// The lines that are open.
    taken: u64,
    sinks: BTreeMap<u32, EdgeSink>,
    /// The levels of watched lines after the last edge.
    known: u64,
    /// Edges that were read, and whose time the interrupt will tell.
    pending: Vec<Pending>,
    /// A timer tries to reach the chip again.
    pub(crate) is_retrying: bool,
}

#[derive(Debug)]
struct Pending {
    line: u32,
    level: Level,
    missed: u32,
    /// Happened after the interrupt, and before the chip was read.
    is_later: bool,
}

impl Chip {
    /// Returns the chip at this place, taken into use if it was not yet.
    #[track_caller]
    pub(crate) fn share(
        model: Model,
        lines: u32,
        bus: &Bus,
        address: Option<u8>,
        interrupt: Option<InterruptPin>,
        mut port: Box<dyn Port>,
    ) -> Result<Arc<Chip>> {
        let host = bus.host(model.name, address);
        // Before the lock is taken: on a virtual clock, callbacks may run meanwhile.
        let input = interrupt.map(|pin| pin.open(model.name, bus.gpio())).transpose()?;
        let has_interrupt = input.is_some();
        let join = |chip: &Chip| {
            if !chip.users.join(&chip.bus) {
                return Ok(false);
            }
            if has_interrupt {
                chip.leave()?;
                let message = "the chip is in use without this interrupt pin: name the pin where the chip is opened \
                               first, and only there";
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            Ok(true)
        };
        let make = |users| {
            let pins = port.begin()?;
            Ok(Chip {
                model,
                lines,
                host: host.clone(),
                gpio: bus.gpio().clone(),
                initial: pins.levels,
                bus: bus.clone(),
                has_interrupt,
                interrupt: OnceLock::new(),
                state: Mutex::new(State::new(port, pins, bus.gpio().clone())),
                reports: Mutex::default(),
                users,
            })
        };
        let shared = registry::share(&host, (bus, model.name), join, make);
        let chip = shared.map_err(|error| error.with_factory(model.name))?;
        if let Some(input) = input {
            interrupt::listen(&chip, chip.interrupt.get_or_init(|| input))?;
        }
        Ok(chip)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn interrupt(&self) -> Option<&Input> {
        self.interrupt.get()
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        let edges = if self.has_interrupt { Support::Native } else { Support::None };
        Capabilities { edges, ..self.model.capabilities }
    }

    /// Gives up one factory's use of the chip.
    pub(crate) fn leave(&self) -> Result<()> {
        let is_last = self.users.leave();
        self.interrupt().filter(|_| is_last).map_or(Ok(()), Input::close)
    }

    /// Fails if the pins of this chip have no such pull.
    pub(crate) fn check_bias(&self, bias: Bias) -> Result<()> {
        if self.model.biases.contains(&bias) {
            return Ok(());
        }
        let message = format!("there is no {bias} here: {}", self.model.no_other_bias);
        Err(Error::new(ErrorKind::Unsupported, message))
    }
}

impl State {
    fn new(port: Box<dyn Port>, pins: Pins, gpio: Gpio) -> Self {
        State {
            gpio,
            read_at: Instant::ZERO,
            port,
            pins,
            is_lost: false,
            taken: 0,
            sinks: BTreeMap::new(),
            known: 0,
            pending: Vec::new(),
            is_retrying: false,
        }
    }

    /// Takes lines for a pin: all of them, or none.
    pub(crate) fn take(&mut self, mask: u64) -> Result<()> {
        if self.taken & mask != 0 {
            return Err(Error::new(ErrorKind::Busy, "another factory of this program has the line"));
        }
        self.taken |= mask;
        Ok(())
    }

    /// Frees lines. No edge of them is reported from then on.
    pub(crate) fn free(&mut self, mask: u64) {
        self.taken &= !mask;
        bits(mask).for_each(|line| drop(self.sinks.remove(&line)));
        self.pending.retain(|edge| mask >> edge.line & 1 == 0);
    }

    /// Sets the sink for a line's edges, which are reported while the line is watched.
    pub(crate) fn set_sink(&mut self, line: u32, sink: EdgeSink) {
        self.sinks.insert(line, sink);
    }

    /// Returns the lines of `mask` that have a sink.
    pub(crate) fn heard(&self, mask: u64) -> u64 {
        bits(mask).filter(|line| self.sinks.contains_key(line)).fold(0, |heard, line| heard | 1 << line)
    }

    /// Writes the registers for another state. After a failure, the chip is to have the state before.
    pub(crate) fn change(&mut self, to: Pins) -> Result<()> {
        let (from, newly_watched) = (self.pins, to.watched & !self.pins.watched);
        let written = self.revive().and_then(|()| self.port.change(&from, &to));
        self.note(written)?;
        self.pins = to;
        if newly_watched != 0 {
            // The levels from which changes count. What changed on other lines is theirs to tell.
            let reading = self.fetch().inspect_err(|_| self.pins = from)?;
            self.known = self.known & !newly_watched | reading.levels & newly_watched;
            self.note_edges(reading, newly_watched);
        }
        Ok(())
    }

    /// Writes the registers for a state that the chip is to have even if it does not answer now.
    pub(crate) fn change_at_last(&mut self, to: Pins) -> Result<()> {
        let changed = self.change(to);
        self.pins = to;
        changed
    }

    /// Returns the levels of all lines now.
    pub(crate) fn levels(&mut self) -> Result<u64> {
        let reading = self.fetch()?;
        self.note_edges(reading, 0);
        Ok(reading.levels)
    }

    /// Reads the chip and reports the edges since the last time: the first ones as of `at`, the time of the interrupt, if that is known.
    pub(crate) fn report(&mut self, at: Option<Instant>) -> Result<()> {
        // A reading that began after the interrupt has answered it. Another one might see an edge that is newer than `at`.
        if at.is_none_or(|at| at >= self.read_at) {
            self.levels()?;
        }
        // After the reading, so that no edge comes before its time.
        let now = self.gpio.now();
        let at = at.unwrap_or(now);
        let mut told = 0u64;
        for Pending { line, level, missed, is_later } in std::mem::take(&mut self.pending) {
            let is_second = told >> line & 1 == 1;
            told |= 1 << line;
            let at = if is_later || is_second { now.max(at) } else { at };
            if let Some(sink) = self.sinks.get(&line) {
                sink.push([Edge { at, level, missed }]);
            }
        }
        Ok(())
    }

    /// Notes the edges that a reading shows on watched lines, except on `others`.
    fn note_edges(&mut self, reading: Reading, others: u64) {
        let watched = self.pins.watched & !others;
        let flags = reading.flags & watched;
        for line in bits(flags) {
            // A line that interrupted and is as before was away meanwhile.
            let missed = u32::from((reading.captured ^ self.known) >> line & 1 == 0);
            self.note_edge(line, reading.captured, missed, false);
        }
        for line in bits((reading.levels ^ self.known) & watched) {
            self.note_edge(line, reading.levels, 0, flags != 0);
        }
    }

    fn note_edge(&mut self, line: u32, levels: u64, missed: u32, is_later: bool) {
        let level = Level::of_bit(levels, line as usize);
        self.pending.push(Pending { line, level, missed, is_later });
        self.known = self.known & !(1 << line) | levels & 1 << line;
    }

    fn fetch(&mut self) -> Result<Reading> {
        let begin = self.gpio.now();
        let read = self.revive().and_then(|()| self.port.read(&self.pins));
        let reading = self.note(read)?;
        self.read_at = begin;
        Ok(reading)
    }

    /// Writes all registers of a chip that is back.
    fn revive(&mut self) -> Result<()> {
        if self.is_lost {
            self.port.restore(&self.pins)?;
            self.is_lost = false;
        }
        Ok(())
    }

    /// Notes whether the chip has failed.
    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            self.is_lost = true;
            bus::lost(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chip that reads as it is told.
    #[derive(Debug)]
    struct Told(Vec<Reading>);

    impl Port for Told {
        fn begin(&mut self) -> Result<Pins> {
            Ok(Pins::default())
        }

        fn change(&mut self, _: &Pins, _: &Pins) -> Result<()> {
            Ok(())
        }

        fn restore(&mut self, _: &Pins) -> Result<()> {
            Ok(())
        }

        fn read(&mut self, _: &Pins) -> Result<Reading> {
            Ok(self.0.remove(0))
        }
    }

    /// Returns line, level, lost edges and "after the interrupt" of each edge on lines 0 and 1, which were high.
    fn edges(readings: &[Reading]) -> Vec<(u32, Level, u32, bool)> {
        let first = Reading { levels: 0b11, ..Reading::default() };
        let port = Told([first].iter().chain(readings).copied().collect());
        let pins = Pins { inputs: 0b11, ..Pins::default() };
        let mut state = State::new(Box::new(port), pins, (*pinzero_core::mock::gpio()).clone());
        state.change(Pins { inputs: 0b11, watched: 0b11, ..Pins::default() }).unwrap();
        for _ in readings {
            state.levels().unwrap();
        }
        state.pending.iter().map(|edge| (edge.line, edge.level, edge.missed, edge.is_later)).collect()
    }

    #[test]
    fn a_pulse_too_short_for_the_capture_is_counted() {
        // The line has interrupted, and was back at its level when the levels were captured.
        let reading = Reading { levels: 0b11, flags: 0b01, captured: 0b11 };
        assert_eq!(edges(&[reading]), [(0, Level::High, 1, false)]);
    }

    #[test]
    fn what_changes_after_the_capture_comes_later() {
        let reading = Reading { levels: 0b01, flags: 0b01, captured: 0b10 };
        let wanted = [(0, Level::Low, 0, false), (0, Level::High, 0, true), (1, Level::Low, 0, true)];
        assert_eq!(edges(&[reading]), wanted);
    }

    #[test]
    fn readings_without_an_interrupt_keep_their_edges_for_it() {
        let down = Reading { levels: 0b10, flags: 0b01, captured: 0b10 };
        let up = Reading { levels: 0b11, flags: 0b01, captured: 0b11 };
        let still = Reading { levels: 0b11, ..Reading::default() };
        assert_eq!(edges(&[down, up, still]), [(0, Level::Low, 0, false), (0, Level::High, 0, false)]);
    }
}
