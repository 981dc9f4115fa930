//! Averages of samples, for all devices that have them: [`Average`], the machine, and the [`Sampler`]s' contract.

use std::collections::VecDeque;

use pinzero_core::time::Instant;
use pinzero_core::{Average, Edge, Effects, Error, ErrorKind, Event, Machine, Result};

use super::activity::Activity;

/// The options of every device that averages samples.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Averaged {
    /// The number of samples in an average.
    pub queue_len: usize,
    /// The device is active while its value is above this, between 0 and 1.
    pub threshold: f64,
    /// `true` gives a value from the first sample on; `false` waits until the queue is full. Default: `false`.
    pub partial: bool,
    /// The kind of average.
    pub average: Average,
}

/// The most samples in an average.
const MOST: usize = 10_000;

impl Averaged {
    pub(super) fn new(queue_len: usize, threshold: f64, average: Average) -> Self {
        Averaged { queue_len, threshold, partial: false, average }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.queue_len == 0 || self.queue_len > MOST {
            let message = format!("a queue of {} samples: give a queue_len of 1 to {MOST}", self.queue_len);
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        check_threshold(self.threshold)
    }
}

pub(super) fn check_threshold(threshold: f64) -> Result<()> {
    if threshold > 0.0 && threshold < 1.0 {
        return Ok(());
    }
    let message = format!("a threshold of {threshold} is out of range: give more than 0 and less than 1");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// One measurement; `None` if nothing could be measured.
pub(super) type Sample = Option<f64>;

/// A source of samples from 0 to 1: the pure part of a sensor.
pub(super) trait Sampler: std::fmt::Debug + Send {
    /// Processes an edge. May return a sample.
    fn edge(
        &mut self,
        line: usize,
        edge: Edge,
        effects: &mut Effects<'_, Event>,
    ) -> Result<Option<(Instant, Sample)>>;

    /// Processes the deadline `at`. May return a sample.
    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<Option<(Instant, Sample)>>;

    fn deadline(&self) -> Option<Instant>;

    /// Returns the value of all further samples, if nothing but an edge can change it.
    fn steady(&self) -> Option<f64> {
        None
    }

    /// Returns how many measurements have failed.
    fn failures(&self) -> u64 {
        0
    }

    /// See [`Machine::end`].
    fn end(&mut self) {}
}

/// The machine of every smoothed device: samples go through the queue to a value and to events.
#[derive(Debug)]
pub(super) struct Smoothing {
    options: Averaged,
    /// The value when all samples in the queue have failed.
    nothing: f64,
    queue: VecDeque<Sample>,
    activity: Activity,
    sampler: Box<dyn Sampler>,
}

impl Smoothing {
    pub(super) fn new(options: Averaged, nothing: f64, sampler: Box<dyn Sampler>) -> Self {
        Smoothing { options, nothing, queue: VecDeque::new(), activity: Activity::default(), sampler }
    }

    fn push(&mut self, at: Instant, sample: Sample, effects: &mut Effects<'_, Event>) {
        let was_ready = self.is_ready();
        self.queue.push_back(sample);
        if self.queue.len() > self.options.queue_len {
            self.queue.pop_front();
        }
        self.measure(at, effects);
        if self.is_ready() != was_ready {
            // Reads wait for the value, and waits for the first state: there may be no event.
            effects.ring();
        }
    }

    /// Compares the value with the threshold.
    fn measure(&mut self, at: Instant, effects: &mut Effects<'_, Event>) {
        if let Some(value) = self.value() {
            let changed = self.activity.set(value > self.options.threshold, at);
            changed.into_iter().for_each(|event| effects.emit(event));
        }
    }

    /// Returns the average; `None` before there is one.
    pub(super) fn value(&self) -> Option<f64> {
        let average = || self.options.average.of(self.queue.iter().flatten().copied());
        self.is_ready().then(|| average().unwrap_or(self.nothing))
    }

    /// Returns whether there is an average.
    fn is_ready(&self) -> bool {
        self.queue.len() == self.options.queue_len || self.options.partial && !self.queue.is_empty()
    }

    /// Returns the value now: with `partial`, that of no measurement before the first sample.
    pub(super) fn value_now(&self) -> Option<f64> {
        self.value().or((self.options.partial && self.queue.is_empty()).then_some(self.nothing))
    }

    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }

    pub(super) fn options(&self) -> &Averaged {
        &self.options
    }

    pub(super) fn failures(&self) -> u64 {
        self.sampler.failures()
    }

    /// Drops all samples.
    pub(super) fn forget(&mut self) {
        self.queue.clear();
    }

    pub(super) fn set_threshold(&mut self, threshold: f64, effects: &mut Effects<'_, Event>) -> Result<()> {
        check_threshold(threshold)?;
        self.options.threshold = threshold;
        self.measure(effects.now(), effects);
        Ok(())
    }

    /// Returns whether further samples change nothing until an edge comes.
    fn rests(&self) -> bool {
        let is_steady = |value: f64| self.queue.iter().all(|sample| *sample == Some(value));
        self.queue.len() == self.options.queue_len && self.sampler.steady().is_some_and(is_steady)
    }
}

impl Machine for Smoothing {
    type Event = Event;

    fn edge(&mut self, line: usize, edge: Edge, effects: &mut Effects<'_, Event>) -> Result<()> {
        if let Some((at, sample)) = self.sampler.edge(line, edge, effects)? {
            self.push(at, sample, effects);
        }
        Ok(())
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        if let Some((at, sample)) = self.sampler.expire(at, effects)? {
            self.push(at, sample, effects);
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        if self.rests() { None } else { self.sampler.deadline() }
    }

    fn end(&mut self) {
        self.sampler.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages() {
        for (average, samples, expected) in [
            (Average::Median, &[][..], None),
            (Average::Median, &[1.0, 0.0, 0.0], Some(0.0)),
            (Average::Median, &[1.0, 0.0, 0.5, 0.25], Some(0.375)),
            (Average::Mean, &[1.0, 0.0, 0.5, 0.5], Some(0.5)),
        ] {
            assert_eq!(average.of(samples.iter().copied()), expected, "{average:?} of {samples:?}");
        }
    }
}
