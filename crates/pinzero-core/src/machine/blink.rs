//! [`Blink`]: a plan for blinking or pulsing, and its frames.

use std::time::Duration;

use super::Easing;
use crate::error::{Error, ErrorKind, Result};

/// The length of a frame while fading: 25 frames a second, as in gpiozero.
const FRAME: Duration = Duration::from_millis(40);

/// The shortest cycle. Use PWM for shorter ones.
const SHORTEST: Duration = Duration::from_micros(100);

/// A plan for blinking: times on and off, fades between them, and the number of cycles.
///
/// ```text
/// value 1      ________          ________
///             /        \        /        \
/// value 0 ___/          \______/          \___
///         fade   on    fade off
///         in           out
/// ```
///
/// As in gpiozero, every cycle ends with the off time, the last one too, and the blink ends "off". A fade has a frame every 40 ms, and
/// takes exactly its time: the last frame is shorter if need be.
///
/// ```
/// use pinzero::{Blink, time::ms};
/// let thrice = Blink::new(ms(100), ms(200)).times(3);
/// assert_eq!(thrice.cycle(), ms(300));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blink {
    on: Duration,
    off: Duration,
    fade_in: Duration,
    fade_out: Duration,
    times: Option<u32>,
    easing: Easing,
    /// Ends "on" after the first fade.
    rises: bool,
}

impl Blink {
    /// Returns an endless plan: on for `on`, off for `off`.
    pub fn new(on: Duration, off: Duration) -> Self {
        let (fade_in, fade_out) = (Duration::ZERO, Duration::ZERO);
        Blink { on, off, fade_in, fade_out, times: None, easing: Easing::Linear, rises: false }
    }

    /// Returns an endless plan that fades in for `fade_in` and out for `fade_out`.
    pub fn pulse(fade_in: Duration, fade_out: Duration) -> Self {
        Blink::new(Duration::ZERO, Duration::ZERO).fade(fade_in, fade_out)
    }

    /// Returns a plan that fades from off to on once, in `time`, and stays on. [`times`](Blink::times) has no effect.
    ///
    /// ```
    /// use pinzero::{Blink, Level, mock, time::secs};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.pwm(18).open()?;
    /// lamp.blink(Blink::rise(secs(2)), Level::High)?.wait()?;
    /// assert_eq!((lamp.duty(), gpio.elapsed()), (1.0, secs(2)));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn rise(time: Duration) -> Self {
        Blink { rises: true, ..Blink::pulse(time, Duration::ZERO).times(1) }
    }

    /// Stops after `times` cycles; 0 does nothing. Default: endless.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Adds fades: from off to on for `fade_in` before the on time, and from on to off for `fade_out` after it. Default: none.
    #[must_use]
    pub fn fade(mut self, fade_in: Duration, fade_out: Duration) -> Self {
        (self.fade_in, self.fade_out) = (fade_in, fade_out);
        self
    }

    /// Sets the course of the fades. Default: [`Easing::Linear`].
    #[must_use]
    pub fn easing(mut self, easing: Easing) -> Self {
        self.easing = easing;
        self
    }

    /// Returns the length of one cycle.
    pub fn cycle(&self) -> Duration {
        [self.on, self.off, self.fade_in, self.fade_out]
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Returns whether the plan has values between off and on.
    pub fn has_fades(&self) -> bool {
        !self.fade_in.is_zero() || !self.fade_out.is_zero()
    }

    /// Returns whether the plan goes on until it is stopped.
    pub fn is_endless(&self) -> bool {
        self.times.is_none() && !self.rises
    }

    /// Returns the frames in order.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if a cycle takes less than 100 µs.
    pub(crate) fn frames(self) -> Result<Frames> {
        if self.cycle() < SHORTEST && !self.rises {
            let cycle = self.cycle();
            let message =
                format!("a blink cycle of {cycle:?} is too short: give at least {SHORTEST:?}, or use PWM");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        Ok(Frames { plan: self, done: 0, phase: Phase::FadeIn(0) })
    }
}

/// One step of a blink: a value and its duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    /// The progress from 0 (off) to 1 (on), before easing.
    pub(crate) value: f64,
    /// The duration; never zero.
    pub(crate) lasts: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    FadeIn(u32),
    On,
    FadeOut(u32),
    Off,
}

/// An iterator over the frames of a [`Blink`].
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    plan: Blink,
    done: u32,
    phase: Phase,
}

impl Frames {
    /// Returns the course of the fades.
    pub(crate) fn easing(&self) -> Easing {
        self.plan.easing
    }

    /// Returns the value that stays after the last frame: 0 (off) or 1 (on).
    pub(crate) fn last_value(&self) -> f64 {
        if self.plan.rises { 1.0 } else { 0.0 }
    }

    /// Skips the whole cycles within `behind`, and returns their total length.
    ///
    /// After a delay a line must not catch up on missed cycles, because it would chatter.
    pub(crate) fn leave_out(&mut self, behind: Duration) -> Duration {
        let cycle = self.plan.cycle();
        let over = u32::try_from(behind.as_nanos() / cycle.as_nanos()).unwrap_or(u32::MAX);
        let over = self.plan.times.map_or(over, |times| over.min(times - self.done));
        if !self.plan.is_endless() {
            self.done += over;
        }
        cycle.saturating_mul(over)
    }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            if self.plan.times == Some(self.done) {
                return None;
            }
            let frame = match self.phase {
                Phase::FadeIn(step) => {
                    let fade = fade_frame(self.plan.fade_in, step);
                    self.phase = if fade.is_some() { Phase::FadeIn(step + 1) } else { Phase::On };
                    fade
                }
                Phase::On if self.plan.rises => return None,
                Phase::On => {
                    self.phase = Phase::FadeOut(0);
                    Some(Frame { value: 1.0, lasts: self.plan.on })
                }
                Phase::FadeOut(step) => {
                    let fade = fade_frame(self.plan.fade_out, step);
                    self.phase = if fade.is_some() { Phase::FadeOut(step + 1) } else { Phase::Off };
                    fade.map(|frame| Frame { value: 1.0 - frame.value, ..frame })
                }
                Phase::Off => {
                    self.phase = Phase::FadeIn(0);
                    // The counter of an endless blink must not overflow.
                    self.done = if self.plan.is_endless() { 0 } else { self.done + 1 };
                    Some(Frame { value: 0.0, lasts: self.plan.off })
                }
            };
            if let Some(frame) = frame.filter(|frame| !frame.lasts.is_zero()) {
                return Some(frame);
            }
        }
    }
}

/// Returns frame `step` of an upward fade of length `fade`, or `None` after the last.
fn fade_frame(fade: Duration, step: u32) -> Option<Frame> {
    let start = FRAME.saturating_mul(step);
    let left = fade.checked_sub(start).filter(|left| !left.is_zero())?;
    Some(Frame { value: start.as_secs_f64() / fade.as_secs_f64(), lasts: left.min(FRAME) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::{ms, us};

    fn unrolled(plan: Blink) -> Vec<(f64, Duration)> {
        plan.frames().unwrap().map(|frame| ((frame.value * 1000.0).round() / 1000.0, frame.lasts)).collect()
    }

    #[test]
    fn on_and_off() {
        let plan = Blink::new(ms(10), ms(20)).times(2);
        assert_eq!(unrolled(plan), [(1.0, ms(10)), (0.0, ms(20)), (1.0, ms(10)), (0.0, ms(20))]);
    }

    #[test]
    fn pulse_takes_gpiozeros_values() {
        let values: Vec<f64> =
            unrolled(Blink::pulse(ms(200), ms(200)).times(1)).iter().map(|f| f.0).collect();
        assert_eq!(values, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 0.8, 0.6, 0.4, 0.2]);
    }

    #[test]
    fn a_fade_takes_exactly_its_time() {
        let plan = Blink::new(ms(100), ms(100)).fade(ms(100), ms(50)).times(1);
        let in_and_on = [(0.0, ms(40)), (0.4, ms(40)), (0.8, ms(20)), (1.0, ms(100))];
        assert_eq!(
            unrolled(plan),
            [&in_and_on[..], &[(1.0, ms(40)), (0.2, ms(10)), (0.0, ms(100))]].concat()
        );
    }

    #[test]
    fn a_rise_ends_on() {
        let frames = Blink::rise(ms(60)).times(9).frames().unwrap();
        assert_eq!(frames.last_value(), 1.0);
        assert_eq!(unrolled(Blink::rise(ms(60)).times(9)), [(0.0, ms(40)), (0.667, ms(20))]);
        assert_eq!(unrolled(Blink::rise(ms(0))), []);
    }

    #[test]
    fn nothing_at_all() {
        assert_eq!(unrolled(Blink::new(ms(1), ms(1)).times(0)), []);
    }

    #[test]
    fn what_was_slept_through_is_left_out() {
        let mut frames = Blink::new(ms(10), ms(10)).times(5).frames().unwrap();
        frames.next();
        assert_eq!(frames.leave_out(ms(19)), ms(0));
        assert_eq!(frames.leave_out(ms(45)), ms(40));
        assert_eq!(frames.clone().count(), 5);
        assert_eq!(frames.leave_out(ms(1000)), ms(60));
        assert_eq!(frames.next(), None);
    }

    #[test]
    fn too_short_a_cycle_is_refused() {
        assert_eq!(Blink::new(us(49), us(50)).frames().unwrap_err().kind(), ErrorKind::InvalidValue);
        assert!(Blink::new(us(100), us(0)).frames().is_ok());
    }

    proptest! {
        #![proptest_config(crate::machine::properties())]

        #[test]
        fn a_cycle_takes_exactly_its_time(
            on in 0u64..500_000, off in 100u64..500_000, fade_in in 0u64..500_000, fade_out in 0u64..500_000, n in 1u32..4,
        ) {
            let plan = Blink::new(us(on), us(off)).fade(us(fade_in), us(fade_out)).times(n);
            let frames: Vec<Frame> = plan.frames().unwrap().collect();
            prop_assert_eq!(frames.iter().map(|f| f.lasts).sum::<Duration>(), plan.cycle() * n);
            prop_assert!(frames.iter().all(|f| (0.0..=1.0).contains(&f.value) && f.lasts <= ms(500)));
            prop_assert_eq!(frames.last().map(|f| f.value), Some(0.0));
        }
    }
}
