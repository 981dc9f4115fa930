//! [`Part`]: a line as it is written together with others, or led by something in the background; and the ownership of an output.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::debug::opaque;
use crate::error::{Error, ErrorKind, Result, first_error};
use crate::exit;
use crate::factory::OutputGroupPins;
use crate::gpio::Gpio;
use crate::machine::Easing;
use crate::process::Home;
use crate::runtime::{State, TaskId};
use crate::sync::AtomicU64;
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

    /// Tells the factory's recordings that the value last written was written at `at`.
    fn record(&self, _at: Instant) {}

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
    /// The value that stands for the user: [`DIRECT`] if a write needs nothing after it, else [`USER`].
    idle: AtomicU64,
    /// Here as well as in the factory, so that the hot path need not follow pointers.
    home: Home,
}

/// The user, whose writes need nothing after them; no task has this id. 0, so that the hot path compares with a constant.
const DIRECT: u64 = 0;

/// The user, whose writes need something after them; no task has this id.
const USER: u64 = u64::MAX;

impl Ownership {
    /// Returns an ownership that the user holds. With `writes_directly`, a write to the pin needs no confirmation, no catching up and
    /// no note.
    pub(crate) fn new(writes_directly: bool) -> Ownership {
        let idle = if writes_directly { DIRECT } else { USER };
        Ownership { owner: AtomicU64::new(idle), idle: AtomicU64::new(idle), home: Home::here() }
    }

    /// Sets whether a write needs nothing after it, from the next write on. Call this with the runtime's lock held.
    pub(crate) fn set_direct(&self, writes_directly: bool) {
        let (before, idle) = if writes_directly { (USER, DIRECT) } else { (DIRECT, USER) };
        // Swapped, not stored: `give_back` pairs with this.
        self.idle.swap(idle, Ordering::AcqRel);
        let _ = self.owner.compare_exchange(before, idle, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Returns whether the user, in the process that opened the output, owns it and a write needs nothing after it. Two loads are
    /// all that animations and forks cost a write. The first pairs with the release when an animation ends, so the animation's last
    /// step is on the pin before.
    #[inline]
    pub(crate) fn is_direct(&self) -> bool {
        self.owner.load(Ordering::Acquire) == DIRECT && !self.home.is_elsewhere()
    }

    /// Returns whether the user owns the output.
    pub(crate) fn is_free(&self) -> bool {
        is_user(self.owner.load(Ordering::Acquire))
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
        self.hand_over(self.idle.load(Ordering::Relaxed), state);
    }

    pub(crate) fn hand_over(&self, to: u64, state: &mut State) {
        let before = self.owner.swap(to, Ordering::AcqRel);
        if !is_user(before) {
            state.schedule(TaskId::from_raw(before));
        }
    }

    pub(crate) fn is_owned_by(&self, task: TaskId) -> bool {
        self.owner.load(Ordering::Acquire) == task.raw()
    }

    /// Returns the output to its user, unless another animation owns it by now.
    pub(crate) fn give_back(&self, task: TaskId) {
        let mut owner = task.raw();
        loop {
            let idle = self.idle.load(Ordering::Acquire);
            let given = self.owner.compare_exchange(owner, idle, Ordering::AcqRel, Ordering::Acquire);
            // Looked at again: another thread may have set what stands for the user meanwhile, and found the task here. Not by a
            // load, which may miss the swap in `set_direct`. If this comes before that swap, then `set_direct` finds the user here.
            if given.is_err() || self.idle.fetch_or(0, Ordering::AcqRel) == idle {
                return;
            }
            owner = idle;
        }
    }
}

fn is_user(owner: u64) -> bool {
    owner == DIRECT || owner == USER
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
    /// several factories. [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error. Nothing is written if
    /// a value is refused or a part is closed; but if all are to become 0, those that are open do.
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

    /// Changes the values from 0 to 1 of several parts, all in one step: `change` gets those that they have, and nothing else writes
    /// meanwhile. See [`write_together`](Part::write_together).
    ///
    /// `change` runs with the runtime's lock held: it must not block, and not call a device.
    ///
    /// ```
    /// use pinzero::{Level, Part, mock};
    ///
    /// let gpio = mock::gpio();
    /// let lamps = gpio.group([17, 27]).initial(0b01).open()?;
    /// let parts: Vec<Part> = lamps.outputs().iter().map(|lamp| lamp.part(Level::High)).collect();
    /// Part::change_together(&[&parts[0], &parts[1]], |values| values.swap(0, 1))?;
    /// assert_eq!(lamps.last(), 0b10);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`write_in_order`](Part::write_in_order).
    pub fn change_together(parts: &[&Part], change: impl FnOnce(&mut [f64])) -> Result<()> {
        Part::write_all(parts, Timing::Together, |mut values| {
            change(&mut values);
            values.into_iter().enumerate().collect()
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
        let mut gone = None;
        let written = gpio.runtime().enter(|state| {
            before = parts.iter().map(|part| part.member.target.last()).collect();
            // The conversion of a value is its own inverse.
            let values = parts.iter().zip(&before).map(|(part, last)| part.member.electrical(*last));
            writes = choose(values.collect());
            let all_off = writes.iter().all(|(_, value)| *value == 0.0);
            for (index, value) in std::mem::take(&mut writes) {
                match parts[index].member.check(gpio, &[value]) {
                    Ok(()) => writes.push((index, value)),
                    // A line that is gone does not keep the others from going off.
                    Err(error) if all_off && error.kind() == ErrorKind::Closed => {
                        gone.get_or_insert(error);
                    }
                    Err(error) => {
                        writes.clear();
                        return Err(error);
                    }
                }
            }
            let values = writes.iter().map(|(index, value)| {
                let member = &parts[*index].member;
                (member, member.electrical(*value))
            });
            values.clone().for_each(|(member, _)| member.target.ownership().leave(state));
            timing.show(values)
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
        exit::hold(confirmed.and_then(|()| gone.map_or(Ok(()), Err)))
    }
}

impl Part {
    pub(crate) fn gpio(&self) -> &Gpio {
        self.member.target.gpio()
    }

    pub(crate) fn line(&self) -> Line {
        self.member.target.line()
    }

    /// Returns whether the line can only be low or high.
    pub(crate) fn is_digital(&self) -> bool {
        self.member.target.is_digital()
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
#[derive(Debug, Clone, Copy)]
pub(crate) enum Timing {
    InOrder,
    Together,
}

impl Timing {
    /// Shows a level or duty cycle on each member.
    fn show<'a>(self, mut values: impl Iterator<Item = (&'a Member, f64)> + Clone) -> Result<()> {
        match self {
            Timing::InOrder => values.try_for_each(|(member, value)| member.target.show(value)),
            Timing::Together => show_together(values),
        }
    }
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
    let stamp = values.clone().next().and_then(|(member, _)| member.target.gpio().stamp());
    groups.into_iter().try_for_each(|(group, mask, levels)| group.pins.set(mask, levels))?;
    let written = values.filter(|(member, _)| member.target.group().is_some());
    written.clone().for_each(|(member, value)| member.target.note(value));
    if let Some(at) = stamp {
        written.for_each(|(member, _)| member.target.record(at));
    }
    Ok(())
}

/// How an [`Animation`](crate::Animation) or a [`Follower`](crate::Follower) ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnimationEnd {
    /// The plan or the source was over.
    Finished,
    /// `stop` was called, or all lines were written directly, such as by `led.off()`.
    Stopped,
    /// Another animation or follower took a line over.
    Replaced,
    /// The device or its factory was closed.
    Closed,
}

/// What something in the background may own: a line, or a device with a machine.
pub(crate) trait Owned: Send + Sync {
    fn ownership(&self) -> &Ownership;

    fn is_closed(&self) -> bool;
}

opaque!(Owned);

/// What something leads in the background, an animation or a follower: lines, or a device with a machine. Does not keep them open.
#[derive(Debug, Clone)]
pub(crate) struct Lead {
    members: Arc<[Member]>,
    machine: Option<Arc<dyn Owned>>,
}

impl Lead {
    /// Returns the lead over some lines, and what keeps them open. Fails if a line is closed, belongs to another factory, or is
    /// there twice.
    pub(crate) fn new(parts: impl IntoIterator<Item = Part>) -> Result<(Self, Vec<Arc<dyn Owner>>)> {
        let (members, owners): (Vec<_>, Vec<_>) =
            parts.into_iter().map(|Part { member, owner }| (member, owner)).unzip();
        if let Some(first) = members.first() {
            let gpio = first.target.gpio();
            members.iter().try_for_each(|member| member.check(gpio, &[member.off, member.on]))?;
        }
        let is_twice = |(index, one): (usize, &Member)| {
            members[..index].iter().any(|other| Arc::ptr_eq(&other.target, &one.target))
        };
        if members.iter().enumerate().any(is_twice) {
            return Err(Error::new(ErrorKind::InvalidValue, "a line has one part in an animation"));
        }
        Ok((Lead { members: members.into(), machine: None }, owners))
    }

    /// Returns the lead over a device with a machine.
    pub(crate) fn of_machine(machine: Arc<dyn Owned>) -> Self {
        Lead { members: Arc::default(), machine: Some(machine) }
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &dyn Target> {
        self.members.iter().map(|member| &*member.target)
    }

    fn ownerships(&self) -> impl Iterator<Item = &Ownership> {
        self.targets().map(Target::ownership).chain(self.machine.iter().map(|machine| machine.ownership()))
    }

    fn is_closed(&self) -> bool {
        self.targets().any(Target::is_closed)
            || self.machine.as_ref().is_some_and(|machine| machine.is_closed())
    }

    /// Takes the lines over from their user, or from what led them before.
    pub(crate) fn take(&self, task: TaskId, state: &mut State) {
        self.targets().for_each(Target::begin);
        self.ownerships().for_each(|ownership| ownership.hand_over(task.raw(), state));
    }

    pub(crate) fn give_back(&self, task: TaskId) {
        self.ownerships().for_each(|ownership| ownership.give_back(task));
    }

    /// Returns whether `task` leads anything.
    pub(crate) fn is_led_by(&self, task: TaskId) -> bool {
        self.ownerships().any(|ownership| ownership.is_owned_by(task))
    }

    /// Returns how the lead ended, once all have left; `None` before, and if there was nothing to lead.
    pub(crate) fn left_by(&self, task: TaskId) -> Option<AnimationEnd> {
        if self.ownerships().next().is_none() || self.is_led_by(task) {
            return None;
        }
        Some(if self.is_closed() {
            AnimationEnd::Closed
        } else if self.ownerships().any(|ownership| !ownership.is_free()) {
            AnimationEnd::Replaced
        } else {
            AnimationEnd::Stopped
        })
    }

    /// Shows `progress` between "off" and "on" on the lines that `task` leads.
    pub(crate) fn show(&self, task: TaskId, progress: f64, easing: Easing) -> Result<()> {
        let owned = self.members.iter().filter(|member| member.target.ownership().is_owned_by(task));
        show_together(owned.map(|member| (member, member.at(progress, easing))))
    }

    /// Writes values from 0 to 1 to the lines that `task` leads, by their numbers, and confirms nothing.
    pub(crate) fn write(&self, task: TaskId, timing: Timing, writes: &[(usize, f64)]) -> Result<()> {
        let Some(first) = self.members.first() else { return Ok(()) };
        let gpio = first.target.gpio();
        let written = gpio.runtime().enter(|_| {
            let owned = writes.iter().filter_map(|(index, value)| Some((self.members.get(*index)?, *value)));
            let owned = owned.filter(|(member, _)| member.target.ownership().is_owned_by(task));
            owned.clone().try_for_each(|(member, value)| member.check(gpio, &[value]))?;
            timing.show(owned.map(|(member, value)| (member, member.electrical(value))))
        });
        gpio.runtime().catch_up();
        written
    }

    /// Blocks until the writes so far have reached the pins.
    pub(crate) fn confirm(&self) -> Result<()> {
        let Some(first) = self.targets().next() else { return Ok(()) };
        first.gpio().confirm(|| first_error(self.targets().map(Target::confirm)))
    }
}
