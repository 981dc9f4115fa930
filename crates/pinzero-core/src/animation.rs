//! Blinks and pulses in the background, and who owns an output: the animation or its user.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::debug::opaque;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Hub;
use crate::gpio::Gpio;
use crate::machine::{Blink, Frames};
use crate::runtime::{Effects, Next, Task, TaskId};
use crate::sync::{AtomicBool, AtomicU64, Mutex};
use crate::time::Instant;
use crate::types::{Edge, Level};

/// Something that can be animated: it takes values from 0 (low) to 1 (high).
pub(crate) trait Target: Send + Sync {
    fn ownership(&self) -> &Ownership;
    fn show(&self, value: f64) -> Result<()>;
}

opaque!(Target);

/// Whether an animation owns the output, and which one.
#[derive(Debug)]
pub(crate) struct Ownership {
    /// The task, or `idle`.
    owner: AtomicU64,
    /// A number that no task has: 0 on a plain ownership, else another.
    idle: u64,
}

impl Ownership {
    /// A ownership that nothing owns. On a *plain* one a write by the user is nothing but that, as long as it is free.
    pub(crate) fn new(is_plain: bool) -> Ownership {
        let idle = if is_plain { 0 } else { u64::MAX };
        Ownership { owner: AtomicU64::new(idle), idle }
    }

    /// Whether the ownership is plain and no animation owns the output: the one load that a write pays for there being animations
    /// at all. It pairs with the end of an animation, so that the last step is on the pin before the user's own write.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.owner.load(Ordering::Acquire) == 0
    }

    fn is_free(&self) -> bool {
        self.owner.load(Ordering::Acquire) == self.idle
    }

    /// Does `write` as the user's own act: after it, and until the next [`start`](Ownership::start), no animation writes.
    pub(crate) fn take<R>(&self, gpio: &Gpio, write: impl FnOnce() -> R) -> R {
        if self.is_free() {
            return write();
        }
        gpio.runtime().enter(|state, effects| {
            state.remove(TaskId::from_raw(self.owner.swap(self.idle, Ordering::AcqRel)), effects);
            write()
        })
    }

    /// Starts an animation of `target` in place of the one that runs.
    pub(crate) fn start(
        gpio: &Gpio,
        target: Arc<dyn Target>,
        plan: Blink,
        active: Level,
    ) -> Result<Arc<Progress>> {
        let frames = plan.frames()?;
        let runtime = gpio.runtime();
        runtime.start()?;
        let id = runtime.reserve();
        let progress = Arc::new(Progress {
            id,
            finished: AtomicBool::new(false),
            error: Mutex::new(None),
            hub: Arc::default(),
        });
        runtime.enter(|state, effects| {
            let now = gpio.now();
            let before = TaskId::from_raw(target.ownership().owner.swap(id.raw(), Ordering::AcqRel));
            state.remove(before, effects);
            let mut task =
                AnimationTask { progress: progress.clone(), target, frames, active, at: None, value: 0.0 };
            // The first step is made here and now, so that whoever starts a blink hears of a pin that cannot be written.
            task.at = task.step(now).inspect_err(|_| task.clear_ownership())?;
            if task.at.is_none() {
                task.clear_ownership();
            }
            state.insert(id, Box::new(task), now, effects);
            Ok(())
        })?;
        Ok(progress)
    }
}

/// How an animation is getting on.
#[derive(Debug)]
pub(crate) struct Progress {
    id: TaskId,
    finished: AtomicBool,
    error: Mutex<Option<Error>>,
    hub: Arc<Hub>,
}

#[derive(Debug)]
struct AnimationTask {
    progress: Arc<Progress>,
    target: Arc<dyn Target>,
    frames: Frames,
    active: Level,
    /// When the next frame is due; `None` when it is over.
    at: Option<Instant>,
    value: f64,
}

impl AnimationTask {
    /// Gives the output back to its user, unless another animation has it by now.
    fn clear_ownership(&self) {
        let Ownership { owner, idle } = self.target.ownership();
        let _ = owner.compare_exchange(self.progress.id.raw(), *idle, Ordering::Release, Ordering::Relaxed);
    }

    fn show(&mut self, value: f64) -> Result<()> {
        self.value = value;
        self.target.show(if self.active.is_high() { value } else { 1.0 - value })
    }

    /// Shows the next frame; `None` after the last.
    fn step(&mut self, at: Instant) -> Result<Option<Instant>> {
        match self.frames.next() {
            Some(frame) => {
                self.show(frame.value)?;
                Ok(Some(at + frame.lasts))
            }
            None if self.value > 0.0 => self.show(0.0).map(|()| None),
            None => Ok(None),
        }
    }
}

impl Task for AnimationTask {
    fn edges(&mut self, _: &[Edge], _: &mut Effects) {}

    fn resync(&mut self, _: Instant, _: &mut Effects) {}

    fn fire(&mut self, now: Instant, effects: &mut Effects) {
        while let Some(at) = self.at.filter(|at| *at <= now) {
            let at = at + self.frames.leave_out(now - at);
            self.at = match self.step(at) {
                Ok(next) => next,
                Err(error) => {
                    if error.kind() != ErrorKind::Closed {
                        effects.complain(format!("a blink ends early: {error}"));
                    }
                    *self.progress.error.lock() = Some(error);
                    None
                }
            };
            if self.at.is_none() {
                self.clear_ownership();
            }
        }
    }

    fn next(&self) -> Next {
        self.at.map_or(Next::Done, Next::At)
    }
}

/// However an animation ends, by itself or by being taken out, its waiters hear of it.
impl Drop for AnimationTask {
    fn drop(&mut self) {
        self.progress.finished.store(true, Ordering::Release);
        self.progress.hub.ring();
    }
}

/// A blink or pulse that runs in the background. Dropping this leaves it running.
///
/// It keeps its device open, so `Led::new(17)?.blink(..)?` can be waited for even if the `Led` is gone.
///
/// ```
/// use pinzero_core::{Blink, Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let line = gpio.output(17).open()?;
/// let blink = line.blink(Blink::new(ms(10), ms(10)).times(3), Level::High)?;
/// assert!(blink.is_running());
/// blink.wait()?;
/// assert_eq!(gpio.elapsed(), ms(60));
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Animation {
    gpio: Gpio,
    progress: Arc<Progress>,
    off: Arc<dyn Fn() -> Result<()> + Send + Sync>,
}

impl Animation {
    /// `off` stops the animation as a user would, and holds the device.
    pub(crate) fn new(
        gpio: Gpio,
        progress: Arc<Progress>,
        off: impl Fn() -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        Animation { gpio, progress, off: Arc::new(off) }
    }

    /// Whether it goes on: it has not come to its end, nor been stopped or replaced.
    pub fn is_running(&self) -> bool {
        !self.progress.finished.load(Ordering::Acquire)
    }

    /// Stops it, if it still runs, and switches the device off.
    ///
    /// # Errors
    /// Those of writing to the pin.
    pub fn stop(&self) -> Result<()> {
        if self.is_running() { (self.off)() } else { Ok(()) }
    }

    /// Blocks until it ends, by itself or because somebody stops it. An endless one is worth waiting for, too.
    ///
    /// # Errors
    /// The one that a write met in the background, if that is why it ended.
    ///
    /// # Panics
    /// On a virtual clock, if nothing is scheduled that could end the wait: a script, a time that is running, a blink. That
    /// lines are polled does not count.
    pub fn wait(&self) -> Result<()> {
        self.gpio.runtime().wait(self.progress.hub.bell(), None, || self.ended());
        self.result()
    }

    /// Blocks until it ends, for at most `timeout`; tells whether it has ended.
    ///
    /// # Errors
    /// As for [`wait`](Animation::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool> {
        let deadline = self.gpio.now() + timeout;
        match self.gpio.runtime().wait(self.progress.hub.bell(), Some(deadline), || self.ended()) {
            Some(()) => self.result().map(|()| true),
            None => Ok(false),
        }
    }

    /// Ends when the animation does; for `async` code, on any executor.
    ///
    /// # Errors
    /// As for [`wait`](Animation::wait).
    pub async fn finished(&self) -> Result<()> {
        while self.is_running() {
            let listener = self.progress.hub.bell().listen();
            if self.is_running() {
                listener.await;
            }
        }
        self.result()
    }

    fn ended(&self) -> Option<()> {
        (!self.is_running()).then_some(())
    }

    fn result(&self) -> Result<()> {
        self.progress.error.lock().clone().map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Animation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Animation").field("running", &self.is_running()).finish_non_exhaustive()
    }
}
