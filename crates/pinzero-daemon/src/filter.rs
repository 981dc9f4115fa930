//! The glitch filter and the noise filter of a GPIO: decide which changes count, and when.

use std::time::Duration;

use pinzero_core::Level;
use pinzero_core::time::Instant;

/// A change that counts.
pub(crate) type Passed = (Instant, Level);

/// Both filters of one GPIO, the glitch filter first. Pure: the caller gives the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter {
    glitch: Glitch,
    noise: Noise,
}

impl Filter {
    /// Returns filters that are off, for a line at `level`.
    pub(crate) fn new(level: Level) -> Self {
        Filter {
            glitch: Glitch { steady: Duration::ZERO, passed: level, pending: None },
            noise: Noise {
                steady: Duration::ZERO,
                active: Duration::ZERO,
                passed: level,
                level,
                last: Instant::ZERO,
                open_until: Instant::ZERO,
            },
        }
    }

    /// Sets how long the level must be steady before a change counts; zero switches the filter off.
    pub(crate) fn set_glitch(&mut self, now: Instant, steady: Duration, pass: &mut dyn FnMut(Passed)) {
        self.expire(now, pass);
        self.glitch.steady = steady;
        // A waiting change starts its time again; with zero, the change counts at once.
        if let Some((_, level)) = self.glitch.pending.take() {
            self.edge(now, level, pass);
        }
    }

    /// Ignores changes until the line has been quiet for `steady`, and then accepts changes for `active`.
    pub(crate) fn set_noise(
        &mut self,
        now: Instant,
        steady: Duration,
        active: Duration,
        pass: &mut dyn FnMut(Passed),
    ) {
        self.expire(now, pass);
        (self.noise.steady, self.noise.active, self.noise.open_until) = (steady, active, Instant::ZERO);
        if steady.is_zero() && self.noise.level != self.noise.passed {
            self.noise.pass(now, pass);
        }
    }

    /// Takes a change of the line to `level`.
    pub(crate) fn edge(&mut self, at: Instant, level: Level, pass: &mut dyn FnMut(Passed)) {
        self.expire(at, pass);
        if self.glitch.edge(at, level) {
            self.noise.edge(at, level, pass);
        }
    }

    /// Does what is due by `now`.
    pub(crate) fn expire(&mut self, now: Instant, pass: &mut dyn FnMut(Passed)) {
        while let Some(at) = self.deadline().filter(|at| *at <= now) {
            if let Some((_, level)) = self.glitch.pending.take_if(|(due, _)| *due <= at) {
                self.glitch.passed = level;
                self.noise.edge(at, level, pass);
            } else {
                self.noise.open_until = at + self.noise.active;
                self.noise.pass(at, pass);
            }
        }
    }

    /// Returns when [`expire`](Filter::expire) is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let glitch = self.glitch.pending.map(|(at, _)| at);
        glitch.into_iter().chain(self.noise.deadline()).min()
    }
}

#[derive(Debug, Clone, Copy)]
struct Glitch {
    steady: Duration,
    passed: Level,
    /// Returns the change that counts then, if no other change comes first.
    pending: Option<Passed>,
}

impl Glitch {
    /// Returns whether the change counts at once.
    fn edge(&mut self, at: Instant, level: Level) -> bool {
        self.pending = None;
        if self.steady.is_zero() {
            self.passed = level;
            return true;
        }
        if level != self.passed {
            self.pending = Some((at + self.steady, level));
        }
        false
    }
}

#[derive(Debug, Clone, Copy)]
struct Noise {
    steady: Duration,
    active: Duration,
    passed: Level,
    level: Level,
    /// The last change, whether it counted or not.
    last: Instant,
    /// Changes before this count.
    open_until: Instant,
}

impl Noise {
    fn edge(&mut self, at: Instant, level: Level, pass: &mut dyn FnMut(Passed)) {
        let quiet = at - self.last;
        (self.level, self.last) = (level, at);
        if !self.steady.is_zero() && at >= self.open_until {
            if quiet < self.steady {
                return;
            }
            self.open_until = at + self.active;
        }
        self.pass(at, pass);
    }

    fn pass(&mut self, at: Instant, pass: &mut dyn FnMut(Passed)) {
        if self.passed != self.level {
            self.passed = self.level;
            pass((at, self.level));
        }
    }

    /// A line that comes to rest at another level than the last one that counted: this level still counts.
    fn deadline(&self) -> Option<Instant> {
        (self.level != self.passed).then(|| self.last + self.steady)
    }
}

#[cfg(test)]
mod tests {
    use pinzero_core::time::us;

    use super::*;

    const LOW: Level = Level::Low;
    const HIGH: Level = Level::High;

    fn at(micros: u64) -> Instant {
        Instant::ZERO + us(micros)
    }

    /// Feeds the changes of a line, low at first, up to 100 ms; returns the changes that counted, in microseconds.
    fn run(filter: &mut Filter, edges: &[(u64, Level)]) -> Vec<(u64, Level)> {
        let mut passed = Vec::new();
        let mut note = |(at, level): Passed| passed.push((at.as_nanos() / 1000, level));
        edges.iter().for_each(|(micros, level)| filter.edge(at(*micros), *level, &mut note));
        filter.expire(at(100_000), &mut note);
        passed
    }

    #[test]
    fn without_a_filter_everything_counts_at_once() {
        let mut filter = Filter::new(LOW);
        let edges = [(5000, HIGH), (5001, LOW), (5001, HIGH)];
        assert_eq!(run(&mut filter, &edges), edges);
        assert_eq!(filter.deadline(), None);
    }

    #[test]
    fn a_glitch_is_dropped_and_what_stays_is_stamped_after_its_time() {
        let mut filter = Filter::new(LOW);
        filter.set_glitch(at(0), us(200), &mut |_| panic!("nothing has changed"));
        // Contact bounce, a glitch of 199 us, and a pulse of exactly 200 us.
        let edges =
            [(5000, HIGH), (5050, LOW), (5120, HIGH), (6000, LOW), (6199, HIGH), (7000, LOW), (7200, HIGH)];
        let expected = [(5320, HIGH), (7200, LOW), (7400, HIGH)];
        assert_eq!(run(&mut filter, &edges), expected);
    }

    #[test]
    fn a_glitch_filter_that_is_switched_off_lets_go_of_what_it_held() {
        let mut filter = Filter::new(LOW);
        let mut passed = Vec::new();
        filter.set_glitch(at(0), us(200), &mut |_| panic!("nothing has changed"));
        filter.edge(at(1000), HIGH, &mut |change| passed.push(change));
        filter.set_glitch(at(1100), Duration::ZERO, &mut |change| passed.push(change));
        assert_eq!(passed, [(at(1100), HIGH)]);
    }

    #[test]
    fn noise_waits_for_quiet_and_then_lets_all_through_for_a_time() {
        let mut filter = Filter::new(LOW);
        filter.set_noise(at(0), us(1000), us(5000), &mut |_| panic!("nothing has changed"));
        let edges = [
            (10_000, HIGH), // after long quiet: counts, and so does all for 5 ms
            (10_001, LOW),
            (14_999, HIGH),
            (15_000, LOW), // the time is over, and the last change was 1 us ago
            (15_500, HIGH),
            (15_900, LOW), // steady from here: the state that remains counts after 1 ms
            (30_000, HIGH),
        ];
        let expected = [(10_000, HIGH), (10_001, LOW), (14_999, HIGH), (16_900, LOW), (30_000, HIGH)];
        assert_eq!(run(&mut filter, &edges), expected);
    }

    #[test]
    fn noise_that_is_switched_off_lets_go_of_the_state_that_remains() {
        let mut filter = Filter::new(LOW);
        let mut passed = Vec::new();
        filter.set_noise(at(0), us(1000), us(10), &mut |_| panic!("nothing has changed"));
        filter.edge(at(5000), HIGH, &mut |change| passed.push(change));
        filter.edge(at(5500), LOW, &mut |change| passed.push(change));
        filter.set_noise(at(5600), Duration::ZERO, Duration::ZERO, &mut |change| passed.push(change));
        assert_eq!(passed, [(at(5000), HIGH), (at(5600), LOW)]);
    }

    #[test]
    fn a_filter_that_is_looked_at_late_decides_as_if_it_had_been_in_time() {
        let mut filter = Filter::new(LOW);
        filter.set_glitch(at(0), us(100), &mut |_| panic!("nothing has changed"));
        let mut passed = Vec::new();
        filter.edge(at(1000), HIGH, &mut |change| passed.push(change));
        filter.edge(at(9000), LOW, &mut |change| passed.push(change));
        assert_eq!(passed, [(at(1100), HIGH)]);
        assert_eq!(filter.deadline(), Some(at(9100)));
    }
}
