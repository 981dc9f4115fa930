//! [`Held`]: lines of a chip that are open, in any role.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pinzero_core::{
    Bias, Drive, EdgeSink, Error, FlexPin, Found, InputPins, Level, Line, OnClose, OutputGroupPins,
    OutputPin, Pin, Release, Result,
};

use crate::chip::{Chip, State};
use crate::port::Pins;

/// Lines that are open. In masks of its methods, bit 0 is the first of them.
pub(crate) struct Held {
    chip: Arc<Chip>,
    lines: Vec<Line>,
    found: Vec<Found>,
    on_close: OnClose,
    /// Read and written with the chip's lock held.
    is_open: AtomicBool,
}

impl Held {
    /// Takes lines, and brings the chip into the state that `set_up` makes of its own. All lines are taken, or none.
    pub(crate) fn open(
        chip: &Arc<Chip>,
        lines: &[Line],
        on_close: OnClose,
        sinks: Vec<EdgeSink>,
        set_up: impl FnOnce(&mut State, &mut Pins) -> Result<()>,
    ) -> Result<Held> {
        if let OnClose::Input(bias) = on_close {
            chip.check_bias(bias)?;
        }
        let mask = lines.iter().fold(0, |mask, line| mask | bit(*line));
        let mut state = chip.lock();
        state.take(mask)?;
        for (line, sink) in lines.iter().zip(sinks) {
            state.set_sink(line.0, sink);
        }
        let before = state.pins;
        let opened = || {
            let mut pins = state.pins;
            set_up(&mut state, &mut pins)?;
            state.change(pins)?;
            Ok(pins)
        };
        let pins = opened().inspect_err(|_| state.free(mask))?;
        let found = |line: &Line| match before.found(bit(*line)) {
            // An input that something outside held low was taken for a low output.
            Found::Output(_) if chip.model.is_quasi_bidirectional && pins.inputs & bit(*line) != 0 => {
                Found::Input(Bias::PullUp)
            }
            found => found,
        };
        let found = lines.iter().map(found).collect();
        drop(state);
        Ok(Held {
            chip: chip.clone(),
            lines: lines.to_vec(),
            found,
            on_close,
            is_open: AtomicBool::new(true),
        })
    }

    /// Runs `work` with the chip's state. Fails if the lines are closed.
    fn with<R>(&self, work: impl FnOnce(&mut State) -> Result<R>) -> Result<R> {
        let mut state = self.chip.lock();
        let is_open = self.is_open.load(Ordering::Relaxed);
        let done = if is_open { work(&mut state) } else { Err(Error::closed()) };
        done.map_err(|error| self.explain(error))
    }

    /// Adds the first line, of which there is one always, and the factory.
    #[cold]
    fn explain(&self, error: Error) -> Error {
        error.with_pin(self.lines[0]).with_factory(self.chip.model.name)
    }

    /// Returns the bits of the chip for those of these lines.
    fn spread(&self, levels: u64) -> u64 {
        let each = self.lines.iter().enumerate();
        each.filter(|(index, _)| levels >> index & 1 == 1).fold(0, |bits, (_, line)| bits | bit(*line))
    }

    fn mask(&self) -> u64 {
        self.spread(u64::MAX)
    }

    fn drive(&self, mask: u64, levels: u64) -> Result<()> {
        let (mask, levels) = (self.spread(mask), self.spread(levels));
        self.with(|state| {
            let mut pins = state.pins;
            pins.drive(mask, levels);
            state.change(pins)
        })
    }

    /// Returns the levels on these lines.
    fn read(&self) -> Result<u64> {
        let levels = self.with(State::levels)?;
        let each = self.lines.iter().enumerate();
        Ok(each.fold(0, |bits, (index, line)| bits | (levels >> line.0 & 1) << index))
    }

    fn give_back(&self) -> Result<()> {
        let mut state = self.chip.lock();
        if !self.is_open.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let mut pins = state.pins;
        pins.watched &= !self.mask();
        for (line, found) in self.lines.iter().zip(&self.found) {
            match found.release(self.on_close, None) {
                Release::Output(level) => pins.drive_to(bit(*line), level),
                Release::Input(bias) => pins.listen(bit(*line), bias),
                // These lines have no other function.
                Release::AsIs | Release::Function => {}
            }
        }
        let closed = state.change_at_last(pins);
        state.free(self.mask());
        closed.map_err(|error| self.explain(error))
    }
}

pub(crate) fn bit(line: Line) -> u64 {
    1 << line.0
}

impl Pin for Held {
    fn level(&self) -> Result<Level> {
        Ok(Level::of_bit(self.read()?, 0))
    }

    fn close(&self) -> Result<()> {
        self.give_back()
    }
}

impl OutputPin for Held {
    fn set(&self, level: Level) -> Result<()> {
        self.drive(1, u64::from(level.is_high()))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl FlexPin for Held {
    fn turn(&self, drive: Drive) -> Result<()> {
        let mask = self.mask();
        match drive {
            Drive::Output(level) => OutputPin::set(self, level),
            Drive::Input(bias) => {
                self.chip.check_bias(bias)?;
                self.with(|state| {
                    let mut pins = state.pins;
                    pins.listen(mask, bias);
                    pins.watched |= state.heard(mask);
                    state.change(pins)
                })
            }
            Drive::Pwm { .. } => Err(Error::unsupported("PWM")),
        }
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl InputPins for Held {
    fn levels(&self) -> Result<u64> {
        self.read()
    }

    fn close(&self) -> Result<()> {
        self.give_back()
    }
}

impl OutputGroupPins for Held {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        self.drive(mask, levels)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        self.read()
    }

    fn close(&self) -> Result<()> {
        self.give_back()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Core has closed the lines, and got the error.
        let _ = self.give_back();
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({:?} of {})", self.lines, self.chip.model.name)
    }
}
