//! [`Rig`]: the factory under test, and the world outside its pins.

use std::time::Duration;

use pinzero::time::{Instant, ms};
use pinzero::{Error, Gpio, Level};
use pinzero_tests::PATIENCE;

/// How long to watch for a change that must not come.
const QUIET: Duration = ms(100);

/// The factory under test, and the world outside its pins. All clocks are the machine's.
///
/// At rest, [`RESTS_HIGH`] is high, and all other pins are low.
pub(crate) trait Rig: Send + Sync {
    /// Returns the factory under test.
    fn gpio(&self) -> &Gpio;

    /// Drives an input from outside.
    fn drive(&self, pin: u32, level: Level);

    /// Returns the level on a pin, as a meter shows it.
    fn level(&self, pin: u32) -> Level;

    /// Watches outputs from outside, from now on.
    fn watch(&self, pins: &[u32]) -> Watch;

    /// Connects a capacitor to a pin. It is charged this long after the pin has become an input, or never with `None`. Returns a
    /// function that sets the time.
    fn capacitor(&self, pin: u32, charge_time: Duration) -> Box<dyn Fn(Option<Duration>)>;

    /// Connects a matrix of keys. Returns a function that presses or releases the key of a row and a column.
    fn keypad(&self, rows: &[u32], columns: &[u32]) -> Box<dyn Fn(usize, usize, bool)>;
}

/// A pin that is high at rest.
pub(crate) const RESTS_HIGH: u32 = 4;

/// A change of an output, seen from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) at: Instant,
    pub(crate) pin: u32,
    pub(crate) level: Level,
}

/// Waits for the next change that a rig sees, for at most the time given.
type Source = Box<dyn FnMut(Duration) -> Option<Change> + Send>;

/// The changes of some outputs in their order, none left out.
pub(crate) struct Watch(Source);

impl Watch {
    pub(crate) fn new(source: impl FnMut(Duration) -> Option<Change> + Send + 'static) -> Self {
        Watch(Box::new(source))
    }

    /// Returns the next change; `None` if none comes in time.
    pub(crate) fn next_timeout(&mut self, timeout: Duration) -> Option<Change> {
        (self.0)(timeout)
    }

    /// Returns the next change; fails if none comes.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Change {
        self.next_timeout(PATIENCE).expect("an output has to change, and does not")
    }

    /// Returns the next changes, as many as are asked for.
    #[track_caller]
    pub(crate) fn take(&mut self, count: usize) -> Vec<Change> {
        (0..count).map(|_| self.next()).collect()
    }

    /// Returns the changes until none comes for a while; fails if they do not end.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        while let Some(change) = self.next_timeout(QUIET) {
            changes.push(change);
            assert!(changes.len() < 1000, "the changes do not end");
        }
        changes
    }

    /// Returns the typical pulse and the typical cycle of a wave on the only output.
    #[track_caller]
    pub(crate) fn wave(&mut self) -> (Duration, Duration) {
        const CYCLES: usize = 15;
        // The cycle under way began as something else.
        while self.next().level.is_high() {}
        let changes = self.take(2 * CYCLES + 1);
        let (mut pulses, mut cycles) = (Vec::new(), Vec::new());
        for cycle in changes.windows(3).step_by(2) {
            assert!(cycle[0].level.is_high() && !cycle[1].level.is_high(), "no wave: {changes:?}");
            pulses.push(cycle[1].at - cycle[0].at);
            cycles.push(cycle[2].at - cycle[0].at);
        }
        (middle(pulses), middle(cycles))
    }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The result of a trial that did not panic.
pub(crate) type Verdict = Result<(), Stop>;

/// The reason why a trial did not reach its end.
pub(crate) enum Stop {
    Failed(String),
    /// The trial does not apply to this rig, for this reason.
    #[allow(dead_code, reason = "all trials apply to all rigs so far")]
    NotApplicable(&'static str),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(format!("{error:?}"))
    }
}
