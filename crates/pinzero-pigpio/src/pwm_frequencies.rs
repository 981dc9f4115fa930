//! The PWM frequencies of a daemon, and the number of steps of each.

use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Result, time};

use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;

/// The frequencies of a daemon that samples every microsecond, in hertz; others offer these divided by their sample
/// time.
const AT_ONE_MICROSECOND: [u32; 18] = [
    40_000, 20_000, 10_000, 8_000, 5_000, 4_000, 2_500, 2_000, 1_600, 1_250, 1_000, 800, 500, 400, 250, 200,
    100, 50,
];

/// The sample times, in microseconds.
const SAMPLE_TIMES: [u32; 6] = [1, 2, 4, 5, 8, 10];

/// The tolerance of a requested frequency: the daemon counts in whole hertz.
const TOLERANCE: f64 = 0.011;

/// The smallest range that the daemon accepts.
const LEAST_RANGE: u32 = 25;

/// A frequency of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PwmFrequency {
    pub(crate) hertz: u32,
    /// The steps from off to fully on.
    pub(crate) range: u32,
}

impl PwmFrequency {
    /// Returns how many steps make this share of a cycle; off and on are exact.
    pub(crate) fn duty(self, period: Duration, pulse: Duration) -> u32 {
        let share = pulse.as_nanos() as f64 / period.as_nanos() as f64;
        let steps = (share * f64::from(self.range)).round() as u32;
        match pulse {
            Duration::ZERO => 0,
            pulse if pulse >= period => self.range,
            // A value in between must not become off or on.
            _ => steps.clamp(1, self.range - 1),
        }
    }
}

/// All frequencies of a daemon.
#[derive(Debug, Clone, Default)]
pub(crate) struct PwmFrequencies(Vec<PwmFrequency>);

impl PwmFrequencies {
    /// Asks a daemon, by trying all possible frequencies on a line.
    pub(crate) fn questions(line: u32) -> Vec<Frame> {
        let tried =
            SAMPLE_TIMES.iter().flat_map(|time| AT_ONE_MICROSECOND.map(|hertz| (hertz + time / 2) / time));
        let tried = in_order(tried);
        let questions = |hertz| [Frame::new(Command::Pfs, line, hertz), Frame::new(Command::Prrg, line, 0)];
        tried.into_iter().flat_map(questions).collect()
    }

    /// Returns the frequencies from the daemon's answers.
    pub(crate) fn new(answers: &[Answer]) -> Result<Self> {
        let mut frequencies = Vec::new();
        for answer in answers.chunks_exact(2) {
            let frequency =
                PwmFrequency { hertz: answer[0].value()?, range: answer[1].value()?.max(LEAST_RANGE) };
            frequencies.push(frequency);
        }
        Ok(PwmFrequencies(in_order(frequencies)))
    }

    /// Returns the frequency with this period.
    ///
    /// # Errors
    /// [`InvalidFrequency`](ErrorKind::InvalidFrequency), naming the nearest, if the daemon does not have it.
    pub(crate) fn find(&self, period: Duration) -> Result<PwmFrequency> {
        let wanted = 1.0 / period.as_secs_f64();
        let distance = |frequency: &PwmFrequency| (f64::from(frequency.hertz) - wanted).abs();
        let nearest = self.0.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        match nearest {
            Some(frequency) if distance(&frequency) <= (wanted * TOLERANCE).max(0.5) => Ok(frequency),
            _ => {
                let list: Vec<String> = self.0.iter().map(|frequency| frequency.hertz.to_string()).collect();
                let message = format!(
                    "the daemon has no PWM at {} Hz: take one of {} Hz, or any frequency on a pin with hardware PWM",
                    time::hertz(period),
                    list.join(", ")
                );
                Err(Error::new(ErrorKind::InvalidFrequency, message))
            }
        }
    }
}

/// Sorts values and removes duplicates. They are few: the library's sort is ten kilobytes for each type.
fn in_order<T: Ord>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut ordered = Vec::new();
    for one in all {
        if let Err(place) = ordered.binary_search(&one) {
            ordered.insert(place, one);
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use pinzero_core::time::{ms, us};

    use super::*;

    fn frequencies(list: &[(i32, i32)]) -> PwmFrequencies {
        let answer = |command, result| Answer { command, result, payload: Vec::new() };
        let answers: Vec<Answer> = list
            .iter()
            .flat_map(|(hertz, range)| [answer(Command::Pfs, *hertz), answer(Command::Prrg, *range)])
            .collect();
        PwmFrequencies::new(&answers).unwrap()
    }

    #[test]
    fn a_frequency_is_found_or_refused_with_those_that_there_are() {
        let frequencies = frequencies(&[(313, 400), (100, 2000), (50, 4000), (100, 2000)]);
        assert_eq!(frequencies.find(ms(10)).unwrap(), PwmFrequency { hertz: 100, range: 2000 });
        // The daemon rounds 312.5 Hz.
        assert_eq!(frequencies.find(us(3200)).unwrap().hertz, 313);
        let error = frequencies.find(us(16_667)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidFrequency);
        assert!(error.to_string().contains("take one of 50, 100, 313 Hz"), "{error}");
        for wanted in [137.0, 62.5, 0.25, 1234.5] {
            let error = frequencies.find(Duration::from_secs_f64(1.0 / wanted)).unwrap_err().to_string();
            assert!(error.contains(&format!("no PWM at {wanted} Hz:")), "{error}");
        }
    }

    #[test]
    fn only_off_is_off_and_only_on_is_on() {
        let frequency = PwmFrequency { hertz: 100, range: 2000 };
        for (pulse, steps) in
            [(us(0), 0), (us(1), 1), (us(5), 1), (us(5000), 1000), (us(9999), 1999), (us(10_000), 2000)]
        {
            assert_eq!(frequency.duty(ms(10), pulse), steps, "{pulse:?}");
        }
    }

    #[test]
    fn every_frequency_of_every_daemon_is_tried_once() {
        let questions = PwmFrequencies::questions(18);
        let tried: Vec<u32> =
            questions.iter().filter(|frame| frame.command == Command::Pfs).map(|frame| frame.p2).collect();
        for hertz in [40_000, 8_000, 800, 313, 63, 13, 6, 5, 10] {
            assert!(tried.contains(&hertz), "{hertz}");
        }
        assert!(tried.is_sorted_by(|a, b| a < b));
    }
}
