//! Times two pieces of work alternately.

use std::time::Instant;

/// The rounds that are run by turns.
const ROUNDS: usize = 9;

/// The best time, in nanoseconds for one of `times`, of each of the two, round by round in turns: noise only adds.
pub(crate) fn pair(times: u64, mut ours: impl FnMut(u64), mut theirs: impl FnMut(u64)) -> (f64, f64) {
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        best.0 = best.0.min(once(times, &mut ours));
        best.1 = best.1.min(once(times, &mut theirs));
    }
    best
}

/// The time, in nanoseconds for one of `times`.
fn once(times: u64, mut work: impl FnMut(u64)) -> f64 {
    let start = Instant::now();
    work(times);
    start.elapsed().as_nanos() as f64 / times as f64
}

/// The value below which a share of them lies, as 0.5 for the median; they are sorted by this.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values() {
        let mut values = [3.0, 1.0, 2.0, 5.0, 4.0];
        assert_eq!([0.0, 0.5, 1.0].map(|share| quantile(&mut values, share)), [1.0, 3.0, 5.0]);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}
