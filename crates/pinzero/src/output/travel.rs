//! The pure part of a stepper: when to step, and in which direction, with a ramp.

use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Edge, Effects, Error, Kinded, Machine, Result};

use crate::time::ms;

/// How the coils of a four-wire stepper are driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StepMode {
    /// One coil at a time: little current, little torque.
    Wave,
    /// Two coils at a time. The default.
    #[default]
    Full,
    /// One and two coils by turns: half steps, twice as many in a revolution.
    Half,
}

impl StepMode {
    /// Returns the coils that are on at each place of the cycle, bit 0 for the first pin.
    pub(super) fn phases(self) -> &'static [u64] {
        match self {
            StepMode::Wave => &[0b0001, 0b0010, 0b0100, 0b1000],
            StepMode::Full => &[0b0011, 0b0110, 0b1100, 0b1001],
            StepMode::Half => &[0b0001, 0b0011, 0b0010, 0b0110, 0b0100, 0b1100, 0b1000, 0b1001],
        }
    }
}

/// The lines of a stepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wiring {
    /// Four coils.
    Coils(StepMode),
    /// A driver: step is line 0, direction line 1, and enable (on when low) line 2, if there is one.
    Driver { has_enable: bool },
}

/// An event of a stepper: a move has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival {
    /// The time of the end.
    pub at: Instant,
    /// The position, in steps.
    pub position: i64,
    /// The number of events lost before this one.
    pub missed: u32,
}

/// All events have one kind.
impl Kinded for Arrival {
    type Kind = ();

    fn kind(&self) {}

    fn bit((): ()) -> u32 {
        0
    }

    fn name((): ()) -> &'static str {
        "arrived"
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }
}

/// The longest pulse for a driver; they need some microseconds.
const PULSE: Duration = ms(1);

/// A lateness of more than this part of an interval counts as missed: the steps after it go on from then.
const TOLERANCE: u32 = 4;

/// Moves a stepper to its target.
#[derive(Debug)]
pub(super) struct Travel {
    wiring: Wiring,
    hold: bool,
    /// In steps a second.
    speed: f64,
    /// In steps a second, each second.
    acceleration: Option<f64>,
    position: i64,
    target: i64,
    /// The place in the cycle of the coils.
    place: i64,
    /// 1 or -1: the direction of the next step.
    direction: i64,
    /// The direction that a driver has been told.
    told: Option<i64>,
    /// The place on the ramp: the steps from rest to the present speed.
    ramp: u64,
    /// The next step, or the end of the last one; `None` at rest.
    next: Option<Instant>,
    /// Since the step before.
    interval: Duration,
    /// The end of a driver's pulse.
    fall: Option<Instant>,
    missed: u64,
    /// Why the last move ended early.
    failed: Option<Error>,
}

impl Travel {
    pub(super) fn new(wiring: Wiring, hold: bool, speed: f64, acceleration: Option<f64>) -> Self {
        Travel {
            wiring,
            hold,
            speed,
            acceleration,
            position: 0,
            target: 0,
            place: 0,
            direction: 1,
            told: None,
            ramp: 0,
            next: None,
            interval: Duration::ZERO,
            fall: None,
            missed: 0,
            failed: None,
        }
    }

    pub(super) fn position(&self) -> i64 {
        self.position
    }

    pub(super) fn target(&self) -> i64 {
        self.target
    }

    pub(super) fn speed(&self) -> f64 {
        self.speed
    }

    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    pub(super) fn is_moving(&self) -> bool {
        self.next.is_some()
    }

    /// Returns how the last move ended, once it has.
    pub(super) fn ended(&self) -> Option<Result<()>> {
        (!self.is_moving()).then(|| self.failed.clone().map_or(Ok(()), Err))
    }

    /// Changes the speed. A step that waits at a slow speed comes no later than at the new one.
    pub(super) fn set_speed(&mut self, speed: f64, now: Instant) {
        self.speed = speed;
        let interval = Duration::from_secs_f64(1.0 / speed);
        if let Some(next) = self.next.as_mut().filter(|_| self.ramp == 0 && interval < self.interval) {
            *next = (*next).min(now + interval);
            self.interval = interval;
        }
    }

    /// Calls the present position another one. The target moves with it.
    pub(super) fn set_position(&mut self, position: i64) {
        self.target = self.target.saturating_add(position.saturating_sub(self.position));
        self.position = position;
    }

    /// Moves to `target` from now on.
    pub(super) fn go_to(&mut self, target: i64, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        (self.target, self.failed) = (target, None);
        if self.is_moving() {
            return if self.fall.is_none() { self.aim(effects) } else { Ok(()) };
        }
        if target == self.position {
            return Ok(());
        }
        self.ramp = 0;
        let begun = self.energize(true, effects).and_then(|()| self.aim(effects));
        begun.inspect_err(|_| self.target = self.position)?;
        self.interval = self.plan();
        self.next = Some(effects.now() + self.interval);
        Ok(())
    }

    /// Stops as soon as the ramp allows.
    pub(super) fn stop(&mut self, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        if self.ramp == 0 {
            return self.halt(effects);
        }
        let steps = i64::try_from(self.ramp).unwrap_or(i64::MAX);
        self.target = self.position.saturating_add(self.direction.saturating_mul(steps));
        Ok(())
    }

    /// Stops at once.
    pub(super) fn halt(&mut self, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        self.target = self.position;
        if self.is_moving() { self.rest(effects.now(), effects) } else { Ok(()) }
    }

    /// Ends a move.
    fn rest(&mut self, at: Instant, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        (self.next, self.ramp) = (None, 0);
        effects.emit(Arrival { at, position: self.position, missed: 0 });
        let fallen = if self.fall.take().is_some() { effects.write(1, 0) } else { Ok(()) };
        fallen.and(self.energize(false, effects))
    }

    /// Switches the coils, or the driver, on or off.
    fn energize(&self, on: bool, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        match self.wiring {
            Wiring::Coils(mode) if on => effects.write(0b1111, phase(mode, self.place)),
            _ if self.hold => Ok(()),
            Wiring::Coils(_) => effects.write(0b1111, 0),
            Wiring::Driver { has_enable: true } => effects.write(0b100, if on { 0 } else { 0b100 }),
            Wiring::Driver { has_enable: false } => Ok(()),
        }
    }

    /// Returns the steps that are left in the present direction.
    fn left(&self) -> i128 {
        (i128::from(self.target) - i128::from(self.position)) * i128::from(self.direction)
    }

    /// Turns towards the target, at rest or without a ramp.
    fn face(&mut self) {
        if self.ramp == 0 && self.left() < 0 {
            self.direction = -self.direction;
        }
    }

    /// Turns towards the target, and tells the driver. Called between two pulses: drivers need some microseconds before a pulse and after.
    fn aim(&mut self, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        self.face();
        if matches!(self.wiring, Wiring::Coils(_)) || self.told == Some(self.direction) {
            return Ok(());
        }
        effects.write(0b10, if self.direction > 0 { 0b10 } else { 0 })?;
        self.told = Some(self.direction);
        Ok(())
    }

    /// Chooses the direction and the time until the next step, and moves on the ramp.
    fn plan(&mut self) -> Duration {
        self.face();
        let cruise = 1.0 / self.speed;
        let Some(acceleration) = self.acceleration else { return Duration::from_secs_f64(cruise) };
        // From rest, the step number k is at sqrt(2 k / a), and the speed there is sqrt(2 a k).
        let time = |steps: u64| (2.0 * steps as f64 / acceleration).sqrt();
        let top = (self.speed * self.speed / (2.0 * acceleration)).ceil() as u64;
        // The full speed is reached within the last step of the ramp.
        let limited = |seconds: f64| seconds.max(cruise);
        let left = self.left();
        let ramp = i128::from(self.ramp);
        let seconds = if ramp > 0 && (self.ramp > top || left <= ramp) {
            self.ramp -= 1;
            let seconds = time(self.ramp + 1) - time(self.ramp);
            // Beyond the top, the motor is still slowing down to a lower speed.
            if self.ramp < top { limited(seconds) } else { seconds }
        } else if self.ramp < top && left > ramp + 1 {
            self.ramp += 1;
            limited(time(self.ramp) - time(self.ramp - 1))
        } else if self.ramp == top {
            cruise
        } else if self.ramp == 0 {
            // One step, from rest to rest.
            limited(time(1))
        } else {
            // Between the way up and the way down.
            limited((2.0 * acceleration * self.ramp as f64).sqrt().recip())
        };
        Duration::from_secs_f64(seconds)
    }

    fn step(&mut self, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        let place = self.place.wrapping_add(self.direction);
        match self.wiring {
            Wiring::Coils(mode) => effects.write(0b1111, phase(mode, place))?,
            Wiring::Driver { .. } => {
                effects.write(1, 1)?;
                self.fall = Some(effects.now() + PULSE.min(self.interval / 2));
            }
        }
        self.place = place;
        self.position = self.position.saturating_add(self.direction);
        Ok(())
    }

    /// Ends a driver's pulse.
    fn fall(&mut self, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        self.fall = None;
        effects.write(1, 0)?;
        self.aim(effects)
    }

    /// Takes the step that is due, and plans the next one.
    fn go_on(&mut self, at: Instant, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        if self.position == self.target && self.ramp == 0 {
            return self.rest(at, effects);
        }
        // A late step is not made up for: a motor would lose steps in a burst.
        let now = effects.now();
        let at = if now.since(at) > self.interval / TOLERANCE {
            self.missed += 1;
            now
        } else {
            at
        };
        self.aim(effects)?;
        self.step(effects)?;
        let is_last = self.position == self.target && self.ramp == 0;
        // After the last step, its own time is left for the rotor.
        if !is_last {
            self.interval = self.plan();
        }
        self.next = Some(at + self.interval);
        Ok(())
    }
}

impl Machine for Travel {
    type Event = Arrival;

    fn edge(&mut self, _: usize, _: Edge, _: &mut Effects<'_, Arrival>) -> Result<()> {
        Ok(())
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Arrival>) -> Result<()> {
        let done = if self.fall.is_some() { self.fall(effects) } else { self.go_on(at, effects) };
        done.inspect_err(|error| {
            (self.next, self.fall, self.ramp, self.target) = (None, None, 0, self.position);
            self.failed = Some(error.clone());
            effects.ring();
            // A motor that stands still under current gets hot. If this fails too, the first error tells it all.
            self.energize(false, effects).unwrap_or_default();
        })
    }

    /// The end of a pulse comes first, however late: a step without it would be none.
    fn deadline(&self) -> Option<Instant> {
        self.fall.or(self.next)
    }
}

/// Returns the coils that are on at a place of the cycle.
fn phase(mode: StepMode, place: i64) -> u64 {
    let phases = mode.phases();
    phases[place.rem_euclid(phases.len() as i64) as usize]
}
