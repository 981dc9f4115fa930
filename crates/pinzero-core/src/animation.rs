//! Blinks and pulses in the background, of one line or several, and the ownership of an output: its user or an animation.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use event_listener::Event as Bell;

use crate::debug::opaque;
use crate::error::{Error, ErrorKind, Result, first_error};
use crate::exit;
use crate::factory::OutputGroupPins;
use crate::gpio::Gpio;
use crate::machine::{Blink, Easing, Frames};
use crate::process::Home;
use crate::runtime::{Next, Outbox, State, Task, TaskId};
use crate::sync::{AtomicBool, AtomicU64, Mutex};
use crate::time::Instant;
use crate::types::{Level, Line};

/// A line that can be animated: it takes values from 0 (low) to 1 (high).
pub(crate) trait Target: Send + Sync {
    fn gpio(&self) -> &Gpio;

    fn line(&self) -> Line;

    fn ownership(&self) -> &Ownership;

    fn is_closed(&self) -> bool;

    /// Records that an animation begins.
    fn begin(&self) {}

    /// Fails if the line is closed.
    fn check_open(&self) -> Result<()>;

    /// Returns whether the line can only be low or high.
    fn is_digital(&self) -> bool;

    /// Returns the value last written.
    fn last(&self) -> f64;

    /// Records a value as last written, without writing.
    fn note(&self, value: f64);

    /// Writes a value, and records it as last written.
    fn show(&self, value: f64) -> Result<()>;

    /// Returns the line's place in its group, if it can be written together with others.
    fn group(&self) -> Option<&GroupMember> {
        None
    }

    /// Blocks until the writes so far have reached the pin.
    fn confirm(&self) -> Result<()>;
}

opaque!(Target);

/// The [`HandleRef`] of one line, or of several lines with a handle each.
pub(crate) trait Owner: fmt::Debug + Send + Sync {
    fn close(&self) -> Result<()>;
}

/// A line's place in a group of outputs.
#[derive(Debug, Clone)]
pub(crate) struct GroupMember {
    pub(crate) pins: Arc<dyn OutputGroupPins>,
    pub(crate) index: usize,
}

/// The owner of an output: its user or an animation.
#[derive(Debug)]
pub(crate) struct Ownership {
    /// The animation's task, or `idle`.
    owner: AtomicU64,
    /// The value that stands for the user; no task has this id. 0 if a write needs nothing after it, so that the hot path
    /// compares with a constant.
    idle: u64,
    /// Here as well as in the factory, so that the hot path need not follow pointers.
    home: Home,
}

impl Ownership {
    /// Returns an ownership that the user holds. With `writes_directly`, a write to the pin needs no confirmation and no
    /// catching up.
    pub(crate) fn new(writes_directly: bool) -> Ownership {
        let idle = if writes_directly { 0 } else { u64::MAX };
        Ownership { owner: AtomicU64::new(idle), idle, home: Home::here() }
    }

    /// Returns whether the user, in the process that opened the output, owns it and a write needs nothing after it. Two loads are
    /// all that animations and forks cost a write. The first pairs with the release when an animation ends, so the animation's last
    /// step is on the pin before.
    #[inline]
    pub(crate) fn is_direct(&self) -> bool {
        self.owner.load(Ordering::Acquire) == 0 && !self.home.is_elsewhere()
    }

    /// Returns whether the user owns the output.
    pub(crate) fn is_free(&self) -> bool {
        self.owner.load(Ordering::Acquire) == self.idle
    }

    /// Runs `write` on the user's behalf. From then on, and until the next animation starts, no animation writes.
    pub(crate) fn take<R>(&self, gpio: &Gpio, write: impl FnOnce() -> R) -> R {
        if self.is_free() {
            return write();
        }
        gpio.runtime().enter(|state| {
            self.leave(state);
            write()
        })
    }

    /// Takes the output out of its animation. An animation without outputs ends.
    pub(crate) fn leave(&self, state: &mut State) {
        self.hand_over(self.idle, state);
    }

    fn hand_over(&self, to: u64, state: &mut State) {
        let before = self.owner.swap(to, Ordering::AcqRel);
        if before != self.idle {
            state.schedule(TaskId::from_raw(before));
        }
    }

    fn is_owned_by(&self, task: TaskId) -> bool {
        self.owner.load(Ordering::Acquire) == task.raw()
    }

    /// Returns the output to its user, unless another animation owns it by now.
    fn give_back(&self, task: TaskId) {
        let _ = self.owner.compare_exchange(task.raw(), self.idle, Ordering::Release, Ordering::Relaxed);
    }
}

/// A line's part in an animation: the line, and its values for "off" and "on".
///
/// ```
/// use pinzero::{Animation, Blink, Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let lamps = gpio.group([17, 27, 22]).open()?.outputs();
/// let plan = Blink::new(ms(10), ms(10)).times(2);
/// let blink = Animation::start(lamps.iter().map(|lamp| lamp.part(Level::High)), plan)?;
/// lamps[0].set(Level::Low)?; // leaves the animation; the others go on
/// blink.wait()?;
/// assert_eq!(gpio.line(17).history().len(), 2);
/// assert_eq!(gpio.line(27).history().len(), 4);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
pub struct Part {
    member: Member,
    /// Keeps the line open. The animation's task does not: the line closes with its last handle.
    owner: Arc<dyn Owner>,
}

impl Part {
    pub(crate) fn new(target: Arc<dyn Target>, owner: Arc<dyn Owner>, active: Level) -> Self {
        Part { member: Member { target, off: 0.0, on: 1.0, active }, owner }
    }

    /// Sets the values from 0 to 1 between which an animation moves. Default: 0 and 1.
    ///
    /// ```
    /// use pinzero::{Animation, Blink, Level, mock, time::ms};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.pwm(18).open()?;
    /// let dim = lamp.part(Level::High).between(0.25, 0.5);
    /// Animation::start([dim], Blink::new(ms(10), ms(10)))?;
    /// assert_eq!(lamp.duty(), 0.5);
    /// gpio.advance(ms(10));
    /// assert_eq!(lamp.duty(), 0.25);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    #[must_use]
    pub fn between(mut self, off: f64, on: f64) -> Self {
        (self.member.off, self.member.on) = (off, on);
        self
    }

    /// Writes a value from 0 to 1 to each part, in this order. Other calls of `write_in_order` and animations write before or after,
    /// never in between, and no handler runs in between. After an error, the later parts are not written.
    ///
    /// For lines of which two must never be on together, such as the legs of a bridge:
    ///
    /// ```
    /// use pinzero::{Level, Part, mock};
    ///
    /// let gpio = mock::gpio();
    /// let [forward, backward] = [gpio.pwm(23).initial(1.0).open()?, gpio.pwm(24).open()?];
    /// let [forward, backward] = [forward.part(Level::High), backward.part(Level::High)];
    /// Part::write_in_order(&[(&forward, 0.0), (&backward, 0.5)])?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for a value out of range, one that is neither 0 nor 1 on a digital output, and parts of
    /// several factories: then nothing is written. [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and
    /// any I/O error.
    pub fn write_in_order(writes: &[(&Part, f64)]) -> Result<()> {
        let parts: Vec<&Part> = writes.iter().map(|(part, _)| *part).collect();
        Part::write_all(&parts, Timing::InOrder, |_| {
            writes.iter().map(|(_, value)| *value).enumerate().collect()
        })
    }

    /// Writes a value from 0 to 1 to each part, all in one step. Lines of one [`OutputGroup`](crate::OutputGroup) change in one call; others
    /// change one shortly after the other, in no set order. Animations write before or after, never in between, and no handler runs in between.
    ///
    /// ```
    /// use pinzero::{Level, Part, mock};
    ///
    /// let gpio = mock::gpio();
    /// let lamps = gpio.group([17, 27, 22]).open()?.outputs();
    /// let parts: Vec<Part> = lamps.iter().map(|lamp| lamp.part(Level::High)).collect();
    /// Part::write_together(&[(&parts[0], 1.0), (&parts[2], 1.0)])?;
    /// assert_eq!([17, 27, 22].map(|pin| gpio.line(pin).level().is_high()), [true, false, true]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`write_in_order`](Part::write_in_order).
    pub fn write_together(writes: &[(&Part, f64)]) -> Result<()> {
        let parts: Vec<&Part> = writes.iter().map(|(part, _)| *part).collect();
        Part::write_all(&parts, Timing::Together, |_| {
            writes.iter().map(|(_, value)| *value).enumerate().collect()
        })
    }

    /// Changes the values from 0 to 1 of several parts: `change` gets those that they have, and nothing else writes meanwhile. Parts that
    /// become 0 are written before the others. See [`write_in_order`](Part::write_in_order).
    ///
    /// `change` runs with the runtime's lock held: it must not block, and not call a device.
    ///
    /// ```
    /// use pinzero::{Level, Part, mock};
    ///
    /// let gpio = mock::gpio();
    /// let [forward, backward] = [gpio.pwm(23).initial(0.5).open()?, gpio.pwm(24).open()?];
    /// let [one, other] = [forward.part(Level::High), backward.part(Level::High)];
    /// Part::change_all(&[&one, &other], |values| values.swap(0, 1))?;
    /// assert_eq!((forward.duty(), backward.duty()), (0.0, 0.5));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`write_in_order`](Part::write_in_order).
    pub fn change_all(parts: &[&Part], change: impl FnOnce(&mut [f64])) -> Result<()> {
        Part::write_all(parts, Timing::InOrder, |mut values| {
            change(&mut values);
            let mut writes: Vec<(usize, f64)> = values.into_iter().enumerate().collect();
            writes.sort_by_key(|(_, value)| *value != 0.0);
            writes
        })
    }

    /// Carries out the writes that `choose` returns for the present values, in their order: indices of parts, and values.
    fn write_all(
        parts: &[&Part],
        timing: Timing,
        choose: impl FnOnce(Vec<f64>) -> Vec<(usize, f64)>,
    ) -> Result<()> {
        let Some(first) = parts.first() else { return Ok(()) };
        let gpio = first.member.target.gpio();
        gpio.home().check()?;
        let mut before = Vec::new();
        let mut writes = Vec::new();
        let written = gpio.runtime().enter(|state| {
            before = parts.iter().map(|part| part.member.target.last()).collect();
            // The conversion of a value is its own inverse.
            let values = parts.iter().zip(&before).map(|(part, last)| part.member.electrical(*last));
            writes = choose(values.collect());
            for (index, value) in &writes {
                parts[*index].member.check(gpio, &[*value])?;
            }
            let values = writes.iter().map(|(index, value)| {
                let member = &parts[*index].member;
                (member, member.electrical(*value))
            });
            values.clone().for_each(|(member, _)| member.target.ownership().leave(state));
            match timing {
                Timing::InOrder => values.clone().try_for_each(|(member, value)| member.target.show(value)),
                Timing::Together => show_together(values),
            }
        });
        gpio.runtime().catch_up();
        // All of them, so that no line keeps a wish that another has dropped. The last first: a line that may be on only after another
        // is off must not get its wish when the other has lost its own.
        let confirm =
            || first_error(writes.iter().rev().map(|(index, _)| parts[*index].member.target.confirm()));
        let confirmed = written.and_then(|()| {
            let confirmed = gpio.confirm(confirm);
            confirmed.inspect_err(|_| {
                parts.iter().zip(before).for_each(|(part, before)| part.member.target.note(before));
            })
        });
        exit::hold(confirmed)
    }
}

impl UnwindSafe for Part {}
impl RefUnwindSafe for Part {}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({})", self.member.target.line())
    }
}

#[derive(Debug, Clone)]
struct Member {
    target: Arc<dyn Target>,
    off: f64,
    on: f64,
    active: Level,
}

impl Member {
    /// Fails if the line belongs to another factory, is closed, or cannot show one of the `values`.
    fn check(&self, gpio: &Gpio, values: &[f64]) -> Result<()> {
        let target = &self.target;
        let invalid = |message| Err(Error::new(ErrorKind::InvalidValue, message).with_pin(target.line()));
        target.check_open()?;
        if !target.gpio().is_same(gpio) {
            return invalid("the lines of an animation belong to one factory".to_owned());
        }
        for value in values {
            if !(0.0..=1.0).contains(value) {
                return invalid(format!("a value of {value} is out of range: give 0 to 1"));
            }
            if target.is_digital() && *value != 0.0 && *value != 1.0 {
                return invalid(format!(
                    "a digital output is off or on: give 0 or 1, not {value}, or open it with PWM"
                ));
            }
        }
        Ok(())
    }

    /// Returns the value at `progress` from "off" to "on", as the line takes it.
    fn at(&self, progress: f64, easing: Easing) -> f64 {
        self.electrical(easing.mix(self.off, self.on, progress))
    }

    /// Converts a value to a level or duty cycle. Rounds, so that the value read is the value set.
    fn electrical(&self, value: f64) -> f64 {
        const DIGITS: f64 = 1e12;
        if self.active.is_high() { value } else { ((1.0 - value) * DIGITS).round() / DIGITS }
    }
}

/// Whether several writes keep their order, or are one.
enum Timing {
    InOrder,
    Together,
}

/// Shows `progress` on the `members` that `task` owns.
fn show_all(members: &[Member], task: TaskId, progress: f64, easing: Easing) -> Result<()> {
    let owned = members.iter().filter(|member| member.target.ownership().is_owned_by(task));
    show_together(owned.map(|member| (member, member.at(progress, easing))))
}

/// Shows a level or duty cycle on each member. Lines of one group change together, in one call.
fn show_together<'a>(values: impl Iterator<Item = (&'a Member, f64)> + Clone) -> Result<()> {
    let mut groups: Vec<(&GroupMember, u64, u64)> = Vec::new();
    for (member, value) in values.clone() {
        let Some(group) = member.target.group() else {
            member.target.show(value)?;
            continue;
        };
        let bit = 1 << group.index;
        let levels = if value >= 0.5 { bit } else { 0 };
        match groups.iter_mut().find(|(other, ..)| Arc::ptr_eq(&other.pins, &group.pins)) {
            Some((_, mask, all)) => (*mask, *all) = (*mask | bit, *all | levels),
            None => groups.push((group, bit, levels)),
        }
    }
    groups.into_iter().try_for_each(|(group, mask, levels)| group.pins.set(mask, levels))?;
    values
        .filter(|(member, _)| member.target.group().is_some())
        .for_each(|(member, value)| member.target.note(value));
    Ok(())
}

/// How an [`Animation`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnimationEnd {
    /// The plan was over.
    Finished,
    /// [`Animation::stop`] was called, or all lines were written directly, such as by `led.off()`.
    Stopped,
    /// Another animation took a line over.
    Replaced,
    /// The device or its factory was closed.
    Closed,
}

/// The state of an animation that its handles see.
#[derive(Debug)]
struct Progress {
    id: TaskId,
    finished: AtomicBool,
    /// How it ended; the first to say so counts.
    end: Mutex<Option<Result<AnimationEnd>>>,
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct AnimationTask {
    progress: Arc<Progress>,
    members: Arc<[Member]>,
    frames: Frames,
    /// The time of the next frame; `None` at the end.
    at: Option<Instant>,
    value: f64,
}

impl AnimationTask {
    /// Records how the animation ended, unless that is known.
    fn end(&self, end: Result<AnimationEnd>) {
        self.progress.end.lock().get_or_insert(end);
    }

    /// Returns how an animation ended that all its lines have left.
    fn left_by(&self) -> AnimationEnd {
        let targets = || self.members.iter().map(|member| &member.target);
        if targets().any(|target| target.is_closed()) {
            AnimationEnd::Closed
        } else if targets().any(|target| !target.ownership().is_free()) {
            AnimationEnd::Replaced
        } else {
            AnimationEnd::Stopped
        }
    }

    fn give_back(&self) {
        self.members.iter().for_each(|member| member.target.ownership().give_back(self.progress.id));
    }

    fn show(&mut self, value: f64) -> Result<()> {
        self.value = value;
        show_all(&self.members, self.progress.id, value, self.frames.easing())
    }

    /// Shows the next frame and returns its end; `None` after the last.
    fn step(&mut self, at: Instant) -> Result<Option<Instant>> {
        match self.frames.next() {
            Some(frame) => {
                self.show(frame.value)?;
                Ok(Some(at + frame.lasts))
            }
            None if self.value != self.frames.last_value() => {
                self.show(self.frames.last_value()).map(|()| None)
            }
            None => Ok(None),
        }
    }
}

impl Task for AnimationTask {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        while let Some(at) = self.at.filter(|at| *at <= now) {
            let at = at + self.frames.leave_out(now - at);
            self.at = match self.step(at) {
                Ok(next) => next,
                Err(error) => {
                    if error.kind() != ErrorKind::Closed {
                        let ended = Error::new(error.kind(), "a blink ends early");
                        outbox.complain(ended.with_source(error.clone()));
                    }
                    self.end(match error.kind() {
                        ErrorKind::Closed => Ok(AnimationEnd::Closed),
                        _ => Err(error),
                    });
                    None
                }
            };
            if self.at.is_none() {
                self.end(Ok(AnimationEnd::Finished));
                self.give_back();
            }
        }
    }

    fn next(&self) -> Next {
        let id = self.progress.id;
        let is_left = self.members.iter().all(|member| !member.target.ownership().is_owned_by(id));
        if is_left {
            self.end(Ok(self.left_by()));
            return Next::Done;
        }
        self.at.map_or(Next::Done, Next::At)
    }
}

/// Wakes the waiters, whether the animation has finished or was removed.
impl Drop for AnimationTask {
    fn drop(&mut self) {
        self.progress.finished.store(true, Ordering::Release);
        self.progress.bell.notify(usize::MAX);
    }
}

/// A blink or pulse that runs in the background.
///
/// An `Animation` is also a handle of its device, so `Led::new(17)?.blink(..)?.wait()?` works although the `Led` is gone. Dropping
/// the `Animation` leaves the blink running, unless it was the last handle: then the device is closed, and the blink ends.
///
/// ```
/// use pinzero::{Blink, Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let line = gpio.output(17).open()?;
/// let blink = line.blink(Blink::new(ms(10), ms(10)).times(3), Level::High)?;
/// assert!(blink.is_running());
/// blink.wait()?;
/// assert_eq!(gpio.elapsed(), ms(60));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
pub struct Animation {
    gpio: Gpio,
    progress: Arc<Progress>,
    members: Arc<[Member]>,
    /// The value of the plan after its end: 0 (off) or 1 (on).
    last_value: f64,
    /// Keeps the lines open.
    _owners: Arc<[Arc<dyn Owner>]>,
}

impl UnwindSafe for Animation {}
impl RefUnwindSafe for Animation {}

impl Animation {
    /// Starts an animation of lines of one factory. The lines change together at each step; lines of one group in one call.
    ///
    /// A line that is written directly leaves the animation, and the others go on.
    ///
    /// A write that fails in the background ends the animation for all its lines. They stay at the levels that they have then.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for no line, lines of several factories, a fade on a digital output or a cycle
    /// below 100 µs; [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn start(parts: impl IntoIterator<Item = Part>, plan: Blink) -> Result<Animation> {
        exit::hold(Animation::begin(parts, plan))
    }

    fn begin(parts: impl IntoIterator<Item = Part>, plan: Blink) -> Result<Animation> {
        let (members, owners): (Vec<_>, Vec<_>) =
            parts.into_iter().map(|Part { member, owner }| (member, owner)).unzip();
        let members: Arc<[Member]> = members.into();
        let invalid = |message| Error::new(ErrorKind::InvalidValue, message);
        let first = members.first().ok_or_else(|| invalid("an animation has one line at least"))?;
        let gpio = first.target.gpio().clone();
        for member in &*members {
            member.check(&gpio, &[member.off, member.on])?;
            if plan.has_fades() && member.target.is_digital() {
                let error =
                    invalid("a digital output cannot fade: use a PWM device, or leave `pwm(false)` out");
                return Err(error.with_pin(member.target.line()));
            }
        }
        let is_twice = |(index, one): (usize, &Member)| {
            members[..index].iter().any(|other| Arc::ptr_eq(&other.target, &one.target))
        };
        if members.iter().enumerate().any(is_twice) {
            return Err(invalid("a line has one part in an animation"));
        }
        let before: Vec<f64> = members.iter().map(|member| member.target.last()).collect();
        let frames = plan.frames().map_err(|error| error.with_pin(first.target.line()))?;
        let last_value = frames.last_value();
        let runtime = gpio.runtime();
        runtime.start()?;
        let id = runtime.reserve();
        let progress = Arc::new(Progress {
            id,
            finished: AtomicBool::new(false),
            end: Mutex::new(None),
            bell: Arc::default(),
        });
        runtime.enter(|state| {
            for member in &*members {
                member.target.begin();
                member.target.ownership().hand_over(id.raw(), state);
            }
            let (progress, members) = (progress.clone(), members.clone());
            let mut task = AnimationTask { progress, members, frames, at: None, value: 0.0 };
            // Here and not in the task, so that the caller gets the error if a pin cannot be written.
            task.at = task.step(gpio.now()).inspect_err(|_| task.give_back())?;
            if task.at.is_none() {
                task.end(Ok(AnimationEnd::Finished));
                task.give_back();
            }
            state.insert(id, Box::new(task));
            Ok(())
        })?;
        let animation = Animation { gpio, progress, members, last_value, _owners: owners.into() };
        animation.gpio.runtime().catch_up();
        // If the first step did not arrive, the animation must not go on.
        animation.confirm().inspect_err(|_| {
            // Nothing is written, so nothing can fail.
            let _ = animation.end(|_| Ok(()));
            for (member, before) in animation.members.iter().zip(before) {
                member.target.note(before);
            }
        })?;
        Ok(animation)
    }

    /// Returns whether the animation is running: not finished, stopped or replaced.
    pub fn is_running(&self) -> bool {
        !self.progress.finished.load(Ordering::Acquire)
    }

    /// Stops the animation, if it is running, and turns its lines off. After [`Blink::rise`], leaves them as they are.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a forked child of the process that opened the device,
    /// [`Disconnected`](ErrorKind::Disconnected), and any I/O error of the write.
    pub fn stop(&self) -> Result<()> {
        self.gpio.home().check()?;
        if !self.is_running() {
            return Ok(());
        }
        exit::hold(self.end(|id| match self.last_value {
            0.0 => show_all(&self.members, id, 0.0, Easing::Linear),
            _ => Ok(()),
        }))?;
        self.gpio.runtime().catch_up();
        exit::hold(self.confirm())
    }

    /// Ends the animation after a `last` write, which runs with the runtime's lock held.
    fn end(&self, last: impl FnOnce(TaskId) -> Result<()>) -> Result<()> {
        let id = self.progress.id;
        self.gpio.runtime().enter(|state| {
            let result = last(id);
            self.progress.end.lock().get_or_insert(Ok(AnimationEnd::Stopped));
            self.members.iter().for_each(|member| member.target.ownership().give_back(id));
            state.remove(id);
            result
        })
    }

    fn confirm(&self) -> Result<()> {
        self.gpio.confirm(|| first_error(self.members.iter().map(|member| member.target.confirm())))
    }

    /// Blocks until the animation ends, and returns how. An endless one ends when another thread or a handler ends it.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::AnimationEnd;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let led = Led::builder(17).gpio(&gpio).open()?;
    /// let blink = led.blink(ms(100), ms(100))?;
    /// gpio.after(secs(2), move || led.off())?;
    /// assert_eq!(blink.wait()?, AnimationEnd::Stopped);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of a write in the background that ended the animation; [`Closed`](ErrorKind::Closed) in a forked child of the process
    /// that opened the device.
    ///
    /// # Panics
    /// On a virtual clock, if nothing scheduled can end the wait.
    #[track_caller]
    pub fn wait(&self) -> Result<AnimationEnd> {
        let ended = self.gpio.runtime().wait(&self.progress.bell, None, || self.remedy(), || self.ended());
        ended.unwrap_or(Ok(AnimationEnd::Closed))
    }

    /// Blocks until the animation ends, and returns how. Returns `None` on timeout.
    ///
    /// # Errors
    /// See [`wait`](Animation::wait).
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<Option<AnimationEnd>> {
        let deadline = Some(self.gpio.now() + timeout);
        let ended = || self.ended();
        self.gpio.runtime().wait(&self.progress.bell, deadline, || self.remedy(), ended).transpose()
    }

    /// Resolves when the animation ends, and tells how; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait`](Animation::wait).
    ///
    /// # Panics
    /// See [`wait`](Animation::wait).
    #[track_caller]
    pub fn finished(&self) -> impl Future<Output = Result<AnimationEnd>> + Send + '_ {
        let place = Location::caller();
        let remedy = move || format!("{} (the wait is at {place})", self.remedy());
        self.gpio.runtime().until(&self.progress.bell, remedy, || self.ended())
    }

    fn ended(&self) -> Option<Result<AnimationEnd>> {
        if let Err(elsewhere) = self.gpio.home().check() {
            return Some(Err(elsewhere));
        }
        // A task that its runtime dropped has said nothing.
        let end = || self.progress.end.lock().clone().unwrap_or(Ok(AnimationEnd::Closed));
        (!self.is_running()).then(end)
    }

    fn remedy(&self) -> String {
        let lines = self.members.iter().map(|member| member.target.line().to_string());
        let lines = lines.collect::<Vec<_>>().join(", ");
        format!(
            "the animation of {lines} has no end: plan one with `Blink::times`, or stop it from a timer or a handler"
        )
    }
}

impl fmt::Debug for Animation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Animation({})", if self.is_running() { "running" } else { "finished" })
    }
}
