//! [`Animation`]: blinks and pulses in the background, of one line or several.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use event_listener::Event as Bell;

use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::gpio::Gpio;
use crate::machine::{Blink, Easing, Frames};
use crate::part::{AnimationEnd, Lead, Owner, Part, Target};
use crate::runtime::{Next, Outbox, Task, TaskId};
use crate::sync::{AtomicBool, Mutex};
use crate::time::Instant;

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
    lead: Lead,
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

    fn show(&mut self, value: f64) -> Result<()> {
        self.value = value;
        self.lead.show(self.progress.id, value, self.frames.easing())
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
                self.lead.give_back(self.progress.id);
            }
        }
    }

    fn next(&self) -> Next {
        if let Some(end) = self.lead.left_by(self.progress.id) {
            self.end(Ok(end));
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
    lead: Lead,
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
        let parts: Vec<Part> = parts.into_iter().collect();
        let invalid = |message| Error::new(ErrorKind::InvalidValue, message);
        let first = parts.first().ok_or_else(|| invalid("an animation has one line at least"))?;
        let (gpio, line) = (first.gpio().clone(), first.line());
        if let Some(digital) = parts.iter().find(|part| plan.has_fades() && part.is_digital()) {
            let message = "a digital output cannot fade: use a PWM device, or leave `pwm(false)` out";
            return Err(invalid(message).with_pin(digital.line()));
        }
        let (lead, owners) = Lead::new(parts)?;
        let before: Vec<f64> = lead.targets().map(Target::last).collect();
        let frames = plan.frames().map_err(|error| error.with_pin(line))?;
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
            lead.take(id, state);
            let (progress, lead) = (progress.clone(), lead.clone());
            let mut task = AnimationTask { progress, lead, frames, at: None, value: 0.0 };
            // Here and not in the task, so that the caller gets the error if a pin cannot be written.
            task.at = task.step(gpio.now()).inspect_err(|_| task.lead.give_back(id))?;
            if task.at.is_none() {
                task.end(Ok(AnimationEnd::Finished));
                task.lead.give_back(id);
            }
            state.insert(id, Box::new(task));
            Ok(())
        })?;
        let animation = Animation { gpio, progress, lead, last_value, _owners: owners.into() };
        animation.gpio.runtime().catch_up();
        // If the first step did not arrive, the animation must not go on.
        animation.lead.confirm().inspect_err(|_| {
            // Nothing is written, so nothing can fail.
            let _ = animation.end(|_| Ok(()));
            animation.lead.targets().zip(before).for_each(|(target, before)| target.note(before));
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
            0.0 => self.lead.show(id, 0.0, Easing::Linear),
            _ => Ok(()),
        }))?;
        self.gpio.runtime().catch_up();
        exit::hold(self.lead.confirm())
    }

    /// Ends the animation after a `last` write, which runs with the runtime's lock held.
    fn end(&self, last: impl FnOnce(TaskId) -> Result<()>) -> Result<()> {
        let id = self.progress.id;
        self.gpio.runtime().enter(|state| {
            let result = last(id);
            self.progress.end.lock().get_or_insert(Ok(AnimationEnd::Stopped));
            self.lead.give_back(id);
            state.remove(id);
            result
        })
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
        let lines = self.lead.targets().map(|target| target.line().to_string());
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
