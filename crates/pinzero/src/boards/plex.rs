//! Multiplexing: shows several characters on shared segments, one after the other.

use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Edge, Effects, ErrorKind, Event, Level, Machine, Result};

/// The lines of a display: those of the segments come first, then those of the digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wiring {
    /// The number of segments, the decimal point included.
    pub(super) segments: usize,
    pub(super) digits: usize,
    /// The levels that light a segment and a digit.
    pub(super) segments_active: Level,
    pub(super) digits_active: Level,
}

impl Wiring {
    fn all_segments(&self) -> u64 {
        ones(self.segments)
    }

    fn all_digits(&self) -> u64 {
        ones(self.digits) << self.segments
    }

    /// Returns the levels of the lines that show this.
    pub(super) fn levels(&self, lit: Lit) -> u64 {
        let inverted = |active: Level, mask: u64| if active.is_high() { 0 } else { mask };
        (lit.segments | lit.digits << self.segments)
            ^ inverted(self.segments_active, self.all_segments())
            ^ inverted(self.digits_active, self.all_digits())
    }
}

/// Returns a mask of so many bits.
fn ones(count: usize) -> u64 {
    u64::MAX >> (u64::BITS as usize - count)
}

/// The segments and the digits that are lit at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lit {
    pub(super) segments: u64,
    pub(super) digits: u64,
}

/// The text of a display, and the segments of each of its characters.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) patterns: Vec<u64>,
}

impl Content {
    /// Returns whether all digits show the same, so that none needs a turn of its own.
    fn is_even(&self) -> bool {
        self.patterns.iter().all(|pattern| *pattern == self.patterns[0])
    }

    /// Returns what is lit in the turn of a digit.
    pub(super) fn lit(&self, turn: usize) -> Lit {
        let segments = self.patterns[turn];
        let digits = match segments {
            0 => 0,
            _ if self.is_even() => ones(self.patterns.len()),
            _ => 1 << turn,
        };
        Lit { segments, digits }
    }
}

/// Gives each digit its turn. No digit shows the segments of another: all digits are off while the segments change.
#[derive(Debug)]
pub(super) struct Plex {
    wiring: Wiring,
    /// How long a turn takes.
    delay: Duration,
    content: Content,
    /// The digit whose turn it is.
    turn: usize,
    /// When the turn ends; `None` while all digits show the same.
    end: Option<Instant>,
    /// What is lit now; `None` after a write that failed.
    lit: Option<Lit>,
}

impl Plex {
    /// Returns a machine for lines that show the turn of the first digit already.
    pub(super) fn new(wiring: Wiring, delay: Duration, content: Content, now: Instant) -> Plex {
        let (lit, end) = (Some(content.lit(0)), (!content.is_even()).then(|| now + delay));
        Plex { wiring, delay, content, turn: 0, end, lit }
    }

    pub(super) fn text(&self) -> &str {
        &self.content.text
    }

    pub(super) fn is_lit(&self) -> bool {
        self.content.patterns.iter().any(|pattern| *pattern != 0)
    }

    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    /// Sets how long a turn takes, the present one too.
    pub(super) fn set_delay(&mut self, delay: Duration, now: Instant) {
        self.delay = delay;
        self.end = self.end.map(|end| end.min(now + delay));
    }

    /// Shows another text, or keeps the one before if a write fails. A turn that is under way ends at its time: else only the first
    /// digits would be lit while a program changes the text all the time.
    pub(super) fn show(&mut self, content: Content, effects: &mut Effects<'_, Event>) -> Result<()> {
        let before = std::mem::replace(&mut self.content, content);
        self.draw(effects).inspect_err(|_| self.content = before)
    }

    /// Brings the present turn to the lines. If that fails, the next turn tries again.
    fn draw(&mut self, effects: &mut Effects<'_, Event>) -> Result<()> {
        let written = self.write(effects);
        let is_settled = self.content.is_even() && written.is_ok();
        self.end = self.end.or_else(|| Some(effects.now() + self.delay)).filter(|_| !is_settled);
        written
    }

    fn write(&mut self, effects: &mut Effects<'_, Event>) -> Result<()> {
        let next = self.content.lit(self.turn);
        let (segments, digits) = (self.wiring.all_segments(), self.wiring.all_digits());
        let levels = self.wiring.levels(next);
        let before = self.lit.take();
        if before.is_none_or(|before| before.segments != next.segments) {
            if before.is_none_or(|before| before.digits != 0) {
                effects.write(digits, self.wiring.levels(Lit { segments: 0, digits: 0 }))?;
            }
            effects.write(segments, levels)?;
            if next.digits != 0 {
                effects.write(digits, levels)?;
            }
        } else if before != Some(next) {
            effects.write(digits, levels)?;
        }
        self.lit = Some(next);
        Ok(())
    }
}

impl Machine for Plex {
    type Event = Event;

    fn edge(&mut self, _line: usize, _edge: Edge, _effects: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn expire(&mut self, _at: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        self.turn = (self.turn + 1) % self.content.patterns.len();
        // From now on and not from when the turn was due: a late thread shortens no turn, and skips none.
        self.end = Some(effects.now() + self.delay);
        let has_failed = self.lit.is_none();
        match self.draw(effects) {
            // Once for each outage, and not 200 times a second.
            Err(error) if has_failed && error.kind() != ErrorKind::Closed => Ok(()),
            drawn => drawn,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.end
    }
}
