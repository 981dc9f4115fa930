//! The simulated pins: what drives them, what they are wired to, and when they change.

/// How many GPIO there are.
pub(crate) const LINES: usize = 54;

/// How many changes are remembered, so that a wave that runs for hours needs no more memory than one for minutes.
const REMEMBERED: usize = 1 << 17;

/// Waves with shorter cycles than this have levels, but no edges.
const SHORTEST_CYCLE: u64 = 100_000;

/// Modes of a GPIO.
pub(crate) const INPUT: u32 = 0;
pub(crate) const OUTPUT: u32 = 1;

/// All levels at a time, GPIO 0 in the lowest bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) time: u64,
    pub(crate) levels: u64,
}

/// A wave that a line carries, in nanoseconds. All waves begin at tick 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wave {
    pub(crate) period: u64,
    pub(crate) pulse: u64,
    /// Whether a peripheral makes it, and so drives a line that is no output.
    pub(crate) is_hardware: bool,
    /// The microsecond of its first cycle, and the level until then: the daemon's waves come up to a cycle late.
    pub(crate) begin: u64,
    pub(crate) before: bool,
}

impl Wave {
    fn level(self, time: u64) -> bool {
        if time < self.begin {
            return self.before;
        }
        self.period > 0 && (time * 1000) % self.period < self.pulse
    }

    /// The first microsecond after `time` at which the level may differ.
    fn next_edge(self, time: u64) -> Option<u64> {
        if time < self.begin {
            return Some(self.begin);
        }
        if self.period < SHORTEST_CYCLE || self.pulse == 0 || self.pulse >= self.period {
            return None;
        }
        let nanos = time * 1000;
        let start = nanos - nanos % self.period;
        let ends = [start + self.pulse, start + self.period, start + self.period + self.pulse];
        ends.into_iter().map(|edge| edge.div_ceil(1000)).find(|&edge| edge > time)
    }
}

/// What is known of a GPIO.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) mode: u32,
    /// 0 for none, 1 for down, 2 for up.
    pub(crate) pull: u32,
    /// What the line is driven to if it is an output.
    pub(crate) latch: bool,
    pub(crate) wave: Option<Wave>,
    /// What the world drives it to.
    drive: Option<bool>,
    /// Lines with the same number here are wired to each other.
    net: usize,
}

impl Line {
    /// The level that something drives it to.
    fn driven(&self, time: u64) -> Option<bool> {
        match self.wave {
            Some(wave) if wave.is_hardware || self.mode == OUTPUT => Some(wave.level(time)),
            _ => (self.mode == OUTPUT).then_some(self.latch),
        }
    }
}

/// All GPIO.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: [Line; LINES],
    /// The last time that anything was looked at or done. It never goes back.
    now: u64,
    levels: u64,
    /// The levels before all changes that are remembered.
    first: u64,
    changes: Vec<Sample>,
}

impl Lines {
    pub(crate) fn new() -> Self {
        let line = |gpio| Line {
            mode: INPUT,
            pull: first_pull(gpio),
            latch: false,
            wave: None,
            drive: None,
            net: gpio,
        };
        let mut lines =
            Lines { lines: std::array::from_fn(line), now: 0, levels: 0, first: 0, changes: Vec::new() };
        lines.levels = lines.levels_at(0);
        lines.first = lines.levels;
        lines
    }

    /// What a reset of the board does. Wires, and what else is outside, stay.
    pub(crate) fn reset(&mut self) {
        for (gpio, line) in self.lines.iter_mut().enumerate() {
            *line = Line { mode: INPUT, pull: first_pull(gpio), latch: false, wave: None, ..*line };
        }
        self.now = 0;
        self.changes.clear();
        self.levels = self.levels_at(0);
        self.first = self.levels;
    }

    /// The GPIO of this number, which must be one.
    pub(crate) fn line(&mut self, gpio: u32) -> &mut Line {
        &mut self.lines[gpio as usize]
    }

    pub(crate) fn drive(&mut self, gpio: u32, level: Option<bool>) {
        self.line(gpio).drive = level;
    }

    pub(crate) fn wire(&mut self, one: u32, other: u32) {
        let (kept, gone) = (self.line(one).net, self.line(other).net);
        self.lines.iter_mut().filter(|line| line.net == gone).for_each(|line| line.net = kept);
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The levels when they were last looked at.
    pub(crate) fn levels(&self) -> u64 {
        self.levels
    }

    pub(crate) fn is_high(&self, gpio: u32) -> bool {
        self.levels >> gpio & 1 == 1
    }

    /// The level before all changes that are remembered.
    pub(crate) fn first_level(&self, gpio: u32) -> bool {
        self.first >> gpio & 1 == 1
    }

    /// Everything that has changed so far.
    pub(crate) fn changes(&self) -> &[Sample] {
        &self.changes
    }

    /// The next change before or at `end` that a wave makes, with the time moved on to it.
    pub(crate) fn play(&mut self, end: u64) -> Option<Sample> {
        // Nobody wants to hear of hours that were skipped.
        self.now = self.now.max(end.saturating_sub(1_000_000));
        loop {
            let waves = self.lines.iter().filter_map(|line| line.wave);
            let edge = waves.filter_map(|wave| wave.next_edge(self.now)).min();
            let Some(edge) = edge.filter(|&edge| edge <= end) else {
                self.now = self.now.max(end);
                return None;
            };
            if let Some(sample) = self.look(edge) {
                return Some(sample);
            }
        }
    }

    /// Looks at the levels at `time`, now or later; gives them if they have changed.
    pub(crate) fn look(&mut self, time: u64) -> Option<Sample> {
        self.now = self.now.max(time);
        let levels = self.levels_at(self.now);
        if levels == self.levels {
            return None;
        }
        self.levels = levels;
        let sample = Sample { time: self.now, levels };
        if self.changes.len() == REMEMBERED {
            self.first = self.changes[REMEMBERED / 2 - 1].levels;
            self.changes.drain(..REMEMBERED / 2);
        }
        self.changes.push(sample);
        Some(sample)
    }

    /// What the lines come to. Whoever drives a line beats all pulls; of two that fight, the lower wins. A pull acts on all
    /// that is wired to it, and of two that fight, the upper wins. What nothing holds is low.
    fn levels_at(&self, time: u64) -> u64 {
        let mut nets = [Net::default(); LINES];
        for line in &self.lines {
            let net = &mut nets[line.net];
            for level in [line.driven(time), line.drive].into_iter().flatten() {
                *if level { &mut net.is_driven_high } else { &mut net.is_driven_low } = true;
            }
            net.is_pulled_up |= line.pull == 2;
        }
        let high = |line: &Line| {
            let net = nets[line.net];
            !net.is_driven_low && (net.is_driven_high || net.is_pulled_up)
        };
        (0..LINES).filter(|&gpio| high(&self.lines[gpio])).fold(0, |levels, gpio| levels | 1 << gpio)
    }
}

/// What acts on lines that are wired to each other.
#[derive(Debug, Clone, Copy, Default)]
struct Net {
    is_driven_low: bool,
    is_driven_high: bool,
    is_pulled_up: bool,
}

/// The pull that a GPIO has after a reset.
fn first_pull(gpio: usize) -> u32 {
    match gpio {
        0..=8 => 2,
        9..=27 => 1,
        _ => 0,
    }
}
